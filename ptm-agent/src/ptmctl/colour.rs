//! Colours: when there are any, and which. A word says the same without them.

use std::ffi::OsStr;
use std::io::{self, IsTerminal as _};

use anstyle::{AnsiColor, Style};

/// When there are colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// On a terminal that has them, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Wherever the output goes
    Always,
    /// Nowhere
    Never,
}

/// What the output goes to, as far as its look depends on that. The default: a pipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// It can be drawn upon: it knows the escape sequences of a terminal.
    pub can_draw: bool,
    /// The colours for it.
    pub(super) paint: Paint,
}

/// Puts colours around words, or leaves them as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Paint(bool);

impl Terminal {
    /// Standard output, from the environment.
    pub fn of_stdout(when: When) -> Self {
        let variable = std::env::var_os;
        Self::new(when, io::stdout().is_terminal(), variable("TERM").as_deref(), variable("NO_COLOR").as_deref())
    }

    /// `NO_COLOR` counts if it is not empty (no-color.org), and for less than what the command line says.
    fn new(when: When, is_terminal: bool, term: Option<&OsStr>, no_color: Option<&OsStr>) -> Self {
        let can_draw = is_terminal && term.is_some_and(|term| !term.is_empty() && term != "dumb");
        let coloured = match when {
            When::Auto => can_draw && no_color.is_none_or(OsStr::is_empty),
            When::Always => true,
            When::Never => false,
        };
        Self { can_draw, paint: Paint(coloured) }
    }
}

impl Paint {
    /// Whether there are colours.
    pub(super) const fn is_coloured(self) -> bool {
        self.0
    }

    /// A status, `pass`, `fail` or `no-info`.
    pub(super) fn status(self, status: &str) -> String {
        let style = match status {
            "pass" => AnsiColor::Green.on_default(),
            "fail" => AnsiColor::Red.on_default().bold(),
            _ => AnsiColor::Yellow.on_default(),
        };
        self.dress(style, status)
    }

    /// The title of a column or of a block.
    pub(super) fn heading(self, text: &str) -> String {
        self.dress(Style::new().bold(), text)
    }

    /// What spoils the picture as a whole.
    pub(super) fn trouble(self, text: &str) -> String {
        self.dress(AnsiColor::Red.on_default().bold(), text)
    }

    fn dress(self, style: Style, text: &str) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        for (when, is_terminal, term, no_color, coloured) in [
            (When::Auto, true, Some("xterm"), None, true),
            (When::Auto, true, Some("xterm"), Some(""), true),
            (When::Auto, true, Some("xterm"), Some("1"), false),
            (When::Auto, true, Some("dumb"), None, false),
            (When::Auto, true, None, None, false),
            (When::Auto, false, Some("xterm"), None, false),
            (When::Always, false, Some("dumb"), Some("1"), true),
            (When::Never, true, Some("xterm"), None, false),
        ] {
            let terminal = Terminal::new(when, is_terminal, term.map(OsStr::new), no_color.map(OsStr::new));
            assert_eq!(terminal.paint, Paint(coloured), "{when:?} {is_terminal} {term:?} {no_color:?}");
            assert_eq!(terminal.can_draw, is_terminal && term == Some("xterm"));
        }
    }

    #[test]
    fn a_word_stays_the_word_that_it_is() {
        for status in ["pass", "fail", "no-info"] {
            assert_eq!(Paint(false).status(status), status);
            let coloured = Paint(true).status(status);
            assert!(coloured.starts_with("\x1b[") && coloured.ends_with("\x1b[0m") && coloured.contains(status));
        }
    }
}
