//! Cables in their places, and in others.

use ptm_tests::scenario::{self, usual_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, HookRun, PortReport, USUAL_TTL};

fn report(fabric: &mut Fabric, node: &str, port: &str, reason: &str) -> PortReport {
    fabric.node(node).unwrap().await_reason(port, reason).unwrap()
}

fn hook_runs(fabric: &mut Fabric, node: &str) -> Vec<HookRun> {
    fabric.node(node).unwrap().hook_runs().unwrap()
}

#[test]
fn correct_cables_pass() {
    if !scenario::may_run("correct cables pass") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let expected = [
        ("vm1", "eth1", "vm2:eth1"),
        ("vm1", "eth2", "vm4:eth2"),
        ("vm2", "eth1", "vm1:eth1"),
        ("vm2", "eth2", "vm3:eth2"),
        ("vm3", "eth1", "vm4:eth1"),
        ("vm3", "eth2", "vm2:eth2"),
        ("vm4", "eth1", "vm3:eth1"),
        ("vm4", "eth2", "vm1:eth2"),
    ];
    for (node, port, neighbor) in expected {
        let report = report(&mut fabric, node, port, "match");
        assert_eq!((report.status.as_str(), report.expected.as_str()), ("pass", neighbor));
        assert_eq!((report.observed.as_str(), report.advice), (neighbor, None));
    }
    for node in fabric.nodes() {
        assert_eq!(node.reports().unwrap().len(), 2, "no rows but those of the plan");
    }

    // The table that scripts and people know; the age is the only thing in it that is not always the same.
    let table = fabric.node("vm1").unwrap().ptmctl(&[]).unwrap();
    assert!(table.status.success());
    let lines: Vec<_> = table.stdout.lines().map(|line| line.get(..54).unwrap_or(line).trim_end()).collect();
    assert_eq!(
        lines,
        [
            "------------------------------------------------------",
            "Port   Status Expected Nbr         Observed Nbr",
            "------------------------------------------------------",
            "eth1   pass   vm2:eth1             vm2:eth1",
            "eth2   pass   vm4:eth2             vm4:eth2",
        ]
    );

    // A hook ran once a port, and knows what ptmctl knows.
    let mut runs = wait::until("both hooks on vm1", PATIENCE, || {
        let runs = hook_runs(&mut fabric, "vm1");
        if runs.len() >= 2 { Ok(runs) } else { Err(format!("{runs:?}")) }
    })
    .unwrap();
    runs.sort_by(|one, other| one.port.cmp(&other.port));
    let run = |port: &str, neighbor: &str| HookRun {
        hook: "if-topo-pass".into(),
        port: port.into(),
        cable: "pass".into(),
        reason: "match".into(),
        expected: neighbor.into(),
        observed: neighbor.into(),
    };
    assert_eq!(runs, [run("eth1", "vm2:eth1"), run("eth2", "vm4:eth2")]);
}

#[test]
fn exchanged_cables_fail_with_advice_and_pass_when_put_back() {
    if !scenario::may_run("exchanged cables") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let (mut events, pulled) = fabric.listen("vm1:eth1").unwrap();
    let pass_hooks = |fabric: &mut Fabric| {
        let runs = hook_runs(fabric, "vm1");
        ["eth1", "eth2"].map(|port| runs.iter().filter(|run| run.port == port && run.cable == "pass").count())
    };
    let before = [1 + pulled, 1];
    wait::until("if-topo-pass on both ports of vm1", PATIENCE, || match pass_hooks(&mut fabric) {
        runs if runs == before => Ok(()),
        runs => Err(format!("{runs:?}")),
    })
    .unwrap();
    fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();

    // That they are exchanged is known when both are there again, whichever comes first.
    report(&mut fabric, "vm1", "eth1", "wrong-node");
    report(&mut fabric, "vm1", "eth2", "wrong-node");
    let eth1 = report(&mut fabric, "vm1", "eth1", "wrong-node");
    assert_eq!((eth1.status.as_str(), eth1.observed.as_str()), ("fail", "vm4:eth2"));
    let advice = "vm4:eth2 belongs on eth2; move the cable from eth1 to eth2 (eth1 and eth2 are exchanged)";
    assert_eq!(eth1.advice.as_deref(), Some(advice));
    let eth2 = report(&mut fabric, "vm1", "eth2", "wrong-node");
    assert_eq!((eth2.status.as_str(), eth2.observed.as_str()), ("fail", "vm2:eth1"));
    let advice = "vm2:eth1 belongs on eth1; move the cable from eth2 to eth1 (eth2 and eth1 are exchanged)";
    assert_eq!(eth2.advice.as_deref(), Some(advice));
    // Seen from the other side it is the right node on the wrong port.
    assert_eq!(report(&mut fabric, "vm2", "eth1", "wrong-port").observed, "vm1:eth2");
    assert_eq!(report(&mut fabric, "vm4", "eth2", "wrong-port").observed, "vm1:eth1");

    let table = fabric.node("vm1").unwrap().ptmctl(&[]).unwrap().stdout;
    assert!(table.contains("eth1   fail   vm2:eth1             vm4:eth2"), "{table}");
    assert!(table.contains("move the cable from eth1 to eth2"), "{table}");
    let explained = fabric.node("vm1").unwrap().ptmctl(&["explain", "eth1"]).unwrap().stdout;
    assert!(explained.contains("wrong-node") && explained.contains("move the cable from eth1 to eth2"), "{explained}");

    for port in ["eth1", "eth2"] {
        wait::until(format!("if-topo-fail on vm1:{port}"), PATIENCE, || {
            let runs = hook_runs(&mut fabric, "vm1");
            let ran = |run: &HookRun| run.port == port && run.hook == "if-topo-fail" && run.cable == "fail";
            if runs.iter().any(ran) { Ok(()) } else { Err(format!("{runs:?}")) }
        })
        .unwrap();
    }
    // The neighbor from before was never taken for one that is there: no pass on the way.
    assert_eq!(pass_hooks(&mut fabric), before);

    fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    for (node, port) in [("vm1", "eth1"), ("vm1", "eth2"), ("vm2", "eth1"), ("vm4", "eth2")] {
        assert_eq!(report(&mut fabric, node, port, "match").advice, None);
    }
    // What was told to a listener ends where ptmctl stands now.
    let mut told = Vec::new();
    wait::until("ptmctl --listen to tell that both ports pass again", PATIENCE, || {
        told.extend(events.new_lines());
        let last = |port: &str| told.iter().rfind(|line| line.contains(&format!(" {port} ")));
        let passed = |port: &str| last(port).is_some_and(|line| line.contains(" pass"));
        if passed("eth1") && passed("eth2") { Ok(()) } else { Err(told.join("\n")) }
    })
    .unwrap();
    assert!(told.iter().any(|line| line.contains("eth1 fail wrong-node")), "{told:?}");
}

#[test]
fn the_right_node_on_another_of_its_ports_is_a_wrong_port() {
    if !scenario::may_run("wrong port") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    fabric.unplug("vm1:eth1").unwrap();
    fabric.unplug("vm2:eth2").unwrap();
    fabric.plug(&["vm1:eth1", "vm2:eth2"]).unwrap();
    let near = report(&mut fabric, "vm1", "eth1", "wrong-port");
    assert_eq!((near.status.as_str(), near.observed.as_str()), ("fail", "vm2:eth2"));
    let far = report(&mut fabric, "vm2", "eth2", "wrong-node");
    assert_eq!(far.observed, "vm1:eth1");
    assert_eq!(far.advice.as_deref(), Some("vm1:eth1 belongs on eth1; move the cable from eth2 to eth1"));
}

#[test]
fn an_unplugged_cable_is_link_down_at_both_ends() {
    if !scenario::may_run("unplugged cable") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    fabric.unplug("vm1:eth1").unwrap();
    for (node, port) in [("vm1", "eth1"), ("vm2", "eth1")] {
        assert_eq!(report(&mut fabric, node, port, "link-down").status, "fail");
    }
    report(&mut fabric, "vm1", "eth2", "match");
    fabric.plug(&["vm1:eth1", "vm2:eth1"]).unwrap();
    report(&mut fabric, "vm1", "eth1", "match");
    report(&mut fabric, "vm2", "eth1", "match");
}

#[test]
fn two_neighbors_on_a_port_pass_if_the_expected_one_is_among_them() {
    if !scenario::may_run("two neighbors on a port") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    fabric.unplug("vm1:eth1").unwrap();
    fabric.unplug("vm3:eth1").unwrap();
    report(&mut fabric, "vm1", "eth1", "link-down");
    fabric.plug(&["vm1:eth1", "vm2:eth1", "vm3:eth1"]).unwrap();
    // Each of the three hears both others: for vm1 and vm2 the expected one is there, for vm3 it is not.
    report(&mut fabric, "vm1", "eth1", "match");
    report(&mut fabric, "vm2", "eth1", "match");
    report(&mut fabric, "vm3", "eth1", "wrong-node");
    wait::until("ptmctl --lldp to list both neighbors", PATIENCE, || {
        let list = fabric.node("vm1").unwrap().ptmctl(&["--lldp"]).unwrap().stdout;
        let both = ["vm2", "vm3"].iter().all(|name| list.lines().any(|it| it.contains("eth1") && it.contains(name)));
        if both { Ok(()) } else { Err(list) }
    })
    .unwrap();
    assert_eq!(report(&mut fabric, "vm1", "eth1", "match").observed, "vm2:eth1");

    // The expected one leaves; the other does not make up for it.
    fabric.node("vm2").unwrap().stop_lldpd().unwrap();
    assert_eq!(report(&mut fabric, "vm1", "eth1", "wrong-node").observed, "vm3:eth1");
}

#[test]
fn both_hooks_capture() {
    if !scenario::may_run("both hooks capture") {
        return;
    }
    for hook in ["tc", "xdp"] {
        let mut fabric = scenario::passing_ring(USUAL_TTL, &["--hook", hook]).unwrap();
        for node in fabric.nodes() {
            for report in node.reports().unwrap() {
                assert_eq!(report.hook.as_deref(), Some(hook), "{report:?}");
            }
        }
    }
}
