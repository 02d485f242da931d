//! What a plan's author relies on: the language, the attributes, the diagnostics, the look-ups.

mod attributes;
mod bounds;
mod diagnostics;
mod identity;
mod language;
mod lookup;

use super::{Diagnostic, LinkEnd, Plan, Severity, Topology, read, render};

/// The topology of a text without errors.
#[track_caller]
fn good(text: &str) -> Topology {
    let (topology, diagnostics) = read(text);
    assert!(!diagnostics.iter().any(Diagnostic::is_error), "{}", render(&diagnostics, "ptm.dot", text, false));
    topology
}

/// The links of a text without errors, each as `node:port node:port` with its ends sorted, sorted.
#[track_caller]
fn links(text: &str) -> Vec<String> {
    let topology = good(text);
    let end = |end: LinkEnd<'_>| match end.port {
        Some(port) => format!("{}:{port}", end.node),
        None => end.node.to_owned(),
    };
    let mut links: Vec<String> = topology
        .directory()
        .links()
        .map(|(a, b)| {
            let mut ends = [end(a), end(b)];
            ends.sort();
            ends.join(" ")
        })
        .collect();
    links.sort();
    links
}

#[track_caller]
fn plan_of(text: &str, node: &str) -> Plan {
    good(text).plan_for(node).expect("the plan names the node")
}

/// Each diagnostic as `error 3:5 title`.
fn told(text: &str) -> Vec<String> {
    let (_, diagnostics) = read(text);
    diagnostics
        .iter()
        .map(|Diagnostic { severity, title, labels, .. }| match labels.first() {
            Some(label) => format!("{severity} {}:{} {title}", label.line, label.column),
            None => format!("{severity} {title}"),
        })
        .collect()
}

fn rendered(text: &str) -> String {
    render(&read(text).1, "ptm.dot", text, false)
}

fn count(text: &str, severity: Severity) -> usize {
    read(text).1.iter().filter(|diagnostic| diagnostic.severity == severity).count()
}
