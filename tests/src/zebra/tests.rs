//! zebra's traps, one by one: the client has to fall into them.

use std::collections::VecDeque;
use std::io;

use super::backoff::Backoff;
use super::interfaces::Interfaces;
use super::message::{Body, Header};
use super::reader::{BUFFER, Kind, Read, Reader, Source};

/// A stream that comes in pieces, with nothing there for a moment after each.
struct Pieces(VecDeque<Vec<u8>>);

impl Pieces {
    fn new<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(pieces.into_iter().map(<[u8]>::to_vec).collect())
    }
}

impl Source for Pieces {
    fn receive(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let piece = self.0.front_mut().ok_or(io::ErrorKind::WouldBlock)?;
        let length = piece.len().min(into.len());
        if length == 0 {
            self.0.pop_front();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        into[..length].copy_from_slice(&piece[..length]);
        piece.drain(..length);
        Ok(length)
    }

    fn pause(&mut self) {}
}

/// A message with a right header.
fn message(kind: u8, body: &str) -> Vec<u8> {
    format!("{:4},{:4},{kind:4},{:4},{:>16}\n{body}", body.len(), 2, 0, "ptm").into_bytes()
}

/// All that comes out of a stream, until there is nothing for the longest time zebra waits.
fn read_all(mut source: impl Source) -> Vec<String> {
    let mut reader = Reader::new();
    let mut all = Vec::new();
    loop {
        all.push(match reader.read(&mut source) {
            Ok(Read::Cable { kind, port, status }) => format!("{kind:?} {port} {status}"),
            Ok(Read::Dropped(command_status)) => format!("dropped {command_status}"),
            Ok(Read::Nonsense(_)) => "nonsense".to_owned(),
            Ok(Read::Lost(why)) => return [all, vec![format!("lost: {why}")]].concat(),
            Ok(Read::Dry) => return all,
            Err(overflow) => return [all, vec![overflow.to_string()]].concat(),
        });
    }
}

fn body(text: &str) -> Body {
    let mut buffer = text.as_bytes().to_vec();
    buffer.push(0);
    Body::read(&buffer).unwrap()
}

fn cable(port: &str, status: &str) -> Body {
    Body::Cable { port: port.into(), status: status.into() }
}

#[test]
fn a_header_is_five_fields_of_which_the_width_does_not_matter() {
    let header = |text: &str| Header::read(text.as_bytes()).unwrap();
    assert_eq!(header("  26,   2,   3,   0,             ptm\n"), Some(Header { length: 26, kind: 3 }));
    assert_eq!(header("26,2,3,0,ptm\nport"), Some(Header { length: 26, kind: 3 }));
    assert_eq!(header("  -1,   2,   x,   0,             ptm\n"), Some(Header { length: -1, kind: 0 }));
    assert_eq!(header("get-status"), None);
    assert_eq!(header("26,2,3,0\n"), None);
}

#[test]
fn a_column_answers_for_every_key_that_begins_with_it() {
    let cases = [
        ("port,cbl status\nswp1,pass\n", cable("swp1", "pass")),
        ("port,cbl status\nswp1,N/A\n", cable("swp1", "N/A")),
        // The first that answers counts.
        ("port,cbl,cbl status\nswp1,fail,pass\n", cable("swp1", "fail")),
        ("port,cbl status detail,cbl status\nswp1,fail,pass\n", cable("swp1", "pass")),
        ("cmd,port,cbl status\nget-status,swp1,pass\n", Body::Dropped("get-status".into())),
        (",port,cbl status\nx,swp1,pass\n", Body::Dropped("x".into())),
        // Nothing is quoted.
        ("port,cbl status\n\"swp1,x\",pass\n", cable("\"swp1", "x\"")),
        ("port,cbl status\nswp1,pa\0ss\n", Body::Nonsense("it has no port")),
        // Three lines: the first is taken for the header.
        ("port,cbl status\nswp1,pass\nswp2,pass\n", Body::Nonsense("it has no port")),
        ("port,state\nswp1,Up\n", Body::Nonsense("it has neither a cable's status nor a BFD session")),
        ("", Body::Nonsense("it has no port")),
    ];
    for (text, expected) in cases {
        assert_eq!(body(text), expected, "{text:?}");
    }
}

#[test]
fn what_does_not_fit_is_an_overflow() {
    let long = "x".repeat(1_100);
    let cases = [
        ("port,cbl status\n@,pass\n", 128),
        ("port,cbl status\nswp1,@\n", 32),
        ("cmd_status,port\n@,swp1\n", 32),
        ("port,state,peer\nswp1,Up,@\n", 64),
        ("port,cbl status,note\nswp1,pass,@\n", 1_024 - "swp1,pass,\n".len()),
    ];
    for (text, size) in cases {
        let read = |length: usize| Body::read(text.replace('@', &long[..length]).as_bytes()).map(drop);
        assert_eq!(read(size - 1), Ok(()), "{text:?}");
        read(size).unwrap_err();
    }
    // A whole body, and the one byte after it.
    let line = format!("port,cbl status\nswp1,pass\n{}\n", &long[..1_000]).repeat(4);
    let read = |length: usize| read_all(Pieces::new([&message(1, &line[..length])[..]]));
    assert_eq!(read(BUFFER - 1), ["nonsense"]);
    assert_eq!(read(BUFFER), ["3201 bytes in zebra's buffer of 3200 for a body"]);
    // What a body leaves behind the next header belongs to the sender's name there.
    let after = |length: usize| {
        let first = message(1, &format!("port,cbl status\n{},pass\n", &long[..length]));
        read_all(Pieces::new([&first[..], &message(1, "port,cbl status\nswp1,pass\n")])).pop().unwrap()
    };
    assert_eq!(after(49), "Notification swp1 pass");
    assert_eq!(after(50), "33 bytes in zebra's buffer of 32 for the sender's name");
}

#[test]
fn messages_that_are_whole_need_no_pause_between_them() {
    let stream = [message(3, "port,cbl status\nswp1,pass\n"), message(1, "port,cbl status\nswp1,fail\n")].concat();
    assert_eq!(read_all(Pieces::new([&stream[..]])), ["Response swp1 pass", "Notification swp1 fail"]);
}

#[test]
fn pieces_that_come_late_put_it_out_of_step() {
    let stream = [message(3, "port,cbl status\nswp1,pass\n"), message(1, "port,cbl status\nswp1,fail\n")].concat();
    for at in 1..stream.len() {
        let (one, other) = stream.split_at(at);
        let prompt = read_all(Pieces::new([one, other]));
        assert_eq!(prompt, ["Response swp1 pass", "Notification swp1 fail"], "cut at {at}");
        // One moment more than it has patience, but for a cut between messages.
        let late = read_all(Pieces::new([one, &[], &[], other]));
        if at != stream.len() / 2 {
            assert_ne!(late, prompt, "cut at {at}");
        }
    }
}

#[test]
fn what_is_no_message_is_skipped_or_ends_the_connection() {
    let cases: [(&[u8], &[&str]); 5] = [
        (b"get-status", &["nonsense"]),
        // Without a header it takes all there is, also what follows.
        (b"hello, this is the daemon speaking to you at length", &["nonsense"]),
        (b"3201,   2,   1,   0,             ptm\n", &["nonsense"]),
        (b"  -1,   2,   1,   0,             ptm\n", &["nonsense"]),
        (b"   0,   2,   1,   0,             ptm\n", &["lost: it ended"]),
    ];
    for (stream, expected) in cases {
        assert_eq!(read_all(Pieces::new([stream])), expected, "{:?}", String::from_utf8_lossy(stream));
    }
    assert_eq!(read_all(Pieces::new([&message(2, "cmd\nget-status\n")[..]])), ["nonsense"]);
    assert_eq!(read_all(io::Cursor::new(message(1, "port,cbl status\nswp1,pass\n")))[1..], ["lost: it ended"]);
}

/// A stream that is all there, and ends.
impl Source for io::Cursor<Vec<u8>> {
    fn receive(&mut self, into: &mut [u8]) -> io::Result<usize> {
        io::Read::read(self, into)
    }

    fn pause(&mut self) {}
}

#[test]
fn it_gives_up_after_a_good_thirteen_minutes() {
    let mut backoff = Backoff::new();
    let first: Vec<_> = std::iter::from_fn(|| backoff.refused()).collect();
    assert_eq!(first, [2, 4, 8, 16, 32, 64, 128, 256, 300]);
    // The daemon was there and went away.
    let lost = backoff.lost() + std::iter::from_fn(|| backoff.refused()).sum::<u32>();
    assert_eq!(lost, 811);
}

#[test]
fn only_pass_and_fail_move_an_interface() {
    let mut interfaces = Interfaces::default();
    let steps = [
        ("pass", None),
        ("N/A", None),
        ("fail", Some(false)),
        ("fail", None),
        ("failed", None),
        ("N/A", None),
        ("pass", Some(true)),
        ("PASS", None),
        ("fail", Some(false)),
    ];
    for (status, change) in steps {
        assert_eq!(interfaces.hear("swp1", status), change, "{status}");
    }
    interfaces.hear("swp2", "pass");
    // Without a daemon nothing is held down.
    assert_eq!(interfaces.forget().collect::<Vec<_>>(), ["swp1"]);
    assert_eq!(interfaces.hear("swp1", "fail"), Some(false));
}

#[test]
fn a_notification_is_told_from_an_answer() {
    let read = |kind| Reader::new().read(&mut Pieces::new([&message(kind, "port,cbl status\nswp1,pass\n")[..]]));
    assert!(matches!(read(1), Ok(Read::Cable { kind: Kind::Notification, .. })));
    assert!(matches!(read(3), Ok(Read::Cable { kind: Kind::Response, .. })));
}
