//! "Commands": the table of them, what failure looks like, the sentences users know, notifications.

use std::iter;

use ptm_agent::control::Refusal;

use crate::agent::{Agent, World};

const STATUS: &str = "cmd\nget-status\n";

fn columns(body: &str) -> Vec<&str> {
    body.lines().next().unwrap().split(',').collect()
}

/// The first value of each body.
fn ports(bodies: &[String]) -> Vec<&str> {
    bodies.iter().map(|body| body.lines().nth(1).unwrap().split(',').next().unwrap()).collect()
}

/// "get-status | none | a message a port of the topology file".
#[test]
fn get_status_is_a_message_a_port_of_the_topology_file() {
    let agent = Agent::usual();
    // swp5 is not in the topology file, and has a neighbor.
    agent.change(|world| world.hear(5, b"spine5", b"swp7", b""));
    assert_eq!(ports(&agent.ask(STATUS)), ["swp1", "swp2", "swp3", "swp4"]);
}

/// "get-status | module=lldp | a message an LLDP neighbor".
#[test]
fn get_status_module_lldp_is_a_message_a_neighbor() {
    let agent = Agent::usual();
    agent.change(|world| world.hear(5, b"spine5", b"swp7", b""));
    assert_eq!(ports(&agent.ask("cmd,module\nget-status,lldp\n")), ["swp1", "swp2", "swp5"]);
}

/// "get-status | module=bfd | a message a BFD session": there is none.
#[test]
fn get_status_module_bfd_has_no_rows() {
    assert_eq!(
        Agent::usual().ask("cmd,module\nget-status,bfd\n"),
        ["cmd,module,cmd_status,cmd_ext_status\nget-status,bfd,fail,No BFD sessions . Check connections\n"]
    );
}

/// "detail=yes | more columns".
#[test]
fn get_status_detail_yes_has_more_columns() {
    let agent = Agent::usual();
    let (plain, detailed) = (agent.ask(STATUS), agent.ask("cmd,detail\nget-status,yes\n"));
    assert_eq!(ports(&plain), ports(&detailed));
    for (plain, detailed) in plain.iter().zip(&detailed) {
        assert!(columns(detailed).starts_with(&columns(plain)));
        assert!(columns(detailed).len() > columns(plain).len());
    }
}

/// "start-bfd-sess, stop-bfd-sess, reg-bfd-client, dereg-bfd-client, get-bfd-client": an honest no, with the arguments
/// of "BFD commands".
#[test]
fn the_five_bfd_commands_fail_honestly() {
    let arguments = [
        (
            "start-bfd-sess",
            "client,seqid,dstIPaddr,requiredMinRx,upMinTx,detectMult,multiHop,srcIPaddr,maxHopCnt,vrfName",
            "bgp,12,10.0.0.2,300,300,3,1,10.0.0.1,254,default",
        ),
        (
            "start-bfd-sess",
            "client,seqid,dstIPaddr,requiredMinRx,upMinTx,detectMult,ifName,sendEvent,bfdcbit",
            "bgp,13,10.0.0.2,300,300,3,swp1,1,1",
        ),
        ("stop-bfd-sess", "client,seqid,dstIPaddr,ifName", "bgp,14,10.0.0.2,swp1"),
        ("reg-bfd-client", "client,seqid", "bgp,15"),
        ("dereg-bfd-client", "client,seqid", "bgp,16"),
        ("get-bfd-client", "client,seqid", "bgp,17"),
    ];
    let agent = Agent::usual();
    for (command, columns, values) in arguments {
        let answer = agent.ask(&format!("cmd,{columns}\n{command},{values}\n"));
        let why = "BFD is not run by this agent; use a routing suite's own BFD daemon";
        assert_eq!(answer, [format!("cmd,{columns},cmd_status,cmd_ext_status\n{command},{values},fail,{why}\n")],);
    }
}

/// "One message a port, one row a message, on the wire", and "there is no end-of-answer mark".
#[test]
fn one_message_a_port_one_row_a_message_and_no_end_mark() {
    let bodies = Agent::usual().ask(STATUS);
    assert_eq!(bodies.len(), 4);
    assert!(bodies.iter().all(|body| body.lines().count() == 2 && columns(body) == ["port", "cbl status"]));
}

/// "A client of our own must not have to wait: give it a way to know the end (an extra argument column that old daemons
/// ignore, say)".
#[test]
fn who_asks_for_an_end_of_the_answer_gets_it() {
    let bodies = Agent::usual().ask("cmd,end\nget-status,yes\n");
    assert_eq!(bodies.len(), 5);
    assert_eq!(bodies[4], "cmd,end,cmd_status,cmd_ext_status\nget-status,yes,pass,4 rows\n");
}

/// "Failure or a command with no rows to give: one message that repeats the command's own columns and values and appends
/// `cmd_status` and `cmd_ext_status`". "Unknown command: `fail`, `Command Unsupported`".
#[test]
fn failure_repeats_the_command_and_says_why() {
    assert_eq!(
        Agent::usual().ask("cmd,client,color\nmake-coffee,frr,black\n"),
        ["cmd,client,color,cmd_status,cmd_ext_status\nmake-coffee,frr,black,fail,Command Unsupported\n"]
    );
}

fn refused(refusal: Refusal, asked: &str) -> Vec<String> {
    let mut world = World::new("graph G { leaf1:swp1 -- spine1:swp7; }", &[]);
    world.refusal = Some(refusal);
    Agent::start(world).ask(asked)
}

/// "Topology file error [FILE] [cannot open file]".
#[test]
fn sentence_cannot_open_file() {
    assert_eq!(
        refused(Refusal::CannotOpenFile("/etc/ptm.d/topology.dot".into()), STATUS),
        ["cmd,cmd_status,cmd_ext_status\n\
          get-status,fail,Topology file error [/etc/ptm.d/topology.dot] [cannot open file]\n"]
    );
}

/// "Topology file error [FILE] [cannot find node NAME]".
#[test]
fn sentence_cannot_find_node() {
    let refusal = Refusal::CannotFindNode { file: "/etc/ptm.d/topology.dot".into(), node: "leaf1".to_owned() };
    assert_eq!(
        refused(refusal, STATUS),
        ["cmd,cmd_status,cmd_ext_status\n\
          get-status,fail,Topology file error [/etc/ptm.d/topology.dot] [cannot find node leaf1]\n"]
    );
}

/// "No Hostname/MgmtIP found".
#[test]
fn sentence_no_hostname() {
    assert_eq!(
        refused(Refusal::NoHostname, STATUS),
        ["cmd,cmd_status,cmd_ext_status\nget-status,fail,No Hostname/MgmtIP found\n"]
    );
}

/// "No LLDP ports detected. Check connections".
#[test]
fn sentence_no_lldp_ports() {
    let agent = Agent::start(World::with_one_port());
    assert_eq!(
        agent.ask("cmd,module\nget-status,lldp\n"),
        ["cmd,module,cmd_status,cmd_ext_status\nget-status,lldp,fail,No LLDP ports detected. Check connections\n"]
    );
}

/// "No BFD sessions . Check connections", blank before the stop included.
#[test]
fn sentence_no_bfd_sessions() {
    assert!(Agent::usual().ask("cmd,module\nget-status,bfd\n")[0].contains(",No BFD sessions . Check connections\n"));
}

/// "Notifications go to every connected client that has sent at least one valid command before".
#[test]
fn notifications_go_to_those_who_sent_a_valid_command() {
    let agent = Agent::with_one_port();
    let mut valid = ["cmd\nget-status\n", "cmd,module\nget-status,bfd\n", "cmd,client,seqid\nreg-bfd-client,bgp,1\n"]
        .map(|body| (agent.client(), body));
    let mut invalid = ["cmd\nmake-coffee\n", "port\nswp1\n"].map(|body| (agent.client(), body));
    for (client, body) in valid.iter_mut().chain(&mut invalid) {
        client.send(body);
        assert_eq!(client.next().unwrap().kind, 3);
    }
    let silent = agent.client();
    agent.change(|world| world.hear(1, b"spine9", b"swp7", b""));
    for (client, body) in &mut valid {
        assert_eq!(client.next().unwrap().body, "port,cbl status\nswp1,fail\n", "after {body}");
    }
    // The next that the others get is an answer.
    for mut client in invalid.into_iter().map(|(client, _)| client).chain(iter::once(silent)) {
        client.send("cmd\nget-status\n");
        assert_eq!(client.next().unwrap().kind, 3);
    }
}

/// "One message a change, with the columns of a plain `get-status` row".
#[test]
fn notifications_are_one_message_a_change_with_plain_columns() {
    let agent = Agent::with_one_port();
    let mut client = agent.client();
    // Who wanted details, and LLDP, gets plain rows all the same.
    client.send("cmd,module,detail\nget-status,lldp,yes\n");
    client.next().unwrap();
    for _ in 0..3 {
        agent.change(|world| {
            world.hear(1, b"spine9", b"swp7", b"");
            world.hear(1, b"spine8", b"swp7", b"");
            world.hear(1, b"spine1", b"swp7", b"");
        });
        assert_eq!(client.next().unwrap().body, "port,cbl status\nswp1,fail\n");
        assert_eq!(client.next().unwrap().body, "port,cbl status\nswp1,pass\n");
    }
}
