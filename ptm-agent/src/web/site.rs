//! What is served: the state of an agent, or of the map.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;

use super::query::Queries;
use super::{Counters, History};
use crate::api;
use crate::metrics;
use crate::snapshot::Snapshot;

/// The server has no answer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent does not answer; ask again")]
pub struct Unavailable;

/// What the routes ask.
pub trait Site: Send + Sync + 'static {
    /// For `/api/v1/topology`, as JSON: it may be large, and many ask at once, for whom it is made once.
    fn topology(&self) -> impl Future<Output = Result<Bytes, Unavailable>> + Send;
    /// For `/api/v1/status`.
    fn summary(&self) -> impl Future<Output = Result<api::Summary, Unavailable>> + Send;
    /// For `/api/v1/ports/NAME`; `None`: no such port. On the map the name is `NODE:PORT`.
    fn port(&self, name: &str) -> impl Future<Output = Result<Option<api::PortDetail>, Unavailable>> + Send;
    /// For `/metrics`.
    fn metrics(&self, format: metrics::Format) -> impl Future<Output = Result<String, Unavailable>> + Send;
    /// For `/readyz`: what it waits for before it is of use, in a sentence; `None`: for nothing.
    fn waits_for(&self) -> impl Future<Output = Result<Option<String>, Unavailable>> + Send;
    /// For `/api/v1/events`.
    fn history(&self) -> &Arc<History>;
}

/// An agent's state, asked of its task.
#[derive(Debug)]
pub struct AgentSite {
    queries: Queries<Snapshot>,
    history: Arc<History>,
    counters: Arc<Counters>,
}

impl AgentSite {
    /// `queries` leads to the agent's task, which puts events into `history`; `counters` are those of its server.
    pub fn new(queries: Queries<Snapshot>, history: Arc<History>, counters: Arc<Counters>) -> Self {
        Self { queries, history, counters }
    }

    async fn snapshot(&self) -> Result<Arc<Snapshot>, Unavailable> {
        self.queries.snapshot().await.ok_or(Unavailable)
    }
}

impl Site for AgentSite {
    async fn topology(&self) -> Result<Bytes, Unavailable> {
        Ok(self.snapshot().await?.topology_json())
    }

    async fn summary(&self) -> Result<api::Summary, Unavailable> {
        Ok(self.snapshot().await?.summary())
    }

    async fn port(&self, name: &str) -> Result<Option<api::PortDetail>, Unavailable> {
        Ok(self.snapshot().await?.port(name))
    }

    async fn metrics(&self, format: metrics::Format) -> Result<String, Unavailable> {
        Ok(metrics::text(self.snapshot().await?, self.counters.counts(), format))
    }

    /// Ready is an agent that listens, or failed to, on each of the plan's ports that is there.
    async fn waits_for(&self) -> Result<Option<String>, Unavailable> {
        let snapshot = self.snapshot().await?;
        let planned = snapshot.monitor.reports().filter(|report| report.expectation.is_some());
        let (settled, waiting): (Vec<_>, Vec<_>) = planned
            .filter_map(|report| Some((report.port, report.ifindex?)))
            .partition(|(_, ifindex)| snapshot.captures.contains_key(ifindex));
        let Some((port, _)) = waiting.first() else { return Ok(None) };
        let (settled, there) = (settled.len(), settled.len() + waiting.len());
        Ok(Some(format!("the agent listens on {settled} of the plan's {there} ports so far; {port} is next")))
    }

    fn history(&self) -> &Arc<History> {
        &self.history
    }
}
