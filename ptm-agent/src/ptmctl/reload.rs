//! `reload`: has the agent read its topology file again, and tells the result.

use std::io::Write;
use std::time::Duration;

use super::connection::{self, Connection};
use super::{Failure, json, plan, print};
use crate::control::column;
use crate::escape::shown;

/// A million links take half a second; a resolver whose name servers are silent takes half a minute to give up.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks for it, waits until it is done, and prints what changed, or every problem.
pub(super) fn reload(connection: &mut Connection, as_json: bool, out: &mut dyn Write) -> Result<u8, Failure> {
    // Answered at once, also while a file is being read: who hangs is not waited for as long as who reads.
    connection.command("get-plan", connection::PATIENCE)?;
    let (problems, end) = plan::command(connection, "reload", PATIENCE)?;
    let done = end.get(column::CMD_STATUS) == Some("pass");
    if as_json {
        print(out, &json::reloaded(&end, &problems))?;
    } else if done {
        let changes = shown(end.get(column::CMD_EXT_STATUS).unwrap_or_default());
        print(out, &format!("topology file reloaded: {changes}\n"))?;
    } else {
        print(out, &plan::lines(&problems))?;
    }
    if done { Ok(0) } else { Err(Failure::Refused(Box::new(end))) }
}
