//! How often verdicts change, and what the events of it say.

use super::*;

#[test]
fn every_event_of_a_port_counts_as_one_transition() {
    let mut bench = Bench::new();
    let transitions = |bench: &Bench| bench.monitor.report("swp1").expect("a verdict").transitions;
    assert_eq!(transitions(&bench), 0);
    bench.link(1, "swp1", true);
    bench.hear(1, says("r1", "swp1"));
    bench.hear(1, says("r1", "swp1"));
    bench.wait(120);
    bench.hear(1, says("r1", "swp2"));
    bench.monitor.link_gone(1, bench.now);
    let told = bench.events();
    assert_eq!(told.len(), 5, "{told:?}");
    assert_eq!(transitions(&bench), 5);
}

#[test]
fn names_that_have_no_verdict_any_more_are_not_kept() {
    let mut bench = Bench::new();
    for ifindex in 100..1_100 {
        let name = format!("veth{ifindex}");
        bench.link(ifindex, &name, true);
        bench.hear(ifindex, says("r9", "eth0"));
        assert_eq!(bench.monitor.report(&name).expect("a verdict").transitions, 1);
        bench.monitor.link_gone(ifindex, bench.now);
    }
    assert!(bench.monitor.transitions.is_empty());
}

#[test]
fn an_event_carries_what_a_report_of_that_moment_says() {
    let mut bench = Bench::all_up();
    bench.hear(1, says("r9", "swp1"));
    bench.hear(5, says("r7.example.com", "eth0"));
    bench.link(9, "swp9", true);
    bench.hear(9, says("r9", "swp9"));
    bench.monitor.link_gone(2, bench.now);
    let events: Vec<_> = std::iter::from_fn(|| bench.monitor.poll_event()).collect();
    assert_eq!(events.len(), 4);
    for event in events {
        let report = bench.monitor.report(&event.port).expect("a verdict");
        let carrier = report.ifindex.map(|_| report.carrier);
        assert_eq!(event.planned, report.expectation.is_some(), "{event:?}");
        assert_eq!((event.carrier, event.cached), (carrier, report.cached), "{event:?}");
        assert_eq!((&event.difference, &event.advice), (&report.difference, &report.advice), "{event:?}");
        assert_eq!(event.explanation, explain(&report));
    }
}
