//! Messages of the PTM control protocol on the wire: header, framing, encoding.
//!
//! Pure: bytes in, messages out. It knows neither commands nor columns; those are `request` and `rows`.

/// Length of the fixed-width header line, newline included.
pub const HEADER_LEN: usize = 37;
/// The longest body that the header's four digits can announce.
pub const LONGEST_BODY: usize = 9_999;
/// The bare text with which clients asked before version 2, without any header.
const BARE_GET_STATUS: &[u8] = b"get-status";
/// What the bare text stands for.
const GET_STATUS_BODY: &str = "cmd\nget-status\n";
/// The header's second field.
const VERSION: u16 = 2;

/// The header's third field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A change, sent unasked.
    Notification,
    /// A client's request.
    Command,
    /// The answer to one.
    Response,
}

impl Kind {
    const fn number(self) -> u16 {
        match self {
            Self::Notification => 1,
            Self::Command => 2,
            Self::Response => 3,
        }
    }

    const fn from_number(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::Notification),
            2 => Some(Self::Command),
            3 => Some(Self::Response),
            _ => None,
        }
    }
}

/// One message, taken apart no further than its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// The number that an answer echoes; 0 from every known client.
    pub cmdid: u16,
    /// The body: CSV lines, not looked at.
    pub body: Vec<u8>,
}

/// The stream is not what the protocol says, and where the next message begins is unknown: it has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Desync {
    /// Neither a header nor the bare `get-status`.
    #[error("a message begins with a 37-byte header")]
    NotAHeader,
    /// The third field is none of 1, 2, 3.
    #[error("unknown message type {0}")]
    UnknownKind(u16),
}

/// What [`Decoder::decode`] found at the front of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A whole message.
    Message(Message),
    /// A message whose body is longer than the decoder takes. It is skipped; what follows is read as usual.
    TooLong {
        /// What its header says it is.
        kind: Kind,
        /// The number to echo.
        cmdid: u16,
        /// The announced length of the body, bytes.
        length: usize,
    },
}

/// Cuts a byte stream into messages, however the stream was split on its way.
///
/// The text of version 1, `get-status` without a header, has no end of its own and may be followed by anything. It
/// cannot be mistaken for a header: a header begins with a number padded by blanks to four places, so with a digit or
/// a blank. Hence the first byte at a message's boundary decides, the text is complete with its tenth byte, and a
/// line's or string's end after it (`\r`, `\n`, NUL, none of which begins a message) is skipped.
#[derive(Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Bytes of a too long body still to be thrown away.
    skip: usize,
    longest_body: usize,
}

impl Decoder {
    /// A decoder that skips bodies longer than `longest_body` bytes.
    pub const fn new(longest_body: usize) -> Self {
        Self { buffer: Vec::new(), skip: 0, longest_body }
    }

    /// Takes the next bytes of the stream. What it holds is bounded by what is pushed between two calls of
    /// [`Decoder::decode`] that return `None`, plus one message.
    pub fn push(&mut self, bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.buffer.extend_from_slice(&bytes[skipped..]);
    }

    /// Whether the stream stands between two messages.
    pub const fn is_at_boundary(&self) -> bool {
        self.buffer.is_empty() && self.skip == 0
    }

    /// The next whole message, or `None` until more bytes come.
    pub fn decode(&mut self) -> Result<Option<Incoming>, Desync> {
        let leading = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
        self.buffer.drain(..leading);
        match self.buffer.first() {
            None => Ok(None),
            Some(b' ' | b'0'..=b'9') => self.framed(),
            Some(_) => self.bare(),
        }
    }

    fn framed(&mut self) -> Result<Option<Incoming>, Desync> {
        let Some(header) = self.buffer.first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let Header { length, kind, cmdid } = Header::decode(header)?;
        if length > self.longest_body {
            let there = length.min(self.buffer.len() - HEADER_LEN);
            self.buffer.drain(..HEADER_LEN + there);
            self.skip = length - there;
            return Ok(Some(Incoming::TooLong { kind, cmdid, length }));
        }
        let Some(body) = self.buffer.get(HEADER_LEN..HEADER_LEN + length) else {
            return Ok(None);
        };
        let body = body.to_vec();
        self.buffer.drain(..HEADER_LEN + length);
        Ok(Some(Incoming::Message(Message { kind, cmdid, body })))
    }

    fn bare(&mut self) -> Result<Option<Incoming>, Desync> {
        if self.buffer.starts_with(BARE_GET_STATUS) {
            self.buffer.drain(..BARE_GET_STATUS.len());
            let body = GET_STATUS_BODY.as_bytes().to_vec();
            Ok(Some(Incoming::Message(Message { kind: Kind::Command, cmdid: 0, body })))
        } else if BARE_GET_STATUS.starts_with(&self.buffer) {
            Ok(None)
        } else {
            Err(Desync::NotAHeader)
        }
    }
}

/// The header's fields that matter. The version is read past: the original daemon and its clients ignore it, and the
/// framing is the same in each. So is the sender's name, which anybody may choose; `SO_PEERCRED` tells who it is.
struct Header {
    length: usize,
    kind: Kind,
    cmdid: u16,
}

impl Header {
    fn decode(bytes: &[u8; HEADER_LEN]) -> Result<Self, Desync> {
        let commas = [4, 9, 14, 19];
        if commas.iter().any(|&at| bytes[at] != b',') || bytes[HEADER_LEN - 1] != b'\n' {
            return Err(Desync::NotAHeader);
        }
        let field = |at: usize| number(&bytes[at..at + 4]).ok_or(Desync::NotAHeader);
        let (length, _version, kind, cmdid) = (field(0)?, field(5)?, field(10)?, field(15)?);
        Ok(Self { length: usize::from(length), kind: Kind::from_number(kind).ok_or(Desync::UnknownKind(kind))?, cmdid })
    }
}

/// A number padded with blanks, on either side.
fn number(field: &[u8]) -> Option<u16> {
    let digits = field.trim_ascii();
    // `parse` alone would take a plus sign.
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

/// Writes one message, whole, at the end of `out`. `sender` is ASCII and cut to the header's 16 characters; `cmdid` is
/// one that was read from a header, so it has at most four digits.
///
/// # Panics
/// If the body is longer than [`LONGEST_BODY`]: bodies are bounded where they are made (`Record::encode`).
pub fn encode(out: &mut Vec<u8>, kind: Kind, cmdid: u16, sender: &str, body: &str) {
    let length = body.len();
    assert!(length <= LONGEST_BODY, "a body of {length} bytes");
    let kind = kind.number();
    let header = format!("{length:4},{VERSION:4},{kind:4},{cmdid:4},{sender:>16.16}\n");
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(body.as_bytes());
}

#[cfg(test)]
mod tests;
