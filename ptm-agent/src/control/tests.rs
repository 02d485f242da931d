//! What only the parts together can show: from a stream of bytes to the bytes of the answers, without a socket.

pub(super) mod zebra;

use proptest::prelude::*;

use super::codec::{self, Decoder, HEADER_LEN, Kind};
use super::{Answer, client, rows};

/// The longest body that is taken here, so that one that is too long is not long.
pub(super) const LIMIT: usize = 64;

/// A client's message, its name padded on the left as libptm pads it.
fn message(kind: Kind, cmdid: u16, body: &str) -> Vec<u8> {
    let mut message = Vec::new();
    codec::encode(&mut message, kind, cmdid, "frr", body);
    message
}

/// The same, its name padded on the right as `ptmctl.py` pads it.
fn padded_right(body: &str) -> Vec<u8> {
    format!("{:4},{:4},{:4},{:4},{:<16}\n{body}", body.len(), 2, 2, 0, "None").into_bytes()
}

/// Everything that a client may send.
pub(super) fn stream() -> Vec<u8> {
    let parts = [
        b"get-status".to_vec(),
        b"\r\n".to_vec(),
        message(Kind::Command, 7, "cmd\nget-status\n"),
        padded_right("cmd,module,detail\nget-status,lldp,yes\n"),
        b"\n\0".to_vec(),
        message(Kind::Response, 0, "port,cbl status\nswp1,pass\n"),
        message(Kind::Command, 8, "cmd,client,seqid\nreg-bfd-client,bgp,77\n"),
        padded_right("cmd,module\nget-status,bfd\n"),
        message(Kind::Command, 9, &"x".repeat(LIMIT + 1)),
        message(Kind::Notification, 0, &"y".repeat(LIMIT + 1)),
        message(Kind::Command, 10, "cmd\nmake-coffee\n"),
        message(Kind::Command, 11, "port\nswp1\n"),
        b"get-statusget-status".to_vec(),
        message(Kind::Command, 12, ""),
        message(Kind::Command, 9_999, "cmd,end\nget-status,yes\n"),
    ];
    parts.concat()
}

/// What the agent sends to a client whose bytes come in these pieces.
fn answers<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut decoder = Decoder::new(LIMIT);
    let mut sent = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        loop {
            let (answer, last) = match decoder.decode() {
                Ok(None) => break,
                Ok(Some(incoming)) => match client::understand(&incoming, LIMIT) {
                    (_, Ok(None)) => continue,
                    (_, Ok(Some(command))) => {
                        (Answer::new(&command, [rows::tests::miswired()], [rows::tests::neighbor()]), false)
                    }
                    (cmdid, Err(refusal)) => (Answer::to_malformed(cmdid, &refusal), false),
                },
                Err(desync) => (Answer::to_malformed(0, &desync.into()), true),
            };
            sent.extend(answer.into_pieces().concat());
            if last {
                return sent;
            }
        }
    }
    sent
}

#[test]
fn the_whole_stream_is_answered_message_by_message() {
    insta::assert_snapshot!(String::from_utf8(answers([&stream()[..]])).unwrap(), @r"
      26,   2,   3,   0,             ptm
    port,cbl status
    eth1,fail
      26,   2,   3,   7,             ptm
    port,cbl status
    eth1,fail
      90,   2,   3,   0,             ptm
    port,sysname,portID,port descr,match on,last upd
    eth1,vm4,eth2,eth2; to vm1,IfName,4m:25s
     137,   2,   3,   8,             ptm
    cmd,client,seqid,cmd_status,cmd_ext_status
    reg-bfd-client,bgp,77,fail,BFD is not run by this agent; use a routing suite's own BFD daemon
      93,   2,   3,   0,             ptm
    cmd,module,cmd_status,cmd_ext_status
    get-status,bfd,fail,No BFD sessions . Check connections
      71,   2,   3,   9,             ptm
    cmd_status,cmd_ext_status
    fail,Message too long [65 bytes; at most 64]
      67,   2,   3,  10,             ptm
    cmd,cmd_status,cmd_ext_status
    make-coffee,fail,Command Unsupported
     115,   2,   3,  11,             ptm
    cmd_status,cmd_ext_status
    fail,Malformed message [a line of column names with cmd and a line of values are needed]
      26,   2,   3,   0,             ptm
    port,cbl status
    eth1,fail
      26,   2,   3,   0,             ptm
    port,cbl status
    eth1,fail
     115,   2,   3,  12,             ptm
    cmd_status,cmd_ext_status
    fail,Malformed message [a line of column names with cmd and a line of values are needed]
      26,   2,   3,9999,             ptm
    port,cbl status
    eth1,fail
      60,   2,   3,9999,             ptm
    cmd,end,cmd_status,cmd_ext_status
    get-status,yes,pass,1 row
    ");
}

#[test]
fn every_cut_and_byte_by_byte_give_the_same_answers() {
    let stream = stream();
    let expected = answers([&stream[..]]);
    for cut in 0..=stream.len() {
        let (one, other) = stream.split_at(cut);
        assert_eq!(answers([one, other]), expected, "cut at {cut}");
    }
    assert_eq!(answers(stream.chunks(1)), expected);
}

#[test]
fn every_pair_of_cuts_gives_the_same_answers() {
    let stream = &stream()[..2 * HEADER_LEN + 100];
    let expected = answers([stream]);
    for first in 0..=stream.len() {
        let (one, rest) = stream.split_at(first);
        for second in 0..=rest.len() {
            let (two, three) = rest.split_at(second);
            assert_eq!(answers([one, two, three]), expected, "cut at {first} and {}", first + second);
        }
    }
}

/// A mutation that keeps most of a stream, so that what follows the damage is looked at too.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = (any::<prop::sample::Index>(), prop::option::of(any::<u8>()));
    prop::collection::vec(damage, 0..4).prop_map(|damages| {
        let mut stream = stream();
        for (at, byte) in damages {
            let at = at.index(stream.len());
            match byte {
                Some(byte) => stream[at] = byte,
                None => drop(stream.remove(at)),
            }
        }
        stream
    })
}

proptest! {
    /// Also of garbage: no panic, whole messages out, and the same ones however it comes.
    #[test]
    fn damaged_streams_are_answered_the_same_however_they_are_cut(
        stream in prop_oneof![3 => damaged(), 1 => prop::collection::vec(any::<u8>(), 0..200)],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let expected = answers([&stream[..]]);
        prop_assert_eq!(&answers(cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]])), &expected);
        prop_assert_eq!(&answers(stream.chunks(1)), &expected);
        let read = zebra::read_all(&expected);
        prop_assert!(read.is_ok(), "{:?} in {}", read, String::from_utf8_lossy(&expected));
    }
}
