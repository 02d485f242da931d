//! `check FILE`: every problem of a topology file, without an agent.

use std::fs;
use std::io::{self, Read as _, Write};

use super::colour::Paint;
use super::{Failure, conclude};
use crate::plan_file::{self, Reading};
use crate::words::count;

/// Reads `file` (`-`: standard input) and prints its problems. Returns the exit code: 1 if the agent would refuse it.
pub(super) fn check(file: &str, paint: Paint, out: &mut dyn Write) -> Result<u8, Failure> {
    let bytes = read(file).map_err(|source| Failure::Unreadable { file: file.to_owned(), source })?;
    let Reading { topology, errors, warnings, problems, .. } = plan_file::read(&bytes, file, paint.is_coloured());
    if errors > 0 {
        return conclude(out, &format!("{problems}{file}: {}, not usable\n", count(errors, "error")), 1);
    }
    let (links, nodes) = (topology.directory().link_count(), topology.directory().node_count());
    let found = if warnings == 0 { "no problems".to_owned() } else { count(warnings, "warning") };
    conclude(out, &format!("{problems}{file}: {}, {}, {found}\n", count(links, "link"), count(nodes, "node")), 0)
}

fn read(file: &str) -> io::Result<Vec<u8>> {
    if file != "-" {
        return fs::read(file);
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}
