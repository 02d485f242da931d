//! "Columns": which, in which order, and what may stand in them.

use crate::agent::{Agent, Message};

/// The answer to a command, read by columns.
fn rows(agent: &Agent, body: &str) -> Vec<Message> {
    let answer = agent.answer(&crate::agent::command(body));
    let mut rest = &answer[..];
    std::iter::from_fn(|| Message::read(&mut rest)).collect()
}

fn names(agent: &Agent, body: &str) -> Vec<String> {
    rows(agent, body).into_iter().map(|message| message.body.lines().next().unwrap().to_owned()).collect()
}

fn values(agent: &Agent, body: &str, column: &str) -> Vec<String> {
    rows(agent, body).iter().map(|message| message.get(column).unwrap().to_owned()).collect()
}

const PLAIN: &str = "cmd\nget-status\n";
const DETAIL: &str = "cmd,detail\nget-status,yes\n";
const LLDP: &str = "cmd,module\nget-status,lldp\n";

/// "Plain `get-status`: `port`, `cbl status`".
#[test]
fn columns_of_a_plain_row() {
    assert_eq!(names(&Agent::usual(), PLAIN), ["port,cbl status"; 4]);
}

/// "With `detail=yes`: `port`, `cbl status`, `exp nbr`, `act nbr`, `sysname`, `portID`, `portDescr`, `match on`,
/// `last upd`".
#[test]
fn columns_of_a_detailed_row() {
    assert_eq!(
        names(&Agent::usual(), DETAIL),
        ["port,cbl status,exp nbr,act nbr,sysname,portID,portDescr,match on,last upd"; 4]
    );
}

/// "`module=lldp`: `port`, `sysname`, `portID`, `port descr`, `match on`, `last upd`".
#[test]
fn columns_of_a_neighbor_s_row() {
    assert_eq!(names(&Agent::usual(), LLDP), ["port,sysname,portID,port descr,match on,last upd"; 2]);
}

/// "The newest release of the original prints no BFD columns at all", and neither do we.
#[test]
fn no_bfd_columns() {
    let agent = Agent::usual();
    for asked in [PLAIN, DETAIL, LLDP, "cmd,detail,more\nget-status,yes,yes\n"] {
        assert!(names(&agent, asked).iter().all(|names| !names.to_lowercase().contains("bfd")), "{asked}");
    }
}

/// "`cbl status` is `pass`, `fail` or `N/A` (no LLDP information)".
#[test]
fn cbl_status_is_pass_fail_or_n_a() {
    assert_eq!(values(&Agent::usual(), PLAIN, "cbl status"), ["pass", "fail", "N/A", "N/A"]);
}

/// "`exp nbr` is `node:port` of the plan".
#[test]
fn exp_nbr_is_node_and_port_of_the_plan() {
    assert_eq!(
        values(&Agent::usual(), DETAIL, "exp nbr"),
        ["spine1:swp7", "spine2:swp7", "spine3:swp7", "spine4:swp7"]
    );
}

/// "`act nbr` of LLDP or `no-info`".
#[test]
fn act_nbr_is_node_and_port_of_lldp_or_no_info() {
    assert_eq!(values(&Agent::usual(), DETAIL, "act nbr"), ["spine1:swp7", "spine9:swp9", "no-info", "no-info"]);
}

/// `sysname`, `portID`, `portDescr` are what LLDP says.
#[test]
fn sysname_port_id_and_port_descr_are_the_neighbor_s() {
    let agent = Agent::usual();
    assert_eq!(values(&agent, DETAIL, "sysname"), ["spine1", "spine9", "N/A", "N/A"]);
    assert_eq!(values(&agent, DETAIL, "portID"), ["swp7", "swp9", "N/A", "N/A"]);
    assert_eq!(values(&agent, DETAIL, "portDescr"), ["to leaf1", "to leaf9", "N/A", "N/A"]);
    assert_eq!(values(&agent, LLDP, "port descr"), ["to leaf1", "to leaf9"]);
}

/// "`match on` is `IfName` or `PortDescr`".
#[test]
fn match_on_is_if_name_or_port_descr() {
    assert_eq!(values(&Agent::usual(), DETAIL, "match on"), ["IfName", "IfName", "IfName", "PortDescr"]);
}

/// "`last upd` reads `5m:59s`, `2h:10m: 5s`, `3d:…`; `N/A` when never".
#[test]
fn last_upd_is_the_time_since_the_last_change() {
    let agent = Agent::usual();
    for (seconds, reads) in [(359, "5m:59s"), (7_805, "2h:10m: 5s"), (266_405, "3d: 2h: 0m: 5s"), (4, "4s")] {
        agent.change(move |world| world.now = 10 + seconds);
        assert_eq!(values(&agent, DETAIL, "last upd")[..2], [reads, reads]);
        assert_eq!(values(&agent, LLDP, "last upd"), [reads, reads]);
    }
}

/// "`N/A` when never": a port that this machine does not have was never updated.
#[test]
fn last_upd_is_n_a_when_never() {
    let agent = Agent::start(crate::agent::World::new("graph G { leaf1:swp1 -- spine1:swp7; }", &[]));
    assert_eq!(values(&agent, DETAIL, "last upd"), ["N/A"]);
}
