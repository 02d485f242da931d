use proptest::prelude::*;

use super::{Hex, Text};

#[test]
fn what_a_terminal_could_obey_is_escaped() {
    let cases: &[(&[u8], &str)] = &[
        (b"", ""),
        (b"to leaf1, \"swp1\"", "to leaf1, \"swp1\""),
        ("Käbel → 東京".as_bytes(), "Käbel → 東京"),
        (b"a\\b", r"a\\b"),
        (b"line\r\nnext\tcolumn", r"line\r\nnext\tcolumn"),
        (b"\x1b[2Jcleared", r"\u{1b}[2Jcleared"),
        ("c1 \u{9b}31m".as_bytes(), r"c1 \u{9b}31m"),
        ("bidi \u{202e}1pws\u{2066}".as_bytes(), r"bidi \u{202e}1pws\u{2066}"),
        ("no\u{200b}width\u{feff}".as_bytes(), r"no\u{200b}width\u{feff}"),
        ("stacked a\u{301}".as_bytes(), r"stacked a\u{301}"),
        (b"\xff\xfe half \xe2\x82", r"\xff\xfe half \xe2\x82"),
        // lldpd ends a string at its first NUL; one inside is worth seeing, those at the end are a C string's.
        (b"swp1\0\0", "swp1"),
        (b"swp1\0swp2", r"swp1\0swp2"),
    ];
    for (bytes, shown) in cases {
        assert_eq!(Text::new(bytes).unwrap().to_string(), *shown);
    }
}

#[test]
fn a_bound_cuts_between_escapes() {
    let cases: &[(&[u8], usize, &str)] = &[
        (b"spine1", 6, "spine1"),
        (b"spine1", 5, "spine…"),
        (b"ab\ncd", 3, "ab…"),
        (b"ab\ncd", 4, r"ab\n…"),
        (b"a\xff", 4, "a…"),
        ("東京都".as_bytes(), 2, "東京…"),
        (b"x", 0, "…"),
    ];
    for (bytes, max, shown) in cases {
        assert_eq!(Text::new(bytes).unwrap().bounded(*max).to_string(), *shown);
    }
}

#[test]
fn text_is_compared_without_a_terminator_and_only_if_it_is_utf8() {
    assert_eq!(Text::new(b"swp1\0").unwrap().to_str(), Some("swp1"));
    assert_eq!(Text::new(b"swp\xff").unwrap().to_str(), None);
    assert_eq!(Text::new(&[b'x'; 256]).unwrap_err().to_string(), "the text is 256 bytes long; it may have 0 to 255");
}

#[test]
fn hex_is_bounded() {
    assert_eq!(Hex(&[0, 0x1b, 0xff]).to_string(), "00:1b:ff");
    assert_eq!(Hex(&[]).to_string(), "");
    assert_eq!(Hex(&[0xab; 85]).to_string().len(), 254);
    assert_eq!(Hex(&[0xab; 86]).to_string().chars().count(), 255);
    assert_eq!(Hex(&[0xab; 255]).to_string().chars().count(), 255);
}

proptest! {
    #[test]
    fn any_bytes_are_shown_printable_and_bounded(bytes in prop::collection::vec(any::<u8>(), 0..=255), max in 0_usize..300) {
        let text = Text::new(&bytes).unwrap();
        let shown = text.bounded(max).to_string();
        prop_assert!(shown.chars().count() <= max + 1);
        prop_assert!(shown.chars().all(|c| matches!(c, '"' | '\'' | '\\') || c.escape_debug().count() == 1));
        prop_assert_eq!(text.to_string(), text.bounded(Text::MAX_SHOWN).to_string());
    }

    #[test]
    fn two_texts_that_look_alike_are_alike(a in "[a\\\\nu{}\0\n\u{202e}]{0,6}", b in "[a\\\\nu{}\0\n\u{202e}]{0,6}") {
        let (text_a, text_b) = (Text::new(a.as_bytes()).unwrap(), Text::new(b.as_bytes()).unwrap());
        prop_assert_eq!(text_a.to_string() == text_b.to_string(), text_a.to_str() == text_b.to_str());
    }
}
