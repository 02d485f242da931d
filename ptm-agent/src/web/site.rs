//! What is served: the state of an agent, or of the map.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{Counts, History, Query};
use crate::api;
use crate::metrics;
use crate::snapshot::Snapshot;

/// The server has no answer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent does not answer; ask again")]
pub struct Unavailable;

/// What the routes ask.
pub trait Site: Send + Sync + 'static {
    /// For `/api/v1/topology`.
    fn topology(&self) -> impl Future<Output = Result<api::Topology, Unavailable>> + Send;
    /// For `/api/v1/status`.
    fn summary(&self) -> impl Future<Output = Result<api::Summary, Unavailable>> + Send;
    /// For `/api/v1/ports/NAME`; `None`: no such port. On the map the name is `NODE:PORT`.
    fn port(&self, name: &str) -> impl Future<Output = Result<Option<api::PortDetail>, Unavailable>> + Send;
    /// For `/metrics`.
    fn metrics(&self, format: metrics::Format) -> impl Future<Output = Result<String, Unavailable>> + Send;
    /// For `/api/v1/events`.
    fn history(&self) -> &History;
}

/// An agent's state, asked of its task.
#[derive(Debug)]
pub struct AgentSite {
    queries: mpsc::Sender<Query>,
    history: Arc<History>,
}

impl AgentSite {
    /// `queries` leads to the agent's task, which puts events into `history`.
    pub fn new(queries: mpsc::Sender<Query>, history: Arc<History>) -> Self {
        Self { queries, history }
    }

    async fn snapshot(&self) -> Result<Snapshot, Unavailable> {
        let (query, answer) = oneshot::channel();
        self.queries.send(query).await.map_err(|_| Unavailable)?;
        answer.await.map_err(|_| Unavailable)
    }
}

impl Site for AgentSite {
    async fn topology(&self) -> Result<api::Topology, Unavailable> {
        Ok(self.snapshot().await?.topology())
    }

    async fn summary(&self) -> Result<api::Summary, Unavailable> {
        Ok(self.snapshot().await?.summary())
    }

    async fn port(&self, name: &str) -> Result<Option<api::PortDetail>, Unavailable> {
        Ok(self.snapshot().await?.port(name))
    }

    async fn metrics(&self, format: metrics::Format) -> Result<String, Unavailable> {
        Ok(metrics::text(self.snapshot().await?.into(), Counts::default(), format))
    }

    fn history(&self) -> &History {
        &self.history
    }
}
