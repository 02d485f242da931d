//! A message's body: a CSV line of column names and one of values; and the cleaning of what goes into it.
//!
//! Pure. The readers at the other end know no quoting, so what would split a field or end a line is not quoted but
//! replaced, or, for readers of our own, percent-encoded ([`Cleaning`]).

use std::borrow::Cow;
use std::fmt::Write as _;

use super::column;
use crate::escape::is_deceptive;

/// What a value reads when there is nothing to say. Never the empty string: readers that cut lines with `strtok` lose
/// empty fields, and the values after them would move one column to the left.
pub const NOTHING: &str = "N/A";

/// The longest value sent, bytes: a system name of 802.1AB has at most so many.
const LONGEST_VALUE: usize = 255;

/// The longest name of a port sent to other readers than our own, bytes. The plan may have any name; one of an interface
/// has at most 15. zebra copies it into a buffer of 128 without looking at its length, and worse: it reads the next
/// message's header into the buffer where this body still stands, and takes what follows up to a comma for the sender's
/// name, which it copies into 32 bytes. From 50 bytes on that overruns them (seen with FRR 8.4.4).
const LONGEST_PORT: usize = 32;

/// The longest body sent, bytes: zebra's buffer has 3,200, and a longer one desynchronises it.
pub const LONGEST_SENT: usize = 3_000;

/// The most columns read from a body; more are dropped. The widest known message has 19. With so few a record can
/// always be encoded within [`LONGEST_SENT`].
const MOST_COLUMNS: usize = 64;

/// Column names and their values, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    fields: Vec<(Cow<'static, str>, String)>,
    cleaning: Cleaning,
}

/// What happens to characters that a field can't hold, or that steer a terminal or hide or reorder text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cleaning {
    /// Commas become semicolons and double quotes single ones, which keeps `Gi0/1, "uplink"` readable; line ends become
    /// blanks and the rest question marks. For every reader but our own.
    #[default]
    Replace,
    /// They and the percent sign are percent-encoded: [`Record::unescape`] gives the values as they were.
    Escape,
}

impl Record {
    /// A record without columns.
    pub const fn new() -> Self {
        Self { fields: Vec::new(), cleaning: Cleaning::Replace }
    }

    /// Appends a column. Its value is cleaned and bounded when it is encoded, not before.
    #[must_use]
    pub fn with(mut self, column: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((Cow::Borrowed(column), value.into()));
        self
    }

    /// The record, to be encoded with that cleaning.
    #[must_use]
    pub fn cleaned_by(self, cleaning: Cleaning) -> Self {
        Self { cleaning, ..self }
    }

    /// The record with its values as they were before [`Cleaning::Escape`].
    #[must_use]
    pub fn unescape(mut self) -> Self {
        for (_, value) in &mut self.fields {
            if value.contains('%') {
                *value = unescape(value);
            }
        }
        self
    }

    /// The columns and their values, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(column, value)| (column.as_ref(), value.as_str()))
    }

    /// A column's value. The name must match exactly: matching prefixes is the mistake of zebra's reader.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.fields().find(|(name, _)| *name == column).map(|(_, value)| value)
    }

    /// A column's value, unless it says that there is none.
    pub fn known(&self, column: &str) -> Option<&str> {
        self.get(column).filter(|value| !value.is_empty() && *value != NOTHING)
    }

    /// Reads a body: the first line names the columns, each further line is a record. A line with fewer values lacks
    /// the last columns; values beyond the last column are dropped, as the original's readers do.
    pub fn read_all(body: &str) -> Vec<Self> {
        let mut lines = body.lines().filter(|line| !line.trim().is_empty());
        let Some(columns) = lines.next() else {
            return Vec::new();
        };
        let columns: Vec<&str> = columns.split(',').map(str::trim).take(MOST_COLUMNS).collect();
        let record = |line: &str| {
            let values = line.split(',').map(str::trim);
            let fields =
                columns.iter().zip(values).map(|(&column, value)| (column.to_owned().into(), value.to_owned()));
            Self { fields: fields.collect(), cleaning: Cleaning::Replace }
        };
        lines.map(record).collect()
    }

    /// The body that carries this record: at most [`LONGEST_SENT`] bytes, two lines, as many values as columns,
    /// whatever the values are. Values that do not fit are shortened and end in `…`.
    pub fn encode(&self) -> String {
        let body = |longest| {
            let (mut names, mut values) = (String::with_capacity(512), String::with_capacity(512));
            for (column, value) in &self.fields {
                // What a client sent as column names comes back to it in error answers.
                names.push_str(&clean(column, longest, Cleaning::Replace));
                names.push(',');
                let longest = match column.as_ref() {
                    column::PORT if self.cleaning == Cleaning::Replace => longest.min(LONGEST_PORT),
                    // A sentence about the topology file, with places and a way out; it is alone in its row.
                    column::PROBLEM => 4 * longest,
                    _ => longest,
                };
                values.push_str(&clean(value, longest, self.cleaning));
                values.push(',');
            }
            names.pop();
            values.pop();
            names + "\n" + &values + "\n"
        };
        let mut longest = LONGEST_VALUE;
        loop {
            let body = body(longest);
            if body.len() <= LONGEST_SENT || longest == 0 {
                return body;
            }
            longest /= 2;
        }
    }
}

/// A value fit for a field: printable, without separators, not empty, at most `longest` bytes.
fn clean(value: &str, longest: usize, cleaning: Cleaning) -> Cow<'_, str> {
    let value = value.trim();
    // As nearly every value is.
    let is_fit = |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'"' | b'%');
    if (1..=longest).contains(&value.len()) && value.bytes().all(is_fit) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len().min(longest));
    for c in value.chars() {
        let before = out.len();
        match (cleaning, c) {
            (Cleaning::Escape, ',' | '"' | '%') => escape(&mut out, c),
            (Cleaning::Escape, c) if is_deceptive(c) => escape(&mut out, c),
            (Cleaning::Replace, ',') => out.push(';'),
            (Cleaning::Replace, '"') => out.push('\''),
            (Cleaning::Replace, '\t' | '\n' | '\r') => out.push(' '),
            (Cleaning::Replace, c) if is_deceptive(c) => out.push('?'),
            (_, c) => out.push(c),
        }
        if out.len() > longest {
            out.truncate(before);
            shorten(&mut out, longest);
            break;
        }
    }
    if out.is_empty() { Cow::Borrowed(NOTHING) } else { Cow::Owned(out) }
}

fn escape(out: &mut String, c: char) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        let _ = write!(out, "%{byte:02X}");
    }
}

fn unescape(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| first == b'%');
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Makes room for the mark that says that something is missing.
fn shorten(text: &mut String, longest: usize) {
    const MARK: char = '…';
    if let Some(room) = longest.checked_sub(MARK.len_utf8()) {
        text.truncate(text.floor_char_boundary(room));
        // An escape that was cut is none.
        if let Some(cut) = text.rfind('%').filter(|at| at + 3 > text.len()) {
            text.truncate(cut);
        }
        text.push(MARK);
    }
}

#[cfg(test)]
mod tests;
