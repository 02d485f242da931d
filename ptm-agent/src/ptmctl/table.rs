//! Tables of ports and of neighbors, and below a table of ports why a port is not as planned.
//!
//! Scripts cut the lines of the table at its columns: a row stays one line, and sentences come after the table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::control::column;
use crate::control::record::{NOTHING, Record};
use crate::escape::shown;

/// A column's title, its least width, and its value.
struct Column {
    title: &'static str,
    least: usize,
    value: fn(&Record) -> String,
}

const PORT: Column = Column { title: "Port", least: 6, value: |row| value(row, column::PORT) };
const STATUS: Column = Column { title: "Status", least: 6, value: |row| status(row).to_owned() };
const REASON: Column = Column { title: "Reason", least: 10, value: |row| value(row, column::REASON) };
const EXPECTED: Column = Column { title: "Expected Nbr", least: 20, value: |row| value(row, column::EXPECTED) };
const OBSERVED: Column = Column { title: "Observed Nbr", least: 20, value: |row| value(row, column::OBSERVED) };
const SYSTEM_NAME: Column = Column { title: "System Name", least: 12, value: |row| value(row, column::SYSTEM_NAME) };
const PORT_ID: Column = Column { title: "Port ID", least: 12, value: |row| value(row, column::PORT_ID) };
const DESCRIPTION: Column = Column { title: "Port Description", least: 16, value: description };
const MATCH_ON: Column = Column { title: "Match On", least: 9, value: |row| value(row, column::MATCH_ON) };
const CHASSIS_ID: Column = Column { title: "Chassis ID", least: 17, value: |row| value(row, column::CHASSIS_ID) };
const TTL: Column = Column { title: "TTL", least: 5, value: |row| value(row, column::TTL) };
const HEARD: Column = Column { title: "Heard", least: 5, value: |row| value(row, column::HEARD) };
/// The last column; its width counts for the rule only.
const LAST_UPDATE: Column = Column { title: "Last Updated", least: 13, value: last_update };

/// The table of ports.
pub(super) fn ports(rows: &[Record], detail: bool) -> String {
    let table = if detail {
        let columns =
            [PORT, STATUS, REASON, EXPECTED, OBSERVED, SYSTEM_NAME, PORT_ID, DESCRIPTION, MATCH_ON, LAST_UPDATE];
        table(&columns, rows)
    } else {
        table(&[PORT, STATUS, EXPECTED, OBSERVED, LAST_UPDATE], rows)
    };
    table + &why(rows)
}

/// The table of neighbors.
pub(super) fn neighbors(rows: &[Record], detail: bool) -> String {
    if detail {
        let columns = [PORT, SYSTEM_NAME, PORT_ID, DESCRIPTION, CHASSIS_ID, TTL, HEARD, MATCH_ON, LAST_UPDATE];
        table(&columns, rows)
    } else {
        table(&[PORT, SYSTEM_NAME, PORT_ID, DESCRIPTION, MATCH_ON, LAST_UPDATE], rows)
    }
}

fn table(columns: &[Column], rows: &[Record]) -> String {
    let titles: Vec<String> = columns.iter().map(|column| column.title.to_owned()).collect();
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| (column.value)(row)).collect()).collect();
    let widest = |at: usize| cells.iter().map(|row| width(&row[at])).max().unwrap_or(0);
    let widths: Vec<usize> = columns.iter().enumerate().map(|(at, column)| column.least.max(widest(at))).collect();
    let rule = "-".repeat(widths.iter().sum::<usize>() + widths.len() - 1);

    let line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join(" ").trim_end().to_owned()
    };
    let mut out = format!("{rule}\n{}\n{rule}\n", line(&titles));
    for row in &cells {
        let _ = writeln!(out, "{}", line(row));
    }
    out
}

/// For each port that fails, or that something can be done about: why, and what. The others in a line.
fn why(rows: &[Record]) -> String {
    let mut out = String::new();
    let mut unknown = BTreeMap::<&str, Vec<String>>::new();
    for row in rows {
        let (advice, broken) = (row.known(column::ADVICE), row.known(column::CAPTURE_ERROR));
        let port = value(row, column::PORT);
        match row.known(column::REASON) {
            Some(reason) if status(row) == "fail" || advice.is_some() || broken.is_some() => {
                let _ = writeln!(out, "{port}: {}: {}", shown(reason), value(row, column::EXPLANATION));
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
        let _ = writeln!(out, "no-info: {}: {}", shown(reason), ports.join(" "));
    }
    if out.is_empty() { out } else { format!("\n{out}`ptmctl explain PORT` tells more.\n") }
}

fn value(row: &Record, column: &str) -> String {
    shown(row.get(column).unwrap_or(NOTHING))
}

/// The status as everywhere but in the protocol.
pub(super) fn status(row: &Record) -> &str {
    match row.get(column::CABLE_STATUS) {
        Some("pass") => "pass",
        Some("fail") => "fail",
        _ => "no-info",
    }
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

/// The number of columns that an escaped text takes on a terminal, for text without wide characters.
fn width(text: &str) -> usize {
    text.chars().count()
}
