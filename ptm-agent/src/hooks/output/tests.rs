use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn logged<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut lines = Lines::default();
    let mut log = Vec::new();
    pieces.into_iter().for_each(|piece| lines.take(piece, |line| log.push(line.to_owned())));
    lines.finish(|line| log.push(line.to_owned()));
    log
}

#[test]
fn lines_are_put_together_from_pieces() {
    assert_eq!(logged([&b"on"[..], b"e\ntw", b"o\n", b"\n", b"last"]), ["one", "two", "", "last"]);
    assert_eq!(logged([]), [""; 0]);
}

#[test]
fn long_line_is_cut_and_the_rest_counted() {
    let log = logged([&[b'x'; 400][..], &[b'y'; 400], b"\nnext\n"]);
    assert_eq!(log[0], "x".repeat(400) + &"y".repeat(MAX_LINE - 400));
    assert_eq!(log[1..], ["next", "(288 more bytes of output are not shown)"]);
}

#[test]
fn lines_past_the_limit_are_counted() {
    let log = logged([&b"line\n".repeat(MAX_LINES + 3)[..]]);
    assert_eq!(log.len(), MAX_LINES + 1);
    assert_eq!(log[MAX_LINES], "(15 more bytes of output are not shown)");
}

proptest! {
    #[test]
    fn how_the_output_is_cut_into_pieces_does_not_matter(
        bytes in vec(prop::sample::select(b"ab\n\xff\t".to_vec()), 0..2000),
        cut in 1_usize..700,
    ) {
        let log = logged(bytes.chunks(cut));
        prop_assert_eq!(&log, &logged([&bytes[..]]));
        prop_assert!(log.len() <= MAX_LINES + 1);
        prop_assert!(log.iter().all(|line| line.len() <= 4 * MAX_LINE && !line.contains('\t')));
    }
}
