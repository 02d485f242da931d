//! Diagnostics as a person reads them, in the style of rustc: the lines concerned, underlined, and the way out.
//!
//! The renderer sees the lines it shows and no others, so a file of a million links costs no more than a short one.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::diagnostic::{Diagnostic, Label, Severity};
use super::lexer::line_end;
use crate::escape::is_deceptive;

/// Labelled lines up to this far apart are shown in one view, with `...` between them.
const ONE_VIEW: u32 = 1_000;

/// Bytes of a line that are shown behind its last label.
const BEHIND: usize = 120;

/// Labels further into their line than this many bytes are named by line and column alone.
const FARTHEST: usize = 2_000;

/// Every diagnostic, then how many there are. `text` is what they were made of, `file_name` what it is called.
/// `colour`: with ANSI escapes. Control characters and the like in the text are shown as symbols.
pub fn render(diagnostics: &[Diagnostic], file_name: &str, text: &str, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut output = String::new();
    for diagnostic in diagnostics {
        let views = views(diagnostic, text);
        output += &renderer.render(&[group(diagnostic, &views, file_name)]);
        output += "\n\n";
    }
    output
}

/// Lines of the file to be shown together.
struct View<'d> {
    first_line: u32,
    source: String,
    /// The labels in these lines, and the bytes of `source` that they underline.
    labels: Vec<(&'d Label, std::ops::Range<usize>)>,
}

impl View<'_> {
    /// Replaces what could deceive. The renderer does so with ASCII's control characters and some others, not with all:
    /// U+009B, for one, begins a terminal's control sequence as ESC `[` does.
    fn disarm(&mut self) {
        let harmless = |text: &str| text.replace(|c: char| !c.is_ascii() && is_deceptive(c), "\u{fffd}");
        for (_, range) in &mut self.labels {
            *range = harmless(&self.source[..range.start]).len()..harmless(&self.source[..range.end]).len();
        }
        self.source = harmless(&self.source);
    }
}

fn group<'a>(diagnostic: &'a Diagnostic, views: &'a [View<'_>], file_name: &'a str) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.title));
    match diagnostic.labels.first() {
        None => group = group.element(Origin::path(file_name)),
        Some(Label { line, column, .. }) if views.is_empty() => {
            group = group.element(Origin::path(file_name).line(*line as usize).char_column(*column as usize));
            for label in &diagnostic.labels {
                group = group.element(
                    Level::NOTE.message(format!("{}: line {}, column {}", label.text, label.line, label.column)),
                );
            }
        }
        Some(primary) => {
            for view in views {
                let mut snippet = Snippet::source(&view.source).line_start(view.first_line as usize).path(file_name);
                for (label, range) in &view.labels {
                    let kind =
                        if std::ptr::eq(*label, primary) { AnnotationKind::Primary } else { AnnotationKind::Context };
                    snippet = snippet.annotation(kind.span(range.clone()).label(&label.text));
                }
                group = group.element(snippet);
            }
        }
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    if let Some(note) = diagnostic.repeated_note() {
        group = group.element(Level::NOTE.message(note));
    }
    group
}

/// The views for a diagnostic, the one with its own place first; none if a label lies too far into its line.
fn views<'d>(diagnostic: &'d Diagnostic, text: &str) -> Vec<View<'d>> {
    let mut labels: Vec<&Label> = diagnostic.labels.iter().collect();
    labels.sort_by_key(|label| label.span.start);
    let mut views: Vec<View<'_>> = Vec::new();
    let mut line = 0;
    for label in labels {
        let start = start_of(label, text);
        let before = &text.as_bytes()[start.saturating_sub(FARTHEST)..start];
        let line_start = match before.iter().rposition(|&byte| byte == b'\n') {
            Some(at) => start - before.len() + at + 1,
            None if before.len() < FARTHEST => 0,
            None => return Vec::new(),
        };
        let (shown, length) = shown_line(text, line_start, label);
        match views.last_mut() {
            Some(view) if label.line - line <= ONE_VIEW => {
                view.source += &lines_between(text, line_start, label.line - line);
                let begin = view.source.rfind('\n').map_or(0, |at| at + 1);
                // The same line once more: what shows more of it holds both labels.
                if view.source.len() - begin < shown.len() {
                    view.source.replace_range(begin.., &shown);
                }
                let at = begin + start - line_start;
                view.labels.push((label, at..at + length));
            }
            _ => {
                let at = start - line_start;
                views.push(View { first_line: label.line, source: shown, labels: vec![(label, at..at + length)] });
            }
        }
        line = label.line;
    }
    views.iter_mut().for_each(View::disarm);
    views.sort_by_key(|view| {
        !view.labels.iter().any(|(label, _)| std::ptr::eq(*label, &raw const diagnostic.labels[0]))
    });
    views
}

/// Where a label begins: on a character of `text`, even if that is not quite the text the label was made for (bytes
/// that are not UTF-8 are shown as something else).
fn start_of(label: &Label, text: &str) -> usize {
    text.floor_char_boundary(label.span.start as usize)
}

/// What stands between two labelled lines, `apart` lines from each other, the second of which begins at `line_start`.
/// The renderer shows a single one as it is, and `...` for more: empty ones stand for those just as well.
fn lines_between(text: &str, line_start: usize, apart: u32) -> String {
    if apart != 2 {
        return "\n".repeat(apart as usize);
    }
    let between = &text[..line_start - 1];
    let begin = between.as_bytes().iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let end = between.floor_char_boundary(between.len().min(begin + BEHIND));
    format!("\n{}\n", &text[begin..end])
}

/// The line that begins at `line_start` up to some way behind `label`, and how many bytes of it the label underlines.
fn shown_line(text: &str, line_start: usize, label: &Label) -> (String, usize) {
    let start = start_of(label, text);
    let end = text.ceil_char_boundary((label.span.end as usize).clamp(start, start + FARTHEST));
    let limit = text.floor_char_boundary((end + BEHIND).min(text.len()));
    let line_end = line_end(&text[..limit], start);
    let line = text[line_start..line_end].trim_end_matches('\r');
    let cut = line_end == limit && limit < text.len();
    let length = end.min(line_start + line.len()).saturating_sub(start);
    (if cut { format!("{line}…") } else { line.to_owned() }, length)
}
