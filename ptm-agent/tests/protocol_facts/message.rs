//! "Message": the header's table, the body, the two examples, and the bare text from before version 2.

use crate::agent::{Agent, Message};

const ZEBRA: &[u8] = b"  15,   2,   2,   0,             frr\ncmd\nget-status\n";
const ANSWER: &[u8] = b"  26,   2,   3,   0,             ptm\nport,cbl status\nswp1,pass\n";

fn first(answer: &[u8]) -> Message {
    Message::read(&mut &answer[..]).unwrap()
}

/// The two examples, byte for byte.
#[test]
fn get_status_from_zebra_whole_and_its_answer_for_one_port() {
    assert_eq!(Agent::with_one_port().answer(ZEBRA).escape_ascii().to_string(), ANSWER.escape_ascii().to_string());
}

/// "A message is a 37-byte header and a body": one CSV line of five fields with fixed widths.
#[test]
fn a_message_is_a_header_of_37_bytes_and_a_body() {
    let answer = Agent::usual().answer(ZEBRA);
    let mut rest = &answer[..];
    let mut length = 0;
    while let Some(message) = Message::read(&mut rest) {
        length += 37 + message.body.len();
    }
    assert_eq!(length, answer.len());
}

/// "length: bytes of the body that follows".
#[test]
fn header_length_is_the_bytes_of_the_body_that_follows() {
    let answer = first(&Agent::with_one_port().answer(ZEBRA));
    assert_eq!((answer.length, answer.body.as_str()), (26, "port,cbl status\nswp1,pass\n"));
    // Theirs is believed: what follows after so many bytes is the next message.
    let two = [ZEBRA, ZEBRA].concat();
    assert_eq!(Agent::with_one_port().answer(&two), [ANSWER, ANSWER].concat());
}

/// "version: 2".
#[test]
fn header_version_is_2() {
    assert_eq!(first(&Agent::with_one_port().answer(ZEBRA)).version, 2);
}

/// "type: 1 notification, 2 command, 3 response".
#[test]
fn header_type_is_1_for_notifications_2_for_commands_3_for_responses() {
    let agent = Agent::with_one_port();
    let mut client = agent.client();
    client.send("cmd\nget-status\n");
    assert_eq!(client.next().unwrap().kind, 3);
    agent.change(|world| world.hear(1, b"spine9", b"swp7", b""));
    assert_eq!(client.next().unwrap().kind, 1);
    // Only a command is answered.
    for (kind, answers) in [(1, false), (2, true), (3, false)] {
        let asked = format!("  15,   2,{kind:4},   0,             frr\ncmd\nget-status\n");
        assert_eq!(!agent.answer(asked.as_bytes()).is_empty(), answers, "type {kind}");
    }
}

/// "cmdid: echoed back; 0 from every known client".
#[test]
fn header_cmdid_is_echoed_back() {
    let agent = Agent::usual();
    for cmdid in [0, 1, 42, 9_999] {
        let asked = format!("  15,   2,   2,{cmdid:4},             frr\ncmd\nget-status\n");
        let answer = agent.answer(asked.as_bytes());
        let mut rest = &answer[..];
        for port in 1..=4 {
            assert_eq!(Message::read(&mut rest).unwrap().cmdid, cmdid, "of swp{port}");
        }
        let unknown = format!("  16,   2,   2,{cmdid:4},             frr\ncmd\nmake-coffee\n");
        assert_eq!(first(&agent.answer(unknown.as_bytes())).cmdid, cmdid);
    }
}

/// "client: the sender's name, padded to 16. libptm pads on the left, ptmctl.py on the right; accept both. The daemon's
/// own is `ptm`".
#[test]
fn header_client_is_padded_on_either_side_and_ours_is_ptm() {
    let agent = Agent::with_one_port();
    for name in ["             frr", "frr             ", "ptmctl          ", "a name of 16 let", "                "] {
        let asked = format!("  15,   2,   2,   0,{name}\ncmd\nget-status\n");
        assert_eq!(agent.answer(asked.as_bytes()), ANSWER, "{name:?}");
    }
    assert_eq!(first(&agent.answer(ZEBRA)).client, "             ptm");
}

/// "Body: CSV lines ended by `\n`: one line of column names, then one line of values".
#[test]
fn body_is_a_line_of_columns_and_a_line_of_values() {
    let agent = Agent::usual();
    for asked in
        ["cmd\nget-status\n", "cmd,detail\nget-status,yes\n", "cmd,module\nget-status,lldp\n", "cmd\nunknown\n"]
    {
        for body in agent.ask(asked) {
            let [columns, values, ""] = body.split('\n').collect::<Vec<_>>()[..] else { panic!("{body:?}") };
            assert_eq!(columns.split(',').count(), values.split(',').count(), "{body}");
        }
    }
}

/// "Before version 2 a client sent the bare text `get-status` with no header; ptmd still answers it".
#[test]
fn bare_get_status_is_answered() {
    let agent = Agent::with_one_port();
    for bare in ["get-status", "get-status\n", "get-status\0"] {
        assert_eq!(agent.answer(bare.as_bytes()), ANSWER, "{bare:?}");
    }
}
