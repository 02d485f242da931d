//! Who is who: nodes named by address or by their whole names, this one found without being told, a machine cabled to
//! itself, and ports recognised by whatever a neighbor says of them.

use ptm_tests::scenario;
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Cabling, Fabric, Node, PortReport, USUAL_TTL};

/// Machines cabled as `wiring` says, with lldpd on them, which read `plan`.
fn fabric(wiring: &str, plan: &str) -> Fabric {
    Fabric::build(&Cabling::from_plan(wiring).unwrap(), plan).unwrap()
}

fn report(fabric: &mut Fabric, node: &str, port: &str, reason: &str) -> PortReport {
    fabric.node(node).unwrap().await_reason(port, reason).unwrap()
}

/// Starts lldpd and an agent that is not told its name on every machine.
fn start_all(fabric: &mut Fabric) {
    fabric.nodes().for_each(|node| node.start_lldpd(USUAL_TTL).unwrap());
    fabric.nodes().for_each(|node| node.start_unnamed_agent(&[]).unwrap());
}

fn give_address(node: &Node, address: &str, port: &str) {
    node.machine().run(&["ip", "address", "add", address, "dev", port]).unwrap();
}

#[test]
fn a_plan_by_management_addresses_needs_no_names() {
    if !scenario::may_run("a plan by management addresses") {
        return;
    }
    // vm3 in a spelling that nobody sends.
    let plan = r#"graph G {
        hostidtype="ipaddr"
        "10.0.0.1":eth1 -- "10.0.0.2":eth1
        "10.0.0.1":eth2 -- "2001:DB8:0:0::3":eth1
    }"#;
    let mut fabric = fabric("graph { vm1:eth1 -- vm2:eth1  vm1:eth2 -- vm3:eth1 }", plan);
    // Without an address of the plan the agent says so, and what it has.
    let vm1 = fabric.node("vm1").unwrap();
    give_address(vm1, "192.0.2.1/32", "eth1");
    let output = vm1.run_unnamed_agent(&[]).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", output.stderr);
    for said in ["No Hostname/MgmtIP found", "192.0.2.1", "--node"] {
        assert!(output.stderr.contains(said), "{said} in {}", output.stderr);
    }
    vm1.machine().run(&["ip", "address", "del", "192.0.2.1/32", "dev", "eth1"]).unwrap();

    give_address(vm1, "10.0.0.1/32", "eth1");
    give_address(fabric.node("vm2").unwrap(), "10.0.0.2/32", "lo");
    let vm3 = fabric.node("vm3").unwrap();
    give_address(vm3, "2001:db8::3/128", "lo");
    // lldpd tells one address of each family. The kernel gives a port its link-local one some time after carrier is
    // there, which may be before lldpd looks.
    vm3.machine().run(&["ip", "link", "set", "eth1", "addrgenmode", "none"]).unwrap();
    vm3.machine().run(&["ip", "-6", "address", "flush", "dev", "eth1"]).unwrap();
    start_all(&mut fabric);
    let expected = [
        ("vm1", "eth1", "10.0.0.2:eth1"),
        ("vm1", "eth2", "2001:DB8:0:0::3:eth1"),
        ("vm2", "eth1", "10.0.0.1:eth1"),
        ("vm3", "eth1", "10.0.0.1:eth2"),
    ];
    for (node, port, neighbor) in expected {
        let report = report(&mut fabric, node, port, "match");
        assert_eq!((report.expected.as_str(), report.observed.as_str()), (neighbor, neighbor));
    }

    fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    report(&mut fabric, "vm1", "eth2", "wrong-node");
    let near = report(&mut fabric, "vm1", "eth1", "wrong-node");
    assert_eq!(near.observed, "2001:db8::3:eth1");
    assert_eq!(
        near.advice.as_deref(),
        Some("2001:DB8:0:0::3:eth1 belongs on eth2; move the cable from eth1 to eth2 (eth1 and eth2 are exchanged)")
    );
}

#[test]
fn a_plan_by_whole_names_asks_the_resolver() {
    if !scenario::may_run("a plan by whole names") {
        return;
    }
    let plan = r#"graph G {
        hostnametype="fqdn"
        LLDP="match_hostname=fqdn"
        "vm1.a.example.com":eth1 -- "vm2.a.example.com":eth1
        "vm1.a.example.com":eth2 -- "vm2.b.example.com":eth2
    }"#;
    let mut fabric = fabric("graph { vm1:eth1 -- vm2:eth1  vm1:eth2 -- vm2:eth2 }", plan);
    for node in fabric.nodes() {
        let name = node.name().to_owned();
        let hosts = format!("127.0.0.1 localhost\n127.0.1.1 {name}.a.example.com {name}\n");
        node.machine().write("/etc/hosts", &hosts).unwrap();
    }
    start_all(&mut fabric);
    let near = report(&mut fabric, "vm1", "eth1", "match");
    assert_eq!(near.observed, "vm2.a.example.com:eth1");
    report(&mut fabric, "vm2", "eth1", "match");
    // The same host name in another domain is another machine.
    assert_eq!(report(&mut fabric, "vm1", "eth2", "wrong-node").observed, "vm2.a.example.com:eth2");
}

#[test]
fn a_machine_cabled_to_itself_and_an_edge_without_far_port() {
    if !scenario::may_run("a machine cabled to itself") {
        return;
    }
    let plan = "graph G { vm1:eth1 -- vm1:eth2  vm1:eth3 -- vm2 }";
    let mut fabric = fabric("graph { vm1:eth1 -- vm1:eth2  vm1:eth3 -- vm2:eth1 }", plan);
    start_all(&mut fabric);
    for (port, neighbor) in [("eth1", "vm1:eth2"), ("eth2", "vm1:eth1")] {
        assert_eq!(report(&mut fabric, "vm1", port, "match").observed, neighbor);
    }
    let vm1 = fabric.node("vm1").unwrap();
    let unchecked = wait::until("vm2 to be heard on eth3", PATIENCE, || {
        let reports = vm1.reports()?;
        let heard = reports.iter().find(|report| report.port == "eth3" && report.observed == "vm2:eth1");
        heard.cloned().ok_or_else(|| format!("{reports:?}"))
    })
    .unwrap();
    assert_eq!((unchecked.reason.as_str(), unchecked.status.as_str()), ("unchecked", "N/A"));

    // eth1 and eth3 exchanged: both ends are found.
    fabric.exchange("vm1:eth1", "vm1:eth3").unwrap();
    assert_eq!(report(&mut fabric, "vm1", "eth1", "wrong-node").observed, "vm2:eth1");
    assert_eq!(report(&mut fabric, "vm1", "eth2", "wrong-port").observed, "vm1:eth3");
}

#[test]
fn any_recognises_a_host_whose_lldpd_sends_mac_addresses() {
    if !scenario::may_run("a host whose lldpd sends MAC addresses") {
        return;
    }
    let wiring = "graph { vm1:eth1 -- vm2:eth1  vm1:eth2 -- vm2:eth2  vm1:eth3 -- vm2:eth3 }";
    let mut fabric = fabric(wiring, wiring);
    fabric.nodes().for_each(|node| node.start_lldpd(USUAL_TTL).unwrap());
    fabric.node("vm1").unwrap().await_lldpd_neighbor("eth2", "vm2", "eth2").unwrap();
    // lldpd's default, which the fabric's configuration replaces.
    let vm2 = fabric.node("vm2").unwrap();
    vm2.configure_lldpd("lldp portidsubtype macaddress").unwrap();
    let mac = vm2.machine().read("/sys/class/net/eth2/address").unwrap().trim().to_owned();
    let digits = mac.replace(':', "").to_uppercase();
    let dotted = format!("{}.{}.{}", &digits[..4], &digits[4..8], &digits[8..]);
    fabric.node("vm1").unwrap().await_lldpd_neighbor("eth2", "vm2", &mac).unwrap();
    let plan = format!(
        "graph G {{
            edge [LLDP=\"match_type=any\"]
            vm1:eth1 -- vm2:eth1
            vm1:eth2 -- vm2:\"{dotted}\"
            vm1:eth3 -- vm2:eth3 [LLDP=\"match_type=ifname\"]
        }}"
    );
    let vm1 = fabric.node("vm1").unwrap();
    vm1.machine().write("/run/ptm/topology.dot", &plan).unwrap();
    vm1.start_unnamed_agent(&[]).unwrap();
    assert_eq!(report(&mut fabric, "vm1", "eth1", "match").observed, "vm2:eth1");
    assert_eq!(report(&mut fabric, "vm1", "eth2", "match").observed, format!("vm2:{mac}"));
    let advice = report(&mut fabric, "vm1", "eth3", "wrong-port").advice.unwrap_or_default();
    assert!(advice.contains("the cable is right") && advice.contains("match_type=portdescr"), "{advice}");
    let table = fabric.node("vm1").unwrap().ptmctl(&["--detail"]).unwrap().stdout;
    assert!(table.contains("Any") && table.contains("IfName"), "{table}");
}

#[test]
fn notify_chooses_who_is_told() {
    if !scenario::may_run("notify") {
        return;
    }
    let wiring = "graph { vm1:eth1 -- vm2:eth1  vm1:eth2 -- vm2:eth2  vm1:eth3 -- vm2:eth3  vm1:eth4 -- vm2:eth4 }";
    let plan = "graph G { vm1:eth1 -- vm2:eth1 [notify=log]  vm1:eth2 -- vm2:eth2 [notify=hook] \
                edge [notify=none] vm1:eth3 -- vm2:eth3  vm1:eth4 -- vm2:eth4 }";
    let mut fabric = fabric(wiring, plan);
    start_all(&mut fabric);
    let ports = ["eth3", "eth2", "eth1"];
    for port in ports {
        report(&mut fabric, "vm1", port, "match");
    }
    // A listener is one once it has heard something.
    let mut listener = fabric.node("vm1").unwrap().listen().unwrap();
    wait::until("the listener to listen", PATIENCE, || {
        for (up, reason) in [(false, "link-down"), (true, "match")] {
            fabric.set_link("vm1:eth4", up).map_err(|error| format!("{error:?}"))?;
            report(&mut fabric, "vm1", "eth4", reason);
        }
        if listener.new_lines().is_empty() { Err("nothing heard") } else { Ok(()) }.map_err(str::to_owned)
    })
    .unwrap();
    // The silent one first: when the others are done, so would it be.
    for port in ports {
        fabric.unplug(&format!("vm1:{port}")).unwrap();
        report(&mut fabric, "vm1", port, "link-down");
    }
    let mut heard = Vec::new();
    wait::until("the listener to hear of all three", PATIENCE, || {
        heard.extend(listener.new_lines());
        let all = ports.iter().all(|port| heard.iter().any(|line| line.contains(&format!("{port} fail link-down"))));
        if all { Ok(()) } else { Err(heard.join("\n")) }
    })
    .unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let runs = wait::until("the hooks of eth1 and eth2", PATIENCE, || {
        let runs = vm1.hook_runs().map_err(|error| format!("{error:?}"))?;
        let done = |port: &str| runs.iter().filter(|run| run.port == port).count() == 2;
        if done("eth1") && done("eth2") { Ok(runs) } else { Err(format!("{runs:?}")) }
    })
    .unwrap();
    assert!(!runs.iter().any(|run| run.port == "eth3"), "{runs:?}");
    let log = vm1.agent().unwrap().log();
    assert!(log.contains("eth1: match -> link-down"), "{log}");
    assert!(!log.contains("eth2: match") && !log.contains("eth3: match"), "{log}");
}
