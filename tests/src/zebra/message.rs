//! How zebra takes a message apart: C strings, CSV without quoting, a look-up by prefix, copies into fixed buffers.

/// Length of a message's header in bytes.
pub(super) const HEADER: usize = 37;

/// Columns and values of a message are each copied into a buffer of this size.
const LINE: usize = 1_024;

/// Where zebra would have written past the end of a buffer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes in zebra's buffer of {size} for {what}")]
pub(super) struct Overflow {
    what: &'static str,
    size: usize,
    /// What it would have written, its NUL included.
    bytes: usize,
}

/// A value and the NUL after it have to fit.
pub(super) fn fit(what: &'static str, size: usize, length: usize) -> Result<(), Overflow> {
    if length < size { Ok(()) } else { Err(Overflow { what, size, bytes: length + 1 }) }
}

/// What zebra takes from a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Length of the body in bytes, as it is written there: also a negative one.
    pub(super) length: i64,
    /// 1 notification, 2 command, 3 response.
    pub(super) kind: i64,
}

impl Header {
    /// Reads the header at the beginning of `buffer`; `None` where it is none.
    ///
    /// What an earlier body left behind it is in the same C string, and a comma there ends the last field.
    pub(super) fn read(buffer: &[u8]) -> Result<Option<Self>, Overflow> {
        let text = c_string(buffer);
        if !text.contains(&b'\n') {
            return Ok(None);
        }
        let [length, _version, kind, _id, client, ..] = fields(text)[..] else { return Ok(None) };
        let is_blank = |byte: &&u8| byte.is_ascii_whitespace() || **byte == 0x0b;
        fit("the sender's name", 32, client.len() - client.iter().filter(is_blank).count())?;
        Ok(Some(Self { length: number(length), kind: number(kind) }))
    }
}

/// A body as zebra understands it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// A cable's status.
    Cable {
        /// `port`.
        port: String,
        /// `cbl status`, whatever it says.
        status: String,
    },
    /// Dropped: it has a `cmd_status`, this one.
    Dropped(String),
    /// Of no use; why.
    Nonsense(&'static str),
}

impl Body {
    /// Reads the body at the beginning of `buffer`.
    pub(super) fn read(buffer: &[u8]) -> Result<Self, Overflow> {
        let lines = c_string(buffer).split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let lines = lines.map(|line| fit("a line", LINE, line.len()).map(|()| fields(line)));
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        // The first of three is taken for the message's header.
        let lines = if lines.len() > 2 { &lines[1..] } else { &lines[..] };
        let find = |key: &'static str, size| match lines {
            [columns, values, ..] => find(columns, values, key, size),
            _ => Ok(String::new()),
        };

        let command_status = find("cmd_status", 32)?;
        if !command_status.is_empty() {
            return Ok(Self::Dropped(command_status));
        }
        let port = find("port", 128)?;
        if port.is_empty() {
            return Ok(Self::Nonsense("it has no port"));
        }
        let status = find("cbl status", 32)?;
        if !status.is_empty() {
            return Ok(Self::Cable { port, status });
        }
        for (key, size) in [("state", 32), ("peer", 64), ("local", 64), ("vrf", 64)] {
            if find(key, size)?.is_empty() {
                return Ok(Self::Nonsense("it has neither a cable's status nor a BFD session"));
            }
        }
        Ok(Self::Nonsense("it has a BFD session, and nobody asked for one"))
    }
}

/// The value in the first column whose whole name is the beginning of `key`; every key begins with an empty name.
fn find(columns: &[&[u8]], values: &[&[u8]], key: &'static str, size: usize) -> Result<String, Overflow> {
    let found = columns.iter().zip(values).find(|(column, _)| key.as_bytes().starts_with(column));
    let value = found.map_or(&[][..], |(_, value)| value);
    fit(key, size, value.len())?;
    Ok(String::from_utf8_lossy(value).into_owned())
}

/// What C sees of a buffer.
fn c_string(buffer: &[u8]) -> &[u8] {
    buffer.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// Every comma ends a field, the last field ends at a line's end, and one without that is lost.
fn fields(text: &[u8]) -> Vec<&[u8]> {
    let mut fields: Vec<_> = text.split(|&byte| byte == b',').collect();
    let last = fields.pop().unwrap_or_default();
    fields.extend(last.iter().position(|&byte| byte == b'\n').map(|end| &last[..end]));
    fields
}

/// `atoi`: leading blanks, a sign, digits; the rest does not matter.
fn number(field: &[u8]) -> i64 {
    let field = field.trim_ascii_start();
    let (sign, digits) = match field {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        _ => (1, field),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    sign * digits.fold(0, |number: i64, digit| number.saturating_mul(10).saturating_add(i64::from(digit - b'0')))
}
