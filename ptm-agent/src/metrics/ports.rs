//! What is told of each port.
//!
//! What strangers say of themselves is on `ptm_port_neighbor_info` alone: a neighbor that talks nonsense makes no series
//! come and go that an alert looks at.

use std::borrow::Cow;
use std::fmt;

use super::exposition::{Exposition, label};
use super::families::{count, seconds};
use crate::api::Count;
use crate::lldp::Text;
use crate::monitor::{Neighbor, Report, Statistics, Status};
use crate::snapshot::Snapshot;

/// A counter of 802.1AB: the metric, what it counts, and where it stands.
type Statistic = (&'static str, &'static str, fn(&Statistics) -> u64);

/// In the order of [`Statistics::named`].
pub(super) const STATISTICS: [Statistic; 7] = [
    ("ptm_lldp_frames_in_total", "LLDP frames that came in.", |it| it.frames_in),
    ("ptm_lldp_frames_discarded_total", "LLDP frames that were thrown away whole.", |it| it.frames_discarded),
    ("ptm_lldp_frames_in_error_total", "LLDP frames with anything wrong in them.", |it| it.frames_in_error),
    ("ptm_lldp_tlvs_discarded_total", "TLVs thrown away from frames that were kept.", |it| it.tlvs_discarded),
    ("ptm_lldp_tlvs_unrecognized_total", "TLVs of a type that the agent does not know.", |it| it.tlvs_unrecognized),
    ("ptm_lldp_ageouts_total", "Neighbors whose TTL ran out.", |it| it.ageouts),
    ("ptm_lldp_too_many_neighbors_total", "LLDP frames of neighbors that there was no room for.", |it| {
        it.too_many_neighbors
    }),
];

/// The ports of an agent.
pub(super) fn ports(out: &mut Exposition<'_>, snapshot: &Snapshot) -> fmt::Result {
    let reports = snapshot.monitor.reports();
    let ports: Vec<Port<'_>> = reports.map(|report| Port { name: label(report.port), report }).collect();
    verdicts(out, &ports)?;
    history(out, &ports, snapshot)?;
    links(out, &ports, snapshot)?;
    expected(out, &ports, snapshot.monitor.plan().node())?;
    neighbors(out, &ports)?;
    statistics(out, &ports, snapshot)
}

/// A port with a verdict.
struct Port<'a> {
    name: Cow<'a, str>,
    report: Report<'a>,
}

fn verdicts(out: &mut Exposition<'_>, ports: &[Port<'_>]) -> fmt::Result {
    let mut family = out.gauge("ptm_port_status", "Whether the port has this status.")?;
    for Port { name, report } in ports {
        for status in Status::ALL {
            let is = report.reason.status() == status;
            family.series(&[("port", name), ("status", status.as_str())], u64::from(is))?;
        }
    }
    // Of the reason that holds alone: ten zeros a port would be a third of all that is told.
    let mut family = out.gauge("ptm_port_reason", "1: the reason for which the port has its status.")?;
    for Port { name, report } in ports {
        family.series(&[("port", name), ("reason", report.reason.as_str())], 1_u64)?;
    }
    let help = "Whether the verdict is from before the agent's restart and LLDP has not confirmed it yet.";
    let mut family = out.gauge("ptm_port_cached", help)?;
    for Port { name, report } in ports {
        family.series(&[("port", name)], u64::from(report.cached))?;
    }
    let mut counts = Count::default();
    for port in ports {
        counts.add(port.report.reason.status());
    }
    let Count { pass, fail, no_info } = counts;
    let mut family = out.gauge("ptm_ports", "Ports that have this status.")?;
    for (status, ports) in [(Status::Pass, pass), (Status::Fail, fail), (Status::NoInfo, no_info)] {
        family.series(&[("status", status.as_str())], count(ports))?;
    }
    Ok(())
}

fn history(out: &mut Exposition<'_>, ports: &[Port<'_>], snapshot: &Snapshot) -> fmt::Result {
    let mut family = out.counter("ptm_port_transitions_total", "Changes of the port's reason.")?;
    for Port { name, report } in ports {
        family.series(&[("port", name)], report.transitions)?;
    }
    let help = "When the verdict, or what LLDP says on the port, last changed.";
    let mut family = out.gauge("ptm_port_last_change_timestamp_seconds", help)?;
    for Port { name, report } in ports {
        if let Some(at) = report.changed_at {
            family.series(&[("port", name)], seconds(snapshot.timestamp(at)))?;
        }
    }
    Ok(())
}

/// Only of ports that this machine has.
fn links(out: &mut Exposition<'_>, ports: &[Port<'_>], snapshot: &Snapshot) -> fmt::Result {
    let mut family = out.gauge("ptm_port_carrier", "Whether the link has carrier.")?;
    for Port { name, report } in ports.iter().filter(|port| port.report.ifindex.is_some()) {
        family.series(&[("port", name)], u64::from(report.carrier))?;
    }
    let mut family = out.gauge("ptm_port_listening", "Whether LLDP frames are captured on the port.")?;
    for Port { name, report } in ports {
        if let Some(ifindex) = report.ifindex {
            family.series(&[("port", name)], u64::from(snapshot.listens(ifindex)))?;
        }
    }
    Ok(())
}

fn expected(out: &mut Exposition<'_>, ports: &[Port<'_>], node: &str) -> fmt::Result {
    let mut family =
        out.info("ptm_port_expected_info", "The far end by the plan; both ends name the cable the same.")?;
    for Port { name, report } in ports {
        let Some(expectation) = report.expectation else { continue };
        let (far_node, far_port) = (&*expectation.far_node, expectation.far_port.as_deref());
        let cable = cable((node, Some(report.port)), (far_node, far_port));
        let (far_node, far_port) = (label(far_node), label(far_port.unwrap_or_default()));
        family.series(&[("port", name), ("cable", &cable), ("far_node", &far_node), ("far_port", &far_port)], 1_u64)?;
    }
    Ok(())
}

/// The name of a cable between these ends, a node and its port where the plan gives one: the same whichever comes first.
pub fn cable(one: (&str, Option<&str>), other: (&str, Option<&str>)) -> String {
    let end = |(node, port): (&str, Option<&str>)| match port {
        Some(port) => format!("{node}:{port}"),
        None => node.to_owned(),
    };
    let mut ends = [end(one), end(other)];
    ends.sort_unstable();
    format!("{} -- {}", label(&ends[0]), label(&ends[1]))
}

fn neighbors(out: &mut Exposition<'_>, ports: &[Port<'_>]) -> fmt::Result {
    let mut family = out.gauge("ptm_port_neighbors", "Neighbors heard on the port.")?;
    for Port { name, report } in ports {
        family.series(&[("port", name)], count(report.neighbors.len()))?;
    }
    let mut family =
        out.info("ptm_port_neighbor_info", "The neighbor that the verdict rests on, as it calls itself.")?;
    for Port { name, report } in ports {
        let Some(pdu) = report.neighbor.map(Neighbor::pdu) else { continue };
        let (chassis_id, port_id) = (pdu.chassis_id.to_string(), pdu.port_id.to_string());
        let system_name = pdu.system_name.map_or(Cow::Borrowed(""), text);
        let (chassis_id, port_id, system_name) = (label(&chassis_id), label(&port_id), label(&system_name));
        family.series(
            &[("port", name), ("chassis_id", &chassis_id), ("port_id", &port_id), ("system_name", &system_name)],
            1_u64,
        )?;
    }
    Ok(())
}

/// As it came where it is text.
fn text(text: Text<'_>) -> Cow<'_, str> {
    text.to_str().map_or_else(|| text.to_string().into(), Cow::Borrowed)
}

fn statistics(out: &mut Exposition<'_>, ports: &[Port<'_>], snapshot: &Snapshot) -> fmt::Result {
    let of_ports = ports.iter().filter_map(|port| Some((port.name.as_ref(), port.report.statistics?)));
    let others: Vec<_> = snapshot.monitor.others().map(|(name, statistics)| (label(name), statistics)).collect();
    let others = others.iter().map(|(name, statistics)| (name.as_ref(), *statistics));
    for (metric, help, get) in STATISTICS {
        let mut family = out.counter(metric, help)?;
        for (port, statistics) in of_ports.clone().chain(others.clone()) {
            family.series(&[("port", port)], get(statistics))?;
        }
    }
    Ok(())
}
