//! What to tell a person about a port that is not as planned: why, and which cable to move where.

mod setting;

use crate::lldp::{Lldpdu, Text};
use crate::monitor::compare;
use crate::monitor::judge::{self, Closeness};
use crate::monitor::{Neighbor, Reason, Report};
use crate::plan::{Endpoint, Expectation, Plan};

/// The reason of a report in a sentence, with the evidence.
///
/// Holds text from LLDP: whoever shows it escapes it for where it goes.
pub fn explain(report: &Report<'_>) -> String {
    let expected = report.expected().unwrap_or_default();
    let observed = report.observed().unwrap_or_default();
    match report.reason {
        Reason::Match => format!("{observed} is there, as planned"),
        Reason::WrongNode | Reason::WrongPort => match &report.difference {
            Some(difference) => format!(
                "expected {expected}, found {observed}: the {} is {}, not {}",
                difference.field.as_str(),
                if difference.observed.is_empty() {
                    "not sent".to_owned()
                } else {
                    format!("`{}`", difference.observed)
                },
                format_args!("`{}`", difference.expected),
            ),
            None => format!("expected {expected}, found {observed}"),
        },
        Reason::AgedOut => format!("expected {expected}, and the neighbor that was there fell silent: its TTL is over"),
        Reason::Left => format!("expected {expected}, and the neighbor that was there said goodbye"),
        Reason::LinkDown => format!("expected {expected}, and the link lost carrier"),
        Reason::Silent => format!("expected {expected}; the link is up and no LLDP was ever heard on it"),
        Reason::Down => format!("expected {expected}; the link is down and nobody was ever heard on it"),
        Reason::Absent => format!("expected {expected}, and this machine has no such port"),
        Reason::Unchecked => format!("the plan gives no far port, only {expected}: nothing to check"),
        Reason::Unplanned => format!("{observed} is there, and the plan does not name this port"),
    }
}

/// What to look at when a link is up and nobody speaks.
pub(super) fn break_silence(expectation: &Expectation) -> String {
    let node = &expectation.far_node;
    format!("see whether {node} sends LLDP at the other end; a host needs a daemon for it, such as lldpd")
}

/// What to look at when carrier was lost.
pub(super) fn restore_carrier(expectation: &Expectation) -> String {
    format!("see that the cable is plugged in at both ends, and that {} is up", expectation.far_end())
}

/// What mends a port whose neighbor is not the expected one, as far as the plan knows it.
///
/// `other_port` gives the neighbors on another port of this machine, by name: two exchanged cables are one finding.
pub(super) fn advise<'a>(
    plan: &Plan,
    port: &str,
    expectation: Option<&Expectation>,
    neighbor: &Neighbor,
    other_port: impl Fn(&str) -> &'a [Neighbor],
) -> Option<String> {
    let pdu = neighbor.pdu();
    if let Some(advice) = expectation.and_then(|expectation| setting::mends(plan, expectation, &pdu)) {
        return Some(advice);
    }
    let closeness = expectation.map(|expectation| judge::closeness(expectation, &pdu));
    // Not the node that belongs here, or none does.
    let is_stranger = matches!(closeness, None | Some(Closeness::WrongNode));
    let planned = planned_far_end(plan, &pdu);
    if let Some((near, far)) = &planned {
        if far.node == plan.node() && far.port != port {
            let exchanged = other_port(far.port).iter().any(|neighbor| {
                planned_far_end(plan, &neighbor.pdu())
                    .is_some_and(|(_, back)| back.node == plan.node() && back.port == port)
            });
            let also = if exchanged { format!(" ({port} and {} are exchanged)", far.port) } else { String::new() };
            let far = far.port;
            return Some(format!("{near} belongs on {far}; move the cable from {port} to {far}{also}"));
        }
        if far.node != plan.node() && is_stranger {
            return Some(format!("{near} belongs on {}:{}, not on this machine's {port}", far.node, far.port));
        }
    }
    let known = nodes(plan, &pdu);
    if planned.is_none() && is_stranger {
        // A link without far port says where the node belongs, whichever of its ports it is.
        let here = plan.expectations().iter().find(|e| e.far_port.is_none() && known.contains(&&*e.far_node));
        if let Some(Expectation { port: own, far_node, .. }) = here {
            return Some(format!("{far_node} belongs on {own}; move the cable from {port} to {own}"));
        }
    }
    let expectation = expectation?;
    let (far_node, far_port) = (&expectation.far_node, expectation.far_port.as_deref()?);
    let found = compare::port_name(Some(expectation), &pdu);
    match closeness? {
        Closeness::WrongPort => Some(format!("at {far_node}, move the cable from {found} to {far_port}")),
        Closeness::WrongNode if planned.is_none() => {
            let unknown = known.first().map_or_else(
                || "the plan does not know this neighbor".to_owned(),
                |node| format!("the plan has no cable in {node}:{found}"),
            );
            Some(format!("{unknown}; connect {port} to {far_node}:{far_port}"))
        }
        Closeness::WrongNode | Closeness::Match => None,
    }
}

/// The plan's nodes that a neighbor may be.
fn nodes<'p>(plan: &'p Plan, pdu: &Lldpdu<'_>) -> Vec<&'p str> {
    let at = compare::addresses(pdu).filter_map(|address| plan.node_at(address));
    let called = pdu.system_name.and_then(Text::to_str).map_or_else(Vec::new, |name| plan.nodes_called(name));
    at.chain(called).collect()
}

/// The neighbor's own endpoint, `node:port`, its node as the plan spells it, and where the plan puts the other end of its
/// cable.
fn planned_far_end<'p>(plan: &'p Plan, pdu: &Lldpdu<'_>) -> Option<(String, Endpoint<'p>)> {
    let description = pdu.port_description.and_then(Text::to_str);
    let port_id = pdu.port_id.to_string();
    nodes(plan, pdu).into_iter().find_map(|node| {
        let far = |port: &str| Some((format!("{node}:{port}"), plan.far_end(node, port)?));
        far(&port_id).or_else(|| description.and_then(far))
    })
}
