//! The server over a real socket: an agent of nothing but a `Control` in a thread of its own, clients that block.

mod zebra;

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::sync::atomic::AtomicU32;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use self::zebra::Zebra;
use super::*;
use crate::control::codec::{self, Decoder, Incoming, Kind, LONGEST_BODY, Message};
use crate::control::record::Record;
use crate::control::rows;
use crate::monitor::Reason;

const DEADLINE: Duration = Duration::from_secs(10);

/// An agent with some ports `swp1`…, all of one verdict.
struct Agent {
    name: String,
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    /// The verdict of port `swp1` changes; everybody is told. The number is in the explanation.
    Change(Reason, u32),
    Count(std_mpsc::Sender<Counters>),
}

impl Agent {
    fn start(limits: Limits, ports: usize) -> Self {
        static NAMES: AtomicU32 = AtomicU32::new(0);
        let name = format!("ptm-test/{}/{}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
        let (orders, inbox) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let control = runtime.block_on(async { Control::bind(&name, limits) }).unwrap();
        let thread = std::thread::spawn(move || runtime.block_on(run(control, inbox, ports)));
        Self { name, orders: Some(orders), thread: Some(thread) }
    }

    fn change(&self, reason: Reason, number: u32) {
        self.orders.as_ref().unwrap().send(Order::Change(reason, number)).unwrap();
    }

    fn counters(&self) -> Counters {
        let (sender, counters) = std_mpsc::channel();
        self.orders.as_ref().unwrap().send(Order::Count(sender)).unwrap();
        counters.recv_timeout(DEADLINE).unwrap()
    }

    fn wait_for(&self, condition: impl Fn(Counters) -> bool) {
        let start = Instant::now();
        while !condition(self.counters()) {
            assert!(start.elapsed() < DEADLINE, "{:?}", self.counters());
            std::thread::yield_now();
        }
    }

    fn client(&self) -> Client {
        let stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(&self.name).unwrap()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        Client { stream, decoder: Decoder::new(LONGEST_BODY) }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.orders = None;
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

async fn run(mut control: Control, mut inbox: mpsc::UnboundedReceiver<Order>, ports: usize) {
    let (mut reason, mut number) = (Reason::Match, 0);
    loop {
        tokio::select! {
            (client, command) = control.next_request() => {
                let port = |n| rows::PortRow {
                    port: format!("swp{n}"),
                    reason,
                    explanation: number.to_string(),
                    ..rows::tests::miswired()
                };
                control.reply(client, Answer::new(&command, (1..=ports).map(port), [rows::tests::neighbor()]));
            }
            order = inbox.recv() => match order {
                Some(Order::Change(after, of_number)) => {
                    control.notify(&Change {
                        port: "swp1".to_owned(),
                        before: Some(reason),
                        after: Some(after),
                        expected: None,
                        observed: None,
                        explanation: of_number.to_string(),
                        advice: None,
                    });
                    (reason, number) = (after, of_number);
                }
                Some(Order::Count(counters)) => counters.send(control.counters()).unwrap(),
                None => return,
            },
        }
    }
}

struct Client {
    stream: UnixStream,
    decoder: Decoder,
}

impl Client {
    fn send(&mut self, body: &str) {
        self.stream.write_all(&command(body)).unwrap();
    }

    /// The next message; `None`: the agent closed the connection.
    fn next(&mut self) -> Option<(Kind, Record)> {
        loop {
            if let Some(incoming) = self.decoder.decode().unwrap() {
                let Incoming::Message(Message { kind, body, .. }) = incoming else { panic!("{incoming:?}") };
                return Some((kind, Record::read_all(str::from_utf8(&body).unwrap()).remove(0)));
            }
            let mut buffer = [0; 4_096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(length) => self.decoder.push(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn expect(&mut self, kind: Kind, column: &str) -> String {
        let (is, record) = self.next().expect("a message");
        assert_eq!(is, kind, "{record:?}");
        record.get(column).unwrap_or_else(|| panic!("no {column} in {record:?}")).to_owned()
    }
}

fn command(body: &str) -> Vec<u8> {
    let mut message = Vec::new();
    codec::encode(&mut message, Kind::Command, 0, "test", body);
    message
}

#[test]
fn zebra_follows_status_fail_and_flap() {
    let agent = Agent::start(Limits::default(), 2);
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
fn a_stream_cut_anywhere_gets_the_same_answers() {
    let agent = Agent::start(Limits::default(), 1);
    let mut bytes = b"get-status\n".to_vec();
    bytes.extend(command("cmd,module\nget-status,lldp\n"));
    bytes.extend(command("cmd\nmake-coffee\n"));
    bytes.extend(b"get-status");
    let mut barrier = agent.client();
    for cut in 0..=bytes.len() {
        let mut client = agent.client();
        client.stream.write_all(&bytes[..cut]).unwrap();
        // Who wrote earlier is read earlier: when this is answered, the first part is read.
        barrier.send("cmd\nmake-coffee\n");
        barrier.expect(Kind::Response, "cmd_status");
        client.stream.write_all(&bytes[cut..]).unwrap();
        assert_eq!(client.expect(Kind::Response, "cbl status"), "pass", "cut at {cut}");
        assert_eq!(client.expect(Kind::Response, "portID"), "eth2", "cut at {cut}");
        assert_eq!(client.expect(Kind::Response, "cmd_ext_status"), "Command Unsupported", "cut at {cut}");
        assert_eq!(client.expect(Kind::Response, "cbl status"), "pass", "cut at {cut}");
    }
}

#[test]
fn a_status_never_comes_after_a_notification_that_is_newer() {
    let agent = Agent::start(Limits::default(), 1);
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
    let agent = Agent::start(Limits::default(), 1_024);
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
fn who_does_not_read_is_disconnected_and_nobody_else_notices() {
    let agent = Agent::start(Limits { unread_notifications: 64, ..Limits::default() }, 1);
    let mut stuck = agent.client();
    let mut reading = agent.client();
    for client in [&mut stuck, &mut reading] {
        client.send("cmd\nget-status\n");
        client.expect(Kind::Response, "port");
    }
    let mut told = 0;
    while agent.counters().dropped_slow == 0 {
        assert!(told < 100_000, "the stuck client is still connected");
        let (reason, status) = if told % 2 == 0 { (Reason::LinkDown, "fail") } else { (Reason::Match, "pass") };
        agent.change(reason, 0);
        assert_eq!(reading.expect(Kind::Notification, "cbl status"), status);
        told += 1;
    }
    assert_eq!(agent.counters(), Counters { connected: 1, accepted: 2, dropped_slow: 1, ..Counters::default() });
    // What the stuck client can still read is whole, and then the connection ends.
    let mut read = 0;
    while stuck.next().is_some() {
        read += 1;
    }
    assert!(read < told, "all but the last few");
    assert!(stuck.decoder.is_at_boundary());
}

#[test]
fn who_sends_half_a_header_is_closed_after_a_while() {
    let agent = Agent::start(Limits { patience: Duration::from_millis(50), ..Limits::default() }, 1);
    for half in [&b"  15,   2"[..], b"get-", &command("cmd\nget-status\n")[..40]] {
        let before = agent.counters().malformed;
        let mut client = agent.client();
        client.stream.write_all(half).unwrap();
        let start = Instant::now();
        assert_eq!(client.next(), None);
        assert!(start.elapsed() >= Duration::from_millis(40), "that was hasty");
        agent.wait_for(|counters| counters.malformed == before + 1 && counters.connected == 0);
    }
    // One that is merely idle stays.
    let mut idle = agent.client();
    idle.send("cmd\nget-status\n");
    idle.expect(Kind::Response, "port");
    let mut half = agent.client();
    half.stream.write_all(b"  15").unwrap();
    assert_eq!(half.next(), None);
    idle.send("cmd\nget-status\n");
    idle.expect(Kind::Response, "port");
}

#[test]
fn a_hundred_clients_each_hear_everything() {
    let agent = Agent::start(Limits::default(), 1);
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
fn one_client_too_many_is_told_so() {
    let agent = Agent::start(Limits { clients: 2, ..Limits::default() }, 1);
    let mut clients = [agent.client(), agent.client()];
    agent.wait_for(|counters| counters.connected == 2);
    let mut third = agent.client();
    assert_eq!(third.expect(Kind::Response, "cmd_ext_status"), "Too many clients [2 connected]");
    assert_eq!(third.next(), None);
    assert_eq!(agent.counters().refused, 1);
    clients[0].send("cmd\nget-status\n");
    clients[0].expect(Kind::Response, "port");
}

#[test]
fn bad_messages_are_refused_where_possible_else_the_client_is_closed() {
    let agent = Agent::start(Limits::default(), 1);
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
    let agent = Agent::start(Limits::default(), 1);
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
    let agent = Agent::start(Limits::default(), 300);
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
    let agent = Agent::start(Limits::default(), 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(async { Control::bind(&agent.name, Limits::default()) }).unwrap_err();
    assert!(error.to_string().contains("systemctl stop ptmd"), "{error}");
    let name = agent.name.clone();
    drop(agent);
    runtime.block_on(async { Control::bind(&name, Limits::default()) }).expect("the name is free again at once");
}
