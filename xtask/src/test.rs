//! `cargo xtask test`: every test of the workspace, with a last line that sums up.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use anyhow::{Context, Result};
use clap::Args;

use crate::setup::Need;
use crate::{build, root};

/// Run every test; without root or sudo those that can run, naming the others
#[derive(Args)]
pub(crate) struct Arguments {
    /// Arguments for `cargo test`, such as a part of the names of the tests to run
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// What the lines of a test run say of its outcome.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u32,
    failed: u32,
    left_out: Vec<String>,
}

pub(crate) fn test(arguments: &Arguments) -> Result<ExitCode> {
    build::programs(&[Need::Build, Need::Fabric, Need::Tests])?;
    let mut cargo = build::cargo();
    // The kernel half is a program for the BPF target and has no tests that could run here.
    cargo.args(["test", "--workspace", "--exclude", "ptm-ebpf", "--no-fail-fast"]).args(&arguments.arguments);
    let with_sudo = !root::is_root() && root::sudo_works();
    if with_sudo {
        root::runs_built_programs(&mut cargo)?;
    }
    let (status, tally) = watch(&mut cargo)?;

    let Tally { passed, failed, left_out } = tally;
    if !left_out.is_empty() {
        let way_out = if with_sudo || root::is_root() { "" } else { ": run it again as root or with sudo at hand" };
        println!("\n{} LEFT OUT{way_out}", left_out.len());
        for what in &left_out {
            println!("  {what}");
        }
    }
    // A test that left itself out counts as passed for its harness, not here.
    let skipped = u32::try_from(left_out.len())?;
    println!("\n{} passed, {failed} failed, {skipped} skipped", passed.saturating_sub(skipped));
    Ok(if status { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs `command`, passing its output on line by line, and counts. Whether it succeeded comes first.
fn watch(command: &mut Command) -> Result<(bool, Tally)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("could not start cargo")?;
    let (stdout, stderr) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    let errors = thread::spawn(|| pass_on(stderr, io::stderr()));
    let mut tally = pass_on(stdout, io::stdout());
    let errors = errors.join().expect("counting lines does not panic");
    tally.passed += errors.passed;
    tally.failed += errors.failed;
    tally.left_out.extend(errors.left_out);
    Ok((child.wait()?.success(), tally))
}

fn pass_on(from: impl Read, mut to: impl Write) -> Tally {
    let mut tally = Tally::default();
    let mut lines = BufReader::new(from);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        // Whoever closed our output still gets the exit code.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        tally.take(&String::from_utf8_lossy(&line));
        line.clear();
    }
    tally
}

impl Tally {
    /// Takes in one line: a test program's last one (`test result: ok. 7 passed; 0 failed; …`), or what it left out.
    fn take(&mut self, line: &str) {
        if let Some((_, what)) = line.split_once("LEFT OUT: ") {
            self.left_out.push(what.trim_end().to_owned());
        }
        if let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) {
            for count in counts.split("; ") {
                match count.trim().split_once(' ') {
                    Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                    Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_passed_on_and_counted() {
        let output = "test a ... LEFT OUT: exchanged cables: it needs root\nok\n\
                      test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 3.08s\n\
                      test result: FAILED. 11 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s";
        let mut passed_on = Vec::new();
        let tally = pass_on(output.as_bytes(), &mut passed_on);
        assert_eq!(passed_on, output.as_bytes());
        let left_out = vec!["exchanged cables: it needs root".to_owned()];
        assert_eq!(tally, Tally { passed: 18, failed: 2, left_out });
    }
}
