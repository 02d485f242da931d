//! JSON in the original's form; `docs/ptmctl.schema.json` documents it.

use std::fmt::Write as _;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::control::column;
use crate::control::record::Record;
use crate::escape::is_deceptive;

/// Rows, numbered.
pub(super) fn rows(rows: &[Record]) -> String {
    pretty(&Rows(rows))
}

/// One port and its neighbors.
pub(super) fn explained(row: &Record, neighbors: &[Record]) -> String {
    #[derive(serde::Serialize)]
    struct Explained<'a> {
        port: Row<'a>,
        neighbors: Rows<'a>,
    }
    pretty(&Explained { port: Row(row, None), neighbors: Rows(neighbors) })
}

/// How the plan stands, and the problems of the file.
pub(super) fn plan(row: &Record, problems: &[Record]) -> String {
    pretty(&WithProblems { row: Row(row, None), problems: texts(problems) })
}

/// Whether the topology file was put in force, what changed or why it was not, and its problems.
pub(super) fn reloaded(end: &Record, problems: &[Record]) -> String {
    let mut result = Record::new();
    for column in [column::CMD_STATUS, column::CMD_EXT_STATUS] {
        result = result.with(column, end.get(column).unwrap_or_default());
    }
    pretty(&WithProblems { row: Row(&result, None), problems: texts(problems) })
}

#[derive(serde::Serialize)]
struct WithProblems<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    problems: Vec<&'a str>,
}

fn texts(problems: &[Record]) -> Vec<&str> {
    problems.iter().filter_map(|row| row.known(column::PROBLEM)).collect()
}

/// One change, on one line.
pub(super) fn change(time: &str, row: &Record) -> String {
    escape(&serde_json::to_string(&Row(row, Some(time))).expect("maps with string keys serialize")) + "\n"
}

struct Rows<'a>(&'a [Record]);

/// A row, and the time before its columns.
struct Row<'a>(&'a Record, Option<&'a str>);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().enumerate().map(|(number, row)| (number.to_string(), Row(row, None))))
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(time) = self.1 {
            map.serialize_entry("time", time)?;
        }
        for (column, value) in self.0.fields() {
            match (column::is_ours(column), self.0.known(column)) {
                // Strings whatever they hold.
                (false, _) => map.serialize_entry(column, value)?,
                (true, Some(value)) => match value.parse::<u64>() {
                    Ok(number) if column::NUMBERS.contains(&column) => map.serialize_entry(column, &number)?,
                    _ => map.serialize_entry(column, value)?,
                },
                (true, None) => map.serialize_entry(column, &())?,
            }
        }
        map.end()
    }
}

fn pretty(value: &impl Serialize) -> String {
    escape(&serde_json::to_string_pretty(value).expect("maps with string keys serialize")) + "\n"
}

/// JSON may hold characters that deceive a terminal, inside strings only; there they can be written as escapes.
fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_deceptive(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}
