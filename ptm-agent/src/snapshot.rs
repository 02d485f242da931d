//! The agent's whole state at one moment, as plain data of its own: what the agent's task hands to whoever serves it.
//!
//! Metrics and API answers are made from it elsewhere, on another thread, so that a scrape costs the agent's task no
//! more than copying: what the monitor has of a thousand ports is copied in a fraction of a millisecond, as names and
//! LLDPDUs are shared, and takes milliseconds to be put into words.

use std::collections::{BTreeSet, HashMap};
use std::iter;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use prometheus_client::metrics::histogram::Histogram;
use ptm_common::IfIndex;

use crate::api::{self, End, Kind, Link, Timestamp, Verdict};
use crate::capture::AttachPoint;
use crate::clock::WallClock;
use crate::control;
use crate::control::rows::{self, Attachment, NeighborRow, PortRow};
use crate::escape::shown;
use crate::hooks;
use crate::monitor::{Event, Monitor, Reason, Report, Status};
use crate::netlink::{self, driver, firmware_lldp_advice};
use crate::plan::Plan;
use crate::reload::PlanStatus;
use crate::time::BootTime;

/// The agent's state at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The moment.
    pub now: BootTime,
    /// What moments are on the wall clock.
    pub wall: WallClock,
    /// The place in the event stream.
    pub cursor: String,
    /// The oldest one that can still be had.
    pub oldest: String,
    /// How the plan stands.
    pub plan: PlanStatus,
    /// The ports.
    pub monitor: Monitor,
    /// Where frames are captured, or why they are not.
    pub captures: HashMap<IfIndex, Result<AttachPoint, String>>,
    /// What is asked for by [`Snapshot::ports`].
    pub rows: OnceLock<Vec<PortRow>>,
    /// What is asked for by [`Snapshot::topology_json`].
    pub json: OnceLock<Bytes>,
    /// What the kernel half counted.
    pub kernel: ptm_common::Counters,
    /// What befell the watcher of interfaces.
    pub links: netlink::Counters,
    /// What happened on the control socket.
    pub control: control::Counters,
    /// What became of hooks.
    pub hooks: hooks::Counters,
    /// From a frame in the kernel to the event that it caused, in seconds.
    pub latency: Histogram,
}

impl Snapshot {
    fn server(&self) -> api::Server {
        api::Server {
            kind: Kind::Agent,
            node: Some(self.plan.in_force.node.clone()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            time: self.timestamp(self.now),
        }
    }

    /// Every port with a verdict: the plan's in the plan's order, then those that only have a neighbor. Put into words
    /// when first asked for.
    pub fn ports(&self) -> &[PortRow] {
        self.rows.get_or_init(|| self.monitor.reports().map(|report| self.row(&report)).collect())
    }

    fn row(&self, report: &Report<'_>) -> PortRow {
        let capture = report.ifindex.and_then(|ifindex| self.captures.get(&ifindex).cloned());
        port_row(report, capture, self.now)
    }

    /// Whether LLDP frames are captured on this interface.
    pub fn listens(&self, ifindex: IfIndex) -> bool {
        matches!(self.captures.get(&ifindex), Some(Ok(_)))
    }

    /// For `GET /api/v1/topology`.
    pub fn topology(&self) -> api::Topology {
        let (planned, unplanned): (Vec<_>, Vec<_>) = self.ports().iter().partition(|row| row.planned);
        let links = planned.into_iter().filter_map(|row| Some(Link { ends: [self.end(row), far_end(row)?] }));
        api::Topology {
            server: self.server(),
            cursor: self.cursor.clone(),
            oldest: self.oldest.clone(),
            plan: self.plan(),
            nodes: nodes(self.monitor.plan()),
            links: links.collect(),
            unplanned: unplanned.into_iter().map(|row| self.end(row)).collect(),
        }
    }

    /// The same as JSON: made when first asked for, for all who share this snapshot.
    pub fn topology_json(&self) -> Bytes {
        let make = || serde_json::to_vec(&self.topology()).expect("plain data is serialised without errors").into();
        self.json.get_or_init(make).clone()
    }

    /// For `GET /api/v1/status`.
    pub fn summary(&self) -> api::Summary {
        let mut ports = api::Count::default();
        self.ports().iter().for_each(|row| ports.add(row.reason.status()));
        let failing = self.ports().iter().filter(|row| row.reason.status() == Status::Fail);
        let failing = failing.map(|row| self.end(row)).collect();
        api::Summary { server: self.server(), plan: self.plan(), ports, failing, agents: None }
    }

    /// For `GET /api/v1/ports/NAME`; `None` where the port has no verdict.
    pub fn port(&self, name: &str) -> Option<api::PortDetail> {
        let report = self.monitor.report(name)?;
        let row = &self.row(&report);
        let neighbors = NeighborRow::from_report(&report, self.now);
        Some(api::PortDetail {
            server: self.server(),
            end: self.end(row),
            far: far_end(row),
            match_on: row.match_on.map(str::to_owned),
            interface: row.interface.as_ref().map(interface),
            neighbors: neighbors.map(|neighbor| self.neighbor(&neighbor)).collect(),
        })
    }

    /// How the plan stands.
    pub fn plan(&self) -> api::Plan {
        let PlanStatus { in_force, failure } = &self.plan;
        api::Plan {
            file: in_force.file.display().to_string(),
            sha256: in_force.sha256.clone(),
            since: self.timestamp(in_force.since),
            load_seconds: in_force.took.as_secs_f64(),
            nodes: in_force.nodes,
            links: in_force.links,
            failure: failure.as_ref().map(|failure| api::PlanFailure {
                since: self.timestamp(failure.since),
                error: failure.error.clone(),
                problems: failure.problems.clone(),
            }),
        }
    }

    fn end(&self, row: &PortRow) -> End {
        let verdict = Verdict {
            status: row.reason.status(),
            reason: row.reason,
            cached: row.cached,
            carrier: row.interface.as_ref().map(|interface| interface.carrier),
            since: row.changed.map(|age| self.timestamp_before(age)),
            expected: row.expected.as_deref().map(shown),
            observed: row.observed.as_deref().map(shown),
            difference: row.difference.as_ref().map(|difference| api::Difference {
                field: difference.field.clone(),
                expected: shown(&difference.expected),
                observed: shown(&difference.observed),
            }),
            explanation: shown(&row.explanation),
            advice: row.advice.as_deref().map(shown),
        };
        End { node: self.plan.in_force.node.clone(), port: Some(shown(&row.port)), verdict: Some(verdict.into()) }
    }

    fn neighbor(&self, row: &NeighborRow) -> api::Neighbor {
        api::Neighbor {
            chassis_id: shown(&row.chassis_id),
            port_id: shown(&row.port_id),
            port_description: row.port_description.as_deref().map(shown),
            system_name: row.system_name.as_deref().map(shown),
            system_description: row.system_description.as_deref().map(shown),
            management_addresses: row.management_addresses.iter().map(|address| shown(address)).collect(),
            ttl_seconds: row.ttl.as_secs(),
            heard: self.timestamp_before(row.heard),
            since: self.timestamp_before(row.changed),
            decides: row.decides,
        }
    }

    /// What the wall clock showed at that moment.
    pub fn timestamp(&self, at: BootTime) -> Timestamp {
        self.wall.time(at).into()
    }

    /// What it showed so long before this snapshot.
    pub fn timestamp_before(&self, age: Duration) -> Timestamp {
        let age = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        self.timestamp(BootTime::from_nanos(self.now.as_nanos().saturating_sub(age)))
    }
}

/// The row of a port. `capture`: where its frames are captured, or why they are not, if that is known.
pub fn port_row(report: &Report<'_>, capture: Option<Result<AttachPoint, String>>, now: BootTime) -> PortRow {
    let attachment = |point: AttachPoint| Attachment { hook: point.hook().to_owned(), mode: point.mode().to_owned() };
    let capture = capture.map(|capture| capture.map(attachment));
    let row = PortRow::from_report(report, capture, now);
    PortRow { advice: advice(row.reason, &row.port, row.advice), ..row }
}

/// The monitor's advice, or, where nobody is heard, what the NIC's driver is known for.
pub fn advice(reason: Reason, port: &str, advice: Option<String>) -> Option<String> {
    let silent = reason == Reason::Silent;
    let firmware = silent.then(|| firmware_lldp_advice(&driver(port)?, port)).flatten();
    firmware.or(advice)
}

/// This node and those that its cables lead to, each once.
fn nodes(plan: &Plan) -> Vec<api::Node> {
    let far = plan.expectations().iter().map(|expectation| &*expectation.far_node);
    let names: BTreeSet<&str> = far.filter(|&node| node != plan.node()).collect();
    let nodes = iter::once(plan.node()).chain(names).map(|name| {
        let function = plan.directory().node(name).and_then(|node| node.function);
        api::Node { name: name.to_owned(), function: function.map(str::to_owned), agent: None }
    });
    nodes.collect()
}

fn far_end(row: &PortRow) -> Option<End> {
    let (node, port) = row.far.clone()?;
    Some(End { node, port, verdict: None })
}

fn interface(interface: &rows::Interface) -> api::Interface {
    let (capture, capture_error) = match &interface.capture {
        Some(Ok(attachment)) => (Some(format!("{} ({})", attachment.hook, attachment.mode)), None),
        Some(Err(error)) => (None, Some(shown(error))),
        None => (None, None),
    };
    let counters = interface.counters.named().map(|(name, value)| (name.to_owned(), value)).collect();
    api::Interface { ifindex: interface.ifindex, capture, capture_error, counters }
}

/// An event of the monitor on `node`, for the event stream.
pub fn port_event(event: &Event, node: &str, wall: &WallClock) -> api::PortEvent {
    let time = Timestamp::from(wall.time(event.at));
    let verdict = event.after.map(|reason| Verdict {
        status: reason.status(),
        reason,
        cached: event.cached,
        carrier: event.carrier,
        since: Some(time),
        expected: event.expected.as_deref().map(shown),
        observed: event.observed.as_deref().map(shown),
        difference: event.difference.as_ref().map(|difference| api::Difference {
            field: difference.field.as_str().to_owned(),
            expected: shown(&difference.expected),
            observed: shown(&difference.observed),
        }),
        explanation: shown(&event.explanation),
        advice: event.advice.as_deref().map(shown),
    });
    let (port, verdict) = (shown(&event.port), verdict.map(Box::new));
    let (planned, before, after) = (event.planned, event.before, event.after);
    api::PortEvent { time, node: node.to_owned(), port, planned, before, after, verdict }
}

#[cfg(test)]
mod tests;
