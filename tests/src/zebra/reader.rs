//! How zebra reads its socket: header, then body, each with a little patience; then all there is besides.

use std::io;

use super::message::{Body, HEADER, Header, Overflow, fit};

/// zebra's buffer for what it reads.
pub(super) const BUFFER: usize = 3_200;

/// How often a read of a header or of a body that finds nothing more waits a little and looks again.
const RETRIES: u32 = 2;

/// A socket that does not block, and the little wait (10 ms).
pub(super) trait Source {
    /// `recv`: 0 bytes at the end of the stream, [`io::ErrorKind::WouldBlock`] where nothing is there yet.
    fn receive(&mut self, into: &mut [u8]) -> io::Result<usize>;

    /// Waits for more.
    fn pause(&mut self);
}

/// What was read.
#[derive(Debug)]
pub(super) enum Read {
    /// A cable's status.
    Cable { kind: Kind, port: String, status: String },
    /// A message that is dropped for having this `cmd_status`.
    Dropped(String),
    /// What is no message, or one of no use; reading goes on behind it, wherever that is.
    Nonsense(String),
    /// Nothing more for now.
    Dry,
    /// The connection is over, and why.
    Lost(String),
}

/// The type of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A change, unasked.
    Notification,
    /// The answer to a command.
    Response,
}

/// zebra's buffer. What a message leaves in it, the next finds there, also after a new connection.
pub(super) struct Reader(Vec<u8>);

impl Reader {
    pub(super) fn new() -> Self {
        Self(vec![0; BUFFER])
    }

    /// Reads one message, or what there is instead.
    pub(super) fn read(&mut self, source: &mut impl Source) -> Result<Read, Overflow> {
        let mut dry = false;
        // How a read without a message ends: the end of a stream is nothing, if nothing is not merely for now.
        let nothing = |dry| if dry { Read::Dry } else { Read::Lost("it ended".into()) };
        let had = match self.fill(0, HEADER, source, &mut dry) {
            Ok(0) => return Ok(nothing(dry)),
            Ok(had) => had,
            Err(e) => return Ok(Read::Lost(e.to_string())),
        };
        let Some(Header { length, kind }) = Header::read(&self.0)? else {
            // Perhaps a command of before the header was invented, of any length; zebra has no use for one.
            let more = if had == HEADER { self.fill(HEADER, BUFFER, source, &mut dry).unwrap_or(0) } else { 0 };
            return Ok(Read::Nonsense(format!("no header in {}", self.shown(had + more))));
        };
        let length = match usize::try_from(length) {
            Ok(0) => return Ok(nothing(dry)),
            Ok(length) if length <= BUFFER => length,
            _ => return Ok(Read::Nonsense(format!("a body of {length} bytes in {}", self.shown(had)))),
        };
        let had = match self.fill(0, length, source, &mut dry) {
            Ok(0) => return Ok(nothing(dry)),
            Ok(had) => had,
            Err(e) => return Ok(Read::Lost(e.to_string())),
        };
        fit("a body", BUFFER, had)?;
        self.0[had] = 0;
        let kind = match kind {
            1 => Kind::Notification,
            3 => Kind::Response,
            _ => return Ok(Read::Nonsense(format!("type {kind} of {}", self.shown(had)))),
        };
        Ok(match Body::read(&self.0)? {
            Body::Cable { port, status } => Read::Cable { kind, port, status },
            Body::Dropped(command_status) => Read::Dropped(command_status),
            Body::Nonsense(why) => Read::Nonsense(format!("{why}: {}", self.shown(had))),
        })
    }

    /// Fills the buffer from `from` to `to`, as far as that goes; tells how many bytes came.
    fn fill(&mut self, from: usize, to: usize, source: &mut impl Source, dry: &mut bool) -> io::Result<usize> {
        let (mut at, mut retries) = (from, 0);
        while at < to {
            match source.receive(&mut self.0[at..to]) {
                Ok(0) => (),
                Ok(more) => {
                    at += more;
                    continue;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => *dry = true,
                Err(e) => return Err(e),
            }
            if retries == RETRIES {
                break;
            }
            retries += 1;
            source.pause();
        }
        Ok(at - from)
    }

    fn shown(&self, length: usize) -> String {
        format!("{:?}", String::from_utf8_lossy(&self.0[..length]))
    }
}
