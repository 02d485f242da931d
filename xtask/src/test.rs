//! `cargo xtask test`: every test of the workspace. At the end it says again what failed and why, and sums up.

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

/// A test program that takes longer hangs, and is ended. The longest takes a minute or two. In the foreground: Ctrl-C
/// reaches it.
const TIME_LIMIT: &str = "timeout --foreground 15m";

/// Lines of a failed test's output that are said again, from where it panicked.
const LINES_OF_A_FAILURE: usize = 40;

/// What the lines of a test run say of its outcome.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u32,
    failed: u32,
    left_out: Vec<String>,
    failures: Vec<Failure>,
    /// Tests that have taken long and were not heard to end.
    running: Vec<String>,
    /// How programs ended that did not come to their last line.
    broken: Vec<String>,
    /// The lines that come are the last of `failures`.
    in_failure: bool,
}

/// A failed test and what it said.
#[derive(Debug, Default, PartialEq, Eq)]
struct Failure {
    name: String,
    panicked: bool,
    lines: Vec<String>,
}

pub(crate) fn test(arguments: &Arguments) -> Result<ExitCode> {
    build::programs(&[Need::Build, Need::Fabric, Need::Tests])?;
    let mut cargo = build::cargo();
    // The kernel half is a program for the BPF target and has no tests that could run here.
    cargo.args(["test", "--workspace", "--exclude", "ptm-ebpf", "--no-fail-fast"]).args(&arguments.arguments);
    let with_sudo = !root::is_root() && root::sudo_works();
    let runner = if with_sudo { format!("{} {TIME_LIMIT}", root::SUDO) } else { TIME_LIMIT.to_owned() };
    root::runs_built_programs(&mut cargo, &runner)?;
    let (status, tally) = watch(&mut cargo)?;

    let Tally { passed, failed, left_out, failures, running, broken, in_failure: _ } = tally;
    for Failure { name, lines, .. } in &failures {
        println!("\nFAILED: {name}\n{}", lines.join("\n"));
    }
    for program in &broken {
        println!("\nBROKEN OFF: {program}");
    }
    for name in &running {
        println!("\nNOT HEARD TO END: {name}");
    }
    if !left_out.is_empty() {
        let way_out = if with_sudo || root::is_root() { "" } else { ": run it again as root or with sudo at hand" };
        println!("\n{} LEFT OUT{way_out}", left_out.len());
        for what in &left_out {
            println!("  {what}");
        }
    }
    // A test that left itself out counts as passed for its harness, not here; a program that broke off, for none.
    let skipped = u32::try_from(left_out.len())?;
    let failed = failed + u32::try_from(broken.len())?;
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
    tally.broken.extend(errors.broken);
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
    /// Takes in one line: of a test program, or of cargo about one.
    fn take(&mut self, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["----", name, "stdout", "----"] => {
                self.failures.push(Failure { name: name.to_owned(), ..Failure::default() });
                self.in_failure = true;
            }
            ["failures:"] | ["test", "result:", ..] => self.in_failure = false,
            _ if self.in_failure => self.failures.last_mut().into_iter().for_each(|failure| failure.take(line)),
            ["test", name, "has", "been", "running", ..] => self.running.push(name.to_owned()),
            ["test", name, "...", ..] => self.running.retain(|other| other != name),
            // 101: some tests failed, which are told one by one.
            ["process", "didn't", "exit", "successfully:", ..] if !line.contains("(exit status: 101)") => {
                let limit = if line.contains("(exit status: 124)") { ": it took too long" } else { "" };
                self.broken.push(format!("{}{limit}", line.trim()));
            }
            _ => {}
        }
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

impl Failure {
    /// Takes in one line of what the test printed.
    fn take(&mut self, line: &str) {
        if !self.panicked && line.contains(" panicked at ") {
            self.panicked = true;
            self.lines.clear();
        }
        if self.lines.len() < LINES_OF_A_FAILURE {
            self.lines.push(line.trim_end().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_and_why_is_kept_for_the_end() {
        let printed = "on the map after 12 ms\n".repeat(LINES_OF_A_FAILURE);
        let account = "    a line of a log\n".repeat(LINES_OF_A_FAILURE);
        let output = format!(
            "test fast ... ok\ntest slow has been running for over 60 seconds\ntest slow ... ok\n\
             test hangs has been running for over 60 seconds\ntest a ... FAILED\n\nfailures:\n\n\
             ---- a stdout ----\n{printed}\nthread 'a' panicked at tests/a.rs:7:\nno cable\n{account}\n\n\
             failures:\n    a\n\ntest result: FAILED. 2 passed; 1 failed; 0 ignored\n\
             \x20 process didn't exit successfully: `timeout 15m b` (exit status: 124)\n\
             \x20 process didn't exit successfully: `timeout 15m c` (signal: 6, SIGABRT: process abort signal)\n\
             \x20 process didn't exit successfully: `timeout 15m a` (exit status: 101)\n"
        );
        let Tally { failures, running, broken, .. } = pass_on(output.as_bytes(), io::sink());
        let [Failure { name, lines, .. }] = &failures[..] else { panic!("{failures:?}") };
        assert_eq!((name.as_str(), lines.len()), ("a", LINES_OF_A_FAILURE));
        assert_eq!(lines[..2], ["thread 'a' panicked at tests/a.rs:7:", "no cable"]);
        assert_eq!(running, ["hangs"]);
        assert_eq!(broken.len(), 2, "{broken:?}");
        assert!(broken[0].ends_with("(exit status: 124): it took too long") && broken[1].contains("SIGABRT"));
    }

    #[test]
    fn lines_are_passed_on_and_counted() {
        let output = "test a ... LEFT OUT: exchanged cables: it needs root\nok\n\
                      test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 3.08s\n\
                      test result: FAILED. 11 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s";
        let mut passed_on = Vec::new();
        let tally = pass_on(output.as_bytes(), &mut passed_on);
        assert_eq!(passed_on, output.as_bytes());
        let left_out = vec!["exchanged cables: it needs root".to_owned()];
        assert_eq!(tally, Tally { passed: 18, failed: 2, left_out, ..Tally::default() });
    }
}
