//! What a client may take, and what becomes of it when it takes more.

use std::io::{self, Read as _, Write as _};
use std::time::{Duration, Instant};

use nix::unistd::geteuid;

use super::agent::{Agent, Client, command, limits};
use crate::PATIENCE;
use crate::control::codec::Kind;
use crate::control::{Counters, Limits};
use crate::monitor::Reason;

/// A long answer from an agent with 1,024 ports: longer than a socket holds.
const EVERYTHING: &str = "cmd,detail,more,end\nget-status,yes,yes,yes\n";

#[test]
fn one_client_too_many_is_told_so() {
    let agent = Agent::start(Limits { clients: 2, reserve: 0, ..limits() }, 1);
    let mut clients = [agent.client(), agent.client()];
    agent.wait_for(|counters| counters.connected == 2);
    let mut third = agent.client();
    assert_eq!(third.expect(Kind::Response, "cmd_status"), "fail");
    assert_eq!(third.next(), None);
    let mut fourth = agent.client();
    assert_eq!(fourth.expect(Kind::Response, "cmd_ext_status"), "Too many clients [2 connected]");
    assert_eq!(agent.counters(), Counters { connected: 2, accepted: 2, refused: 2, ..Counters::default() });
    clients[0].send("cmd\nget-status\n");
    clients[0].expect(Kind::Response, "port");
}

#[test]
fn root_and_the_agent_s_own_user_have_no_limit_of_their_own() {
    let agent = Agent::start(Limits { clients_per_user: 2, ..limits() }, 1);
    let mut clients: Vec<Client> = (0..5).map(|_| agent.client()).collect();
    for client in &mut clients {
        client.send("cmd\nget-status\n");
        client.expect(Kind::Response, "port");
    }
}

#[test]
fn one_user_can_t_keep_the_others_out() {
    const CROWD: u32 = 65_534;
    if !geteuid().is_root() {
        writeln!(io::stderr(), "LEFT OUT: a limit of clients per user: it needs root").unwrap();
        return;
    }
    let agent = Agent::start(Limits { clients_per_user: 2, ..limits() }, 1);
    let crowd = [agent.client_of(CROWD), agent.client_of(CROWD)];
    let mut third = agent.client_of(CROWD);
    assert_eq!(third.expect(Kind::Response, "cmd_ext_status"), "Too many clients of user 65534 [2 connected]");
    assert_eq!(third.next(), None);
    let mut others = [agent.client_of(65_533), agent.client(), agent.client(), agent.client()];
    for client in &mut others {
        client.send("cmd\nget-status\n");
        client.expect(Kind::Response, "port");
    }
    assert_eq!(agent.counters(), Counters { connected: 6, accepted: 6, refused_of_user: 1, ..Counters::default() });
    drop(crowd);
    agent.wait_for(|counters| counters.connected == 4);
    let mut back = agent.client_of(CROWD);
    back.send("cmd\nget-status\n");
    back.expect(Kind::Response, "port");
}

#[test]
fn a_crowd_of_many_users_leaves_places_for_us() {
    if !geteuid().is_root() {
        writeln!(io::stderr(), "LEFT OUT: places in reserve for root: it needs root").unwrap();
        return;
    }
    let agent = Agent::start(Limits { clients: 3, reserve: 2, ..limits() }, 1);
    let _crowd = [65_531, 65_532, 65_533].map(|uid| agent.client_of(uid));
    let turned_away = |mut client: Client, sentence| {
        assert_eq!(client.expect(Kind::Response, "cmd_ext_status"), sentence);
        assert_eq!(client.next(), None);
    };
    turned_away(agent.client_of(65_534), "Too many clients [3 connected]");
    let mut ours = [agent.client(), agent.client()];
    for client in &mut ours {
        client.send("cmd\nget-status\n");
        client.expect(Kind::Response, "port");
    }
    turned_away(agent.client(), "Too many clients [5 connected]");
    assert_eq!(agent.counters(), Counters { connected: 5, accepted: 5, refused: 2, ..Counters::default() });
}

#[test]
fn who_is_turned_away_in_a_loop_does_not_fill_the_log() {
    let few = Limits { clients: 0, reserve: 0, log_burst: 2, ..limits() };
    let storm = |limits, clients| {
        let agent = Agent::start(limits, 1);
        for _ in 0..clients {
            let mut client = agent.client();
            while client.next().is_some() {}
        }
        assert_eq!(agent.counters().refused, clients);
        agent
    };
    // Lines of one client each, and how many clients the other lines tell of.
    let told = |log: &str| -> (usize, u64) {
        let more = |line: &str| line.split_once("control clients: ")?.1.split(' ').next()?.parse::<u64>().ok();
        (log.matches("turned away: Too many").count(), log.lines().filter_map(more).sum())
    };

    // It is told when the interval is over, though nobody comes any more.
    let agent = storm(Limits { log_interval: Duration::from_millis(500), ..few }, 100);
    let start = Instant::now();
    loop {
        let log = agent.log();
        let (lines, more) = told(&log);
        if lines as u64 + more == 100 {
            assert!(more > 0, "{log}");
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{log}");
        std::thread::yield_now();
    }

    // Or when the agent ends.
    let log = storm(few, 5).end();
    assert_eq!(told(&log), (2, 3), "{log}");
}

#[test]
fn who_does_not_read_is_disconnected_and_nobody_else_notices() {
    let agent = Agent::start(Limits { unread_notifications: 64, ..limits() }, 1);
    let mut stuck = agent.client();
    let mut reading = agent.client();
    for client in [&mut stuck, &mut reading] {
        client.send("cmd\nget-status\n");
        client.expect(Kind::Response, "port");
    }
    let mut told = 0;
    while agent.counters().dropped_slow == 0 {
        assert!(told < 100_000, "the stuck client is still connected");
        turn(&agent, told, &mut reading);
        told += 1;
    }
    assert_eq!(agent.counters(), Counters { connected: 1, accepted: 2, dropped_slow: 1, ..Counters::default() });
    turn(&agent, told, &mut reading);
    // What the stuck client can still read is whole, in order, and all but what its queue held; then the connection
    // ends.
    let mut read = 0;
    while let Some((kind, record)) = stuck.next() {
        assert_eq!((kind, record.get("cbl status")), (Kind::Notification, Some(status(read))));
        read += 1;
    }
    assert_eq!(read + 65, told);
    assert!(stuck.decoder.is_at_boundary());
}

#[test]
fn who_is_stuck_within_an_answer_is_disconnected_too_once_events_pile_up() {
    const QUEUE: u32 = 64;
    let agent = Agent::start(Limits { unread_notifications: QUEUE as usize, ..limits() }, 1_024);
    let mut reading = agent.client();
    reading.send("cmd,end,port\nget-status,yes,swp1\n");
    reading.expect(Kind::Response, "port");
    assert_eq!(reading.expect(Kind::Response, "cmd_status"), "pass");
    let mut stuck = agent.client();
    stuck.send(EVERYTHING);
    assert_eq!(stuck.expect(Kind::Response, "port"), "swp1");
    for event in 0..=QUEUE {
        assert_eq!(agent.counters().dropped_slow, 0, "after {event} events");
        turn(&agent, event, &mut reading);
    }
    assert_eq!(agent.counters(), Counters { connected: 1, accepted: 2, dropped_slow: 1, ..Counters::default() });
    // It never gets to the end of the answer, nor to a notification.
    let mut read = 1;
    while let Some((kind, record)) = stuck.next() {
        read += 1;
        assert_eq!((kind, record.get("port")), (Kind::Response, Some(format!("swp{read}").as_str())));
    }
    assert!(read < 1_024);
    assert!(stuck.decoder.is_at_boundary());
}

#[test]
fn who_takes_nothing_of_an_answer_is_disconnected_also_without_events() {
    let agent = Agent::start(Limits { patience: Duration::from_millis(100), ..limits() }, 1_024);
    let mut idle = agent.client();
    // Its answers are so short that the socket holds them.
    idle.send("cmd,port\nget-status,swp1\n");
    idle.expect(Kind::Response, "port");
    let mut stuck = agent.client();
    let start = Instant::now();
    stuck.send(EVERYTHING);
    agent.wait_for(|counters| counters.dropped_slow == 1);
    assert!(start.elapsed() >= Duration::from_millis(90), "that was hasty");
    assert_eq!(agent.counters(), Counters { connected: 1, accepted: 2, dropped_slow: 1, ..Counters::default() });
    idle.send("cmd,port\nget-status,swp1\n");
    idle.expect(Kind::Response, "port");
    let mut rest = Vec::new();
    stuck.stream.read_to_end(&mut rest).unwrap();
    assert!(rest.ends_with(b"\n"), "a message was cut off");
}

#[test]
fn who_sends_half_a_header_is_closed_after_a_while() {
    let agent = Agent::start(Limits { patience: Duration::from_millis(50), ..limits() }, 1);
    let whole = command("cmd\nget-status\n");
    for half in [&b"  15,   2"[..], b"get-", b"\n ", &whole[..36], &whole[..37], &whole[..40]] {
        let before = agent.counters().malformed;
        let mut client = agent.client();
        let start = Instant::now();
        client.stream.write_all(half).unwrap();
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
fn who_dribbles_a_message_gets_no_more_time_by_it() {
    let agent = Agent::start(Limits { patience: Duration::from_millis(50), ..limits() }, 1);
    let mut stream = agent.client().stream;
    stream.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
    // So long that an agent that is late has time to come to it.
    let mut bytes = command(&format!("cmd\nget-status{}\n", " ".repeat(1_000))).into_iter();
    let end = loop {
        // Once it is disconnected this fails, and so does reading.
        let _ = stream.write(&[bytes.next().expect("it is disconnected before its message is whole")]);
        match stream.read(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            end => break end,
        }
    };
    assert!(matches!(end, Ok(0)) || end.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset));
    agent.wait_for(|counters| counters.malformed == 1 && counters.connected == 0);
}

/// Turns the verdict for the `number`th time, which this client notices.
fn turn(agent: &Agent, number: u32, reading: &mut Client) {
    let reason = if number.is_multiple_of(2) { Reason::LinkDown } else { Reason::Match };
    agent.change(reason, number);
    assert_eq!(reading.expect(Kind::Notification, "cbl status"), status(number));
}

fn status(number: u32) -> &'static str {
    if number.is_multiple_of(2) { "fail" } else { "pass" }
}
