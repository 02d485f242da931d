//! Which node of the plan a machine is: this one, when the plan is put in force, and a neighbor, for advice.

use std::fmt;
use std::hash::BuildHasher;
use std::net::IpAddr;

use hashbrown::DefaultHashBuilder;

use super::attributes::{HostIdType, HostnameType};
use super::directory::{Directory, Number};
use super::nearest::nearest;
use super::topology::Topology;

/// What this machine calls itself. What the plan does not need is not asked for.
pub trait Machine {
    /// The kernel's host name, with or without a domain.
    fn host_name(&self) -> String;

    /// The fully qualified name that the resolver gives; `None` if it knows none. May block.
    fn qualified_name(&self) -> Option<String>;

    /// The addresses by which other machines may know this one.
    fn addresses(&self) -> Vec<IpAddr>;
}

impl Topology {
    /// The node that `machine` is, as the plan spells it. `given`: the name or address that an administrator gave it,
    /// which goes before everything that it calls itself.
    ///
    /// Where nodes are named by address, it is the node at one of the machine's; else, and if there is none, the node
    /// of its host name, which `hostnametype` says how to cut. A name that is not in the plan cut short is looked up
    /// whole.
    pub fn own_node(&self, given: Option<&str>, machine: &impl Machine) -> Result<&str, Unidentified> {
        let by_address = self.host_id_type() == HostIdType::IpAddr;
        if let Some(given) = given {
            let is_at = |node: &str| by_address && address(node).is_some_and(|own| address(given) == Some(own));
            let at = || self.directory().nodes().map(|node| node.name).find(|node| is_at(node));
            return self.node_called(given).or_else(at).ok_or_else(|| self.unknown(given));
        }
        let addresses: Vec<IpAddr> = if by_address { machine.addresses() } else { Vec::new() };
        if by_address {
            let is_own =
                |node: &&str| address(node).is_some_and(|node| addresses.iter().any(|own| own.to_canonical() == node));
            let own: Vec<&str> = self.directory().nodes().map(|node| node.name).filter(is_own).collect();
            match own[..] {
                [] => {}
                [node] => return Ok(node),
                [..] => return Err(Unidentified::Several { nodes: own.into_iter().map(Into::into).collect() }),
            }
        }
        let host = machine.host_name();
        let first = match self.hostname_type() {
            HostnameType::Hostname => short_host_name(&host).to_owned(),
            HostnameType::Fqdn => machine.qualified_name().unwrap_or_else(|| host.clone()),
        };
        self.node_called(&first)
            .or_else(|| self.node_called(&host))
            .ok_or_else(|| if by_address { Unidentified::NoAddress { addresses } } else { self.unknown(&first) })
    }

    fn node_called(&self, name: &str) -> Option<&str> {
        self.directory().node(name).map(|node| node.name)
    }

    fn unknown(&self, name: &str) -> Unidentified {
        UnknownNode::new(name, self.directory()).into()
    }
}

/// Why no node of the plan is this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unidentified {
    /// The plan does not have its name.
    #[error(transparent)]
    Unknown(#[from] UnknownNode),
    /// The plan names nodes by address, and has none of the machine's. Begins with the original's words.
    #[error("No Hostname/MgmtIP found: the plan names nodes by address, and {}", none_of(addresses))]
    NoAddress {
        /// Those that the machine has.
        addresses: Vec<IpAddr>,
    },
    /// More than one node is at an address of this machine.
    #[error("several nodes are this machine: {}", nodes.join(", ").escape_debug())]
    Several {
        /// Their names.
        nodes: Vec<Box<str>>,
    },
}

fn none_of(addresses: &[IpAddr]) -> String {
    match addresses {
        [] => "this machine has none but loopback and link-local ones".to_owned(),
        some => format!("has none of this machine's: {}", list_addresses(some)),
    }
}

/// Addresses in a sentence: a switch has one on each of its networks, and more than eight would bury it.
pub fn list_addresses(addresses: &[IpAddr]) -> String {
    let (shown, more) = addresses.split_at(addresses.len().min(8));
    let shown: Vec<String> = shown.iter().map(IpAddr::to_string).collect();
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    shown.join(", ") + &more
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
    pub fn new(node: &str, directory: &Directory) -> Self {
        let names = || directory.nodes().map(|other| other.name);
        let nearest = names()
            .find(|other| other.eq_ignore_ascii_case(node))
            .or_else(|| names().find(|other| short_host_name(other).eq_ignore_ascii_case(short_host_name(node))))
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

/// The part of a host name before its first dot. An address is whole: `10.0.0.1` is not a host `10` of a domain.
pub fn short_host_name(name: &str) -> &str {
    match name.split_once('.') {
        Some((short, _)) if address(name).is_none() => short,
        _ => name,
    }
}

/// The address that a node's name is. Compared as addresses, two spellings of one are the same, and so are an IPv4
/// address and its IPv6 form (`::ffff:10.0.0.1`).
pub(super) fn address(name: &str) -> Option<IpAddr> {
    name.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// Finds the plan's nodes by what neighbors call themselves: eight bytes a node, or twelve.
#[derive(Clone, Default)]
pub(super) struct Hosts {
    /// Every node, sorted by a hash of its host name up to the first dot, whatever its case. A table would be no
    /// smaller, and slow where many nodes share one.
    by_name: Box<[(u32, Number)]>,
    hasher: DefaultHashBuilder,
    /// Every node, sorted by the address that its name is, if the plan names nodes by address.
    by_address: Box<[Number]>,
}

impl Hosts {
    pub(super) fn new(directory: &Directory, host_id_type: HostIdType) -> Self {
        let hasher = DefaultHashBuilder::default();
        let numbers = (0..).zip(directory.nodes.iter());
        let mut by_name: Box<[(u32, Number)]> = numbers.map(|(node, name)| (hash(&hasher, name), node)).collect();
        by_name.sort_unstable();
        let mut by_address: Box<[Number]> = Box::default();
        if host_id_type == HostIdType::IpAddr {
            by_address = (0..).take(directory.nodes.len()).collect();
            by_address.sort_by_cached_key(|&node| address(directory.nodes.name(node)));
        }
        Self { by_name, hasher, by_address }
    }

    pub(super) fn at<'d>(&self, directory: &'d Directory, wanted: IpAddr) -> Option<&'d str> {
        let name = |node: Number| directory.nodes.name(node);
        let wanted = Some(wanted.to_canonical());
        let index = self.by_address.binary_search_by_key(&wanted, |&node| address(name(node))).ok()?;
        Some(name(self.by_address[index]))
    }

    pub(super) fn called<'d>(&self, directory: &'d Directory, host: &str) -> Vec<&'d str> {
        let hash = hash(&self.hasher, host);
        let from = self.by_name.partition_point(|&(other, _)| other < hash);
        let alike = self.by_name[from..].iter().take_while(|&&(other, _)| other == hash);
        let mut nodes: Vec<&str> = alike.map(|&(_, node)| directory.nodes.name(node)).collect();
        nodes.retain(|node| short_host_name(node).eq_ignore_ascii_case(short_host_name(host)));
        let is_whole = |node: &str| node.eq_ignore_ascii_case(host);
        if nodes.iter().any(|node| is_whole(node)) {
            nodes.retain(|node| is_whole(node));
        }
        nodes.sort_by_key(|&node| node != host);
        nodes
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hosts({})", self.by_name.len())
    }
}

/// The same for names of the same host: host names are the same in any case (RFC 4343).
#[expect(clippy::cast_possible_truncation, reason = "half a hash is one too")]
fn hash(hasher: &DefaultHashBuilder, name: &str) -> u32 {
    hasher.hash_one(short_host_name(name).to_ascii_lowercase()) as u32
}
