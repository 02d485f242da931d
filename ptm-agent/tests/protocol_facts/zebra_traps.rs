//! "What zebra does with it, and its traps".

use crate::agent::{Agent, World};
use crate::zebra::{self, LOOK_UPS, Zebra};

const PLAIN: &str = "cmd\nget-status\n";

/// "Sends `get-status` on connecting", "reads `port`, then `cbl status`: exactly `pass` → the interface may come up,
/// exactly `fail` → it is taken down; anything else is ignored".
#[test]
fn pass_brings_an_interface_up_fail_takes_it_down_and_else_it_stays() {
    let agent = Agent::usual();
    let mut zebra = Zebra::connect(&agent.name);
    zebra.send(PLAIN);
    (0..4).for_each(|_| drop(zebra.read()));
    assert_eq!(zebra.interfaces, [("swp1".to_owned(), true), ("swp2".to_owned(), false)].into());
    agent.change(|world| world.hear(1, b"spine9", b"swp7", b""));
    agent.change(|world| world.hear(2, b"spine2", b"swp7", b""));
    (0..2).for_each(|_| drop(zebra.read()));
    assert_eq!(zebra.interfaces, [("swp1".to_owned(), false), ("swp2".to_owned(), true)].into());
}

/// "A message with a non-empty `cmd_status` is dropped": and what ends or fails has one for zebra, if by way of `cmd`.
#[test]
fn a_message_with_a_cmd_status_is_dropped() {
    let agent = Agent::usual();
    for asked in [
        "cmd\nmake-coffee\n",
        "cmd,client,seqid\nreg-bfd-client,bgp,77\n",
        "cmd,end,port\nget-status,yes,swp1\n",
        "x\ny\n",
    ] {
        let last = agent.ask(asked).pop().unwrap();
        assert!(!zebra::look_up(&last, "cmd_status").is_empty(), "{last}");
        assert_eq!(zebra::verdict(&last), None);
    }
}

/// "Looks a key up with `strncmp(column, key, len(column))`": "a status row must not have a column that is a prefix of
/// another key it looks up", and "an empty column name answers for every key".
#[test]
fn no_row_has_a_column_that_answers_for_another_key() {
    let agent = Agent::usual();
    let mut listening = agent.client();
    listening.send("cmd,more\nget-status,yes\n");
    (0..4).for_each(|_| drop(listening.next().unwrap()));
    agent.change(|world| world.hear(1, b"spine9", b"swp7", b""));
    let mut bodies = vec![listening.next().unwrap().body];
    for asked in [
        PLAIN,
        "cmd,detail\nget-status,yes\n",
        "cmd,detail,more\nget-status,yes,yes\n",
        "cmd,module,more\nget-status,lldp,yes\n",
    ] {
        bodies.extend(agent.ask(asked));
    }
    for body in bodies {
        for column in body.lines().next().unwrap().split(',') {
            assert!(!column.is_empty(), "{body}");
            let answers_for = LOOK_UPS.iter().find(|(key, _)| *key != column && key.starts_with(column));
            assert_eq!(answers_for, None, "{column} in {body}");
        }
    }
}

/// A column without a name that a client sent does not come back as one.
#[test]
fn no_empty_column_name_goes_out() {
    assert_eq!(
        Agent::usual().ask("cmd,,x\nmake-coffee,1,\n"),
        ["cmd,N/A,x,cmd_status,cmd_ext_status\nmake-coffee,1,N/A,fail,Command Unsupported\n"]
    );
}

/// "Copies values unbounded into fixed buffers: `port` 128 bytes, `cbl status`, `state` and `cmd_status` 32, `peer`,
/// `local`, `vrf` 64. Stay well below". The plan may give a port any name.
#[test]
fn values_stay_well_below_zebra_s_buffers() {
    let long = "x".repeat(200);
    let agent = Agent::start(World::new(&format!("graph G {{ leaf1:\"{long}\" -- spine1:swp7; }}"), &[&long]));
    agent.change(|world| world.hear(1, b"spine1", b"swp7", b""));
    let [body] = &agent.ask(PLAIN)[..] else { panic!("one port") };
    for (key, buffer) in LOOK_UPS {
        assert!(zebra::look_up(body, key).len() <= buffer / 2, "{key}");
    }
    assert_eq!(zebra::look_up(body, "cbl status"), "pass");
}

/// "A body over 3,200 bytes desynchronises it".
#[test]
fn no_body_is_longer_than_3_200_bytes() {
    let agent = Agent::start(World::with_one_port());
    let long = "é,".repeat(85);
    agent.change(move |world| world.hear(1, long.as_bytes(), long.as_bytes(), long.as_bytes()));
    for asked in ["cmd,detail,more\nget-status,yes,yes\n", "cmd,module,more\nget-status,lldp,yes\n"] {
        for body in agent.ask(asked) {
            assert!((500..=3_200).contains(&body.len()), "{} bytes: {body}", body.len());
        }
    }
}

/// "A message that arrives in pieces more than about 20 ms apart, desynchronises it: write each message whole", also
/// where all of them are more than the socket holds.
#[test]
fn each_message_is_written_whole() {
    const PORTS: usize = 4_000;
    let edges: Vec<_> = (1..=PORTS).map(|port| format!("leaf1:swp{port} -- spine{port}:swp1;")).collect();
    let agent = Agent::start(World::new(&format!("graph G {{ {} }}", edges.join(" ")), &[]));
    let mut zebra = Zebra::connect(&agent.name);
    zebra.send("cmd,detail\nget-status,yes\n");
    // It reads with its own patience, and panics where a part of a message does not come.
    for port in 1..=PORTS {
        assert_eq!(zebra::look_up(&zebra.read(), "port"), format!("swp{port}"));
    }
}

/// "Its CSV reader knows no quoting: every comma splits a field and every newline ends a record": "a system name `x,pass`
/// would forge a column".
#[test]
fn what_lldp_says_forges_no_column_no_row_and_no_message() {
    let agent = Agent::start(World::with_one_port());
    let hostile = b"x,pass\nport,cbl status\n\"swp1\",pass\n  26,   2,   1,   0,             ptm\n";
    agent.change(|world| world.hear(1, hostile, hostile, hostile));
    for (asked, columns) in [(PLAIN, 2), ("cmd,detail\nget-status,yes\n", 9), ("cmd,module\nget-status,lldp\n", 6)] {
        let bodies = zebra::read_all(&agent.answer(&crate::agent::command(asked))).unwrap();
        let [body] = &bodies[..] else { panic!("{bodies:?}") };
        assert!(body.lines().all(|line| line.split(',').count() == columns), "{body}");
        assert!(!body.contains('"'), "{body}");
        assert!(body.lines().nth(1).unwrap().starts_with("swp1,"), "{body}");
    }
}
