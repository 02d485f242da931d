//! The topology file changed under a running agent, in every way that people and tools have, for better and for worse.

use std::fmt::Write as _;

use nix::sys::signal::{Signal, kill};
use ptm_tests::scenario::{self, RING, usual_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, HookRun, Node, program};
use serde_json::Value;

const PLAN: &str = "/run/ptm/topology.dot";

/// The ring, but that vm1's `eth2` is planned to another machine than it is cabled to.
const OTHER: &str = "graph G {
    vm1:eth1 -- vm2:eth1
    vm1:eth2 -- vm3:eth2
    vm4:eth2 -- vm2:eth2
    vm3:eth1 -- vm4:eth1
}\n";

const BROKEN: &str = "graph G {\n  vm1:eth1 -- vm2:eth1\n  vm1:eth1 -- vm3:eth1\n}\n";

fn sh(node: &Node, script: &str) -> String {
    node.machine().run(&["sh", "-ec", script]).unwrap()
}

/// `ptmctl plan --json`.
fn plan(node: &Node) -> Value {
    let answer = node.ptmctl(&["plan", "--json"]).unwrap();
    assert!(answer.status.success(), "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

/// Waits until the file is known to be broken with an error in which `words` are, or to be in order.
fn await_plan_error(node: &Node, words: Option<&str>) -> Value {
    wait::until(format!("the plan's error to be {words:?}"), PATIENCE, || {
        let plan = plan(node);
        let all = format!("{} {}", plan["plan error"], plan["problems"]);
        let is = words.map_or(plan["plan error"].is_null(), |words| all.contains(words));
        if is { Ok(plan) } else { Err(plan.to_string()) }
    })
    .unwrap()
}

/// For how many seconds the verdict on `port` has not changed.
fn unchanged_for(node: &Node, port: &str) -> u64 {
    let rows: Value = serde_json::from_str(&node.ptmctl(&["--json"]).unwrap().stdout).unwrap();
    let row = rows.as_object().unwrap().values().find(|row| row["port"] == port).unwrap();
    row["changed secs"].as_u64().unwrap()
}

/// Waits until so many hooks have run, and gives all.
fn await_hooks(node: &Node, count: usize) -> Vec<HookRun> {
    wait::until(format!("{count} hooks to have run"), PATIENCE, || {
        let runs = node.hook_runs().unwrap();
        if runs.len() >= count { Ok(runs) } else { Err(format!("{runs:?}")) }
    })
    .unwrap()
}

fn log(fabric: &mut Fabric) -> String {
    fabric.node("vm1").unwrap().agent().unwrap().log()
}

fn signal(fabric: &mut Fabric, signal: Signal) {
    kill(fabric.node("vm1").unwrap().agent().unwrap().pid(), signal).unwrap();
}

/// Lays another file over the topology file without the kernel telling of it: signals and commands are left.
fn cover(node: &Node, text: &str) {
    node.machine().write("/run/ptm/cover.dot", text).unwrap();
    sh(node, &format!("mount --bind /run/ptm/cover.dot {PLAN}"));
}

fn uncover(node: &Node) {
    sh(node, &format!("umount {PLAN}"));
}

#[test]
fn a_changed_link_is_an_event_on_its_own_port_alone() {
    if !scenario::may_run("a changed plan") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let (mut listener, pulled) = fabric.listen("vm1:eth2").unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let first_hooks = await_hooks(vm1, 2 + 2 * pulled).len();
    let age = wait::until("eth1 to have passed for a while", PATIENCE, || match unchanged_for(vm1, "eth1") {
        0 | 1 => Err("too short to tell"),
        age => Ok(age),
    })
    .unwrap();

    vm1.machine().write("/run/ptm/ring.dot", RING).unwrap();
    vm1.machine().write("/run/ptm/other.dot", OTHER).unwrap();
    let ways = [
        // Written in place, in two steps.
        format!("head -c 20 other.dot > {PLAN}; tail -c +21 other.dot >> {PLAN}"),
        // Renamed over, as editors do.
        format!("cp ring.dot new; mv new {PLAN}"),
        // A link in its place, and then the link swapped, as configuration tools do.
        format!("ln -s other.dot new; mv -T new {PLAN}"),
        format!("ln -s ring.dot new; mv -T new {PLAN}"),
        // A directory of this generation behind a link, as Kubernetes does; and its next generation.
        format!("mkdir ..1; cp other.dot ..1/topology.dot; ln -s ..1 ..data; ln -sfn ..data/topology.dot {PLAN}"),
        "mkdir ..2; cp ring.dot ..2/topology.dot; ln -s ..2 new; mv -T new ..data; rm -r ..1".to_owned(),
        // The directory replaced.
        "mkdir ..3; cp other.dot ..3/topology.dot; mv ..2 aside; mv ..3 ..2".to_owned(),
        // Removed, which is seen, and written again.
        format!("cp ring.dot {PLAN}"),
    ];
    for (number, way) in ways.iter().enumerate() {
        if number + 1 == ways.len() {
            sh(vm1, &format!("rm {PLAN}"));
            await_plan_error(vm1, Some("cannot open file"));
        }
        sh(vm1, &format!("cd /run/ptm; {way}"));
        vm1.await_reason("eth2", if number % 2 == 0 { "wrong-node" } else { "match" }).unwrap();
    }

    // Every hook and line of eth2's is there, and none of eth1's before them.
    let mut told = Vec::new();
    wait::until("the listener to tell of eth2", PATIENCE, || {
        told.extend(listener.new_lines());
        if told.len() >= ways.len() { Ok(()) } else { Err(told.join("\n")) }
    })
    .unwrap();
    for (number, line) in told.iter().enumerate() {
        let verdict = if number % 2 == 0 { " eth2 fail wrong-node" } else { " eth2 pass" };
        assert!(line.contains(verdict), "{told:?}");
    }
    let runs = await_hooks(vm1, first_hooks + ways.len());
    assert!(runs[first_hooks..].iter().all(|run| run.port == "eth2"), "{runs:?}");
    assert!(unchanged_for(vm1, "eth1") >= age, "eth1's verdict did not change");
    assert_eq!(told.len(), ways.len());
    assert!(log(&mut fabric).contains("topology file reloaded: 1 of this machine's ports changed"));
}

#[test]
fn a_broken_file_changes_nothing_is_told_everywhere_and_mended_by_every_way() {
    if !scenario::may_run("a broken plan") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let (mut listener, pulled) = fabric.listen("vm1:eth2").unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let hooks_run = await_hooks(vm1, 2 + 2 * pulled);
    assert_eq!((plan(vm1)["links"].as_u64(), plan(vm1)["planned ports"].as_u64()), (Some(4), Some(2)));

    vm1.machine().write(PLAN, BROKEN).unwrap();
    let first = await_plan_error(vm1, Some(":3:"));
    assert_eq!((&first["plan node"], first["links"].as_u64()), (&Value::from("vm1"), Some(4)));
    // A second mistake instead of the first.
    vm1.machine().write(PLAN, "graph G {\n\n\n  vm1:eth1 -- leaf-1:eth1\n}\n").unwrap();
    let second = await_plan_error(vm1, Some(":4:"));
    assert!(!second["problems"].to_string().contains(":3:"), "{second}");

    let table = vm1.ptmctl(&[]).unwrap();
    assert!(table.status.success());
    assert!(table.stdout.contains("The topology file can't be used, the plan from before is in force"), "{table:?}");
    let json = vm1.ptmctl(&["--json"]).unwrap();
    assert!(json.stderr.contains("The topology file can't be used"), "{json:?}");
    assert!(vm1.reports().unwrap().iter().all(|report| report.reason == "match"));
    let text = vm1.ptmctl(&["plan"]).unwrap().stdout;
    assert!(text.contains(PLAN) && text.contains("The file on disk can't be used") && text.contains(":4:"), "{text}");
    let reload = vm1.ptmctl(&["reload"]).unwrap();
    assert_eq!(reload.status.code(), Some(1), "{reload:?}");
    assert!(reload.stdout.contains("topology.dot:4:") && reload.stderr.contains("Topology file error"), "{reload:?}");
    let log_so_far = log(&mut fabric);
    for words in ["ERROR", "the plan from before stays in force", "topology.dot:3:", "topology.dot:4:"] {
        assert!(log_so_far.contains(words), "{words} in {log_so_far}");
    }

    // From here on the good file comes and goes unseen.
    for way in ["SIGHUP", "SIGUSR1", "ptmctl reload"] {
        let vm1 = fabric.node("vm1").unwrap();
        cover(vm1, RING);
        assert!(!plan(vm1)["plan error"].is_null(), "{way}: nobody said yet that the file is another");
        match way {
            "ptmctl reload" => {
                let reload = vm1.ptmctl(&["reload"]).unwrap();
                let expected = "topology file reloaded: unchanged for 2 ports of this machine (4 links, 4 nodes)\n";
                assert_eq!((reload.status.code(), reload.stdout.as_str()), (Some(0), expected), "{reload:?}");
            }
            name => signal(&mut fabric, name.parse().unwrap()),
        }
        let vm1 = fabric.node("vm1").unwrap();
        await_plan_error(vm1, None);
        uncover(vm1);
        vm1.ptmctl(&["reload"]).unwrap();
        await_plan_error(vm1, Some(":4:"));
    }
    let vm1 = fabric.node("vm1").unwrap();
    vm1.machine().write(PLAN, RING).unwrap();
    await_plan_error(vm1, None);
    assert!(!vm1.ptmctl(&[]).unwrap().stdout.contains("The topology file"));
    assert_eq!(vm1.hook_runs().unwrap(), hooks_run);
    assert_eq!(listener.new_lines(), Vec::<String>::new());
    let log = log(&mut fabric);
    assert_eq!(log.matches("it had been broken for").count(), 4, "{log}");
}

#[test]
fn a_plan_without_this_node_and_a_file_that_is_gone_change_nothing() {
    if !scenario::may_run("a plan without this node") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let refused = |node: &Node, sentence: &str, more: &str| {
        let reload = node.ptmctl(&["reload"]).unwrap();
        assert_eq!(reload.status.code(), Some(1), "{reload:?}");
        assert!(reload.stderr.contains(sentence) && reload.stdout.contains(more), "{reload:?}");
        assert!(node.reports().unwrap().iter().all(|report| report.reason == "match"));
    };
    vm1.machine().write(PLAN, "graph { spine9:swp1 -- vm01:eth1 }").unwrap();
    refused(vm1, &format!("Topology file error [{PLAN}] [cannot find node vm1]"), "did you mean vm01?");
    vm1.machine().run(&["rm", PLAN]).unwrap();
    refused(vm1, &format!("Topology file error [{PLAN}] [cannot open file]"), "No such file or directory");
    vm1.machine().run(&["mkdir", PLAN]).unwrap();
    refused(vm1, &format!("Topology file error [{PLAN}] [cannot open file]"), "Is a directory");
    vm1.machine().run(&["rmdir", PLAN]).unwrap();
    vm1.machine().write(PLAN, RING).unwrap();
    await_plan_error(vm1, None);
}

#[test]
fn only_root_may_have_the_file_read_again() {
    if !scenario::may_run("an unprivileged user's reload") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    // Where this user can reach it, wherever it was built.
    let ptmctl = program("ptmctl").unwrap();
    vm1.machine().run(&["install", "-m", "755", ptmctl.to_str().unwrap(), "/run/ptmctl"]).unwrap();
    let as_nobody = |node: &Node, verb: &str| {
        let script = format!("setpriv --reuid=65534 --regid=65534 --clear-groups /run/ptmctl {verb} 2>&1 || echo $?");
        sh(node, &script)
    };
    let said = as_nobody(vm1, "reload");
    assert!(said.contains("only root and the agent's own user may reload") && said.ends_with("\n1\n"), "{said}");
    assert!(as_nobody(vm1, "plan").contains(PLAN), "asking is free");
    assert!(!log(&mut fabric).contains("reloaded"));
}

#[test]
fn while_a_large_plan_is_read_everybody_is_answered() {
    if !scenario::may_run("a large plan") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let mut large = RING.trim_end().trim_end_matches('}').to_owned();
    for link in 0..200_000 {
        let _ = writeln!(
            large,
            "\"leaf{}\":\"swp{}\" -> \"spine{}\":\"swp{}\"",
            link / 64,
            link % 64,
            link % 64,
            link / 64
        );
    }
    large.push_str("}\n");
    cover(vm1, &large);
    let ptmctl = program("ptmctl").unwrap();
    let mut command = std::process::Command::new(ptmctl);
    command.arg("reload");
    let mut reload = vm1.machine().spawn(command).unwrap();
    let mut answers = 0;
    let ended = wait::until("the reload to end", PATIENCE, || {
        let reports = vm1.reports().unwrap();
        assert!(reports.iter().all(|report| report.reason == "match"));
        reload.ended().ok_or_else(|| {
            answers += 1;
            "it goes on"
        })
    })
    .unwrap();
    assert!(ended.success(), "{}", reload.log());
    assert!(reload.log().contains("unchanged for 2 ports of this machine (200004 links"), "{}", reload.log());
    println!("{answers} answers while it was read");
    // If reading held up the agent there would be one before it and one that waited for its end.
    assert!(answers >= 5, "{answers} answers");
    assert_eq!(plan(vm1)["links"], 200_004);
}

#[test]
fn where_changes_cannot_be_watched_signals_and_commands_are_left() {
    if !scenario::may_run("a machine whose inotify instances are used up") {
        return;
    }
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let mut agent = scenario::without_call(&program("ptm-agent").unwrap(), libc::SYS_inotify_init1, libc::EMFILE);
    agent.args(["-c", PLAN, "--node", "vm1"]);
    let agent = vm1.machine().spawn(agent).unwrap();
    vm1.await_agent().unwrap();
    assert!(agent.log().contains("fs.inotify.max_user_instances"), "{}", agent.log());
    vm1.machine().write(PLAN, BROKEN).unwrap();
    kill(agent.pid(), Signal::SIGHUP).unwrap();
    await_plan_error(vm1, Some(":3:"));
    vm1.machine().write(PLAN, RING).unwrap();
    assert!(vm1.ptmctl(&["reload"]).unwrap().status.success());
    await_plan_error(vm1, None);
}
