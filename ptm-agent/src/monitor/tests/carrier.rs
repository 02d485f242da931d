//! LLDPDUs that overtake the news of carrier, or wait behind it.

use super::*;

#[test]
fn frames_from_before_the_link_lost_carrier_do_not_count() {
    let mut bench = Bench::all_up();
    let before = bench.now;
    bench.wait(2);
    bench.flapping_link(1, "swp1", true, 1);
    assert_eq!(bench.monitor.lldpdu(1, &lldpdu(says("r1", "swp1")), before), Heard::Stale);
    assert_eq!(bench.monitor.lldpdu(77, &lldpdu(says("r1", "swp1")), bench.now), Heard::Stale);
}

#[test]
fn a_frame_read_late_gives_way_to_one_that_is_certainly_newer() {
    let mut bench = Bench::all_up();
    let before = bench.now;
    bench.wait(1);
    bench.flapping_link(1, "swp1", true, 1);
    assert_eq!(bench.monitor.lldpdu(1, &lldpdu(says("r1", "swp1")), before), Heard::Changed);
    assert_eq!(bench.reason("swp1"), Some(Reason::Match));
    bench.hear(1, says("r3", "swp1"));
    assert_eq!(bench.reason("swp1"), Some(Reason::WrongNode));
    assert_eq!(bench.monitor.report("swp1").unwrap().neighbors.len(), 1);
}

#[test]
fn a_frame_that_waited_with_the_news_of_a_loss_and_return_counts() {
    let mut bench = Bench::all_up();
    bench.hear(1, says("r3", "swp1"));
    bench.wait(5);
    let heard = bench.now;
    bench.now = bench.now + Duration::from_millis(300);
    bench.link(1, "swp1", false);
    bench.link(1, "swp1", true);
    assert_eq!(bench.monitor.lldpdu(1, &lldpdu(says("r1", "swp1")), heard), Heard::Changed);
    assert_eq!(bench.reason("swp1"), Some(Reason::Match));
}

#[test]
fn a_frame_from_before_a_loss_that_was_seen_does_not_count() {
    let mut bench = Bench::all_up();
    let heard = bench.now;
    bench.now = bench.now + Duration::from_millis(100);
    bench.link(1, "swp1", false);
    assert_eq!(bench.monitor.lldpdu(1, &lldpdu(says("r1", "swp1")), heard), Heard::Stale);
    bench.now = bench.now + Duration::from_millis(100);
    bench.link(1, "swp1", true);
    assert_eq!(bench.monitor.lldpdu(1, &lldpdu(says("r1", "swp1")), heard), Heard::Stale);
}

#[test]
fn a_frame_may_come_before_the_news_of_carrier() {
    let mut bench = Bench::new();
    bench.link(1, "swp1", false);
    bench.hear(1, says("r1", "swp1"));
    assert_eq!(bench.reason("swp1"), Some(Reason::Down));
    bench.link(1, "swp1", true);
    assert_eq!(bench.reason("swp1"), Some(Reason::Match));
}
