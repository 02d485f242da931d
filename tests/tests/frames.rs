//! Frames as no lldpd sends them: tagged, large, malformed, hostile. The neighbor is played by hand.

use ptm_tests::scenario::{self, RING};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, Frame, PortReport};

/// The ring with an agent on vm1 and nobody who speaks.
fn listening_vm1(hook: &str) -> Fabric {
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    vm1.start_agent(&["--hook", hook]).unwrap();
    vm1.await_capture().unwrap();
    report(&mut fabric, "silent");
    fabric
}

fn report(fabric: &mut Fabric, reason: &str) -> PortReport {
    fabric.node("vm1").unwrap().await_reason("eth1", reason).unwrap()
}

fn await_report(fabric: &mut Fabric, what: &str, wanted: impl Fn(&PortReport) -> bool) -> PortReport {
    let vm1 = fabric.node("vm1").unwrap();
    wait::until(what, PATIENCE, || {
        let reports = vm1.reports()?;
        reports.iter().find(|it| it.port == "eth1" && wanted(it)).cloned().ok_or_else(|| format!("{reports:?}"))
    })
    .unwrap()
}

/// What vm2 says on its port eth1.
fn from_vm2(ttl: u16) -> Frame {
    Frame::empty(2).mandatory(2, "eth1", ttl)
}

#[test]
fn tagged_frames_are_lldp_too() {
    if !scenario::may_run("priority-tagged frames") {
        return;
    }
    for hook in ["tc", "xdp"] {
        // Priority 7 and no VLAN; VLAN 100.
        for tci in [0xe000, 100] {
            let mut fabric = listening_vm1(hook);
            let frame = Frame::tagged(2, Some(tci)).mandatory(2, "eth1", 120).system_name(b"vm2").end();
            fabric.wire("vm1:eth1").unwrap().send(&frame).unwrap();
            report(&mut fabric, "match");
        }
    }
}

#[test]
fn a_frame_at_the_size_limit_is_read_to_its_end() {
    if !scenario::may_run("a frame at the size limit") {
        return;
    }
    for hook in ["tc", "xdp"] {
        let mut fabric = listening_vm1(hook);
        let name_and_end = 2 + 3 + 2;
        // The name is the last TLV: lost if one byte of the payload of 1,500 is.
        let frame = from_vm2(120).fill_to(14 + 1_500 - name_and_end).system_name(b"vm2").end();
        assert_eq!(frame.len(), 1_514);
        fabric.wire("vm1:eth1").unwrap().send(&frame).unwrap();
        report(&mut fabric, "match");
    }
}

#[test]
fn a_jumbo_frame_does_no_harm() {
    if !scenario::may_run("a jumbo frame") {
        return;
    }
    let mut fabric = listening_vm1("tc");
    fabric.set_mtu("vm1:eth1", 9_000).unwrap();
    let mut wire = fabric.wire("vm1:eth1").unwrap();
    wire.send(&from_vm2(120).system_name(b"vm2").end()).unwrap();
    report(&mut fabric, "match");

    // An LLDPDU longer than any that 802.1AB allows, from the same port but of another name. It is read as far as it
    // was captured; the TLV that is cut there is discarded and counted (9.2.7.7.2), the name before it stands.
    wire.send(&from_vm2(120).system_name(b"vm9").fill_to(8_000).end()).unwrap();
    let jumbo = report(&mut fabric, "wrong-node");
    assert_eq!((jumbo.observed.as_str(), jumbo.frames_in_error), ("vm9:eth1", Some(1)));
    wire.send(&from_vm2(120).system_name(b"vm2").end()).unwrap();
    assert_eq!(report(&mut fabric, "match").frames_in_error, Some(1));
}

#[test]
fn malformed_frames_are_counted_and_the_good_state_stays() {
    if !scenario::may_run("malformed frames") {
        return;
    }
    let mut fabric = listening_vm1("tc");
    let mut wire = fabric.wire("vm1:eth1").unwrap();
    wire.send(&from_vm2(120).system_name(b"vm2").end()).unwrap();
    let before = report(&mut fabric, "match");
    let errors_before = before.frames_in_error.expect("the port is there");

    let chassis = [4, 0x02, 0, 0, 0, 0, 2];
    let port = *b"\x05eth1";
    let ttl = [0, 120];
    let bad = [
        // Nothing at all; no port ID, no TTL; the first two exchanged.
        Frame::empty(2).end(),
        Frame::empty(2).tlv(1, &chassis).end(),
        Frame::empty(2).tlv(1, &chassis).tlv(2, &port).end(),
        Frame::empty(2).tlv(2, &port).tlv(1, &chassis).tlv(3, &ttl).end(),
        // Twice the chassis ID; a TTL of one byte; an empty chassis ID.
        from_vm2(120).tlv(1, &chassis).end(),
        Frame::empty(2).tlv(1, &chassis).tlv(2, &port).tlv(3, &[120]).end(),
        Frame::empty(2).tlv(1, &[4]).tlv(2, &port).tlv(3, &ttl).end(),
    ];
    for frame in &bad {
        wire.send(frame).unwrap();
    }
    let expected = errors_before + bad.len() as u64;
    let after = await_report(&mut fabric, "every malformed frame to be counted", |it| {
        it.frames_in_error.is_some_and(|count| count >= expected)
    });
    assert_eq!(after.frames_in_error, Some(expected), "counted once each");
    assert_eq!((after.reason.as_str(), after.observed.as_str()), ("match", "vm2:eth1"));
    let runs = fabric.node("vm1").unwrap().hook_runs().unwrap();
    assert!(runs.iter().all(|run| run.hook == "if-topo-pass"), "{runs:?}");

    // The log has the first of each kind, with its port.
    let log = fabric.node("vm1").unwrap().agent().unwrap().log();
    let told: Vec<_> = log.lines().filter(|line| line.contains("eth1: a malformed LLDPDU")).collect();
    let kinds = ["it ends at", "instead of the chassis ID TLV", "a second chassis ID TLV", "the length of its"];
    assert_eq!(told.len(), kinds.len(), "{log}");
    for kind in kinds {
        assert!(told.iter().any(|line| line.contains(kind)), "{kind} in {log}");
    }
}

#[test]
fn a_flood_is_bounded_and_the_last_word_counts() {
    if !scenario::may_run("a flood") {
        return;
    }
    let mut fabric = listening_vm1("tc");
    let mut wire = fabric.wire("vm1:eth1").unwrap();
    // A thousand neighbors, more than anybody keeps for one port, then the expected one. In two waves: a kernel that has
    // no time drops what is beyond a thousand (`net.core.netdev_max_backlog`).
    for wave in [0..500_u16, 500..1_000] {
        let sent = u64::from(wave.end);
        for index in wave {
            let frame = Frame::empty(3).mandatory(3, &format!("x{index}"), 2).system_name(b"intruder").end();
            wire.send(&frame).unwrap();
        }
        await_report(&mut fabric, "the flood to be over", |it| it.frames_in.is_some_and(|count| count >= sent));
    }
    report(&mut fabric, "aged-out");
    wire.send(&from_vm2(120).system_name(b"vm2").end()).unwrap();
    report(&mut fabric, "match");
}

#[test]
fn hostile_strings_are_shown_escaped() {
    if !scenario::may_run("hostile strings") {
        return;
    }
    let mut fabric = listening_vm1("tc");
    let mut wire = fabric.wire("vm1:eth1").unwrap();
    // A forged column, a line end, a terminal's clear-screen, text turned right to left, what is no UTF-8.
    let name = b"vm2,pass\nswp1,pass\x1b[2J\xe2\x80\xae\xff";
    wire.send(&Frame::empty(2).mandatory(2, "eth1", 120).system_name(name).end()).unwrap();
    let report = report(&mut fabric, "wrong-node");
    assert_eq!(report.status, "fail");

    let vm1 = fabric.node("vm1").unwrap();
    for arguments in [&[][..], &["--detail"], &["--lldp"], &["--lldp", "--detail"], &["explain", "eth1"], &["--json"]] {
        let shown = vm1.ptmctl(arguments).unwrap();
        assert!(shown.status.success(), "{arguments:?}: {}", shown.stderr);
        let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!shown.stdout.contains(bad), "{arguments:?}: {:?}", shown.stdout);
        let forged = shown.stdout.lines().any(|line| line.trim_start().starts_with("swp1"));
        assert!(!forged, "{arguments:?}: {}", shown.stdout);
    }
    let raw = scenario::ask_socket(vm1, b"get-status").unwrap();
    assert!(!raw.contains(",pass,") && !raw.contains("\nswp1"), "{raw:?}");
    let runs = vm1.hook_runs().unwrap();
    assert!(runs.iter().all(|run| !run.observed.contains(|c: char| c.is_control())), "{runs:?}");

    // The longest names that fit, each byte of which takes the most room when it is escaped.
    let name = [0xff; 255];
    wire.send(&Frame::empty(2).mandatory(2, &"\u{1}".repeat(254), 120).system_name(&name).end()).unwrap();
    wait::until("ptmctl --lldp to list the second neighbor", PATIENCE, || {
        let list = vm1.ptmctl(&["--lldp"]).unwrap().stdout;
        if list.contains(r"\xff\xff") { Ok(()) } else { Err(list) }
    })
    .unwrap();
    for arguments in [&["--lldp"][..], &["explain", "eth1"]] {
        let shown = vm1.ptmctl(arguments).unwrap().stdout;
        // A name is cut at 255 characters.
        assert!(shown.lines().all(|line| line.chars().count() < 600), "{arguments:?}: {shown}");
    }
}
