//! The stream of bytes from a client, however it is cut on its way.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use super::agent::{Agent, limits};
use crate::PATIENCE;
use crate::control::{Limits, tests};

/// Bytes that were written to this end and not yet read from the other.
fn unread(stream: &UnixStream) -> libc::c_int {
    let mut bytes = 0;
    // SAFETY: the pointer is to an int that lives on, as this request wants it.
    assert_eq!(unsafe { libc::ioctl(stream.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) }, 0);
    bytes
}

/// Everything that the agent sends to a client that sends these parts, each when the one before was read, and no more.
fn answers(agent: &Agent, parts: &[&[u8]]) -> String {
    let mut stream = agent.client().stream;
    for part in parts {
        stream.write_all(part).unwrap();
        let start = Instant::now();
        while unread(&stream) > 0 {
            assert!(start.elapsed() < PATIENCE, "the agent does not read");
            std::thread::yield_now();
        }
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    answers
}

#[test]
fn a_stream_cut_anywhere_gets_the_same_answers() {
    let agent = Agent::start(Limits { body: tests::LIMIT, ..limits() }, 1);
    let stream = tests::stream();
    let expected = answers(&agent, &[&stream]);
    // Byte for byte what the pure parts make of it, but for the port's name and verdict.
    assert_eq!(expected.matches("cmd_status").count(), 7, "{expected}");
    assert_eq!(expected.matches("swp1,pass").count(), 5, "{expected}");
    let malformed = agent.counters().malformed;
    assert_eq!(malformed, 5);
    for cut in 0..=stream.len() {
        let (one, other) = stream.split_at(cut);
        assert_eq!(answers(&agent, &[one, other]), expected, "cut at {cut}");
    }
    assert_eq!(agent.counters().malformed, malformed * (stream.len() as u64 + 2));
}

#[test]
fn a_stream_that_comes_byte_by_byte_gets_the_same_answers() {
    let agent = Agent::start(Limits { body: tests::LIMIT, ..limits() }, 1);
    let stream = tests::stream();
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(answers(&agent, &bytes), answers(&agent, &[&stream]));
}
