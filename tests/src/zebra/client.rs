//! zebra's end of the connection: makes it, keeps it, makes it again.

use std::fs::File;
use std::io::{self, Read as _, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};

use super::Seen;
use super::backoff::Backoff;
use super::interfaces::Interfaces;
use super::reader::{Read, Reader, Source};

/// The daemon's socket; one NUL before it, none after it.
const SOCKET: &[u8] = b"/var/run/ptmd.socket";

/// What zebra asks, once, after it has connected.
const GET_STATUS: &[u8] = b"  15,   2,   2,   0,             frr\ncmd\nget-status\n";

/// Between two looks for the rest of a message.
const PAUSE: Duration = Duration::from_millis(10);

/// What the thread has.
pub(super) struct Client {
    /// How long a second of the waits between attempts is.
    pub(super) second: Duration,
    /// Its far end is closed when the client is to stop.
    pub(super) stop: UnixStream,
    /// What was seen so far.
    pub(super) record: Arc<Mutex<Vec<Seen>>>,
}

/// Why a connection was served no longer.
enum End {
    Stopped,
    Crashed,
    Lost(String),
}

impl Client {
    /// Moves the calling thread into `network` and plays zebra there until it is stopped, gives up, or would crash.
    pub(super) fn run(&self, network: &File) -> nix::Result<()> {
        setns(network, CloneFlags::CLONE_NEWNET)?;
        let mut backoff = Backoff::new();
        let mut reader = Reader::new();
        loop {
            let wait = match connect_to_daemon() {
                Ok(socket) => {
                    self.note(Seen::Connected);
                    let mut interfaces = Interfaces::default();
                    match self.serve(socket, &mut reader, &mut interfaces) {
                        End::Lost(why) => self.note(Seen::Disconnected(why)),
                        End::Stopped | End::Crashed => return Ok(()),
                    }
                    interfaces.forget().for_each(|port| self.note(Seen::Interface { port, up: true }));
                    backoff.lost()
                }
                Err(e) => {
                    self.note(Seen::Refused(e.to_string()));
                    let Some(wait) = backoff.refused() else {
                        self.note(Seen::GaveUp);
                        return Ok(());
                    };
                    wait
                }
            };
            if self.stopped(None, PollTimeout::try_from(self.second * wait).unwrap_or(PollTimeout::MAX)) {
                return Ok(());
            }
        }
    }

    fn serve(&self, mut socket: UnixStream, reader: &mut Reader, interfaces: &mut Interfaces) -> End {
        if let Err(e) = socket.write_all(GET_STATUS) {
            return End::Lost(e.to_string());
        }
        loop {
            if self.stopped(Some(&socket), PollTimeout::NONE) {
                return End::Stopped;
            }
            // All there is, as zebra does: what follows a message closely is read with it.
            loop {
                match reader.read(&mut socket) {
                    Ok(Read::Cable { kind, port, status }) => {
                        self.note(Seen::Cable { kind, port: port.clone(), status: status.clone() });
                        if if_nametoindex(port.as_str()).is_err() {
                            self.note(Seen::NoInterface(port));
                        } else if let Some(up) = interfaces.hear(&port, &status) {
                            self.note(Seen::Interface { port, up });
                        }
                    }
                    Ok(Read::Dropped(command_status)) => self.note(Seen::Dropped(command_status)),
                    Ok(Read::Nonsense(why)) => self.note(Seen::Nonsense(why)),
                    Ok(Read::Dry) => break,
                    Ok(Read::Lost(why)) => return End::Lost(why),
                    Err(overflow) => {
                        self.note(Seen::Overflow(overflow.to_string()));
                        return End::Crashed;
                    }
                }
            }
        }
    }

    /// Waits for something to read, no longer than the timeout; tells whether the client was stopped meanwhile.
    fn stopped(&self, readable: Option<&UnixStream>, timeout: PollTimeout) -> bool {
        let watched = [Some(&self.stop), readable].into_iter().flatten();
        let mut watched: Vec<_> = watched.map(|it| PollFd::new(it.as_fd(), PollFlags::POLLIN)).collect();
        while poll(&mut watched, timeout) == Err(Errno::EINTR) {}
        watched[0].any() == Some(true)
    }

    fn note(&self, seen: Seen) {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }
}

impl Source for UnixStream {
    fn receive(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.read(into)
    }

    fn pause(&mut self) {
        thread::sleep(PAUSE);
    }
}

/// A socket that does not block, connected to the daemon.
fn connect_to_daemon() -> nix::Result<UnixStream> {
    let socket = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC, None)?;
    connect(socket.as_raw_fd(), &UnixAddr::new_abstract(SOCKET)?)?;
    Ok(socket.into())
}
