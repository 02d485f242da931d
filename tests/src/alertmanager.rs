//! A real Alertmanager on a machine, asked through its HTTP API.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::machine::command;
use crate::prometheus::curl;
use crate::wait::{self, PATIENCE};
use crate::{FabricError, Machine, Process};

const CONFIGURATION: &str = "/run/alertmanager/alertmanager.yml";
const STORAGE: &str = "/run/alertmanager/data";

/// A running Alertmanager. Dropping it ends it.
pub struct Alertmanager {
    _process: Process,
}

/// What it makes one message of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Group {
    /// What its alerts have in common.
    pub labels: BTreeMap<String, String>,
    /// Who is told.
    pub receiver: Receiver,
    /// Those that fire.
    pub alerts: Vec<Alert>,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Receiver {
    /// The name in the configuration.
    pub name: String,
}

/// An alert as Alertmanager knows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Alert {
    /// Its labels, `alertname` among them.
    pub labels: BTreeMap<String, String>,
    /// What people read.
    pub annotations: BTreeMap<String, String>,
}

impl Alertmanager {
    /// Where it listens on its machine.
    pub const ADDRESS: &str = "127.0.0.1:9093";

    /// Starts it on `machine` with `configuration`, its `alertmanager.yml`, and waits until it answers.
    pub fn start(machine: &Machine, configuration: &str) -> Result<Self, FabricError> {
        machine.write(CONFIGURATION, configuration)?;
        let mut process = machine.spawn(command(&[
            "prometheus-alertmanager",
            &format!("--config.file={CONFIGURATION}"),
            &format!("--storage.path={STORAGE}"),
            &format!("--web.listen-address={}", Self::ADDRESS),
            // Alone.
            "--cluster.listen-address=",
        ]))?;
        let ready = wait::until("Alertmanager to be ready", PATIENCE, || curl(machine, &[&url("/-/ready")]));
        if ready.is_err() {
            eprint!("{}", process.account());
        }
        ready.map(|_| Self { _process: process })
    }

    /// The alerts that fire now, as it groups them.
    pub fn groups(&self, machine: &Machine) -> Result<Vec<Group>, String> {
        let answer = curl(machine, &[&url("/api/v2/alerts/groups")])?;
        serde_json::from_str(&answer).map_err(|e| format!("{e} in {answer}"))
    }
}

fn url(path: &str) -> String {
    format!("http://{}{path}", Alertmanager::ADDRESS)
}
