//! What must hold of any bytes that come in on the control socket, and of what goes out because of them.

use std::time::Duration;

use ptm_agent::control::codec::{self, Decoder, Desync, Incoming, Kind, Message};
use ptm_agent::control::record::{Cleaning, LONGEST_SENT, NOTHING, Record};
use ptm_agent::control::rows::{Change, Difference, Interface, NeighborRow, PortRow};
use ptm_agent::control::{About, Answer, Command, GetStatus, Limits, Request};
use ptm_agent::escape::is_deceptive;
use ptm_agent::monitor::{Reason, Statistics};

/// Columns that are read from a body.
const MOST_COLUMNS: usize = 64;

pub(crate) fn check(bytes: &[u8]) {
    let limit = Limits::default().body;
    let whole = decode([bytes], limit);
    assert_eq!(decode(bytes.chunks(1), limit), whole, "byte by byte");
    assert_eq!(decode(cut(bytes), limit), whole, "cut where the data says");
    assert_eq!(decode(bytes.chunks(5), 16).desync, decode([bytes], 16).desync, "whatever is too long");

    for incoming in &whole.incoming {
        match incoming {
            Incoming::Message(message) => {
                assert!(message.body.len() <= limit);
                check_message(message);
            }
            Incoming::TooLong { length, .. } => assert!((limit + 1..=codec::LONGEST_BODY).contains(length)),
        }
    }
    if let Ok(body) = str::from_utf8(bytes) {
        Record::read_all(body).iter().for_each(check_record);
        check_rows(body);
    }
}

/// What came out of a stream, and how it stands at its end.
#[derive(Debug, PartialEq)]
struct Decoded {
    incoming: Vec<Incoming>,
    desync: Option<Desync>,
    is_at_boundary: bool,
}

fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, longest_body: usize) -> Decoded {
    let mut decoder = Decoder::new(longest_body);
    let mut found = Decoded { incoming: Vec::new(), desync: None, is_at_boundary: false };
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.decode() {
                Ok(Some(incoming)) => found.incoming.push(incoming),
                Ok(None) => break,
                // The connection is closed: what follows is not looked at.
                Err(desync) => return Decoded { desync: Some(desync), ..found },
            }
        }
    }
    found.is_at_boundary = decoder.is_at_boundary();
    found
}

/// Each piece is as long as the first byte in it says, so that a change of the data moves the cuts too.
fn cut(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = usize::from(bytes.first()? % 41) + 1;
        let (piece, rest) = bytes.split_at(length.min(bytes.len()));
        bytes = rest;
        Some(piece)
    })
}

/// A message is what it was when it is sent on, and every command has its answer.
fn check_message(message: &Message) {
    if let Ok(body) = str::from_utf8(&message.body) {
        let mut sent = Vec::new();
        codec::encode(&mut sent, message.kind, message.cmdid, "fuzz", body);
        assert_eq!(sent.len(), codec::HEADER_LEN + body.len());
        let again = decode([&sent[..]], codec::LONGEST_BODY);
        assert_eq!(again.incoming, [Incoming::Message(message.clone())]);
    }
    match Command::read(message) {
        Ok(Some(command)) => check_answer(message, &command),
        Ok(None) => assert_ne!(message.kind, Kind::Command),
        Err(refusal) => assert!(!refusal.to_string().contains(is_deceptive), "{refusal}"),
    }
}

/// One row a message, within bounds, and an end where one was asked for.
fn check_answer(message: &Message, command: &Command) {
    let text = String::from_utf8_lossy(&message.body);
    let answer = Answer::new(command, [port_row(&text)], [neighbor_row(&text)]);
    let records = records(&answer.into_pieces().concat(), message.cmdid);

    let (last, rows) = records.split_last().expect("every command is answered");
    assert!(rows.iter().all(|row| row.get("cmd_status").is_none()), "only the last one ends an answer: {records:?}");
    let found = match &command.request {
        Request::GetStatus(GetStatus { about: About::BfdSessions, .. })
        | Request::Bfd
        | Request::Reload
        | Request::GetPlan
        | Request::Unknown => None,
        Request::GetStatus(asked) => Some(asked).filter(|asked| asked.port.as_ref().is_none_or(|port| port == "swp1")),
    };
    let Some(asked) = found else {
        assert!(rows.is_empty() && is_closed(last, "fail"), "{records:?}");
        return;
    };
    assert_eq!(records.len(), 1 + usize::from(asked.end));
    assert!(!asked.end || is_closed(last, "pass"), "{last:?}");
    if asked.about == About::Ports {
        let row = &records[0];
        assert_eq!((zebra(row, "port"), zebra(row, "cbl status")), (Some("swp1"), Some("fail")));
        assert_eq!(zebra(row, "cmd_status"), None, "zebra would drop it: {row:?}");
    }
}

/// Whether the record tells success or failure. It repeats the command's columns: there may be another `cmd_status`
/// among them, or so many that a reader does not come to this one.
fn is_closed(record: &Record, status: &str) -> bool {
    record.fields().any(|field| field == ("cmd_status", status)) || record.fields().count() >= MOST_COLUMNS
}

/// The records of an answer, each within the bounds of a reader like zebra.
fn records(bytes: &[u8], cmdid: u16) -> Vec<Record> {
    let decoded = decode([bytes], codec::LONGEST_BODY);
    assert!(decoded.desync.is_none() && decoded.is_at_boundary, "{decoded:?}");
    let record = |incoming| match incoming {
        Incoming::Message(Message { kind: Kind::Response, cmdid: echoed, body }) if echoed == cmdid => {
            assert!(body.len() <= LONGEST_SENT);
            read_one(str::from_utf8(&body).expect("text"))
        }
        other => panic!("no answer: {other:?}"),
    };
    decoded.incoming.into_iter().map(record).collect()
}

fn read_one(body: &str) -> Record {
    assert_eq!(body.matches('\n').count(), 2, "{body:?}");
    assert!(!body.contains(|c| is_deceptive(c) && c != '\n'), "{body:?}");
    let [record] = <[Record; 1]>::try_from(Record::read_all(body)).expect("a line of names and one of values");
    record
}

/// How zebra looks a key up: by the first column whose name the key begins with.
fn zebra<'a>(record: &'a Record, key: &str) -> Option<&'a str> {
    record.fields().find(|(column, _)| key.starts_with(column)).map(|(_, value)| value)
}

/// A record that was encoded is read back: cleaned, and, where it was escaped, as it was.
fn check_record(record: &Record) {
    let sent = record.encode();
    assert!(sent.len() <= LONGEST_SENT);
    let again = read_one(&sent);
    assert_eq!(again.fields().count(), record.fields().count());
    assert_eq!(again.encode(), sent, "what is clean stays");

    let escaped = record.clone().cleaned_by(Cleaning::Escape).encode();
    assert!(escaped.len() <= LONGEST_SENT);
    let again = read_one(&escaped).unescape();
    // Three bytes for one is the most that escaping takes.
    let is_short = |(_, value): (&str, &str)| value.len() <= 80;
    if escaped.len() < 1_000 && record.fields().all(is_short) {
        let values = |record: &Record| -> Vec<String> {
            record.fields().map(|(_, value)| if value.is_empty() { NOTHING } else { value }.to_owned()).collect()
        };
        assert_eq!(values(&again), values(record));
    }
}

/// Rows that are full of a stranger's text say what they should, and no more.
fn check_rows(text: &str) {
    for more in [false, true] {
        let change = Change {
            port: "swp1".to_owned(),
            before: Some(Reason::Match),
            after: Some(Reason::WrongNode),
            expected: Some(text.to_owned()),
            observed: Some(text.to_owned()),
            explanation: text.to_owned(),
            advice: Some(text.to_owned()),
        };
        let body = change.record(more).expect("the status changed").encode();
        assert!(body.len() <= LONGEST_SENT);
        let record = read_one(&body);
        assert_eq!((zebra(&record, "port"), zebra(&record, "cbl status")), (Some("swp1"), Some("fail")));
    }
}

fn port_row(text: &str) -> PortRow {
    let text = || text.to_owned();
    PortRow {
        port: "swp1".to_owned(),
        planned: true,
        reason: Reason::WrongNode,
        expected: Some(text()),
        far: Some((text(), Some(text()))),
        observed: Some(text()),
        system_name: Some(text()),
        port_id: Some(text()),
        port_description: Some(text()),
        match_on: Some("IfName"),
        cached: true,
        changed: Some(Duration::MAX),
        explanation: text(),
        advice: Some(text()),
        difference: Some(Difference { field: text(), expected: text(), observed: text() }),
        interface: Some(Interface {
            ifindex: u32::MAX,
            carrier: true,
            capture: Some(Err(text())),
            counters: Statistics { frames_in: u64::MAX, ..Statistics::default() },
        }),
    }
}

fn neighbor_row(text: &str) -> NeighborRow {
    let text = || text.to_owned();
    NeighborRow {
        port: "swp1".to_owned(),
        system_name: Some(text()),
        port_id: text(),
        port_description: Some(text()),
        match_on: Some("IfName"),
        changed: Duration::MAX,
        chassis_id: text(),
        system_description: Some(text()),
        management_addresses: vec![text(); 3],
        ttl: Duration::MAX,
        heard: Duration::ZERO,
        decides: true,
    }
}
