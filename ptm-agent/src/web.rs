//! The HTTP server: metrics, API, event stream and the live map, for an agent or for the map of many.
//!
//! It is read-only and decides nothing: what it shows comes from a [`Site`]. It runs on a thread of its own, so that
//! neither a handshake nor a thousand readers hold the agent's task up; that one hands out a [`Snapshot`] when asked and
//! puts events into a bounded [`History`].
//!
//! ```text
//!  agent's task ──Snapshot, when asked──► AgentSite ──► routes ──► /metrics, /api/v1/…
//!               ──events──► History ────────────────► routes ──► /api/v1/events
//! ```

pub mod address;
mod history;
mod page;
mod routes;
mod site;

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot};

pub use self::address::{Address, Arguments, DEFAULT_PORT};
pub use self::history::{Cursor, Entry, Event, History};
pub use self::site::{AgentSite, Site, Unavailable};
use crate::snapshot::Snapshot;

/// Requests for a snapshot that wait for the agent's task. One is enough for all who ask at the same time.
const WAITING_QUERIES: usize = 16;

/// Events that are kept for readers who come back.
const KEPT_EVENTS: usize = 1_024;

/// Someone who waits for a snapshot.
pub type Query = oneshot::Sender<Snapshot>;

/// Why the server can't listen.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen at {address}: is another program there? `ss -ltnp` tells; --listen says where to, `none` for nowhere"
)]
pub struct ListenError {
    address: Address,
    source: io::Error,
}

/// The agent's side of the server.
#[derive(Debug)]
pub struct Web {
    queries: mpsc::Receiver<Query>,
    history: Arc<History>,
}

impl Web {
    /// Opens the sockets and starts the server's thread, which ends with the process. Needs a tokio runtime.
    pub fn start(arguments: &Arguments) -> Result<Self, ListenError> {
        let (sender, queries) = mpsc::channel(WAITING_QUERIES);
        let history = Arc::new(History::new(KEPT_EVENTS));
        let mut sockets = Vec::new();
        for address in arguments.addresses() {
            sockets.push(address.bind().map_err(|source| ListenError { address: address.clone(), source })?);
        }
        if !sockets.is_empty() {
            let site = Arc::new(AgentSite::new(sender, Arc::clone(&history)));
            let name = "ptm-web".to_owned();
            let serve = move || match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(routes::serve(sockets, site)),
                Err(error) => tracing::error!("the HTTP server can't run: {error}"),
            };
            if let Err(error) = thread::Builder::new().name(name).spawn(serve) {
                tracing::error!("the HTTP server can't run: {error}");
            }
        }
        Ok(Self { queries, history })
    }

    /// The next one who waits for a snapshot. Cancel-safe.
    pub async fn next_query(&mut self) -> Query {
        match self.queries.recv().await {
            Some(query) => query,
            None => pending().await,
        }
    }

    /// The events that are told.
    pub fn history(&self) -> &History {
        &self.history
    }
}
