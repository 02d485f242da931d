//! Prometheus metrics, made from a [`Snapshot`] at each scrape, so that no series outlives what it is about.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::snapshot::Snapshot;
use crate::web::Counts;

/// Bounds of the buckets in which latencies are counted, in seconds: about the budgets, 80 and 300 µs, and what is far
/// beyond them.
const LATENCY_BUCKETS: [f64; 10] = [20e-6, 40e-6, 80e-6, 160e-6, 300e-6, 600e-6, 1.2e-3, 10e-3, 0.1, 1.0];

/// An empty histogram of latencies.
pub fn latency() -> Histogram {
    Histogram::new(LATENCY_BUCKETS)
}

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' own, 0.0.4: what `promtool check metrics` and a person's browser read.
    Text,
    /// `OpenMetrics` 1.0.0: what a Prometheus server asks for.
    OpenMetrics,
}

impl Format {
    /// The format for a client that sends this `Accept` header.
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }

    /// Its `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The metrics of an agent and of its HTTP server.
pub fn text(snapshot: Arc<Snapshot>, http: Counts, _format: Format) -> String {
    let mut registry = Registry::with_prefix("ptm");
    registry.register_collector(Box::new(Metrics { snapshot, http }));
    let mut text = String::new();
    text::encode(&mut text, &registry).expect("writing to a String can't fail");
    text
}

#[derive(Debug)]
struct Metrics {
    snapshot: Arc<Snapshot>,
    http: Counts,
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let seen = ConstCounter::new(self.snapshot.kernel.seen);
        seen.encode(encoder.encode_descriptor(
            "kernel_frames_seen",
            "LLDP frames that came by",
            None,
            seen.metric_type(),
        )?)?;
        let http = &self.http;
        for (name, help, value) in [
            ("http_connections", "Connections to the HTTP server", http.connections),
            ("http_stream_clients", "Readers of the event stream", http.stream_clients),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let dropped = ConstCounter::new(http.stream_clients_dropped);
        dropped.encode(encoder.encode_descriptor(
            "http_stream_clients_dropped",
            "Readers of the event stream that were disconnected because they did not read",
            None,
            dropped.metric_type(),
        )?)
    }
}
