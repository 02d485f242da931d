use std::time::Duration;

use super::*;
use crate::control::answer::tests::{bodies, command};
use crate::control::rows;

fn broken() -> PlanRow {
    PlanRow {
        file: "/etc/ptm.d/topology.dot".to_owned(),
        node: "leaf1".to_owned(),
        loaded: Duration::from_hours(1),
        took: Duration::from_millis(7),
        links: 1_024,
        nodes: 36,
        ports: 32,
        broken: Some(Duration::from_secs(12)),
        error: Some("Topology file error [/etc/ptm.d/topology.dot] [1 error, to be read]".to_owned()),
        problems: vec!["topology.dot:3:7: error: port `a, b` is cabled twice".to_owned()],
    }
}

fn in_order() -> PlanRow {
    PlanRow { broken: None, error: None, problems: Vec::new(), ..broken() }
}

#[test]
fn the_plan_is_a_row_and_a_row_a_problem() {
    let answer = |plan| bodies(Answer::to_get_plan(&command("cmd\nget-plan\n"), &plan)).join("");
    insta::assert_snapshot!(answer(broken()), @"
    plan file,plan node,loaded secs,load msecs,links,nodes,planned ports,broken secs,plan error
    /etc/ptm.d/topology.dot,leaf1,3600,7,1024,36,32,12,Topology file error [/etc/ptm.d/topology.dot] [1 error%2C to be read]
    problem
    topology.dot:3:7: error: port `a%2C b` is cabled twice
    cmd,cmd_status,cmd_ext_status,plan error
    get-plan,pass,2 rows,Topology file error [/etc/ptm.d/topology.dot] [1 error%2C to be read]
    ");
    insta::assert_snapshot!(answer(in_order()), @"
    plan file,plan node,loaded secs,load msecs,links,nodes,planned ports,broken secs,plan error
    /etc/ptm.d/topology.dot,leaf1,3600,7,1024,36,32,N/A,N/A
    cmd,cmd_status,cmd_ext_status,plan error
    get-plan,pass,1 row,N/A
    ");
}

#[test]
fn a_reload_is_answered_with_what_changed_or_every_problem() {
    let answer = |result| bodies(Answer::to_reload(&command("cmd\nreload\n"), &result)).join("");
    insta::assert_snapshot!(answer(Ok("1 of this machine's ports changed (5 links, 4 nodes)".to_owned())), @"
    cmd,cmd_status,cmd_ext_status,plan error
    reload,pass,1 of this machine's ports changed (5 links%2C 4 nodes),N/A
    ");
    let why = Refusal::CannotFindNode { file: "/etc/ptm.d/topology.dot".into(), node: "leaf1".to_owned() };
    insta::assert_snapshot!(answer(Err(ReloadFailed { why, problems: broken().problems })), @"
    problem
    topology.dot:3:7: error: port `a%2C b` is cabled twice
    cmd,cmd_status,cmd_ext_status,plan error
    reload,fail,Topology file error [/etc/ptm.d/topology.dot] [cannot find node leaf1],Topology file error [/etc/ptm.d/topology.dot] [cannot find node leaf1]
    ");
}

#[test]
fn an_answer_s_end_says_what_is_wrong_with_the_file_to_readers_of_ours() {
    let end = |body: &str, error| {
        let ports = [rows::tests::miswired()];
        let answer = Answer::with_plan_error(&command(body), ports, [rows::tests::neighbor()], error);
        let end = Record::read_all(bodies(answer).last().unwrap()).remove(0).unescape();
        end.get(column::PLAN_ERROR).map(str::to_owned)
    };
    let error = "Topology file error [/a,b] [100% wrong]";
    for asked in ["cmd,more,end\nget-status,yes,yes\n", "cmd,more,end,module\nget-status,yes,yes,lldp\n"] {
        assert_eq!(end(asked, Some(error)).as_deref(), Some(error));
        assert_eq!(end(asked, None).as_deref(), Some("N/A"));
    }
    assert_eq!(end("cmd,more,end,port\nget-status,yes,yes,eth7\n", Some(error)).as_deref(), Some(error), "a refusal");
    for asked in ["cmd,end\nget-status,yes\n", "cmd,more\nget-status,yes\n", "cmd\nget-status\n"] {
        assert_eq!(end(asked, Some(error)), None, "{asked}");
    }
}

#[test]
fn the_longest_problem_is_told_whole() {
    let problems = vec!["x".repeat(1_000)];
    let why = Refusal::UnusablePlan("too long".to_owned());
    let answer = Answer::to_reload(&command("cmd\nreload\n"), &Err(ReloadFailed { why, problems: problems.clone() }));
    let row = Record::read_all(&bodies(answer)[0]).remove(0);
    assert_eq!(row.get(column::PROBLEM), Some(problems[0].as_str()));
}

/// As `rows::tests` has it for rows of ports.
#[test]
fn zebra_takes_no_column_of_the_plan_for_one_of_its_own() {
    for key in ["cmd_status", "port", "cbl status", "state", "peer", "local", "vrf"] {
        let record = broken().record().with(column::PROBLEM, "");
        assert_eq!(record.fields().find(|(column, _)| key.starts_with(column)), None, "{key}");
    }
}

#[test]
fn the_numbers_of_the_plan_are_numbers() {
    for (column, value) in broken().record().fields() {
        assert_eq!(column::NUMBERS.contains(&column), value.parse::<u64>().is_ok(), "{column} {value}");
    }
}
