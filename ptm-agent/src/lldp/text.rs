//! Text as LLDP carries it: bytes of a stranger, shown so that they can do no harm.

use std::fmt::{self, Write};

use super::LengthError;
use crate::escape::is_plain;

/// A string of LLDP: 0–255 bytes, by the standard UTF-8 (802.1AB-2016 8.5.5–8.5.7), in practice anything.
///
/// `Display` shows it bounded ([`Text::MAX_SHOWN`]) and escaped, unambiguously: control characters, bidi controls,
/// invisible and combining characters as Rust writes them (`\n`, `\u{202e}`), bytes that are not UTF-8 as `\xff`, and
/// the backslash doubled. Whatever stays is printable. Escaping for CSV, HTML or a label is up to each way out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// The longest text that a TLV may carry, in bytes.
    pub const MAX_LEN: usize = 255;

    /// Where `Display` cuts, in characters. Text that needs no escaping is never cut.
    pub const MAX_SHOWN: usize = 255;

    /// Text of at most [`Text::MAX_LEN`] bytes.
    pub const fn new(bytes: &'a [u8]) -> Result<Self, LengthError> {
        match LengthError::check("text", bytes.len(), 0, Self::MAX_LEN) {
            Ok(()) => Ok(Self(bytes)),
            Err(error) => Err(error),
        }
    }

    /// Text whose bound was checked, or is set by the field that it comes from.
    pub(super) const fn checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes as they came.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text for comparing: none if it is not UTF-8.
    ///
    /// NULs at the end are not part of it: some senders count the terminator of their C string, and lldpd, whose
    /// reading users compare with, doesn't see it.
    pub fn to_str(self) -> Option<&'a str> {
        str::from_utf8(self.0).ok().map(|text| text.trim_end_matches('\0'))
    }

    /// Shows at most `max` characters, and `…` for the rest. An escape is shown whole or not at all.
    pub const fn bounded(self, max: usize) -> impl fmt::Display + use<'a> {
        Bounded { bytes: self.0, max }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bounded(Self::MAX_SHOWN).fmt(f)
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

struct Bounded<'a> {
    bytes: &'a [u8],
    max: usize,
}

impl fmt::Display for Bounded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let bytes = &self.bytes[..end];
        if let Ok(text) = str::from_utf8(bytes)
            && bytes.len() <= self.max
            && is_plain(bytes)
            && !bytes.contains(&b'\\')
        {
            return f.write_str(text);
        }
        let mut left = self.max;
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                // `escape_debug` escapes quotes too, which needs no escaping here.
                let escape = c.escape_debug();
                let is_plain = matches!(c, '"' | '\'');
                match left.checked_sub(if is_plain { 1 } else { escape.len() }) {
                    None => return f.write_char('…'),
                    Some(rest) => left = rest,
                }
                if is_plain { f.write_char(c)? } else { escape.fmt(f)? }
            }
            for byte in chunk.invalid() {
                match left.checked_sub(r"\xff".len()) {
                    None => return f.write_char('…'),
                    Some(rest) => left = rest,
                }
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Bytes as lldpd shows a MAC address: `00:1b:21:0a`, at most [`Text::MAX_SHOWN`] characters, then `…`.
pub(super) struct Hex<'a>(pub(super) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = (Text::MAX_SHOWN + 1) / "ff:".len();
        for (i, byte) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{byte:02x}", if i == 0 { "" } else { ":" })?;
        }
        if self.0.len() > SHOWN { f.write_char('…') } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
