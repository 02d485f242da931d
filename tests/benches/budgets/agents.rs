//! The agent on a machine without hooks, and the neighbors that it is to find.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::unistd::Pid;
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Cabling, Fabric, Frame, Node};

use crate::ports::Wires;

/// The machine under test.
pub(crate) const NODE: &str = "leaf1";
/// Where the other ends of its ports are.
pub(crate) const FAR: &str = "far";

/// Machines without ports, of these names.
pub(crate) fn machines(names: &[&str], plan: &str) -> Result<Fabric> {
    let nodes = names.iter().map(ToString::to_string).collect();
    let mut fabric = Fabric::build(&Cabling { nodes, cables: Vec::new() }, plan)?;
    for node in fabric.nodes() {
        // Shells that start at each change of a verdict would be measured too.
        node.machine().run(&["rm", "-r", "/run/ptm/hooks"])?;
    }
    Ok(fabric)
}

/// The agent on [`NODE`] with this many ports, all of which pass: who the plan expects was heard on each.
pub(crate) fn passing(ports: usize) -> Result<Fabric> {
    let mut fabric = machines(&[NODE, FAR], &plan(ports))?;
    let wires = Wires::make(&mut fabric, NODE, FAR, ports)?;
    let node = fabric.node(NODE)?;
    node.start_agent(&[])?;
    await_ports(node, ports)?;
    for port in 0..ports {
        wires.send(port, &announcement(port, None))?;
    }
    await_frames(node, ports);
    node.await_reason(&format!("swp{ports}"), "match")?;
    Ok(fabric)
}

/// A plan with this many ports of [`NODE`]: `swp1` to `swp1` of `spine1`, ….
pub(crate) fn plan(ports: usize) -> String {
    let mut plan = String::from("graph {\n");
    for port in 1..=ports {
        let _ = writeln!(plan, "  \"{NODE}\":\"swp{port}\" -- \"spine{port}\":\"swp1\"");
    }
    plan + "}\n"
}

/// What the neighbor that [`plan`] expects on port `swp1` (0), … says, under another name if one is given. As long as
/// what a switch's lldpd sends: 300 bytes.
pub(crate) fn announcement(port: usize, name: Option<&str>) -> Vec<u8> {
    let expected = format!("spine{}", port + 1);
    Frame::empty(2)
        .mandatory(2, "swp1", 120)
        .system_name(name.unwrap_or(&expected).as_bytes())
        .tlv(6, &[b'd'; 80])
        .fill_to(298)
        .end()
}

/// Waits until the agent has heard this many frames on all ports together; gives how many it has.
pub(crate) fn await_frames(node: &Node, wanted: usize) -> usize {
    let mut heard = 0;
    // Too few is a result, not a failure.
    let _ = wait::until("the frames to arrive", Duration::from_secs(5), || {
        let counts = node.reports()?.into_iter().filter_map(|report| report.frames_in);
        heard = usize::try_from(counts.sum::<u64>()).unwrap_or(usize::MAX);
        if heard >= wanted { Ok(()) } else { Err(format!("{heard} frames")) }
    });
    heard
}

/// Waits until the agent listens on this many ports.
pub(crate) fn await_ports(node: &Node, count: usize) -> Result<()> {
    wait::until(format!("the agent to listen on {count} ports"), PATIENCE, || {
        let listening = node.reports()?.iter().filter(|report| report.hook.is_some()).count();
        if listening == count { Ok(()) } else { Err(format!("on {listening}")) }
    })?;
    Ok(())
}

/// Resident memory of a process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resident {
    /// All of it, what it shares with other processes included.
    pub(crate) all: u64,
    /// Of it, its own data.
    pub(crate) anonymous: u64,
    /// Of it, what is mapped: programs, libraries, and the ring buffer, which the kernel counts among the files.
    pub(crate) files: u64,
}

impl Resident {
    /// Of a process, once it has not changed for half a second.
    pub(crate) fn settled(pid: Pid) -> Result<Self> {
        let mut looks = Vec::new();
        Ok(wait::until("its memory to settle", PATIENCE, || {
            looks.push(Self::now(pid).map_err(|error| error.to_string())?);
            let same = looks.iter().rev().take_while(|look| *look == looks.last().expect("pushed above")).count();
            if same >= 25 { Ok(looks[looks.len() - 1]) } else { Err(format!("{same} looks")) }
        })?)
    }

    /// Of a process at this moment.
    pub(crate) fn now(pid: Pid) -> Result<Self> {
        let [all, anonymous, files] = status_bytes(pid, ["VmRSS:", "RssAnon:", "RssFile:"])?;
        Ok(Self { all, anonymous, files })
    }
}

/// The most that was ever resident of a process, in bytes.
pub(crate) fn peak_resident(pid: Pid) -> Result<u64> {
    let [peak] = status_bytes(pid, ["VmHWM:"])?;
    Ok(peak)
}

/// What the kernel says of a process's memory, under these keys.
fn status_bytes<const N: usize>(pid: Pid, keys: [&str; N]) -> Result<[u64; N]> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let mut bytes = [0; N];
    for (key, bytes) in keys.iter().zip(&mut bytes) {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kilobytes: u64 =
            line.with_context(|| format!("process {pid} has no {key}"))?.trim().trim_end_matches(" kB").parse()?;
        *bytes = kilobytes * 1_024;
    }
    Ok(bytes)
}

/// Bytes as megabytes.
#[expect(clippy::cast_precision_loss, reason = "for a person to read")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
