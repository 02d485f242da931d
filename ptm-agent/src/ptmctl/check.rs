//! `check FILE`: every problem of a topology file, without an agent.

use std::io::{self, Read as _, Write};

use super::{Failure, print};

/// What a reading of the file came to.
struct Finding {
    /// Every problem, for a person; empty when there is none.
    problems: String,
    /// Whether the agent would refuse the file.
    has_errors: bool,
    links: usize,
    nodes: usize,
}

/// Reads `file` (`-`: standard input) and prints its problems. Returns the exit code: 1 if the agent would refuse it.
pub(super) fn check(file: &str, out: &mut dyn Write) -> Result<u8, Failure> {
    let unreadable = |source| Failure::Unreadable { file: file.to_owned(), source };
    let text = if file == "-" {
        let mut text = Vec::new();
        io::stdin().read_to_end(&mut text).map(|_| text)
    } else {
        std::fs::read(file)
    };
    // A byte that is no UTF-8 must not keep the other problems from being told.
    let text = String::from_utf8_lossy(&text.map_err(unreadable)?).into_owned();
    let Finding { problems, has_errors, links, nodes } = read(file, &text);
    let size = format!("{file}: {}, {}", count(links, "link"), count(nodes, "node"));
    match (problems.is_empty(), has_errors) {
        (true, _) => print(out, &format!("{size}, no problems\n")),
        (false, false) => print(out, &format!("{problems}\n{size}, usable\n")),
        (false, true) => print(out, &format!("{problems}\n{file}: not usable\n")).map(|_| 1),
    }
}

fn read(_file: &str, _text: &str) -> Finding {
    Finding { problems: String::new(), has_errors: false, links: 0, nodes: 0 }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
