//! `ptmctl plan`, `ptmctl reload`, and the word below a table while the topology file can't be used.

use super::*;
use crate::control::rows::PlanRow;
use crate::control::{Refusal, ReloadFailed, Request};

const ERROR: &str = "Topology file error [/etc/ptm.d/topology.dot] [1 error, to be read with `ptmctl check`]";

/// An agent whose file has, or has not, been broken for a while.
pub(super) fn agent_with(broken: bool) -> String {
    daemon(true, move |command, stream| {
        let problems = vec!["topology.dot:3:7: error: port `\u{202e}a, b` is cabled twice".to_owned()];
        let plan = PlanRow {
            file: "/etc/ptm.d/topology.dot".to_owned(),
            node: "leaf1".to_owned(),
            loaded: Duration::from_secs(359),
            took: Duration::from_millis(7),
            links: 1_024,
            nodes: 36,
            ports: 32,
            broken: broken.then_some(Duration::from_secs(12)),
            error: broken.then(|| ERROR.to_owned()),
            problems: if broken { problems.clone() } else { Vec::new() },
        };
        let result = if broken {
            Err(ReloadFailed { why: Refusal::UnusablePlan(ERROR.to_owned()), problems })
        } else {
            Ok("1 of this machine's ports changed (1024 links, 36 nodes)".to_owned())
        };
        let answer = match command.request {
            Request::Reload => Answer::to_reload(command, &result),
            Request::GetPlan => Answer::to_get_plan(command, &plan),
            _ => Answer::with_plan_error(command, [passing()], [rows::tests::neighbor()], plan.error.as_deref()),
        };
        write(stream, answer);
    })
}

#[test]
fn the_plan_in_force_and_what_is_wrong_with_the_file() {
    insta::assert_snapshot!(output(&agent_with(false), "plan"), @"
    Topology file  /etc/ptm.d/topology.dot
    This machine   leaf1
    In force for   5m:59s (reading took 7 ms)
    Links          1024, between 36 nodes
    Ports here     32
    ");
    insta::assert_snapshot!(output(&agent_with(true), "plan"), @r"
    Topology file  /etc/ptm.d/topology.dot
    This machine   leaf1
    In force for   5m:59s (reading took 7 ms)
    Links          1024, between 36 nodes
    Ports here     32
    
    The file on disk can't be used, for 12s now:
    Topology file error [/etc/ptm.d/topology.dot] [1 error, to be read with `ptmctl check`]
    topology.dot:3:7: error: port `\u{202e}a, b` is cabled twice
    ");
    insta::assert_snapshot!(output(&agent_with(true), "plan --json"), @r#"
    {
      "plan file": "/etc/ptm.d/topology.dot",
      "plan node": "leaf1",
      "loaded secs": 359,
      "load msecs": 7,
      "links": 1024,
      "nodes": 36,
      "planned ports": 32,
      "broken secs": 12,
      "plan error": "Topology file error [/etc/ptm.d/topology.dot] [1 error, to be read with `ptmctl check`]",
      "problems": [
        "topology.dot:3:7: error: port `\u202ea, b` is cabled twice"
      ]
    }
    "#);
}

#[test]
fn a_reload_prints_what_changed_or_every_problem() {
    assert_eq!(
        output(&agent_with(false), "reload"),
        "topology file reloaded: 1 of this machine's ports changed (1024 links, 36 nodes)\n"
    );
    insta::assert_snapshot!(output(&agent_with(false), "reload -j"), @r#"
    {
      "cmd_status": "pass",
      "cmd_ext_status": "1 of this machine's ports changed (1024 links, 36 nodes)",
      "problems": []
    }
    "#);
    let (out, result) = ptmctl(&agent_with(true), "reload");
    let failure = result.unwrap_err();
    assert_eq!((failure.exit_code(), failure.to_string().as_str()), (1, ERROR));
    assert_eq!(out, "topology.dot:3:7: error: port `\\u{202e}a, b` is cabled twice\n");
    let (out, result) = ptmctl(&agent_with(true), "reload -j");
    assert_eq!(result.unwrap_err().exit_code(), 1);
    insta::assert_snapshot!(out, @r#"
    {
      "cmd_status": "fail",
      "cmd_ext_status": "Topology file error [/etc/ptm.d/topology.dot] [1 error, to be read with `ptmctl check`]",
      "problems": [
        "topology.dot:3:7: error: port `\u202ea, b` is cabled twice"
      ]
    }
    "#);
}

#[test]
fn below_every_table_stands_that_the_file_is_broken() {
    for table in ["", "-d", "-l"] {
        let (good, broken) = (output(&agent_with(false), table), output(&agent_with(true), table));
        let more = broken.strip_prefix(&good).expect("the table is the same");
        assert_eq!(
            more,
            format!(
                "\nThe topology file can't be used, the plan from before is in force: {ERROR}\n`ptmctl plan` tells more.\n"
            )
        );
        let json = format!("{table} --json");
        assert_eq!(output(&agent_with(true), &json), output(&agent_with(false), &json), "programs get rows alone");
    }
}

#[test]
fn an_original_daemon_is_told_how_to_reload_it() {
    for verb in ["reload", "plan"] {
        let ptmd = daemon(true, move |_, stream| {
            let body = format!("cmd,cmd_status,cmd_ext_status\n{verb},fail,Command Unsupported\n");
            send(stream, Kind::Response, &body);
        });
        let failure = ptmctl(&ptmd, verb).1.unwrap_err();
        assert_eq!(failure.exit_code(), 1);
        assert!(failure.to_string().contains("SIGUSR1"), "{failure}");
    }
    assert_eq!(ptmctl("ptmctl-test/nobody", "reload").1.unwrap_err().exit_code(), 2);
}
