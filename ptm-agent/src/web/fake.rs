//! A site for tests: one cable, and what is asked of it.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use serde_json::json;

use super::history::{Event, History};
use super::site::{Site, Unavailable};
use crate::api;
use crate::metrics::Format;

#[derive(Debug)]
pub(super) struct FakeSite {
    history: Arc<History>,
    /// Whether it leaves whoever asks waiting.
    pub(super) hangs: AtomicBool,
    /// What `/metrics` gives.
    pub(super) metrics: String,
}

impl FakeSite {
    pub(super) fn new() -> Self {
        let metrics = "# TYPE ptm_x gauge\nptm_x 1\n# EOF\n".to_owned();
        Self { history: Arc::new(History::new(8)), hangs: AtomicBool::new(false), metrics }
    }

    async fn answer<T: serde::de::DeserializeOwned>(&self, value: serde_json::Value) -> Result<T, Unavailable> {
        if self.hangs.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        Ok(serde_json::from_value(value).expect("a value of the API"))
    }
}

const TIME: &str = "2026-11-21T14:30:05.123Z";

fn server() -> serde_json::Value {
    json!({ "kind": "agent", "node": "leaf1", "version": "1", "time": TIME })
}

fn plan() -> serde_json::Value {
    let sha256 = "0".repeat(64);
    json!({ "file": "ptm.dot", "sha256": sha256, "since": TIME, "load_seconds": 0.5, "nodes": 2, "links": 1 })
}

pub(super) fn port_event(number: usize) -> Event {
    let event = json!({
        "time": TIME, "node": "leaf1", "port": format!("swp{number}"), "planned": true, "before": null, "after": "match",
    });
    Event::Port(serde_json::from_value(event).expect("an event"))
}

impl Site for FakeSite {
    async fn topology(&self) -> Result<Bytes, Unavailable> {
        let cursor = self.history.cursor().to_string();
        let end = |node| json!({ "node": node, "port": "swp1" });
        let links = json!([{ "ends": [end("leaf1"), end("spine1")] }]);
        let topology = json!({
            "server": server(), "cursor": cursor, "plan": plan(), "nodes": [], "links": links, "unplanned": [],
        });
        let topology: api::Topology = self.answer(topology).await?;
        Ok(serde_json::to_vec(&topology).expect("plain data").into())
    }

    async fn summary(&self) -> Result<api::Summary, Unavailable> {
        let ports = json!({ "pass": 1, "fail": 0, "no-info": 0 });
        self.answer(json!({ "server": server(), "plan": plan(), "ports": ports, "failing": [] })).await
    }

    async fn port(&self, name: &str) -> Result<Option<api::PortDetail>, Unavailable> {
        if !["swp1", "Ethernet1/1"].contains(&name) {
            return Ok(None);
        }
        self.answer(json!({ "server": server(), "node": "leaf1", "port": name, "neighbors": [] })).await
    }

    async fn metrics(&self, _format: Format) -> Result<String, Unavailable> {
        Ok(self.metrics.clone())
    }

    async fn waits_for(&self) -> Result<Option<String>, Unavailable> {
        self.answer(json!(null)).await
    }

    fn history(&self) -> &Arc<History> {
        &self.history
    }
}
