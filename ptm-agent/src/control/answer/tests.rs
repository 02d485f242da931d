use super::*;
use crate::control::codec::{Decoder, Incoming, LONGEST_BODY, Message};
use crate::control::rows;

pub(super) fn command(body: &str) -> Command {
    Command::read(&Message { kind: Kind::Command, cmdid: 42, body: body.into() }).unwrap().unwrap()
}

/// The bodies of the messages in an answer, each of which must be a response that echoes the number.
pub(super) fn bodies(answer: Answer) -> Vec<String> {
    let mut bodies = Vec::new();
    for piece in answer.into_pieces() {
        assert!(piece.len() <= LONGEST_RUN);
        let mut decoder = Decoder::new(LONGEST_BODY);
        decoder.push(&piece);
        while let Some(incoming) = decoder.decode().unwrap() {
            let Incoming::Message(Message { kind: Kind::Response, cmdid: 42, body }) = incoming else {
                panic!("{incoming:?}");
            };
            bodies.push(String::from_utf8(body).unwrap());
        }
        assert!(decoder.is_at_boundary(), "a piece is made of whole messages");
    }
    bodies
}

fn answer(body: &str) -> String {
    let unplanned = PortRow { port: "eth9".to_owned(), planned: false, ..rows::tests::absent() };
    let ports = [rows::tests::miswired(), rows::tests::absent(), unplanned];
    bodies(Answer::new(&command(body), ports, [rows::tests::neighbor()])).join("")
}

#[test]
fn a_message_a_port_and_nothing_after_it() {
    assert_eq!(answer("cmd\nget-status\n"), "port,cbl status\neth1,fail\nport,cbl status\neth2,N/A\n");
}

#[test]
fn who_asks_for_an_end_gets_one() {
    insta::assert_snapshot!(answer("cmd,end,port\nget-status,yes,eth1\n"), @"
    port,cbl status
    eth1,fail
    cmd,end,port,cmd_status,cmd_ext_status
    get-status,yes,eth1,pass,1 row
    ");
    insta::assert_snapshot!(answer("cmd,end\nget-status,yes\n"), @"
    port,cbl status
    eth1,fail
    port,cbl status
    eth2,N/A
    cmd,end,cmd_status,cmd_ext_status
    get-status,yes,pass,2 rows
    ");
}

#[test]
fn ports_that_the_plan_does_not_name_are_for_those_who_ask_for_more() {
    assert!(!answer("cmd\nget-status\n").contains("eth9"));
    assert!(answer("cmd,more\nget-status,yes\n").contains("eth9,N/A"));
}

#[test]
fn refusals_repeat_the_command_and_say_why() {
    insta::assert_snapshot!(answer("cmd,module\nget-status,bfd\n"), @"
    cmd,module,cmd_status,cmd_ext_status
    get-status,bfd,fail,No BFD sessions . Check connections
    ");
    insta::assert_snapshot!(answer("cmd,client,seqid\nstart-bfd-sess,bgp,1\n"), @"
    cmd,client,seqid,cmd_status,cmd_ext_status
    start-bfd-sess,bgp,1,fail,BFD is not run by this agent; use a routing suite's own BFD daemon
    ");
    insta::assert_snapshot!(answer("cmd\nmake-coffee\n"), @"
    cmd,cmd_status,cmd_ext_status
    make-coffee,fail,Command Unsupported
    ");
    insta::assert_snapshot!(answer("cmd,port\nget-status,eth7\n"), @"
    cmd,port,cmd_status,cmd_ext_status
    get-status,eth7,fail,Port eth7 is not in the topology file and nobody was heard on it
    ");
    let none = |body| bodies(Answer::new(&command(body), [], [])).join("");
    insta::assert_snapshot!(none("cmd\nget-status\n"), @"
    cmd,cmd_status,cmd_ext_status
    get-status,fail,No ports of this node in the topology file
    ");
    insta::assert_snapshot!(none("cmd,module\nget-status,lldp\n"), @"
    cmd,module,cmd_status,cmd_ext_status
    get-status,lldp,fail,No LLDP ports detected. Check connections
    ");
}

#[test]
fn troubles_with_the_plan_read_as_users_know_them() {
    let refusals = [
        Refusal::CannotOpenFile("/etc/ptm.d/topology.dot".into()),
        Refusal::CannotFindNode { file: "/etc/ptm.d/topology.dot".into(), node: "leaf1".to_owned() },
        Refusal::NoHostname,
    ];
    let answers = refusals.map(|why| bodies(Answer::refusal(&command("cmd\nget-status\n"), &why)).join(""));
    insta::assert_snapshot!(answers.join(""), @"
    cmd,cmd_status,cmd_ext_status
    get-status,fail,Topology file error [/etc/ptm.d/topology.dot] [cannot open file]
    cmd,cmd_status,cmd_ext_status
    get-status,fail,Topology file error [/etc/ptm.d/topology.dot] [cannot find node leaf1]
    cmd,cmd_status,cmd_ext_status
    get-status,fail,No Hostname/MgmtIP found
    ");
}

#[test]
fn a_thousand_ports_come_in_order_in_a_few_pieces_of_whole_messages() {
    let port = |n| PortRow { port: format!("swp{n}"), ..rows::tests::miswired() };
    let answer = Answer::new(&command("cmd,detail,more,end\nget-status,yes,yes,yes\n"), (0..1_024).map(port), []);
    assert!(answer.pieces.len() < 64);
    let bodies = bodies(answer);
    assert_eq!(bodies.len(), 1_025);
    for (n, body) in bodies[..1_024].iter().enumerate() {
        assert_eq!(Record::read_all(body)[0].get("port"), Some(format!("swp{n}").as_str()));
    }
}
