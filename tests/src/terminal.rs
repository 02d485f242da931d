//! A program of ours on a pseudo-terminal, as a person has it before them.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use nix::pty::{Winsize, openpty};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::termios::{Termios, tcgetattr};
use nix::unistd::{setsid, write};

use crate::machine::command;
use crate::process::kill_group;
use crate::wait::{self, PATIENCE};
use crate::{FabricError, Machine, program};

/// A pseudo-terminal, with a program in its foreground. Dropping it kills the program.
pub struct Terminal {
    child: Child,
    keyboard: OwnedFd,
    /// Kept open: with the last copy of it the terminal hangs up.
    line: OwnedFd,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs one of our programs on `machine`, on a terminal of this size.
    pub fn start(machine: &Machine, arguments: &[&str], rows: u16, columns: u16) -> Result<Self, FabricError> {
        let doing = |error| FabricError::system(machine.name(), "start a program on a pseudo-terminal", error);
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).map_err(|e| doing(e.into()))?;
        // Copies of descriptors are closed at exec, which these are not.
        let copied = || Ok((pty.master.try_clone()?, pty.slave.try_clone()?));
        let (keyboard, line) = copied().map_err(doing)?;
        drop(pty);
        let end = || Ok(Stdio::from(line.try_clone()?));
        let (name, rest) = arguments.split_first().expect("a command has a program");
        let mut command = command(&[program(name)?]);
        command.args(rest).env("TERM", "xterm").env_remove("NO_COLOR");
        command.stdin(end().map_err(doing)?).stdout(end().map_err(doing)?).stderr(end().map_err(doing)?);
        let mut screen = File::from(keyboard.try_clone().map_err(doing)?);
        // SAFETY: between fork and exec, these are bare system calls; the closure neither allocates nor locks.
        unsafe {
            command.pre_exec(|| {
                setsid()?;
                // Tests that run in the background of a script have it ignored, and so would this program.
                signal(Signal::SIGINT, SigHandler::SigDfl)?;
                // Standard input becomes the terminal that controls the session: its Ctrl-C is ours.
                if libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(io::Error::last_os_error());
                }
                set_pdeathsig(Signal::SIGKILL).map_err(io::Error::from)
            });
        }
        let child = machine.enter(move || command.spawn()).map_err(doing)?;
        let written = Arc::<Mutex<Vec<u8>>>::default();
        let record = Arc::clone(&written);
        thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(length @ 1..) = screen.read(&mut buffer) {
                record.lock().expect("nobody panics with it locked").extend_from_slice(&buffer[..length]);
            }
        });
        Ok(Self { child, keyboard, line, written })
    }

    /// Everything that was written to it so far.
    pub fn written(&self) -> Vec<u8> {
        self.written.lock().expect("nobody panics with it locked").clone()
    }

    /// Types.
    pub fn press(&self, keys: &[u8]) -> Result<(), FabricError> {
        let typed = write(self.keyboard.as_fd(), keys);
        typed.map(drop).map_err(|e| FabricError::system("this machine", "type", e))
    }

    /// How the line is set.
    pub fn settings(&self) -> Result<Termios, FabricError> {
        tcgetattr(self.line.as_fd()).map_err(|e| FabricError::system("this machine", "read a terminal's settings", e))
    }

    /// Waits for the program to end.
    pub fn wait(&mut self) -> Result<ExitStatus, FabricError> {
        let child = &mut self.child;
        wait::until("the program on the terminal to end", PATIENCE, || {
            child.try_wait().ok().flatten().ok_or("still running")
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        kill_group(&mut self.child);
    }
}
