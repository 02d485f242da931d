//! Text of strangers, made harmless for people: which characters deceive, and how they are shown instead.
//!
//! What a format of its own asks for (CSV, an environment that `echo` may read) is up to that way out.

use std::fmt::Write as _;

/// Whether a character steers the terminal or hides or reorders the text around it: control characters, Unicode's
/// line separators, bidirectional controls, invisible characters.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a text is nothing but printable ASCII, as nearly every one is. Then nothing in it deceives, and that is soon
/// seen.
pub fn is_plain(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The text with every deceptive character as Rust writes it, `\n` or `\u{202e}`: for a terminal or a log.
pub fn shown(text: &str) -> String {
    if is_plain(text.as_bytes()) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_deceptive(c) {
            // Writing to a String can't fail.
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_shown_and_the_rest_stays() {
        assert_eq!(shown("a \"b\", 'c' é\\"), "a \"b\", 'c' é\\");
        assert_eq!(shown("x\n\u{1b}[2J\u{202e}y\u{200b}"), "x\\n\\u{1b}[2J\\u{202e}y\\u{200b}");
    }
}
