//! No file, however it is made, takes more than its share of time, stack or output, or makes the reader panic.

use std::time::Duration;

use nix::time::ClockId;
use proptest::prelude::*;

use super::{count, rendered, told};
use crate::escape::is_deceptive;
use crate::plan::{Severity, decode, read, render};

#[test]
fn hostile_names_are_shown_escaped_and_bounded() {
    let name = format!("\u{1b}[31m\u{202e}{}", "x".repeat(100_000));
    let text = format!("graph {{ \"{name}\":1 -- b:1  b:1 -- \"{name}\":1  b:1 -- \"{name}\":2 }}");
    for shown in [rendered(&text), read(&text).1.iter().map(|diagnostic| diagnostic.one_line("a\nb")).collect()] {
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
        assert!(shown.len() < 4_000, "{} bytes", shown.len());
    }
}

/// The renderer's own replacements leave these as they are. U+009B is a terminal's CSI, U+FEFF takes no room.
#[test]
fn lines_of_the_file_are_shown_without_what_deceives() {
    let text = "graph { x=\"\u{9b}31m\u{feff}\u{e0041}\" \"a\u{ad}\":1 -- b:1  b:1 -- c:1 }";
    let shown = rendered(text);
    assert!(!shown.contains(|c| is_deceptive(c) && c != '\n'), "{shown:?}");
    let line = |mark: &str| shown.lines().find(|line| line.contains(mark)).expect(mark);
    let column = |line: &str, what: &str| line[..line.find(what).expect(what)].chars().count();
    assert!(line("graph").contains("x=\"\u{fffd}31m\u{fffd}\u{fffd}\" \"a\u{fffd}\":1 -- b:1"), "{shown}");
    assert_eq!(column(line("^"), "^"), column(line("graph"), "b:1 -- c"), "{shown}");
}

#[test]
fn the_first_hundred_errors_and_warnings_and_how_many_more() {
    let mut text = String::from("graph {\n");
    text.extend((0..150).map(|port| format!("a{port} -- b\n a:{port} -- a:{port}\n")));
    text += "}";
    assert_eq!(count(&text, Severity::Error), 101);
    assert_eq!(count(&text, Severity::Warning), 101);
    let told = told(&text);
    assert_eq!(told[200..], ["error 50 more errors are not shown", "warning 50 more warnings are not shown"]);
}

#[test]
fn subgraphs_nest_to_a_depth_and_no_further() {
    let nested = |depth: usize| format!("graph {}a:1 -- b:1{} ", "{".repeat(depth + 1), "}".repeat(depth + 1));
    assert_eq!(told(&nested(64)), [""; 0]);
    assert_eq!(told(&nested(65)), ["error 1:72 subgraphs lie more than 64 deep in each other"]);
    assert_eq!(told(&nested(1_000_000)).len(), 1);
    let unclosed = format!("graph {{{}", "subgraph {".repeat(100_000));
    assert_eq!(count(&unclosed, Severity::Error), 2);
}

/// Files made to be slow to read: 400 kB of what would take long, were the time not linear. Generous, for a debug
/// build; a quadratic reader takes hours.
#[test]
fn no_file_takes_long() {
    let repeat = |head: &str, body: &str, tail: &str| format!("{head}{}{tail}", body.repeat(400_000 / body.len()));
    let texts = [
        repeat("graph {", "\"\n", ""),
        repeat("graph {", "\"\n+", ""),
        repeat("graph {", "a<\n", ""),
        repeat("graph {", "<\n", "}"),
        repeat("graph {", "a:1 -- \"\n", ""),
        repeat("graph {", "[x \"", ""),
        repeat("graph {", "a[b ", ""),
        repeat("graph {", "a[b\n", ""),
        repeat("graph {", "{", ""),
        repeat("graph {", "}", ""),
        repeat("graph {", "/*", ""),
        repeat("graph {", "a--", ""),
        repeat("graph {", "a,", "b -- c [headport=1]}"),
        repeat(
            "graph { subgraph s {",
            "a b c d e f g h i j ",
            &format!("}} {} }}", "subgraph s {} -- x [tailport=1]\n".repeat(5_000)),
        ),
        repeat("graph {", "leaf-1:1 -- b:1\n", "}"),
        repeat("graph {", "\u{e9}\u{a0}", "}"),
        repeat("graph { a = \"", "\\\"", "}"),
        repeat(
            "graph { hostidtype=ipaddr portnametype=normalized ",
            "\"::1\":1 -- \"0::1\":et1 a:et2 -- a:eth2\n",
            "}",
        ),
        repeat("graph { {", "a b c d e f", "} -- {a b c d e f g h} [headport=1 tailport=2] }"),
    ];
    for text in texts {
        let start = cpu_time();
        let (_, diagnostics) = read(&text);
        let shown = render(&diagnostics, "ptm.dot", &text, true);
        assert!(shown.len() < 1_000_000, "{} bytes for {:.60}", shown.len(), text);
        let taken = cpu_time().saturating_sub(start);
        assert!(taken < Duration::from_secs(10), "{taken:?} for {text:.60}");
    }
}

/// What this thread has taken of a processor: other programs don't count.
fn cpu_time() -> Duration {
    ClockId::CLOCK_THREAD_CPUTIME_ID.now().unwrap().into()
}

/// Pieces of the language, as a careless writer might throw them together.
fn scraps() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "graph",
        "digraph",
        "strict",
        "subgraph",
        "node",
        "edge",
        "{",
        "}",
        "[",
        "]",
        ":",
        ";",
        ",",
        "=",
        "+",
        "--",
        "->",
        "-",
        "\"",
        "\"a\"",
        "\"\\",
        "\n",
        " ",
        "\r\n",
        "#",
        "//",
        "/*",
        "*/",
        "<",
        ">",
        "a",
        "b:1",
        "leaf-1",
        "1.2.3",
        "LLDP",
        "BFD",
        "\"match_type=portdescr\"",
        "lldptmpl=x",
        "headport",
        "é",
        "\u{feff}",
        "\u{0}",
        "a:1 -- b:1\n",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_and_shown(text in prop_oneof![scraps(), scraps().prop_map(|body| format!("graph {{{body}}}")), any::<String>()]) {
        let (topology, diagnostics) = read(&text);
        for diagnostic in &diagnostics {
            for label in &diagnostic.labels {
                prop_assert!(label.span.start <= label.span.end && label.line > 0 && label.column > 0, "{:?}", label);
            }
            prop_assert!(!diagnostic.one_line("ptm.dot").contains('\n'));
        }
        render(&diagnostics, "ptm.dot", &text, true);
        let names: Vec<String> = topology.directory().nodes().map(|node| node.name.to_owned()).collect();
        for name in names {
            prop_assert!(topology.clone().plan_for(&name).is_ok());
        }
    }

    #[test]
    fn any_bytes_are_text_or_told_why_not(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        match decode(&bytes) {
            Ok(text) => drop(read(text)),
            Err(diagnostic) => drop(render(&[*diagnostic], "ptm.dot", &String::from_utf8_lossy(&bytes), false)),
        }
    }
}
