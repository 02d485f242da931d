//! Reading the topology file, at the start and again: on SIGHUP, on SIGUSR1 as ptmd, when the file changes, when a
//! client asks for it.
//!
//! [`Reader`] owns how the file is found, the watch on it and the reading under way; the map has one, too. [`Reload`] owns
//! the account of how that went. It does not own the plan: [`Reload::next`] hands what was read to the agent,
//! [`Reload::conclude`] says what becomes of it. Nothing waits for a reading, which may take half a second for a million
//! links, or longer where the resolver is asked.

mod reader;
mod status;

pub use self::reader::{Loaded, Reader, Signals, Source, Take, Usable};
pub use self::status::{InForce, PlanFailure, PlanStatus};
use crate::clock;
use crate::control::{ClientId, Command, Refusal, ReloadFailed};
use crate::plan::Plan;
use crate::plan_file::{DEFAULT_PATHS, PlanFile, PlanFileError};
use crate::time::{Age, BootTime};

/// A client that waits for the result, and its command.
type Asker = (ClientId, Command);

/// What is to be done once a topology file was read.
#[derive(Debug)]
pub struct Conclusion {
    /// The plan to put in force, if there is one.
    pub plan: Option<Plan>,
    /// What to tell those who asked: what changed, or why nothing did.
    pub result: Result<String, ReloadFailed>,
    /// Those who asked.
    pub askers: Vec<Asker>,
}

/// The owner of reading the topology file.
#[derive(Debug)]
pub struct Reload {
    reader: Reader<Plan>,
    /// Who waits for which reading. No more than there are clients: each waits for its answer.
    askers: Vec<(u64, Asker)>,
    status: PlanStatus,
}

impl Reload {
    /// Reads the topology file for the first time, in place, and watches it from then on. Warnings go to standard
    /// error. Needs a tokio runtime.
    pub fn start(source: Source, signals: Signals) -> Result<(Self, Plan), PlanFileError> {
        let (reader, Usable { file, sha256, plan }, took) = Reader::start(source, own_plan, signals)?;
        let status = PlanStatus::new(InForce::new(file, sha256, &plan, took, clock::now()));
        Ok((Self { reader, askers: Vec::new(), status }, plan))
    }

    /// Reads the file for a client, which gets the result by [`Conclusion::askers`].
    pub fn ask(&mut self, client: ClientId, command: Command) {
        let number = self.reader.request();
        self.askers.push((number, (client, command)));
    }

    /// Waits for a reading to end, and begins one for every reason there is. Cancel safe.
    pub async fn next(&mut self) -> Loaded<Plan> {
        self.reader.next().await
    }

    /// Says what becomes of what was read, in place of the plan that is in `force`; tells the log.
    pub fn conclude(&mut self, loaded: Loaded<Plan>, force: &Plan, now: BootTime) -> Conclusion {
        let Loaded { result, has_warnings, took, number, .. } = loaded;
        let askers = self.askers.extract_if(.., |(wanted, _)| *wanted <= number).map(|(_, asker)| asker).collect();
        match result {
            Ok(Usable { file, sha256, plan }) => {
                let mended = self.status.failure.as_ref().map(|failure| now.since(failure.since));
                let told = status::changes(force, &plan);
                let warned = if has_warnings { "; it has warnings, `ptmctl check FILE` shows them" } else { "" };
                let mended = mended.map_or_else(String::new, |age| format!("; it had been broken for {}", Age(age)));
                tracing::info!("topology file reloaded: {told}{warned}{mended}");
                self.status = PlanStatus::new(InForce::new(file, sha256, &plan, took, now));
                Conclusion { plan: Some(plan), result: Ok(told + warned), askers }
            }
            Err(error) => {
                let failure = self.status.failed(&error, now);
                failure.log();
                Conclusion { plan: None, result: Err(refusal(&error, failure)), askers }
            }
        }
    }

    /// How the plan stands.
    pub fn status(&self) -> &PlanStatus {
        &self.status
    }
}

/// This machine's part of the plan.
fn own_plan(source: &Source, file: PlanFile) -> Result<Plan, PlanFileError> {
    let node = file.node_name(source.node.as_deref())?;
    file.plan_for(&node)
}

/// What clients are told: a sentence as users know it from ptmd where there is one, and what it leaves out.
fn refusal(error: &PlanFileError, failure: &PlanFailure) -> ReloadFailed {
    let why = match error {
        PlanFileError::None => Refusal::CannotOpenFile(DEFAULT_PATHS[0].into()),
        PlanFileError::Unreadable { path, .. } => Refusal::CannotOpenFile(path.clone()),
        PlanFileError::UnknownNode { unknown, .. } if unknown.node.is_empty() => Refusal::NoHostname,
        PlanFileError::NoAddress { .. } => Refusal::NoHostname,
        PlanFileError::UnknownNode { path, unknown } => {
            Refusal::CannotFindNode { file: path.clone(), node: (*unknown.node).into() }
        }
        PlanFileError::Malformed { .. } | PlanFileError::Panicked { .. } => Refusal::UnusablePlan(error.to_string()),
    };
    let problems = if failure.problems.is_empty() { vec![failure.error.clone()] } else { failure.problems.clone() };
    ReloadFailed { why, problems }
}

#[cfg(test)]
mod tests;
