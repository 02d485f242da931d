//! A real Prometheus on a machine, asked through its HTTP API.
//!
//! What it writes lies under the machine's own `/run`, so that nothing is left of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::machine::command;
use crate::wait::{self, PATIENCE};
use crate::{FabricError, Machine, Process};

const CONFIGURATION: &str = "/run/prometheus/prometheus.yml";
const STORAGE: &str = "/run/prometheus/data";
const ADDRESS: &str = "127.0.0.1:9090";

/// A running Prometheus. Dropping it ends it.
pub struct Prometheus {
    process: Process,
}

/// A series at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels, `__name__` among them.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

impl Prometheus {
    /// Starts it on `machine`, and waits until it answers. `configuration` is its `prometheus.yml`; the paths in it are
    /// from `/run/prometheus`, where [`Machine::write`] may have put more.
    pub fn start(machine: &Machine, configuration: &str) -> Result<Self, FabricError> {
        machine.write(CONFIGURATION, configuration)?;
        let process = machine.spawn(command(&[
            "prometheus",
            &format!("--config.file={CONFIGURATION}"),
            &format!("--storage.tsdb.path={STORAGE}"),
            &format!("--web.listen-address={ADDRESS}"),
            // What it says of an alert that fires goes on to Alertmanager after so long, and what was lost on the way.
            "--rules.alert.resend-delay=1s",
        ]))?;
        let mut prometheus = Self { process };
        let ready = wait::until("Prometheus to be ready", PATIENCE, || curl(machine, &[&url("/-/ready")]));
        if ready.is_err() {
            eprint!("{}", prometheus.account());
        }
        ready.map(|_| prometheus)
    }

    /// What an instant query finds. The error says what is wrong with it, or why there is no answer.
    pub fn query(&self, machine: &Machine, expression: &str) -> Result<Vec<Sample>, String> {
        #[derive(Deserialize)]
        struct Data {
            result: Vec<Series>,
        }
        #[derive(Deserialize)]
        struct Series {
            metric: BTreeMap<String, String>,
            value: (f64, String),
        }
        let query = format!("query={expression}");
        let data: Data = data(&curl(machine, &["--get", "--data-urlencode", &query, &url("/api/v1/query")])?)?;
        let sample = |Series { metric, value: (_, value) }| {
            Ok(Sample { labels: metric, value: value.parse().map_err(|e| format!("`{value}`: {e}"))? })
        };
        data.result.into_iter().map(sample).collect()
    }

    /// The data of an answer of its API, such as `/api/v1/alerts` or `/api/v1/targets`.
    pub fn get<T: DeserializeOwned>(&self, machine: &Machine, path: &str) -> Result<T, String> {
        data(&curl(machine, &[&url(path)])?)
    }

    /// How it stands and what it printed last: for the report of a failure.
    pub fn account(&mut self) -> String {
        self.process.account()
    }
}

fn url(path: &str) -> String {
    format!("http://{ADDRESS}{path}")
}

/// Fetches something over HTTP on `machine`; an answer that is no success is an error with its text.
pub(crate) fn curl(machine: &Machine, arguments: &[&str]) -> Result<String, String> {
    let answer = machine
        .run(&[&["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "30"], arguments].concat());
    answer.map_err(|error| error.to_string())
}

fn data<T: DeserializeOwned>(answer: &str) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Answer<T> {
        data: T,
    }
    let answer: Answer<T> = serde_json::from_str(answer).map_err(|e| format!("{e} in {answer}"))?;
    Ok(answer.data)
}
