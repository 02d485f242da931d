//! The whole plan as read, and one node's part of it.

use std::fmt;

use super::attributes::{HostIdType, HostnameType, MatchHostname, MatchType, Notify};
use super::directory::{Directory, Endpoint, NO_PORT};
use super::lists::GraphSettings;
use super::nearest::nearest;
use super::order::natural_order;

/// How a link is checked: its attributes with defaults and templates applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct LinkSettings {
    pub(super) match_type: MatchType,
    pub(super) match_hostname: MatchHostname,
    pub(super) notify: Notify,
}

/// The cabling of the whole network, as [`super::read`] found it.
#[derive(Clone, Default)]
pub struct Topology {
    pub(super) directory: Directory,
    pub(super) graph: GraphSettings,
    /// The distinct settings that links have.
    pub(super) settings: Vec<LinkSettings>,
    /// For each end of the directory, which of them holds there.
    pub(super) settings_of: Vec<u8>,
}

impl Topology {
    /// How the plan names nodes.
    pub fn host_id_type(&self) -> HostIdType {
        self.graph.host_id_type
    }

    /// How this node's name is cut before it is looked up, where nodes are named by host name.
    pub fn hostname_type(&self) -> HostnameType {
        self.graph.hostname_type
    }

    /// Every node and link.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Keeps what `node`, one of the plan's nodes, has to know. A node without links has a plan without expectations.
    pub fn plan_for(self, node: &str) -> Result<Plan, UnknownNode> {
        let Self { directory, graph: _, settings, settings_of } = self;
        let Some(number) = directory.nodes.find(node) else {
            return Err(UnknownNode::new(node, &directory));
        };
        let mut expectations: Vec<Expectation> = directory
            .ends_of(number)
            .filter(|&index| directory.port_of[index] != NO_PORT)
            .map(|index| {
                let far = directory.end(directory.peer_of[index]);
                let LinkSettings { match_type, match_hostname, notify } = settings[usize::from(settings_of[index])];
                Expectation {
                    port: directory.ports.name(directory.port_of[index]).into(),
                    far_node: far.node.into(),
                    far_port: far.port.map(Into::into),
                    match_type,
                    match_hostname,
                    notify,
                }
            })
            .collect();
        expectations.sort_by(|a, b| natural_order(&a.port, &b.port));
        Ok(Plan { node: node.into(), expectations, directory })
    }
}

impl fmt::Debug for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not a number for each end of a million links.
        f.debug_struct("Topology")
            .field("directory", &self.directory)
            .field("graph", &self.graph)
            .finish_non_exhaustive()
    }
}

/// What one node has to know of the plan: what to expect on its own ports, and where every other cable belongs.
#[derive(Clone, Debug)]
pub struct Plan {
    node: Box<str>,
    expectations: Vec<Expectation>,
    directory: Directory,
}

impl Plan {
    /// The node's name in the plan.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// What to expect on each of its ports that the plan names, sorted by port: `swp2` before `swp10`.
    pub fn expectations(&self) -> &[Expectation] {
        &self.expectations
    }

    /// Where the plan puts the other end of the cable in `node`'s port `port`.
    pub fn far_end(&self, node: &str, port: &str) -> Option<Endpoint<'_>> {
        self.directory.far_end(node, port)
    }

    /// Every node and link of the plan.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }
}

/// What the plan says about one port of this node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expectation {
    /// The port's name.
    pub port: Box<str>,
    /// The node at the other end.
    pub far_node: Box<str>,
    /// Its port; `None`: the plan gives none, and there is nothing to check.
    pub far_port: Option<Box<str>>,
    /// What of the neighbor is compared with `far_port`.
    pub match_type: MatchType,
    /// What of the neighbor is compared with `far_node`.
    pub match_hostname: MatchHostname,
    /// What a change of the verdict does.
    pub notify: Notify,
}

/// The plan does not name this node. Shown as the original words it inside its second pair of brackets:
/// `Topology file error [FILE] [cannot find node NAME]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct UnknownNode {
    /// The name that was looked up.
    pub node: Box<str>,
    /// The name in the plan that is most like it.
    pub nearest: Option<Box<str>>,
}

impl UnknownNode {
    /// The same machine under another name is the likeliest slip: other case, with or without domain; then a misspelling.
    fn new(node: &str, directory: &Directory) -> Self {
        let host = |name: &str| name.split('.').next().unwrap_or_default().to_lowercase();
        let names = || directory.nodes().map(|other| other.name);
        let nearest = names()
            .find(|other| other.eq_ignore_ascii_case(node))
            .or_else(|| names().find(|other| host(other) == host(node)))
            .or_else(|| nearest(node, names()));
        Self { node: node.into(), nearest: nearest.map(Into::into) }
    }
}

impl fmt::Display for UnknownNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot find node {}", self.node.escape_debug())?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean {}?", nearest.escape_debug()),
            None => Ok(()),
        }
    }
}
