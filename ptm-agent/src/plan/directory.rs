//! Every endpoint of the plan, and the other end of its cable: what stays in memory of the whole network.
//!
//! Sixteen bytes a link and each name once; no object a link.

use std::fmt;

use super::names::Names;

/// One end of a link: a port of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint<'a> {
    /// The node's name in the plan.
    pub node: &'a str,
    /// The port's name in the plan.
    pub port: &'a str,
}

impl fmt::Display for Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.node, self.port)
    }
}

/// One end of a link that may name no port, as in `"leaf1":"swp1" -- "host1"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkEnd<'a> {
    /// The node's name in the plan.
    pub node: &'a str,
    /// The port's name, where the plan gives one.
    pub port: Option<&'a str>,
}

/// A node of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its attribute `function`, which tells the tier: `leaf`, `spine`, …
    pub function: Option<&'a str>,
}

/// The number of a node, a port's name, or a function; see [`Names`].
pub(super) type Number = u32;

/// Stands for "no port".
pub(super) const NO_PORT: Number = Number::MAX;

/// The plan's nodes and links by name.
#[derive(Clone, Default)]
pub struct Directory {
    pub(super) nodes: Names,
    pub(super) ports: Names,
    pub(super) functions: Names,
    /// Each node's function.
    pub(super) function_of: Vec<Number>,
    /// Where each node's ends begin in `port_of` and `peer_of`; one more entry closes the last.
    pub(super) starts: Vec<u32>,
    /// The port's name at each end, sorted within a node by number; ends without a port last.
    pub(super) port_of: Vec<Number>,
    /// The index of the other end.
    pub(super) peer_of: Vec<u32>,
}

impl Directory {
    /// Nodes that the plan names.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Links with a port at one end at least.
    pub fn link_count(&self) -> usize {
        self.port_of.len() / 2
    }

    /// The nodes, in the order in which the file first names them.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.nodes
            .iter()
            .zip(&self.function_of)
            .map(|(name, &function)| Node { name, function: self.function(function) })
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Option<Node<'_>> {
        let node = self.nodes.find(name)?;
        Some(Node { name: self.nodes.name(node), function: self.function(self.function_of[node as usize]) })
    }

    /// Each link once, with its two ends in no particular order.
    pub fn links(&self) -> impl Iterator<Item = (LinkEnd<'_>, LinkEnd<'_>)> {
        (0..)
            .zip(&self.peer_of)
            .filter(|&(index, &peer)| index < peer)
            .map(|(index, &peer)| (self.end(index), self.end(peer)))
    }

    /// Where the plan puts the other end of the cable in `node`'s port `port`; `None` if it has no cable there or the
    /// far end names no port.
    pub fn far_end(&self, node: &str, port: &str) -> Option<Endpoint<'_>> {
        let range = self.ends_of(self.nodes.find(node)?);
        let port = self.ports.find(port)?;
        let index = range.start + self.port_of[range].binary_search(&port).ok()?;
        self.endpoint(self.peer_of[index])
    }

    /// The same for the first of the node's ports that `is_port` takes.
    pub(super) fn far_end_of(&self, node: &str, is_port: impl Fn(&str) -> bool) -> Option<Endpoint<'_>> {
        let mut ends = self.ends_of(self.nodes.find(node)?).take_while(|&index| self.port_of[index] != NO_PORT);
        let index = ends.find(|&index| is_port(self.ports.name(self.port_of[index])))?;
        self.endpoint(self.peer_of[index])
    }

    fn endpoint(&self, index: u32) -> Option<Endpoint<'_>> {
        let LinkEnd { node, port } = self.end(index);
        Some(Endpoint { node, port: port? })
    }

    /// The indices of a node's ends.
    pub(super) fn ends_of(&self, node: Number) -> std::ops::Range<usize> {
        let node = node as usize;
        self.starts[node] as usize..self.starts[node + 1] as usize
    }

    /// The end with this index.
    pub(super) fn end(&self, index: u32) -> LinkEnd<'_> {
        // The last node whose ends begin at or before it; nodes without ends begin where the next one does.
        let node = self.starts.partition_point(|&start| start <= index) - 1;
        let port = self.port_of[index as usize];
        LinkEnd {
            node: self.nodes.name(u32::try_from(node).unwrap_or(u32::MAX)),
            port: (port != NO_PORT).then(|| self.ports.name(port)),
        }
    }

    fn function(&self, number: Number) -> Option<&str> {
        Some(self.functions.name(number)).filter(|function| !function.is_empty())
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Directory({} nodes, {} links)", self.node_count(), self.link_count())
    }
}
