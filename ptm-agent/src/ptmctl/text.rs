//! Text for a terminal: escaped and aligned.

use std::fmt::Write as _;

use crate::control::record::is_deceptive;

/// `value` with everything escaped that would steer the terminal, hide or reorder text.
pub(super) fn shown(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if is_deceptive(c) {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// The number of columns that an escaped text takes on a terminal, for text without wide characters.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}
