//! What a routing daemon hears of the cables, and does with its interfaces.

use std::time::Duration;

use ptm_tests::scenario::{self, RING, usual_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, Frame, Seen, USUAL_TTL, Zebra};

/// zebra's second, made short: the protocol does not know it.
const SECOND: Duration = Duration::from_millis(100);

fn zebra(fabric: &mut Fabric) -> Zebra {
    Zebra::start(fabric.node("vm1").unwrap().machine(), SECOND).unwrap()
}

/// The ring, all of which passes, and a zebra on vm1 that knows it.
fn routed_ring() -> (Fabric, Zebra) {
    let mut fabric = usual_ring().unwrap();
    let mut zebra = zebra(&mut fabric);
    zebra.await_seen(&["eth1", "eth2"].map(|port| Seen::answered(port, "pass"))).unwrap();
    (fabric, zebra)
}

/// The status of `port`, message by message.
fn statuses<'a>(record: &'a [Seen], port: &str) -> Vec<&'a str> {
    let of_port = |seen: &'a Seen| match seen {
        Seen::Cable { port: its, status, .. } if its == port => Some(status.as_str()),
        _ => None,
    };
    record.iter().filter_map(of_port).collect()
}

/// How often the client saw something of a kind.
fn count(record: &[Seen], kind: impl Fn(&Seen) -> bool) -> usize {
    record.iter().filter(|seen| kind(seen)).count()
}

/// What zebra sees when a status changes, and its interface with it.
fn change(port: &str, pass: bool) -> [Seen; 2] {
    [Seen::notified(port, if pass { "pass" } else { "fail" }), Seen::interface(port, pass)]
}

#[test]
fn the_status_of_every_port_is_the_answer_and_nothing_else() {
    if !scenario::may_run("zebra connects") {
        return;
    }
    let (_fabric, zebra) = routed_ring();
    let expected = [Seen::Connected, Seen::answered("eth1", "pass"), Seen::answered("eth2", "pass")];
    assert_eq!(zebra.stop(), expected);
}

#[test]
fn an_unplugged_cable_takes_its_interface_down_and_up_again() {
    if !scenario::may_run("zebra and an unplugged cable") {
        return;
    }
    let (mut fabric, mut zebra) = routed_ring();
    for _ in 0..2 {
        let cable = ["vm1:eth1", "vm2:eth1"];
        fabric.unplug(cable[0]).unwrap();
        assert_eq!(zebra.await_seen(&[Seen::interface("eth1", false)]).unwrap(), change("eth1", false));
        fabric.plug(&cable).unwrap();
        assert_eq!(zebra.await_seen(&[Seen::interface("eth1", true)]).unwrap(), change("eth1", true));
    }
}

#[test]
fn a_neighbor_that_leaves_takes_the_interface_down_though_the_link_is_up() {
    if !scenario::may_run("zebra and a neighbor that leaves") {
        return;
    }
    let (mut fabric, mut zebra) = routed_ring();
    fabric.node("vm2").unwrap().stop_lldpd().unwrap();
    assert_eq!(zebra.await_seen(&[Seen::interface("eth1", false)]).unwrap(), change("eth1", false));
    fabric.node("vm2").unwrap().start_lldpd(USUAL_TTL).unwrap();
    assert_eq!(zebra.await_seen(&[Seen::interface("eth1", true)]).unwrap(), change("eth1", true));
}

#[test]
fn exchanged_cables_keep_both_interfaces_down_until_they_are_put_back() {
    if !scenario::may_run("zebra and exchanged cables") {
        return;
    }
    let (mut fabric, mut zebra) = routed_ring();
    let both = |up| ["eth1", "eth2"].map(|port| Seen::interface(port, up));
    fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    let mut seen = zebra.await_seen(&both(false)).unwrap();
    // Both have lost their neighbors by then; now they have the wrong ones, which is no change to zebra.
    for port in ["eth1", "eth2"] {
        fabric.node("vm1").unwrap().await_reason(port, "wrong-node").unwrap();
    }
    fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    seen.extend(zebra.await_seen(&both(true)).unwrap());
    for port in ["eth1", "eth2"] {
        assert_eq!(statuses(&seen, port), ["fail", "pass"], "{port}: {seen:?}");
    }
    assert_eq!(seen.len(), 8, "a message and a change of its interface each: {seen:?}");
}

#[test]
fn a_flapping_link_is_told_as_it_goes_and_ends_as_it_is() {
    if !scenario::may_run("zebra and a flapping link") {
        return;
    }
    let (mut fabric, mut zebra) = routed_ring();
    let cable = ["vm1:eth1", "vm2:eth1"];
    // Faster than the kernel tells, so that some are gathered into one.
    for _ in 0..6 {
        fabric.unplug(cable[0]).unwrap();
        fabric.plug(&cable).unwrap();
    }
    fabric.unplug(cable[0]).unwrap();
    fabric.node("vm1").unwrap().await_reason("eth1", "link-down").unwrap();
    fabric.plug(&cable).unwrap();
    fabric.node("vm1").unwrap().await_reason("eth1", "match").unwrap();
    // All that there was to tell of eth1 comes before this.
    fabric.unplug("vm1:eth2").unwrap();
    let seen = zebra.await_seen(&[Seen::notified("eth2", "fail")]).unwrap();

    let told = statuses(&seen, "eth1");
    let in_turns: Vec<_> = ["fail", "pass"].into_iter().cycle().take(told.len()).collect();
    assert_eq!(told, in_turns);
    assert!(told.ends_with(&["fail", "pass"]), "{told:?}");
    let expected: Vec<_> = told.iter().flat_map(|&status| change("eth1", status == "pass")).collect();
    assert_eq!(seen[..seen.len() - 1], expected, "each moves the interface, and nothing else does");
}

#[test]
fn a_restart_of_the_agent_moves_no_interface() {
    if !scenario::may_run("zebra and a restart of the agent") {
        return;
    }
    let (mut fabric, zebra) = routed_ring();
    let vm1 = fabric.node("vm1").unwrap();
    for kill in [false, true, false, true] {
        let before = zebra.record().len();
        if kill {
            vm1.kill_agent();
        } else {
            vm1.agent().unwrap().terminate().unwrap();
        }
        vm1.start_agent(&[]).unwrap();
        wait::until("zebra to know that both pass", PATIENCE, || {
            let record = zebra.record();
            let new = record.get(before..).unwrap_or_default();
            let since = new.iter().rposition(|seen| *seen == Seen::Connected);
            let known = |port| since.is_some_and(|since| statuses(&new[since..], port).contains(&"pass"));
            if known("eth1") && known("eth2") { Ok(()) } else { Err(format!("{new:?}")) }
        })
        .unwrap();
    }
    let record = zebra.stop();
    // It may find the socket once more while the kernel takes an agent apart.
    let connected = count(&record, |seen| *seen == Seen::Connected);
    assert!(connected >= 5, "{record:?}");
    assert_eq!(count(&record, |seen| matches!(seen, Seen::Disconnected(_))), connected - 1, "{record:?}");
    assert_eq!(count(&record, |seen| matches!(seen, Seen::Interface { .. })), 0, "{record:?}");
    for port in ["eth1", "eth2"] {
        assert!(!statuses(&record, port).contains(&"fail"), "{record:?}");
    }
}

#[test]
fn an_agent_that_is_away_for_a_while_is_found_again() {
    if !scenario::may_run("zebra and an agent that is away") {
        return;
    }
    let (mut fabric, mut zebra) = routed_ring();
    fabric.unplug("vm1:eth1").unwrap();
    zebra.await_seen(&[Seen::interface("eth1", false)]).unwrap();
    fabric.node("vm1").unwrap().kill_agent();
    // Without an agent zebra holds nothing down.
    zebra.await_seen(&[Seen::interface("eth1", true)]).unwrap();
    wait::until("zebra to try three times", PATIENCE, || {
        let record = zebra.record();
        let tries = count(&record, |seen| matches!(seen, Seen::Refused(_)));
        if tries >= 3 { Ok(()) } else { Err(format!("{record:?}")) }
    })
    .unwrap();
    fabric.plug(&["vm1:eth1", "vm2:eth1"]).unwrap();
    fabric.node("vm1").unwrap().start_agent(&[]).unwrap();
    for port in ["eth1", "eth2"] {
        fabric.node("vm1").unwrap().await_reason(port, "match").unwrap();
    }
    zebra.await_seen(&[Seen::Connected]).unwrap();
    fabric.unplug("vm1:eth2").unwrap();
    let seen = zebra.await_seen(&[Seen::interface("eth2", false)]).unwrap();
    assert_eq!(statuses(&seen, "eth1").last(), Some(&"pass"), "{seen:?}");
}

#[test]
fn an_agent_that_is_away_too_long_is_given_up() {
    if !scenario::may_run("zebra and an agent that stays away") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    // 811 of these.
    let mut zebra = Zebra::start(vm1.machine(), Duration::from_millis(2)).unwrap();
    zebra.await_seen(&[Seen::answered("eth2", "pass")]).unwrap();
    vm1.kill_agent();
    let seen = zebra.await_seen(&[Seen::GaveUp]).unwrap();
    // With so short a second it may find the socket once more while the kernel takes the agent apart.
    let since = seen.iter().rposition(|seen| matches!(seen, Seen::Disconnected(_))).unwrap();
    let after = &seen[since + 1..];
    assert_eq!(count(after, |seen| matches!(seen, Seen::Refused(_))), 10, "{seen:?}");
    assert_eq!(after.len(), 11, "{seen:?}");
}

/// Names that are something else where they are not cleaned: a column, a row, a message, more than a buffer holds.
fn hostile_names() -> [Vec<u8>; 8] {
    [
        b"x,pass".to_vec(),
        b"pass".to_vec(),
        b"x\nport,cbl status\neth2,fail\n".to_vec(),
        b"x\n  26,   2,   1,   0,             ptm\nport,cbl status\neth2,fail\n".to_vec(),
        b"\"x\",\"cmd_status\",\0,\r\n".to_vec(),
        vec![b','; 255],
        vec![b'\n'; 255],
        vec![b'x'; 255],
    ]
}

#[test]
fn names_on_the_wire_forge_nothing_that_zebra_reads() {
    if !scenario::may_run("zebra and hostile names") {
        return;
    }
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    vm1.start_agent(&[]).unwrap();
    vm1.await_capture().unwrap();
    let mut watching = zebra(&mut fabric);
    let seen = watching.await_seen(&[Seen::answered("eth2", "N/A")]).unwrap();
    assert_eq!(seen, [Seen::Connected, Seen::answered("eth1", "N/A"), Seen::answered("eth2", "N/A")]);

    let mut wire = fabric.wire("vm1:eth1").unwrap();
    let vm2 = |ttl| Frame::empty(2).mandatory(2, "eth1", ttl).system_name(b"vm2").end();
    for (round, name) in hostile_names().iter().enumerate() {
        wire.send(&vm2(120)).unwrap();
        let seen = watching.await_seen(&[Seen::notified("eth1", "pass")]).unwrap();
        assert_eq!(seen.len(), 1, "{seen:?}");
        // The stranger comes, the expected one goes: the verdict is about the stranger then.
        let port_id: Vec<u8> = [5].into_iter().chain(name.iter().copied().take(254)).collect();
        let stranger = |ttl: u16| {
            let frame = Frame::empty(9).tlv(1, &[4, 2, 0, 0, 0, 0, 9]).tlv(2, &port_id).tlv(3, &ttl.to_be_bytes());
            frame.tlv(4, name).system_name(name).tlv(6, name).end()
        };
        wire.send(&stranger(120)).unwrap();
        wire.send(&vm2(0)).unwrap();
        let seen = watching.await_seen(&[Seen::interface("eth1", false)]).unwrap();
        let up_before = if round == 0 { &[][..] } else { &[Seen::interface("eth1", true)] };
        assert_eq!(seen, [up_before, &change("eth1", false)].concat(), "{name:?}");
        fabric.node("vm1").unwrap().await_reason("eth1", "wrong-node").unwrap();

        // And in an answer.
        let mut asking = zebra(&mut fabric);
        asking.await_seen(&[Seen::answered("eth2", "N/A")]).unwrap();
        let fail = [Seen::answered("eth1", "fail"), Seen::interface("eth1", false)];
        assert_eq!(asking.stop(), [&[Seen::Connected][..], &fail, &[Seen::answered("eth2", "N/A")]].concat());
        wire.send(&stranger(0)).unwrap();
    }
}

/// What zebra hears at first, once it has connected, of a plan with these ports of vm1, none of which is there.
fn record_of_absent_ports(ports: &[String]) -> Vec<Seen> {
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let links = ports.iter().enumerate().map(|(far, port)| format!("  vm1:\"{port}\" -- vm9:\"{far}\"\n"));
    let plan = format!("graph G {{\n{}}}\n", links.collect::<String>());
    let vm1 = fabric.node("vm1").unwrap();
    vm1.machine().write("/run/ptm/topology.dot", &plan).unwrap();
    vm1.start_agent(&[]).unwrap();
    // ptmctl is not asked whether the agent answers: that is one answer of thousands of rows more, and with a limit.
    let zebra = zebra(&mut fabric);
    wait::until("zebra to hear of every port", PATIENCE, || {
        let mut record = zebra.record();
        let connected = record.iter().position(|seen| *seen == Seen::Connected);
        record.drain(..connected.map_or(record.len(), |connected| connected + 1));
        let heard = count(&record, |seen| matches!(seen, Seen::NoInterface(_)));
        if heard == ports.len() {
            Ok(record)
        } else {
            Err(format!("{heard} of {}, then {:?}", ports.len(), record.last()))
        }
    })
    .unwrap()
}

#[test]
fn the_status_of_a_large_plan_reaches_zebra_whole() {
    if !scenario::may_run("zebra and a large plan") {
        return;
    }
    // More than a socket holds, so that it comes in pieces of whatever size.
    let ports: Vec<_> = (1..=5_000).map(|number| format!("swp{number}")).collect();
    let record = record_of_absent_ports(&ports);
    let expected = ports.into_iter().flat_map(|port| [Seen::answered(&port, "N/A"), Seen::NoInterface(port)]);
    assert_eq!(record, expected.collect::<Vec<_>>());
}

#[test]
fn long_names_in_the_plan_overrun_no_buffer_of_zebra() {
    if !scenario::may_run("zebra and long names in the plan") {
        return;
    }
    // An interface's name has 15 bytes at most; a plan's has no limit, and zebra trusts its length.
    let names: Vec<_> = (1..=300).map(|length| "x".repeat(length)).collect();
    let record = record_of_absent_ports(&names);
    let heard = |seen: &Seen| matches!(seen, Seen::Cable { .. } | Seen::NoInterface(_));
    assert_eq!(record.iter().find(|seen| !heard(seen)), None);
}
