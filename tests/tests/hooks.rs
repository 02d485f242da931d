//! Hooks that misbehave, seen from outside: they are told of in the log, and hold up nobody.

use ptm_tests::scenario::{self, passing_ring, speaking_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, Node, USUAL_TTL};

const FAIL: &str = "/run/ptm/hooks/if-topo-fail";
const PASS: &str = "/run/ptm/hooks/if-topo-pass";

/// Puts a script in a hook's place. Its mode stays what it was.
fn write_hook(node: &Node, path: &str, lines: &str) {
    node.machine().write(path, &format!("#!/bin/sh\n{lines}\n")).unwrap();
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

#[test]
fn a_hanging_hook_is_killed_and_holds_up_nobody() {
    if !scenario::may_run("a hanging hook") {
        return;
    }
    let mut fabric = passing_ring(USUAL_TTL, &["--hooks-time-limit", "8"]).unwrap();
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
    })
    .unwrap();

    // Another port's hook and every answer meanwhile.
    fabric.unplug("vm1:eth2").unwrap();
    await_run(&mut fabric, "eth2", "if-topo-fail");
    fabric.node("vm1").unwrap().await_reason("eth2", "link-down").unwrap();
    fabric.plug(&["vm1:eth1", "vm2:eth1"]).unwrap();
    fabric.node("vm1").unwrap().await_reason("eth1", "match").unwrap();
    let log = fabric.node("vm1").unwrap().agent().unwrap().log();
    assert!(!log.contains("hook was killed"), "all that was to come before: {log}");

    await_log(&mut fabric, "hook was killed: it did not end within 8s");
    // The port's own next event follows, and of the killed one nothing is left.
    await_run(&mut fabric, "eth1", "if-topo-pass");
    fabric.node("vm1").unwrap().machine().run(&["sh", "-c", &format!("kill -0 {hanging}")]).unwrap_err();
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
    vm1.machine().write(PASS, &recording).unwrap();
    vm1.machine().run(&["chmod", "755", PASS]).unwrap();
    vm1.machine().run(&["chmod", "644", FAIL]).unwrap();
    fabric.plug(&["vm1:eth1", "vm2:eth1"]).unwrap();
    await_run(&mut fabric, "eth1", "if-topo-pass");
    fabric.unplug("vm1:eth1").unwrap();
    await_log(&mut fabric, &format!("the hook is not executable: chmod +x {FAIL}"));
    fabric.node("vm1").unwrap().await_reason("eth1", "link-down").unwrap();
}
