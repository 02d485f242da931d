//! The whole plan as read, and one node's part of it.

use std::fmt;
use std::net::IpAddr;

use super::attributes::{HostIdType, HostnameType, MatchHostname, MatchType, Notify, PortNameType};
use super::directory::{Directory, Endpoint, NO_PORT};
use super::identity::{Hosts, UnknownNode, address};
use super::lists::GraphSettings;
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
        let Self { directory, graph, settings, settings_of } = self;
        let Some(number) = directory.nodes.find(node) else {
            return Err(UnknownNode::new(node, &directory));
        };
        let match_node = |far: &str, by_name| match graph.host_id_type {
            HostIdType::IpAddr => address(far).map_or(by_name, MatchNode::Address),
            HostIdType::Hostname => by_name,
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
                    match_node: match_node(far.node, match_hostname.into()),
                    port_name_type: graph.port_name_type,
                    notify,
                }
            })
            .collect();
        expectations.sort_by(|a, b| natural_order(&a.port, &b.port));
        let hosts = Hosts::new(&directory, graph.host_id_type);
        Ok(Plan { node: node.into(), expectations, directory, graph, hosts })
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
    graph: GraphSettings,
    hosts: Hosts,
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

    /// How the plan names nodes.
    pub fn host_id_type(&self) -> HostIdType {
        self.graph.host_id_type
    }

    /// The node at this address, where nodes are named by address, however the plan spells it.
    pub fn node_at(&self, address: IpAddr) -> Option<&str> {
        self.hosts.at(&self.directory, address)
    }

    /// The nodes that a machine called `host` may be: that of the same name, in any case, else those that are the same
    /// up to the first dot.
    pub fn nodes_called(&self, host: &str) -> Vec<&str> {
        self.hosts.called(&self.directory, host)
    }

    /// Where the plan puts the other end of the cable in `node`'s port `port`. `node` is spelt as in the plan, `port`
    /// as the plan's `portnametype` allows.
    pub fn far_end(&self, node: &str, port: &str) -> Option<Endpoint<'_>> {
        self.directory.far_end(node, port).or_else(|| match self.graph.port_name_type {
            PortNameType::Exact => None,
            names @ PortNameType::Normalized => self.directory.far_end_of(node, |planned| names.same(planned, port)),
        })
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
    pub match_node: MatchNode,
    /// How `far_port` is compared.
    pub port_name_type: PortNameType,
    /// What a change of the verdict does.
    pub notify: Notify,
}

impl Expectation {
    /// The far end as people write it: `node:port`, or just `node` where the plan gives no port.
    pub fn far_end(&self) -> String {
        let Self { far_node, far_port, .. } = self;
        far_port.as_ref().map_or_else(|| far_node.to_string(), |port| format!("{far_node}:{port}"))
    }
}

/// By what a neighbor is known to be the far node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchNode {
    /// Its system name, up to the first dot.
    Hostname,
    /// Its whole system name.
    Fqdn,
    /// One of its management addresses: the node's name is an address, and the plan says `hostidtype="ipaddr"`.
    Address(IpAddr),
}

impl From<MatchHostname> for MatchNode {
    fn from(setting: MatchHostname) -> Self {
        match setting {
            MatchHostname::Hostname => Self::Hostname,
            MatchHostname::Fqdn => Self::Fqdn,
        }
    }
}
