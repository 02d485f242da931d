//! What is served: the state of an agent, or of the map.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{History, Query};
use crate::api;
use crate::metrics;
use crate::snapshot::Snapshot;

/// The server has no answer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent does not answer; ask again")]
pub struct Unavailable;

/// What the routes ask.
pub trait Site: Send + Sync + 'static {
    /// For `/api/v1/topology`, as JSON: the map's is large, and made once for all who ask.
    fn topology(&self) -> impl Future<Output = Result<Bytes, Unavailable>> + Send;
    /// For `/api/v1/status`.
    fn summary(&self) -> impl Future<Output = Result<api::Summary, Unavailable>> + Send;
    /// For `/api/v1/ports/NAME`; `None`: no such port. On the map the name is `NODE:PORT`.
    fn port(&self, name: &str) -> impl Future<Output = Result<Option<api::PortDetail>, Unavailable>> + Send;
    /// For `/metrics`, in the text format of `OpenMetrics`.
    fn metrics(&self) -> impl Future<Output = Result<String, Unavailable>> + Send;
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
    async fn topology(&self) -> Result<Bytes, Unavailable> {
        Ok(serde_json::to_vec(&self.snapshot().await?.topology()).map_err(|_| Unavailable)?.into())
    }

    async fn summary(&self) -> Result<api::Summary, Unavailable> {
        Ok(self.snapshot().await?.summary())
    }

    async fn port(&self, name: &str) -> Result<Option<api::PortDetail>, Unavailable> {
        Ok(self.snapshot().await?.port(name))
    }

    async fn metrics(&self) -> Result<String, Unavailable> {
        Ok(metrics::text(self.snapshot().await?))
    }

    fn history(&self) -> &History {
        &self.history
    }
}
