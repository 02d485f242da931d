//! What the agent remembers across its restarts, with real lldpd at the other ends.

use std::time::{Duration, Instant};

use ptm_tests::scenario::{self, RING, passing_ring, usual_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, Frame, Node, PortReport, USUAL_TTL};

const FILE: &str = "/run/ptm/verdicts.json";
const PORTS: [&str; 2] = ["eth1", "eth2"];

/// The first answer of an agent that has just been started: what a routing daemon gets that waited for it.
fn first_answer(node: &mut Node) -> Vec<PortReport> {
    node.start_agent(&[]).unwrap();
    node.await_agent().unwrap()
}

fn assert_all(reports: &[PortReport], reason: &str, cached: &str) {
    let seen: Vec<_> = reports.iter().map(|it| (&*it.port, &*it.reason, &*it.cached)).collect();
    assert_eq!(seen, PORTS.map(|port| (port, reason, cached)), "{reports:?}");
}

/// Kills whom vm1 hears, so that the memory alone can say something.
fn silence(fabric: &mut Fabric) {
    for node in ["vm2", "vm4"] {
        fabric.node(node).unwrap().kill_lldpd();
    }
}

/// Waits until the file tells of a verdict written since the text `before`.
fn await_file(node: &Node, wanted: &str) -> String {
    wait::until(format!("{wanted} in {FILE}"), PATIENCE, || {
        let text = node.machine().read(FILE).map_err(|e| e.to_string())?;
        if text.contains(wanted) { Ok(text) } else { Err(text) }
    })
    .unwrap()
}

#[test]
fn a_restart_under_a_passing_fabric_is_no_event_and_no_moment_without_a_verdict() {
    if !scenario::may_run("restarts of the agent under a passing fabric") {
        return;
    }
    let mut fabric = passing_ring(Duration::from_mins(10), &[]).unwrap();
    silence(&mut fabric);
    let vm1 = fabric.node("vm1").unwrap();
    // The hooks of the first verdicts.
    wait::until("two runs of the hook", PATIENCE, || match vm1.hook_runs().unwrap().len() {
        2 => Ok(()),
        runs => Err(format!("{runs}")),
    })
    .unwrap();
    for end in ["SIGTERM", "SIGKILL", "SIGTERM"] {
        if end == "SIGTERM" {
            assert!(vm1.agent().unwrap().terminate().unwrap().success());
        } else {
            await_file(vm1, r#""silence":"#);
            vm1.kill_agent();
        }
        assert_all(&first_answer(vm1), "match", "yes");
        let table = vm1.ptmctl(&[]).unwrap().stdout;
        assert_eq!(table.matches(" pass ").count(), 2, "{end}: {table}");
        assert_eq!(vm1.hook_runs().unwrap().len(), 2, "{end}: a restart is no event of a cable");
    }
    // LLDP confirms.
    for node in ["vm2", "vm4"] {
        fabric.node(node).unwrap().start_lldpd(USUAL_TTL).unwrap();
    }
    let vm1 = fabric.node("vm1").unwrap();
    wait::until("both verdicts to be confirmed", PATIENCE, || {
        let reports = vm1.reports()?;
        let confirmed = reports.iter().all(|it| it.reason == "match" && it.cached == "no");
        if confirmed { Ok(()) } else { Err(format!("{reports:?}")) }
    })
    .unwrap();
    let log = vm1.agent().unwrap().log();
    assert!(!log.contains("->"), "no verdict changed: {log}");
}

#[test]
fn what_happened_while_no_agent_ran_shows_at_once() {
    if !scenario::may_run("cables moved while no agent runs") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    vm1.agent().unwrap().terminate().unwrap();
    let ends = fabric.unplug("vm1:eth1").unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let reasons = |reports: Vec<PortReport>| reports.into_iter().map(|it| it.reason).collect::<Vec<_>>();
    assert_eq!(reasons(first_answer(vm1)), ["link-down", "match"]);
    vm1.agent().unwrap().terminate().unwrap();
    // Pulled and plugged in again: it may be another cable now, or, if somebody was heard within the second before, the
    // one through which that came.
    fabric.unplug("vm1:eth2").unwrap();
    let ends: Vec<_> = ends.iter().map(ToString::to_string).collect();
    fabric.plug(&ends.iter().map(|end| &**end).collect::<Vec<_>>()).unwrap();
    fabric.plug(&["vm1:eth2", "vm4:eth2"]).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let first = first_answer(vm1);
    assert!(first.iter().all(|it| ["link-down", "match"].contains(&&*it.reason)), "{first:?}");
    for port in PORTS {
        vm1.await_reason(port, "match").unwrap();
    }
}

#[test]
fn a_cached_verdict_ends_with_its_ttl() {
    if !scenario::may_run("a cached verdict that nobody confirms") {
        return;
    }
    let ttl = 10;
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let mut wires = ["vm1:eth1", "vm1:eth2"].map(|port| fabric.wire(port).unwrap());
    let vm1 = fabric.node("vm1").unwrap();
    vm1.start_agent(&[]).unwrap();
    // Its TTL runs on while this test is held up: then the neighbors speak once more.
    let first = wait::until("a first answer within the TTL", PATIENCE, || {
        vm1.await_capture().unwrap();
        let spoke = Instant::now();
        for (wire, neighbor) in wires.iter_mut().zip([2, 4]) {
            let port = format!("eth{}", neighbor / 2);
            let name = format!("vm{neighbor}");
            let frame = Frame::empty(neighbor).mandatory(neighbor, &port, ttl).system_name(name.as_bytes()).end();
            wire.send(&frame).unwrap();
        }
        for port in PORTS {
            vm1.await_reason(port, "match").unwrap();
        }
        vm1.agent().unwrap().terminate().unwrap();
        let first = first_answer(vm1);
        let took = spoke.elapsed();
        if took < Duration::from_secs(ttl.into()) { Ok(first) } else { Err(format!("after {took:?}")) }
    })
    .unwrap();
    assert_all(&first, "match", "yes");
    for port in PORTS {
        assert_eq!(vm1.await_reason(port, "aged-out").unwrap().cached, "no");
    }
}

#[test]
fn a_memory_that_is_damaged_or_from_another_boot_is_ignored_and_logged() {
    if !scenario::may_run("damaged memory") {
        return;
    }
    let mut fabric = passing_ring(Duration::from_mins(10), &[]).unwrap();
    silence(&mut fabric);
    let vm1 = fabric.node("vm1").unwrap();
    vm1.agent().unwrap().terminate().unwrap();
    let good = vm1.machine().read(FILE).unwrap();
    let boot = vm1.machine().read("/proc/sys/kernel/random/boot_id").unwrap();
    let other_boot = good.replace(boot.trim(), "11111111-2222-3333-4444-555555555555");
    let cases = [
        (good[..good.len() / 2].to_owned(), "it is damaged"),
        ("\0\0\0\0".to_owned(), "it is damaged"),
        (other_boot, "it is from another boot"),
        (good.replace("\"version\":1", "\"version\":9"), "it is of version 9"),
    ];
    for (text, why) in cases {
        vm1.machine().write(FILE, &text).unwrap();
        assert_all(&first_answer(vm1), "silent", "no");
        let log = vm1.agent().unwrap().log();
        assert!(log.contains(FILE) && log.contains(why), "{why}: {log}");
        vm1.kill_agent();
    }
    vm1.machine().write(FILE, &good).unwrap();
    assert_all(&first_answer(vm1), "match", "yes");
}

#[test]
fn without_a_place_to_write_it_runs_and_says_so() {
    if !scenario::may_run("a state directory that can't be") {
        return;
    }
    let mut fabric = scenario::speaking_ring(USUAL_TTL).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    vm1.start_agent(&["--state-dir", "/proc/nowhere"]).unwrap();
    for port in PORTS {
        vm1.await_reason(port, "match").unwrap();
    }
    let log = vm1.agent().unwrap().log();
    assert_eq!(log.matches("cannot keep verdicts in /proc/nowhere").count(), 1, "{log}");
    assert!(log.contains("--state-dir"), "{log}");
}
