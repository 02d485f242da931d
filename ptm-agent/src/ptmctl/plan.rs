//! `plan`: which plan is in force, and what is wrong with the topology file now. And what is said of it elsewhere.

use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use super::connection::{Connection, PATIENCE};
use super::{Failure, json, print};
use crate::control::column;
use crate::control::record::Record;
use crate::escape::shown;
use crate::time::Age;

/// Prints the plan that is in force.
pub(super) fn plan(connection: &mut Connection, as_json: bool, out: &mut dyn Write) -> Result<u8, Failure> {
    let (mut rows, end) = command(connection, "get-plan", PATIENCE)?;
    if rows.is_empty() {
        return Err(Failure::Refused(Box::new(end)));
    }
    let row = rows.remove(0);
    print(out, &if as_json { json::plan(&row, &rows) } else { text(&row, &rows) })
}

/// Sends one of our commands and takes its answer; an original daemon does not know it.
pub(super) fn command(
    connection: &mut Connection,
    name: &'static str,
    patience: Duration,
) -> Result<(Vec<Record>, Record), Failure> {
    let (rows, end) = connection.command(name, patience)?;
    match end.get(column::CMD_EXT_STATUS) {
        Some("Command Unsupported") => Err(Failure::Unsupported(name)),
        _ => Ok((rows, end)),
    }
}

/// What stands below a table while the topology file can't be used.
pub(super) fn warning(error: &str) -> String {
    format!(
        "The topology file can't be used, the plan from before is in force: {}\n`ptmctl plan` tells more.\n",
        shown(error)
    )
}

/// Each problem in a line.
pub(super) fn lines(problems: &[Record]) -> String {
    problems.iter().filter_map(|row| row.known(column::PROBLEM)).map(|problem| shown(problem) + "\n").collect()
}

fn text(row: &Record, problems: &[Record]) -> String {
    let value = |column| row.known(column).map_or_else(|| "?".to_owned(), shown);
    let age = |column| match row.known(column).and_then(|seconds| seconds.parse().ok()) {
        Some(seconds) => Age(Duration::from_secs(seconds)).to_string(),
        None => "?".to_owned(),
    };
    let (links, nodes, ports) = (value(column::PLAN_LINKS), value(column::PLAN_NODES), value(column::PLAN_PORTS));
    let mut out = format!(
        "Topology file  {}\nThis machine   {}\nIn force for   {} (reading took {} ms)\nLinks          {links}, between {nodes} nodes\nPorts here     {ports}\n",
        value(column::PLAN_FILE),
        value(column::PLAN_NODE),
        age(column::PLAN_LOADED),
        value(column::PLAN_TOOK),
    );
    if let Some(error) = row.known(column::PLAN_ERROR) {
        let since = age(column::PLAN_BROKEN);
        let _ =
            write!(out, "\nThe file on disk can't be used, for {since} now:\n{}\n{}", shown(error), lines(problems));
    }
    out
}
