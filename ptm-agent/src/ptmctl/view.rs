//! What can be looked at, once or again and again.

use super::colour::Paint;
use super::connection::Connection;
use super::{Failure, explain, json, plan, table, tally};
use crate::control::record::Record;
use crate::words::count;

/// What is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum View<'a> {
    /// All ports.
    Ports { detail: bool },
    /// All neighbors.
    Neighbors { detail: bool },
    /// An original daemon's BFD sessions.
    Sessions,
    /// One port, with everything that is known about it.
    Port(&'a str),
}

/// What there is to see, at one moment.
#[derive(Debug)]
pub(super) struct Picture<'a> {
    view: View<'a>,
    rows: Vec<Record>,
    /// Those of the one port.
    neighbors: Vec<Record>,
    /// Why the topology file on disk can't be used.
    plan_error: Option<String>,
}

impl<'a> View<'a> {
    /// Looks.
    pub(super) fn ask(self, connection: &mut Connection) -> Result<Picture<'a>, Failure> {
        let mut neighbors = Vec::new();
        let rows = match self {
            Self::Ports { .. } => connection.get_status("", None)?,
            Self::Neighbors { .. } => connection.get_status("lldp", None)?,
            Self::Sessions => connection.get_status("bfd", None)?,
            Self::Port(port) => {
                let (row, of_port) = explain::ask(connection, port)?;
                neighbors = of_port;
                vec![row]
            }
        };
        Ok(Picture { view: self, rows, neighbors, plan_error: connection.plan_error().map(str::to_owned) })
    }
}

impl Picture<'_> {
    /// For people.
    pub(super) fn text(&self, paint: Paint) -> String {
        join(&self.sections(paint).each_ref().map(String::as_str))
    }

    /// The same in its sections, of which some may be empty: what there is, what is wrong with it and what to do, what is
    /// wrong with the topology file on disk.
    pub(super) fn sections(&self, paint: Paint) -> [String; 3] {
        let (what, why) = match self.view {
            View::Ports { detail } => (table::ports(&self.rows, detail, paint), table::why(&self.rows, paint)),
            View::Neighbors { detail } => (table::neighbors(&self.rows, detail, paint), String::new()),
            View::Sessions => (table::sessions(&self.rows, paint), String::new()),
            View::Port(_) => {
                (self.rows.iter().map(|row| explain::explain(row, &self.neighbors, paint)).collect(), String::new())
            }
        };
        [what, why, self.warning()]
    }

    /// What is wrong with the topology file on disk; empty if nothing is.
    pub(super) fn warning(&self) -> String {
        self.plan_error.as_deref().map(plan::warning).unwrap_or_default()
    }

    /// For programs.
    pub(super) fn json(&self) -> String {
        match (self.view, self.rows.as_slice()) {
            (View::Port(_), [row, ..]) => json::explained(row, &self.neighbors),
            (_, rows) => json::rows(rows),
        }
    }

    /// What it comes to, in a few words.
    pub(super) fn summary(&self) -> String {
        match self.view {
            View::Ports { .. } | View::Port(_) => tally::summary(&self.rows),
            View::Neighbors { .. } => count(self.rows.len(), "neighbor"),
            View::Sessions => count(self.rows.len(), "session"),
        }
    }

    /// Whether each port that there is something to check on passes.
    pub(super) fn is_good(&self) -> bool {
        match self.view {
            View::Ports { .. } | View::Port(_) => tally::all_pass(&self.rows),
            View::Neighbors { .. } | View::Sessions => true,
        }
    }
}

/// Sections one below the other, an empty line between them.
pub(super) fn join(sections: &[&str]) -> String {
    let some: Vec<_> = sections.iter().copied().filter(|section| !section.is_empty()).collect();
    some.join("\n")
}
