//! Asking the agent's task for a snapshot: all who ask before it takes one share that.
//!
//! A thousand pages fetch the topology when they hear that it changed. That costs the agent's task one snapshot and one
//! wake-up: a task on the server's side hands it on.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};

/// Someone who waits for a snapshot.
pub type Query<T> = oneshot::Sender<T>;

type Shared<T> = watch::Receiver<Option<Arc<T>>>;

/// The side of those who ask.
#[derive(Debug)]
pub struct Queries<T> {
    to_agent: mpsc::Sender<Query<T>>,
    /// The query that the agent has not taken yet. Nobody joins one that it has: its snapshot may be of a moment before
    /// the news that made him ask.
    open: Arc<Mutex<Option<Shared<T>>>>,
}

/// The agent's side.
#[derive(Debug)]
pub struct Asked<T> {
    queries: mpsc::Receiver<Query<T>>,
    open: Arc<Mutex<Option<Shared<T>>>>,
}

/// Both sides.
pub fn queries<T>() -> (Queries<T>, Asked<T>) {
    // There is one open query at most.
    let (to_agent, queries) = mpsc::channel(1);
    let open = Arc::default();
    (Queries { to_agent, open: Arc::clone(&open) }, Asked { queries, open })
}

impl<T: Send + Sync + 'static> Queries<T> {
    /// The agent's state, at a moment from now on; `None`: it does not answer any more. Needs a tokio runtime.
    pub async fn snapshot(&self) -> Option<Arc<T>> {
        let mut shared = self.join()?;
        let snapshot = shared.wait_for(Option::is_some).await.ok()?;
        snapshot.clone()
    }

    fn join(&self) -> Option<Shared<T>> {
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

impl<T> Asked<T> {
    /// The next query. Cancel-safe.
    pub async fn next(&mut self) -> Query<T> {
        match self.queries.recv().await {
            Some(query) => {
                *lock(&self.open) = None;
                query
            }
            None => pending().await,
        }
    }
}

fn lock<T>(open: &Mutex<Option<Shared<T>>>) -> MutexGuard<'_, Option<Shared<T>>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::poll;
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn who_asks_before_the_agent_looks_shares_and_who_asks_after_gets_a_newer_one() {
        let (queries, mut asked) = queries();
        let (mut one, mut other) = (pin!(queries.snapshot()), pin!(queries.snapshot()));
        assert!(poll!(one.as_mut()).is_pending() && poll!(other.as_mut()).is_pending());
        let query = asked.next().await;
        let mut late = pin!(queries.snapshot());
        assert!(poll!(late.as_mut()).is_pending());
        query.send("early").unwrap();
        assert_eq!((*one.await.unwrap(), *other.await.unwrap()), ("early", "early"));
        assert!(poll!(late.as_mut()).is_pending());
        asked.next().await.send("late").unwrap();
        assert_eq!(*late.await.unwrap(), "late");
    }

    #[tokio::test]
    async fn nobody_waits_for_an_agent_that_has_ended() {
        let (queries, asked) = queries::<()>();
        let mut waiting = pin!(queries.snapshot());
        assert!(poll!(waiting.as_mut()).is_pending());
        drop(asked);
        assert_eq!((waiting.await, queries.snapshot().await), (None, None));
    }
}
