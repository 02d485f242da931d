//! Moments in UTC, for people and programs.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment as RFC 3339 writes it: `2024-02-29T23:59:59.007Z`.
pub(super) fn utc(moment: SystemTime) -> String {
    // A clock before 1970 is not set.
    let milliseconds = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
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
    use std::time::Duration;

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
            assert_eq!(utc(UNIX_EPOCH + Duration::from_millis(seconds * 1_000 + 7)), text);
        }
    }
}
