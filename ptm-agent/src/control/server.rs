//! The server side of the control socket: who is connected, and what each gets.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::answer::{Answer, notification};
use super::client::{Client, Ending};
use super::peer::Peer;
use super::refusal::Refusal;
use super::request::{Command, Request};
use super::rows::Change;
use crate::rate_limit::RateLimit;

/// A connected client, as long as it is connected. Never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientId(pub(crate) u64);

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Clients at a time.
    pub clients: usize,
    /// Places beyond these for root and the user whom the agent runs as: a crowd of many users must not keep out those
    /// who can end it.
    pub reserve: usize,
    /// Clients of one user at a time, so that nobody can keep the others out. Not for root nor for the user whom the
    /// agent runs as: they can end it anyway, and zebra must not be turned away for what a script of root's did.
    pub clients_per_user: usize,
    /// Bytes of a command's body. A longer one is refused.
    pub body: usize,
    /// Notifications that a client has not read, beyond what its socket holds. One more, and it is disconnected: it
    /// would believe in a state that has passed. It can connect again and ask. All clients share a notification's
    /// bytes, so a client that does not read costs little more than this many pointers.
    pub unread_notifications: usize,
    /// How long a client may take from the first byte of a message to its last, and how long it may take nothing of an
    /// answer that is waiting for it (at most twice as long).
    pub patience: Duration,
    /// Lines of the log for clients that are turned away or disconnected, in each `log_interval`. The others are told
    /// of in one, when it is over.
    pub log_burst: u32,
    /// How long such an interval is.
    pub log_interval: Duration,
}

impl Default for Limits {
    /// 1,024 clients (ptmd: 16) and 16 in reserve, 64 of one user, bodies of 1,024 bytes (as ptmd), 4,096 unread
    /// notifications (a thousand ports may change at once, several times), 5 seconds, 10 lines a minute.
    fn default() -> Self {
        Self {
            clients: 1_024,
            reserve: 16,
            clients_per_user: 64,
            body: 1_024,
            unread_notifications: 4_096,
            patience: Duration::from_secs(5),
            log_burst: 10,
            log_interval: Duration::from_mins(1),
        }
    }
}

/// What has happened on the control socket since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Clients connected now.
    pub connected: usize,
    /// Clients that were accepted.
    pub accepted: u64,
    /// Clients turned away because too many were connected.
    pub refused: u64,
    /// Clients turned away because too many of their user's were connected.
    pub refused_of_user: u64,
    /// Clients disconnected because they did not read what they were sent.
    pub dropped_slow: u64,
    /// Messages that were no command of the protocol's form, unfinished ones included.
    pub malformed: u64,
}

/// Why the socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody has it.
    #[error(
        "the control socket @{name} is taken: a ptmd or another ptm-agent runs here; stop it first \
         (systemctl stop ptmd, or look with `ss -xlp`)"
    )]
    InUse {
        /// The socket's name, without the leading NUL.
        name: String,
    },
    /// Anything else.
    #[error("cannot open the control socket @{name}")]
    Io {
        /// The socket's name, without the leading NUL.
        name: String,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

/// The control socket and its clients. Dropping it disconnects them.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    limits: Limits,
    clients: HashMap<ClientId, Connected>,
    tasks: JoinSet<(ClientId, Ending)>,
    commands: mpsc::Receiver<(ClientId, Command)>,
    commands_in: mpsc::Sender<(ClientId, Command)>,
    /// Until when no client is accepted, because accepting failed.
    pause: Option<Instant>,
    /// For the log's lines of clients that can make one after the other.
    log: RateLimit,
    counters: Counters,
    malformed: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Connected {
    client: Arc<Client>,
    task: AbortHandle,
    hears: Hears,
}

/// Which notifications a client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hears {
    /// It has not sent a valid command yet.
    Nothing,
    /// Changes of the cable status, in the original's columns.
    Status,
    /// Changes of the reason, in ours.
    Reason,
}

impl Control {
    /// Opens the socket with this name (without the leading NUL) in the abstract namespace; see
    /// [`SOCKET`](super::SOCKET). Needs a running tokio runtime.
    pub fn bind(name: &str, limits: Limits) -> Result<Self, BindError> {
        let listener = listen(name).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse { name: name.to_owned() },
            _ => BindError::Io { name: name.to_owned(), source },
        })?;
        // A client has at most one command on its way; the bound is only there to be one.
        let (commands_in, commands) = mpsc::channel(64);
        Ok(Self {
            listener,
            limits,
            clients: HashMap::new(),
            tasks: JoinSet::new(),
            commands,
            commands_in,
            pause: None,
            log: RateLimit::new(limits.log_burst, limits.log_interval),
            counters: Counters::default(),
            malformed: Arc::default(),
        })
    }

    /// The next command of any client. Must be polled for clients to be accepted at all; cancel safe. Every command
    /// wants a [`Control::reply`]: its client's next one is not read before.
    pub async fn next_request(&mut self) -> (ClientId, Command) {
        loop {
            let (pause, log_due) = (self.pause, self.log.due());
            tokio::select! {
                Some((id, command)) = self.commands.recv() => {
                    if let Some(connected) = self.clients.get_mut(&id) {
                        connected.hears = connected.hears.after(&command);
                        return (id, command);
                    }
                }
                Some(ended) = self.tasks.join_next() => {
                    // An error is a task that was aborted; its client is no longer in the map.
                    if let Ok((id, ending)) = ended {
                        self.forget(id, &ending);
                    }
                }
                accepted = self.listener.accept(), if pause.is_none() => match accepted {
                    Ok((stream, _)) => self.admit(stream),
                    Err(error) => {
                        // Out of file descriptors, most likely: the connection stays in the backlog, and trying again
                        // at once would fail again.
                        tracing::warn!(%error, "cannot accept a control client; trying again in a second");
                        self.pause = Some(Instant::now() + Duration::from_secs(1));
                    }
                },
                () = sleep_until(pause.unwrap_or_else(Instant::now)), if pause.is_some() => self.pause = None,
                () = sleep_until(log_due.unwrap_or_else(Instant::now)), if log_due.is_some() => self.tell_withheld(),
            }
        }
    }

    /// Sends `answer` to the client that sent the command, if it is still there. Never waits.
    pub fn reply(&mut self, id: ClientId, answer: Answer) {
        let Some(connected) = self.clients.get(&id) else {
            return;
        };
        if let Err(error) = connected.client.answer(answer) {
            self.forget(id, &error.into());
        }
    }

    /// Tells every client that has sent a valid command of a change. Never waits; a client that has not read too much
    /// is disconnected.
    pub fn notify(&mut self, change: &Change) {
        // Made when the first client of its kind wants it: mostly there is none, or one.
        let of_status = LazyCell::new(|| notification(change, false));
        let of_reason = LazyCell::new(|| notification(change, true));
        let mut endings = Vec::new();
        for (&id, connected) in &self.clients {
            let message = match connected.hears {
                Hears::Nothing => None,
                Hears::Status => of_status.as_ref(),
                Hears::Reason => of_reason.as_ref(),
            };
            if let Some(Err(ending)) = message.map(|message| connected.client.announce(message)) {
                endings.push((id, ending));
            }
        }
        for (id, ending) in endings {
            self.forget(id, &ending);
        }
    }

    /// Whether a client may do to the agent what it likes anyway: it is root's or our own user's, as the kernel says.
    pub fn has_our_rights(&self, id: ClientId) -> bool {
        self.clients.get(&id).is_some_and(|connected| connected.client.peer.has_our_rights())
    }

    /// What has happened so far.
    pub fn counters(&self) -> Counters {
        Counters { connected: self.clients.len(), malformed: self.malformed.load(Ordering::Relaxed), ..self.counters }
    }

    fn admit(&mut self, stream: UnixStream) {
        let peer = match Peer::of(&stream) {
            Ok(peer) => peer,
            Err(error) => {
                if self.may_log() {
                    tracing::warn!(%error, "control client turned away: the kernel does not say who it is");
                }
                return;
            }
        };
        if let Some(refusal) = self.no_room_for(&peer) {
            if self.may_log() {
                tracing::warn!(%peer, "control client turned away: {refusal}");
            }
            turn_away(stream, &refusal);
            return;
        }
        self.counters.accepted += 1;
        let id = ClientId(self.counters.accepted);
        tracing::debug!(client = %id, %peer, "control client connected");
        let client = Arc::new(Client::new(id, peer, stream, self.limits, Arc::clone(&self.malformed)));
        let (served, commands) = (Arc::clone(&client), self.commands_in.clone());
        let task = self.tasks.spawn(async move { (id, served.serve(commands).await) });
        self.clients.insert(id, Connected { client, task, hears: Hears::Nothing });
    }

    /// Why this client can't be taken, which is counted.
    fn no_room_for(&mut self, peer: &Peer) -> Option<Refusal> {
        let connected = self.clients.len();
        let reserve = if peer.has_our_rights() { self.limits.reserve } else { 0 };
        if connected >= self.limits.clients + reserve {
            self.counters.refused += 1;
            return Some(Refusal::TooManyClients(connected));
        }
        let connected = self.clients.values().filter(|connected| connected.client.peer.uid == peer.uid).count();
        if connected >= self.limits.clients_per_user && !peer.has_our_rights() {
            self.counters.refused_of_user += 1;
            return Some(Refusal::TooManyClientsOfUser { uid: peer.uid, connected });
        }
        None
    }

    /// Disconnects a client, if that has not happened yet.
    fn forget(&mut self, id: ClientId, ending: &Ending) {
        let Some(Connected { client, task, hears: _ }) = self.clients.remove(&id) else {
            return;
        };
        task.abort();
        match ending {
            Ending::Slow => self.counters.dropped_slow += 1,
            Ending::Unfinished => drop(self.malformed.fetch_add(1, Ordering::Relaxed)),
            // A malformed message was counted when it came.
            Ending::Left | Ending::Malformed | Ending::Broken(_) => {}
        }
        let peer = &client.peer;
        match ending {
            Ending::Left => tracing::debug!(client = %id, %peer, "control client left"),
            Ending::Broken(error) => tracing::debug!(client = %id, %peer, %error, "control client's connection broke"),
            Ending::Slow if self.may_log() => {
                tracing::warn!(client = %id, %peer, "control client disconnected: it {ending}");
            }
            Ending::Unfinished | Ending::Malformed if self.may_log() => {
                tracing::info!(client = %id, %peer, "control client disconnected: it {ending}");
            }
            Ending::Slow | Ending::Unfinished | Ending::Malformed => {}
        }
    }

    /// Whether the log takes one more line of a client that was turned away or disconnected.
    fn may_log(&mut self) -> bool {
        let now = Instant::now();
        if self.log.due().is_some_and(|due| due <= now) {
            self.tell_withheld();
        }
        self.log.admits(now)
    }

    fn tell_withheld(&mut self) {
        let more = self.log.take_withheld();
        tracing::warn!("control clients: {more} more were turned away or disconnected, each without a line of its own");
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if self.log.due().is_some() {
            self.tell_withheld();
        }
    }
}

impl Hears {
    fn after(self, command: &Command) -> Self {
        match &command.request {
            Request::GetStatus(asked) if asked.more => Self::Reason,
            _ if self == Self::Nothing && command.is_known() => Self::Status,
            _ => self,
        }
    }
}

fn listen(name: &str) -> io::Result<UnixListener> {
    let address = SocketAddr::from_abstract_name(name)?;
    // Its backlog is as long as the kernel allows: a thousand clients may come at once.
    let listener = StdListener::bind_addr(&address)?;
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

/// Says why, as far as that is possible without waiting.
fn turn_away(stream: UnixStream, why: &Refusal) {
    // tokio does not know yet that the socket is writable; the kernel does.
    if let Ok(mut stream) = stream.into_std() {
        for piece in Answer::to_malformed(0, why).into_pieces() {
            let _ = stream.write_all(&piece);
        }
    }
}

#[cfg(test)]
mod tests;
