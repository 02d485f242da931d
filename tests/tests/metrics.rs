//! What a real Prometheus makes of a real agent's metrics. `docs/metrics.md` describes them.

use std::collections::BTreeSet;

use ptm_tests::scenario::{self, RING, passing_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, Frame, Machine, Prometheus, Sample, USUAL_TTL};

const CONFIGURATION: &str = "\
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: ptm
    static_configs: [{ targets: ['127.0.0.1:10786'] }]
";

const METRICS: &str = "http://127.0.0.1:10786/metrics";

fn scrape(machine: &Machine) -> String {
    machine.run(&["curl", "--silent", "--show-error", "--fail", METRICS]).unwrap()
}

/// What `promtool check metrics` has to say.
fn promtool(machine: &Machine) -> String {
    machine.run(&["sh", "-c", &format!("curl --silent {METRICS} | promtool check metrics 2>&1")]).unwrap()
}

/// Waits until a query finds as many series as this, and gives them.
fn await_series(prometheus: &Prometheus, machine: &Machine, query: &str, count: usize) -> Vec<Sample> {
    wait::until(format!("{count} of {query}"), PATIENCE, || {
        let found = prometheus.query(machine, query)?;
        if found.len() == count { Ok(found) } else { Err(format!("{found:?}")) }
    })
    .unwrap()
}

#[test]
fn prometheus_sees_a_cable_that_is_pulled_and_no_series_that_is_gone() {
    if !scenario::may_run("Prometheus scrapes an agent") {
        return;
    }
    let mut fabric = passing_ring(USUAL_TTL, &[]).unwrap();
    let vm1 = fabric.node("vm1").unwrap().machine();
    assert_eq!(promtool(vm1), "");
    let prometheus = Prometheus::start(vm1, CONFIGURATION).unwrap();
    let found = await_series(&prometheus, vm1, r#"ptm_port_status{status="pass"} == 1"#, 2);
    let ports: BTreeSet<_> = found.iter().map(|sample| &*sample.labels["port"]).collect();
    assert_eq!(ports, BTreeSet::from(["eth1", "eth2"]));
    let [one] = &*await_series(&prometheus, vm1, r#"ptm_port_expected_info{port="eth1"}"#, 1) else { unreachable!() };
    assert_eq!(one.labels["cable"], "vm1:eth1 -- vm2:eth1");
    await_series(&prometheus, vm1, r#"ptm_port_neighbor_info{port="eth1",system_name="vm2"}"#, 1);

    // Every query of the page is one.
    let page = include_str!("../../docs/metrics.md");
    let queries: Vec<_> = page.split("```promql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(queries.len() > 3);
    for query in queries {
        prometheus.query(vm1, query).unwrap();
    }

    fabric.unplug("vm1:eth1").unwrap();
    let vm1 = fabric.node("vm1").unwrap().machine();
    await_series(&prometheus, vm1, r#"ptm_port_reason{port="eth1",reason="link-down"} == 1"#, 1);
    await_series(&prometheus, vm1, r#"ptm_port_status{port="eth1",status="fail"} == 1"#, 1);
    await_series(&prometheus, vm1, r#"ptm_port_status{port="eth2",status="pass"} == 1"#, 1);
    await_series(&prometheus, vm1, r#"ptm_port_neighbor_info{port="eth1"}"#, 0);

    fabric.remove_port("vm1:eth1").unwrap();
    let vm1 = fabric.node("vm1").unwrap().machine();
    await_series(&prometheus, vm1, r#"ptm_port_reason{port="eth1",reason="absent"} == 1"#, 1);
    await_series(&prometheus, vm1, r#"{__name__=~"ptm_port_carrier|ptm_port_listening|ptm_lldp_.*",port="eth1"}"#, 0);
    assert_eq!(promtool(vm1), "");

    fabric.add_port("vm1:eth1").unwrap();
    fabric.plug(&["vm1:eth1", "vm2:eth1"]).unwrap();
    let vm1 = fabric.node("vm1").unwrap().machine();
    await_series(&prometheus, vm1, r#"ptm_port_status{port="eth1",status="pass"} == 1"#, 1);
}

#[test]
fn a_frame_is_seen_captured_and_timed_whatever_it_says() {
    if !scenario::may_run("hostile neighbors in metrics") {
        return;
    }
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let mut wire = fabric.wire("vm1:eth1").unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    vm1.start_agent(&[]).unwrap();
    vm1.await_agent().unwrap();
    let has = |text: &str, line: &str| text.lines().any(|it| it == line);
    let before = wait::until("the agent to listen", PATIENCE, || {
        let text = scrape(vm1.machine());
        if has(&text, r#"ptm_port_listening{port="eth1"} 1"#) { Ok(text) } else { Err(text) }
    });
    let before = before.unwrap();
    for nothing in ["ptm_event_latency_seconds_count 0", "ptm_kernel_frames_captured_total 0"] {
        assert!(has(&before, nothing), "{before}");
    }

    let mut name = b"<script>\n\"quoted\"} 1\\\xe2\x80\xae\xff".to_vec();
    name.resize(255, b'x');
    wire.send(&Frame::empty(9).mandatory(9, "swp1", 120).system_name(&name).end()).unwrap();
    vm1.await_reason("eth1", "wrong-node").unwrap();
    let machine = vm1.machine();
    let after = scrape(machine);
    for line in [
        "ptm_event_latency_seconds_count 1",
        r#"ptm_event_latency_seconds_bucket{le="+Inf"} 1"#,
        "ptm_kernel_frames_captured_total 1",
        r#"ptm_lldp_frames_in_total{port="eth1"} 1"#,
        r#"ptm_port_reason{port="eth1",reason="wrong-node"} 1"#,
    ] {
        assert!(has(&after, line), "{line} in {after}");
    }
    assert_eq!(after.lines().filter(|line| line.contains("script")).count(), 1, "{after}");
    assert_eq!(promtool(machine), "");

    let prometheus = Prometheus::start(machine, CONFIGURATION).unwrap();
    let found = await_series(&prometheus, machine, "ptm_port_neighbor_info", 1);
    let shown = &found[0].labels["system_name"];
    assert!(shown.starts_with(r#"<script>\n"quoted"} 1\"#) && shown.contains(r"\u{202e}\xff"), "{shown}");
    assert!(shown.len() <= 255 && shown.contains("x…"), "{shown}");
}
