//! A client written from what is known of zebra, not from the server: its reads, its look-up, its buffers, its timing.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::time::Duration;

/// zebra's state of its interfaces: `true` once a port passed, `false` once it failed.
#[derive(Debug)]
pub(super) struct Zebra {
    stream: UnixStream,
    pub(super) interfaces: BTreeMap<String, bool>,
}

impl Zebra {
    pub(super) fn connect(name: &str) -> Self {
        let stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap();
        Self { stream, interfaces: BTreeMap::new() }
    }

    /// Sends as zebra does.
    pub(super) fn send(&mut self, body: &str) {
        use std::io::Write as _;
        let message = format!("{:4},{:4},{:4},{:4},{:>16}\n{body}", body.len(), 2, 2, 0, "frr");
        self.stream.write_all(message.as_bytes()).unwrap();
    }

    /// Reads the next message as zebra does and applies it; returns its body.
    pub(super) fn read(&mut self) -> String {
        let mut header = [0; 37];
        self.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        self.stream.read_exact(&mut header[..1]).expect("a message comes");
        // From its first byte on a message has 20 ms, or zebra takes what comes later for a header.
        self.stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        self.stream.read_exact(&mut header[1..]).expect("the header comes whole");
        let header = str::from_utf8(&header).unwrap();
        let length: usize = header[..4].trim().parse().unwrap();
        assert!(length <= 3_200, "zebra's buffer overflows");
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("the body comes whole");
        let body = String::from_utf8(body).unwrap();
        self.apply(&body);
        body
    }

    fn apply(&mut self, body: &str) {
        if !look_up(body, "cmd_status", 32).is_empty() {
            return;
        }
        let port = look_up(body, "port", 128);
        match look_up(body, "cbl status", 32).as_str() {
            "pass" => self.interfaces.insert(port, true),
            "fail" => self.interfaces.insert(port, false),
            _ => None,
        };
    }
}

/// The value of the first column that is a prefix of `key`, copied into a buffer of that size.
fn look_up(body: &str, key: &str, buffer: usize) -> String {
    let mut lines = body.split('\n');
    let columns = lines.next().unwrap().split(',');
    let values = lines.next().unwrap().split(',');
    let value = columns.zip(values).find(|(column, _)| key.starts_with(column)).map_or("", |(_, value)| value);
    assert!(value.len() < buffer, "{key} overflows zebra's buffer");
    value.to_owned()
}
