//! `check FILE`: every problem of a topology file, without an agent.

use std::io::{self, Read as _, Write};

use super::{Failure, print};
use crate::plan::{self, Diagnostic};

/// Reads `file` (`-`: standard input) and prints its problems. Returns the exit code: 1 if the agent would refuse it.
pub(super) fn check(file: &str, out: &mut dyn Write) -> Result<u8, Failure> {
    let text = read(file).map_err(|source| Failure::Unreadable { file: file.to_owned(), source })?;
    let (topology, diagnostics) = plan::read(&text);
    let problems = plan::render(&diagnostics, file, &text, false);
    let errors = diagnostics.iter().filter(|diagnostic| Diagnostic::is_error(diagnostic)).count();
    if errors > 0 {
        print(out, &format!("{problems}{file}: {}, not usable\n", count(errors, "error")))?;
        return Ok(1);
    }
    let (links, nodes) = (topology.directory().link_count(), topology.directory().node_count());
    let found = match diagnostics.len() {
        0 => "no problems".to_owned(),
        warnings => count(warnings, "warning"),
    };
    print(out, &format!("{problems}{file}: {}, {}, {found}\n", count(links, "link"), count(nodes, "node")))
}

fn read(file: &str) -> io::Result<String> {
    let mut bytes = Vec::new();
    if file == "-" {
        io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(file)?;
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.split(|&byte| byte == b'\n').count();
        let way_out = "convert it, for instance with `iconv -f latin1 -t utf8`";
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is not UTF-8; {way_out}"))
    })
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
