//! A reading of a plan in plain collections, to compare one reader's with another's.

use std::collections::{BTreeMap, BTreeSet};

use ptm_agent::plan::{MatchType, Topology};

/// A node and a port; no port is the empty string.
pub(crate) type End = (String, String);

/// A link; its ends sorted, for a cable has no direction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Link(pub(crate) End, pub(crate) End);

impl Link {
    pub(crate) fn new(a: (&str, &str), b: (&str, &str)) -> Self {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        Self((a.0.to_owned(), a.1.to_owned()), (b.0.to_owned(), b.1.to_owned()))
    }

    pub(crate) fn is_bare(&self) -> bool {
        self.0.1.is_empty() && self.1.1.is_empty()
    }

    pub(crate) fn is_loop(&self) -> bool {
        self.0 == self.1
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The graph's own `LLDP`.
    pub(crate) graph_lldp: String,
    /// Names and functions.
    pub(crate) nodes: BTreeSet<(String, String)>,
    /// Links with a port at one end at least.
    pub(crate) links: BTreeSet<Link>,
    /// Each link's `LLDP`, once for each time it is written.
    pub(crate) lldp: BTreeMap<Link, Vec<String>>,
}

/// Nodes and links as the plan's own parser has read them.
pub(crate) fn of(topology: &Topology) -> Reading {
    let directory = topology.directory();
    let nodes = directory.nodes().map(|node| (node.name.to_owned(), node.function.unwrap_or_default().to_owned()));
    let links = directory
        .links()
        .map(|(a, b)| Link::new((a.node, a.port.unwrap_or_default()), (b.node, b.port.unwrap_or_default())));
    Reading { nodes: nodes.collect(), links: links.collect(), ..Reading::default() }
}

/// Checks that every link's match type is what its `LLDP`, or else the graph's, says in `other`.
pub(crate) fn assert_match_types(topology: &Topology, other: &Reading, text: &str) {
    let names: Vec<String> = topology.directory().nodes().map(|node| node.name.to_owned()).collect();
    for name in names {
        let plan = topology.clone().plan_for(&name).expect("the plan names it");
        for expectation in plan.expectations() {
            let far = (&*expectation.far_node, expectation.far_port.as_deref().unwrap_or_default());
            let link = Link::new((&name, &expectation.port), far);
            // A link written twice has two lists: which of them holds is an error of its own.
            let [lldp] = &other.lldp[&link][..] else { continue };
            let list = if lldp.is_empty() { &other.graph_lldp } else { lldp };
            let expected = if list.contains("portdescr") { MatchType::PortDescr } else { MatchType::IfName };
            assert_eq!(expectation.match_type, expected, "{link:?} in\n{text}");
        }
    }
}
