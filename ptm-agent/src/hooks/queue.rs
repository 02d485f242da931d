//! Which run comes next: in order for one port, in parallel across ports, bounded everywhere.
//!
//! Pure: it starts nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::Run;

/// Hooks that run at the same time.
pub(super) const MAX_RUNNING: usize = 8;

/// Runs that wait for one port. Past it the oldest is dropped: a hook acts on the state it is told, so what counts is
/// that the last one told is the port's present state, and that one is never dropped.
pub(super) const MAX_WAITING: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Ports with a run under way or waiting; no others.
    ports: HashMap<Arc<str>, Port>,
    /// Ports with a run waiting and none under way, longest waiting first.
    ready: VecDeque<Arc<str>>,
    running: usize,
    closed: bool,
}

#[derive(Debug, Default)]
struct Port {
    waiting: VecDeque<Run>,
    running: bool,
}

impl Queue {
    /// Appends a run; returns how many were dropped for it.
    pub(super) fn push(&mut self, run: Run) -> usize {
        if self.closed {
            return 1;
        }
        let name = Arc::clone(&run.port);
        let port = self.ports.entry(Arc::clone(&name)).or_default();
        if port.waiting.is_empty() && !port.running {
            self.ready.push_back(name);
        }
        port.waiting.push_back(run);
        if port.waiting.len() > MAX_WAITING {
            port.waiting.pop_front();
            return 1;
        }
        0
    }

    /// A run that may start now. It counts as under way until [`done`](Self::done).
    pub(super) fn take(&mut self) -> Option<Run> {
        if self.running >= MAX_RUNNING {
            return None;
        }
        let port = self.ports.get_mut(&self.ready.pop_front()?)?;
        let run = port.waiting.pop_front()?;
        port.running = true;
        self.running += 1;
        Some(run)
    }

    /// The port's run is over.
    pub(super) fn done(&mut self, name: &Arc<str>) {
        let Some(port) = self.ports.get_mut(name) else { return };
        port.running = false;
        self.running -= 1;
        if port.waiting.is_empty() {
            self.ports.remove(name);
        } else {
            self.ready.push_back(Arc::clone(name));
        }
    }

    /// Nothing more is started; returns how many runs are dropped.
    pub(super) fn close(&mut self) -> usize {
        self.closed = true;
        self.ready.clear();
        self.ports.values_mut().map(|port| std::mem::take(&mut port.waiting).len()).sum()
    }

    pub(super) fn running(&self) -> usize {
        self.running
    }
}

#[cfg(test)]
mod tests;
