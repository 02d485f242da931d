//! The interfaces of this network namespace, watched on rtnetlink.
//!
//! [`Links`] subscribes first, then dumps on a second socket, and merges both into a table of its own, so that no
//! change falls between the two. It hands out only differences. When the kernel had to drop messages it dumps again,
//! and also every minute or so, for a message that could not be read is passed over.
//!
//! It says what is there and whether it has carrier; what that means for a port's verdict is the monitor's to say.

mod driver;
mod link;
mod socket;
mod table;

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use ptm_common::IfIndex;
use thiserror::Error;
use tokio::time::{Instant, Interval, MissedTickBehavior};

pub use driver::{driver, firmware_lldp_advice};
pub use link::{Kind, Link, OperState};

use socket::{Message, Read, RouteSocket};
use table::{Snapshot, Table};

/// After a dump failed: long enough not to add to what ails the kernel.
const RETRY: Duration = Duration::from_secs(1);

/// Datagrams read before what they say is handed out.
const BATCH: usize = 256;

/// How the links are watched.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Time between dumps when nothing else calls for one.
    pub resync_interval: Duration,
    /// Receive buffer asked for, bytes. The kernel charges about 4 KiB for a message.
    pub receive_buffer: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { resync_interval: Duration::from_mins(1), receive_buffer: 4 * 1024 * 1024 }
    }
}

/// A difference between the interfaces as they are and as they were handed out before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// A new interface, or one of which something changed: carrier, name, MAC address, ….
    Present(Link),
    /// The interface was deleted or left for another network namespace. If its index is used again later, even at
    /// once, that is another interface.
    Gone(IfIndex),
}

/// What befell the watcher, since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Times that the receive buffer overflowed and the kernel dropped messages.
    pub overruns: u64,
    /// Dumps merged, the first included.
    pub resyncs: u64,
    /// Reads and dumps that failed; each is logged and tried again.
    pub failures: u64,
}

/// Why the links can't be watched.
#[derive(Debug, Error)]
pub enum LinksError {
    /// No netlink socket.
    #[error(
        "cannot open a netlink socket to watch the network interfaces; a sandbox around the agent must allow AF_NETLINK \
         (systemd: RestrictAddressFamilies=)"
    )]
    Socket(#[source] io::Error),
    /// The first dump failed.
    #[error("the kernel does not list its network interfaces (RTM_GETLINK)")]
    Dump(#[source] io::Error),
}

/// The watcher of the network namespace of the thread that opened it. Dumps are asked for later, from whichever thread
/// polls it then: that must be in the same namespace.
#[derive(Debug)]
pub struct Links {
    table: Table,
    /// Differences not yet taken: those of one batch at the most, for nothing is read while there are any.
    events: VecDeque<LinkEvent>,
    news: RouteSocket,
    dump: Option<Dump>,
    resync: Interval,
    counters: Counters,
}

/// A dump under way. It has a socket of its own, so that one that broke off leaves nothing for the next to trip over.
#[derive(Debug)]
struct Dump {
    socket: RouteSocket,
    snapshot: Snapshot,
}

impl Links {
    /// Subscribes and takes the first dump: every interface that is there waits to be taken, without delay, by
    /// [`next`](Self::next) or [`try_next`](Self::try_next).
    pub async fn open(options: Options) -> Result<Self, LinksError> {
        let Options { resync_interval, receive_buffer } = options;
        let mut resync = tokio::time::interval_at(Instant::now() + resync_interval, resync_interval);
        resync.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut links = Self {
            table: Table::default(),
            events: VecDeque::new(),
            news: RouteSocket::subscribed_to_links(receive_buffer).map_err(LinksError::Socket)?,
            dump: None,
            resync,
            counters: Counters::default(),
        };
        links.begin_dump().map_err(LinksError::Socket)?;
        while links.dump.is_some() {
            links.advance().await.map_err(LinksError::Dump)?;
        }
        Ok(links)
    }

    /// The next difference, in an order in which no two interfaces ever have the same name.
    ///
    /// Cancel-safe: what is read is kept here, not in the future.
    pub async fn next(&mut self) -> LinkEvent {
        loop {
            if let Some(event) = self.try_next() {
                return event;
            }
            if let Err(error) = self.advance().await {
                tracing::warn!("watching the network interfaces: {error}; listing them again in {RETRY:?}");
                self.counters.failures += 1;
                self.dump = None;
                self.resync.reset_after(RETRY);
            }
        }
    }

    /// The next difference of the batch that was read last, if any is left.
    pub fn try_next(&mut self) -> Option<LinkEvent> {
        self.events.pop_front()
    }

    /// An interface as it was last read; differences not yet taken are already in it.
    pub fn get(&self, ifindex: IfIndex) -> Option<&Link> {
        self.table.get(ifindex)
    }

    /// Every interface as it was last read, by index.
    pub fn iter(&self) -> impl Iterator<Item = &Link> {
        self.table.iter()
    }

    /// What befell the watcher so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Waits for something to happen and takes it in.
    async fn advance(&mut self) -> io::Result<()> {
        if let Some(dump) = &mut self.dump {
            dump.socket.readable().await?;
            self.continue_dump()?;
            // A dump of many interfaces takes milliseconds; others get their turn between its parts. Only after a part:
            // a caller that gives up here must have come further.
            tokio::task::yield_now().await;
            return Ok(());
        }
        tokio::select! {
            ready = self.news.readable() => {
                ready?;
                self.read_news()
            }
            _ = self.resync.tick() => self.begin_dump(),
        }
    }

    fn read_news(&mut self) -> io::Result<()> {
        for _ in 0..BATCH {
            match self.news.read()? {
                Read::Empty => break,
                Read::Overrun => {
                    self.counters.overruns += 1;
                    return self.begin_dump();
                }
                Read::Messages(messages) => {
                    for message in messages {
                        if let Message::Link(link) = message
                            && self.table.apply(link, &mut self.events).is_err()
                        {
                            return self.begin_dump();
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn begin_dump(&mut self) -> io::Result<()> {
        let mut snapshot = Snapshot::default();
        // Having reported an overrun, the kernel drops silently until the buffer has been empty (`netlink_overrun()`):
        // only a dump that begins after that makes up for all that was lost.
        self.drain(|message| {
            if let LinkEvent::Gone(ifindex) = message {
                snapshot.apply(LinkEvent::Gone(ifindex));
            }
        })?;
        let socket = RouteSocket::for_dumps()?;
        socket.request_links()?;
        self.dump = Some(Dump { socket, snapshot });
        Ok(())
    }

    fn continue_dump(&mut self) -> io::Result<()> {
        let Some(Dump { socket, snapshot }) = &mut self.dump else { return Ok(()) };
        let mut done = false;
        match socket.read()? {
            Read::Empty => {}
            Read::Overrun => return Err(io::Error::from_raw_os_error(libc::ENOBUFS)),
            Read::Messages(messages) => {
                for message in messages {
                    match message {
                        Message::Link(link) => snapshot.apply(link),
                        Message::Interrupted => snapshot.incomplete = true,
                        Message::Done(result) => {
                            result?;
                            done = true;
                        }
                    }
                }
            }
        }
        if done { self.finish_dump() } else { Ok(()) }
    }

    /// Merges what was said while the dump ran, so that nothing older than the dump is handed out after it.
    fn finish_dump(&mut self) -> io::Result<()> {
        let Some(Dump { mut snapshot, .. }) = self.dump.take() else { return Ok(()) };
        let overrun = self.drain(|message| snapshot.apply(message))?;
        snapshot.incomplete |= overrun;
        let again = snapshot.incomplete;
        self.table.replace(snapshot, &mut self.events);
        self.counters.resyncs += 1;
        self.resync.reset();
        if again { self.begin_dump() } else { Ok(()) }
    }

    /// Reads until the receive buffer is empty, and tells whether messages were lost meanwhile.
    ///
    /// It ends: the kernel makes these messages under one lock, far slower than they are read.
    fn drain(&mut self, mut take: impl FnMut(LinkEvent)) -> io::Result<bool> {
        let mut overrun = false;
        loop {
            match self.news.read()? {
                Read::Empty => return Ok(overrun),
                Read::Overrun => {
                    self.counters.overruns += 1;
                    overrun = true;
                }
                Read::Messages(messages) => {
                    for message in messages {
                        if let Message::Link(link) = message {
                            take(link);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
