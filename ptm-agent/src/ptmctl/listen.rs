//! `--listen`: every change, as it comes.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use super::connection::Connection;
use super::table::status;
use super::{Failure, json, print};
use crate::control::column;
use crate::control::record::Record;
use crate::escape::shown;

/// Prints notifications, one a line, until the agent goes away. It does not connect again: what changed in between
/// would be missing without anybody seeing it.
pub(super) fn listen(connection: &mut Connection, as_json: bool, out: &mut dyn Write) -> Result<Infallible, Failure> {
    match connection.get_status("", None) {
        // Notifications are for clients that have asked once; what is there now was not asked for here.
        Ok(_) | Err(Failure::Refused(_)) => {}
        Err(failure) => return Err(failure),
    }
    loop {
        let change = connection.notification()?;
        let time = utc(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis()));
        print(out, &if as_json { json::change(&time, &change) } else { line(&time, &change) })?;
    }
}

fn line(time: &str, change: &Record) -> String {
    let known = |column| change.known(column).map(shown);
    let mut out = format!("{time} {} {}", known(column::PORT).unwrap_or_default(), status(change));
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

/// A moment in UTC, given in milliseconds since 1970, as RFC 3339 writes it.
fn utc(milliseconds: u128) -> String {
    let (seconds, milliseconds) = (milliseconds / 1_000, milliseconds % 1_000);
    let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u128| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let mut year = 1_970;
    while days >= 365 + u128::from(is_leap(year)) {
        days -= 365 + u128::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u128::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z", days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_as_date_says() {
        // `date -u -d 2024-02-29T23:59:59 +%s` and so on.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.007Z"),
            (1_709_251_199, "2024-02-29T23:59:59.007Z"),
            (1_709_251_200, "2024-03-01T00:00:00.007Z"),
            (1_735_689_599, "2024-12-31T23:59:59.007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.007Z"),
        ] {
            assert_eq!(utc(seconds * 1_000 + 7), text);
        }
    }
}
