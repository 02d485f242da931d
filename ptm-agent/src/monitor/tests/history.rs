//! Histories of links, neighbors and plans, and the verdicts that follow from them.

use super::*;

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
fn a_new_plan_tells_its_changes_in_the_order_of_the_ports() {
    let mut bench = Bench::new();
    bench.monitor.set_plan(plan_of("graph { me:a -- r1:a }"), bench.now);
    for ifindex in 1..=12 {
        bench.link(ifindex, &format!("swp{ifindex}"), true);
    }
    bench.events();
    let names = |from: u32| -> Vec<String> { (from..from + 12).map(|port| format!("swp{port}")).collect() };
    let links: Vec<_> = names(1).iter().chain(&names(101)).map(|port| format!("me:{port} -- far:{port}")).collect();
    bench.monitor.set_plan(plan_of(&format!("graph {{ {} }}", links.join("; "))), bench.now);
    let told: Vec<_> = bench.events().into_iter().map(|(port, _)| port).collect();
    // Those that there are, those that went, those that are only in the plan.
    assert_eq!(told, [names(1), vec!["a".to_owned()], names(101)].concat());
}
