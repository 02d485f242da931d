//! Hooks, seen from outside: what they are told is what `ptmctl` says, and where they misbehave the log tells of it and
//! nobody is held up.

use std::time::Duration;

use ptm_tests::scenario::{self, passing_ring, speaking_ring, usual_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, HookRun, Node, PortReport, USUAL_TTL};

const FAIL: &str = "/run/ptm/hooks/if-topo-fail";
const PASS: &str = "/run/ptm/hooks/if-topo-pass";

/// Puts a script in a hook's place.
fn write_hook(node: &Node, path: &str, lines: &str) {
    node.machine().write_script(path, &format!("#!/bin/sh\n{lines}\n")).unwrap();
}

fn await_log(fabric: &mut Fabric, wanted: &str) {
    let agent = fabric.node("vm1").unwrap().agent().unwrap();
    wait::until(format!("`{wanted}` in the log of vm1's agent"), PATIENCE, || {
        let log = agent.log();
        if log.contains(wanted) { Ok(()) } else { Err(log) }
    })
    .unwrap();
}

fn await_run(fabric: &mut Fabric, port: &str, hook: &str) {
    let vm1 = fabric.node("vm1").unwrap();
    wait::until(format!("{hook} for vm1:{port}"), PATIENCE, || {
        let runs = vm1.hook_runs().unwrap();
        if runs.iter().any(|run| run.port == port && run.hook == hook) { Ok(()) } else { Err(format!("{runs:?}")) }
    })
    .unwrap();
}

/// Waits until `port` of vm1 has this reason, and until its hook was told: the same as `ptmctl` says.
fn await_told(fabric: &mut Fabric, port: &str, reason: &str) {
    let vm1 = fabric.node("vm1").unwrap();
    let PortReport { status, expected, observed, .. } = vm1.await_reason(port, reason).unwrap();
    let told = HookRun {
        hook: format!("if-topo-{status}"),
        port: port.to_owned(),
        cable: status,
        reason: reason.to_owned(),
        expected,
        // The protocol's word, and the hooks'.
        observed: if observed == "no-info" { "N/A".to_owned() } else { observed },
    };
    wait::until(format!("the last hook for vm1:{port} to be told {told:?}"), PATIENCE, || {
        let runs = vm1.hook_runs().unwrap();
        let last = runs.iter().rfind(|run| run.port == port);
        if last == Some(&told) { Ok(()) } else { Err(format!("{runs:?}")) }
    })
    .unwrap();
}

/// What `port` of vm1 was told, from the beginning: cable status and reason.
fn told(fabric: &mut Fabric, port: &str) -> Vec<(String, String)> {
    let runs = fabric.node("vm1").unwrap().hook_runs().unwrap();
    runs.into_iter().filter(|run| run.port == port).map(|run| (run.cable, run.reason)).collect()
}

fn rename_system(fabric: &mut Fabric, node: &str, name: &str) {
    let rename = ["lldpcli", "-u", "/run/lldpd.socket", "configure", "system", "hostname", name];
    fabric.node(node).unwrap().machine().run(&rename).unwrap();
}

#[test]
fn a_hook_is_told_what_ptmctl_says() {
    if !scenario::may_run("hooks for neighbors that change and leave") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    for port in ["eth1", "eth2"] {
        await_told(&mut fabric, port, "match");
    }
    rename_system(&mut fabric, "vm2", "vm9");
    await_told(&mut fabric, "eth1", "wrong-node");
    rename_system(&mut fabric, "vm2", "vm2");
    await_told(&mut fabric, "eth1", "match");
    // A goodbye. Here ptmd 3.0 said `pass`, left over from the change before.
    fabric.node("vm2").unwrap().stop_lldpd().unwrap();
    await_told(&mut fabric, "eth1", "left");
    fabric.node("vm2").unwrap().start_lldpd(USUAL_TTL).unwrap();
    await_told(&mut fabric, "eth1", "match");

    let expected = [("pass", "match"), ("fail", "wrong-node"), ("pass", "match"), ("fail", "left"), ("pass", "match")];
    assert_eq!(told(&mut fabric, "eth1"), expected.map(|(cable, reason)| (cable.to_owned(), reason.to_owned())));
    assert_eq!(told(&mut fabric, "eth2").len(), 1, "nothing changed there");
}

#[test]
fn a_hook_is_told_that_a_neighbor_aged_out() {
    if !scenario::may_run("hooks for a neighbor that ages out") {
        return;
    }
    let mut fabric = passing_ring(Duration::from_secs(4), &[]).unwrap();
    fabric.node("vm2").unwrap().kill_lldpd();
    await_told(&mut fabric, "eth1", "aged-out");
}

#[test]
fn a_hook_runs_once_for_a_neighbor_that_is_exchanged() {
    if !scenario::may_run("hooks for exchanged cables") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    await_told(&mut fabric, "eth1", "match");
    fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    fabric.node("vm1").unwrap().await_reason("eth1", "wrong-node").unwrap();
    fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    await_told(&mut fabric, "eth1", "match");
    // The loss of carrier is news, or comes too late to be: then the wrong neighbor is. Both would be `fail` twice.
    let told = told(&mut fabric, "eth1");
    let cables: Vec<_> = told.iter().map(|(cable, _)| cable.as_str()).collect();
    assert_eq!(cables, ["pass", "fail", "pass"], "{told:?}");
    assert!(matches!(told[1].1.as_str(), "link-down" | "wrong-node"), "{told:?}");
}

/// The ring, in which the hook of vm1's `eth1` hangs for its first failure, and the hook's process. A run takes at most
/// so many seconds.
fn ring_with_a_hanging_hook(time_limit: &str) -> (Fabric, String) {
    let mut fabric = passing_ring(USUAL_TTL, &["--hooks-time-limit", time_limit]).unwrap();
    for port in ["eth1", "eth2"] {
        await_run(&mut fabric, port, "if-topo-pass");
    }
    let vm1 = fabric.node("vm1").unwrap();
    let recording = vm1.machine().read(FAIL).unwrap();
    let hang = "if [ $PTM_PORT = eth1 ]; then echo $$ > /run/ptm/hanging; sleep 1000; fi";
    write_hook(vm1, FAIL, &format!("{hang}\n{recording}"));
    // From here on a second `if-topo-pass` is told from the first.
    vm1.machine().write("/run/ptm/hooks.record", "").unwrap();

    fabric.unplug("vm1:eth1").unwrap();
    let hanging = wait::until("the hook to hang", PATIENCE, || {
        let pid = fabric.node("vm1").unwrap().machine().read("/run/ptm/hanging").map_err(|e| e.to_string())?;
        if pid.ends_with('\n') { Ok(pid.trim().to_owned()) } else { Err("it is starting".to_owned()) }
    });
    (fabric, hanging.unwrap())
}

/// Whether this process of vm1's is there.
fn runs(fabric: &mut Fabric, process: &str) -> bool {
    fabric.node("vm1").unwrap().machine().run(&["sh", "-c", &format!("kill -0 {process}")]).is_ok()
}

#[test]
fn a_hanging_hook_holds_up_nobody() {
    if !scenario::may_run("a hanging hook") {
        return;
    }
    let (mut fabric, hanging) = ring_with_a_hanging_hook("900");
    // Another port's hook and every answer meanwhile.
    fabric.unplug("vm1:eth2").unwrap();
    await_run(&mut fabric, "eth2", "if-topo-fail");
    fabric.node("vm1").unwrap().await_reason("eth2", "link-down").unwrap();
    fabric.plug(&["vm1:eth1", "vm2:eth1"]).unwrap();
    fabric.node("vm1").unwrap().await_reason("eth1", "match").unwrap();
    assert!(runs(&mut fabric, &hanging), "it hangs all the while");
}

#[test]
fn a_hook_that_takes_too_long_is_killed_and_the_next_follows() {
    if !scenario::may_run("a hook that takes too long") {
        return;
    }
    let (mut fabric, hanging) = ring_with_a_hanging_hook("8");
    fabric.plug(&["vm1:eth1", "vm2:eth1"]).unwrap();
    await_log(&mut fabric, "hook was killed: it did not end within 8s");
    // The port's own next event follows, and of the killed one nothing is left.
    await_run(&mut fabric, "eth1", "if-topo-pass");
    assert!(!runs(&mut fabric, &hanging));
}

#[test]
fn missing_and_failing_hooks_are_logged_and_change_no_verdict() {
    if !scenario::may_run("missing and failing hooks") {
        return;
    }
    let mut fabric = speaking_ring(USUAL_TTL).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let recording = vm1.machine().read(PASS).unwrap();
    vm1.machine().run(&["rm", PASS]).unwrap();
    write_hook(vm1, FAIL, "echo \"lost $PTM_PORT\"; exit 3");
    vm1.start_agent(&[]).unwrap();
    // No hook is no error.
    vm1.await_reason("eth1", "match").unwrap();

    fabric.unplug("vm1:eth1").unwrap();
    await_log(&mut fabric, "lost eth1");
    await_log(&mut fabric, "hook failed: exit status: 3");
    let log = fabric.node("vm1").unwrap().agent().unwrap().log();
    assert!(!log.contains("if-topo-pass"), "{log}");

    // The one that comes later is found; the one that can't be run is told how to mend.
    let vm1 = fabric.node("vm1").unwrap();
    vm1.machine().write_script(PASS, &recording).unwrap();
    vm1.machine().run(&["chmod", "644", FAIL]).unwrap();
    fabric.plug(&["vm1:eth1", "vm2:eth1"]).unwrap();
    await_run(&mut fabric, "eth1", "if-topo-pass");
    fabric.unplug("vm1:eth1").unwrap();
    await_log(&mut fabric, &format!("the hook is not executable: chmod +x {FAIL}"));
    fabric.node("vm1").unwrap().await_reason("eth1", "link-down").unwrap();
}
