//! The map: a server of its own that shows the whole plan with every agent's verdicts merged. It needs no rights.
//!
//! ```text
//!  ptm.dot ─► reload::Reader ─► Merge::set_plan ─┐
//!  agents file ─► agents ─► Merge::set_agents ───┤
//!  agent ─HTTP─► client ─► follow, one a task ───┼─► Shared { Merge } ─events─► History ─► /api/v1/events
//!  agent ─HTTP─► client ─► follow, one a task ───┘                    ─────────────────► /api/v1/topology, …
//! ```
//!
//! [`merge`] and [`check`] are pure and decide what is shown; around them the edges. What agents say is hostile: bounded
//! in size and time where it is read ([`client`], [`follow`]), held against what that agent may say ([`check`]), made fit
//! to be shown. An agent that can't be believed or reached has no verdicts here: grey, not green from before.
//!
//! Memory is bounded, with N agents of P ports: N × P verdicts, 0.7 KB each with their place in the index (measured), 1.5 KB
//! at most, and 64 an agent of ports that the plan does not name; and N × (16 KB read ahead, one message of at most 16 KB,
//! and, while it is asked for its state, 64 KB + P × 1 KB). Larger answers, of up to 512 KB + P × 10 KB, are held sixteen at
//! a time. For 1,000 agents of 64 ports these are 100 MB, the answer of 16 MB to `/api/v1/topology` among them; about
//! 0.4 GB if each of the thousand is as hostile as it can be at the same moment, and as much again for that answer.

pub mod agents;
mod check;
pub mod client;
#[cfg(test)]
mod fixtures;
pub mod follow;
mod keys;
mod lookup;
pub mod merge;
mod metrics;
pub mod shared;
mod sse;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use self::agents::{Address, Agents, AgentsError, Source, Target};
use self::client::{Client, Options, OptionsError};
use self::follow::{Times, follow};
use self::merge::{AgentId, Merge};
use self::shared::{Shared, now};
use crate::api;
use crate::logging::with_causes;
use crate::plan::Topology;
use crate::plan_file::{PlanFile, PlanFileError};
use crate::plan_watch::{self, Identity, PlanWatch};
use crate::reload::{self, Loaded, PlanFailure, Reader, Signals, Usable};
use crate::time::BootTime;
use crate::web::{self, Counters, Limits, Server};

/// How many mistakes in the list of agents the log tells at once.
const MOST_MISTAKES: usize = 20;

/// How the map runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the plan is.
    pub plan: reload::Source,
    /// Which agents there are.
    pub agents: Source,
    /// With what they are asked.
    pub client: Options,
    /// Where and how HTTP is served.
    pub web: web::Arguments,
}

/// Why the map can't run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no plan to show.
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    /// It is not clear which agents there are.
    #[error("--agents: {0}")]
    Agents(String),
    /// Agents can't be asked.
    #[error(transparent)]
    Client(#[from] OptionsError),
    /// HTTP can't be served.
    #[error(transparent)]
    Web(#[from] web::StartError),
    /// Signals can't be caught.
    #[error("cannot catch signals")]
    Signals(#[source] io::Error),
}

/// A running map.
pub struct Map {
    reader: Reader<Topology>,
    plan: Topology,
    source: Source,
    agents: Agents,
    /// `None`: the agents are on the command line, or their file can't be watched.
    watch: Option<PlanWatch>,
    client: Arc<Client>,
    shared: Arc<Shared>,
    /// Serves as long as it is there.
    _server: Server,
    /// Who follows which agent.
    followers: HashMap<AgentId, JoinHandle<()>>,
    /// Grows with each new plan.
    plans: watch::Sender<u64>,
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Map {
    /// Reads the plan and the list of agents, opens the sockets and begins to follow. Needs a tokio runtime.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let Config { plan, agents: source, client, web } = config;
        let signals = Signals::catch().map_err(StartError::Signals)?;
        let terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
        let (reader, usable, took) = Reader::start(plan, whole_plan, signals)?;
        let known = Identity::of(&source.paths());
        let agents = source.read().map_err(|error| StartError::Agents(with_causes(&error)))?;
        let (targets, wrong) = agents.targets(usable.plan.directory());
        if let Some(error) = wrong.first() {
            return Err(StartError::Agents(with_causes(error)));
        }
        let has_password = client.login.is_some();
        let client = Arc::new(Client::new(&client, Times::default().limits)?);
        if has_password && targets.iter().any(|target| matches!(target.address, Address::Tcp { tls: false, .. })) {
            tracing::warn!("agents at http://… are sent the password in the clear; ask them by https://");
        }
        let merge = Merge::new(account(&usable, took), usable.plan.directory(), now());
        let counters = Arc::new(Counters::default());
        let shared = Arc::new(Shared::new(merge, Arc::clone(&counters)));
        let server = Server::start(&web, Limits::default(), Arc::clone(&shared), counters)?;
        let watch = match &source {
            Source::List(_) => None,
            Source::File(_) => PlanWatch::open(source.paths(), known)
                .inspect_err(|error| {
                    tracing::warn!(
                        "changes of the agents file go unnoticed, SIGHUP tells of them: {}",
                        with_causes(error)
                    );
                })
                .ok(),
        };
        let (followers, plans) = (HashMap::new(), watch::Sender::new(0));
        let plan = usable.plan;
        let mut map = Self {
            reader,
            plan,
            source,
            agents,
            watch,
            client,
            shared,
            _server: server,
            followers,
            plans,
            terminate,
            interrupt,
        };
        map.follow();
        Ok(map)
    }

    /// Shows what agents say until SIGTERM or SIGINT.
    pub async fn run(mut self) {
        let plan = self.shared.plan();
        tracing::info!(plan = plan.file, links = plan.links, agents = self.followers.len(), "showing the cabling");
        loop {
            tokio::select! {
                loaded = self.reader.next() => {
                    self.take_plan(loaded);
                    // Whoever asks for the one by SIGHUP means both.
                    self.read_agents().await;
                }
                () = plan_watch::changed(&mut self.watch, "the agents file") => self.read_agents().await,
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
            }
        }
        tracing::info!("ending");
    }

    fn take_plan(&mut self, loaded: Loaded<Topology>) {
        let took = loaded.took;
        match loaded.result {
            Ok(usable) => {
                let plan = account(&usable, took);
                tracing::info!("topology file read: {} links, {} nodes", plan.links, plan.nodes);
                let is_another = plan.sha256 != self.shared.plan().sha256;
                self.shared.change(|merge, now| merge.set_plan(plan, usable.plan.directory(), now));
                self.plan = usable.plan;
                self.follow();
                if is_another {
                    // After the map has it: what agents say from now on is held against it.
                    self.plans.send_modify(|number| *number += 1);
                }
            }
            Err(error) => {
                let failure = PlanFailure::new(&error, BootTime::default());
                failure.log();
                let PlanFailure { since: _, error, problems } = failure;
                self.shared.change(|merge, since| merge.plan_failed(api::PlanFailure { since, error, problems }));
            }
        }
    }

    /// Reads the list of agents again; one that can't be used changes nothing.
    async fn read_agents(&mut self) {
        let Source::File(_) = self.source else { return };
        let source = self.source.clone();
        let known = Identity::of(&source.paths());
        if let Some(watch) = &mut self.watch {
            watch.was_read(known);
        }
        match spawn_blocking(move || source.read()).await {
            Ok(Ok(agents)) if agents != self.agents => {
                self.agents = agents;
                self.follow();
                tracing::info!(agents = self.followers.len(), "the list of agents was read again");
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::error!("the list of agents from before stays in force: {}", with_causes(&error));
            }
            Err(error) => tracing::error!("the list of agents from before stays in force: {error}"),
        }
    }

    /// Follows each agent of the list, and no others.
    fn follow(&mut self) {
        let Self { plan, agents, client, shared, followers, plans, .. } = self;
        let (targets, wrong): (Vec<Target>, Vec<AgentsError>) = agents.targets(plan.directory());
        for error in wrong.iter().take(MOST_MISTAKES) {
            tracing::error!("--agents: left out: {}", with_causes(error));
        }
        if let Some(more) = wrong.len().checked_sub(MOST_MISTAKES).filter(|&more| more > 0) {
            tracing::error!("--agents: {more} more are left out");
        }
        let new = shared.change(|merge, now| {
            let new = merge.set_agents(&targets, now);
            followers.retain(|&id, follower| {
                let stays = merge.knows(id);
                if !stays {
                    follower.abort();
                }
                stays
            });
            new
        });
        for (id, target) in new {
            let (shared, client, plans) = (Arc::clone(shared), Arc::clone(client), plans.subscribe());
            let follower = follow(shared, client, (id, target), Times::default(), plans);
            followers.insert(id, tokio::spawn(follower));
        }
    }
}

/// The plan is needed as a whole.
#[expect(clippy::unnecessary_wraps, reason = "taking out this machine's part can fail")]
fn whole_plan(_: &reload::Source, file: PlanFile) -> Result<Topology, PlanFileError> {
    Ok(file.topology)
}

/// The account of a plan put in force now.
fn account(Usable { file, sha256, plan }: &Usable<Topology>, took: Duration) -> api::Plan {
    api::Plan {
        file: file.display().to_string(),
        sha256: sha256.clone(),
        since: now(),
        load_seconds: took.as_secs_f64(),
        nodes: plan.directory().node_count(),
        links: plan.directory().link_count(),
        failure: None,
    }
}
