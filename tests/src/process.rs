//! A program that goes on running on a machine, until it is ended here.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::FabricError;
use crate::wait::{self, PATIENCE};

/// A running program with its children. Dropping it kills them.
pub struct Process {
    machine: String,
    command: String,
    child: Child,
    log: File,
    lines_taken: usize,
}

impl Process {
    pub(crate) fn new(machine: &str, command: String, child: Child, log: File) -> Self {
        Self { machine: machine.to_owned(), command, child, log, lines_taken: 0 }
    }

    /// Its process ID.
    pub fn pid(&self) -> Pid {
        pid_of(&self.child)
    }

    /// All it has printed so far, on both streams.
    pub fn log(&self) -> String {
        contents(&self.log)
    }

    /// The lines it has completed since the last call.
    pub fn new_lines(&mut self) -> Vec<String> {
        let log = self.log();
        let complete = log.rfind('\n').map_or("", |end| &log[..end]);
        let lines: Vec<_> = complete.lines().skip(self.lines_taken).map(str::to_owned).collect();
        self.lines_taken += lines.len();
        lines
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for it to end.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus, FabricError> {
        let what = format!("`{}` on {} to end", self.command, self.machine);
        wait::until(what, within, || self.ended().ok_or("still running"))
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn terminate(&mut self) -> Result<ExitStatus, FabricError> {
        kill(self.pid(), Signal::SIGTERM).map_err(|e| FabricError::system(&self.machine, "send SIGTERM", e))?;
        self.wait(PATIENCE)
    }

    /// Kills it and its children on the spot (SIGKILL): none of them can say goodbye.
    pub fn kill(mut self) {
        kill_group(&mut self.child);
    }

    /// What it is and how it stands, then the last lines that it printed: for the report of a failure.
    pub fn account(&mut self) -> String {
        const SHOWN: usize = 60;
        let state = self.ended().map_or_else(|| "running".to_owned(), |status| status.to_string());
        let log = self.log();
        let from = log.lines().count().saturating_sub(SHOWN);
        let mut account = format!("--- {}: {} ({state}), its last lines:\n", self.machine, self.command);
        for line in log.lines().skip(from) {
            account.push_str("    ");
            account.push_str(line);
            account.push('\n');
        }
        account
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        kill_group(&mut self.child);
    }
}

/// Kills a child and the rest of its process group, and reaps it.
pub(crate) fn kill_group(child: &mut Child) {
    // Reaped already: its ID may be another's by now.
    if let Ok(None) = child.try_wait() {
        // Either fails only when there is nobody left.
        let _ = killpg(pid_of(child), Signal::SIGKILL);
        let _ = child.wait();
    }
}

/// What stands in a file that a program writes, without moving its position, which the program shares.
pub(crate) fn contents(file: &File) -> String {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let read = file.read_at(&mut bytes, 0).unwrap_or(0);
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("the kernel's process IDs are positive ints"))
}
