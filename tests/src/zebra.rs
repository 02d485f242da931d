//! A client that hears the agent as `FRRouting`'s zebra does, when that is built with `--disable-bfdd`.
//!
//! Written from what is known of zebra, not from the agent: its buffers, its reads, its CSV, its look-up and its waits
//! are zebra's, traps included, so that what the agent sends is put to the test it meets in the field. What would make
//! zebra write past the end of a buffer ends it; [`Zebra::record`] then panics.

mod backoff;
mod client;
mod interfaces;
mod message;
mod reader;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::client::Client;
pub use self::reader::Kind;
use crate::wait::{self, PATIENCE};
use crate::{FabricError, Machine};

/// What zebra saw or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It connected, and asked for the status.
    Connected,
    /// An attempt to connect failed, with this error.
    Refused(String),
    /// The connection ended, and why. It forgets every status with it.
    Disconnected(String),
    /// It tries to connect no more.
    GaveUp,
    /// A message that tells a cable's status.
    Cable {
        /// Of which type it was.
        kind: Kind,
        /// `port`.
        port: String,
        /// `cbl status`.
        status: String,
    },
    /// The message before spoke of a port that this machine does not have.
    NoInterface(String),
    /// An interface was brought up or taken down: the message before changed its cable's status, or the connection is
    /// lost and with it the reason to keep the interface down.
    Interface {
        /// Its name.
        port: String,
        /// Whether it is up now.
        up: bool,
    },
    /// A message that was dropped for having this `cmd_status`.
    Dropped(String),
    /// Something that it could not make sense of.
    Nonsense(String),
    /// It would have written past the end of a buffer.
    Overflow(String),
}

impl Seen {
    /// A notification of a cable's status.
    pub fn notified(port: &str, status: &str) -> Self {
        Self::Cable { kind: Kind::Notification, port: port.into(), status: status.into() }
    }

    /// An answer that tells a cable's status.
    pub fn answered(port: &str, status: &str) -> Self {
        Self::Cable { kind: Kind::Response, port: port.into(), status: status.into() }
    }

    /// The change of an interface.
    pub fn interface(port: &str, up: bool) -> Self {
        Self::Interface { port: port.into(), up }
    }
}

/// A zebra that runs beside a machine's agent, until it is dropped.
pub struct Zebra {
    name: String,
    record: Arc<Mutex<Vec<Seen>>>,
    awaited: usize,
    // Taken to stop it.
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

impl Zebra {
    /// Starts one on `machine`. Between attempts to connect it waits 1, 2, 4 … 256, 300 times `second`.
    pub fn start(machine: &Machine, second: Duration) -> Result<Self, FabricError> {
        let name = format!("zebra on {}", machine.name());
        let system = |doing: &str, e: std::io::Error| FabricError::system(machine.name(), doing, e);
        let network = File::open(machine.network()).map_err(|e| system("open its network namespace", e))?;
        let (stop, stopped) = UnixStream::pair().map_err(|e| system("make a pair of sockets", e))?;
        let record = Arc::new(Mutex::new(Vec::new()));
        let client = Client { second, stop: stopped, record: Arc::clone(&record) };
        // Not from the machine's own thread: one that has unshared its process namespace may not start another.
        let thread = thread::Builder::new().name(name.clone());
        let thread = thread.spawn(move || client.run(&network).expect("root may enter a network namespace"));
        let thread = thread.map_err(|e| system("start zebra's thread", e))?;
        Ok(Self { name, record, awaited: 0, stop: Some(stop), thread: Some(thread) })
    }

    /// All it has seen so far, in order. Panics if it would have written past the end of a buffer.
    pub fn record(&self) -> Vec<Seen> {
        let record = self.record.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(Seen::Overflow(what)) = record.last() {
            panic!(
                "{} would have crashed: {what}; last it saw {:?}",
                self.name,
                &record[record.len().saturating_sub(9)..]
            );
        }
        record
    }

    /// Waits until it has seen all of `wanted`, in whatever order. Gives all it saw up to the last of them, from where
    /// the call before ended.
    pub fn await_seen(&mut self, wanted: &[Seen]) -> Result<Vec<Seen>, FabricError> {
        let what = format!("{} to see {wanted:?}", self.name);
        let seen = wait::until(what, PATIENCE, || {
            let record = self.record();
            let new = &record[self.awaited..];
            let ends = wanted.iter().map(|wanted| new.iter().position(|seen| seen == wanted));
            let end = ends.collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
            end.map(|end| new[..=end].to_vec()).ok_or_else(|| format!("{new:?}"))
        })?;
        self.awaited += seen.len();
        Ok(seen)
    }

    /// Stops it. Gives all it has seen.
    pub fn stop(mut self) -> Vec<Seen> {
        self.end();
        self.record()
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so already.
            let _ = thread.join();
        }
    }
}

impl Drop for Zebra {
    fn drop(&mut self) {
        self.end();
    }
}
