//! Asking the agent's task for a snapshot: all who ask before it answers share one.
//!
//! A thousand pages fetch the topology when they hear that it changed. That costs the agent's task one snapshot and one
//! wake-up: a task on the server's side hands it on.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};

use crate::snapshot::Snapshot;

/// Someone who waits for a snapshot.
pub type Query = oneshot::Sender<Snapshot>;

type Shared = watch::Receiver<Option<Arc<Snapshot>>>;

/// The side of those who ask.
#[derive(Debug)]
pub struct Queries {
    to_agent: mpsc::Sender<Query>,
    /// The query that the agent has not taken yet. Nobody joins one that it has: its snapshot may be of a moment before
    /// the news that made him ask.
    open: Arc<Mutex<Option<Shared>>>,
}

/// The agent's side.
#[derive(Debug)]
pub struct Asked {
    queries: mpsc::Receiver<Query>,
    open: Arc<Mutex<Option<Shared>>>,
}

/// Both sides.
pub fn queries() -> (Queries, Asked) {
    // There is one open query at most.
    let (to_agent, queries) = mpsc::channel(1);
    let open = Arc::default();
    (Queries { to_agent, open: Arc::clone(&open) }, Asked { queries, open })
}

impl Queries {
    /// The agent's state, at a moment from now on; `None`: it does not answer any more. Needs a tokio runtime.
    pub async fn snapshot(&self) -> Option<Arc<Snapshot>> {
        let mut shared = self.join()?;
        let snapshot = shared.wait_for(Option::is_some).await.ok()?;
        snapshot.clone()
    }

    fn join(&self) -> Option<Shared> {
        let mut open = lock(&self.open);
        if let Some(shared) = &*open {
            return Some(shared.clone());
        }
        let (query, answer) = oneshot::channel();
        // Never full: the one before was taken, or this slot would not be empty.
        self.to_agent.try_send(query).ok()?;
        let (teller, shared) = watch::channel(None);
        tokio::spawn(async move {
            if let Ok(snapshot) = answer.await {
                // Who asked may have given up.
                let _ = teller.send(Some(Arc::new(snapshot)));
            }
        });
        *open = Some(shared.clone());
        Some(shared)
    }
}

impl Asked {
    /// The next query. Cancel-safe.
    pub async fn next(&mut self) -> Query {
        match self.queries.recv().await {
            Some(query) => {
                *lock(&self.open) = None;
                query
            }
            None => pending().await,
        }
    }
}

fn lock(open: &Mutex<Option<Shared>>) -> MutexGuard<'_, Option<Shared>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}
