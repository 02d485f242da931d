//! What stays resident of the real agent, with a neighbor on each port.

use anyhow::Result;

use crate::agents::{self, NODE, Resident, megabytes};
use crate::table::Table;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    for (ports, budget) in [(64, 8), (1_024, 12)] {
        let mut fabric = agents::passing(ports)?;
        let agent = fabric.node(NODE)?.agent().expect("it was started").pid();
        let Resident { all, anonymous, files } = Resident::settled(agent)?;
        table.judge(
            &format!("resident memory, {ports} ports with a neighbor on each"),
            &format!("≤ {budget} MB"),
            &format!("{:.1} MB: {:.1} data, {:.1} files, ring", megabytes(all), megabytes(anonymous), megabytes(files)),
            all <= budget * 1_000_000,
        );
    }
    Ok(())
}
