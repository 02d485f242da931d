//! What a hook is told, as environment variables, and how hostile text is made harmless in them.

use std::fmt::{self, Write};

use super::Run;
use crate::escape::is_deceptive;

/// A hook gets this and the `PTM_` variables, nothing else: not the agent's own settings, which are `PTM_…` variables
/// too, nor what its service manager passed to the agent alone (`NOTIFY_SOCKET`, credentials). It so behaves the same
/// however the agent was started.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where there is nothing to say (ptmd's word).
const NOTHING: &str = "N/A";

/// Longest value, bytes: a name and a port ID of 255 bytes each, most of them plain text.
const MAX_VALUE: usize = 1024;

/// How many variables a hook gets.
pub(super) const COUNT: usize = 11;

/// A hook's environment: names and values.
pub(super) type Variables = [(&'static str, String); COUNT];

/// The whole environment of a run: ptmd's variables and `PTM_REASON`.
pub(super) fn variables(run: &Run) -> Variables {
    let optional = |text: &Option<String>| text.as_deref().map_or_else(|| NOTHING.to_owned(), value);
    let no_bfd = || NOTHING.to_owned();
    [
        ("PATH", PATH.to_owned()),
        ("PTM_PORT", value(&run.port)),
        ("PTM_CBL", run.reason.status().to_string()),
        ("PTM_EXPNBR", optional(&run.expected)),
        ("PTM_ACTNBR", optional(&run.observed)),
        ("PTM_REASON", run.reason.to_string()),
        ("PTM_BFDSTATUS", no_bfd()),
        ("PTM_BFDPEER", no_bfd()),
        ("PTM_BFDLOCAL", no_bfd()),
        ("PTM_BFDTYPE", no_bfd()),
        ("PTM_BFDDOWNDIAG", no_bfd()),
    ]
}

/// Text of the plan or of LLDP as the value of a variable.
///
/// A backslash is escaped as well, and as `\x5c`, for a script will `echo` the value: the `echo` of `/bin/sh` turns
/// `\n` or `\033` into the character itself, but leaves `\x` alone.
pub(super) fn value(text: &str) -> String {
    let mut value = escape(text.as_bytes(), |c| is_deceptive(c) || c == '\\');
    if value.len() > MAX_VALUE {
        value.truncate(value.floor_char_boundary(MAX_VALUE));
        value.push('…');
    }
    value
}

/// Text of a hook's output as a line of the log.
pub(super) fn log_line(bytes: &[u8]) -> String {
    escape(bytes, is_deceptive)
}

fn escape(bytes: &[u8], special: impl Fn(char) -> bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match u8::try_from(c) {
                _ if !special(c) => text.push(c),
                Ok(byte) if byte.is_ascii() => push_hex(&mut text, byte),
                _ => text.extend(c.escape_unicode()),
            }
        }
        chunk.invalid().iter().for_each(|byte| push_hex(&mut text, *byte));
    }
    text
}

fn push_hex(text: &mut String, byte: u8) {
    // Writing to a String can't fail.
    let _: fmt::Result = write!(text, "\\x{byte:02x}");
}

#[cfg(test)]
mod tests;
