use super::*;
use crate::control::request::About;

/// A failing port with something in every field.
pub(crate) fn miswired() -> PortRow {
    PortRow {
        port: "eth1".to_owned(),
        planned: true,
        reason: Reason::WrongNode,
        expected: Some("vm2:eth1".to_owned()),
        far: Some(("vm2".to_owned(), Some("eth1".to_owned()))),
        observed: Some("vm4:eth2".to_owned()),
        system_name: Some("vm4".to_owned()),
        port_id: Some("eth2".to_owned()),
        port_description: Some("eth2, to vm1".to_owned()),
        match_on: Some("IfName"),
        cached: false,
        changed: Some(Duration::from_secs(265)),
        explanation: "expected vm2:eth1, found vm4:eth2: the system name is `vm4`, not `vm2`".to_owned(),
        advice: Some("vm4:eth2 belongs on eth2; move the cable from eth1 to eth2".to_owned()),
        difference: Some(Difference {
            field: "system name".to_owned(),
            expected: "vm2".to_owned(),
            observed: "vm4".to_owned(),
        }),
        interface: Some(Interface {
            ifindex: 7,
            carrier: true,
            capture: Some(Ok(Attachment { hook: "tc".to_owned(), mode: "tcx".to_owned() })),
            counters: Statistics { frames_in: 12, frames_discarded: 1, frames_in_error: 1, ..Statistics::default() },
        }),
    }
}

/// A port of which nothing is known.
pub(crate) fn absent() -> PortRow {
    PortRow {
        port: "eth2".to_owned(),
        planned: true,
        reason: Reason::Absent,
        expected: Some("vm4:eth2".to_owned()),
        far: Some(("vm4".to_owned(), Some("eth2".to_owned()))),
        observed: None,
        system_name: None,
        port_id: None,
        port_description: None,
        match_on: Some("IfName"),
        cached: false,
        changed: None,
        explanation: "expected vm4:eth2, and this machine has no such port".to_owned(),
        advice: None,
        difference: None,
        interface: None,
    }
}

/// A neighbor with something in every field.
pub(crate) fn neighbor() -> NeighborRow {
    NeighborRow {
        port: "eth1".to_owned(),
        system_name: Some("vm4".to_owned()),
        port_id: "eth2".to_owned(),
        port_description: Some("eth2, to vm1".to_owned()),
        match_on: Some("IfName"),
        changed: Duration::from_secs(265),
        chassis_id: "02:00:00:00:00:04".to_owned(),
        system_description: Some("Debian GNU/Linux".to_owned()),
        management_addresses: vec!["10.0.0.4".to_owned(), "fe80::4".to_owned()],
        ttl: Duration::from_mins(2),
        heard: Duration::from_secs(3),
        decides: true,
    }
}

const PLAIN: GetStatus = GetStatus { about: About::Ports, detail: false, more: false, end: false, port: None };
const DETAIL: GetStatus = GetStatus { detail: true, ..PLAIN };
const EVERYTHING: GetStatus = GetStatus { more: true, ..DETAIL };

/// A port whose verdict changes.
pub(crate) fn change(before: Option<Reason>, after: Option<Reason>) -> Change {
    Change {
        port: "eth1".to_owned(),
        before,
        after,
        expected: Some("vm2:eth1".to_owned()),
        observed: None,
        explanation: "expected vm2:eth1, and the link lost carrier".to_owned(),
        advice: None,
    }
}

#[test]
fn a_plain_row_has_the_columns_of_the_newest_original() {
    assert_eq!(miswired().record(&PLAIN).encode(), "port,cbl status\neth1,fail\n");
    assert_eq!(absent().record(&PLAIN).encode(), "port,cbl status\neth2,N/A\n");
}

#[test]
fn a_detailed_row_has_the_columns_of_the_newest_original() {
    insta::assert_snapshot!(miswired().record(&DETAIL).encode(), @r"
    port,cbl status,exp nbr,act nbr,sysname,portID,portDescr,match on,last upd
    eth1,fail,vm2:eth1,vm4:eth2,vm4,eth2,eth2; to vm1,IfName,4m:25s
    ");
    insta::assert_snapshot!(absent().record(&DETAIL).encode(), @r"
    port,cbl status,exp nbr,act nbr,sysname,portID,portDescr,match on,last upd
    eth2,N/A,vm4:eth2,no-info,N/A,N/A,N/A,IfName,N/A
    ");
}

#[test]
fn a_neighbor_s_row_has_the_columns_of_the_original() {
    let asked = GetStatus { about: About::Neighbors, ..PLAIN };
    insta::assert_snapshot!(neighbor().record(&asked).encode(), @r"
    port,sysname,portID,port descr,match on,last upd
    eth1,vm4,eth2,eth2; to vm1,IfName,4m:25s
    ");
}

#[test]
fn our_own_columns_come_after_the_original_s() {
    insta::assert_snapshot!(miswired().record(&EVERYTHING).encode(), @"
    port,cbl status,exp nbr,act nbr,sysname,portID,portDescr,match on,last upd,reason,explanation,advice,differs in,differs exp,differs act,cached,changed secs,ifindex,carrier,hook,hook mode,capture error,frames in,frames discarded,frames in error,TLVs discarded,TLVs unrecognized,ageouts
    eth1,fail,vm2:eth1,vm4:eth2,vm4,eth2,eth2%2C to vm1,IfName,4m:25s,wrong-node,expected vm2:eth1%2C found vm4:eth2: the system name is `vm4`%2C not `vm2`,vm4:eth2 belongs on eth2; move the cable from eth1 to eth2,system name,vm2,vm4,no,265,7,up,tc,tcx,N/A,12,1,1,0,0,0
    ");
    insta::assert_snapshot!(neighbor().record(&EVERYTHING).encode(), @"
    port,sysname,portID,port descr,match on,last upd,chassisID,sysdescr,mgmt addresses,ttl secs,heard secs,decides
    eth1,vm4,eth2,eth2%2C to vm1,IfName,4m:25s,02:00:00:00:00:04,Debian GNU/Linux,10.0.0.4 fe80::4,120,3,yes
    ");
}

#[test]
fn a_client_of_the_original_hears_of_cable_status_only() {
    let heard = |before, after| change(before, after).record(false).map(|record| record.encode());
    let row = |status| Some(format!("port,cbl status\neth1,{status}\n"));
    assert_eq!(heard(Some(Reason::Match), Some(Reason::LinkDown)), row("fail"));
    assert_eq!(heard(Some(Reason::LinkDown), Some(Reason::Match)), row("pass"));
    assert_eq!(heard(Some(Reason::Match), None), row("N/A"));
    assert_eq!(heard(Some(Reason::WrongNode), Some(Reason::WrongPort)), None);
    assert_eq!(heard(None, Some(Reason::Silent)), None);
}

#[test]
fn a_client_of_ours_hears_of_every_change() {
    let change = change(Some(Reason::WrongNode), Some(Reason::LinkDown));
    insta::assert_snapshot!(change.record(true).unwrap().encode(), @"
    port,cbl status,exp nbr,act nbr,reason,reason before,explanation,advice
    eth1,fail,vm2:eth1,no-info,link-down,wrong-node,expected vm2:eth1%2C and the link lost carrier,N/A
    ");
}

/// zebra compares `strncmp(column, key, len(column))` and takes the first column that fits.
#[test]
fn zebra_finds_the_column_it_means() {
    let keys = ["cmd_status", "port", "cbl status", "state", "peer", "local", "vrf"];
    let change = change(Some(Reason::Match), Some(Reason::LinkDown));
    for record in [
        miswired().record(&EVERYTHING),
        neighbor().record(&EVERYTHING),
        change.record(false).unwrap(),
        change.record(true).unwrap(),
    ] {
        for key in keys {
            let found = record.fields().find(|(column, _)| key.starts_with(column)).map(|(column, _)| column);
            assert_eq!(found, record.get(key).map(|_| key));
        }
    }
}

#[test]
fn the_columns_called_numbers_are_numbers() {
    for record in [miswired().record(&EVERYTHING), neighbor().record(&EVERYTHING)] {
        for (column, value) in record.fields() {
            assert_eq!(column::NUMBERS.contains(&column), value.parse::<u64>().is_ok(), "{column} {value}");
        }
    }
}
