//! From the monitor's reports and events to the rows of the protocol.

use super::rows::{Attachment, Change, Difference, Interface, NeighborRow, PortRow};
use crate::lldp::Text;
use crate::monitor::{self, Event, Neighbor, Report};
use crate::plan::MatchType;
use crate::time::BootTime;

impl PortRow {
    /// The row of a port. `capture`: where its frames are captured, or why they are not, if that is known.
    pub fn from_report(report: &Report<'_>, capture: Option<Result<Attachment, String>>, now: BootTime) -> Self {
        let pdu = report.neighbor.map(Neighbor::pdu);
        let interface = report.ifindex.map(|ifindex| Interface {
            ifindex,
            carrier: report.carrier,
            capture,
            counters: report.statistics.copied().unwrap_or_default(),
        });
        Self {
            port: report.port.to_owned(),
            planned: report.expectation.is_some(),
            reason: report.reason,
            expected: report.expected(),
            far: report.expectation.map(|it| (it.far_node.to_string(), it.far_port.as_deref().map(str::to_owned))),
            observed: report.observed(),
            system_name: pdu.as_ref().and_then(|pdu| pdu.system_name).map(text),
            port_id: pdu.as_ref().map(|pdu| pdu.port_id.to_string()),
            port_description: pdu.as_ref().and_then(|pdu| pdu.port_description).map(text),
            match_on: match_on(report),
            cached: report.cached,
            changed: report.changed_at.map(|at| now.since(at)),
            explanation: monitor::explain(report),
            advice: report.advice.clone(),
            difference: report.difference.as_ref().map(|difference| Difference {
                field: difference.field.as_str().to_owned(),
                expected: difference.expected.clone(),
                observed: difference.observed.clone(),
            }),
            interface,
        }
    }
}

impl NeighborRow {
    /// The rows of all neighbors on a port.
    pub fn from_report<'a>(report: &Report<'a>, now: BootTime) -> impl Iterator<Item = Self> + use<'a> {
        let (port, deciding, match_on) = (report.port, report.neighbor, match_on(report));
        report.neighbors.iter().map(move |neighbor| {
            let pdu = neighbor.pdu();
            Self {
                port: port.to_owned(),
                system_name: pdu.system_name.map(text),
                port_id: pdu.port_id.to_string(),
                port_description: pdu.port_description.map(text),
                match_on,
                changed: now.since(neighbor.changed_at()),
                chassis_id: pdu.chassis_id.to_string(),
                system_description: pdu.system_description.map(text),
                management_addresses: pdu.management_addresses().map(|it| it.address.to_string()).collect(),
                ttl: neighbor.ttl(),
                heard: now.since(neighbor.last_heard()),
                decides: deciding.is_some_and(|deciding| std::ptr::eq(deciding, neighbor)),
            }
        })
    }
}

impl From<&Event> for Change {
    fn from(event: &Event) -> Self {
        let Event { port, before, after, expected, observed, explanation, advice, .. } = event;
        Self {
            port: port.to_string(),
            before: *before,
            after: *after,
            expected: expected.clone(),
            observed: observed.clone(),
            explanation: explanation.clone(),
            advice: advice.clone(),
        }
    }
}

fn match_on(report: &Report<'_>) -> Option<&'static str> {
    report.expectation.map(|expectation| match expectation.match_type {
        MatchType::IfName => "IfName",
        MatchType::PortDescr => "PortDescr",
        MatchType::Any => "Any",
    })
}

/// LLDP's text as it came where it is text; the way out cleans it.
fn text(text: Text<'_>) -> String {
    text.to_str().map_or_else(|| text.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
