//! What the rows of ports come to: for the line above a watched table, and for the exit status.

use crate::control::column;
use crate::control::record::Record;
use crate::monitor::Reason;
use crate::words::count;

/// The status as everywhere but in the protocol.
pub(super) fn status(row: &Record) -> &'static str {
    match row.get(column::CABLE_STATUS) {
        Some("pass") => "pass",
        Some("fail") => "fail",
        _ => "no-info",
    }
}

/// `12 ports: 10 pass, 1 fail, 1 no-info`.
pub(super) fn summary(rows: &[Record]) -> String {
    let each = ["pass", "fail", "no-info"].map(|word| {
        let number = rows.iter().filter(|row| status(row) == word).count();
        format!("{number} {word}")
    });
    format!("{}: {}", count(rows.len(), "port"), each.join(", "))
}

/// Whether every port passes that there is something to check on. What an original daemon does not tell of counts as
/// not passing: it has no reason that could excuse it.
pub(super) fn all_pass(rows: &[Record]) -> bool {
    let excuses = [Reason::Unchecked, Reason::Unplanned].map(|reason| Some(reason.as_str()));
    rows.iter().all(|row| status(row) == "pass" || excuses.contains(&row.get(column::REASON)))
}
