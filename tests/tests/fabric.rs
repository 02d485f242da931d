//! The fabric itself, without our agent: if its cables lie, every scenario does.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ptm_tests::scenario::{self, RING};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Cabling, Fabric, FabricError, Frame, Node, USUAL_TTL};

/// `1` or `0`: whether the kernel of the machine sees carrier.
fn carrier(node: &Node, port: &str) -> String {
    node.machine().read(&format!("/sys/class/net/{port}/carrier")).unwrap().trim().to_owned()
}

fn ifindex(node: &Node, port: &str) -> String {
    node.machine().read(&format!("/sys/class/net/{port}/ifindex")).unwrap()
}

fn await_carrier(fabric: &mut Fabric, ports: &[(&str, &str)], expected: &str) {
    for (node, port) in ports {
        let node = fabric.node(node).unwrap();
        let what = format!("carrier {expected} on {}:{port}", node.name());
        wait::until(what, PATIENCE, || {
            let seen = carrier(node, port);
            if seen == expected { Ok(()) } else { Err(seen) }
        })
        .unwrap();
    }
}

#[test]
fn graphviz_tells_the_cables() {
    let cabling = Cabling::from_plan("graph { subgraph s { a:\"swp 1\":n } a:1 -- b:2:ne; c; { rank=same d -- e } }");
    let cabling = cabling.unwrap();
    assert_eq!(cabling.nodes.into_iter().collect::<Vec<_>>(), ["a", "b", "c", "d", "e"]);
    let cables: Vec<_> = cabling.cables.iter().map(|cable| format!("{} {}", cable.0, cable.1)).collect();
    assert_eq!(cables, ["a:1 b:2"]);

    let error = Cabling::from_plan("graph { a:1 -- b:\"port 41\" }").unwrap_err();
    assert!(matches!(error, FabricError::NotAnInterfaceName { ref port, .. } if port == "port 41"), "{error}");
    assert!(matches!(Cabling::from_plan("graph {").unwrap_err(), FabricError::Plan(_)));
}

#[test]
fn machines_are_apart() {
    if !scenario::may_run("machines are apart") {
        return;
    }
    let mut fabric = Fabric::from_plan(RING).unwrap();
    for name in ["vm1", "vm4"] {
        let machine = fabric.node(name).unwrap().machine();
        assert_eq!(machine.run(&["hostname"]).unwrap().trim(), name);
        let links = machine.run(&["ls", "/sys/class/net"]).unwrap();
        assert_eq!(links.split_whitespace().collect::<Vec<_>>(), ["eth1", "eth2", "lo"]);
        machine.write("/run/mine", name).unwrap();
    }
    assert_eq!(fabric.node("vm1").unwrap().machine().read("/run/mine").unwrap(), "vm1");
    assert!(!Path::new("/run/mine").exists());
    let error = fabric.node("vm1").unwrap().machine().run(&["sh", "-c", "echo oops; exit 3"]).unwrap_err();
    assert_eq!(error.to_string(), "vm1: `sh -c echo oops; exit 3` ended with exit status: 3\noops\n");
}

#[test]
fn a_pulled_cable_takes_carrier_from_both_ends_and_leaves_the_interface() {
    if !scenario::may_run("pulled cables") {
        return;
    }
    let mut fabric = Fabric::from_plan(RING).unwrap();
    await_carrier(&mut fabric, &[("vm1", "eth1"), ("vm1", "eth2"), ("vm2", "eth1"), ("vm4", "eth2")], "1");
    let before = ifindex(fabric.node("vm1").unwrap(), "eth1");

    let ends = fabric.unplug("vm1:eth1").unwrap();
    await_carrier(&mut fabric, &[("vm1", "eth1"), ("vm2", "eth1")], "0");
    await_carrier(&mut fabric, &[("vm1", "eth2"), ("vm4", "eth2")], "1");
    assert!(matches!(fabric.unplug("vm1:eth1"), Err(FabricError::NoSuchPort(_))), "it is unplugged already");

    let ends: Vec<_> = ends.iter().map(ToString::to_string).collect();
    fabric.plug(&ends.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    await_carrier(&mut fabric, &[("vm1", "eth1"), ("vm2", "eth1")], "1");
    assert_eq!(ifindex(fabric.node("vm1").unwrap(), "eth1"), before);

    fabric.set_link("vm1:eth1", false).unwrap();
    await_carrier(&mut fabric, &[("vm2", "eth1")], "0");
    fabric.set_link("vm1:eth1", true).unwrap();
    await_carrier(&mut fabric, &[("vm1", "eth1"), ("vm2", "eth1")], "1");
}

#[test]
fn lldpd_hears_whom_the_cables_lead_to() {
    if !scenario::may_run("lldpd over cables") {
        return;
    }
    let mut fabric = scenario::speaking_ring(USUAL_TTL).unwrap();
    let hears = |fabric: &mut Fabric, port: &str, who: &str, whose_port: &str| {
        fabric.node("vm1").unwrap().await_lldpd_neighbor(port, who, whose_port).unwrap();
    };
    hears(&mut fabric, "eth1", "vm2", "eth1");
    hears(&mut fabric, "eth2", "vm4", "eth2");

    fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    hears(&mut fabric, "eth1", "vm4", "eth2");
    hears(&mut fabric, "eth2", "vm2", "eth1");

    fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    hears(&mut fabric, "eth1", "vm2", "eth1");
    hears(&mut fabric, "eth2", "vm4", "eth2");

    // A hub: vm1 hears both others on the one port. That it hears vm2 may be from before; vm3 never did.
    fabric.unplug("vm1:eth1").unwrap();
    fabric.unplug("vm3:eth1").unwrap();
    fabric.plug(&["vm1:eth1", "vm2:eth1", "vm3:eth1"]).unwrap();
    fabric.node("vm3").unwrap().await_lldpd_neighbor("eth1", "vm2", "eth1").unwrap();
    hears(&mut fabric, "eth1", "vm2", "eth1");
    hears(&mut fabric, "eth1", "vm3", "eth1");

    // A goodbye, and no word from the one that was killed.
    let vm1_hears = |fabric: &mut Fabric| fabric.node("vm1").unwrap().lldpd_neighbors().unwrap();
    fabric.node("vm4").unwrap().kill_lldpd();
    fabric.node("vm2").unwrap().stop_lldpd().unwrap();
    wait::until("vm2 to be gone", PATIENCE, || {
        let neighbors = vm1_hears(&mut fabric);
        // On eth2 lldpd still lists the vm2 of the exchange above: it keeps neighbors until their TTL is over.
        if neighbors.iter().any(|it| it.local_port == "eth1" && it.system_name == "vm2") {
            Err(format!("{neighbors:?}"))
        } else {
            Ok(())
        }
    })
    .unwrap();
    assert!(vm1_hears(&mut fabric).iter().any(|it| it.system_name == "vm4"), "its TTL runs on");
}

#[test]
fn what_is_sent_on_the_wire_arrives_at_that_port_only() {
    if !scenario::may_run("frames on the wire") {
        return;
    }
    let mut fabric = scenario::speaking_ring(USUAL_TTL).unwrap();
    fabric.node("vm2").unwrap().await_lldpd_neighbor("eth1", "vm1", "eth1").unwrap();
    // lldpd reads at most as many bytes as the MTU, Ethernet header included.
    let frame = Frame::empty(9).mandatory(9, "swp7", 120).fill_to(1_487).system_name(b"ghost-dog").end();
    assert_eq!(frame.len(), 1_500);
    fabric.wire("vm1:eth1").unwrap().send(&frame).unwrap();
    fabric.node("vm1").unwrap().await_lldpd_neighbor("eth1", "ghost-dog", "swp7").unwrap();
    let beyond = fabric.node("vm2").unwrap().lldpd_neighbors().unwrap();
    assert!(beyond.iter().all(|it| it.system_name != "ghost-dog"), "{beyond:?}");
}

#[test]
fn ports_come_go_move_and_are_renamed() {
    if !scenario::may_run("ports come and go") {
        return;
    }
    let mut fabric = Fabric::from_plan(RING).unwrap();
    fabric.add_port("vm1:swp1").unwrap();
    fabric.unplug("vm2:eth2").unwrap();
    fabric.plug(&["vm1:swp1", "vm2:eth2"]).unwrap();
    await_carrier(&mut fabric, &[("vm1", "swp1"), ("vm2", "eth2")], "1");
    await_carrier(&mut fabric, &[("vm3", "eth2")], "0");

    let before = ifindex(fabric.node("vm1").unwrap(), "swp1");
    fabric.rename_port("vm1:swp1", "swp9").unwrap();
    assert_eq!(ifindex(fabric.node("vm1").unwrap(), "swp9"), before);
    await_carrier(&mut fabric, &[("vm1", "swp9")], "1");

    fabric.move_port("vm1:swp9", "vm3").unwrap();
    await_carrier(&mut fabric, &[("vm3", "swp9"), ("vm2", "eth2")], "1");
    fabric.node("vm1").unwrap().machine().read("/sys/class/net/swp9/ifindex").unwrap_err();

    fabric.remove_port("vm3:swp9").unwrap();
    await_carrier(&mut fabric, &[("vm2", "eth2")], "0");
    assert!(matches!(fabric.plug(&["vm3:swp9", "vm2:eth2"]), Err(FabricError::NoSuchPort(_))));
}

/// How many processes live in a network namespace, `net:[4026532…]`.
fn inhabitants(namespace: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|it| std::fs::read_link(it.path().join("ns/net")).is_ok_and(|ns| ns == Path::new(namespace)))
        .count()
}

/// The victim is this very test, run once more in a process of its own.
#[test]
fn a_killed_run_leaves_nothing_behind() {
    const VICTIM: &str = "PTM_FABRIC_TO_BE_KILLED";
    if !scenario::may_run("a killed run leaves nothing behind") {
        return;
    }
    if std::env::var_os(VICTIM).is_some() {
        let mut fabric = scenario::speaking_ring(USUAL_TTL).unwrap();
        let vm1 = fabric.node("vm1").unwrap();
        vm1.await_lldpd_neighbor("eth1", "vm2", "eth1").unwrap();
        println!("namespace {}", vm1.machine().run(&["readlink", "/proc/self/ns/net"]).unwrap());
        // Until it is killed, or whoever should have done so is gone.
        std::io::stdin().read_line(&mut String::new()).unwrap();
        return;
    }
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_run_leaves_nothing_behind", "--nocapture"])
        .env(VICTIM, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    // On a machine with one core the harness has begun the line with the test's name.
    let namespace = lines.find_map(|line| line.split_once("namespace ").map(|(_, namespace)| namespace.to_owned()));
    let namespace = namespace.expect("the victim built a fabric");
    assert!(inhabitants(&namespace) >= 3, "the machine's init and both halves of lldpd");
    // The name under which a machine mounts its /run: not seen here, so it needs no unmounting.
    assert!(!std::fs::read_to_string("/proc/self/mountinfo").unwrap().contains("ptm-fabric"));

    victim.kill().unwrap();
    victim.wait().unwrap();
    wait::until("every program of the killed fabric to be gone", PATIENCE, || match inhabitants(&namespace) {
        0 => Ok(()),
        left => Err(format!("{left} processes")),
    })
    .unwrap();
}

#[test]
fn a_fabric_is_up_in_seconds_and_gone_when_dropped() {
    if !scenario::may_run("a fabric is gone when dropped") {
        return;
    }
    // A loaded machine may take its time, but not each time.
    let started = |_| {
        let started = Instant::now();
        let fabric = scenario::speaking_ring(USUAL_TTL).unwrap();
        println!("up after {:?}", started.elapsed());
        (started.elapsed() < Duration::from_secs(10)).then_some(fabric)
    };
    let mut fabric = (0..5).find_map(started).expect("it is up in 10 s");
    let machine = fabric.node("vm1").unwrap().machine();
    let namespace = machine.run(&["readlink", "/proc/self/ns/net"]).unwrap().trim().to_owned();
    assert!(inhabitants(&namespace) >= 2, "the machine's init and lldpd");
    drop(fabric);
    assert_eq!(inhabitants(&namespace), 0);
}
