//! The agent's start and end, good and bad.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ptm_tests::scenario::{self, RING, passing_ring, usual_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, Frame, Node, Output, USUAL_TTL, program};

/// How often a process holds a TCX or XDP link, by interface index. From the kernel's account of its open files.
fn links_held(agent: Pid) -> BTreeMap<u32, usize> {
    let mut held = BTreeMap::new();
    for file in fs::read_dir(format!("/proc/{agent}/fdinfo")).unwrap().flatten() {
        // A file that was closed since is none.
        let account = fs::read_to_string(file.path()).unwrap_or_default();
        let value = |key: &str| account.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        if matches!(value("link_type:"), Some("tcx" | "xdp")) {
            let ifindex = value("ifindex:").and_then(|index| index.parse().ok()).expect("links have an interface");
            *held.entry(ifindex).or_default() += 1;
        }
    }
    held
}

/// How many programs sit on a port the old way, which outlives its process: clsact filters and XDP by netlink.
fn left_on(node: &Node, port: &str) -> usize {
    let filters = node.machine().run(&["tc", "filter", "show", "dev", port, "ingress"]).unwrap();
    filters.matches("bpf").count()
}

fn ifindex(node: &Node, port: &str) -> u32 {
    node.machine().read(&format!("/sys/class/net/{port}/ifindex")).unwrap().trim().parse().unwrap()
}

/// The one sentence with which an agent that can't start ends.
fn sentence(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{}{}", output.stdout, output.stderr);
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    output.stderr.trim_end().lines().last().unwrap_or_default()
}

#[test]
fn a_killed_agent_starts_again_at_once_and_leaves_nothing() {
    if !scenario::may_run("kill -9 and start again") {
        return;
    }
    for hook in ["tc", "xdp"] {
        let mut fabric = passing_ring(USUAL_TTL, &["--hook", hook]).unwrap();
        let vm1 = fabric.node("vm1").unwrap();
        for _ in 0..3 {
            vm1.kill_agent();
            vm1.start_agent(&["--hook", hook]).unwrap();
            for port in ["eth1", "eth2"] {
                vm1.await_reason(port, "match").unwrap();
            }
        }
        let held = links_held(vm1.agent().unwrap().pid());
        for port in ["eth1", "eth2"] {
            let attached = held.get(&ifindex(vm1, port)).copied().unwrap_or(0) + left_on(vm1, port);
            assert_eq!(attached, 1, "{hook} on {port}: {held:?}");
        }

        vm1.kill_agent();
        for port in ["eth1", "eth2"] {
            assert!(left_on(vm1, port) <= 1, "an old kernel keeps one filter, which the next agent replaces");
            let link = vm1.machine().run(&["ip", "-d", "link", "show", port]).unwrap();
            assert!(!link.contains("xdp"), "{link}");
        }
    }
}

/// Stops an agent for longer than the TTL of a neighbor that speaks meanwhile, and sees that this one has not aged out.
/// Tells whether it did speak in time: this test may be held up, too.
fn hold_up_an_agent() -> bool {
    const TTL: u16 = 5;
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let mut wire = fabric.wire("vm1:eth1").unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    vm1.start_agent(&[]).unwrap();
    vm1.await_capture().unwrap();
    let agent = vm1.agent().unwrap().pid();
    let await_frames = |vm1: &Node, count: u64| {
        wait::until(format!("{count} frames to be read"), PATIENCE, || {
            let frames = vm1.reports()?.iter().filter_map(|report| report.frames_in).sum::<u64>();
            if frames >= count { Ok(()) } else { Err(format!("{frames} frames")) }
        })
        .unwrap();
    };
    let vm2 = |ttl| Frame::empty(2).mandatory(2, "eth1", ttl).system_name(b"vm2").end();
    let spoke = Instant::now();
    wire.send(&vm2(TTL)).unwrap();
    await_frames(vm1, 1);
    kill(agent, Signal::SIGSTOP).unwrap();
    // More than the agent takes in one turn, before what the neighbor says meanwhile.
    let stranger = Frame::empty(9).mandatory(9, "eth1", 120).system_name(b"stranger").end();
    for _ in 0..700 {
        wire.send(&stranger).unwrap();
    }
    wire.send(&vm2(120)).unwrap();
    let in_time = spoke.elapsed() < Duration::from_secs(TTL.into()) / 2;
    if in_time {
        // This is what it is about: that time passes.
        thread::sleep(Duration::from_secs(TTL.into()));
    }
    kill(agent, Signal::SIGCONT).unwrap();
    if in_time {
        // Once it answers, it has seen what there was.
        vm1.await_reason("eth1", "match").unwrap();
        await_frames(vm1, 702);
        let log = vm1.agent().unwrap().log();
        assert!(!log.contains("aged-out"), "{log}");
    }
    in_time
}

#[test]
fn who_spoke_while_the_agent_was_held_up_has_not_fallen_silent() {
    if !scenario::may_run("an agent that is stopped for longer than a TTL") {
        return;
    }
    assert!((0..10).any(|_| hold_up_an_agent()), "this test was held up each time");
}

#[test]
fn sigterm_ends_the_agent_cleanly() {
    if !scenario::may_run("SIGTERM") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let hooks_run = wait::until("both hooks to have run", PATIENCE, || match vm1.hook_runs().unwrap() {
        runs if runs.len() == 2 => Ok(runs),
        runs => Err(format!("{runs:?}")),
    })
    .unwrap();
    let mut listener = vm1.listen().unwrap();
    let agent = vm1.agent().unwrap();
    let status = agent.terminate().unwrap();
    assert!(status.success(), "{status}: {}", agent.log());
    for port in ["eth1", "eth2"] {
        assert_eq!(left_on(vm1, port), 0);
    }
    // A client sees the end, and a new one is told what to do.
    listener.wait(PATIENCE).unwrap();
    let refused = vm1.ptmctl(&[]).unwrap();
    assert!(!refused.status.success() && !refused.stderr.trim().is_empty(), "{}", refused.stderr);
    assert_eq!(vm1.hook_runs().unwrap(), hooks_run, "the end of the agent is no event of a cable");
}

#[test]
fn a_plan_with_errors_is_refused_with_all_of_them() {
    if !scenario::may_run("a plan with errors at start") {
        return;
    }
    let plan = "graph G {\n  vm1:eth1 -- vm2:eth1\n  vm1:eth1 -- vm3:eth1\n  vm1:eth2 -- leaf-1:eth1\n}\n";
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    vm1.machine().write("/run/ptm/topology.dot", plan).unwrap();
    let output = vm1.run_agent(&[]).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", output.stderr);
    for place in ["topology.dot:3:", "topology.dot:4:"] {
        assert!(output.stderr.contains(place), "{place} in {}", output.stderr);
    }

    vm1.machine().run(&["rm", "/run/ptm/topology.dot"]).unwrap();
    let output = vm1.run_agent(&[]).unwrap();
    assert!(sentence(&output).contains("/run/ptm/topology.dot"), "{}", output.stderr);
}

#[test]
fn a_plan_without_this_node_names_the_nearest() {
    if !scenario::may_run("a plan without this node") {
        return;
    }
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    vm1.machine().write("/run/ptm/topology.dot", "graph { spine9:swp1 -- vm01:eth1 }").unwrap();
    let output = vm1.run_agent(&[]).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.contains("vm1") && output.stderr.contains("vm01"), "{}", output.stderr);
}

#[test]
fn a_second_agent_says_that_the_socket_is_taken() {
    if !scenario::may_run("a second agent") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let output = vm1.run_agent(&[]).unwrap();
    assert!(sentence(&output).contains("/var/run/ptmd.socket"), "{}", output.stderr);
    // The first goes on.
    vm1.await_reason("eth1", "match").unwrap();
}

#[test]
fn without_privilege_it_says_what_is_missing() {
    if !scenario::may_run("an agent without privilege") {
        return;
    }
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    // Root in name only: no capability at all, whatever the program's owner and mode.
    let agent = program("ptm-agent").unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-all", "--inh-caps", "-all"]).arg(agent);
    command.args(["-c", "/run/ptm/topology.dot", "--node", "vm1"]);
    let output = vm1.machine().output(command).unwrap();
    let said = sentence(&output);
    assert!(said.contains("root") || said.contains("CAP_"), "{}", output.stderr);
}

#[test]
fn without_ebpf_in_the_kernel_it_says_what_is_missing() {
    if !scenario::may_run("a kernel without eBPF") {
        return;
    }
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let mut command = scenario::without_call(&program("ptm-agent").unwrap(), libc::SYS_bpf, libc::ENOSYS);
    command.args(["-c", "/run/ptm/topology.dot", "--node", "vm1"]);
    let output = vm1.machine().output(command).unwrap();
    assert!(sentence(&output).contains("CONFIG_BPF_SYSCALL"), "{}", output.stderr);
}

#[test]
fn garbage_on_the_control_socket_disturbs_nobody() {
    if !scenario::may_run("garbage on the control socket") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let (mut listener, _) = fabric.listen("vm1:eth1").unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    let endless = vec![b'x'; 100_000];
    let garbage: [&[u8]; 6] = [
        b"\0\xff\xfe\n\n\n",
        b"9999,   2,   2,   0,            evil\ncmd\nget-status\n",
        b"  -1,   2,   2,   0,            evil\ncmd\nget-status\n",
        b"  15,   2,   2,   0,            evil\ncmd\nget-st",
        b"   0,   2,   2,   0,            evil\n",
        &endless,
    ];
    for bytes in garbage {
        // Refused or cut off: none is an answer with a verdict in it.
        let answer = scenario::ask_socket(vm1, bytes).unwrap_or_default();
        assert!(!answer.contains("eth1,pass"), "{answer:?} to {:?}", bytes.get(..40));
    }
    assert_eq!(vm1.reports().unwrap().len(), 2);
    fabric.unplug("vm1:eth1").unwrap();
    wait::until("the listener to hear of it", PATIENCE, || {
        let lines = listener.new_lines();
        if lines.iter().any(|line| line.contains("eth1 fail link-down")) { Ok(()) } else { Err(lines.join("\n")) }
    })
    .unwrap();
}
