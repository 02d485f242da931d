//! The plan's word on what a change of a link does: to the log and to the hooks, and to nothing else.

use ptm_tests::scenario;
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, USUAL_TTL};

const PLAN: &str = "graph {
    vm1:eth1 -- vm2:eth1 [notify=log]
    vm1:eth2 -- vm2:eth2 [notify=hook]
    vm1:eth3 -- vm2:eth3 [notify=none]
}";

const PORTS: [&str; 3] = ["eth1", "eth2", "eth3"];

#[test]
fn notify_says_who_hears_of_a_change() {
    if !scenario::may_run("notify") {
        return;
    }
    let mut fabric = Fabric::from_plan(PLAN).unwrap();
    fabric.nodes().for_each(|node| node.start_lldpd(USUAL_TTL).unwrap());
    fabric.node("vm1").unwrap().start_agent(&[]).unwrap();
    await_all(&mut fabric, "match");
    fabric.node("vm2").unwrap().stop_lldpd().unwrap();
    await_all(&mut fabric, "left");
    fabric.node("vm2").unwrap().start_lldpd(USUAL_TTL).unwrap();
    await_all(&mut fabric, "match");

    // By the time that the last changes have been told, a run for an earlier one would have been recorded.
    let vm1 = fabric.node("vm1").unwrap();
    let runs = wait::until("the hooks", PATIENCE, || {
        let runs = vm1.hook_runs().unwrap();
        let count = PORTS.map(|port| runs.iter().filter(|run| run.port == port).count());
        if count[..2] == [3, 3] { Ok(count) } else { Err(format!("{runs:?}")) }
    })
    .unwrap();
    assert_eq!(runs, [3, 3, 0]);
    let log = vm1.agent().unwrap().log();
    let logged = PORTS
        .map(|port| log.lines().filter(|line| line.contains(&format!("{port}: ")) && line.contains(" -> ")).count());
    assert_eq!(logged, [3, 0, 0], "{log}");
}

fn await_all(fabric: &mut Fabric, reason: &str) {
    for port in PORTS {
        fabric.node("vm1").unwrap().await_reason(port, reason).unwrap();
    }
}
