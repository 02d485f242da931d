//! One run of a hook, from start to end: no shell in between, a process group of its own, a time limit.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use thiserror::Error;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use super::output::Output;
use crate::open_files;

/// Output that a hook wrote just before it ended is still in the pipe; a process that it left behind may hold the pipe
/// open for ever.
const OUTPUT_AFTER_EXIT: Duration = Duration::from_millis(100);

/// A killed process ends at once, unless the kernel holds it (a dead file server): it is not waited for then.
const AFTER_KILL: Duration = Duration::from_secs(1);

/// How a run ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It ran and ended by itself.
    Exited(ExitStatus),
    /// It took too long and was killed.
    TimedOut,
    /// The agent ends, and it was killed.
    Stopped,
}

/// Why a hook could not be started.
#[derive(Debug, Error)]
pub(super) enum StartError {
    #[error("there is no {}", .0.display())]
    Missing(PathBuf),
    #[error("the hook is not executable: chmod +x {}", .0.display())]
    NotExecutable(PathBuf),
    #[error("{} is neither a program nor a script that names its interpreter: begin it with #!/bin/sh", .0.display())]
    NoInterpreterLine(PathBuf),
    #[error("the interpreter that the first line of {} names does not exist", .0.display())]
    NoInterpreter(PathBuf),
    #[error("cannot run {}: {error}", path.display())]
    Other {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
}

impl StartError {
    fn new(path: PathBuf, error: io::Error) -> Self {
        let not_executable =
            || path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 == 0);
        match error.kind() {
            io::ErrorKind::NotFound if path.exists() => Self::NoInterpreter(path),
            io::ErrorKind::NotFound => Self::Missing(path),
            io::ErrorKind::PermissionDenied if not_executable() => Self::NotExecutable(path),
            _ if error.raw_os_error() == Some(libc::ENOEXEC) => Self::NoInterpreterLine(path),
            _ => Self::Other { path, error },
        }
    }
}

/// Keeps the descriptors that the agent was started with from its hooks; those that it opens are close-on-exec anyway.
pub(super) fn keep_inherited_descriptors() {
    // SAFETY: with CLOSE_RANGE_CLOEXEC (kernel 5.11) it closes nothing, it marks. Older kernels answer EINVAL.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

/// A hook under way. Dropped before its end, it is killed with everything in its process group.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Process {
    /// Starts the file itself with just these variables, `/` as working directory and nothing on standard input.
    ///
    /// Blocks until the kernel has read the file, so it is not for the runtime's own thread. Signal mask and SIGPIPE
    /// are the default ones: the standard library sees to that.
    pub(super) fn start(path: PathBuf, variables: &[(&str, String)]) -> Result<(Self, Output), StartError> {
        // Cheaper than a process that comes to nothing: most machines have no hooks.
        if !path.exists() {
            return Err(StartError::Missing(path));
        }
        let start = |path: &Path| {
            let (reader, writer) = io::pipe()?;
            let child = Command::new(path)
                .env_clear()
                .envs(variables.iter().map(|(name, value)| (name, value)))
                .current_dir("/")
                .stdin(Stdio::null())
                .stdout(writer.try_clone()?)
                .stderr(writer)
                .process_group(0)
                .spawn()?;
            // Owned from here on: what fails next kills it.
            let process = Self { child };
            if let Some(pid) = process.child.id() {
                open_files::give_back(pid);
            }
            Ok((process, Output::new(pipe::Receiver::from_owned_fd(reader.into())?)))
        };
        start(&path).map_err(|error| StartError::new(path, error))
    }

    /// Waits for its end, or makes one. Every line that it prints goes to `log`.
    pub(super) async fn run(
        mut self,
        mut output: Output,
        limit: Duration,
        stop: &mut watch::Receiver<bool>,
        mut log: impl FnMut(&str),
    ) -> io::Result<Outcome> {
        let outcome = tokio::select! {
            status = self.end(&mut output, &mut log) => status.map(Outcome::Exited),
            () = tokio::time::sleep(limit) => Ok(Outcome::TimedOut),
            _ = stop.wait_for(|stop| *stop) => Ok(Outcome::Stopped),
        };
        output.finish(log);
        if !matches!(outcome, Ok(Outcome::Exited(_))) {
            self.kill();
            if timeout(AFTER_KILL, self.child.wait()).await.is_err() {
                tracing::warn!("a hook was killed and the kernel does not let it end");
            }
        }
        outcome
    }

    async fn end(&mut self, output: &mut Output, log: impl FnMut(&str)) -> io::Result<ExitStatus> {
        let mut read = std::pin::pin!(output.read_to_end(log));
        tokio::select! {
            status = self.child.wait() => {
                // A process that it left behind on purpose goes on, only unheard.
                let _: Result<(), _> = timeout(OUTPUT_AFTER_EXIT, read).await;
                status
            }
            () = &mut read => self.child.wait().await,
        }
    }

    fn kill(&self) {
        // Known as long as it was not waited for: the number can't be another process's yet.
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            // ESRCH: everyone in the group has ended already.
            let _: Result<(), _> = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
