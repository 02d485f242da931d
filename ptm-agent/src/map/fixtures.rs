//! For tests: a plan, and what honest agents of it say.

use std::time::{Duration, UNIX_EPOCH};

use super::agents::Target;
use crate::api::{End, Kind, Link, Plan, PortEvent, Server, Timestamp, Topology, Verdict};
use crate::monitor::Reason;
use crate::web::Cursor;

pub(super) const RING: &str = "graph { a:1 -- b:1; a:2 -- c:1; b:2 -- c:2 }";

pub(super) fn at(seconds: u64) -> Timestamp {
    (UNIX_EPOCH + Duration::from_secs(seconds)).into()
}

pub(super) fn account(sha256: &str) -> Plan {
    let (file, since) = ("ptm.dot".to_owned(), at(0));
    Plan { file, sha256: sha256.to_owned(), since, load_seconds: 0.0, nodes: 3, links: 3, failure: None }
}

/// A verdict that says who gave it.
pub(super) fn verdict(reason: Reason, by: &str) -> Verdict {
    Verdict {
        status: reason.status(),
        reason,
        cached: false,
        carrier: Some(true),
        since: Some(at(1)),
        expected: None,
        observed: None,
        difference: None,
        explanation: by.to_owned(),
        advice: None,
    }
}

pub(super) fn said(node: &str, port: &str, reason: Reason) -> End {
    End { node: node.to_owned(), port: Some(port.to_owned()), verdict: Some(verdict(reason, node).into()) }
}

/// A place in the map's event stream.
pub(super) const START: Cursor = Cursor { instance: 1, number: 0, changes: None };

/// What an agent answers.
pub(super) fn answer(node: &str, ports: &[(&str, Reason)]) -> Topology {
    let far = End { node: "x".to_owned(), port: None, verdict: None };
    let links = ports.iter().map(|&(port, reason)| Link { ends: [said(node, port, reason), far.clone()] });
    Topology {
        server: Server { kind: Kind::Agent, node: Some(node.to_owned()), version: String::new(), time: at(0) },
        cursor: "1-0".to_owned(),
        oldest: "1-0".to_owned(),
        plan: account("ours"),
        nodes: Vec::new(),
        links: links.collect(),
        unplanned: Vec::new(),
    }
}

pub(super) fn port_event(node: &str, port: &str, after: Option<Reason>) -> PortEvent {
    let planned = after != Some(Reason::Unplanned);
    let verdict = after.map(|reason| verdict(reason, node).into());
    PortEvent { time: at(9), node: node.to_owned(), port: port.to_owned(), planned, before: None, after, verdict }
}

pub(super) fn target(node: Option<&str>, host: &str) -> Target {
    Target { node: node.map(Into::into), address: host.parse().unwrap() }
}
