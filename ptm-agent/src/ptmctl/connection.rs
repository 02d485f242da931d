//! The connection to the agent: asks, and takes answers and notifications apart.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{self, AddressFamily, SockFlag, SockType, UnixAddr, setsockopt, sockopt::SendTimeout};
use nix::sys::time::TimeVal;

use super::Failure;
use crate::control::codec::{self, Decoder, Incoming, Kind, LONGEST_BODY};
use crate::control::column;
use crate::control::record::Record;

/// How long to wait for an agent that has not said anything, or whose answer has not come to its end.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// After so much silence an original daemon's answer is over: it marks no end.
const SILENCE: Duration = Duration::from_millis(300);

/// A connection to an agent or an original ptmd.
pub(super) struct Connection {
    stream: UnixStream,
    decoder: Decoder,
    /// How long to wait for the next row.
    patience: Duration,
    /// Notifications that came between the rows of an answer.
    notifications: VecDeque<Record>,
    /// What the last answer said of the topology file on disk.
    plan_error: Option<String>,
}

impl Connection {
    /// Connects to the abstract socket with this name, without the leading NUL.
    ///
    /// An agent that hangs does not accept; once its backlog is full, connecting waits. The send time-out bounds that,
    /// and later writing.
    pub(super) fn open(socket: &str) -> Result<Self, Failure> {
        Self::open_for(PATIENCE, socket)
    }

    /// The same, with another patience than the usual.
    pub(super) fn open_for(patience: Duration, socket: &str) -> Result<Self, Failure> {
        let connect = || {
            let stream = socket::socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
            let (seconds, micros) = (patience.as_secs().cast_signed(), patience.subsec_micros().into());
            setsockopt(&stream, SendTimeout, &TimeVal::new(seconds, micros))?;
            socket::connect(stream.as_raw_fd(), &UnixAddr::new_abstract(socket.as_bytes())?)?;
            Ok(stream)
        };
        match connect() {
            Ok(stream) => Ok(Self {
                stream: UnixStream::from(stream),
                decoder: Decoder::new(LONGEST_BODY),
                patience,
                notifications: VecDeque::new(),
                plan_error: None,
            }),
            Err(Errno::ECONNREFUSED | Errno::ENOENT) => Err(Failure::NoAgent),
            Err(error) => Err(broken(error.into())),
        }
    }

    /// Asks for everything about all ports or one, or with `module` `lldp` about their neighbors.
    ///
    /// The arguments `more`, `end` and `port` are ours: an original daemon ignores them, gives its own columns of every
    /// port, and no end.
    pub(super) fn get_status(&mut self, module: &'static str, port: Option<&str>) -> Result<Vec<Record>, Failure> {
        let mut command = Record::new().with(column::CMD, "get-status");
        if !module.is_empty() {
            command = command.with("module", module);
        }
        command = command.with("detail", "yes").with("more", "yes").with("end", "yes");
        // A name that a field can't hold would come out as another; then all are asked for.
        if let Some(port) = port.filter(|port| is_carried(port)) {
            command = command.with(column::PORT, port);
        }
        self.send(&command)?;
        self.answer()
    }

    /// Why the topology file on disk can't be used, if the last answer to [`Connection::get_status`] said so.
    pub(super) fn plan_error(&self) -> Option<&str> {
        self.plan_error.as_deref()
    }

    /// Sends a command of our own, and gives the rows of its answer and the record that ends it, whether it says yes or
    /// no. Each message may take `patience`.
    pub(super) fn command(&mut self, name: &'static str, patience: Duration) -> Result<(Vec<Record>, Record), Failure> {
        self.send(&Record::new().with(column::CMD, name))?;
        let mut rows = Vec::new();
        loop {
            match self.receive(Some(Instant::now() + patience))? {
                Some((Kind::Response, record)) if record.get(column::CMD_STATUS).is_some() => {
                    return Ok((rows, record));
                }
                Some((Kind::Response, record)) => rows.push(record),
                Some((Kind::Notification | Kind::Command, _)) => {}
                None if rows.is_empty() => return Err(Failure::Silent),
                None => return Err(Failure::CutOff),
            }
        }
    }

    fn send(&mut self, command: &Record) -> Result<(), Failure> {
        let mut message = Vec::new();
        codec::encode(&mut message, Kind::Command, 0, "ptmctl", &command.encode());
        self.stream.write_all(&message).map_err(broken)
    }

    fn answer(&mut self) -> Result<Vec<Record>, Failure> {
        let mut rows = Vec::new();
        // Only rows put it off: notifications may come for ever.
        let mut deadline = Instant::now() + self.patience;
        loop {
            match self.receive(Some(deadline))? {
                Some((Kind::Response, record)) => {
                    self.plan_error = record.known(column::PLAN_ERROR).map(str::to_owned);
                    match record.get(column::CMD_STATUS) {
                        None => {
                            deadline = Instant::now() + if is_ours(&record) { self.patience } else { SILENCE };
                            rows.push(record);
                        }
                        Some("pass") => return Ok(rows),
                        Some(_) => return Err(Failure::Refused(Box::new(record))),
                    }
                }
                Some((Kind::Notification, record)) => self.notifications.push_back(record),
                Some((Kind::Command, _)) => {}
                None => {
                    return match rows.last() {
                        None => Err(Failure::Silent),
                        Some(row) if is_ours(row) => Err(Failure::CutOff),
                        Some(_) => Ok(rows),
                    };
                }
            }
        }
    }

    /// The next notification; `None`: there was none until `deadline`. Without a deadline it waits however long it
    /// takes.
    pub(super) fn notification(&mut self, deadline: Option<Instant>) -> Result<Option<Record>, Failure> {
        loop {
            if let Some(record) = self.notifications.pop_front() {
                return Ok(Some(record));
            }
            match self.receive(deadline)? {
                Some((Kind::Notification, record)) => return Ok(Some(record)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    /// Drops the notifications that have been read already.
    pub(super) fn forget_notifications(&mut self) {
        self.notifications.clear();
    }

    /// The first row of the next message, values as they were before they were escaped; `None` after `deadline`.
    fn receive(&mut self, deadline: Option<Instant>) -> Result<Option<(Kind, Record)>, Failure> {
        loop {
            if let Some(Incoming::Message(message)) = self.decoder.decode()? {
                let body = String::from_utf8_lossy(&message.body);
                let Some(record) = Record::read_all(&body).into_iter().next() else {
                    continue;
                };
                let record = if is_ours(&record) { record.unescape() } else { record };
                return Ok(Some((message.kind, record)));
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(None);
            }
            // A timeout of zero would mean none, and so would one that rounds to it.
            self.stream.set_read_timeout(left.map(|left| left.max(Duration::from_millis(1)))).map_err(broken)?;
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(Failure::Gone),
                Ok(length) => self.decoder.push(&buffer[..length]),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(error) => return Err(broken(error)),
            }
        }
    }
}

/// Whether a row comes from our own agent: it has columns that we asked for and an original does not know.
fn is_ours(record: &Record) -> bool {
    let ours = [column::REASON, column::CHASSIS_ID, column::PLAN_ERROR, column::PROBLEM];
    ours.iter().any(|column| record.get(column).is_some())
}

/// Whether a field holds this name as it is: it would be cleaned, trimmed or shortened else.
fn is_carried(name: &str) -> bool {
    let sent = Record::new().with(column::PORT, name).encode();
    Record::read_all(&sent).first().and_then(|record| record.known(column::PORT)) == Some(name)
}

fn broken(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::WouldBlock => Failure::Silent,
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Failure::Gone,
        _ => Failure::Broken(error),
    }
}
