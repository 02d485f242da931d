//! Splits a topology file into tokens of the DOT language, each with its place.
//!
//! It never fails and never allocates but for names with escapes: what is not DOT becomes a token that says so, and
//! the parser explains it. Graphviz's own scanner (`lib/cgraph/scan.l`) is the reference.

use std::borrow::Cow;

use super::diagnostic::Span;

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Span,
    /// Nothing but blanks and comments stands before it on its line.
    pub(super) first_on_line: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An unquoted name or a number.
    Bare,
    /// What was meant as an unquoted name and is none, such as `leaf-1` or `10.0.0.1`.
    Unquotable,
    /// `"…"`. `plain`: no escapes, the text stands in the file as it is. `multiline`: with a raw line end inside.
    Quoted {
        plain: bool,
        multiline: bool,
    },
    /// `<…>`
    Html,
    Keyword(Keyword),
    Operator(Operator),
    /// One of `{ } [ ] : ; , = +`.
    Punctuation(u8),
    /// A character that begins nothing in DOT.
    Stray,
    /// A string, an HTML string or a comment that the file ends in.
    Unclosed(Unclosed),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    Graph,
    Digraph,
    Node,
    Edge,
    Subgraph,
    Strict,
}

/// The two edge operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `--`
    Line,
    /// `->`
    Arrow,
}

impl Operator {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Line => "--",
            Self::Arrow => "->",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unclosed {
    String,
    Html,
    Comment,
}

impl Token {
    /// Whether it can be (part of) a name or a value; also what was probably meant as one.
    pub(super) const fn is_atom(self) -> bool {
        matches!(self.kind, Kind::Bare | Kind::Unquotable | Kind::Quoted { .. } | Kind::Html)
    }

    pub(super) fn is(self, punctuation: u8) -> bool {
        self.kind == Kind::Punctuation(punctuation)
    }
}

/// Walks the text; cheap to copy, so that a place can be read again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Lexer<'t> {
    /// Begins at byte `position` of `text`, which lies on a character boundary and holds less than 4 GiB.
    pub(super) const fn new(text: &'t str, position: usize) -> Self {
        Self { text, position }
    }

    /// The next token; [`Kind::End`] for ever once the text is over.
    pub(super) fn next_token(&mut self) -> Token {
        let (first_on_line, unclosed) = self.skip_blanks();
        let start = self.position;
        let kind = match unclosed {
            Some(from) => {
                return Token { kind: Kind::Unclosed(Unclosed::Comment), span: span(from, start), first_on_line };
            }
            None => self.scan(),
        };
        Token { kind, span: span(start, self.position), first_on_line }
    }

    /// What a name or value says: quotes and escapes undone. `token` is an atom of this text.
    pub(super) fn text_of(&self, token: Token) -> Cow<'t, str> {
        let raw = &self.text[token.span.range()];
        match token.kind {
            Kind::Quoted { plain: true, .. } | Kind::Html => Cow::Borrowed(&raw[1..raw.len() - 1]),
            Kind::Quoted { plain: false, .. } => Cow::Owned(unescape(&raw[1..raw.len() - 1])),
            _ => Cow::Borrowed(raw),
        }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.position + ahead).copied()
    }

    /// Skips blanks and comments. Says whether a line began meanwhile, and where a comment opened that never closes.
    fn skip_blanks(&mut self) -> (bool, Option<usize>) {
        let mut first_on_line = self.position == 0;
        let bytes = self.text.as_bytes();
        if self.position == 0 && self.text.starts_with('\u{feff}') {
            self.position = '\u{feff}'.len_utf8();
        }
        loop {
            match self.byte(0) {
                Some(b'\n') => {
                    first_on_line = true;
                    self.position += 1;
                }
                Some(b' ' | b'\t' | b'\r') => self.position += 1,
                Some(b'#') => self.skip_line(),
                Some(b'/') if self.byte(1) == Some(b'/') => self.skip_line(),
                Some(b'/') if self.byte(1) == Some(b'*') => {
                    let open = self.position;
                    let Some(length) = bytes[open + 2..].windows(2).position(|pair| pair == b"*/") else {
                        self.position = bytes.len();
                        return (first_on_line, Some(open));
                    };
                    self.position = open + 2 + length + 2;
                }
                _ => return (first_on_line, None),
            }
        }
    }

    fn skip_line(&mut self) {
        self.position = line_end(self.text, self.position);
    }

    fn scan(&mut self) -> Kind {
        let Some(first) = self.byte(0) else { return Kind::End };
        match first {
            b'"' => self.scan_quoted(),
            b'<' => self.scan_html(),
            b'{' | b'}' | b'[' | b']' | b':' | b';' | b',' | b'=' | b'+' => {
                self.position += 1;
                Kind::Punctuation(first)
            }
            b'-' if matches!(self.byte(1), Some(b'-' | b'>')) => {
                let operator = if self.byte(1) == Some(b'>') { Operator::Arrow } else { Operator::Line };
                self.position += 2;
                Kind::Operator(operator)
            }
            b'-' if !self.byte(1).is_some_and(is_name_byte) => self.stray(),
            b'-' => self.scan_bare(),
            _ if is_name_byte(first) => self.scan_bare(),
            _ => self.stray(),
        }
    }

    fn stray(&mut self) -> Kind {
        self.position += 1;
        Kind::Stray
    }

    fn scan_quoted(&mut self) -> Kind {
        let bytes = self.text.as_bytes();
        let (mut plain, mut multiline) = (true, false);
        let mut at = self.position + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => {
                    self.position = at + 1;
                    return Kind::Quoted { plain, multiline };
                }
                Some(b'\\') => {
                    plain = false;
                    at += if bytes[at + 1..].starts_with(b"\r\n") { 3 } else { 2 };
                }
                Some(b'\n') => {
                    multiline = true;
                    at += 1;
                }
                Some(_) => at += 1,
                None => {
                    self.position = bytes.len();
                    return Kind::Unclosed(Unclosed::String);
                }
            }
        }
    }

    fn scan_html(&mut self) -> Kind {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        for (at, byte) in bytes.iter().enumerate().skip(self.position) {
            match byte {
                b'<' => depth += 1,
                b'>' if depth == 1 => {
                    self.position = at + 1;
                    return Kind::Html;
                }
                b'>' => depth -= 1,
                _ => {}
            }
        }
        self.position = bytes.len();
        Kind::Unclosed(Unclosed::Html)
    }

    /// A name, a number, a keyword, or the longest run that somebody will have meant as one name.
    fn scan_bare(&mut self) -> Kind {
        let start = self.position;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        // Graphviz splits `leaf-1` into two nodes and `10.0.0.1` into two numbers. Nobody means that, so the run goes
        // on up to what certainly ends a name.
        while let Some(&byte) = bytes.get(at) {
            let belongs = match byte {
                b'-' => !matches!(bytes.get(at + 1), Some(b'-' | b'>')),
                b'/' => !matches!(bytes.get(at + 1), Some(b'/' | b'*')),
                _ => is_name_byte(byte),
            };
            if !belongs {
                break;
            }
            at += 1;
        }
        self.position = at;
        let word = &self.text[start..at];
        if is_number(word) {
            return Kind::Bare;
        }
        if word.starts_with(|c: char| c.is_ascii_digit()) || !word.chars().all(is_name_char) {
            return Kind::Unquotable;
        }
        keyword(word).map_or(Kind::Bare, Kind::Keyword)
    }
}

/// The keyword that `word` is, in any case.
fn keyword(word: &str) -> Option<Keyword> {
    const KEYWORDS: [(&str, Keyword); 6] = [
        ("graph", Keyword::Graph),
        ("digraph", Keyword::Digraph),
        ("node", Keyword::Node),
        ("edge", Keyword::Edge),
        ("subgraph", Keyword::Subgraph),
        ("strict", Keyword::Strict),
    ];
    KEYWORDS.iter().find(|(text, _)| text.eq_ignore_ascii_case(word)).map(|&(_, keyword)| keyword)
}

/// Bytes that do not end an unquoted run: a name's own, and those that users put into names without quoting them.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"_.!$%&'()*/?@\\^`|~".contains(&byte)
}

/// Whether `c` may stand in an unquoted name. Graphviz takes every character beyond ASCII; those that no eye can tell
/// from a blank or from nothing, and typographic quotes, come from a word processor and are never meant.
fn is_name_char(c: char) -> bool {
    match c {
        '_' => true,
        _ if c.is_ascii() => c.is_ascii_alphanumeric(),
        // Typographic quotes; a soft hyphen; zero-width characters; those that turn the direction of writing.
        '\u{ab}'
        | '\u{bb}'
        | '\u{2018}'..='\u{201f}'
        | '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => false,
        _ => !c.is_whitespace() && !c.is_control(),
    }
}

/// `-?(\.[0-9]+|[0-9]+(\.[0-9]*)?)`
fn is_number(word: &str) -> bool {
    let word = word.strip_prefix('-').unwrap_or(word);
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
}

/// Undoes `\"` and joins lines at `\`; every other backslash stays, and `\\` stays two of them, as in Graphviz.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        rest = if let Some(quoted) = after.strip_prefix('"') {
            text.push('"');
            quoted
        } else if let Some(joined) = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n')) {
            joined
        } else if let Some(kept) = after.strip_prefix('\\') {
            text.push_str("\\\\");
            kept
        } else {
            text.push('\\');
            after
        };
    }
    text.push_str(rest);
    text
}

/// Where the line of byte `from` ends: at its `\n`, or where the text does.
pub(super) fn line_end(text: &str, from: usize) -> usize {
    text.as_bytes()[from..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |length| from + length)
}

/// The text is shorter than 4 GiB ([`super::read`] sees to it).
#[expect(clippy::cast_possible_truncation, reason = "the text is shorter than 4 GiB")]
const fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}
