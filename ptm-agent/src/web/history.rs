//! The event stream's bounded past: who comes back gets what he missed, as long as it is kept.
//!
//! There is one copy of each event, whoever reads it, and no queue a reader: each has a place in this history and is
//! told that he must begin anew when it is gone. Whoever puts an event in wakes one task, [`History::relay`]; that one
//! wakes the readers.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, watch};

use crate::api::{AgentEvent, PortEvent};
use crate::clock;

/// Bytes of events that are kept at most: LLDP's text may make an event of it long.
const KEPT_BYTES: usize = 1024 * 1024;

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A verdict changed.
    Port(PortEvent),
    /// An agent is reached no longer, or again.
    Agent(AgentEvent),
}

/// A place in the stream of one server: behind the event of this number. As text `INSTANCE-NUMBER` or
/// `INSTANCE-NUMBER-CHANGES`, each in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Tells this server from the one that ran before it.
    pub instance: u64,
    /// How many events there had been.
    pub number: u64,
    /// How many times something else had changed, where that is known: so that whoever fetched the topology hears of
    /// what changed until he was connected. An event's ID does not have it: of what changed before the event, its
    /// reader may not have been told yet.
    pub changes: Option<u64>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.instance, self.number)?;
        self.changes.map_or(Ok(()), |changes| write!(f, "-{changes:x}"))
    }
}

impl FromStr for Cursor {
    type Err = Forgotten;

    fn from_str(text: &str) -> Result<Self, Forgotten> {
        let mut parts = text.splitn(3, '-').map(|digits| u64::from_str_radix(digits, 16).map_err(|_| Forgotten));
        let instance = parts.next().unwrap_or(Err(Forgotten))?;
        let number = parts.next().unwrap_or(Err(Forgotten))?;
        Ok(Self { instance, number, changes: parts.next().transpose()? })
    }
}

/// An event in the history, as it goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place: the cursor right behind it.
    pub cursor: Cursor,
    /// The event as a message of the stream.
    pub message: Bytes,
}

/// What a reader finds behind his place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next event.
    Event(Entry),
    /// Nothing yet; besides events, things have changed so many times.
    End {
        /// As in [`Cursor::changes`], now.
        changes: u64,
    },
}

/// The last events of a server.
#[derive(Debug)]
pub struct History {
    instance: u64,
    capacity: usize,
    state: Mutex<State>,
    /// Wakes the relay.
    pushed: Notify,
    /// Wakes the readers.
    news: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    bytes: usize,
    number: u64,
    changes: u64,
}

impl State {
    /// How many events there had been before the oldest that is kept.
    fn first(&self) -> u64 {
        self.number - self.entries.len() as u64
    }
}

impl History {
    /// An empty history that keeps `capacity` events, fewer if they are long.
    pub fn new(capacity: usize) -> Self {
        let instance = clock::now().as_nanos();
        Self { instance, capacity, state: Mutex::default(), pushed: Notify::new(), news: watch::Sender::default() }
    }

    /// Puts an event behind all others. Never waits.
    pub fn push(&self, event: &Event) {
        let (kind, json) = match event {
            Event::Port(event) => ("port", serde_json::to_string(event)),
            Event::Agent(event) => ("agent", serde_json::to_string(event)),
        };
        let json = json.expect("plain data is serialised without errors");
        {
            let mut state = self.state();
            state.number += 1;
            let cursor = Cursor { instance: self.instance, number: state.number, changes: None };
            let message = Bytes::from(format!("id: {cursor}\nevent: {kind}\ndata: {json}\n\n"));
            state.bytes += message.len();
            state.entries.push_back(Entry { cursor, message });
            while state.entries.len() > self.capacity || state.bytes > KEPT_BYTES {
                let Some(oldest) = state.entries.pop_front() else { break };
                state.bytes -= oldest.message.len();
            }
        }
        self.tell();
    }

    /// Tells readers that something besides verdicts changed.
    pub fn changed(&self) {
        self.state().changes += 1;
        self.tell();
    }

    /// Wakes the relay, unless nobody reads: a thread that wakes for nobody takes its processor from whoever was just
    /// notified of the same event. A reader takes part before he looks at the state for the first time, so either he
    /// is counted here, or he sees what was put there.
    fn tell(&self) {
        if self.news.receiver_count() > 0 {
            self.pushed.notify_one();
        }
    }

    /// The place behind the last event.
    pub fn cursor(&self) -> Cursor {
        let state = self.state();
        Cursor { instance: self.instance, number: state.number, changes: Some(state.changes) }
    }

    /// The place before the oldest event that is kept, for who has the state of now: what else changed he knows.
    pub fn oldest(&self) -> Cursor {
        let state = self.state();
        Cursor { instance: self.instance, number: state.first(), changes: Some(state.changes) }
    }

    /// What is right behind a place. An error: what was there is not kept any more, or it is no place of this history.
    pub fn after(&self, cursor: Cursor) -> Result<Next, Forgotten> {
        let state = self.state();
        let first = state.first();
        let ours = cursor.instance == self.instance && cursor.changes.is_none_or(|changes| changes <= state.changes);
        if !ours || cursor.number < first || cursor.number > state.number {
            return Err(Forgotten);
        }
        let index = usize::try_from(cursor.number - first).map_err(|_| Forgotten)?;
        Ok(state.entries.get(index).cloned().map_or(Next::End { changes: state.changes }, Next::Event))
    }

    /// Wakes whoever waits for news, as long as it runs.
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// Wakes the readers whenever there is news. Of a server's tasks one runs this.
    pub async fn relay(&self) {
        loop {
            self.pushed.notified().await;
            self.news.send_replace(());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The events from there on are not kept, or there never was such a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forgotten;

#[cfg(test)]
mod tests;
