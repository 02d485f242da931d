//! What an agent and the map both have to tell.

use std::fmt;

use super::exposition::{Exposition, label};
use crate::api::{self, Timestamp};
use crate::web::Counts;

/// Which version runs.
pub fn build_info(out: &mut Exposition<'_>) -> fmt::Result {
    out.info("ptm_build_info", "The version that runs.")?.series(&[("version", env!("CARGO_PKG_VERSION"))], 1_u64)
}

/// The plan in force, and whether its file is it.
pub fn plan(out: &mut Exposition<'_>, plan: &api::Plan) -> fmt::Result {
    let api::Plan { file, sha256, since, load_seconds, nodes, links, failure } = plan;
    out.gauge("ptm_plan_load_success", "Whether the topology file as it is now is in force: 0 if it can't be used.")?
        .value(u64::from(failure.is_none()))?;
    out.info("ptm_plan_info", "The topology file and the SHA-256 of the one in force.")?
        .series(&[("sha256", sha256), ("file", &label(file))], 1_u64)?;
    out.gauge("ptm_plan_links", "Links of the whole plan in force.")?.value(count(*links))?;
    out.gauge("ptm_plan_nodes", "Nodes of the whole plan in force.")?.value(count(*nodes))?;
    out.gauge("ptm_plan_load_duration_seconds", "How long reading the plan in force took.")?.value(*load_seconds)?;
    out.gauge("ptm_plan_load_timestamp_seconds", "When the plan in force was put in force.")?.value(seconds(*since))
}

/// What happens at the HTTP server.
pub fn http(out: &mut Exposition<'_>, counts: &Counts) -> fmt::Result {
    let Counts {
        connections,
        stream_clients,
        stream_clients_dropped,
        connections_refused,
        requests_refused,
        certificate_not_after,
    } = counts;
    out.gauge("ptm_http_connections", "Connections to the HTTP server.")?.value(count(*connections))?;
    by_why(out, "ptm_http_connections_refused_total", "Connections that were not served.", connections_refused)?;
    out.gauge("ptm_http_stream_clients", "Readers of the event stream.")?.value(count(*stream_clients))?;
    out.counter("ptm_http_stream_clients_dropped_total", "Readers of the event stream that did not keep up.")?
        .value(*stream_clients_dropped)?;
    by_why(out, "ptm_http_requests_refused_total", "Requests without the answer that they wanted.", requests_refused)?;
    let Some(not_after) = *certificate_not_after else { return Ok(()) };
    out.gauge("ptm_http_certificate_not_after_timestamp_seconds", "When the server's own certificate ends.")?
        .value(not_after)
}

/// A family of counters with the reason as their label.
pub(super) fn by_why(out: &mut Exposition<'_>, name: &str, help: &str, counts: &[(&str, u64)]) -> fmt::Result {
    let mut family = out.counter(name, help)?;
    counts.iter().try_for_each(|&(why, count)| family.series(&[("why", why)], count))
}

/// Seconds since 1970, to the millisecond.
pub(super) fn seconds(time: Timestamp) -> f64 {
    std::time::Duration::from_millis(time.unix_millis()).as_secs_f64()
}

/// A number of things as a value.
pub(super) fn count(things: usize) -> u64 {
    things as u64
}
