//! A burst of different frames over many ports, as when a switch starts beside a thousand neighbors.

use std::time::{Duration, Instant};

use anyhow::Result;
use nix::sys::signal::{Signal, kill};

use crate::agents::{self, FAR, NODE};
use crate::ports::Wires;
use crate::table::Table;

const PORTS: usize = 1_024;
const FRAMES: usize = 1_100;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let mut fabric = agents::machines(&[NODE, FAR], &agents::plan(PORTS))?;
    let wires = Wires::make(&mut fabric, NODE, FAR, PORTS)?;
    let node = fabric.node(NODE)?;
    let started = Instant::now();
    node.start_agent(&[])?;
    let answered = {
        node.await_agent()?;
        started.elapsed()
    };
    agents::await_ports(node, PORTS)?;
    let listening = started.elapsed();

    let mut row = |what: &str, heard: usize, taken: Duration| {
        let measured = format!("{} lost, sent in {:.1} ms", FRAMES - heard, taken.as_secs_f64() * 1e3);
        table.judge(
            &format!("burst of 1,100 frames over 1,024 ports, {what}"),
            "none lost",
            &measured,
            heard == FRAMES,
        );
    };
    let taken = burst(&wires, "spine")?;
    let first = agents::await_frames(node, FRAMES);
    row("the agent at work", first, taken);

    // The worst that can happen to it: not one frame is taken out of the ring before the last is in.
    let agent = node.agent().expect("started above").pid();
    kill(agent, Signal::SIGSTOP)?;
    let taken = burst(&wires, "other")?;
    kill(agent, Signal::SIGCONT)?;
    let second = agents::await_frames(node, first + FRAMES) - first;
    row("the agent stopped", second, taken);
    let start = format!("{:.1} s; answers after {:.1} s", listening.as_secs_f64(), answered.as_secs_f64());
    table.compare("until an agent that starts listens on 1,024 ports", &start);
    Ok(())
}

/// Sends the frames as fast as it goes: no two are the same, also not those that share a port.
fn burst(wires: &Wires, name: &str) -> Result<Duration> {
    let name = |number: usize| format!("{name}{}-{}", number % PORTS, number / PORTS);
    let frames: Vec<_> = (0..FRAMES).map(|number| agents::announcement(0, Some(&name(number)))).collect();
    let started = Instant::now();
    for (number, frame) in frames.iter().enumerate() {
        wires.send(number % PORTS, frame)?;
    }
    Ok(started.elapsed())
}
