//! A client written from what is known of zebra, not from the server: its reads, its look-up, its buffers, its timing.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::Duration;

/// What zebra looks up in a message, and how large the buffers are into which it copies without looking.
pub(crate) const LOOK_UPS: [(&str, usize); 7] =
    [("cmd_status", 32), ("port", 128), ("cbl status", 32), ("state", 32), ("peer", 64), ("local", 64), ("vrf", 64)];

/// Its buffer for a message's body.
const BODY: usize = 3_200;

/// zebra's state of its interfaces: `true` once a port passed, `false` once it failed.
#[derive(Debug)]
pub(crate) struct Zebra {
    stream: UnixStream,
    pub(crate) interfaces: BTreeMap<String, bool>,
}

impl Zebra {
    pub(crate) fn connect(name: &str) -> Self {
        let stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap();
        Self { stream, interfaces: BTreeMap::new() }
    }

    /// Sends as zebra does.
    pub(crate) fn send(&mut self, body: &str) {
        let message = format!("{:4},{:4},{:4},{:4},{:>16}\n{body}", body.len(), 2, 2, 0, "frr");
        self.stream.write_all(message.as_bytes()).unwrap();
    }

    /// Reads the next message as zebra does and applies it; returns its body.
    pub(crate) fn read(&mut self) -> String {
        let mut header = [0; 37];
        self.stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        self.stream.read_exact(&mut header[..1]).expect("a message comes");
        // From its first byte on a message has 20 ms, or zebra takes what comes later for a header.
        self.stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        self.stream.read_exact(&mut header[1..]).expect("the header comes whole");
        let mut body = vec![0; body_length(&header).unwrap()];
        self.stream.read_exact(&mut body).expect("the body comes whole");
        let body = String::from_utf8(body).unwrap();
        if let Some((port, passes)) = verdict(&body) {
            self.interfaces.insert(port, passes);
        }
        body
    }
}

/// Reads a stream of messages to its end, as zebra does; returns their bodies.
pub(crate) fn read_all(mut stream: &[u8]) -> Result<Vec<String>, String> {
    let mut bodies = Vec::new();
    while !stream.is_empty() {
        let (header, rest) = stream.split_at_checked(37).ok_or("a header is cut off")?;
        let (body, rest) = rest.split_at_checked(body_length(header)?).ok_or("a body is cut off")?;
        bodies.push(String::from_utf8(body.to_vec()).map_err(|_| "a body is no text")?);
        stream = rest;
    }
    Ok(bodies)
}

/// The first field of a header.
fn body_length(header: &[u8]) -> Result<usize, String> {
    let header = str::from_utf8(header).map_err(|_| "a header is no text")?;
    let length = header[..4].trim().parse().map_err(|_| format!("{header:?} is no header"))?;
    if length > BODY { Err(format!("a body of {length} bytes overflows zebra's buffer")) } else { Ok(length) }
}

/// What zebra makes of a message: the port, and whether it passes.
pub(crate) fn verdict(body: &str) -> Option<(String, bool)> {
    if !look_up(body, "cmd_status").is_empty() {
        return None;
    }
    let port = look_up(body, "port");
    match look_up(body, "cbl status") {
        "pass" => Some((port.to_owned(), true)),
        "fail" => Some((port.to_owned(), false)),
        _ => None,
    }
}

/// The value of the first column that is a prefix of `key`, which must fit into the buffer for it. There is no quoting:
/// each comma ends a field, each newline a line.
pub(crate) fn look_up<'a>(body: &'a str, key: &str) -> &'a str {
    let mut lines = body.split('\n');
    let (columns, values) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let mut fields = columns.split(',').zip(values.split(','));
    let value = fields.find(|(column, _)| key.starts_with(column)).map_or("", |(_, value)| value);
    let (_, buffer) = LOOK_UPS.iter().find(|(known, _)| *known == key).expect("zebra looks it up");
    assert!(value.len() < *buffer, "{key} overflows zebra's buffer: {value}");
    value
}
