//! How the plan stands: what is in force since when, and what is wrong with the file since.
//!
//! Plain data, pure: the control socket shows it, and metrics can.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::control::rows::PlanRow;
use crate::escape::shown;
use crate::logging::with_causes;
use crate::plan::{Expectation, Plan};
use crate::plan_file::PlanFileError;
use crate::time::BootTime;
use crate::words::count;

/// How the plan stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanStatus {
    /// The plan that verdicts rest on.
    pub in_force: InForce,
    /// What is wrong with the file as it was last read; `None`: it is what is in force.
    pub failure: Option<PlanFailure>,
}

/// The plan that verdicts rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The topology file.
    pub file: PathBuf,
    /// Its SHA-256 as `sha256sum` prints it.
    pub sha256: String,
    /// This machine's name in it.
    pub node: String,
    /// When it was put in force.
    pub since: BootTime,
    /// How long reading it took.
    pub took: Duration,
    /// Links of the whole plan.
    pub links: usize,
    /// Nodes of the whole plan.
    pub nodes: usize,
    /// Ports of this node that it names.
    pub ports: usize,
}

/// Why the file on disk is not what is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFailure {
    /// When it was first found broken.
    pub since: BootTime,
    /// In one line, as it was last found.
    pub error: String,
    /// Each of its problems in one line, a bounded number; empty if there is no more to say.
    pub problems: Vec<String>,
}

impl InForce {
    /// The account of a plan put in force `since` then.
    pub fn new(file: PathBuf, sha256: String, plan: &Plan, took: Duration, since: BootTime) -> Self {
        let directory = plan.directory();
        Self {
            file,
            sha256,
            node: plan.node().to_owned(),
            since,
            took,
            links: directory.link_count(),
            nodes: directory.node_count(),
            ports: plan.expectations().len(),
        }
    }
}

impl PlanFailure {
    /// The account of a file that can't be used `since` then.
    pub fn new(error: &PlanFileError, since: BootTime) -> Self {
        let problems = match error {
            PlanFileError::Malformed { lines, .. } => lines.clone(),
            _ => Vec::new(),
        };
        Self { since, error: shown(&with_causes(error)), problems }
    }

    /// Tells the log.
    pub fn log(&self) {
        tracing::error!("the topology file can't be used, the plan from before stays in force: {}", self.error);
        for problem in &self.problems {
            tracing::error!("{problem}");
        }
    }
}

impl PlanStatus {
    /// A plan in force whose file is in order.
    pub const fn new(in_force: InForce) -> Self {
        Self { in_force, failure: None }
    }

    /// Notes that the file could not be used.
    pub fn failed(&mut self, error: &PlanFileError, now: BootTime) -> &PlanFailure {
        let since = self.failure.as_ref().map_or(now, |failure| failure.since);
        self.failure.insert(PlanFailure::new(error, since))
    }

    /// What is wrong with the file, in one line.
    pub fn error(&self) -> Option<&str> {
        self.failure.as_ref().map(|failure| failure.error.as_str())
    }

    /// The same for the control socket.
    pub fn row(&self, now: BootTime) -> PlanRow {
        let Self { in_force: InForce { file, sha256: _, node, since, took, links, nodes, ports }, failure } = self;
        PlanRow {
            file: file.display().to_string(),
            node: node.clone(),
            loaded: now.since(*since),
            took: *took,
            links: *links,
            nodes: *nodes,
            ports: *ports,
            broken: failure.as_ref().map(|failure| now.since(failure.since)),
            error: self.error().map(str::to_owned),
            problems: failure.as_ref().map_or_else(Vec::new, |failure| failure.problems.clone()),
        }
    }
}

/// What a new plan changes for this machine, in words.
pub(super) fn changes(old: &Plan, new: &Plan) -> String {
    let directory = new.directory();
    let whole = format!("{}, {}", count(directory.link_count(), "link"), count(directory.node_count(), "node"));
    match changed_ports(old.expectations(), new.expectations()) {
        0 => format!("unchanged for {} of this machine ({whole})", count(new.expectations().len(), "port")),
        1 => format!("1 of this machine's ports changed ({whole})"),
        changed => format!("{changed} of this machine's ports changed ({whole})"),
    }
}

/// Ports that one plan names and the other does not, or of which they expect different things.
fn changed_ports(old: &[Expectation], new: &[Expectation]) -> usize {
    let by_port: HashMap<&str, &Expectation> =
        old.iter().map(|expectation| (&*expectation.port, expectation)).collect();
    let in_both = new.iter().filter_map(|expectation| Some((expectation, *by_port.get(&*expectation.port)?)));
    let (both, same) = in_both.fold((0, 0), |(both, same), (one, other)| (both + 1, same + usize::from(one == other)));
    old.len() + new.len() - both - same
}
