//! Against an original ptmd, written from the protocol's facts: one row a message, arguments that it does not know
//! ignored (`more`, `end`, `port`), no end of an answer, notifications whenever they happen, refusals that repeat the
//! command.

use super::*;

/// What a daemon of some release has to tell.
#[derive(Clone, Copy)]
struct Original {
    /// Columns and rows of `detail=yes`.
    ports: &'static [&'static str],
    neighbors: &'static [&'static str],
    sessions: &'static [&'static str],
}

/// The newest release, which has no BFD columns.
const NEWEST: Original = Original {
    ports: &[
        "port,cbl status,exp nbr,act nbr,sysname,portID,portDescr,match on,last upd",
        "swp1,fail,leaf2:swp1,leaf2:swp7,leaf2,swp7,to leaf1,IfName,5m:59s",
        "swp2,N/A,leaf3:swp1,no-info,N/A,N/A,N/A,IfName,N/A",
    ],
    neighbors: &["port,sysname,portID,port descr,match on,last upd", "swp1,leaf2,swp7,to leaf1,IfName,5m:59s"],
    sessions: &[],
};

/// An older one, which has them, with a session.
const OLDER: Original = Original {
    ports: &[
        "port,cbl status,exp nbr,act nbr,sysname,portID,portDescr,match on,last upd,BFD Type,BFD state,BFD peer,\
         BFD DownDiag,det_mult,tx_timeout,rx_timeout,echo_tx_timeout,echo_rx_timeout,max_hop_cnt",
        "swp1,pass,leaf2:swp1,leaf2:swp1,leaf2,swp1,to leaf1,IfName,5m:59s,singlehop,Up,10.0.0.2,N/A,3,300,300,0,0,N/A",
    ],
    neighbors: NEWEST.neighbors,
    sessions: &["port,peer,state,local,type,diag,vrf", "swp1,10.0.0.2,Up,10.0.0.1,singlehop,N/A,default"],
};

impl Original {
    /// Starts it, for one client.
    fn start(self) -> String {
        let (name, listener) = listen();
        std::thread::spawn(move || {
            serve(&listener, true, |message, stream| self.answer(str::from_utf8(&message.body).unwrap(), stream));
        });
        name
    }

    fn answer(self, body: &str, stream: &mut UnixStream) {
        let (columns, values) = body.trim_end().split_once('\n').unwrap();
        let asked: Vec<_> = columns.split(',').zip(values.split(',')).collect();
        let argument = |name| asked.iter().find(|(column, _)| *column == name).map(|(_, value)| *value);
        let refuse = |stream: &mut UnixStream, why| {
            let refusal = format!("{columns},cmd_status,cmd_ext_status\n{values},fail,{why}\n");
            send(stream, Kind::Response, &refusal);
        };
        if argument("cmd") != Some("get-status") {
            return refuse(stream, "Command Unsupported");
        }
        let (rows, none) = match argument("module") {
            Some("lldp") => (self.neighbors, "No LLDP ports detected. Check connections"),
            Some("bfd") => (self.sessions, "No BFD sessions . Check connections"),
            _ => (self.ports, ""),
        };
        let [columns, rows @ ..] = rows else { return refuse(stream, none) };
        let mut told = Vec::new();
        for row in rows {
            codec::encode(&mut told, Kind::Response, 0, "ptm", &format!("{columns}\n{row}\n"));
            // A client that has sent a valid command is told of changes, also between rows.
            codec::encode(&mut told, Kind::Notification, 0, "ptm", "port,cbl status\nswp3,pass\n");
        }
        // All at once: between two writes a busy machine may be silent for long.
        stream.write_all(&told).unwrap();
    }
}

#[test]
fn its_ports_are_shown_after_a_short_silence() {
    let patience = 4 * PATIENCE;
    let (start, mut connection) = (Instant::now(), Connection::open_for(patience, &NEWEST.start()).unwrap());
    assert_eq!(connection.get_status("", None).unwrap().len(), 2);
    assert!(start.elapsed() < patience, "that was not short");
    insta::assert_snapshot!(output(&NEWEST.start(), ""), @"
    ----------------------------------------------------------------------
    Port   Status  Expected Nbr         Observed Nbr         Last Updated
    ----------------------------------------------------------------------
    swp1   fail    leaf2:swp1           leaf2:swp7            5m:59s
    swp2   no-info leaf3:swp1           no-info              N/A
    ");
    insta::assert_snapshot!(output(&NEWEST.start(), "--detail"), @"
    --------------------------------------------------------------------------------------------------------------------------------------
    Port   Status  Reason     Expected Nbr         Observed Nbr         System Name  Port ID      Port Description Match On  Last Updated
    --------------------------------------------------------------------------------------------------------------------------------------
    swp1   fail    N/A        leaf2:swp1           leaf2:swp7           leaf2        swp7         to leaf1         IfName     5m:59s
    swp2   no-info N/A        leaf3:swp1           no-info              N/A          N/A          N/A              IfName    N/A
    ");
    insta::assert_snapshot!(output(&NEWEST.start(), "-j"), @r#"
    {
      "0": {
        "port": "swp1",
        "cbl status": "fail",
        "exp nbr": "leaf2:swp1",
        "act nbr": "leaf2:swp7",
        "sysname": "leaf2",
        "portID": "swp7",
        "portDescr": "to leaf1",
        "match on": "IfName",
        "last upd": "5m:59s"
      },
      "1": {
        "port": "swp2",
        "cbl status": "N/A",
        "exp nbr": "leaf3:swp1",
        "act nbr": "no-info",
        "sysname": "N/A",
        "portID": "N/A",
        "portDescr": "N/A",
        "match on": "IfName",
        "last upd": "N/A"
      }
    }
    "#);
}

#[test]
fn a_port_is_picked_from_all_of_them() {
    insta::assert_snapshot!(output(&NEWEST.start(), "explain swp1"), @"
    swp1: fail, unchanged for 5m:59s

      Expected      leaf2:swp1 (by IfName)
      Observed      leaf2:swp7

    Heard on swp1:
      System        leaf2
      Port ID       swp7
      Description   to leaf1
      Unchanged     for 5m:59s
    ");
    let (_, result) = ptmctl(&NEWEST.start(), "explain swp9");
    assert_eq!(result.unwrap_err().to_string(), "there is no port `swp9`; `ptmctl` lists those that are known");
}

#[test]
fn its_neighbors_are_shown() {
    insta::assert_snapshot!(output(&NEWEST.start(), "--lldp"), @"
    -------------------------------------------------------------------------
    Port   System Name  Port ID      Port Description Match On  Last Updated
    -------------------------------------------------------------------------
    swp1   leaf2        swp7         to leaf1         IfName     5m:59s
    ");
    insta::assert_snapshot!(output(&NEWEST.start(), "--lldp --detail"), @"
    -------------------------------------------------------------------------------------------------------
    Port   System Name  Port ID      Port Description Chassis ID        TTL   Heard Match On  Last Updated
    -------------------------------------------------------------------------------------------------------
    swp1   leaf2        swp7         to leaf1         N/A               N/A   N/A   IfName     5m:59s
    ");
    let nobody = Original { neighbors: &[], ..NEWEST };
    let (_, result) = ptmctl(&nobody.start(), "--lldp");
    assert_eq!(result.unwrap_err().to_string(), "No LLDP ports detected. Check connections");
}

#[test]
fn its_bfd_sessions_are_shown_as_they_come() {
    insta::assert_snapshot!(output(&OLDER.start(), "--bfd"), @"
    ---------------------------------------------------
    port peer     state local    type      diag vrf
    ---------------------------------------------------
    swp1 10.0.0.2 Up    10.0.0.1 singlehop N/A  default
    ");
    insta::assert_snapshot!(output(&OLDER.start(), "-b -d -j"), @r#"
    {
      "0": {
        "port": "swp1",
        "peer": "10.0.0.2",
        "state": "Up",
        "local": "10.0.0.1",
        "type": "singlehop",
        "diag": "N/A",
        "vrf": "default"
      }
    }
    "#);
    for none in [NEWEST.start(), agent()] {
        let (_, result) = ptmctl(&none, "--bfd");
        let failure = result.unwrap_err();
        assert_eq!((failure.to_string().as_str(), failure.exit_code()), ("No BFD sessions . Check connections", 1));
    }
}

#[test]
fn the_bfd_columns_of_an_older_release_are_there_for_those_who_want_more() {
    insta::assert_snapshot!(output(&OLDER.start(), ""), @"
    ---------------------------------------------------------------------
    Port   Status Expected Nbr         Observed Nbr         Last Updated
    ---------------------------------------------------------------------
    swp1   pass   leaf2:swp1           leaf2:swp1            5m:59s
    ");
    insta::assert_snapshot!(output(&OLDER.start(), "-d"), @"
    ----------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------
    Port   Status Reason     Expected Nbr         Observed Nbr         System Name  Port ID      Port Description Match On  Last Updated  BFD Type  BFD state BFD peer BFD DownDiag det_mult tx_timeout rx_timeout echo_tx_timeout echo_rx_timeout max_hop_cnt
    ----------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------
    swp1   pass   N/A        leaf2:swp1           leaf2:swp1           leaf2        swp1         to leaf1         IfName     5m:59s       singlehop Up        10.0.0.2 N/A          3        300        300        0               0               N/A
    ");
    let rows: serde_json::Value = serde_json::from_str(&output(&OLDER.start(), "-j")).unwrap();
    assert_eq!((&rows["0"]["BFD state"], &rows["0"]["BFD DownDiag"]), (&"Up".into(), &"N/A".into()));
}

#[test]
fn its_changes_are_listened_to() {
    let (lines, listening) = watching::start(NEWEST.start(), "--listen");
    assert!(lines.recv().unwrap().ends_with("Z swp3 pass\n"));
    // It tells of another, and then nobody takes it.
    drop(lines);
    assert!(matches!(listening.join().unwrap(), Failure::Output(_)));
}

#[test]
fn without_a_reason_a_port_that_is_not_known_of_does_not_pass() {
    let code = |original: Original, args| ptmctl(&original.start(), args).1.unwrap();
    assert_eq!(code(NEWEST, "--exit-code"), 1);
    assert_eq!(code(OLDER, "--exit-code"), 0);
    let unknown = Original { ports: &["port,cbl status", "swp2,N/A"], ..NEWEST };
    assert_eq!(code(unknown, "--exit-code"), 1);
    assert_eq!(code(unknown, ""), 0);
}
