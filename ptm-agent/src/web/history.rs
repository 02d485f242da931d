//! The event stream's bounded past: who comes back gets what he missed, as long as it is kept.
//!
//! There is one copy of each event, whoever reads it, and no queue a reader: each has a place in this history and is
//! told that he must begin anew when it is gone.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use crate::api::{AgentEvent, PortEvent};
use crate::clock;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A verdict changed.
    Port(PortEvent),
    /// An agent is reached no longer, or again.
    Agent(AgentEvent),
}

/// A place in the stream of one server: behind the event of this number. As text `INSTANCE-NUMBER`, both in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Tells this server from the one that ran before it.
    pub instance: u64,
    /// How many events there had been.
    pub number: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.instance, self.number)
    }
}

impl FromStr for Cursor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (instance, number) = text.split_once('-').unwrap_or((text, ""));
        Ok(Self { instance: u64::from_str_radix(instance, 16)?, number: u64::from_str_radix(number, 16)? })
    }
}

/// An event in the history, as it goes out.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place: the cursor right behind it.
    pub cursor: Cursor,
    /// The event as a message of the stream.
    pub message: Bytes,
}

/// The last events of a server.
#[derive(Debug)]
pub struct History {
    instance: u64,
    capacity: usize,
    state: Mutex<State>,
    /// How many events there were, and how many times something else changed.
    news: watch::Sender<(u64, u64)>,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Arc<Entry>>,
    number: u64,
}

impl History {
    /// An empty history that keeps `capacity` events.
    pub fn new(capacity: usize) -> Self {
        let instance = clock::now().as_nanos();
        Self { instance, capacity, state: Mutex::default(), news: watch::Sender::default() }
    }

    /// Puts an event behind all others. Never waits.
    pub fn push(&self, event: &Event) {
        let mut state = self.state();
        state.number += 1;
        let cursor = Cursor { instance: self.instance, number: state.number };
        let (kind, json) = match event {
            Event::Port(event) => ("port", serde_json::to_string(event)),
            Event::Agent(event) => ("agent", serde_json::to_string(event)),
        };
        let json = json.expect("plain data is serialised without errors");
        let message = format!("id: {cursor}\nevent: {kind}\ndata: {json}\n\n").into();
        if state.entries.len() == self.capacity {
            state.entries.pop_front();
        }
        state.entries.push_back(Arc::new(Entry { cursor, message }));
        self.news.send_modify(|(number, _)| *number = state.number);
    }

    /// Tells readers that something besides verdicts changed.
    pub fn changed(&self) {
        self.news.send_modify(|(_, changes)| *changes += 1);
    }

    /// The place behind the last event.
    pub fn cursor(&self) -> Cursor {
        Cursor { instance: self.instance, number: self.state().number }
    }

    /// The event right behind a place; `Ok(None)`: there is none yet; an error: it is not kept, or of another server.
    pub fn after(&self, cursor: Cursor) -> Result<Option<Arc<Entry>>, Forgotten> {
        let state = self.state();
        let first = state.number - state.entries.len() as u64;
        if cursor.instance != self.instance || cursor.number < first || cursor.number > state.number {
            return Err(Forgotten);
        }
        let index = usize::try_from(cursor.number - first).map_err(|_| Forgotten)?;
        Ok(state.entries.get(index).cloned())
    }

    /// Wakes whoever waits for news.
    pub fn news(&self) -> watch::Receiver<(u64, u64)> {
        self.news.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The events from there on are not kept, or there never was such a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten;
