//! The server over a real socket: an agent of nothing but a `Control` in a thread of its own, clients that block.

mod agent;
mod limits;
mod stream;

use std::io::Write as _;
use std::net::Shutdown;

use self::agent::{Agent, limits};
use super::*;
use crate::PATIENCE;
use crate::control::codec::{self, Kind};
use crate::control::tests::zebra::Zebra;
use crate::monitor::Reason;

#[test]
fn zebra_follows_status_fail_and_flap() {
    let agent = Agent::start(limits(), 2);
    let mut zebra = Zebra::connect(&agent.name);
    zebra.send("cmd,client,seqid\nreg-bfd-client,bgp,77\n");
    assert!(zebra.read().contains("fail"));
    zebra.send("cmd\nget-status\n");
    assert_eq!([zebra.read(), zebra.read()].join(""), "port,cbl status\nswp1,pass\nport,cbl status\nswp2,pass\n");
    for reason in [Reason::LinkDown, Reason::Match, Reason::WrongNode, Reason::Match, Reason::AgedOut] {
        agent.change(reason, 0);
        assert_eq!(zebra.read().lines().next(), Some("port,cbl status"));
        assert_eq!(zebra.interfaces["swp1"], reason == Reason::Match);
    }
    assert!(zebra.interfaces["swp2"]);
}

#[test]
fn a_status_never_comes_after_a_notification_that_is_newer() {
    let agent = Agent::start(limits(), 1);
    let mut client = agent.client();
    let mut newest = 0;
    let mut notified = 0;
    for round in 0..200 {
        client.send("cmd,more\nget-status,yes\n");
        for step in 1..=5 {
            let reason = if step % 2 == 0 { Reason::Match } else { Reason::LinkDown };
            agent.change(reason, round * 5 + step);
        }
        client.send("cmd,more\nget-status,yes\n");
        let mut answers = 0;
        while answers < 2 {
            let (kind, record) = client.next().unwrap();
            let number: u32 = record.get("explanation").unwrap().parse().unwrap();
            assert!(number >= newest, "{number} after {newest}");
            newest = number;
            answers += u32::from(kind == Kind::Response);
            notified += u32::from(kind == Kind::Notification);
        }
    }
    assert!(notified >= 5 * 199, "all but the first may have come before the client was known: {notified}");
}

#[test]
fn an_answer_longer_than_the_socket_holds_comes_whole_and_before_later_notifications() {
    let agent = Agent::start(limits(), 1_024);
    let mut client = agent.client();
    client.send("cmd,detail,more,end\nget-status,yes,yes,yes\n");
    let mut other = agent.client();
    other.send("cmd\nmake-coffee\n");
    other.expect(Kind::Response, "cmd_status");
    agent.change(Reason::LinkDown, 1);
    agent.counters();
    for port in 1..=1_024 {
        assert_eq!(client.expect(Kind::Response, "port"), format!("swp{port}"));
    }
    assert_eq!(client.expect(Kind::Response, "cmd_ext_status"), "1024 rows");
    assert_eq!(client.expect(Kind::Notification, "cbl status"), "fail");
}

#[test]
fn a_hundred_clients_each_hear_everything() {
    let agent = Agent::start(limits(), 1);
    let mut clients: Vec<_> = (0..100).map(|_| agent.client()).collect();
    for client in &mut clients {
        client.send("cmd\nget-status\n");
    }
    for client in &mut clients {
        assert_eq!(client.expect(Kind::Response, "cbl status"), "pass");
    }
    for n in 0..10 {
        agent.change(if n % 2 == 0 { Reason::LinkDown } else { Reason::Match }, 0);
    }
    for client in &mut clients {
        for n in 0..10 {
            assert_eq!(client.expect(Kind::Notification, "cbl status"), if n % 2 == 0 { "fail" } else { "pass" });
        }
    }
    assert_eq!(agent.counters(), Counters { connected: 100, accepted: 100, ..Counters::default() });
    drop(clients);
    agent.wait_for(|counters| counters.connected == 0);
}

#[test]
fn bad_messages_are_refused_where_possible_else_the_client_is_closed() {
    let agent = Agent::start(limits(), 1);
    let mut client = agent.client();
    client.send(&"x".repeat(1_025));
    assert_eq!(client.expect(Kind::Response, "cmd_ext_status"), "Message too long [1025 bytes; at most 1024]");
    client.send("port\nswp1\n");
    assert!(client.expect(Kind::Response, "cmd_ext_status").starts_with("Malformed message"));
    // Answers get no answer, but count.
    let mut response = Vec::new();
    codec::encode(&mut response, Kind::Response, 0, "test", "port,cbl status\nswp1,fail\n");
    client.stream.write_all(&response).unwrap();
    client.send("cmd\nget-status\n");
    assert_eq!(client.expect(Kind::Response, "cbl status"), "pass");
    client.stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(client.expect(Kind::Response, "cmd_ext_status").starts_with("Malformed message"));
    assert_eq!(client.next(), None);
    assert_eq!(agent.counters().malformed, 4);
}

#[test]
fn notifications_are_for_those_who_sent_a_valid_command() {
    let agent = Agent::start(limits(), 1);
    let mut asker = agent.client();
    let mut silent = agent.client();
    let mut talker = agent.client();
    asker.send("cmd\nget-status\n");
    asker.expect(Kind::Response, "port");
    talker.send("cmd\nmake-coffee\n");
    assert_eq!(talker.expect(Kind::Response, "cmd_status"), "fail");
    agent.change(Reason::LinkDown, 0);
    assert_eq!(asker.expect(Kind::Notification, "cbl status"), "fail");
    for client in [&mut silent, &mut talker] {
        client.send("cmd\nget-status\n");
        assert_eq!(client.expect(Kind::Response, "cbl status"), "fail");
    }
}

#[test]
fn who_closes_its_sending_half_still_gets_its_answer() {
    let agent = Agent::start(limits(), 300);
    let mut client = agent.client();
    client.stream.write_all(b"get-status").unwrap();
    client.stream.shutdown(Shutdown::Write).unwrap();
    for _ in 0..300 {
        client.expect(Kind::Response, "cbl status");
    }
    assert_eq!(client.next(), None);
    agent.wait_for(|counters| counters.connected == 0);
}

#[test]
fn a_second_agent_is_told_what_to_do() {
    let agent = Agent::start(limits(), 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(async { Control::bind(&agent.name, limits()) }).unwrap_err();
    assert!(error.to_string().contains("systemctl stop ptmd"), "{error}");
    let name = agent.name.clone();
    drop(agent);
    // A process that another test is starting holds a copy of the socket until it executes its program.
    let start = Instant::now();
    while let Err(error) = runtime.block_on(async { Control::bind(&name, limits()) }) {
        assert!(start.elapsed() < PATIENCE, "{error}");
    }
}

#[test]
fn every_line_of_the_log_says_who_the_client_is() {
    let few = Limits { clients: 2, reserve: 0, patience: Duration::from_millis(50), ..limits() };
    let agent = Agent::start(few, 1);
    let mut clients = [agent.client(), agent.client()];
    agent.wait_for(|counters| counters.connected == 2);
    agent.client().expect(Kind::Response, "cmd_status");
    clients[0].send("port\nswp1\n");
    clients[0].expect(Kind::Response, "cmd_status");
    clients[0].stream.write_all(b"GET /").unwrap();
    while clients[0].next().is_some() {}
    clients[1].stream.write_all(b"  15").unwrap();
    while clients[1].next().is_some() {}
    drop(agent.client());
    agent.wait_for(|counters| counters.accepted == 3 && counters.connected == 0);
    let log = agent.log();
    let comm = std::fs::read_to_string("/proc/self/comm").unwrap();
    let us = format!("uid {}, pid {}, {:?}", nix::unistd::geteuid(), std::process::id(), comm.trim_end());
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("control client")).collect();
    let count = |what: &str| lines.iter().filter(|line| line.contains(what) && line.contains(&us)).count();
    assert_eq!(count("control client connected"), 3, "{log}");
    assert_eq!(count("control client turned away: Too many clients [2 connected]"), 1, "{log}");
    assert_eq!(count("sent what is no command: Malformed message"), 2, "{log}");
    assert_eq!(count("disconnected: it sent what is no message"), 1, "{log}");
    assert_eq!(count("disconnected: it left a message unfinished"), 1, "{log}");
    assert_eq!(count("control client left"), 1, "{log}");
    assert_eq!(lines.len(), 9, "{log}");
}
