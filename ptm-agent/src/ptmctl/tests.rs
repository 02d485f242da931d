//! `ptmctl` as a user sees it: its output to the letter, and its dealings with agents and old daemons on a real socket.

use std::io::{Read as _, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use clap::Parser as _;

use super::*;
use crate::PATIENCE;
use crate::control::codec::{self, Decoder, Incoming, Kind, Message};
use crate::control::rows::{self, Change, PortRow};
use crate::control::{Answer, Command};
use crate::monitor::Reason;

mod original;
mod plan;
mod schema;
mod verdicts;
mod watching;

/// A passing port.
fn passing() -> PortRow {
    PortRow {
        port: "eth3".to_owned(),
        reason: Reason::Match,
        expected: Some("vm2:eth1".to_owned()),
        observed: Some("vm2:eth1".to_owned()),
        system_name: Some("vm2".to_owned()),
        port_id: Some("eth1".to_owned()),
        port_description: None,
        explanation: "vm2:eth1 is there, as planned".to_owned(),
        advice: None,
        difference: None,
        ..rows::tests::miswired()
    }
}

fn all() -> [PortRow; 3] {
    [rows::tests::miswired(), rows::tests::absent(), passing()]
}

/// Listens under a new name.
fn listen() -> (String, UnixListener) {
    static NAMES: AtomicU32 = AtomicU32::new(0);
    let name = format!("ptmctl-test/{}/{}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    (name, listener)
}

/// Lets `answer` write each command's answer to one client. Afterwards the connection stays open if `stays`, until the
/// client leaves.
fn daemon(stays: bool, answer: impl Fn(&Command, &mut UnixStream) + Send + 'static) -> String {
    let (name, listener) = listen();
    std::thread::spawn(move || {
        serve(&listener, stays, |message, stream| {
            answer(&Command::read(message).unwrap().unwrap(), stream);
        });
    });
    name
}

/// Serves one client.
fn serve(listener: &UnixListener, stays: bool, answer: impl Fn(&Message, &mut UnixStream)) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut decoder = Decoder::new(codec::LONGEST_BODY);
    let mut buffer = [0; 4_096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        decoder.push(&buffer[..length]);
        while let Some(Incoming::Message(message)) = decoder.decode().unwrap() {
            answer(&message, &mut stream);
        }
        if !stays {
            return;
        }
    }
}

/// Our own agent.
fn agent() -> String {
    daemon(true, |command, stream| write(stream, Answer::new(command, all(), [rows::tests::neighbor()])))
}

fn write(stream: &mut UnixStream, answer: Answer) {
    for piece in answer.into_pieces() {
        stream.write_all(&piece).unwrap();
    }
}

fn send(stream: &mut UnixStream, kind: Kind, body: &str) {
    let mut message = Vec::new();
    codec::encode(&mut message, kind, 0, "ptm", body);
    stream.write_all(&message).unwrap();
}

fn ptmctl(socket: &str, args: &str) -> (String, Result<u8, Failure>) {
    let mut out = Vec::new();
    let args = Args::try_parse_from(["ptmctl"].into_iter().chain(args.split_whitespace())).unwrap();
    let result = run(&args, socket, Terminal::default(), &mut out);
    (String::from_utf8(out).unwrap(), result)
}

const LITTLE: Duration = Duration::from_millis(200);

/// Asks for the ports with little patience.
fn impatient(socket: &str) -> Result<Vec<Record>, Failure> {
    Connection::open_for(LITTLE, socket)?.get_status("", None)
}

/// The output of a call that must succeed.
fn output(socket: &str, args: &str) -> String {
    let (out, result) = ptmctl(socket, args);
    assert_eq!(result.unwrap(), 0);
    out
}

#[test]
fn the_table_of_passing_ports_is_the_contract_s_to_the_letter() {
    let port = |port: &str, far: &str| PortRow {
        port: port.to_owned(),
        expected: Some(far.to_owned()),
        observed: Some(far.to_owned()),
        ..passing()
    };
    let socket = daemon(true, move |command, stream| {
        write(stream, Answer::new(command, [port("eth1", "vm2:eth1"), port("eth2", "vm4:eth2")], []));
    });
    let expected = "\
---------------------------------------------------------------------
Port   Status Expected Nbr         Observed Nbr         Last Updated
---------------------------------------------------------------------
eth1   pass   vm2:eth1             vm2:eth1              4m:25s
eth2   pass   vm4:eth2             vm4:eth2              4m:25s
";
    assert_eq!(output(&socket, ""), expected);
}

#[test]
fn below_the_table_stands_why_a_port_fails_and_what_to_do() {
    insta::assert_snapshot!(output(&agent(), ""), @"
    ----------------------------------------------------------------------
    Port   Status  Expected Nbr         Observed Nbr         Last Updated
    ----------------------------------------------------------------------
    eth1   fail    vm2:eth1             vm4:eth2              4m:25s
    eth2   no-info vm4:eth2             no-info              N/A
    eth3   pass    vm2:eth1             vm2:eth1              4m:25s

    eth1: wrong-node: expected vm2:eth1, found vm4:eth2: the system name is `vm4`, not `vm2`
      to do: vm4:eth2 belongs on eth2; move the cable from eth1 to eth2
    no-info: absent (this machine has no such port): eth2
    `ptmctl explain PORT` tells more.
    ");
}

#[test]
fn details_neighbors_and_explanations() {
    insta::assert_snapshot!(output(&agent(), "--details"), @"
    --------------------------------------------------------------------------------------------------------------------------------------
    Port   Status  Reason     Expected Nbr         Observed Nbr         System Name  Port ID      Port Description Match On  Last Updated
    --------------------------------------------------------------------------------------------------------------------------------------
    eth1   fail    wrong-node vm2:eth1             vm4:eth2             vm4          eth2         eth2, to vm1     IfName     4m:25s
    eth2   no-info absent     vm4:eth2             no-info              N/A          N/A          N/A              IfName    N/A
    eth3   pass    match      vm2:eth1             vm2:eth1             vm2          eth1         N/A              IfName     4m:25s

    eth1: wrong-node: expected vm2:eth1, found vm4:eth2: the system name is `vm4`, not `vm2`
      to do: vm4:eth2 belongs on eth2; move the cable from eth1 to eth2
    no-info: absent (this machine has no such port): eth2
    `ptmctl explain PORT` tells more.
    ");
    insta::assert_snapshot!(output(&agent(), "--lldp"), @"
    -------------------------------------------------------------------------
    Port   System Name  Port ID      Port Description Match On  Last Updated
    -------------------------------------------------------------------------
    eth1   vm4          eth2         eth2, to vm1     IfName     4m:25s
    ");
    insta::assert_snapshot!(output(&agent(), "-d -l"), @"
    -------------------------------------------------------------------------------------------------------
    Port   System Name  Port ID      Port Description Chassis ID        TTL   Heard Match On  Last Updated
    -------------------------------------------------------------------------------------------------------
    eth1   vm4          eth2         eth2, to vm1     02:00:00:00:00:04 120   3     IfName     4m:25s
    ");
    insta::assert_snapshot!(output(&agent(), "explain eth1"), @"
    eth1: fail (wrong-node), unchanged for 4m:25s
    expected vm2:eth1, found vm4:eth2: the system name is `vm4`, not `vm2`

      To do         vm4:eth2 belongs on eth2; move the cable from eth1 to eth2
      Expected      vm2:eth1 (by IfName)
      Observed      vm4:eth2
      Differs in    system name
        the plan    vm2
        LLDP        vm4
      Link          up, interface 7
      Captured by   tc (tcx)
      Received      12 frames, 1 of them discarded, 1 in error; 0 TLVs discarded, 0 unrecognized; 0 neighbors aged out

    Heard on eth1 (the verdict rests on it):
      System        vm4
      Port ID       eth2
      Description   eth2, to vm1
      Chassis ID    02:00:00:00:00:04
      Runs          Debian GNU/Linux
      Addresses     10.0.0.4 fe80::4
      Last heard    3 s ago, TTL 120 s
      Unchanged     for 4m:25s
    ");
    insta::assert_snapshot!(output(&agent(), "explain eth2"), @"
    eth2: no-info (absent)
    expected vm4:eth2, and this machine has no such port

      Expected      vm4:eth2 (by IfName)
      Observed      nobody
    ");
}

#[test]
fn json_keeps_the_original_s_form() {
    insta::assert_snapshot!(output(&agent(), "explain eth1 -j"), @r#"
    {
      "port": {
        "port": "eth1",
        "cbl status": "fail",
        "exp nbr": "vm2:eth1",
        "act nbr": "vm4:eth2",
        "sysname": "vm4",
        "portID": "eth2",
        "portDescr": "eth2, to vm1",
        "match on": "IfName",
        "last upd": "4m:25s",
        "reason": "wrong-node",
        "explanation": "expected vm2:eth1, found vm4:eth2: the system name is `vm4`, not `vm2`",
        "advice": "vm4:eth2 belongs on eth2; move the cable from eth1 to eth2",
        "differs in": "system name",
        "differs exp": "vm2",
        "differs act": "vm4",
        "cached": "no",
        "changed secs": 265,
        "ifindex": 7,
        "carrier": "up",
        "hook": "tc",
        "hook mode": "tcx",
        "capture error": null,
        "frames in": 12,
        "frames discarded": 1,
        "frames in error": 1,
        "TLVs discarded": 0,
        "TLVs unrecognized": 0,
        "ageouts": 0
      },
      "neighbors": {
        "0": {
          "port": "eth1",
          "sysname": "vm4",
          "portID": "eth2",
          "port descr": "eth2, to vm1",
          "match on": "IfName",
          "last upd": "4m:25s",
          "chassisID": "02:00:00:00:00:04",
          "sysdescr": "Debian GNU/Linux",
          "mgmt addresses": "10.0.0.4 fe80::4",
          "ttl secs": 120,
          "heard secs": 3,
          "decides": "yes"
        }
      }
    }
    "#);
    let rows: serde_json::Value = serde_json::from_str(&output(&agent(), "--json")).unwrap();
    assert_eq!(rows["0"]["cbl status"], "fail");
    assert_eq!(rows["1"]["cbl status"], "N/A");
    assert_eq!(rows["2"]["port"], "eth3");
    let neighbors: serde_json::Value = serde_json::from_str(&output(&agent(), "-l -j")).unwrap();
    assert_eq!(neighbors["0"]["sysname"], "vm4");
}

#[test]
fn hostile_names_stay_text() {
    let evil = PortRow {
        observed: Some("\u{1b}[31mvm2,pass\u{202e}\neth9 pass".to_owned()),
        system_name: Some("100%25\"".to_owned()),
        ..rows::tests::miswired()
    };
    let socket = || {
        let evil = evil.clone();
        daemon(true, move |command, stream| write(stream, Answer::new(command, [evil.clone()], [])))
    };
    let table = output(&socket(), "-d");
    assert!(table.contains(r"\u{1b}[31mvm2,pass\u{202e}\neth9 pass"), "{table}");
    assert!(table.contains(r#" 100%25" "#), "{table}");
    let json = output(&socket(), "-j");
    assert!(json.is_ascii() && json.contains(r"\u001b[31mvm2,pass\u202e\neth9 pass"), "{json}");
}

#[test]
fn an_answer_that_says_no_is_a_sentence_and_exit_code_1() {
    let (out, result) = ptmctl(&agent(), "explain eth7");
    let failure = result.unwrap_err();
    assert_eq!((out.as_str(), failure.exit_code()), ("", 1));
    assert_eq!(failure.to_string(), "Port eth7 is not in the topology file and nobody was heard on it");

    let none = || daemon(true, |command, stream| write(stream, Answer::new(command, [], [])));
    let (out, result) = ptmctl(&none(), "-l -j");
    assert_eq!(result.unwrap_err().exit_code(), 1);
    let rows: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(rows["0"]["cmd_ext_status"], "No LLDP ports detected. Check connections");
}

#[test]
fn no_answer_is_a_sentence_that_says_what_to_do_and_exit_code_2() {
    let (_, result) = ptmctl("ptmctl-test/nobody", "");
    let failure = result.unwrap_err();
    assert!(failure.to_string().contains("systemctl start ptm-agent"), "{failure}");
    assert_eq!(failure.exit_code(), 2);

    let gone = daemon(false, |_, _| {});
    assert!(matches!(ptmctl(&gone, "").1, Err(Failure::Gone)));

    let web = daemon(true, |_, stream| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap());
    assert!(matches!(ptmctl(&web, "").1, Err(Failure::Desync(_))));
}

#[test]
fn an_agent_that_hangs_is_given_up() {
    let silent = daemon(true, |_, _| {});
    assert!(matches!(impatient(&silent), Err(Failure::Silent)));
    // Though a reading may take long.
    let (silent, begin) = (daemon(true, |_, _| {}), Instant::now());
    assert!(matches!(ptmctl(&silent, "reload").1, Err(Failure::Silent)));
    assert!(begin.elapsed() < Duration::from_mins(1), "{:?}", begin.elapsed());
}

#[test]
fn half_an_answer_of_our_own_agent_is_not_taken_for_whole() {
    let body = b"cmd,detail,more,end\nget-status,yes,yes,yes\n".to_vec();
    let command = Command::read(&Message { kind: Kind::Command, cmdid: 0, body }).unwrap().unwrap();
    let piece = Answer::new(&command, all(), []).into_pieces().into_iter().next().unwrap();
    let end = piece.windows(8).rposition(|bytes| bytes == b"cmd,deta").unwrap() - codec::HEADER_LEN;
    // There before it is asked for: it can't come too late.
    let (name, listener) = listen();
    let mut connection = Connection::open_for(LITTLE, &name).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    stream.write_all(&piece[..end]).unwrap();
    assert!(matches!(connection.get_status("", None), Err(Failure::CutOff)));
}

#[test]
fn listening_prints_a_line_a_change_until_the_agent_goes_away() {
    let listen = |args| {
        let socket = daemon(false, |command, stream| {
            write(stream, Answer::new(command, all(), []));
            let change = Change {
                port: "eth1".to_owned(),
                before: Some(Reason::Match),
                after: Some(Reason::WrongNode),
                expected: Some("vm2:eth1".to_owned()),
                observed: Some("vm4:eth2".to_owned()),
                explanation: "expected vm2:eth1, found vm4:eth2".to_owned(),
                advice: Some("move the cable from eth1 to eth2".to_owned()),
            };
            send(stream, Kind::Notification, &change.record(true).unwrap().encode());
            send(stream, Kind::Notification, "port,cbl status\neth2,pass\n");
        });
        let (out, result) = ptmctl(&socket, args);
        assert!(matches!(result, Err(Failure::Gone)), "{result:?}");
        out
    };
    let out = listen("--listen");
    let lines: Vec<&str> = out.lines().map(|line| line.split_once("Z ").expect("a time in UTC").1).collect();
    assert_eq!(
        lines,
        [
            "eth1 fail wrong-node: expected vm2:eth1, found vm4:eth2; to do: move the cable from eth1 to eth2",
            "eth2 pass"
        ]
    );
    let out = listen("--listen --json");
    let change: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!((&change["reason before"], &change["reason"]), (&"match".into(), &"wrong-node".into()));
}

#[test]
fn a_plan_is_checked_without_an_agent() {
    let check = |text: &[u8]| {
        let path = std::env::temp_dir().join(format!("ptmctl-test-{}.dot", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let name = path.to_str().unwrap();
        let (out, result) = ptmctl("ptmctl-test/nobody", &format!("check {name}"));
        std::fs::remove_file(&path).unwrap();
        let said = result.as_ref().map_or_else(ToString::to_string, |_| out).replace(name, "ptm.dot");
        (said, result.unwrap_or_else(|failure| failure.exit_code()))
    };
    assert_eq!(
        check(b"graph G { vm1:eth1 -- vm2:eth1; vm1:eth2 -- vm3:eth1 }"),
        ("ptm.dot: 2 links, 3 nodes, no problems\n".to_owned(), 0)
    );
    let (said, code) = check(b"graph G {\n  vm1:eth1 -- vm2:eth1\n  vm1:eth1 -- vm3:eth1\n}\n");
    assert_eq!(code, 1);
    assert!(said.contains("ptm.dot:3:") && said.ends_with("ptm.dot: 1 error, not usable\n"), "{said}");
    let (said, code) = check(b"graph G {\n  \"caf\xe9\":eth1 -- vm2:eth1 }\n");
    assert_eq!(code, 1);
    assert!(said.starts_with("error: a byte that is not UTF-8\n --> ptm.dot:2:7\n"), "{said}");
}
