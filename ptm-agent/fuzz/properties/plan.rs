//! What must hold of any bytes taken as a topology file.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ptm_agent::escape::is_deceptive;
use ptm_agent::plan::{self, Diagnostic, Endpoint, LinkEnd, Plan, Topology, natural_order};
use ptm_agent::plan_file;

/// The first 100 errors, the first 100 warnings, and how many more there are of each.
const MOST_DIAGNOSTICS: usize = 202;

/// The nodes whose plans are looked at: more of them make a run longer and find nothing else.
const NODES: usize = 8;

pub(crate) fn check(bytes: &[u8]) {
    let reading = plan_file::read(bytes, "ptm.dot", false);
    check_rendered(&reading.problems, reading.errors + reading.warnings);
    let text = match plan::decode(bytes) {
        Ok(text) => text,
        Err(problem) => return check_diagnostic(&problem, &String::from_utf8_lossy(bytes)),
    };

    let (topology, diagnostics) = plan::read(text);
    assert!(diagnostics.len() <= MOST_DIAGNOSTICS, "{} diagnostics", diagnostics.len());
    for diagnostic in &diagnostics {
        check_diagnostic(diagnostic, text);
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    assert_eq!((reading.errors, reading.warnings), (errors, diagnostics.len() - errors));
    // For a terminal: the same with colours.
    assert_eq!(plan::render(&diagnostics, "ptm.dot", text, true).is_empty(), diagnostics.is_empty());

    let unknown = topology.clone().plan_for("no such node\n\u{202e}");
    assert!(unknown.is_ok() || !unknown.unwrap_err().to_string().contains(is_deceptive));
    if errors == 0 {
        check_topology(&topology);
        check_written_again(&topology);
    }
}

/// It points into the text, and its line says nothing that could deceive.
fn check_diagnostic(diagnostic: &Diagnostic, text: &str) {
    for label in &diagnostic.labels {
        let range = label.span.range();
        assert!(range.start <= range.end && text.is_char_boundary(range.start), "{diagnostic:?}");
        let before = &text[..range.start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let place = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
        assert_eq!((label.line as usize, label.column as usize), place, "{diagnostic:?}");
    }
    let line = diagnostic.one_line("ptm.dot");
    assert!(!line.contains(is_deceptive), "{line:?}");
}

fn check_rendered(problems: &str, count: usize) {
    assert_eq!(problems.is_empty(), count == 0);
    for line in problems.lines() {
        assert!(!line.contains(is_deceptive), "{line:?}");
    }
}

/// Every cable is the same from both of its ends, and a node's plan has each of its ports once, in order.
fn check_topology(topology: &Topology) {
    let directory = topology.directory();
    assert_eq!(directory.links().count(), directory.link_count());
    assert_eq!(directory.nodes().count(), directory.node_count());
    for node in directory.nodes().take(NODES) {
        let plan = topology.clone().plan_for(node.name).expect("one of its nodes");
        assert_eq!(plan.node(), node.name);
        let in_order = plan.expectations().is_sorted_by(|a, b| natural_order(&a.port, &b.port).is_lt());
        assert!(in_order, "{:?}", plan.expectations());
        check_expectations(&plan);
    }
}

fn check_expectations(plan: &Plan) {
    for expectation in plan.expectations() {
        let far = expectation.far_port.as_deref().map(|port| Endpoint { node: &expectation.far_node, port });
        assert_eq!(plan.far_end(plan.node(), &expectation.port), far);
        if let Some(Endpoint { node, port }) = far {
            let here = Endpoint { node: plan.node(), port: &expectation.port };
            assert_eq!(plan.far_end(node, port), Some(here));
        }
    }
}

/// A link's ends, the lesser first.
type Link = [(String, Option<String>); 2];

/// What was read, written plainly, reads the same.
fn check_written_again(topology: &Topology) {
    let links = links(topology);
    let mut names = links.iter().flatten().flat_map(|(node, port)| [Some(node), port.as_ref()]).flatten();
    // Such names can be written, but not this plainly.
    if names.any(|name| name.contains(|c: char| c == '\\' || c.is_control())) {
        return;
    }
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\\\""));
    let end = |(node, port): &(String, Option<String>)| match port {
        Some(port) => format!("{}:{}", quoted(node), quoted(port)),
        None => quoted(node),
    };
    let mut text = "graph {\n".to_owned();
    for [one, other] in &links {
        writeln!(text, "  {} -- {}", end(one), end(other)).expect("a string takes everything");
    }
    let (again, diagnostics) = plan::read(&(text + "}\n"));
    assert!(!diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:?}");
    assert_eq!(self::links(&again), links);
}

fn links(topology: &Topology) -> BTreeSet<Link> {
    let end = |LinkEnd { node, port }: LinkEnd<'_>| (node.to_owned(), port.map(str::to_owned));
    let sorted = |(one, other)| {
        let mut link = [end(one), end(other)];
        link.sort();
        link
    };
    topology.directory().links().map(sorted).collect()
}
