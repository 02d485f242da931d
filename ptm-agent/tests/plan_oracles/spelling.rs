//! Random plans, and random ways to write one and the same plan.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;

use super::reading::{End, Link};

const NODES: [&str; 16] = [
    "leaf1",
    "leaf2",
    "spine1",
    "leaf-1",
    "sw1.example.com",
    "10.0.0.1",
    "node",
    "Graph",
    "port 41",
    "say \"hi\"",
    "back\\slash",
    "été",
    "1.5",
    "-3",
    "_",
    "e",
];
const PORTS: [&str; 16] = [
    "swp1",
    "swp2",
    "swp10",
    "eth1",
    "e",
    "n",
    "_",
    "1",
    "port 41",
    "xe-0/0/0:1",
    "Ethernet1/1",
    "edge",
    "strict",
    "a\"b",
    "->",
    "{}[];,=//",
];

/// The cabling itself: which port is linked to which.
#[derive(Clone, Debug)]
pub(crate) struct Cabling {
    pub(crate) directed: bool,
    /// Tail and head. A head without a port may have further links follow in a chain.
    pub(crate) links: Vec<(End, End)>,
}

impl Cabling {
    pub(crate) fn links(&self) -> BTreeSet<Link> {
        let end = |end: &End| (end.0.clone(), end.1.clone());
        self.links
            .iter()
            .map(|(tail, head)| (end(tail), end(head)))
            .map(|(a, b)| Link::new((&a.0, &a.1), (&b.0, &b.1)))
            .collect()
    }
}

/// Up to 24 links between random ports; no port is used twice.
pub(crate) fn cabling() -> impl Strategy<Value = Cabling> {
    let end = || (0..NODES.len(), 0..PORTS.len());
    (any::<bool>(), prop::collection::vec((end(), prop::option::weighted(0.9, end()), 0..NODES.len()), 0..24)).prop_map(
        |(directed, picks)| {
            let mut used = BTreeSet::new();
            let mut free = |(node, port): (usize, usize)| {
                let mut end = (NODES[node].to_owned(), PORTS[port].to_owned());
                while !used.insert(end.clone()) {
                    end.1 += "x";
                }
                end
            };
            let links = picks
                .into_iter()
                .map(|(tail, head, bare)| {
                    (free(tail), head.map_or_else(|| (NODES[bare].to_owned(), String::new()), &mut free))
                })
                .collect();
            Cabling { directed, links }
        },
    )
}

/// Writes plans in random ways, which `choices` decides; when they are used up it writes plainly.
pub(crate) struct Speller {
    choices: std::vec::IntoIter<u8>,
    text: String,
}

impl Speller {
    pub(crate) fn spell(cabling: &Cabling, choices: Vec<u8>) -> String {
        let mut speller = Self { choices: choices.into_iter(), text: String::new() };
        speller.graph(cabling);
        speller.text
    }

    /// A number below `bound`; 0 is the plain way.
    fn pick(&mut self, bound: u8) -> u8 {
        self.choices.next().unwrap_or(0) % bound
    }

    fn write_one_of(&mut self, spellings: [&str; 3]) {
        let index = self.pick(3);
        self.text += spellings[usize::from(index)];
    }

    fn graph(&mut self, cabling: &Cabling) {
        let words = if cabling.directed { ["digraph", "DIGRAPH", "DiGraph"] } else { ["graph", "Graph", "GRAPH"] };
        self.blank("");
        self.write_one_of(words);
        self.blank(" ");
        if self.pick(2) == 1 {
            self.name("G");
        }
        self.blank("");
        self.text += "{";
        let operator = if cabling.directed { "->" } else { "--" };
        let mut open = 0;
        for (tail, head) in &cabling.links {
            self.blank("\n");
            match self.pick(12) {
                1 => {
                    self.text += "{";
                    open += 1;
                }
                2 => {
                    self.text += "SUBGRAPH \"s 1\"/**/{";
                    open += 1;
                }
                3 if open > 0 => {
                    self.text += "}";
                    open -= 1;
                }
                4 => self.text += "edge[color=red,weight=\"2\";style=<b>]",
                5 => self.text += "version=\"1:0\" date = <04/12/2013>;",
                6 => self.text += "Node [ shape = box ] \"leaf1\" [label=\"x\\ny\"]",
                _ => {}
            }
            self.blank("\n");
            self.link(tail, head, operator);
        }
        self.blank("\n");
        self.text.extend(std::iter::repeat_n('}', open + 1));
        self.blank("\n");
    }

    fn link(&mut self, tail: &End, head: &End, operator: &str) {
        let mut attributes: Vec<(&str, &str)> = Vec::new();
        for (index, (node, port)) in [tail, head].into_iter().enumerate() {
            if index == 1 {
                self.blank("");
                self.text += operator;
                self.blank("");
            }
            self.name(node);
            if port.is_empty() {
                continue;
            }
            if self.pick(6) == 1 {
                attributes.push((["tailport", "headport"][index], port));
                continue;
            }
            self.blank("");
            self.text += ":";
            self.blank("");
            self.name(port);
            if self.pick(6) == 1 {
                self.write_one_of([":ne", " : w", ":\"_\""]);
            }
        }
        self.blank("");
        for (name, value) in attributes {
            self.text += "[";
            if self.pick(3) == 1 {
                self.text += "weight=3 , ";
            }
            self.blank("");
            self.name(name);
            self.blank("");
            self.text += "=";
            self.blank("");
            self.name(value);
            self.write_one_of(["]", " ; ]", ",label=x]"]);
            self.blank("");
        }
        self.write_one_of(["\n", ";", " ; "]);
    }

    /// A name: bare where it can be, else in quotes, in one piece or several.
    fn name(&mut self, name: &str) {
        let word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        let keyword =
            ["graph", "digraph", "node", "edge", "strict", "subgraph"].contains(&name.to_lowercase().as_str());
        let number = ["1", "1.5", "-3"].contains(&name);
        if ((word && !keyword) || number) && self.pick(2) == 1 {
            // Two bare names need something between them.
            if self.text.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.') {
                self.text += " ";
            }
            self.text += name;
            return;
        }
        self.text += "\"";
        for c in name.chars() {
            // A break behind a backslash would make it another one's.
            match if name.contains('\\') { 0 } else { self.pick(16) } {
                1 => self.text += "\\\n",
                2 => {
                    self.text += "\"";
                    self.blank("");
                    self.text += "+";
                    self.blank("");
                    self.text += "\"";
                }
                _ => {}
            }
            if c == '"' {
                self.text += "\\";
            }
            write!(self.text, "{c}").expect("a string takes everything");
        }
        self.text += "\"";
    }

    /// Blanks and comments, or `plain`.
    fn blank(&mut self, plain: &str) {
        let blank = match self.pick(10) {
            1 => " ",
            2 => "\t\r\n  ",
            3 => " // -- \"a\":\"b\" {\n",
            4 => "/* [ \" \n * / */",
            5 => "\n# } \"\n",
            6 => " # -> <\n",
            _ => plain,
        };
        self.text += blank;
    }
}

/// Statements that set defaults, reopen subgraphs and link subgraphs, in random order: what Graphviz' scoping makes
/// of them is best asked of Graphviz.
pub(crate) fn scopes() -> impl Strategy<Value = String> {
    let node = || prop::sample::select(vec!["a", "b", "c", "d", "f"]);
    let port = || prop::sample::select(vec!["", "", "p1", "p2", "p3", "p4", "p5"]);
    let end = move || {
        (node(), port()).prop_map(|(node, port)| if port.is_empty() { node.into() } else { format!("{node}:{port}") })
    };
    let list = || prop::sample::select(vec!["", "match_type=ifname", "match_type=portdescr"]);
    let attribute = move || {
        prop_oneof![
            list().prop_map(|list| format!("LLDP=\"{list}\"")),
            port().prop_map(|port| format!("headport=\"{port}\"")),
            port().prop_map(|port| format!("tailport=\"{port}\"")),
        ]
    };
    let function = || prop::sample::select(vec!["", "leaf", "spine"]);
    let leaf = prop_oneof![
        4 => (end(), end()).prop_map(|(a, b)| format!("{a} -- {b}")),
        2 => (end(), end(), attribute()).prop_map(|(a, b, set)| format!("{a} -- {b} [{set}]")),
        1 => (end(), node(), end()).prop_map(|(a, b, c)| format!("{a} -- {b} -- {c}")),
        1 => (node(), node(), end(), attribute()).prop_map(|(a, b, c, set)| format!("{a}, {b} -- {c} [{set}]")),
        2 => attribute().prop_map(|set| format!("edge [{set}]")),
        1 => function().prop_map(|function| format!("node [function=\"{function}\"]")),
        1 => (node(), function()).prop_map(|(a, function)| format!("{a} [function=\"{function}\"]")),
        1 => list().prop_map(|list| format!("graph [LLDP=\"{list}\"]")),
        1 => list().prop_map(|list| format!("LLDP=\"{list}\"")),
        1 => node().prop_map(str::to_owned),
    ];
    let statement = leaf.prop_recursive(3, 24, 6, move |inner| {
        let name = prop::sample::select(vec!["", "subgraph", "subgraph s", "subgraph t"]);
        let body = (name, prop::collection::vec(inner, 0..5))
            .prop_map(|(name, body)| format!("{name} {{ {} }}", body.join("; ")));
        let body = body.boxed();
        prop_oneof![
            2 => body.clone(),
            1 => (body.clone(), end()).prop_map(|(body, end)| format!("{body} -- {end}")),
            1 => (end(), body.clone(), attribute()).prop_map(|(end, body, set)| format!("{end} -- {body} [{set}]")),
            1 => (body.clone(), body, attribute()).prop_map(|(a, b, set)| format!("{a} -- {b} [{set}]")),
        ]
    });
    prop::collection::vec(statement, 0..12).prop_map(|body| format!("graph {{\n  {}\n}}\n", body.join("\n  ")))
}
