//! The monitor's contract, as tables of histories, and random histories against a model that remembers everything.

mod matching;
mod memory;
mod model;

use std::time::Duration;

use super::*;
use crate::plan;

const PLAN: &str = "digraph G {
    me:swp1 -> r1:swp1
    me:swp2 -> r3:swp1
    r3:swp2 -> r4:swp7
    me:swp3 -> r5
    me:swp4 -> r6:eth0 [LLDP=\"match_type=portdescr\"]
    me:swp5 -> \"r7.example.com\":eth0 [LLDP=\"match_hostname=fqdn\"]
}";

fn plan_of(text: &str) -> Plan {
    let (topology, diagnostics) = plan::read(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    topology.plan_for("me").expect("the plan has me")
}

/// What a test's neighbor says.
#[derive(Clone, Copy, Debug)]
struct Says {
    node: &'static str,
    port: &'static str,
    description: &'static str,
    ttl: u16,
}

fn says(node: &'static str, port: &'static str) -> Says {
    Says { node, port, description: "", ttl: 120 }
}

/// The bytes of an LLDPDU, written by hand so that these tests don't lean on the encoder.
fn lldpdu(says: Says) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut tlv = |kind: u8, head: &[u8], value: &str| {
        let length = u8::try_from(head.len() + value.len()).expect("short");
        bytes.extend([kind << 1, length]);
        bytes.extend(head);
        bytes.extend(value.as_bytes());
    };
    tlv(1, &[7], says.node);
    tlv(2, &[5], says.port);
    tlv(3, &says.ttl.to_be_bytes(), "");
    tlv(4, &[], says.description);
    tlv(5, &[], says.node);
    tlv(0, &[], "");
    bytes
}

/// A monitor with a clock: each step happens where the last one ended.
struct Bench {
    monitor: Monitor,
    now: BootTime,
}

impl Bench {
    fn new() -> Self {
        Self { monitor: Monitor::new(plan_of(PLAN)), now: BootTime::from_nanos(1_000_000_000) }
    }

    /// With `swp1` to `swp5` there and up, as interfaces 1 to 5.
    fn all_up() -> Self {
        let mut bench = Self::new();
        for ifindex in 1..=5 {
            bench.link(ifindex, &format!("swp{ifindex}"), true);
        }
        bench.events();
        bench
    }

    fn link(&mut self, ifindex: IfIndex, name: &str, carrier: bool) {
        self.flapping_link(ifindex, name, carrier, 0);
    }

    fn flapping_link(&mut self, ifindex: IfIndex, name: &str, carrier: bool, carrier_losses: u32) {
        self.monitor.link(Link { ifindex, name, carrier, carrier_losses }, self.now);
    }

    /// What is remembered, by way of the text that a file of it would have.
    fn written_and_read(&self) -> Vec<PortMemory> {
        let memory: Vec<_> = self.monitor.memory().collect();
        let text = serde_json::to_string(&memory).expect("memory can be written");
        let memory: Vec<PortMemory> = serde_json::from_str(&text).expect("memory can be read");
        assert!(memory.iter().all(|memory| memory.check(self.now).is_ok()), "{memory:?}");
        memory
    }

    /// The agent is killed, and another finds these interfaces: index, name, carrier and losses of it.
    fn restart(&mut self, links: &[(IfIndex, &str, bool, u32)]) {
        let (plan, memory) = (self.monitor.plan().clone(), self.written_and_read());
        self.restart_with(plan, memory, links);
    }

    fn restart_with(&mut self, plan: Plan, memory: Vec<PortMemory>, links: &[(IfIndex, &str, bool, u32)]) {
        self.monitor = Monitor::new(plan);
        self.monitor.recall(memory, self.now);
        for &(ifindex, name, carrier, carrier_losses) in links {
            self.flapping_link(ifindex, name, carrier, carrier_losses);
        }
        self.monitor.links_told(self.now);
        self.monitor.tick(self.now);
    }

    fn hear(&mut self, ifindex: IfIndex, says: Says) -> Heard {
        self.monitor.lldpdu(ifindex, &lldpdu(says), self.now)
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.monitor.tick(self.now);
    }

    fn reason(&self, port: &str) -> Option<Reason> {
        self.monitor.report(port).map(|report| report.reason)
    }

    fn advice(&self, port: &str) -> String {
        self.monitor.report(port).and_then(|report| report.advice).unwrap_or_default()
    }

    fn explanation(&self, port: &str) -> String {
        explain(&self.monitor.report(port).expect("a verdict"))
    }

    fn events(&mut self) -> Vec<(String, Option<Reason>)> {
        std::iter::from_fn(|| self.monitor.poll_event()).map(|event| (event.port.to_string(), event.after)).collect()
    }
}

/// One step of a history on `swp1`, expected at `r1:swp1`, interface 1.
enum Step {
    Up,
    Down,
    Gone,
    /// Carrier went and came back unseen.
    Flap,
    Hear(Says),
    Wait(u64),
}

#[test]
fn every_verdict_follows_from_its_history() {
    use Reason::{Absent, AgedOut, Down, Left, LinkDown, Match, Silent, WrongNode, WrongPort};
    use Step::{Down as LinkLost, Flap, Gone, Hear, Up, Wait};
    let right = || Hear(says("r1", "swp1"));
    let other = || Hear(says("r9", "swp1"));
    let goodbye = || Hear(Says { ttl: 0, ..says("r1", "swp1") });
    let cases: Vec<(&str, Vec<Step>, Reason)> = vec![
        ("no such interface", vec![], Absent),
        ("never up", vec![LinkLost], Down),
        ("up, nobody heard", vec![Up], Silent),
        ("up, nobody heard for a day", vec![Up, Wait(86_400)], Silent),
        ("up and down again, nobody heard", vec![Up, LinkLost], Down),
        ("the expected neighbor", vec![Up, right()], Match),
        ("with its domain", vec![Up, Hear(says("r1.example.com", "swp1"))], Match),
        ("in capitals", vec![Up, Hear(says("R1", "swp1"))], Match),
        ("another node", vec![Up, other()], WrongNode),
        ("another port", vec![Up, Hear(says("r1", "swp2"))], WrongPort),
        ("a port that only begins alike", vec![Up, Hear(says("r1", "swp11"))], WrongPort),
        ("just before the TTL is over", vec![Up, right(), Wait(119)], Match),
        ("the TTL is over", vec![Up, right(), Wait(120)], AgedOut),
        ("heard again in time", vec![Up, right(), Wait(119), right(), Wait(119)], Match),
        ("heard again after ageing", vec![Up, right(), Wait(120), right()], Match),
        ("a goodbye", vec![Up, right(), goodbye()], Left),
        ("a goodbye, much later", vec![Up, right(), goodbye(), Wait(86_400)], Left),
        ("a goodbye and back", vec![Up, right(), goodbye(), right()], Match),
        ("a goodbye from a stranger", vec![Up, right(), Hear(Says { ttl: 0, ..says("r9", "swp1") })], Match),
        ("a goodbye before any hello", vec![Up, goodbye()], Silent),
        ("carrier lost", vec![Up, right(), LinkLost], LinkDown),
        ("carrier lost under a wrong neighbor", vec![Up, other(), LinkLost], LinkDown),
        ("carrier lost after ageing", vec![Up, right(), Wait(120), LinkLost], LinkDown),
        ("carrier lost, much later", vec![Up, right(), LinkLost, Wait(86_400)], LinkDown),
        ("carrier back, nobody yet", vec![Up, right(), LinkLost, Wait(9), Up, Wait(119)], LinkDown),
        ("carrier back, nobody for a TTL", vec![Up, right(), LinkLost, Wait(9), Up, Wait(120)], AgedOut),
        ("carrier back, neighbor back", vec![Up, right(), LinkLost, Wait(2), Up, right()], Match),
        (
            "carrier back, neighbor back, TTL over",
            vec![Up, right(), LinkLost, Wait(2), Up, right(), Wait(120)],
            AgedOut,
        ),
        ("a flap that nobody saw", vec![Up, right(), Wait(2), Flap], LinkDown),
        ("a flap, and the neighbor again", vec![Up, right(), Wait(2), Flap, right()], Match),
        ("a flap, and another neighbor", vec![Up, right(), Wait(2), Flap, other()], WrongNode),
        ("heard just before or after the news of a flap", vec![Up, right(), Wait(1), Flap], Match),
        ("a flap, heard about then, and another neighbor", vec![Up, right(), Wait(1), Flap, other()], WrongNode),
        ("the new neighbor came before the news of a flap", vec![Up, right(), Wait(2), other(), Flap], WrongNode),
        ("carrier back within a second, nobody yet", vec![Up, right(), LinkLost, Wait(1), Up], LinkDown),
        (
            "carrier back within a second, another neighbor",
            vec![Up, right(), LinkLost, Wait(1), Up, other()],
            WrongNode,
        ),
        ("the interface is gone", vec![Up, right(), Gone], Absent),
        ("the interface is back", vec![Up, right(), Gone, Up], Silent),
        ("two neighbors, one expected", vec![Up, other(), right()], Match),
        ("two neighbors, the expected one leaves", vec![Up, other(), right(), goodbye()], WrongNode),
        ("a stranger, and the right node's other port", vec![Up, other(), Hear(says("r1", "swp9"))], WrongPort),
    ];
    for (name, steps, expected) in cases {
        let mut bench = Bench::new();
        for step in steps {
            match step {
                Up => bench.link(1, "swp1", true),
                LinkLost => bench.link(1, "swp1", false),
                Gone => bench.monitor.link_gone(1, bench.now),
                Flap => bench.flapping_link(1, "swp1", true, 2),
                Hear(says) => drop(bench.hear(1, says)),
                Wait(seconds) => bench.wait(seconds),
            }
        }
        assert_eq!(bench.reason("swp1"), Some(expected), "{name}");
    }
}

#[test]
fn a_port_without_far_port_is_not_checked_and_still_shows_who_is_there() {
    let mut bench = Bench::all_up();
    bench.hear(3, says("r5", "eth0"));
    assert_eq!(bench.reason("swp3"), Some(Reason::Unchecked));
    assert_eq!(bench.monitor.report("swp3").unwrap().observed().as_deref(), Some("r5:eth0"));
}

#[test]
fn a_neighbor_on_a_port_outside_the_plan_is_unplanned_and_leaves_no_trace_behind() {
    let mut bench = Bench::all_up();
    bench.link(9, "swp9", true);
    assert_eq!(bench.reason("swp9"), None);
    bench.hear(9, says("r4", "swp7"));
    assert_eq!(bench.reason("swp9"), Some(Reason::Unplanned));
    assert_eq!(bench.advice("swp9"), "r4:swp7 belongs on r3:swp2, not on this machine's swp9");
    assert_eq!(bench.monitor.reports().last().unwrap().port, "swp9");
    bench.wait(120);
    assert_eq!(bench.reason("swp9"), None);
    assert_eq!(bench.events(), [("swp9".into(), Some(Reason::Unplanned)), ("swp9".into(), None)]);
}

#[test]
fn the_description_is_compared_where_the_plan_says_so() {
    let mut bench = Bench::all_up();
    let by_mac = Says { description: "eth0", ..says("r6", "02:00:00:00:00:01") };
    bench.hear(4, by_mac);
    assert_eq!(bench.reason("swp4"), Some(Reason::Match));
    assert_eq!(bench.monitor.report("swp4").unwrap().observed().as_deref(), Some("r6:eth0"));
    bench.hear(4, Says { description: "eth1", ..by_mac });
    assert_eq!(bench.reason("swp4"), Some(Reason::WrongPort));
    assert_eq!(
        bench.explanation("swp4"),
        "expected r6:eth0, found r6:eth1: the port description is `eth1`, not `eth0`"
    );
}

#[test]
fn the_whole_host_name_is_compared_where_the_plan_says_so() {
    let mut bench = Bench::all_up();
    bench.hear(5, says("r7", "eth0"));
    assert_eq!(bench.reason("swp5"), Some(Reason::WrongNode));
    bench.hear(5, says("r7.Example.COM", "eth0"));
    assert_eq!(bench.reason("swp5"), Some(Reason::Match));
}

#[test]
fn exchanged_cables_name_each_other() {
    let mut bench = Bench::all_up();
    bench.hear(1, says("r3", "swp1"));
    assert_eq!(bench.advice("swp1"), "r3:swp1 belongs on swp2; move the cable from swp1 to swp2");
    bench.hear(2, says("r1", "swp1"));
    assert_eq!(
        bench.advice("swp1"),
        "r3:swp1 belongs on swp2; move the cable from swp1 to swp2 (swp1 and swp2 are exchanged)"
    );
    assert_eq!(
        bench.advice("swp2"),
        "r1:swp1 belongs on swp1; move the cable from swp2 to swp1 (swp2 and swp1 are exchanged)"
    );
    assert_eq!(bench.explanation("swp1"), "expected r1:swp1, found r3:swp1: the system name is `r3`, not `r1`");
}

#[test]
fn advice_says_which_end_to_move() {
    let cases = [
        (says("r1", "swp9"), "at r1, move the cable from swp9 to swp1"),
        (says("r4", "swp7"), "r4:swp7 belongs on r3:swp2, not on this machine's swp1"),
        (says("nobody", "swp1"), "the plan does not know this neighbor; connect swp1 to r1:swp1"),
        (says("r1", "swp1"), ""),
    ];
    for (neighbor, advice) in cases {
        let mut bench = Bench::all_up();
        bench.hear(1, neighbor);
        assert_eq!(bench.advice("swp1"), advice, "{neighbor:?}");
    }
}

#[test]
fn a_silent_port_says_where_to_look() {
    let bench = Bench::all_up();
    let advice = "see whether r1 sends LLDP at the other end; a host needs a daemon for it, such as lldpd";
    assert_eq!((bench.reason("swp1"), &*bench.advice("swp1")), (Some(Reason::Silent), advice));
}

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
fn a_neighbor_that_sends_its_mac_as_port_id_is_told_from_a_wrong_cable() {
    let mut bench = Bench::all_up();
    let mut bytes = lldpdu(Says { description: "swp1", ..says("r1", "xxxxxx") });
    // Port ID subtype 3, a MAC address of six bytes, in the place of the interface name `xxxxxx`.
    let at = bytes.windows(7).position(|window| window == b"\x05xxxxxx").expect("the port ID");
    bytes[at..at + 7].copy_from_slice(&[3, 2, 0, 0, 0, 0, 1]);
    bench.monitor.lldpdu(1, &bytes, bench.now);
    assert_eq!(bench.reason("swp1"), Some(Reason::WrongPort));
    assert_eq!(
        bench.advice("swp1"),
        "the cable is right: the neighbor sends its MAC 02:00:00:00:00:01 as port ID and `swp1` as description; \
         use match_type=portdescr, or set its port ID to the interface name"
    );
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

#[test]
fn a_rename_is_another_port_on_the_same_cable() {
    let mut bench = Bench::all_up();
    bench.hear(1, says("r1", "swp1"));
    bench.events();
    bench.link(1, "spare", true);
    assert_eq!((bench.reason("swp1"), bench.reason("spare")), (Some(Reason::Absent), Some(Reason::Unplanned)));
    bench.link(1, "swp1", true);
    assert_eq!((bench.reason("swp1"), bench.reason("spare")), (Some(Reason::Match), None));
    bench.wait(120);
    assert_eq!(bench.reason("swp1"), Some(Reason::AgedOut));
}

#[test]
fn two_interfaces_may_swap_their_names() {
    let mut bench = Bench::all_up();
    bench.hear(1, says("r1", "swp1"));
    bench.hear(2, says("r3", "swp1"));
    // As after a lost notification: the first news is that interface 1 has the other's name.
    bench.link(1, "swp2", true);
    bench.link(2, "swp1", true);
    assert_eq!((bench.reason("swp1"), bench.reason("swp2")), (Some(Reason::WrongNode), Some(Reason::WrongNode)));
    assert_eq!(bench.monitor.report("swp1").unwrap().ifindex, Some(2));
    assert_eq!(bench.monitor.report("swp2").unwrap().ifindex, Some(1));
}

#[test]
fn a_new_plan_touches_only_what_it_changes() {
    let mut bench = Bench::all_up();
    bench.hear(1, says("r1", "swp1"));
    bench.hear(2, says("r3", "swp1"));
    bench.events();
    let since = bench.monitor.report("swp1").unwrap().changed_at;
    bench.wait(5);
    // swp1 as before, swp2 elsewhere, swp8 new and absent, the others no longer in the plan.
    bench.monitor.set_plan(plan_of("graph { me:swp8 -- r8:swp8; me:swp1 -- r1:swp1; me:swp2 -- r3:swp9 }"), bench.now);
    assert_eq!(bench.monitor.report("swp1").unwrap().changed_at, since);
    let mut events = bench.events();
    events.sort();
    assert_eq!(
        events,
        [
            ("swp2".into(), Some(Reason::WrongPort)),
            ("swp3".into(), None),
            ("swp4".into(), None),
            ("swp5".into(), None),
            ("swp8".into(), Some(Reason::Absent)),
        ]
    );
    // The old plan's neighbor at swp2 is still heard; the old plan's silence would not be remembered.
    bench.wait(120);
    bench.monitor.set_plan(plan_of("graph { me:swp2 -- r1:swp1 }"), bench.now);
    assert_eq!(bench.reason("swp2"), Some(Reason::Silent));
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
