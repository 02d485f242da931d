//! What followers write and the HTTP server reads: the map's state behind a lock, and its events.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use tokio::task::spawn_blocking;

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
    /// The last answer to `/api/v1/topology`: one for all who ask. Held while the next one is made.
    answer: tokio::sync::Mutex<Option<Answer>>,
}

/// An answer to `/api/v1/topology`.
#[derive(Debug)]
struct Answer {
    /// When, and of which version, the state was.
    made: Instant,
    version: u64,
    json: Bytes,
}

impl Shared {
    /// Begins with this. `counters` are those of its server.
    pub fn new(merge: Merge, counters: Arc<Counters>) -> Self {
        let history = Arc::new(History::new(KEPT_EVENTS));
        Self { merge: Mutex::new(merge), history, counters, answer: tokio::sync::Mutex::default() }
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
    /// A large one takes a while to be put into words: nobody else waits for that, and whoever asked before its state
    /// was taken gets the same, however much has changed since.
    async fn topology(&self) -> Result<Bytes, Unavailable> {
        let asked = Instant::now();
        let mut kept = self.answer.lock().await;
        let (made, version, topology) = {
            let (merge, made) = (self.merge(), Instant::now());
            let version = merge.version();
            let is_fresh = |answer: &Answer| answer.version == version && made - answer.made < FRESH;
            if let Some(answer) = kept.as_ref().filter(|answer| answer.made >= asked || is_fresh(answer)) {
                return Ok(answer.json.clone());
            }
            (made, version, merge.topology(self.history.cursor().to_string(), now()))
        };
        let json = spawn_blocking(move || serde_json::to_vec(&topology)).await;
        let json: Bytes = json.map_err(|_| Unavailable)?.map_err(|_| Unavailable)?.into();
        *kept = Some(Answer { made, version, json: json.clone() });
        Ok(json)
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

    /// A map is of use with whatever agents it reaches.
    async fn waits_for(&self) -> Result<Option<String>, Unavailable> {
        Ok(None)
    }

    fn history(&self) -> &Arc<History> {
        &self.history
    }
}

pub(super) fn now() -> Timestamp {
    SystemTime::now().into()
}

fn log(AgentEvent { node, agent, .. }: &AgentEvent) {
    let (node, address, detail) = (crate::escape::shown(node), &agent.address, &agent.detail);
    match agent.state {
        Reach::Up => tracing::info!("{node}: its agent at {address} is up"),
        state => tracing::warn!("{node}: its agent at {address} is {}: {detail}", state.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;

    use futures_util::poll;
    use tokio::runtime::Builder;

    use super::*;
    use crate::api::PlanFailure;
    use crate::map::fixtures::{RING, account, at};
    use crate::plan;

    #[test]
    fn who_asks_before_the_state_is_taken_shares_the_answer_and_who_asks_after_gets_a_newer_one() {
        let (topology, _) = plan::read(RING);
        let merge = Merge::new(account("ours"), topology.directory(), at(0));
        let shared = Shared::new(merge, Arc::default());
        let change = |error: &str| {
            let failure = PlanFailure { since: at(1), error: error.to_owned(), problems: Vec::new() };
            shared.change(|merge, _| merge.plan_failed(failure));
        };
        // Nothing is put into words as long as what this returns is there.
        let keep_busy = || {
            let (go_on, wait) = mpsc::channel::<()>();
            drop(spawn_blocking(move || wait.recv()));
            go_on
        };
        Builder::new_current_thread().max_blocking_threads(1).build().unwrap().block_on(async {
            let mut one = pin!(shared.topology());
            let (mut two, mut three) = (pin!(shared.topology()), pin!(shared.topology()));
            let held_up = keep_busy();
            assert!(poll!(one.as_mut()).is_pending());
            change("first");
            assert!(poll!(two.as_mut()).is_pending() && poll!(three.as_mut()).is_pending());
            drop(held_up);
            let one = one.await.unwrap();
            let held_up = keep_busy();
            assert!(poll!(two.as_mut()).is_pending());
            change("second");
            drop(held_up);
            let (two, three) = (two.await.unwrap(), three.await.unwrap());
            let four = shared.topology().await.unwrap();
            let has = |answer: &Bytes, error: &str| str::from_utf8(answer).unwrap().contains(error);
            assert!(!has(&one, "first") && has(&two, "first") && has(&four, "second"));
            assert_eq!(two.as_ptr(), three.as_ptr(), "made once for both");
        });
    }
}
