//! Reading the topology file, at the start and again: on SIGHUP, on SIGUSR1 as ptmd, when the file changes, when a
//! client asks for it.
//!
//! It owns how the file is found, the watch on it, the reading under way and the account of how that went. It does not
//! own the plan: [`Reload::next`] hands what was read to the agent, [`Reload::conclude`] says what becomes of it. Nothing
//! waits for a reading, which may take half a second for a million links, or longer where the resolver is asked.

mod status;

use std::future::pending;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinHandle, spawn_blocking};

pub use self::status::{InForce, PlanFailure, PlanStatus};
use crate::clock;
use crate::control::{ClientId, Command, Refusal, ReloadFailed};
use crate::logging::with_causes;
use crate::plan::Plan;
use crate::plan_file::{self, DEFAULT_PATHS, PlanFileError};
use crate::plan_watch::{Identity, PlanWatch};
use crate::time::{Age, BootTime};

/// Where the plan is, and under which name it knows this machine.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The topology file; `None`: the first of [`DEFAULT_PATHS`] that is there.
    pub file: Option<PathBuf>,
    /// This machine's name in it; `None`: its own.
    pub node: Option<String>,
    /// Whether warnings go to a terminal, in colour.
    pub colour: bool,
}

/// A client that waits for the result, and its command.
type Asker = (ClientId, Command);

/// A topology file that was read, well or not.
#[derive(Debug)]
pub struct Loaded {
    result: Result<Usable, PlanFileError>,
    has_warnings: bool,
    /// What the file was before it was read.
    identity: Option<Identity>,
    took: Duration,
}

/// A topology file that may be put in force.
#[derive(Debug)]
struct Usable {
    file: PathBuf,
    sha256: String,
    plan: Plan,
}

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

/// The signals that ask for a reading. Caught from the moment this is made: until then they end the process.
#[derive(Debug)]
pub struct Signals {
    hangup: Signal,
    user1: Signal,
}

impl Signals {
    /// Catches them. Needs a tokio runtime.
    pub fn catch() -> io::Result<Self> {
        Ok(Self { hangup: signal(SignalKind::hangup())?, user1: signal(SignalKind::user_defined1())? })
    }

    async fn recv(&mut self) {
        tokio::select! {
            _ = self.hangup.recv() => {}
            _ = self.user1.recv() => {}
        }
    }
}

/// The owner of reading the topology file.
#[derive(Debug)]
pub struct Reload {
    source: Arc<Source>,
    signals: Signals,
    /// `None`: the file can't be watched, and the log says so.
    watch: Option<PlanWatch>,
    /// The reading under way; there is one at most.
    reading: Option<JoinHandle<Loaded>>,
    /// Who asked before it began.
    askers: Vec<Asker>,
    /// It was asked for again since it began: what is read may be older than that. One more reading serves them all.
    again: bool,
    /// Who asked since it began. No more than there are clients: each waits for its answer.
    later_askers: Vec<Asker>,
    status: PlanStatus,
}

impl Reload {
    /// Reads the topology file for the first time, in place, and watches it from then on. Warnings go to standard
    /// error. Needs a tokio runtime.
    pub fn start(source: Source, signals: Signals) -> Result<(Self, Plan), PlanFileError> {
        let Loaded { result, has_warnings: _, identity, took } = source.load();
        let Usable { file, sha256, plan } = result?;
        let watch = PlanWatch::open(source.paths(), identity);
        let watch = watch.inspect_err(|error| {
            tracing::warn!(
                "changes of the topology file go unnoticed, `ptmctl reload` and SIGHUP tell of them: {}",
                with_causes(error)
            );
        });
        let reload = Self {
            source: Arc::new(source),
            signals,
            watch: watch.ok(),
            reading: None,
            askers: Vec::new(),
            again: false,
            later_askers: Vec::new(),
            status: PlanStatus::new(InForce::new(file, sha256, &plan, took, clock::now())),
        };
        Ok((reload, plan))
    }

    /// Reads the file for a client, which gets the result by [`Conclusion::askers`].
    pub fn ask(&mut self, client: ClientId, command: Command) {
        self.later_askers.push((client, command));
        self.request();
    }

    fn request(&mut self) {
        self.again = true;
        if self.reading.is_none() {
            self.begin();
        }
    }

    fn begin(&mut self) {
        self.again = false;
        self.askers = std::mem::take(&mut self.later_askers);
        let source = Arc::clone(&self.source);
        self.reading = Some(spawn_blocking(move || source.load_again()));
    }

    /// Waits for a reading to end, and begins one for every reason there is. Cancel safe.
    pub async fn next(&mut self) -> Loaded {
        loop {
            let Self { signals, watch, reading, .. } = self;
            tokio::select! {
                loaded = ended(reading) => {
                    self.reading = None;
                    let loaded = loaded.unwrap_or_else(|| {
                        Loaded::failed(PlanFileError::Panicked { path: self.source.paths().swap_remove(0) })
                    });
                    if let Some(watch) = &mut self.watch {
                        watch.was_read(loaded.identity.clone());
                    }
                    return loaded;
                }
                () = changed(watch) => self.request(),
                () = signals.recv() => self.request(),
            }
        }
    }

    /// Says what becomes of what was read, in place of the plan that is in `force`; tells the log; goes on with the
    /// next reading if it was asked for meanwhile.
    pub fn conclude(&mut self, loaded: Loaded, force: &Plan, now: BootTime) -> Conclusion {
        let Loaded { result, has_warnings, identity: _, took } = loaded;
        let askers = std::mem::take(&mut self.askers);
        if self.again {
            self.begin();
        }
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
                log(failure);
                Conclusion { plan: None, result: Err(refusal(&error, failure)), askers }
            }
        }
    }

    /// How the plan stands.
    pub fn status(&self) -> &PlanStatus {
        &self.status
    }
}

impl Source {
    /// Where to look, in this order.
    fn paths(&self) -> Vec<PathBuf> {
        self.file.as_ref().map_or_else(|| DEFAULT_PATHS.map(PathBuf::from).to_vec(), |file| vec![file.clone()])
    }

    /// Reads it once more: **blocks**. A pipe may be read at the start; now it would wait for a writer, maybe for ever,
    /// and every later reading with it.
    fn load_again(&self) -> Loaded {
        match self.paths().into_iter().find(|path| path.exists()).filter(|path| !path.is_file() && !path.is_dir()) {
            Some(path) => {
                let source = io::Error::other("a pipe or a device, which can't be read again; put a file in its place");
                Loaded::failed(PlanFileError::Unreadable { path, source })
            }
            None => self.load(),
        }
    }

    /// **Blocks**: on the file, and on the resolver where the plan names nodes in full.
    fn load(&self) -> Loaded {
        let begin = Instant::now();
        // Before the file is read: what changes from here on makes it another.
        let identity = Identity::of(&self.paths());
        let file = plan_file::load(self.file.as_deref(), self.colour);
        let has_warnings = file.as_ref().is_ok_and(|file| !file.warnings.is_empty());
        let result = file.and_then(|file| {
            // As at the start, where a person may sit. Nobody reads a closed standard error.
            let _ = io::stderr().write_all(file.warnings.as_bytes());
            let node = file.node_name(self.node.as_deref())?;
            Ok(Usable { file: file.path.clone(), sha256: file.sha256.clone(), plan: file.plan_for(&node)? })
        });
        Loaded { result, has_warnings, identity, took: begin.elapsed() }
    }
}

impl Loaded {
    fn failed(error: PlanFileError) -> Self {
        Self { result: Err(error), has_warnings: false, identity: None, took: Duration::ZERO }
    }
}

/// Tells the log.
fn log(PlanFailure { since: _, error, problems }: &PlanFailure) {
    tracing::error!("the topology file can't be used, the plan from before stays in force: {error}");
    for problem in problems {
        tracing::error!("{problem}");
    }
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

/// The end of a reading; `None`: it panicked.
async fn ended(reading: &mut Option<JoinHandle<Loaded>>) -> Option<Loaded> {
    match reading {
        Some(reading) => reading.await.ok(),
        None => pending().await,
    }
}

async fn changed(watch: &mut Option<PlanWatch>) {
    if let Some(watching) = watch {
        match watching.changed().await {
            Ok(()) => return,
            Err(error) => tracing::warn!("changes of the topology file go unnoticed from now on: {error}"),
        }
        *watch = None;
    }
    pending::<()>().await;
}

#[cfg(test)]
mod tests;
