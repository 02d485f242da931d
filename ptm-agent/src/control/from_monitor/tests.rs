//! From a frame's bytes to the socket's: what a neighbor says ends up in the right column, and nowhere else.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::control::codec::{Kind, Message};
use crate::control::tests::zebra;
use crate::control::{Answer, Command, Request};
use crate::lldp::encode::Builder;
use crate::lldp::{ChassisId, ChassisIdSubtype, PortId, PortIdSubtype};
use crate::monitor::{Link, Monitor};
use crate::plan;

const PLAN: &str = "graph G { vm1:eth1 -- vm2:eth1; vm1:eth2 -- vm4:eth2; vm1:eth3 -- vm3:eth3 }";

fn at(seconds: u64) -> BootTime {
    BootTime::default() + Duration::from_secs(seconds)
}

/// vm1 with `eth1` and `eth2` up and one neighbor on each.
fn vm1(neighbors: [(&str, &str, &str); 2]) -> Monitor {
    let mut monitor = Monitor::new(plan::read(PLAN).0.plan_for("vm1").unwrap());
    for (ifindex, (node, port, description)) in (1..).zip(neighbors) {
        let name = format!("eth{ifindex}");
        monitor.link(Link { ifindex, name: &name, carrier: true, carrier_losses: 0 }, at(0));
        let chassis = ChassisId::new(ChassisIdSubtype::Local, node.as_bytes()).unwrap();
        let port = PortId::new(PortIdSubtype::InterfaceName, port.as_bytes()).unwrap();
        let lldpdu = Builder::new(chassis, port, 120)
            .port_description(Text::new(description.as_bytes()).unwrap())
            .system_name(Text::new(node.as_bytes()).unwrap())
            .finish();
        monitor.lldpdu(ifindex, &lldpdu, at(10));
    }
    monitor
}

fn bodies(monitor: &Monitor, command: &str) -> String {
    let message = Message { kind: Kind::Command, cmdid: 0, body: command.into() };
    let Request::GetStatus(asked) = Command::read(&message).unwrap().unwrap().request else { panic!("{command}") };
    let attachment = || Some(Ok(Attachment { hook: "tc".to_owned(), mode: "tcx".to_owned() }));
    let ports = monitor.reports().map(|report| PortRow::from_report(&report, attachment(), at(275)).record(&asked));
    let neighbors = monitor.reports().flat_map(|report| NeighborRow::from_report(&report, at(275)));
    if command.contains("lldp") {
        neighbors.map(|row| row.record(&asked).encode()).collect()
    } else {
        ports.map(|record| record.encode()).collect()
    }
}

#[test]
fn exchanged_cables_reach_the_socket_with_all_their_evidence() {
    let monitor = vm1([("vm4", "eth2", "to vm1"), ("vm2", "eth1", "x,pass\nport")]);
    insta::assert_snapshot!(bodies(&monitor, "cmd,detail\nget-status,yes\n"), @"
    port,cbl status,exp nbr,act nbr,sysname,portID,portDescr,match on,last upd
    eth1,fail,vm2:eth1,vm4:eth2,vm4,eth2,to vm1,IfName,4m:25s
    port,cbl status,exp nbr,act nbr,sysname,portID,portDescr,match on,last upd
    eth2,fail,vm4:eth2,vm2:eth1,vm2,eth1,x;pass port,IfName,4m:25s
    port,cbl status,exp nbr,act nbr,sysname,portID,portDescr,match on,last upd
    eth3,N/A,vm3:eth3,no-info,N/A,N/A,N/A,IfName,N/A
    ");
    insta::assert_snapshot!(bodies(&monitor, "cmd,more\nget-status,yes\n"), @"
    port,cbl status,reason,explanation,advice,differs in,differs exp,differs act,cached,changed secs,ifindex,carrier,hook,hook mode,capture error,frames in,frames discarded,frames in error,TLVs discarded,TLVs unrecognized,ageouts
    eth1,fail,wrong-node,expected vm2:eth1%2C found vm4:eth2: the system name is `vm4`%2C not `vm2`,vm4:eth2 belongs on eth2; move the cable from eth1 to eth2 (eth1 and eth2 are exchanged),system name,vm2,vm4,no,265,1,up,tc,tcx,N/A,1,0,0,0,0,0
    port,cbl status,reason,explanation,advice,differs in,differs exp,differs act,cached,changed secs,ifindex,carrier,hook,hook mode,capture error,frames in,frames discarded,frames in error,TLVs discarded,TLVs unrecognized,ageouts
    eth2,fail,wrong-node,expected vm4:eth2%2C found vm2:eth1: the system name is `vm2`%2C not `vm4`,vm2:eth1 belongs on eth1; move the cable from eth2 to eth1 (eth2 and eth1 are exchanged),system name,vm4,vm2,no,265,2,up,tc,tcx,N/A,1,0,0,0,0,0
    port,cbl status,reason,explanation,advice,differs in,differs exp,differs act,cached,changed secs,ifindex,carrier,hook,hook mode,capture error,frames in,frames discarded,frames in error,TLVs discarded,TLVs unrecognized,ageouts
    eth3,N/A,absent,expected vm3:eth3%2C and this machine has no such port,N/A,N/A,N/A,N/A,no,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A,N/A
    ");
    insta::assert_snapshot!(bodies(&monitor, "cmd,module,more\nget-status,lldp,yes\n"), @"
    port,sysname,portID,port descr,match on,last upd,chassisID,sysdescr,mgmt addresses,ttl secs,heard secs,decides
    eth1,vm4,eth2,to vm1,IfName,4m:25s,vm4,N/A,N/A,120,265,yes
    port,sysname,portID,port descr,match on,last upd,chassisID,sysdescr,mgmt addresses,ttl secs,heard secs,decides
    eth2,vm2,eth1,x%2Cpass%0Aport,IfName,4m:25s,vm2,N/A,N/A,120,265,yes
    ");
}

#[test]
fn an_event_becomes_a_notification() {
    let mut monitor = vm1([("vm2", "eth1", ""), ("vm4", "eth2", "")]);
    let events: Vec<Event> = std::iter::from_fn(|| monitor.poll_event()).collect();
    let rows = |more| {
        let records = events.iter().filter_map(|event| Change::from(event).record(more));
        records
            .filter(|record| record.get("cbl status") == Some("pass"))
            .map(|record| record.encode())
            .collect::<String>()
    };
    insta::assert_snapshot!(rows(false), @"
    port,cbl status
    eth1,pass
    port,cbl status
    eth2,pass
    ");
    insta::assert_snapshot!(rows(true), @"
    port,cbl status,exp nbr,act nbr,reason,reason before,explanation,advice
    eth1,pass,vm2:eth1,vm2:eth1,match,silent,vm2:eth1 is there%2C as planned,N/A
    port,cbl status,exp nbr,act nbr,reason,reason before,explanation,advice
    eth2,pass,vm4:eth2,vm4:eth2,match,silent,vm4:eth2 is there%2C as planned,N/A
    ");
}

/// What a stranger may put into a TLV: anything, and above all what would split a field or end a line or a message.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    const FORGERIES: [&[u8]; 10] = [
        b",pass",
        b"\n",
        b"port,cbl status\neth1,pass\n",
        b"  26,   2,   1,   0,             ptm\n",
        b"\0",
        b"\xff",
        "\u{2028}".as_bytes(),
        b"\"",
        b"%2C",
        b"cmd_status",
    ];
    let forgery = prop::sample::select(&FORGERIES[..]).prop_map(<[u8]>::to_vec);
    let piece = prop_oneof![forgery, prop::collection::vec(any::<u8>(), 1..8)];
    prop::collection::vec(piece, 1..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_that_a_neighbor_says_forges_a_column_a_row_or_a_message(
        tlvs in prop::array::uniform5(hostile()),
        kinds in (1_u8..8, 1_u8..8),
    ) {
        let cut = |tlv: &[u8]| tlv[..tlv.len().min(255)].to_vec();
        let [chassis, port, name, description, system] = tlvs.map(|tlv| cut(&tlv));
        let text = |tlv| Text::new(tlv).unwrap();
        let lldpdu = Builder::new(
            ChassisId::new(ChassisIdSubtype::new(kinds.0), &chassis).unwrap(),
            PortId::new(PortIdSubtype::new(kinds.1), &port).unwrap(),
            120,
        )
        .port_description(text(&description))
        .system_name(text(&name))
        .system_description(text(&system))
        .finish();
        let mut monitor = vm1([("vm2", "eth1", ""), ("vm4", "eth2", "")]);
        std::iter::from_fn(|| monitor.poll_event()).for_each(drop);
        monitor.lldpdu(2, &lldpdu, at(20));
        let changes: Vec<Change> = std::iter::from_fn(|| monitor.poll_event()).map(|event| Change::from(&event)).collect();

        for (command, columns, rows) in [
            ("cmd\nget-status\n", 2, 3),
            ("cmd,detail\nget-status,yes\n", 9, 3),
            ("cmd,detail,more\nget-status,yes,yes\n", 28, 3),
        ] {
            let bodies = sent(&monitor, command);
            prop_assert_eq!(bodies.len(), rows);
            for (body, port) in bodies.iter().zip(["eth1", "eth2", "eth3"]) {
                prop_assert!(body.lines().all(|line| line.split(',').count() == columns), "{}", body);
                prop_assert_eq!(body.lines().count(), 2);
                prop_assert_eq!(zebra::look_up(body, "port"), port);
            }
            prop_assert_eq!(zebra::verdict(&bodies[0]), Some(("eth1".to_owned(), true)));
            prop_assert_ne!(zebra::verdict(&bodies[2]), Some(("eth3".to_owned(), true)));
        }
        for (command, columns) in [("cmd,module\nget-status,lldp\n", 6), ("cmd,module,more\nget-status,lldp,yes\n", 12)] {
            for body in sent(&monitor, command) {
                prop_assert!(body.lines().all(|line| line.split(',').count() == columns), "{}", body);
                prop_assert_eq!(body.lines().count(), 2);
                prop_assert!(["eth1", "eth2"].contains(&zebra::look_up(&body, "port")));
                prop_assert_eq!(zebra::verdict(&body), None);
            }
        }
        for (change, more) in changes.iter().flat_map(|change| [(change, false), (change, true)]) {
            if let Some(body) = change.record(more).map(|record| record.encode()) {
                prop_assert_eq!(body.lines().count(), 2);
                prop_assert!(body.lines().all(|line| line.split(',').count() == if more { 8 } else { 2 }), "{}", body);
                prop_assert_eq!(zebra::look_up(&body, "port"), "eth2");
            }
        }
    }
}

/// The bodies of an answer, as zebra reads them off the socket.
fn sent(monitor: &Monitor, command: &str) -> Vec<String> {
    let message = Message { kind: Kind::Command, cmdid: 0, body: command.into() };
    let command = Command::read(&message).unwrap().unwrap();
    let ports = monitor.reports().map(|report| PortRow::from_report(&report, None, at(275)));
    let neighbors = monitor.reports().flat_map(|report| NeighborRow::from_report(&report, at(275)));
    zebra::read_all(&Answer::new(&command, ports, neighbors).into_pieces().concat()).unwrap()
}
