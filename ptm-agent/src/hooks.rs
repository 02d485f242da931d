//! The hook scripts: `if-topo-pass` and `if-topo-fail` of a directory, one run for each change of a port's cable status.
//!
//! Ptmd's contract (the environment) plus `PTM_REASON`. Nothing here blocks or waits on a hook: [`Hooks::enqueue`] only
//! files the run, tasks of the runtime start it, read its output and end it. What a hook does changes no verdict.

mod environment;
mod output;
mod process;
mod queue;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::monitor::{Event, Reason, Status};
use crate::plan::Notify;

use process::{Outcome, Process, StartError};
use queue::Queue;

/// Time for killed hooks to be gone when the agent ends.
const AFTER_STOP: Duration = Duration::from_secs(2);

/// Where the hooks are and how long one may take.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory with the hooks, usually `/etc/ptm.d`. If relative, to the agent's working directory.
    pub directory: PathBuf,
    /// A hook that takes longer is killed with everything it started in its process group.
    pub time_limit: Duration,
}

/// A change of a port's cable status, to be told to a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    port: Arc<str>,
    reason: Reason,
    expected: Option<String>,
    observed: Option<String>,
}

impl Run {
    /// The run that tells of an event. `None`: the port's status is what it was, whatever the new reason, or it is
    /// `no-info`, for which there is no hook; or the plan wants none there.
    pub fn for_event(event: &Event) -> Option<Self> {
        let after = event.after.filter(|_| event.notify != Notify::None)?;
        let changed = event.before.map(Reason::status) != Some(after.status());
        changed.then(|| Self::new(event.port.clone(), after, event.expected.clone(), event.observed.clone())).flatten()
    }

    /// A run that tells of the port's new verdict: whom the plan expects there and who is there, as `node:port`.
    ///
    /// `None` for a reason whose status is `no-info`.
    fn new(port: Arc<str>, reason: Reason, expected: Option<String>, observed: Option<String>) -> Option<Self> {
        (reason.status() != Status::NoInfo).then_some(Self { port, reason, expected, observed })
    }

    /// The file that is run. It and `PTM_CBL` both follow from the reason, so they can't disagree (in ptmd 3.0 they do).
    fn hook(&self) -> &'static str {
        if self.reason.status() == Status::Pass { "if-topo-pass" } else { "if-topo-fail" }
    }
}

/// What became of the runs, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Hooks that ran, however they ended.
    pub runs: u64,
    /// Hooks that could not be started, or ended with a status other than 0.
    pub failures: u64,
    /// Hooks that were killed at the time limit.
    pub timeouts: u64,
    /// Runs for which there is no hook in the directory.
    pub missing: u64,
    /// Runs that were never started: pushed out by later ones of the same port, or still waiting when the agent ended.
    pub dropped: u64,
    /// How long the last of them took.
    pub last_duration: Duration,
    /// How long all of them took.
    pub total_duration: Duration,
}

/// Runs hooks: in order for one port, in parallel across ports, at most eight at once.
#[derive(Debug)]
pub struct Hooks {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    state: Mutex<State>,
    /// How many run now.
    running: watch::Sender<usize>,
    /// Set when those that run are to be killed.
    stop: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    counters: Counters,
}

impl Hooks {
    /// Looks at nothing yet: a hook that is put into the directory later is found when it is needed.
    ///
    /// Marks every descriptor of the process past standard error close-on-exec: hooks inherit none.
    pub fn new(mut options: Options) -> Self {
        process::keep_inherited_descriptors();
        // Hooks run in `/`. It fails only for an empty path or without a working directory: then nothing is found there.
        if let Ok(absolute) = std::path::absolute(&options.directory) {
            options.directory = absolute;
        }
        let (running, stop) = (watch::Sender::new(0), watch::Sender::new(false));
        Self { shared: Arc::new(Shared { options, state: Mutex::default(), running, stop }) }
    }

    /// Files a run and returns at once. Must be called within a tokio runtime, which then runs the hook.
    pub fn enqueue(&self, run: Run) {
        let mut state = self.shared.state();
        let dropped = state.queue.push(run);
        state.counters.dropped += dropped as u64;
        while let Some(run) = self.shared.take(&mut state) {
            tokio::spawn(work(Arc::clone(&self.shared), run));
        }
    }

    /// What became of the runs so far.
    pub fn counters(&self) -> Counters {
        self.shared.state().counters
    }

    /// Starts no more, gives those that run `grace` to end by themselves, then kills them.
    ///
    /// A runtime that ends without this kills them too, except one that is being started at that very moment.
    pub async fn shut_down(self, grace: Duration) {
        {
            let mut state = self.shared.state();
            let dropped = state.queue.close();
            state.counters.dropped += dropped as u64;
        }
        let mut running = self.shared.running.subscribe();
        if timeout(grace, running.wait_for(|n| *n == 0)).await.is_err() {
            self.shared.stop.send_replace(true);
            // The rest is the kernel's to do; its lateness is logged where it shows.
            let _: Result<_, _> = timeout(AFTER_STOP, running.wait_for(|n| *n == 0)).await;
        }
    }
}

impl Shared {
    /// Never held across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, state: &mut State) -> Option<Run> {
        let run = state.queue.take();
        self.running.send_replace(state.queue.running());
        run
    }

    fn count(&self, count: impl FnOnce(&mut Counters)) {
        count(&mut self.state().counters);
    }

    async fn execute(&self, run: &Run) {
        let hook = run.hook();
        let path = self.options.directory.join(hook);
        let variables = environment::variables(run);
        let port = environment::value(&run.port);
        // Starting a process waits for the disk.
        let started = tokio::task::spawn_blocking(move || Process::start(path, &variables)).await;
        let (process, output) = match started {
            Ok(Ok(started)) => started,
            Ok(Err(error @ StartError::Missing(_))) => {
                tracing::debug!(port, hook, "{error}");
                return self.count(|counters| counters.missing += 1);
            }
            Ok(Err(error)) => {
                tracing::warn!(port, hook, "{error}");
                return self.count(|counters| counters.failures += 1);
            }
            // The runtime is ending.
            Err(_) => return,
        };

        let begin = Instant::now();
        let log = |line: &str| tracing::info!(port, hook, "hook says: {line}");
        let outcome = process.run(output, self.options.time_limit, &mut self.stop.subscribe(), log).await;
        let duration = begin.elapsed();

        let mut state = self.state();
        let counters = &mut state.counters;
        counters.runs += 1;
        counters.last_duration = duration;
        counters.total_duration += duration;
        match outcome {
            Ok(Outcome::Exited(status)) if status.success() => tracing::debug!(port, hook, ?duration, "hook ended"),
            Ok(Outcome::Exited(status)) => {
                counters.failures += 1;
                tracing::warn!(port, hook, "hook failed: {status}");
            }
            Ok(Outcome::TimedOut) => {
                counters.timeouts += 1;
                let limit = self.options.time_limit;
                tracing::warn!(port, hook, "hook was killed: it did not end within {limit:?}");
            }
            Ok(Outcome::Stopped) => tracing::warn!(port, hook, "hook was killed: the agent ends"),
            Err(error) => {
                counters.failures += 1;
                tracing::warn!(port, hook, "hook was killed: waiting for it failed: {error}");
            }
        }
    }
}

/// Executes a run, and then whichever may start because it is over.
async fn work(shared: Arc<Shared>, first: Run) {
    let mut next = Some(first);
    while let Some(run) = next {
        shared.execute(&run).await;
        let mut state = shared.state();
        state.queue.done(&run.port);
        next = shared.take(&mut state);
    }
}

#[cfg(test)]
mod tests;
