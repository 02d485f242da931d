use proptest::prelude::*;

use super::*;

/// Everything that comes out of `bytes` when they arrive in pieces that end at `cuts`.
fn decode(bytes: &[u8], cuts: &[usize]) -> (Vec<Incoming>, Option<Desync>) {
    let mut decoder = Decoder::new(1_024);
    let mut found = Vec::new();
    let mut from = 0;
    for &to in cuts.iter().chain([&bytes.len()]) {
        decoder.push(&bytes[from..to]);
        from = to;
        loop {
            match decoder.decode() {
                Ok(Some(incoming)) => found.push(incoming),
                Ok(None) => break,
                Err(desync) => return (found, Some(desync)),
            }
        }
    }
    (found, None)
}

fn command(body: &str) -> Incoming {
    Incoming::Message(Message { kind: Kind::Command, cmdid: 0, body: body.into() })
}

#[test]
fn encodes_the_messages_of_the_protocol_to_the_byte() {
    let mut out = Vec::new();
    encode(&mut out, Kind::Command, 0, "frr", "cmd\nget-status\n");
    encode(&mut out, Kind::Response, 0, "ptm", "port,cbl status\nswp1,pass\n");
    encode(&mut out, Kind::Notification, 0, "a client of a long name", "");
    let expected = "  15,   2,   2,   0,             frr\ncmd\nget-status\n\
                    \x20 26,   2,   3,   0,             ptm\nport,cbl status\nswp1,pass\n\
                    \x20  0,   2,   1,   0,a client of a lo\n";
    assert_eq!(str::from_utf8(&out).unwrap(), expected);
}

#[test]
fn takes_names_padded_on_either_side_and_any_version() {
    for header in [
        "  15,   2,   2,   0,             frr\n",
        "  15,   2,   2,   0,None            \n",
        "15  ,   7,2   ,   0,frr             \n",
    ] {
        let bytes = [header.as_bytes(), b"cmd\nget-status\n"].concat();
        assert_eq!(decode(&bytes, &[]), (vec![command("cmd\nget-status\n")], None), "{header}");
    }
}

#[test]
fn the_bare_text_of_version_1_may_be_followed_by_anything() {
    let framed = "  15,   2,   2,   0,             frr\ncmd\nget-status\n";
    for (bytes, requests) in [
        ("get-status".to_owned(), 1),
        ("get-status\n".to_owned(), 1),
        ("get-status\0get-status\r\n".to_owned(), 2),
        ("get-statusget-status".to_owned(), 2),
        (format!("get-status{framed}get-status\n{framed}"), 4),
    ] {
        let expected = vec![command("cmd\nget-status\n"); requests];
        for cut in 0..bytes.len() {
            assert_eq!(decode(bytes.as_bytes(), &[cut]), (expected.clone(), None), "{bytes} at {cut}");
        }
    }
}

#[test]
fn what_is_no_message_ends_the_stream() {
    for bytes in [
        "hello",
        "get-statistics",
        "  15,   2,   2,   0,             frr,cmd\nget-status\n",
        "  15;   2,   2,   0,             frr\n",
        "  -5,   2,   2,   0,             frr\n",
        "  +5,   2,   2,   0,             frr\n",
        "    ,   2,   2,   0,             frr\n",
        "1 5 ,   2,   2,   0,             frr\n",
    ] {
        assert_eq!(decode(bytes.as_bytes(), &[]), (vec![], Some(Desync::NotAHeader)), "{bytes}");
    }
    let unknown = "   0,   2,   4,   0,             frr\n";
    assert_eq!(decode(unknown.as_bytes(), &[]), (vec![], Some(Desync::UnknownKind(4))));
}

#[test]
fn a_body_too_long_is_skipped_and_the_next_message_read() {
    let mut bytes = Vec::new();
    encode(&mut bytes, Kind::Command, 7, "frr", &"x".repeat(1_025));
    bytes.extend_from_slice(b"get-status");
    let expected =
        vec![Incoming::TooLong { kind: Kind::Command, cmdid: 7, length: 1_025 }, command("cmd\nget-status\n")];
    for cut in 0..bytes.len() {
        let (found, desync) = decode(&bytes, &[cut]);
        assert_eq!((&found, desync), (&expected, None), "at {cut}");
    }
}

fn messages() -> impl Strategy<Value = Vec<Message>> {
    let kind = prop_oneof![Just(Kind::Notification), Just(Kind::Command), Just(Kind::Response)];
    let message = (kind, 0..10_000_u16, ".{0,300}")
        .prop_map(|(kind, cmdid, body)| Message { kind, cmdid, body: body.into_bytes() })
        .prop_filter("within the decoder's limit", |message| message.body.len() <= 1_024);
    prop::collection::vec(message, 0..6)
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded_however_the_stream_is_cut(
        messages in messages(),
        sender in "[ -~]{0,20}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut bytes = Vec::new();
        for Message { kind, cmdid, body } in &messages {
            encode(&mut bytes, *kind, *cmdid, &sender, str::from_utf8(body).unwrap());
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let expected: Vec<Incoming> = messages.into_iter().map(Incoming::Message).collect();
        prop_assert_eq!(decode(&bytes, &cuts), (expected, None));
    }

    #[test]
    fn any_bytes_mean_the_same_however_they_are_cut(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..100),
            "( {0,2}[0-9]{1,4}, {3}2, {3}[0-4], {3}[0-9], {13}frr\n|get-status|get|cmd\nget-status\n|\n){0,8}".prop_map(String::into_bytes),
        ],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(decode(&bytes, &cuts), decode(&bytes, &[]));
    }

    /// What a client can make the decoder hold: one message that is not whole yet, and what came with its end.
    #[test]
    fn whatever_comes_little_of_it_is_kept(
        pieces in prop::collection::vec(
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..250),
                "[0-9]{4},   2,   [1-3],   0,             frr\n(x{0,20})".prop_map(String::into_bytes),
                "[0-9]{1,3} ,   2,   2,   0,(get-status){2}\n".prop_map(String::into_bytes),
                Just(b"get-status".repeat(50)),
                prop::collection::vec(prop_oneof![Just(0), Just(b'\n')], 0..250),
            ],
            0..12,
        ),
    ) {
        const LONGEST: usize = 200;
        let mut decoder = Decoder::new(LONGEST);
        for piece in pieces {
            decoder.push(&piece);
            let decoded = loop {
                match decoder.decode() {
                    Ok(Some(Incoming::Message(message))) => prop_assert!(message.body.len() <= LONGEST),
                    Ok(Some(Incoming::TooLong { length, .. })) => prop_assert!(length > LONGEST),
                    end => break end,
                }
            };
            if decoded.is_err() {
                break;
            }
            prop_assert!(decoder.buffer.len() < HEADER_LEN + LONGEST);
            prop_assert!(decoder.skip <= LONGEST_BODY);
        }
    }
}
