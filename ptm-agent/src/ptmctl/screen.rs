//! A text drawn in place on a terminal, cut to its window.
//!
//! Nothing of the terminal is changed that would have to be put back: no mode, no cursor, no other screen. However the
//! program ends, also by SIGKILL, the shell's prompt comes below the last picture.

use std::fmt::Write as _;
use std::io;

use unicode_width::UnicodeWidthChar as _;

/// The size of a window in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

impl Size {
    /// That of standard output's terminal now; a serial line that knows none is taken for a VT100.
    pub(super) fn now() -> Self {
        let size = terminal_size::terminal_size_of(io::stdout());
        size.map_or(Self { columns: 80, rows: 24 }, |(width, height)| Self {
            columns: width.0.into(),
            rows: height.0.into(),
        })
    }
}

/// What to write so that the window of this size shows `text` and nothing else, without flicker: each row is
/// overwritten, then cleared behind its end. The last row is left to the cursor.
pub(super) fn frame(text: &str, size: Size) -> String {
    let columns = size.columns.max(1);
    let rows: Vec<(String, usize)> = text.lines().flat_map(|line| broken(line, columns)).collect();
    let room = room(size);
    let shown = if rows.len() > room { room - 1 } else { rows.len() };
    let mut out = "\x1b[H".to_owned();
    for (row, width) in &rows[..shown] {
        out += row;
        // In a full row the cursor still stands on the last character, and clearing would take it.
        out += if *width < columns { "\x1b[K\r\n" } else { "\r\n" };
    }
    if shown < rows.len() {
        let _ = write!(out, "… {} more\x1b[K\r\n", rows.len() - shown);
    }
    out + "\x1b[J"
}

/// Whether the window shows all of `text`.
pub(super) fn fits(text: &str, size: Size) -> bool {
    text.lines().map(|line| broken(line, size.columns.max(1)).len()).sum::<usize>() <= room(size)
}

/// The rows that a text may take.
fn room(size: Size) -> usize {
    size.rows.saturating_sub(1).max(1)
}

/// What to write first, so that what the window showed scrolls up and is not overwritten.
pub(super) fn make_room(size: Size) -> String {
    "\n".repeat(size.rows)
}

/// The number of columns that a text takes on a terminal; it has no control characters but for colours.
pub(super) fn width(text: &str) -> usize {
    cells(text).map(|(_, width)| width).sum()
}

/// A line in rows of at most `columns`, each with its width. Colours go on over a break.
fn broken(line: &str, columns: usize) -> Vec<(String, usize)> {
    let mut rows = vec![(String::new(), 0)];
    for (c, width) in cells(line) {
        if rows.last().is_some_and(|row| row.1 + width > columns) {
            rows.push((String::new(), 0));
        }
        let row = rows.last_mut().expect("there is always one");
        row.0.push(c);
        row.1 += width;
    }
    rows
}

/// The characters and how many columns each takes: none within a colour's escape sequence, `ESC [ … m`.
fn cells(text: &str) -> impl Iterator<Item = (char, usize)> {
    let mut in_escape = false;
    text.chars().map(move |c| {
        in_escape |= c == '\x1b';
        let width = if in_escape { 0 } else { c.width().unwrap_or(0) };
        in_escape &= c != 'm';
        (c, width)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { columns: 10, rows: 5 };

    #[test]
    fn a_text_that_fits_is_shown_whole() {
        assert_eq!(frame("one\n\nthree\n", SIZE), "\x1b[Hone\x1b[K\r\n\x1b[K\r\nthree\x1b[K\r\n\x1b[J");
    }

    #[test]
    fn a_longer_one_is_cut_and_says_so() {
        let text = "1\n2\n3\n4\n5\n6\n";
        assert_eq!(frame(text, SIZE), "\x1b[H1\x1b[K\r\n2\x1b[K\r\n3\x1b[K\r\n… 3 more\x1b[K\r\n\x1b[J");
        assert_eq!(frame("1\n2\n3\n4\n", SIZE).matches("\r\n").count(), 4);
        assert_eq!(frame("1\n2\n", Size { columns: 10, rows: 1 }), "\x1b[H… 2 more\x1b[K\r\n\x1b[J");
        assert_eq!(frame("1\n2\n", Size { columns: 0, rows: 0 }), "\x1b[H… 2 more\x1b[K\r\n\x1b[J");
    }

    #[test]
    fn what_fits_is_what_is_not_cut() {
        for (text, whole) in
            [("1\n2\n3\n4\n", true), ("1\n2\n3\n4\n5\n", false), ("1\n2\n3\n0123456789a\n", false), ("", true)]
        {
            assert_eq!((fits(text, SIZE), frame(text, SIZE).contains(" more")), (whole, !whole), "{text}");
        }
    }

    #[test]
    fn a_long_line_takes_the_rows_that_it_needs() {
        assert_eq!(frame("0123456789abc", SIZE), "\x1b[H0123456789\r\nabc\x1b[K\r\n\x1b[J");
        // Colours take no room, wide characters take two columns and are not split.
        assert_eq!(
            frame("\x1b[1m012345678\x1b[0m光", SIZE),
            "\x1b[H\x1b[1m012345678\x1b[0m\x1b[K\r\n光\x1b[K\r\n\x1b[J"
        );
        assert_eq!(width("\x1b[1;31mfail\x1b[0m 光e\u{301}"), 8);
    }
}
