//! `--listen`: every change, as it comes.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::Write;
use std::time::SystemTime;

use humantime::format_rfc3339_millis;

use super::colour::Paint;
use super::connection::Connection;
use super::tally::status;
use super::{Failure, json, print};
use crate::control::column;
use crate::control::record::Record;
use crate::escape::shown;

/// Prints notifications, one a line, until the agent goes away. It does not connect again: what changed in between
/// would be missing without anybody seeing it.
pub(super) fn listen(
    connection: &mut Connection,
    as_json: bool,
    paint: Paint,
    out: &mut dyn Write,
) -> Result<Infallible, Failure> {
    match connection.get_status("", None) {
        // Notifications are for clients that have asked once; what is there now was not asked for here.
        Ok(_) | Err(Failure::Refused(_)) => {}
        Err(failure) => return Err(failure),
    }
    loop {
        let Some(change) = connection.notification(None)? else { continue };
        let time = format_rfc3339_millis(SystemTime::now()).to_string();
        print(out, &if as_json { json::change(&time, &change) } else { line(&time, &change, paint) })?;
    }
}

fn line(time: &str, change: &Record, paint: Paint) -> String {
    let known = |column| change.known(column).map(shown);
    let mut out = format!("{time} {} {}", known(column::PORT).unwrap_or_default(), paint.status(status(change)));
    if let Some(reason) = known(column::REASON) {
        let _ = write!(out, " {reason}");
    }
    if let Some(explanation) = known(column::EXPLANATION) {
        let _ = write!(out, ": {explanation}");
    }
    if let Some(advice) = known(column::ADVICE) {
        let _ = write!(out, "; to do: {advice}");
    }
    out + "\n"
}
