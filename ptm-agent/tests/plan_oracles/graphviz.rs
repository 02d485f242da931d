//! What Graphviz reads in a file: `gvpr`, its stream editor, prints every node and edge without laying anything out.

use std::io::Write;
use std::process::{Command, Stdio};

use super::reading::{Link, Reading};

/// Prints each graph's nodes and edges, fields separated by the character U+001F, which no test puts into a name.
const PROGRAM: &str = r#"
BEG_G { printf("graph\037%s\n", isAttr($G, "G", "LLDP") ? aget($G, "LLDP") : ""); }
N { printf("node\037%s\037%s\n", $.name, isAttr($G, "N", "function") ? aget($, "function") : ""); }
E { printf("edge\037%s\037%s\037%s\037%s\037%s\n",
    $.tail.name, isAttr($G, "E", "tailport") ? aget($, "tailport") : "",
    $.head.name, isAttr($G, "E", "headport") ? aget($, "headport") : "",
    isAttr($G, "E", "LLDP") ? aget($, "LLDP") : ""); }
"#;

/// Reads the graphs in `text`, one reading each. Panics if Graphviz rejects one.
pub(crate) fn read(text: &str) -> Vec<Reading> {
    let mut gvpr = Command::new("gvpr")
        .arg(PROGRAM)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("Graphviz' `gvpr` does not start ({error}): run `cargo xtask setup`"));
    let mut input = gvpr.stdin.take().expect("standard input was asked for");
    let output = std::thread::scope(|scope| {
        // gvpr may end before it has read everything; what it says then is the better message.
        scope.spawn(move || input.write_all(text.as_bytes()));
        gvpr.wait_with_output().expect("gvpr's output")
    });
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "gvpr complains: {complaints}\n{text}");

    let mut readings: Vec<Reading> = Vec::new();
    for line in String::from_utf8(output.stdout).expect("UTF-8 in, UTF-8 out").lines() {
        let fields: Vec<&str> = line.split('\u{1f}').collect();
        if let ["graph", lldp] = fields[..] {
            readings.push(Reading { graph_lldp: lldp.to_owned(), ..Reading::default() });
            continue;
        }
        let reading = readings.last_mut().expect("a graph comes before its nodes");
        match fields[..] {
            ["node", name, function] => {
                reading.nodes.insert((name.to_owned(), function.to_owned()));
            }
            ["edge", tail, tail_port, head, head_port, lldp] => {
                let link = Link::new((tail, port(tail_port)), (head, port(head_port)));
                // Not a cable: one without ports, and one from a port to itself.
                if !link.is_bare() && !link.is_loop() {
                    reading.lldp.entry(link.clone()).or_default().push(lldp.to_owned());
                    reading.links.insert(link);
                }
            }
            _ => panic!("gvpr prints {line:?}"),
        }
    }
    readings
}

/// Graphviz keeps port and compass point in one attribute.
fn port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((port, "n" | "ne" | "e" | "se" | "s" | "sw" | "w" | "nw" | "c" | "_")) => port,
        _ => text,
    }
}
