//! LLDPDUs one by one: what each changes, how many neighbors are kept, and until when.

use super::*;

#[test]
fn a_name_that_is_not_utf8_is_shown_as_its_bytes() {
    let mut bench = Bench::all_up();
    let mut bytes = lldpdu(says("xx", "swp1"));
    for at in 0..bytes.len() - 1 {
        if &bytes[at..at + 2] == b"xx" {
            bytes[at] = 0xff;
        }
    }
    bench.monitor.lldpdu(1, &bytes, bench.now);
    assert_eq!(bench.monitor.report("swp1").unwrap().observed().as_deref(), Some("\\xffx:swp1"));
}

#[test]
fn a_malformed_lldpdu_changes_nothing_and_is_new_once() {
    let mut bench = Bench::all_up();
    bench.hear(1, says("r1", "swp1"));
    let good = lldpdu(says("r1", "swp1"));
    let short = &good[..6];
    let first: Vec<_> = (0..3).map(|_| bench.monitor.lldpdu(1, short, bench.now)).collect();
    assert!(matches!(
        first[..],
        [
            Heard::Malformed { first: true, .. },
            Heard::Malformed { first: false, .. },
            Heard::Malformed { first: false, .. }
        ]
    ));
    let report = bench.monitor.report("swp1").unwrap();
    assert_eq!(report.reason, Reason::Match);
    let statistics = report.statistics.unwrap();
    assert_eq!((statistics.frames_in, statistics.frames_discarded), (4, 3));
}

#[test]
fn padding_is_no_news() {
    let mut bench = Bench::all_up();
    let mut frame = lldpdu(says("r1", "swp1"));
    assert_eq!(bench.monitor.lldpdu(1, &frame, bench.now), Heard::Changed);
    frame.extend([0; 20]);
    assert_eq!(bench.monitor.lldpdu(1, &frame, bench.now), Heard::Refreshed);
    frame.extend(b"whatever stood in the sender's buffer");
    assert_eq!(bench.monitor.lldpdu(1, &frame, bench.now), Heard::Refreshed);
}

#[test]
fn a_crowd_does_not_keep_the_expected_neighbor_out() {
    let mut bench = Bench::all_up();
    let names: Vec<&'static str> = (0..100).map(|n| &*format!("stranger{n}").leak()).collect();
    for name in &names {
        bench.hear(1, says(name, "swp1"));
    }
    assert_eq!(bench.monitor.report("swp1").unwrap().neighbors.len(), MAX_NEIGHBORS);
    assert_eq!(bench.reason("swp1"), Some(Reason::WrongNode));
    assert_eq!(bench.hear(1, says("r1", "swp1")), Heard::Changed);
    assert_eq!(bench.reason("swp1"), Some(Reason::Match));
    for name in &names {
        bench.hear(1, says(name, "swp2"));
    }
    assert_eq!(bench.reason("swp1"), Some(Reason::Match));
    assert!(bench.monitor.report("swp1").unwrap().statistics.unwrap().too_many_neighbors > 150);
}

#[test]
fn timers_are_one_a_port_and_none_without_a_neighbor() {
    let mut bench = Bench::all_up();
    assert_eq!(bench.monitor.next_deadline(), None);
    for ttl in [120, 1, 65_535, 2, 65_535] {
        bench.hear(1, Says { ttl, ..says("r1", "swp1") });
        assert_eq!(bench.monitor.timers.len(), 1);
    }
    // The timer is early for the last TTL; when it fires it is put right.
    bench.wait(65_534);
    assert_eq!(bench.reason("swp1"), Some(Reason::Match));
    bench.wait(1);
    assert_eq!(bench.reason("swp1"), Some(Reason::AgedOut));
    assert_eq!(bench.monitor.next_deadline(), None);
}
