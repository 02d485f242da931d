//! Neighbors that go: with a goodbye, without one, and beside a lldpd that listens too.

use std::time::Duration;

use ptm_tests::scenario::{self, passing_ring, usual_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Frame, USUAL_TTL};

#[test]
fn a_neighbor_that_says_goodbye_has_left() {
    if !scenario::may_run("a neighbor leaves") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    fabric.node("vm2").unwrap().stop_lldpd().unwrap();
    for (node, port) in [("vm1", "eth1"), ("vm3", "eth2")] {
        let report = fabric.node(node).unwrap().await_reason(port, "left").unwrap();
        assert_eq!((report.status.as_str(), report.observed.as_str()), ("fail", "no-info"));
    }
    // vm2's own agent hears on.
    fabric.node("vm2").unwrap().await_reason("eth1", "match").unwrap();

    fabric.node("vm2").unwrap().start_lldpd(USUAL_TTL).unwrap();
    fabric.node("vm1").unwrap().await_reason("eth1", "match").unwrap();
}

#[test]
fn a_neighbor_that_falls_silent_ages_out() {
    if !scenario::may_run("a neighbor ages out") {
        return;
    }
    // Four times lldpd's interval: what a loaded machine delays is not taken for silence.
    let mut fabric = passing_ring(Duration::from_secs(4), &[]).unwrap();
    fabric.node("vm2").unwrap().kill_lldpd();
    let report = fabric.node("vm1").unwrap().await_reason("eth1", "aged-out").unwrap();
    assert_eq!((report.status.as_str(), report.observed.as_str()), ("fail", "no-info"));

    fabric.node("vm2").unwrap().start_lldpd(Duration::from_secs(4)).unwrap();
    fabric.node("vm1").unwrap().await_reason("eth1", "match").unwrap();
}

#[test]
fn lldpd_beside_the_agent_hears_everything() {
    if !scenario::may_run("lldpd beside the agent") {
        return;
    }
    for hook in ["tc", "xdp"] {
        let mut fabric = passing_ring(USUAL_TTL, &["--hook", hook]).unwrap();
        for (node, port, neighbor, far_port) in [
            ("vm1", "eth1", "vm2", "eth1"),
            ("vm1", "eth2", "vm4", "eth2"),
            ("vm3", "eth1", "vm4", "eth1"),
            ("vm3", "eth2", "vm2", "eth2"),
        ] {
            fabric.node(node).unwrap().await_lldpd_neighbor(port, neighbor, far_port).unwrap();
        }
        // Not only what came before the agent was attached: a neighbor that is new now.
        fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
        fabric.node("vm1").unwrap().await_lldpd_neighbor("eth1", "vm4", "eth2").unwrap();

        // And of many frames at once, none is the agent's alone.
        let mut wire = fabric.wire("vm3:eth1").unwrap();
        let ports: Vec<_> = (10..=21).map(|number| format!("swp{number}")).collect();
        for port in &ports {
            wire.send(&Frame::empty(9).mandatory(9, port, 120).system_name(b"leaf9").end()).unwrap();
        }
        let vm3 = fabric.node("vm3").unwrap();
        for port in &ports {
            vm3.await_lldpd_neighbor("eth1", "leaf9", port).unwrap();
        }
        wait::until("the agent to list them too", PATIENCE, || {
            let list = vm3.ptmctl(&["--lldp"]).unwrap().stdout;
            let is_listed = |port: &String| list.lines().any(|it| it.contains("leaf9") && it.contains(port.as_str()));
            if ports.iter().all(is_listed) { Ok(()) } else { Err(list) }
        })
        .unwrap();
    }
}

#[test]
fn a_machine_that_nobody_speaks_to_has_no_information() {
    if !scenario::may_run("silent neighbors") {
        return;
    }
    let mut fabric = ptm_tests::Fabric::from_plan(scenario::RING).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    vm1.start_agent(&[]).unwrap();
    let report = vm1.await_reason("eth1", "silent").unwrap();
    assert_eq!((report.status.as_str(), report.observed.as_str()), ("N/A", "no-info"));
    assert_eq!(vm1.hook_runs().unwrap(), [], "no verdict, no hook");
}
