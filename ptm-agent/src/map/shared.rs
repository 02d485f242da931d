//! What followers write and the HTTP server reads: the map's state behind a lock, and its events.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

use super::client::Failure;
use super::merge::{AgentId, Merge};
use super::metrics;
use crate::api::{AgentEvent, Plan, PortDetail, PortEvent, Reach, Summary, Timestamp, Topology};
use crate::metrics::Format;
use crate::web::{Counters, Event, History, Site, Unavailable};

/// Events that are kept for readers who come back.
const KEPT_EVENTS: usize = 4_096;

/// For how long an answer in which nothing changed is given again: its time is then that much in the past.
const FRESH: Duration = Duration::from_secs(1);

/// The map's state, and whoever wants to know of it.
#[derive(Debug)]
pub struct Shared {
    merge: Mutex<Merge>,
    history: Arc<History>,
    counters: Arc<Counters>,
    /// The last answer to `/api/v1/topology`, of this version and made then: one for all who ask.
    answer: Mutex<Option<(u64, Instant, Bytes)>>,
}

impl Shared {
    /// Begins with this. `counters` are those of its server.
    pub fn new(merge: Merge, counters: Arc<Counters>) -> Self {
        let history = Arc::new(History::new(KEPT_EVENTS));
        Self { merge: Mutex::new(merge), history, counters, answer: Mutex::default() }
    }

    /// Changes the state, and tells readers of what came of it, in the order in which it did.
    pub fn change<R>(&self, change: impl FnOnce(&mut Merge, Timestamp) -> R) -> R {
        let mut told = Vec::new();
        let result = {
            let mut merge = self.merge();
            let result = change(&mut merge, now());
            while let Some(event) = merge.poll_event() {
                self.history.push(&event);
                if let Event::Agent(event) = event {
                    told.push(event);
                }
            }
            if merge.take_changed() {
                self.history.changed();
            }
            result
        };
        // Without the lock: the log's reader may be slow.
        told.iter().for_each(log);
        result
    }

    /// How the plan stands.
    pub fn plan(&self) -> Plan {
        self.merge().plan().clone()
    }

    /// See [`Merge::ports_of`].
    pub fn ports_of(&self, id: AgentId) -> usize {
        self.merge().ports_of(id)
    }

    /// See [`Merge::lost`].
    pub fn lost(&self, id: AgentId, reach: Reach, detail: String) {
        self.change(|merge, now| merge.lost(id, reach, detail, now));
    }

    /// See [`Merge::answer`]. An error: it is no answer of that agent.
    pub fn answer(&self, id: AgentId, answer: Topology) -> Result<(), Failure> {
        self.change(|merge, now| merge.answer(id, answer, now)).map_err(|why| Failure::new(Reach::Invalid, why.0))
    }

    /// See [`Merge::event`]. An error: it is no event of that agent.
    pub fn event(&self, id: AgentId, event: PortEvent) -> Result<(), Failure> {
        self.change(|merge, now| merge.event(id, event, now)).map_err(|why| Failure::new(Reach::Invalid, why.0))
    }

    fn merge(&self) -> MutexGuard<'_, Merge> {
        self.merge.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Site for Shared {
    async fn topology(&self) -> Result<Bytes, Unavailable> {
        let mut kept = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut merge = self.merge();
        let version = merge.version();
        if let Some((_, _, answer)) = kept.as_ref().filter(|(of, made, _)| *of == version && made.elapsed() < FRESH) {
            return Ok(answer.clone());
        }
        // Nobody puts events in meanwhile: that is done with the lock held.
        let topology = merge.topology(self.history.oldest(), self.history.cursor(), now());
        let answer = Bytes::from(serde_json::to_vec(topology).map_err(|_| Unavailable)?);
        *kept = Some((version, Instant::now(), answer.clone()));
        Ok(answer)
    }

    async fn summary(&self) -> Result<Summary, Unavailable> {
        Ok(self.merge().summary(now()))
    }

    async fn port(&self, name: &str) -> Result<Option<PortDetail>, Unavailable> {
        Ok(self.merge().port(name, now()))
    }

    async fn metrics(&self, format: Format) -> Result<String, Unavailable> {
        let standing = (&*self.merge()).into();
        Ok(metrics::text(standing, self.counters.counts(), format))
    }

    fn history(&self) -> &Arc<History> {
        &self.history
    }
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

fn log(AgentEvent { node, agent, .. }: &AgentEvent) {
    let (node, address, detail) = (crate::escape::shown(node), &agent.address, &agent.detail);
    match agent.state {
        Reach::Up => tracing::info!("{node}: its agent at {address} is up"),
        state => tracing::warn!("{node}: its agent at {address} is {}: {detail}", state.as_str()),
    }
}
