//! What is wrong or doubtful in a topology file, where, and the way out; collected so that one reading names
//! everything, without repeating itself and without growing with the file.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

/// A part of the text: bytes `start..end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte, counted from 0.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// The same as a range for slicing.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// From the beginning of this one to the end of `last`.
    pub(super) const fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The plan says something else than its author may think; it can be used.
    Warning,
    /// The plan must not be used, and never replaces a good one.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A place that a diagnostic is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The bytes to underline.
    pub span: Span,
    /// What is to be said of them.
    pub text: String,
    /// The line of its first byte, counted from 1.
    pub line: u32,
    /// The column of its first byte, in characters, counted from 1.
    pub column: u32,
}

/// One problem of a topology file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line. Names from the file stand in it escaped and bounded.
    pub title: String,
    /// Where: first the place it is about, then the places that explain it. Empty: the file as a whole.
    pub labels: Vec<Label>,
    /// The way out.
    pub help: Option<String>,
    /// How often the same was found again, further down.
    pub repeated: u32,
}

impl Diagnostic {
    pub(super) fn error(title: impl Into<String>) -> Self {
        Self { severity: Severity::Error, title: title.into(), labels: Vec::new(), help: None, repeated: 0 }
    }

    pub(super) fn warning(title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(title) }
    }

    /// Adds a place. The first one added is the one that the diagnostic is about.
    pub(super) fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into(), line: 0, column: 0 });
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether the plan must not be used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// `FILE:LINE:COLUMN: error: TITLE (first here: line 12); HELP`, for logs and sockets. One line, whatever the file holds.
    pub fn one_line(&self, file_name: &str) -> String {
        let place = self.labels.first().map(|label| format!(":{}:{}", label.line, label.column)).unwrap_or_default();
        let mut parts = vec![format!("{}{place}: {}: {}", file_name.escape_debug(), self.severity, self.title)];
        parts.extend(self.labels.iter().skip(1).map(|label| format!(" ({}: line {})", label.text, label.line)));
        parts.extend(self.help.iter().cloned().chain(self.repeated_note()).map(|more| format!("; {more}")));
        parts.concat()
    }

    pub(super) fn repeated_note(&self) -> Option<String> {
        (self.repeated > 0).then(|| format!("the same {} more in this file", times(self.repeated)))
    }
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// Collects diagnostics while the file is read: the first [`Problems::KEPT`] errors and as many warnings, and counts the rest.
#[derive(Debug, Default)]
pub(super) struct Problems {
    kept: Vec<Diagnostic>,
    /// Indices into `kept` of those that are told once, by title.
    once: HashMap<String, usize>,
    errors: Tally,
    warnings: Tally,
    noted: usize,
}

#[derive(Debug, Default)]
struct Tally {
    kept: usize,
    left_out: usize,
}

impl Problems {
    /// Errors kept, and warnings kept: more than a person mends between two readings.
    pub(super) const KEPT: usize = 100;

    /// Notes a problem.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        self.noted += 1;
        let tally = if diagnostic.is_error() { &mut self.errors } else { &mut self.warnings };
        if tally.kept < Self::KEPT {
            tally.kept += 1;
            self.kept.push(diagnostic);
        } else {
            tally.left_out += 1;
        }
    }

    /// Notes a problem that is told once, however often it is made: others with the same title are counted.
    pub(super) fn add_once(&mut self, diagnostic: Diagnostic) {
        if let Some(&index) = self.once.get(&diagnostic.title) {
            self.kept[index].repeated += 1;
            self.noted += 1;
            return;
        }
        let (title, index) = (diagnostic.title.clone(), self.kept.len());
        self.add(diagnostic);
        if self.kept.len() > index {
            self.once.insert(title, index);
        }
    }

    /// How many problems were noted so far, kept or counted.
    pub(super) const fn noted(&self) -> usize {
        self.noted
    }

    pub(super) const fn has_errors(&self) -> bool {
        self.errors.kept > 0
    }

    /// All of them in the order of the text, with lines and columns, and one more for what was left out.
    pub(super) fn finish(self, text: &str) -> Vec<Diagnostic> {
        let Self { mut kept, errors, warnings, once: _, noted: _ } = self;
        locate(&mut kept, text);
        kept.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span.start));
        for (tally, severity, name) in [(errors, Severity::Error, "errors"), (warnings, Severity::Warning, "warnings")]
        {
            if tally.left_out > 0 {
                kept.push(Diagnostic {
                    severity,
                    ..Diagnostic::error(format!("{} more {name} are not shown", tally.left_out))
                        .help("mend these first, then check the file again")
                });
            }
        }
        kept
    }
}

/// Fills in lines and columns, in one walk over the text.
fn locate(diagnostics: &mut [Diagnostic], text: &str) {
    let mut labels: Vec<&mut Label> = diagnostics.iter_mut().flat_map(|diagnostic| &mut diagnostic.labels).collect();
    labels.sort_by_key(|label| label.span.start);
    let (mut offset, mut line, mut column) = (0, 1, 1);
    for label in labels {
        let between = &text[offset..label.span.start as usize];
        let line_starts = between.bytes().filter(|&byte| byte == b'\n').count();
        if let Some(last) = between.rfind('\n') {
            line += line_starts;
            column = 1 + between[last + 1..].chars().count();
        } else {
            column += between.chars().count();
        }
        offset = label.span.start as usize;
        label.line = u32::try_from(line).unwrap_or(u32::MAX);
        label.column = u32::try_from(column).unwrap_or(u32::MAX);
    }
}

/// A name from the file as it stands in messages, in backquotes; see [`escaped`].
pub(super) fn shown(name: &str) -> String {
    format!("`{}`", escaped(name))
}

/// A name from the file with everything escaped that could act on a terminal, and at most 64 characters of it.
pub(super) fn escaped(name: &str) -> String {
    const LONGEST: usize = 64;
    let mut text = String::new();
    for (count, c) in name.chars().enumerate() {
        if count == LONGEST {
            text.push('…');
            break;
        }
        match c {
            '"' | '\'' | '\\' => text.push(c),
            _ => text.extend(c.escape_debug()),
        }
    }
    text
}
