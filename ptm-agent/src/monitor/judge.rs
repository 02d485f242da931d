//! The verdict of one port, from what is expected and who is there: functions of their arguments, nothing remembered.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::lldp::{Lldpdu, Text};
use crate::monitor::{Neighbor, Reason};
use crate::plan::{Expectation, MatchHostname, MatchType};

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
    /// The port ID, against the plan's port (`match_type=ifname`).
    PortId,
    /// The port description, against the plan's port (`match_type=portdescr`).
    PortDescription,
}

impl Field {
    /// The field's name in a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SystemName => "system name",
            Self::PortId => "port ID",
            Self::PortDescription => "port description",
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
    if !same_node(expectation, pdu) {
        return Closeness::WrongNode;
    }
    match &expectation.far_port {
        Some(port) if !is_port(expectation.match_type, port, pdu) => Closeness::WrongPort,
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
    match (closeness(expectation, pdu), &expectation.far_port, expectation.match_type) {
        (Closeness::Match, ..) | (Closeness::WrongPort, None, _) => None,
        (Closeness::WrongNode, ..) => Some(Difference {
            field: Field::SystemName,
            expected: expectation.far_node.to_string(),
            observed: text(pdu.system_name),
        }),
        (Closeness::WrongPort, Some(port), MatchType::IfName) => {
            Some(Difference { field: Field::PortId, expected: port.to_string(), observed: pdu.port_id.to_string() })
        }
        (Closeness::WrongPort, Some(port), MatchType::PortDescr) => Some(Difference {
            field: Field::PortDescription,
            expected: port.to_string(),
            observed: text(pdu.port_description),
        }),
    }
}

/// Host names compare without regard to case (RFC 4343).
fn same_node(expectation: &Expectation, pdu: &Lldpdu<'_>) -> bool {
    let Some(observed) = pdu.system_name.and_then(Text::to_str) else { return false };
    match expectation.match_hostname {
        MatchHostname::Hostname => short(&expectation.far_node).eq_ignore_ascii_case(short(observed)),
        MatchHostname::Fqdn => expectation.far_node.eq_ignore_ascii_case(observed),
    }
}

fn is_port(match_type: MatchType, port: &str, pdu: &Lldpdu<'_>) -> bool {
    match match_type {
        MatchType::PortDescr => pdu.port_description.is_some_and(|text| text.to_str() == Some(port)),
        MatchType::IfName => match pdu.port_id.text() {
            Some(text) => text.to_str() == Some(port),
            // A plan may name a port by its MAC or network address, in the spelling that lldpd prints.
            None => pdu.port_id.to_string() == port,
        },
    }
}

/// The part of a host name before its first dot.
pub(super) fn short(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Text from LLDP as it is, not escaped; text that is not UTF-8 as [`Text`] shows it.
pub(super) fn plain(text: Text<'_>) -> Cow<'_, str> {
    text.to_str().map_or_else(|| text.to_string().into(), Cow::Borrowed)
}
