//! `explain PORT`: everything that is known about one port, for a person.

use std::fmt::Write as _;

use super::Failure;
use super::colour::Paint;
use super::connection::Connection;
use super::table::{CACHED, is_cached};
use super::tally::status;
use crate::control::column;
use crate::control::record::Record;
use crate::escape::shown;

/// Asks for the port's row and its neighbors.
pub(super) fn ask(connection: &mut Connection, port: &str) -> Result<(Record, Vec<Record>), Failure> {
    // An original daemon ignores the port and lists all.
    let of_port = |row: &Record| row.get(column::PORT) == Some(port);
    let row = connection.get_status("", Some(port))?.into_iter().find(of_port);
    let row = row.ok_or_else(|| Failure::NoPort(port.to_owned()))?;
    let neighbors = match connection.get_status("lldp", Some(port)) {
        // That is how it says that there are none.
        Err(Failure::Refused(_)) => Vec::new(),
        neighbors => neighbors?,
    };
    Ok((row, neighbors.into_iter().filter(of_port).collect()))
}

/// A port as text: the verdict and why, what to do, then the evidence.
pub(super) fn explain(row: &Record, neighbors: &[Record], paint: Paint) -> String {
    let known = |column| row.known(column).map(shown);
    let port = known(column::PORT).unwrap_or_default();
    let mut out = format!("{}: {}", paint.heading(&port), paint.status(status(row)));
    if let Some(reason) = known(column::REASON) {
        let _ = write!(out, " ({reason})");
    }
    if let Some(age) = known(column::LAST_UPDATE) {
        let _ = write!(out, ", unchanged for {age}");
    }
    out.push('\n');
    if let Some(explanation) = known(column::EXPLANATION) {
        let _ = writeln!(out, "{explanation}");
    }
    out.push('\n');
    field(&mut out, "To do", known(column::ADVICE));
    field(&mut out, "Cached", is_cached(row).then(|| CACHED.to_owned()));
    let matched = known(column::MATCH_ON).map(|on| format!(" (by {on})")).unwrap_or_default();
    field(&mut out, "Expected", known(column::EXPECTED).map(|expected| expected + &matched));
    let nobody = |observed| if observed == "no-info" { "nobody".to_owned() } else { observed };
    field(&mut out, "Observed", known(column::OBSERVED).map(nobody));
    field(&mut out, "Differs in", known(column::FIELD));
    field(&mut out, "  the plan", known(column::FIELD_EXPECTED));
    field(&mut out, "  LLDP", known(column::FIELD_OBSERVED));
    let interface = known(column::IFINDEX).map(|index| format!(", interface {index}")).unwrap_or_default();
    field(&mut out, "Link", known(column::CARRIER).map(|carrier| carrier + &interface));
    let mode = known(column::MODE).map(|mode| format!(" ({mode})")).unwrap_or_default();
    field(&mut out, "Captured by", known(column::HOOK).map(|hook| hook + &mode));
    field(&mut out, "Not captured", known(column::CAPTURE_ERROR));
    field(&mut out, "Received", received(row));

    for neighbor in neighbors {
        out.push('\n');
        describe(&mut out, &port, neighbor, paint);
    }
    out
}

fn received(row: &Record) -> Option<String> {
    let count = |column| row.known(column).map(shown);
    Some(format!(
        "{} frames, {} of them discarded, {} in error; {} TLVs discarded, {} unrecognized; {} neighbors aged out",
        count(column::FRAMES_IN)?,
        count(column::FRAMES_DISCARDED)?,
        count(column::FRAMES_IN_ERROR)?,
        count(column::TLVS_DISCARDED)?,
        count(column::TLVS_UNRECOGNIZED)?,
        count(column::AGEOUTS)?,
    ))
}

fn describe(out: &mut String, port: &str, neighbor: &Record, paint: Paint) {
    let known = |column| neighbor.known(column).map(shown);
    let decides = if known(column::DECIDES).as_deref() == Some("yes") { " (the verdict rests on it)" } else { "" };
    let _ = writeln!(out, "{}", paint.heading(&format!("Heard on {port}{decides}:")));
    field(out, "System", known(column::SYSTEM_NAME));
    field(out, "Port ID", known(column::PORT_ID));
    field(out, "Description", known(column::NEIGHBOR_PORT_DESCRIPTION));
    field(out, "Chassis ID", known(column::CHASSIS_ID));
    field(out, "Runs", known(column::SYSTEM_DESCRIPTION));
    field(out, "Addresses", known(column::MANAGEMENT_ADDRESSES));
    let ttl = known(column::TTL).map(|ttl| format!(", TTL {ttl} s")).unwrap_or_default();
    field(out, "Last heard", known(column::HEARD).map(|heard| format!("{heard} s ago{ttl}")));
    field(out, "Unchanged", known(column::LAST_UPDATE).map(|age| format!("for {age}")));
}

fn field(out: &mut String, name: &str, value: Option<String>) {
    if let Some(value) = value {
        let _ = writeln!(out, "  {name:<13} {value}");
    }
}
