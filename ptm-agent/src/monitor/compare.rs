//! What a neighbor says of itself, against what the plan says of the far end.

use std::net::IpAddr;

use crate::lldp::{Lldpdu, PortIdSubtype, Text};
use crate::monitor::judge::plain;
use crate::monitor::mac;
use crate::plan::{Expectation, MatchNode, MatchType, short_host_name};

/// Whether a neighbor is the expected node. Host names compare without regard to case (RFC 4343), addresses as the
/// numbers they are.
pub(super) fn is_node(expectation: &Expectation, pdu: &Lldpdu<'_>) -> bool {
    let (expected, name) = (&*expectation.far_node, pdu.system_name.and_then(Text::to_str));
    match expectation.match_node {
        MatchNode::Hostname => {
            name.is_some_and(|name| short_host_name(expected).eq_ignore_ascii_case(short_host_name(name)))
        }
        MatchNode::Fqdn => name.is_some_and(|name| expected.eq_ignore_ascii_case(name)),
        MatchNode::Address(expected) => addresses(pdu).any(|address| address == expected),
    }
}

/// The addresses by which a neighbor may be in the plan: its management addresses, then its chassis ID if that is one.
pub(super) fn addresses(pdu: &Lldpdu<'_>) -> impl Iterator<Item = IpAddr> {
    let managed_at = pdu.management_addresses().map(|management| management.address);
    managed_at.chain(pdu.chassis_id.network_address()).filter_map(|address| Some(address.ip()?.to_canonical()))
}

/// The address that names a neighbor where the plan names nodes by address: the expected one, as the plan spells it, if
/// the neighbor has it, else its first. Where the plan expects a node by its host name, and where the neighbor has no
/// address, there is none.
pub(super) fn node_address(expectation: Option<&Expectation>, pdu: &Lldpdu<'_>) -> Option<String> {
    match expectation.map(|expectation| (expectation.match_node, &expectation.far_node)) {
        Some((MatchNode::Hostname | MatchNode::Fqdn, _)) => None,
        Some((MatchNode::Address(expected), node)) if addresses(pdu).any(|address| address == expected) => {
            Some(node.to_string())
        }
        Some((MatchNode::Address(_), _)) | None => addresses(pdu).next().map(|address| address.to_string()),
    }
}

/// What of a neighbor names its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortField {
    Id,
    Description,
    /// The port ID as a MAC address, however spelt.
    Mac,
}

/// The field by which a neighbor's port is `port`, of those that the plan compares.
pub(super) fn port_field(expectation: &Expectation, port: &str, pdu: &Lldpdu<'_>) -> Option<PortField> {
    use PortField::{Description, Id, Mac};
    let compared: &[PortField] = match expectation.match_type {
        MatchType::IfName => &[Id],
        MatchType::PortDescr => &[Description],
        MatchType::Any => &[Id, Description, Mac],
    };
    compared.iter().copied().find(|&field| is_port(field, expectation, port, pdu))
}

/// Whether this field of a neighbor says `port`, be it compared or not.
pub(super) fn is_port(field: PortField, expectation: &Expectation, port: &str, pdu: &Lldpdu<'_>) -> bool {
    let same = |text: Text<'_>| text.to_str().is_some_and(|text| expectation.port_name_type.same(port, text));
    match (field, pdu.port_id.text()) {
        (PortField::Id, Some(id)) => same(id),
        // A plan may name a port by its MAC or network address, in the spelling that lldpd prints.
        (PortField::Id, None) => pdu.port_id.to_string() == port,
        (PortField::Description, _) => pdu.port_description.is_some_and(same),
        (PortField::Mac, _) => mac::same(port, &pdu.port_id.to_string()),
    }
}

/// The name of a neighbor's port: by the field that the plan compares, or, where it compares none or any, by the one that
/// matches or that a person would recognise. Hostile text, not escaped.
pub(super) fn port_name(expectation: Option<&Expectation>, pdu: &Lldpdu<'_>) -> String {
    let recognised = match pdu.port_id.subtype() {
        PortIdSubtype::MacAddress => PortField::Description,
        _ => PortField::Id,
    };
    let field = match expectation.map(|expectation| (expectation.match_type, expectation)) {
        Some((MatchType::IfName, _)) => PortField::Id,
        Some((MatchType::PortDescr, _)) => PortField::Description,
        Some((MatchType::Any, any)) => {
            any.far_port.as_deref().and_then(|port| port_field(any, port, pdu)).unwrap_or(recognised)
        }
        None => recognised,
    };
    let description = pdu.port_description.filter(|_| field == PortField::Description);
    description.map_or_else(|| pdu.port_id.to_string(), |text| plain(text).into_owned())
}
