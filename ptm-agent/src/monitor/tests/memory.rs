//! What a restart of the agent keeps, and what it does not.

use super::*;

const UP: &[(IfIndex, &str, bool, u32)] = &[(1, "swp1", true, 0)];

/// With `swp1` up and the expected neighbor on it.
fn passing() -> Bench {
    let mut bench = Bench::new();
    bench.link(1, "swp1", true);
    bench.hear(1, says("r1", "swp1"));
    bench.events();
    bench
}

fn cached(bench: &Bench) -> bool {
    bench.monitor.report("swp1").expect("planned").cached
}

/// Time that passes while no agent runs.
fn away(bench: &mut Bench, seconds: u64) {
    bench.now = bench.now + Duration::from_secs(seconds);
}

#[test]
fn a_verdict_outlives_a_restart_without_an_event() {
    let mut bench = passing();
    let since = bench.monitor.report("swp1").unwrap().changed_at;
    bench.wait(30);
    bench.restart(UP);
    assert_eq!((bench.reason("swp1"), cached(&bench), bench.events()), (Some(Reason::Match), true, vec![]));
    assert_eq!(bench.monitor.report("swp1").unwrap().changed_at, since);
    // LLDP confirms it.
    bench.hear(1, says("r1", "swp1"));
    assert_eq!((bench.reason("swp1"), cached(&bench), bench.events()), (Some(Reason::Match), false, vec![]));
}

#[test]
fn it_holds_for_one_ttl_from_the_restart_however_long_nobody_listened() {
    let mut bench = passing();
    away(&mut bench, 86_400);
    bench.restart(UP);
    bench.wait(119);
    assert_eq!((bench.reason("swp1"), bench.events()), (Some(Reason::Match), vec![]));
    bench.wait(1);
    assert_eq!((bench.reason("swp1"), cached(&bench)), (Some(Reason::AgedOut), false));
    assert_eq!(bench.events(), [("swp1".into(), Some(Reason::AgedOut))]);
}

#[test]
fn restarts_one_upon_the_other_do_not_prolong_it() {
    let mut bench = passing();
    for _ in 0..12 {
        bench.restart(UP);
        assert_eq!(bench.reason("swp1"), Some(Reason::Match));
        bench.wait(10);
    }
    assert_eq!(bench.reason("swp1"), Some(Reason::AgedOut));
}

#[test]
fn once_confirmed_it_outlives_the_next_restart_too() {
    let mut bench = passing();
    bench.restart(UP);
    let revision = bench.monitor.revision();
    bench.hear(1, says("r1", "swp1"));
    assert_ne!(bench.monitor.revision(), revision, "or the file would go on having it as unconfirmed");
    away(&mut bench, 86_400);
    bench.restart(UP);
    assert_eq!((bench.reason("swp1"), cached(&bench), bench.events()), (Some(Reason::Match), true, vec![]));
}

#[test]
fn time_without_an_agent_is_not_counted_against_it() {
    let mut bench = passing();
    bench.restart(UP);
    bench.wait(100);
    let mut memory: Vec<_> = bench.monitor.memory().collect();
    for port in &mut memory {
        port.put_off(Duration::from_hours(1));
    }
    away(&mut bench, 3_600);
    bench.restart_with(plan_of(PLAN), memory, UP);
    bench.wait(19);
    assert_eq!((bench.reason("swp1"), bench.events()), (Some(Reason::Match), vec![]));
    bench.wait(1);
    assert_eq!(bench.reason("swp1"), Some(Reason::AgedOut));
}

#[test]
fn lldp_refutes_it() {
    let mut bench = passing();
    bench.restart(UP);
    bench.hear(1, Says { ttl: 0, ..says("r1", "swp1") });
    assert_eq!((bench.reason("swp1"), cached(&bench)), (Some(Reason::Left), false));
}

#[test]
fn carrier_that_was_lost_meanwhile_ends_it() {
    for (link, reason) in [((1, "swp1", true, 1), Reason::LinkDown), ((1, "swp1", false, 1), Reason::LinkDown)] {
        let mut bench = passing();
        away(&mut bench, 5);
        bench.restart(&[link]);
        assert_eq!((bench.reason("swp1"), cached(&bench)), (Some(reason), false), "{link:?}");
        assert_eq!(bench.events(), [("swp1".into(), Some(reason))]);
    }
}

#[test]
fn another_interface_of_that_name_starts_anew() {
    let absent = || ("swp1".into(), Some(Reason::Absent));
    let silent = || ("swp1".into(), Some(Reason::Silent));
    let mut bench = passing();
    bench.restart(&[(7, "swp1", true, 0)]);
    assert_eq!((bench.reason("swp1"), cached(&bench)), (Some(Reason::Silent), false));
    assert_eq!(bench.events(), [absent(), silent()]);
    // Also one with the same index: the kernel's count of losses never falls.
    let mut bench = passing();
    bench.flapping_link(1, "swp1", true, 2);
    bench.hear(1, says("r1", "swp1"));
    bench.events();
    bench.restart(UP);
    assert_eq!((bench.reason("swp1"), bench.events()), (Some(Reason::Silent), vec![absent(), silent()]));
}

#[test]
fn an_interface_that_is_gone_is_an_event() {
    let mut bench = passing();
    bench.restart(&[]);
    assert_eq!(
        (bench.reason("swp1"), bench.events()),
        (Some(Reason::Absent), vec![("swp1".into(), Some(Reason::Absent))])
    );
    // Back later it starts anew: nobody knows where it has been.
    bench.link(1, "swp1", true);
    assert_eq!(bench.reason("swp1"), Some(Reason::Silent));
}

#[test]
fn a_renamed_interface_keeps_who_is_there() {
    let mut bench = passing();
    bench.restart(&[(1, "swp2", true, 0)]);
    assert_eq!((bench.reason("swp1"), bench.reason("swp2")), (Some(Reason::Absent), Some(Reason::WrongNode)));
    let mut bench = passing();
    bench.link(2, "swp2", true);
    bench.hear(2, says("r3", "swp1"));
    bench.restart(&[(1, "swp2", true, 0), (2, "swp1", true, 0)]);
    assert_eq!((bench.reason("swp1"), bench.reason("swp2")), (Some(Reason::WrongNode), Some(Reason::WrongNode)));
}

#[test]
fn a_file_with_a_name_or_an_index_twice_is_no_reason_to_panic() {
    let bench = passing();
    let one: Vec<_> = bench.monitor.memory().collect();
    let renamed = PortMemory { name: "swp2".into(), ..one[0].clone() };
    let other = PortMemory { ifindex: 2, ..one[0].clone() };
    let mut bench = Bench::new();
    bench.restart_with(plan_of(PLAN), [one, vec![renamed, other]].concat(), &[(2, "swp1", true, 0)]);
    assert_eq!((bench.reason("swp1"), bench.reason("swp2")), (Some(Reason::Silent), Some(Reason::Absent)));
}

#[test]
fn another_expectation_is_judged_anew_from_who_is_there() {
    let mut bench = passing();
    let memory: Vec<_> = bench.monitor.memory().collect();
    bench.restart_with(plan_of("graph { me:swp1 -- r9:swp1 }"), memory, UP);
    assert_eq!((bench.reason("swp1"), cached(&bench)), (Some(Reason::WrongNode), true));
    assert_eq!(bench.events(), [("swp1".into(), Some(Reason::WrongNode))]);
    // How a port came to be silent belongs to the old one.
    let mut bench = passing();
    bench.wait(120);
    let memory: Vec<_> = bench.monitor.memory().collect();
    bench.restart_with(plan_of("graph { me:swp1 -- r9:swp1 }"), memory, UP);
    assert_eq!((bench.reason("swp1"), cached(&bench)), (Some(Reason::Silent), false));
}

#[test]
fn a_failure_outlives_it_too_and_is_cached_for_one_ttl() {
    let mut bench = passing();
    bench.hear(1, Says { ttl: 0, ..says("r1", "swp1") });
    bench.events();
    bench.restart(UP);
    assert_eq!((bench.reason("swp1"), cached(&bench), bench.events()), (Some(Reason::Left), true, vec![]));
    bench.wait(119);
    assert!(cached(&bench));
    // Nobody was heard for as long as the last neighbor would have kept silent at most.
    bench.wait(1);
    assert_eq!((bench.reason("swp1"), cached(&bench), bench.events()), (Some(Reason::Left), false, vec![]));
}

#[test]
fn everything_worth_keeping_is_a_revision() {
    let mut bench = passing();
    let mut last = bench.monitor.revision();
    let mut is_new = |bench: &Bench| std::mem::replace(&mut last, bench.monitor.revision()) != bench.monitor.revision();
    bench.hear(1, says("r1", "swp1"));
    assert!(!is_new(&bench), "a repetition");
    bench.hear(1, Says { description: "uplink", ..says("r1", "swp1") });
    assert!(is_new(&bench), "a neighbor's words, the verdict being the same");
    bench.flapping_link(1, "swp1", true, 1);
    assert!(is_new(&bench), "a count of carrier losses");
    bench.wait(120);
    assert!(is_new(&bench), "silence");
    bench.monitor.link_gone(1, bench.now);
    assert!(is_new(&bench), "an interface that is gone");
    bench.monitor.set_plan(plan_of("graph { me:swp1 -- r9:swp1 }"), bench.now);
    assert!(is_new(&bench), "a plan");
}

#[test]
fn unsound_memory_is_told_from_sound() {
    let bench = passing();
    let sound: Vec<PortMemory> = bench.monitor.memory().collect();
    let [sound] = &sound[..] else { panic!("one port") };
    assert_eq!(sound.check(bench.now), Ok(()));
    let neighbor = &sound.neighbors[0];
    let with = |change: &dyn Fn(&mut PortMemory)| {
        let mut memory = sound.clone();
        change(&mut memory);
        memory.check(bench.now).expect_err("unsound").to_string()
    };
    let later = bench.now + Duration::from_nanos(1);
    assert_eq!(with(&|it| it.name = "".into()), "impossible name of a port ``");
    assert_eq!(with(&|it| it.name = "sixteen-letters-".into()), "impossible name of a port `sixteen-letters-`");
    assert_eq!(with(&|it| it.changed_at = Some(later)), "a time yet to come of a port `swp1`");
    assert_eq!(with(&|it| it.neighbors[0].last_heard = later), "a time yet to come in a neighbor of a port `swp1`");
    let far = Some(later + Duration::from_secs(65_535));
    assert_eq!(with(&|it| it.back_until = far), "a deadline too far off of a port `swp1`");
    assert_eq!(with(&|it| it.neighbors[0].unconfirmed_until = far), "a deadline too far off of a port `swp1`");
    assert_eq!(with(&|it| it.neighbors[0].lldpdu = [2, 7].into()), "a malformed LLDPDU of a port `swp1`");
    assert_eq!(with(&|it| it.neighbors = vec![neighbor.clone(); 17]), "too many neighbors of a port `swp1`");
}
