//! The HTTP server: metrics, API, event stream and the live map, for an agent or for the map of many.
//!
//! It is read-only and decides nothing: what it shows comes from a [`Site`]. It runs on a thread of its own, so that
//! neither a handshake nor a thousand readers hold the agent's task up; that one hands out a
//! [`Snapshot`] when asked and puts events into a bounded [`History`].
//!
//! ```text
//!  agent's task ──Snapshot, when asked──► AgentSite ──► routes ──► /metrics, /api/v1/…
//!               ──events──► History ────────────────► routes ──► /api/v1/events
//! ```

pub mod address;
mod config;
mod counters;
mod door;
mod events;
#[cfg(test)]
mod fake;
mod guard;
mod history;
mod listen;
mod page;
mod query;
mod routes;
mod server;
mod site;
mod unread;

use std::sync::Arc;

pub use self::address::{Address, Arguments, DEFAULT_PORT};
pub use self::config::ConfigError;
pub use self::counters::{Counters, Counts, RefusedConnection, RefusedRequest};
pub use self::history::{Cursor, Entry, Event, Forgotten, History, Next};
pub use self::listen::ListenError;
pub use self::query::{Asked, Queries, Query, queries};
pub use self::server::{Limits, Server, StartError};
pub use self::site::{AgentSite, Site, Unavailable};
use crate::snapshot::Snapshot;

/// Events that are kept for readers who come back.
const KEPT_EVENTS: usize = 1_024;

/// The agent's side of its server. Dropping it ends the server.
#[derive(Debug)]
pub struct Web {
    asked: Asked<Snapshot>,
    history: Arc<History>,
    _server: Server,
}

impl Web {
    /// Starts the server of an agent, on a thread of its own that does not outlive the process.
    pub fn start(arguments: &Arguments) -> Result<Self, StartError> {
        let (queries, asked) = queries();
        let history = Arc::new(History::new(KEPT_EVENTS));
        let counters = Arc::new(Counters::default());
        let site = Arc::new(AgentSite::new(queries, Arc::clone(&history), Arc::clone(&counters)));
        let server = Server::start(arguments, Limits::default(), site, counters)?;
        Ok(Self { asked, history, _server: server })
    }

    /// The next one who waits for a snapshot. Cancel-safe.
    pub async fn next_query(&mut self) -> Query<Snapshot> {
        self.asked.next().await
    }

    /// The events that are told.
    pub fn history(&self) -> &History {
        &self.history
    }
}
