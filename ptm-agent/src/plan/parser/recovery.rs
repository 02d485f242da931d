//! After a mistake: what it probably is, and where to go on so that it is told once.

use super::{GivenUp, Parser};
use crate::plan::diagnostic::{Diagnostic, Span};
use crate::plan::lexer::{Kind, Lexer, Token, Unclosed, line_end};

impl Parser<'_, '_> {
    /// Goes on after a mistake in the statement that began at `start`: where the mistake itself said, else behind its
    /// line, or at a `;` or brace before that.
    pub(super) fn recover(&mut self, start: u32) {
        if let Some(resume) = self.resume.take().filter(|&resume| resume > start) {
            self.go_to(resume as usize);
            return;
        }
        // What begins a line may well begin a statement, unless it is what this statement began with.
        if (self.token.first_on_line && self.token.span.start > start) || self.token.kind == Kind::End {
            return;
        }
        let bytes = self.text.as_bytes();
        let mut at = self.token.span.start as usize;
        loop {
            match bytes.get(at) {
                None => break,
                Some(b'\n' | b';') => {
                    at += 1;
                    break;
                }
                Some(b'{' | b'}') if at > start as usize => break,
                Some(b'"') => at = string_end(self.text, at),
                Some(_) => at += 1,
            }
        }
        self.go_to(at);
    }

    /// Reads on at `position`; but once too much was read twice, behind the token that does not fit.
    fn go_to(&mut self, position: usize) {
        let again = (self.token.span.end as usize).saturating_sub(position);
        let Some(left) = self.may_rewind.checked_sub(again) else {
            self.advance();
            return;
        };
        self.may_rewind = left;
        self.lexer = Lexer::new(self.text, position);
        self.token = self.lexer.next_token();
    }

    /// Has [`Self::recover`] go on behind the attribute list, if it ends before anything that shows that it does not.
    pub(super) fn skip_list(&mut self) {
        /// How far a list's end is looked for, in bytes.
        const FARTHEST: usize = 512;
        if self.resume.is_some() {
            return;
        }
        let bytes = self.text.as_bytes();
        let from = self.token.span.start as usize;
        let mut at = from;
        while at < bytes.len() && at < from + FARTHEST {
            match bytes[at] {
                b']' => {
                    self.resume = Some(u32::try_from(at + 1).unwrap_or(u32::MAX));
                    return;
                }
                b'{' | b'}' => return,
                b'-' if matches!(bytes.get(at + 1), Some(b'-' | b'>')) => return,
                b'"' => at = string_end(self.text, at),
                _ => at += 1,
            }
        }
    }

    /// Goes behind the `}` that closes a subgraph whose `{` was just read.
    pub(super) fn skip_braces(&mut self) {
        let mut open = 1_usize;
        while open > 0 && self.token.kind != Kind::End {
            match self.advance().kind {
                Kind::Punctuation(b'{') => open += 1,
                Kind::Punctuation(b'}') => open -= 1,
                _ => {}
            }
        }
        self.resume = Some(self.token.span.start);
        self.suspect = None;
    }

    /// A string, HTML string or comment that the file ends in.
    pub(super) fn unclosed(&mut self, what: Unclosed, span: Span) -> GivenUp {
        let (title, help) = match what {
            Unclosed::String => ("a string is never closed", "add the `\"` that is missing"),
            Unclosed::Html => ("an HTML string is never closed", "add the `>` that is missing; a link is written `--`"),
            Unclosed::Comment => ("a comment is never closed", "add the `*/` that is missing"),
        };
        let opening = Span { start: span.start, end: span.start + if what == Unclosed::Comment { 2 } else { 1 } };
        self.problems.add(Diagnostic::error(title).at(opening, "opened here").help(help));
        self.swallowed = true;
        // What follows an opened comment was not meant to be read.
        self.resume = Some(if what == Unclosed::Comment { span.end } else { self.end_of_line(span.start) });
        GivenUp
    }

    /// A string that runs over the end of its line, where a name was expected or before something that fits nowhere.
    pub(super) fn unclosed_string(&mut self, string: Token) {
        let line = self.end_of_line(string.span.start);
        let span = Span { start: string.span.start, end: line };
        self.problems.add(
            Diagnostic::error("a string is not closed on its line")
                .at(span, "opened here")
                .help("add the `\"` that is missing"),
        );
        self.resume = Some(line);
    }

    pub(super) fn end_of_line(&self, from: u32) -> u32 {
        u32::try_from(line_end(self.text, from as usize)).unwrap_or(u32::MAX)
    }
}

/// Behind the string that begins at `open`; at the end of its line if it is not closed there.
fn string_end(text: &str, open: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = open + 1;
    loop {
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') if bytes.get(at + 1).is_some_and(|&next| next != b'\n') => at += 2,
            Some(b'\n') | None => return at.min(bytes.len()),
            Some(_) => at += 1,
        }
    }
}
