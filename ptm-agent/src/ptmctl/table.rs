//! Tables of ports and of neighbors, and below a table of ports why a port is not as planned.
//!
//! Scripts cut the lines of the table at its columns: a row stays one line, and sentences come after the table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::colour::Paint;
use super::screen::width;
use super::tally::status;
use crate::control::column;
use crate::control::record::{NOTHING, Record};
use crate::escape::shown;
use crate::monitor::Reason;

/// A column's title, its least width, and its value; the value is told the title.
struct Column<'a> {
    title: &'a str,
    least: usize,
    value: fn(&Record, &str) -> String,
}

const PORT: Column<'static> = Column { title: "Port", least: 6, value: |row, _| value(row, column::PORT) };
const STATUS: Column<'static> = Column { title: "Status", least: 6, value: |row, _| status(row).to_owned() };
const REASON: Column<'static> = Column { title: "Reason", least: 10, value: |row, _| value(row, column::REASON) };
const EXPECTED: Column<'static> =
    Column { title: "Expected Nbr", least: 20, value: |row, _| value(row, column::EXPECTED) };
const OBSERVED: Column<'static> =
    Column { title: "Observed Nbr", least: 20, value: |row, _| value(row, column::OBSERVED) };
const SYSTEM_NAME: Column<'static> =
    Column { title: "System Name", least: 12, value: |row, _| value(row, column::SYSTEM_NAME) };
const PORT_ID: Column<'static> = Column { title: "Port ID", least: 12, value: |row, _| value(row, column::PORT_ID) };
const DESCRIPTION: Column<'static> = Column { title: "Port Description", least: 16, value: |row, _| description(row) };
const MATCH_ON: Column<'static> = Column { title: "Match On", least: 9, value: |row, _| value(row, column::MATCH_ON) };
const CHASSIS_ID: Column<'static> =
    Column { title: "Chassis ID", least: 17, value: |row, _| value(row, column::CHASSIS_ID) };
const TTL: Column<'static> = Column { title: "TTL", least: 5, value: |row, _| value(row, column::TTL) };
const HEARD: Column<'static> = Column { title: "Heard", least: 5, value: |row, _| value(row, column::HEARD) };
/// The last column of ours; its width counts for the rule only.
const LAST_UPDATE: Column<'static> = Column { title: "Last Updated", least: 13, value: |row, _| last_update(row) };

/// The table of ports. With `detail` also whatever columns an original daemon has besides, about BFD.
pub(super) fn ports(rows: &[Record], detail: bool, paint: Paint) -> String {
    if detail {
        let mut columns =
            vec![PORT, STATUS, REASON, EXPECTED, OBSERVED, SYSTEM_NAME, PORT_ID, DESCRIPTION, MATCH_ON, LAST_UPDATE];
        columns.extend(as_they_come(rows, |name| !column::PORTS.contains(&name) && !column::is_ours(name)));
        table(&columns, rows, paint)
    } else {
        table(&[PORT, STATUS, EXPECTED, OBSERVED, LAST_UPDATE], rows, paint)
    }
}

/// The table of neighbors.
pub(super) fn neighbors(rows: &[Record], detail: bool, paint: Paint) -> String {
    if detail {
        let columns = [PORT, SYSTEM_NAME, PORT_ID, DESCRIPTION, CHASSIS_ID, TTL, HEARD, MATCH_ON, LAST_UPDATE];
        table(&columns, rows, paint)
    } else {
        table(&[PORT, SYSTEM_NAME, PORT_ID, DESCRIPTION, MATCH_ON, LAST_UPDATE], rows, paint)
    }
}

/// The table of an original daemon's BFD sessions, with the columns that it has.
pub(super) fn sessions(rows: &[Record], paint: Paint) -> String {
    table(&as_they_come(rows, |_| true), rows, paint)
}

/// The columns that any of the rows has and that are `wanted`, under the names that they have there.
fn as_they_come(rows: &[Record], wanted: fn(&str) -> bool) -> Vec<Column<'_>> {
    let mut columns = Vec::<Column<'_>>::new();
    for (title, _) in rows.iter().flat_map(Record::fields).filter(|(name, _)| wanted(name)) {
        if columns.iter().all(|column| column.title != title) {
            columns.push(Column { title, least: 0, value });
        }
    }
    columns
}

fn table(columns: &[Column<'_>], rows: &[Record], paint: Paint) -> String {
    let titles: Vec<String> = columns.iter().map(|column| shown(column.title)).collect();
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| (column.value)(row, column.title)).collect()).collect();
    let widest = |at: usize| cells.iter().chain([&titles]).map(|row| width(&row[at])).max().unwrap_or(0);
    let widths: Vec<usize> = columns.iter().enumerate().map(|(at, column)| column.least.max(widest(at))).collect();
    let rule = "-".repeat(widths.iter().sum::<usize>() + widths.len().saturating_sub(1));

    let line = |cells: &[String], dress: &dyn Fn(&str, &Column<'_>) -> String| {
        let mut line = String::new();
        let mut gap = 0;
        for ((cell, column), wide) in cells.iter().zip(columns).zip(&widths) {
            let _ = write!(line, "{:gap$}{}", "", dress(cell, column));
            gap = wide - width(cell) + 1;
        }
        line
    };
    let mut out = format!("{rule}\n{}\n{rule}\n", line(&titles, &|title, _| paint.heading(title)));
    for row in &cells {
        let dress = |cell: &str, column: &Column<'_>| {
            if column.title == STATUS.title { paint.status(cell) } else { cell.to_owned() }
        };
        let _ = writeln!(out, "{}", line(row, &dress));
    }
    out
}

/// For each port that fails, or that something can be done about: why, and what. The others in a line.
pub(super) fn why(rows: &[Record], paint: Paint) -> String {
    let mut out = String::new();
    let mut unknown = BTreeMap::<&str, Vec<String>>::new();
    let mut cached = Vec::new();
    for row in rows {
        let (advice, broken) = (row.known(column::ADVICE), row.known(column::CAPTURE_ERROR));
        let port = value(row, column::PORT);
        if is_cached(row) {
            cached.push(port.clone());
        }
        match row.known(column::REASON) {
            Some(reason) if status(row) == "fail" || advice.is_some() || broken.is_some() => {
                let title = paint.heading(&format!("{port}: {}:", shown(reason)));
                let _ = writeln!(out, "{title} {}", value(row, column::EXPLANATION));
            }
            Some(reason) if status(row) == "no-info" => unknown.entry(reason).or_default().push(port),
            _ => {}
        }
        if let Some(advice) = advice {
            let _ = writeln!(out, "  to do: {}", shown(advice));
        }
        if let Some(error) = broken {
            let _ = writeln!(out, "  LLDP is not captured here: {}", shown(error));
        }
    }
    for (reason, ports) in unknown {
        let _ = writeln!(out, "no-info: {}{}: {}", shown(reason), meaning(reason), ports.join(" "));
    }
    if !cached.is_empty() {
        let _ = writeln!(out, "cached: {}: {CACHED}", cached.join(" "));
    }
    if out.is_empty() { out } else { out + "`ptmctl explain PORT` tells more.\n" }
}

/// What it means that a port has no verdict for this reason, where the word alone leaves one guessing.
fn meaning(reason: &str) -> &'static str {
    let meanings = [
        (Reason::Absent, " (this machine has no such port)"),
        (Reason::Down, " (link down, nobody ever heard)"),
        (Reason::Silent, " (link up, nobody ever heard)"),
        (Reason::Unchecked, " (the plan gives no far port)"),
    ];
    meanings.into_iter().find(|(it, _)| it.as_str() == reason).map_or("", |(_, meaning)| meaning)
}

/// What it means that a verdict is cached.
pub(super) const CACHED: &str = "from before the agent's restart, not yet confirmed by LLDP";

/// Whether the row's verdict is from before the agent's restart.
pub(super) fn is_cached(row: &Record) -> bool {
    row.get(column::CACHED) == Some("yes")
}

fn value(row: &Record, column: &str) -> String {
    shown(row.get(column).unwrap_or(NOTHING))
}

fn description(row: &Record) -> String {
    let name =
        [column::PORT_DESCRIPTION, column::NEIGHBOR_PORT_DESCRIPTION].into_iter().find(|it| row.get(it).is_some());
    value(row, name.unwrap_or(column::PORT_DESCRIPTION))
}

/// The age, with room for two digits before its first unit as the original has it.
fn last_update(row: &Record) -> String {
    let age = value(row, column::LAST_UPDATE);
    let digits = age.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 1 { format!(" {age}") } else { age }
}
