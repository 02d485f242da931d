//! Prometheus metrics, made from a [`Snapshot`] at each scrape, so that no series outlives what it is about.
//!
//! `docs/metrics.md` says what each is for.

mod exposition;
mod families;
mod ports;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::sync::Arc;

use prometheus_client::metrics::histogram::Histogram;

pub use self::exposition::{Exposition, Family, Format, LONGEST_LABEL, Value, expose, label};
pub use self::families::{build_info, http, plan};
use self::families::{by_why, count};
pub use self::ports::cable;
use crate::snapshot::Snapshot;
use crate::{control, hooks, netlink, web};

/// Bounds of the buckets in which latencies are counted, in seconds: about the budgets, 80 and 300 µs, and what is far
/// beyond them.
const LATENCY_BUCKETS: [f64; 10] = [20e-6, 40e-6, 80e-6, 160e-6, 300e-6, 600e-6, 1.2e-3, 10e-3, 0.1, 1.0];

/// About as many bytes as the series of a port have, so that room for all is made at once.
const BYTES_A_PORT: usize = 2_048;

/// An empty histogram of latencies.
pub fn latency() -> Histogram {
    Histogram::new(LATENCY_BUCKETS)
}

/// The metrics of an agent and of its HTTP server.
pub fn text(snapshot: Arc<Snapshot>, counts: web::Counts, format: Format) -> String {
    let capacity = (snapshot.monitor.plan().expectations().len() + 8) * BYTES_A_PORT;
    expose(format, capacity, move |out| {
        build_info(out)?;
        agent(out, &snapshot)?;
        plan(out, &snapshot.plan())?;
        http(out, &counts)
    })
}

fn agent(out: &mut Exposition<'_>, snapshot: &Snapshot) -> fmt::Result {
    let Snapshot { plan, kernel, links, control, hooks, latency, .. } = snapshot;
    out.info("ptm_node_info", "The machine's name in the plan.")?
        .series(&[("node", &label(&plan.in_force.node))], 1_u64)?;
    ports::ports(out, snapshot)?;
    out.gauge("ptm_plan_ports", "Ports of this machine that the plan in force names.")?
        .value(count(plan.in_force.ports))?;
    let ptm_common::Counters { seen, captured, ring_full, truncated } = *kernel;
    for (name, help, value) in [
        ("ptm_kernel_frames_seen_total", "LLDP frames that came by in the kernel.", seen),
        ("ptm_kernel_frames_captured_total", "LLDP frames that were handed to the agent.", captured),
        ("ptm_kernel_frames_ring_full_total", "LLDP frames that were lost because the ring was full.", ring_full),
        ("ptm_kernel_frames_truncated_total", "Captured frames that were cut for their length.", truncated),
    ] {
        out.counter(name, help)?.value(value)?;
    }
    let help = "Time from a frame's capture in the kernel to the event that it caused.";
    out.histogram("ptm_event_latency_seconds", help, latency)?;
    hook_runs(out, *hooks)?;
    control_socket(out, *control)?;
    let netlink::Counters { overruns, resyncs, failures } = *links;
    for (name, help, value) in [
        ("ptm_netlink_overruns_total", "Times that the kernel dropped news of interfaces.", overruns),
        ("ptm_netlink_resyncs_total", "Times that all interfaces were listed, at the start too.", resyncs),
        ("ptm_netlink_failures_total", "Reads and listings of interfaces that failed.", failures),
    ] {
        out.counter(name, help)?.value(value)?;
    }
    Ok(())
}

fn hook_runs(out: &mut Exposition<'_>, counters: hooks::Counters) -> fmt::Result {
    let hooks::Counters { runs, failures, timeouts, missing, dropped, last_duration: _, total_duration } = counters;
    for (name, help, value) in [
        ("ptm_hook_runs_total", "Hooks that ran, however they ended.", runs),
        ("ptm_hook_failures_total", "Hooks that could not be started or ended with an error.", failures),
        ("ptm_hook_timeouts_total", "Hooks that were killed at the time limit.", timeouts),
        ("ptm_hook_missing_total", "Changes for which there is no hook.", missing),
        ("ptm_hook_dropped_total", "Runs of hooks that were never started.", dropped),
    ] {
        out.counter(name, help)?.value(value)?;
    }
    out.counter("ptm_hook_duration_seconds_total", "How long all hooks took.")?.value(total_duration.as_secs_f64())
}

fn control_socket(out: &mut Exposition<'_>, counters: control::Counters) -> fmt::Result {
    let control::Counters { connected, accepted, refused, refused_of_user, dropped_slow, malformed } = counters;
    out.gauge("ptm_control_clients", "Clients of the control socket.")?.value(count(connected))?;
    out.counter("ptm_control_clients_accepted_total", "Clients that were accepted.")?.value(accepted)?;
    let why = [("too-many", refused), ("too-many-of-user", refused_of_user)];
    by_why(out, "ptm_control_clients_refused_total", "Clients that were turned away.", &why)?;
    out.counter("ptm_control_clients_dropped_total", "Clients that were disconnected because they did not read.")?
        .value(dropped_slow)?;
    out.counter("ptm_control_malformed_total", "Messages on the control socket that were no command.")?.value(malformed)
}
