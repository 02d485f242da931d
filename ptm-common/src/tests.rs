use core::mem::{offset_of, size_of};

use super::*;

fn item(captured_len: u32, hook: u32, bytes: &[u8]) -> ([u8; 64], usize) {
    let mut item = [0; 64];
    item[0..8].copy_from_slice(&7_u64.to_ne_bytes());
    item[8..12].copy_from_slice(&42_u32.to_ne_bytes());
    item[12..16].copy_from_slice(&1_700_u32.to_ne_bytes());
    item[16..20].copy_from_slice(&captured_len.to_ne_bytes());
    item[20..24].copy_from_slice(&hook.to_ne_bytes());
    item[24..24 + bytes.len()].copy_from_slice(bytes);
    (item, 24 + bytes.len())
}

#[test]
fn a_record_reads_back() {
    let (item, len) = item(3, 2, b"abc");
    let frame = Frame { boot_ns: 7, ifindex: 42, wire_len: 1_700, hook: Hook::Xdp, bytes: b"abc" };
    assert_eq!(Frame::parse(&item[..len]), Some(frame));
}

#[test]
fn what_follows_the_frame_is_ignored() {
    let (item, len) = item(2, 1, b"abc");
    assert_eq!(Frame::parse(&item[..len]).unwrap().bytes, b"ab");
}

#[test]
fn a_record_that_lies_about_itself_is_refused() {
    let (too_long, len) = item(4, 1, b"abc");
    assert_eq!(Frame::parse(&too_long[..len]), None);
    let (unknown_hook, len) = item(3, 9, b"abc");
    assert_eq!(Frame::parse(&unknown_hook[..len]), None);
    let (whole, len) = item(3, 1, b"abc");
    for short in 0..len {
        assert_eq!(Frame::parse(&whole[..short]), None, "{short} bytes");
    }
}

#[test]
fn the_layout_is_the_one_that_parse_reads() {
    assert_eq!(size_of::<Header>(), 24);
    assert_eq!(offset_of!(Record, bytes), 24);
    assert_eq!(
        [
            offset_of!(Header, boot_ns),
            offset_of!(Header, ifindex),
            offset_of!(Header, wire_len),
            offset_of!(Header, captured_len),
            offset_of!(Header, hook),
        ],
        [0, 8, 12, 16, 20]
    );
    assert_eq!(size_of::<Counters>(), size_of::<[u64; 4]>());
    assert_eq!(
        [offset_of!(Counters, seen), offset_of!(Counters, captured), offset_of!(Counters, ring_full)],
        [0, 8, 16]
    );
}
