//! What stays resident of the real agent, with a neighbor on each port.

use anyhow::Result;

use crate::agents::{self, FAR, NODE, Resident, megabytes};
use crate::ports::Wires;
use crate::table::Table;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    for (ports, budget) in [(64, 8), (1_024, 12)] {
        let Resident { all, anonymous, files } = with_ports(ports)?;
        table.judge(
            &format!("resident memory, {ports} ports with a neighbor on each"),
            &format!("≤ {budget} MB"),
            &format!("{:.1} MB: {:.1} data, {:.1} files, ring", megabytes(all), megabytes(anonymous), megabytes(files)),
            all <= budget * 1_000_000,
        );
    }
    Ok(())
}

fn with_ports(ports: usize) -> Result<Resident> {
    let mut fabric = agents::machines(&[NODE, FAR], &agents::plan(ports))?;
    let wires = Wires::make(&mut fabric, NODE, FAR, ports)?;
    let node = fabric.node(NODE)?;
    node.start_agent(&[])?;
    agents::await_ports(node, ports)?;
    for port in 0..ports {
        wires.send(port, &agents::announcement(port, None))?;
    }
    agents::await_frames(node, ports);
    node.await_reason(&format!("swp{ports}"), "match")?;
    Resident::settled(node.agent().expect("started above").pid())
}
