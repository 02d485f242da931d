//! Ports that go down and up, come, go, and change their names.

use std::time::Duration;

use ptm_tests::scenario::{self, RING, speaking_ring, usual_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, PortReport, USUAL_TTL};

fn report(fabric: &mut Fabric, node: &str, port: &str, reason: &str) -> PortReport {
    fabric.node(node).unwrap().await_reason(port, reason).unwrap()
}

#[test]
fn a_port_that_goes_down_fails_and_passes_when_it_is_up_again() {
    if !scenario::may_run("link down and up") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    fabric.set_link("vm1:eth1", false).unwrap();
    report(&mut fabric, "vm1", "eth1", "link-down");
    report(&mut fabric, "vm2", "eth1", "link-down");
    report(&mut fabric, "vm1", "eth2", "match");
    fabric.set_link("vm1:eth1", true).unwrap();
    report(&mut fabric, "vm1", "eth1", "match");
    report(&mut fabric, "vm2", "eth1", "match");
}

#[test]
fn a_port_never_up_is_down_and_not_a_failure() {
    if !scenario::may_run("a port never up") {
        return;
    }
    let mut fabric = Fabric::from_plan(RING).unwrap();
    fabric.set_link("vm1:eth1", false).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    vm1.start_agent(&[]).unwrap();
    assert_eq!(vm1.await_reason("eth1", "down").unwrap().status, "N/A");
}

#[test]
fn an_absent_port_is_taken_up_when_it_comes_and_missed_when_it_goes() {
    if !scenario::may_run("hot-plug") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    fabric.remove_port("vm1:eth1").unwrap();
    assert_eq!(report(&mut fabric, "vm1", "eth1", "absent").status, "N/A");
    report(&mut fabric, "vm2", "eth1", "link-down");

    // The same name, another interface.
    fabric.add_port("vm1:eth1").unwrap();
    fabric.plug(&["vm1:eth1", "vm2:eth1"]).unwrap();
    report(&mut fabric, "vm1", "eth1", "match");
    report(&mut fabric, "vm2", "eth1", "match");
}

#[test]
fn a_renamed_port_is_judged_by_its_new_name() {
    if !scenario::may_run("rename") {
        return;
    }
    let mut fabric = speaking_ring(USUAL_TTL).unwrap();
    // To the far end a renamed port is another neighbor: what the old one said holds for its TTL, so that is short.
    fabric.node("vm1").unwrap().start_lldpd(Duration::from_secs(4)).unwrap();
    fabric.nodes().for_each(|node| node.start_agent(&[]).unwrap());
    for (node, port) in [("vm1", "eth1"), ("vm1", "eth2"), ("vm2", "eth1")] {
        report(&mut fabric, node, port, "match");
    }
    fabric.rename_port("vm1:eth1", "swp1").unwrap();
    report(&mut fabric, "vm1", "eth1", "absent");
    let log = fabric.node("vm1").unwrap().agent().unwrap().log();
    assert!(log.contains("INFO eth1: match -> absent: "), "the last word of the log on eth1 is true: {log}");
    let out = report(&mut fabric, "vm1", "swp1", "unplanned");
    assert_eq!((out.status.as_str(), out.observed.as_str()), ("N/A", "vm2:eth1"));
    // lldpd on vm1 tells the new name, so the far end sees another port of the right node.
    assert_eq!(report(&mut fabric, "vm2", "eth1", "wrong-port").observed, "vm1:swp1");

    fabric.rename_port("vm1:swp1", "eth1").unwrap();
    report(&mut fabric, "vm1", "eth1", "match");
    report(&mut fabric, "vm2", "eth1", "match");
    let reports = fabric.node("vm1").unwrap().reports().unwrap();
    assert!(reports.iter().all(|report| report.port != "swp1"), "{reports:?}");
}

#[test]
fn a_port_that_moves_to_another_namespace_is_gone_here_and_new_there() {
    if !scenario::may_run("another namespace") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    fabric.rename_port("vm1:eth1", "swp1").unwrap();
    report(&mut fabric, "vm1", "swp1", "unplanned");
    fabric.move_port("vm1:swp1", "vm3").unwrap();
    report(&mut fabric, "vm3", "swp1", "unplanned");
    report(&mut fabric, "vm1", "eth1", "absent");
    // Its frames must not be counted for an interface of vm1 any more, though the kernel half may have moved along.
    let vm1 = fabric.node("vm1").unwrap();
    wait::until("swp1 to be gone from vm1", PATIENCE, || {
        let reports = vm1.reports()?;
        if reports.iter().all(|report| report.port != "swp1") { Ok(()) } else { Err(format!("{reports:?}")) }
    })
    .unwrap();
    report(&mut fabric, "vm1", "eth2", "match");
}
