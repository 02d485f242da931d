//! What is told of each port.
//!
//! What strangers say of themselves is on `ptm_port_neighbor_info` alone: a neighbor that talks nonsense makes no series
//! come and go that an alert looks at.

use std::borrow::Cow;
use std::fmt;

use super::exposition::{Exposition, label};
use super::families::{count, seconds};
use crate::api::Count;
use crate::control::rows::{Interface, PortRow};
use crate::monitor::{Reason, Statistics, Status};
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
    let ports: Vec<Port<'_>> = snapshot.ports.iter().map(|row| Port { name: label(&row.port), row }).collect();
    verdicts(out, &ports)?;
    history(out, &ports, snapshot)?;
    links(out, &ports)?;
    expected(out, &ports, &snapshot.plan.in_force.node)?;
    neighbors(out, &ports, snapshot)?;
    statistics(out, &ports, snapshot)
}

/// A port with a verdict.
struct Port<'a> {
    name: Cow<'a, str>,
    row: &'a PortRow,
}

fn verdicts(out: &mut Exposition<'_>, ports: &[Port<'_>]) -> fmt::Result {
    let mut family = out.gauge("ptm_port_status", "Whether the port has this status.")?;
    for Port { name, row } in ports {
        for status in Status::ALL {
            let is = row.reason.status() == status;
            family.series(&[("port", name), ("status", status.as_str())], u64::from(is))?;
        }
    }
    let mut family = out.gauge("ptm_port_reason", "Whether the port has its status for this reason.")?;
    for Port { name, row } in ports {
        for reason in Reason::ALL {
            family.series(&[("port", name), ("reason", reason.as_str())], u64::from(row.reason == reason))?;
        }
    }
    let help = "Whether the verdict is from before the agent's restart and LLDP has not confirmed it yet.";
    let mut family = out.gauge("ptm_port_cached", help)?;
    for Port { name, row } in ports {
        family.series(&[("port", name)], u64::from(row.cached))?;
    }
    let mut counts = Count::default();
    ports.iter().for_each(|port| counts.add(port.row.reason.status()));
    let Count { pass, fail, no_info } = counts;
    let mut family = out.gauge("ptm_ports", "Ports that have this status.")?;
    for (status, ports) in [(Status::Pass, pass), (Status::Fail, fail), (Status::NoInfo, no_info)] {
        family.series(&[("status", status.as_str())], count(ports))?;
    }
    Ok(())
}

fn history(out: &mut Exposition<'_>, ports: &[Port<'_>], snapshot: &Snapshot) -> fmt::Result {
    let mut family = out.counter("ptm_port_transitions_total", "Changes of the port's reason.")?;
    for Port { name, row } in ports {
        family.series(&[("port", name)], row.transitions)?;
    }
    let help = "When the verdict, or what LLDP says on the port, last changed.";
    let mut family = out.gauge("ptm_port_last_change_timestamp_seconds", help)?;
    for Port { name, row } in ports {
        if let Some(age) = row.changed {
            family.series(&[("port", name)], seconds(snapshot.timestamp_before(age)))?;
        }
    }
    Ok(())
}

/// Only of ports that this machine has.
fn links(out: &mut Exposition<'_>, ports: &[Port<'_>]) -> fmt::Result {
    let mut of_interfaces = |name: &str, help: &str, is: fn(&Interface) -> bool| {
        let mut family = out.gauge(name, help)?;
        for Port { name, row } in ports {
            if let Some(interface) = &row.interface {
                family.series(&[("port", name)], u64::from(is(interface)))?;
            }
        }
        Ok(())
    };
    of_interfaces("ptm_port_carrier", "Whether the link has carrier.", |interface| interface.carrier)?;
    of_interfaces("ptm_port_listening", "Whether LLDP frames are captured on the port.", |interface| {
        matches!(interface.capture, Some(Ok(_)))
    })
}

fn expected(out: &mut Exposition<'_>, ports: &[Port<'_>], node: &str) -> fmt::Result {
    let mut family =
        out.info("ptm_port_expected_info", "The far end by the plan; both ends name the cable the same.")?;
    for Port { name, row } in ports {
        let Some((far_node, far_port)) = &row.far else { continue };
        let far_port = far_port.as_deref();
        let cable = cable((node, Some(&row.port)), (far_node, far_port));
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

fn neighbors(out: &mut Exposition<'_>, ports: &[Port<'_>], snapshot: &Snapshot) -> fmt::Result {
    let mut family = out.gauge("ptm_port_neighbors", "Neighbors heard on the port.")?;
    let mut rest = snapshot.neighbors.as_slice();
    for Port { name, row } in ports {
        let here = rest.iter().take_while(|neighbor| neighbor.port == row.port).count();
        rest = &rest[here..];
        family.series(&[("port", name)], count(here))?;
    }
    let mut family =
        out.info("ptm_port_neighbor_info", "The neighbor that the verdict rests on, as it calls itself.")?;
    for neighbor in snapshot.neighbors.iter().filter(|neighbor| neighbor.decides) {
        let system_name = label(neighbor.system_name.as_deref().unwrap_or_default());
        let (port, chassis_id, port_id) =
            (label(&neighbor.port), label(&neighbor.chassis_id), label(&neighbor.port_id));
        family.series(
            &[("port", &port), ("chassis_id", &chassis_id), ("port_id", &port_id), ("system_name", &system_name)],
            1_u64,
        )?;
    }
    Ok(())
}

fn statistics(out: &mut Exposition<'_>, ports: &[Port<'_>], snapshot: &Snapshot) -> fmt::Result {
    let of_ports = ports.iter().filter_map(|port| Some((port.name.as_ref(), &port.row.interface.as_ref()?.counters)));
    let others: Vec<_> = snapshot.others.iter().map(|(name, statistics)| (label(name), statistics)).collect();
    let others = others.iter().map(|(name, statistics)| (name.as_ref(), *statistics));
    for (metric, help, get) in STATISTICS {
        let mut family = out.counter(metric, help)?;
        for (port, statistics) in of_ports.clone().chain(others.clone()) {
            family.series(&[("port", port)], get(statistics))?;
        }
    }
    Ok(())
}
