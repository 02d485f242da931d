//! Nodes with their ports, and the links between them.

use super::values::{Atom, COMPASS};
use super::{GivenUp, Parsed, Parser};
use crate::plan::diagnostic::{Diagnostic, Span, escaped, shown};
use crate::plan::directory::{NO_PORT, Number};
use crate::plan::lexer::{Keyword, Kind, Operator};
use crate::plan::links::{End, Link};
use crate::plan::lists::NO_LIST;
use crate::plan::scope::{Attributes, Members};

/// The most links that lists of nodes and subgraphs as ends may make in one file: `{…} -- {…}` makes the product.
const MOST_EXPANDED: usize = 1 << 20;

/// A node of the statement being read.
#[derive(Clone, Copy)]
pub(super) struct StatementEnd {
    end: End,
    span: Span,
}

/// What one side of an edge operator connects.
#[derive(Clone, Copy)]
pub(super) enum Operand {
    /// One node, or several separated by commas: from and to in [`Parser::ends`].
    Nodes(usize, usize),
    Subgraph(Members),
}

impl<'t> Parser<'t, '_> {
    // nodes: node {"," node}
    /// Takes the nodes of an operand, the first of whose names was just taken.
    pub(super) fn nodes(&mut self, name: Atom<'t>) -> Parsed<()> {
        let from = self.ends.len();
        let mut name = name;
        loop {
            let end = self.node_with_port(&name)?;
            self.ends.push(end);
            if self.take(b',').is_none() {
                break;
            }
            if !self.token.is_atom() {
                return Err(self.syntax_error("a node after `,`", "nodes are separated by commas: `a, b -- c`"));
            }
            name = self.atom("a node")?;
        }
        self.operands.push(Operand::Nodes(from, self.ends.len()));
        Ok(())
    }

    // node: name [":" port [":" compass]]
    fn node_with_port(&mut self, name: &Atom<'t>) -> Parsed<StatementEnd> {
        self.check_name(name, "node")?;
        if name.text.is_empty() {
            self.problems.add(Diagnostic::error("a node has no name").at(name.span, "expected a name").help("name it"));
            return Err(GivenUp);
        }
        let node = self.node(&name.text);
        let mut end = StatementEnd { end: End { node, port: NO_PORT }, span: name.span };
        if self.take(b':').is_none() {
            return Ok(end);
        }
        if !self.token.is_atom() {
            return Err(self.syntax_error("a port after `:`", "an end of a link is `\"node\":\"port\"`"));
        }
        let port = self.atom("a port")?;
        self.check_name(&port, "port")?;
        end.span = end.span.to(port.span);
        if !port.text.is_empty() {
            end.end.port = self.directory.ports.number(&port.text);
        }
        if self.take(b':').is_some() {
            self.compass(&port)?;
        } else if port.bare && COMPASS.contains(&port.text.as_ref()) {
            self.problems.add_once(
                Diagnostic::warning(format!("{} is read as a port", shown(&port.text)))
                    .at(port.span, "the part after the first colon is the port")
                    .help("a compass point stands after the port; if this is a port, quote it"),
            );
        }
        Ok(end)
    }

    /// Takes what follows a port's colon.
    fn compass(&mut self, port: &Atom<'t>) -> Parsed<()> {
        if !self.token.is_atom() {
            return Err(self.syntax_error("a compass point after the port's `:`", "remove the `:`"));
        }
        let compass = self.atom("a compass point")?;
        if COMPASS.contains(&compass.text.as_ref()) {
            return Ok(());
        }
        let title = format!("{} is no compass point", shown(&compass.text));
        let whole = format!("{}:{}", port.text, compass.text);
        let help = format!("if the port is called {}, write \"{}\"", shown(&whole), escaped(&whole));
        self.problems.add_once(Diagnostic::error(title).at(port.span.to(compass.span), "quote this name").help(help));
        Ok(())
    }

    /// A name as no machine or port has one comes of a quote that is missing or superfluous.
    fn check_name(&mut self, name: &Atom<'t>, what: &str) -> Parsed<()> {
        if let Some(string) = self.suspect.take() {
            self.unclosed_string(string);
            return Err(GivenUp);
        }
        let raw = self.raw(name.span);
        if let Some(html) = raw.strip_prefix('<') {
            let help = if html.starts_with('-') { "a link is written `--`" } else { "quote the name instead" };
            let title = format!("an HTML string cannot name a {what}");
            self.problems.add(Diagnostic::error(title).at(name.span, "not a name").help(help));
            // It may run over many lines, to a `>` that has nothing to do with it.
            self.resume = Some(self.end_of_line(name.span.start)).filter(|&end| end < name.span.end);
            return Err(GivenUp);
        }
        if self.token.is_atom() && self.token.span.start == name.span.end {
            self.problems.add(
                Diagnostic::error("two names without anything between them")
                    .at(name.span.to(self.token.span), "a quote is missing or superfluous here")
                    .help("an end of a link is `\"node\":\"port\"`"),
            );
            return Err(GivenUp);
        }
        Ok(())
    }

    /// Takes the rest of a statement that began at `start` and whose first operand is on the stack.
    pub(super) fn chain(&mut self, start: Span) -> Parsed<()> {
        let first = self.operands.len() - 1;
        while let Kind::Operator(operator) = self.token.kind {
            self.check_operator(operator);
            self.advance();
            match self.token.kind {
                Kind::Keyword(Keyword::Subgraph) | Kind::Punctuation(b'{') => {
                    let members = self.subgraph()?;
                    self.operands.push(Operand::Subgraph(members));
                }
                _ if self.token.is_atom() => {
                    let name = self.atom("a node")?;
                    self.nodes(name)?;
                }
                _ => {
                    let what = format!("a node after `{}`", operator.as_str());
                    let help = "a link has a node at each end: `\"leaf1\":\"swp1\" -- \"spine1\":\"swp1\"`";
                    return Err(self.syntax_error(&what, help));
                }
            }
        }
        if self.operands.len() > first + 1 {
            let set = self.attributes(Keyword::Edge)?;
            self.connect(first, set, start);
        } else {
            let set = self.attributes(Keyword::Node)?;
            if let Operand::Nodes(from, to) = self.operands[first] {
                (from..to).for_each(|node| self.plain_node(self.ends[node], set));
            }
        }
        Ok(())
    }

    fn plain_node(&mut self, node: StatementEnd, set: Attributes) {
        self.set_function(node.end.node, set);
        // What cannot follow a statement is about to be told as an error.
        let broken = match self.token.kind {
            Kind::Stray | Kind::Html | Kind::Unclosed(_) => true,
            Kind::Punctuation(found) => !matches!(found, b'{' | b'}' | b';'),
            _ => false,
        };
        if node.end.port != NO_PORT && !broken {
            self.problems.add(
                Diagnostic::warning("a port without a link says nothing")
                    .at(node.span, "not linked to anything")
                    .help("if a link is meant, write `--` and its other end"),
            );
        }
    }

    fn check_operator(&mut self, found: Operator) {
        let (Some(kind), true) = (self.kind, self.kind != Some(found)) else { return };
        let (word, other) = match kind {
            Operator::Line => ("graph", "digraph"),
            Operator::Arrow => ("digraph", "graph"),
        };
        self.problems.add_once(
            Diagnostic::error(format!("`{}` in a `{word}`", found.as_str()))
                .at(self.token.span, format!("expected `{}`", kind.as_str()))
                .help(format!("write `{}`, or begin the file with `{other}`", kind.as_str())),
        );
    }

    /// Makes the links of a statement: each operand with the next.
    fn connect(&mut self, first: usize, set: Attributes, start: Span) {
        let set = set.or(Attributes { ports: [None; 2], ..self.scope.defaults });
        let attributes = self.attributes_number(set);
        let mut connected = false;
        for operand in first..self.operands.len() - 1 {
            let (tails, heads) = (self.operands[operand], self.operands[operand + 1]);
            if let (Some(tail), Some(head)) = (self.single(tails), self.single(heads)) {
                if operand > first && tail.end.port != NO_PORT {
                    self.middle_of_chain(tail);
                    return;
                }
                connected |= self.link(tail.end, head.end, set, attributes, tail.span.to(head.span));
            } else {
                connected |= self.link_all(tails, heads, set, attributes, start);
            }
        }
        if !connected {
            self.problems.add(
                Diagnostic::warning("a link without ports says nothing")
                    .at(start.to(self.previous), "no port at either end")
                    .help("name the ports: `\"leaf1\":\"swp1\" -- \"spine1\":\"swp1\"`"),
            );
        }
    }

    fn single(&self, operand: Operand) -> Option<StatementEnd> {
        match operand {
            Operand::Nodes(from, to) if to == from + 1 => Some(self.ends[from]),
            _ => None,
        }
    }

    /// `a:1 -- b:1 -- c:1`
    fn middle_of_chain(&mut self, node: StatementEnd) {
        let name = shown(&format!(
            "{}:{}",
            self.directory.nodes.name(node.end.node),
            self.directory.ports.name(node.end.port)
        ));
        self.problems.add(
            Diagnostic::error(format!("port {name} is cabled twice"))
                .at(node.span, "linked to what stands before it and to what follows")
                .help("a port holds one cable: write two links, each with its own port"),
        );
    }

    /// Connects lists and subgraphs: each of the one with each of the other. Says whether any link came of it.
    fn link_all(&mut self, tails: Operand, heads: Operand, set: Attributes, attributes: u32, span: Span) -> bool {
        let has_port = |operand: Operand, side: usize| match operand {
            Operand::Nodes(from, to) => {
                self.ends[from..to].iter().any(|node| self.port(node.end.port, set, side) != NO_PORT)
            }
            Operand::Subgraph(_) => self.port(NO_PORT, set, side) != NO_PORT,
        };
        if !has_port(tails, 0) && !has_port(heads, 1) {
            return false;
        }
        let (tails, heads) = (self.operand_ends(tails), self.operand_ends(heads));
        self.expanded = self.expanded.saturating_add(tails.len().saturating_mul(heads.len()));
        if self.expanded > MOST_EXPANDED {
            self.problems.add_once(
                Diagnostic::error(format!("lists and subgraphs make more than {MOST_EXPANDED} links"))
                    .at(span, "too many with this one")
                    .help("write each link with its two ports"),
            );
            return true;
        }
        let mut connected = false;
        for &tail in &tails {
            for &head in &heads {
                connected |= self.link(tail, head, set, attributes, span);
            }
        }
        connected
    }

    fn operand_ends(&mut self, operand: Operand) -> Vec<End> {
        match operand {
            Operand::Nodes(from, to) => self.ends[from..to].iter().map(|node| node.end).collect(),
            Operand::Subgraph(members) => {
                self.subgraphs.nodes(members).into_iter().map(|node| End { node, port: NO_PORT }).collect()
            }
        }
    }

    /// The port at one side (0 tail, 1 head): the edge's own attribute, else what stands at the node, else the default.
    fn port(&self, written: Number, set: Attributes, side: usize) -> Number {
        let default = || self.scope.defaults.ports[side].unwrap_or(NO_PORT);
        set.ports[side].unwrap_or_else(|| if written == NO_PORT { default() } else { written })
    }

    /// Notes one link; says whether it has a port. One without is no cable, and not kept.
    fn link(&mut self, tail: End, head: End, set: Attributes, attributes: u32, span: Span) -> bool {
        let ends =
            [End { port: self.port(tail.port, set, 0), ..tail }, End { port: self.port(head.port, set, 1), ..head }];
        if ends[0].port == NO_PORT && ends[1].port == NO_PORT {
            return false;
        }
        if ends[0] == ends[1] {
            let name =
                shown(&format!("{}:{}", self.directory.nodes.name(tail.node), self.directory.ports.name(ends[0].port)));
            self.problems.add(
                Diagnostic::error(format!("port {name} is linked to itself"))
                    .at(span, "the same port at both ends")
                    .help("name the port that the other end of the cable is plugged into"),
            );
            return true;
        }
        self.links.push(Link { ends, attributes, offset: span.start });
        true
    }

    fn attributes_number(&mut self, set: Attributes) -> u32 {
        let key = (set.lldp.unwrap_or(NO_LIST), set.notify.unwrap_or_default());
        *self.attribute_numbers.entry(key).or_insert_with(|| {
            self.link_attributes.push(key);
            u32::try_from(self.link_attributes.len() - 1).unwrap_or(u32::MAX)
        })
    }
}
