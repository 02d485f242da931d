//! The account of the plan, for `get-plan`.

use std::time::Duration;

use super::{or_nothing, seconds};
use crate::control::column;
use crate::control::record::{Cleaning, NOTHING, Record};

/// How the plan stands.
#[derive(Clone, Debug)]
pub struct PlanRow {
    /// The topology file that is in force.
    pub file: String,
    /// This machine's name in it.
    pub node: String,
    /// How long ago it was put in force.
    pub loaded: Duration,
    /// How long reading it took.
    pub took: Duration,
    /// Links of the whole plan.
    pub links: usize,
    /// Nodes of the whole plan.
    pub nodes: usize,
    /// Ports of this machine that it names.
    pub ports: usize,
    /// How long ago the file was first found broken; `None`: it is what is in force.
    pub broken: Option<Duration>,
    /// What is wrong with it, in one line.
    pub error: Option<String>,
    /// Each of its problems in one line.
    pub problems: Vec<String>,
}

impl PlanRow {
    /// All columns; the problems have rows of their own.
    pub fn record(&self) -> Record {
        Record::new()
            .cleaned_by(Cleaning::Escape)
            .with(column::PLAN_FILE, &self.file)
            .with(column::PLAN_NODE, &self.node)
            .with(column::PLAN_LOADED, seconds(self.loaded))
            .with(column::PLAN_TOOK, self.took.as_millis().to_string())
            .with(column::PLAN_LINKS, self.links.to_string())
            .with(column::PLAN_NODES, self.nodes.to_string())
            .with(column::PLAN_PORTS, self.ports.to_string())
            .with(column::PLAN_BROKEN, self.broken.map_or_else(|| NOTHING.to_owned(), seconds))
            .with(column::PLAN_ERROR, or_nothing(self.error.as_deref()))
    }
}
