//! The connection to the agent: asks, and takes answers and notifications apart.

use std::collections::VecDeque;
use std::io::{self, Read as _, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::{Duration, Instant};

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
    /// Notifications that came between the rows of an answer.
    notifications: VecDeque<Record>,
    /// What the last answer said of the topology file on disk.
    plan_error: Option<String>,
}

impl Connection {
    /// Connects to the abstract socket with this name, without the leading NUL.
    pub(super) fn open(socket: &str) -> Result<Self, Failure> {
        let stream = SocketAddr::from_abstract_name(socket).and_then(|address| UnixStream::connect_addr(&address));
        let stream = stream.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Failure::NoAgent,
            _ => Failure::Broken(error),
        })?;
        Ok(Self { stream, decoder: Decoder::new(LONGEST_BODY), notifications: VecDeque::new(), plan_error: None })
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
        if let Some(port) = port {
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
        loop {
            let ours = rows.last().is_some_and(is_ours);
            let patience = if rows.is_empty() || ours { PATIENCE } else { SILENCE };
            match self.receive(Some(Instant::now() + patience))? {
                Some((Kind::Response, record)) => {
                    self.plan_error = record.known(column::PLAN_ERROR).map(str::to_owned);
                    match record.get(column::CMD_STATUS) {
                        None => rows.push(record),
                        Some("pass") => return Ok(rows),
                        Some(_) => return Err(Failure::Refused(Box::new(record))),
                    }
                }
                Some((Kind::Notification, record)) => self.notifications.push_back(record),
                Some((Kind::Command, _)) => {}
                None if rows.is_empty() => return Err(Failure::Silent),
                None if ours => return Err(Failure::CutOff),
                None => return Ok(rows),
            }
        }
    }

    /// The next notification, however long it takes.
    pub(super) fn notification(&mut self) -> Result<Record, Failure> {
        loop {
            if let Some(record) = self.notifications.pop_front() {
                return Ok(record);
            }
            if let Some((Kind::Notification, record)) = self.receive(None)? {
                return Ok(record);
            }
        }
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
            // A timeout of zero would mean none.
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(None);
            }
            self.stream.set_read_timeout(left).map_err(broken)?;
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

fn broken(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Failure::Gone,
        _ => Failure::Broken(error),
    }
}
