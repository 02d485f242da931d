//! The verdict of one port, from what is expected and who is there: functions of their arguments, nothing remembered.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::lldp::{Lldpdu, Text};
use crate::monitor::compare;
use crate::monitor::{Neighbor, Reason};
use crate::plan::{Expectation, MatchNode, MatchType, list_addresses};

/// Why nobody is on a port whose link is up, or that nobody can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Silence {
    /// Nobody was ever heard under this expectation.
    NeverHeard,
    /// The last neighbor's TTL ran out.
    AgedOut,
    /// The last neighbor took its leave.
    Left,
    /// The port had a neighbor or its memory, then lost carrier. Stays so when carrier returns, until the neighbor has
    /// had one TTL to be heard again.
    LinkLost,
}

/// The field by which the neighbor that is there differs from the one that the plan expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which LLDP field was compared.
    pub field: Field,
    /// What the plan says.
    pub expected: String,
    /// What the neighbor says; empty if it does not send the field. Hostile text, not escaped.
    pub observed: String,
}

/// An LLDP field that a match compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The system name, against the plan's node.
    SystemName,
    /// The management addresses, against the plan's node (`hostidtype=ipaddr`).
    ManagementAddress,
    /// The port ID, against the plan's port (`match_type=ifname`).
    PortId,
    /// The port description, against the plan's port (`match_type=portdescr`).
    PortDescription,
    /// Both of these, against the plan's port (`match_type=any`).
    PortIdOrDescription,
}

impl Field {
    /// The field's name in a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SystemName => "system name",
            Self::ManagementAddress => "management address",
            Self::PortId => "port ID",
            Self::PortDescription => "port description",
            Self::PortIdOrDescription => "port ID or description",
        }
    }
}

/// How close a neighbor comes to the expected one, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Closeness {
    WrongNode,
    WrongPort,
    Match,
}

impl Closeness {
    pub(super) const fn reason(self) -> Reason {
        match self {
            Self::WrongNode => Reason::WrongNode,
            Self::WrongPort => Reason::WrongPort,
            Self::Match => Reason::Match,
        }
    }
}

/// Compares what a neighbor says with the far end that the plan gives; a far end without a port is matched by its node.
pub(super) fn closeness(expectation: &Expectation, pdu: &Lldpdu<'_>) -> Closeness {
    if !compare::is_node(expectation, pdu) {
        return Closeness::WrongNode;
    }
    match &expectation.far_port {
        Some(port) if compare::port_field(expectation, port, pdu).is_none() => Closeness::WrongPort,
        _ => Closeness::Match,
    }
}

/// The neighbor that a verdict rests on: the closest one, the first heard among equals.
pub(super) fn closest<'a>(expectation: &Expectation, neighbors: &'a [Neighbor]) -> Option<(&'a Neighbor, Closeness)> {
    neighbors
        .iter()
        .map(|neighbor| (neighbor, closeness(expectation, &neighbor.pdu())))
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// The verdict of a port. `None`: the plan does not name the port and nobody is there, so there is nothing to say.
pub(super) fn judge(
    expectation: Option<&Expectation>,
    carrier: bool,
    neighbors: &[Neighbor],
    silence: Silence,
) -> Option<Reason> {
    let Some(expectation) = expectation else {
        return (!neighbors.is_empty()).then_some(Reason::Unplanned);
    };
    if expectation.far_port.is_none() {
        return Some(Reason::Unchecked);
    }
    Some(match (carrier, silence) {
        (false, Silence::NeverHeard) => Reason::Down,
        (false, Silence::AgedOut | Silence::Left | Silence::LinkLost) => Reason::LinkDown,
        (true, silence) => match (closest(expectation, neighbors), silence) {
            (Some((_, closeness)), _) => closeness.reason(),
            (None, Silence::NeverHeard) => Reason::Silent,
            (None, Silence::AgedOut) => Reason::AgedOut,
            (None, Silence::Left) => Reason::Left,
            (None, Silence::LinkLost) => Reason::LinkDown,
        },
    })
}

/// The first field that differs; `None` on a match.
pub(super) fn difference(expectation: &Expectation, pdu: &Lldpdu<'_>) -> Option<Difference> {
    let text = |text: Option<Text<'_>>| text.map_or_else(String::new, |text| plain(text).into_owned());
    let expected_node = expectation.far_node.to_string();
    match (closeness(expectation, pdu), &expectation.far_port) {
        (Closeness::Match, _) | (Closeness::WrongPort, None) => None,
        (Closeness::WrongNode, _) => Some(match expectation.match_node {
            MatchNode::Hostname | MatchNode::Fqdn => {
                Difference { field: Field::SystemName, expected: expected_node, observed: text(pdu.system_name) }
            }
            MatchNode::Address(_) => {
                let sent: Vec<_> = compare::addresses(pdu).collect();
                let observed = list_addresses(&sent);
                Difference { field: Field::ManagementAddress, expected: expected_node, observed }
            }
        }),
        (Closeness::WrongPort, Some(port)) => {
            let (id, description) = (pdu.port_id.to_string(), text(pdu.port_description));
            let (field, observed) = match expectation.match_type {
                MatchType::IfName => (Field::PortId, id),
                MatchType::PortDescr => (Field::PortDescription, description),
                MatchType::Any if description.is_empty() => (Field::PortIdOrDescription, id),
                MatchType::Any => (Field::PortIdOrDescription, format!("{id} or {description}")),
            };
            Some(Difference { field, expected: port.to_string(), observed })
        }
    }
}

/// Text from LLDP as it is, not escaped; text that is not UTF-8 as [`Text`] shows it.
pub(super) fn plain(text: Text<'_>) -> Cow<'_, str> {
    text.to_str().map_or_else(|| text.to_string().into(), Cow::Borrowed)
}
