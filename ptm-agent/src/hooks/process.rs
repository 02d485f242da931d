//! One run of a hook, from start to end: no shell in between, a process group of its own, a time limit.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::ptr;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use thiserror::Error;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use super::environment::{self, Variables, log_line};
use super::output::Output;
use crate::open_files;

/// Output that a hook wrote just before it ended is still in the pipe; a process that it left behind may hold the pipe
/// open for ever.
const OUTPUT_AFTER_EXIT: Duration = Duration::from_millis(100);

/// A killed process ends at once, unless the kernel holds it (a dead file server): it is not waited for then.
const AFTER_KILL: Duration = Duration::from_secs(1);

/// What the kernel reads of a file to see how it is run (`BINPRM_BUF_SIZE`), bytes.
const FIRST_LINE: u64 = 256;

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
    #[error(
        "{} is a symbolic link to {}, which does not exist: link it to the hook, or remove it",
        path.display(),
        target.display()
    )]
    DanglingLink { path: PathBuf, target: PathBuf },
    #[error("{} is no file: put a program or a script in its place", .0.display())]
    NotAFile(PathBuf),
    #[error("the hook is not executable: chmod +x {}", .0.display())]
    NotExecutable(PathBuf),
    #[error("{} is neither a program nor a script that names its interpreter: begin it with #!/bin/sh", .0.display())]
    NoInterpreterLine(PathBuf),
    #[error(
        "{file} has the line ends of another system (CR LF), which become part of its interpreter's name: \
         sed -i 's/\\r$//' {file}",
        file = .0.display()
    )]
    CarriageReturn(PathBuf),
    #[error(
        "the interpreter that the first line of {} names does not exist: install {interpreter}, or name another",
        path.display()
    )]
    NoInterpreter { path: PathBuf, interpreter: String },
    #[error("{} is a program for another system: the loader that it asks for does not exist here", .0.display())]
    NoLoader(PathBuf),
    #[error("{} is open for writing: write a new hook beside it, then put it in place with mv", .0.display())]
    BeingWritten(PathBuf),
    #[error("cannot run {}: {error}", path.display())]
    Other {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
}

impl StartError {
    pub(super) fn new(path: PathBuf, error: io::Error) -> Self {
        let file = path.metadata();
        match (error.kind(), &file) {
            (io::ErrorKind::NotFound, Ok(_)) => Self::not_found_by(path),
            (io::ErrorKind::NotFound, Err(_)) => match path.read_link() {
                Ok(target) => Self::DanglingLink { path, target },
                Err(_) => Self::Missing(path),
            },
            (io::ErrorKind::PermissionDenied, Ok(file)) if !file.is_file() => Self::NotAFile(path),
            (io::ErrorKind::PermissionDenied, Ok(file)) if file.permissions().mode() & 0o111 == 0 => {
                Self::NotExecutable(path)
            }
            (io::ErrorKind::ExecutableFileBusy, _) => Self::BeingWritten(path),
            _ if error.raw_os_error() == Some(libc::ENOEXEC) => Self::NoInterpreterLine(path),
            _ => Self::Other { path, error },
        }
    }

    /// The hook is there; what the kernel did not find is who is to run it.
    fn not_found_by(path: PathBuf) -> Self {
        let mut start = Vec::new();
        // An error reads like an empty file: the hook may be gone by now.
        let _: io::Result<usize> = File::open(&path).and_then(|file| file.take(FIRST_LINE).read_to_end(&mut start));
        let Some(line) = start.strip_prefix(b"#!") else { return Self::NoLoader(path) };
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if line.ends_with(b"\r") {
            return Self::CarriageReturn(path);
        }
        let mut words = line.split(|byte| matches!(byte, b' ' | b'\t'));
        let interpreter = log_line(words.find(|word| !word.is_empty()).unwrap_or_default());
        Self::NoInterpreter { path, interpreter }
    }
}

/// Keeps the descriptors that the agent was started with from its hooks; those that it opens are close-on-exec anyway.
pub(super) fn keep_inherited_descriptors() {
    // SAFETY: with CLOSE_RANGE_CLOEXEC (kernel 5.11) it closes nothing, it marks. Older kernels answer EINVAL.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}

/// Has the kernel run this file with these variables, and nobody else: what else is to be done between fork and exec
/// must be asked of `command` before.
///
/// Where something is to be done there, std ends with `execvp`, and that hands a file that the kernel can't run to
/// `/bin/sh`. What std does itself (streams, working directory, process group, signals) it does before such closures.
fn exec_itself(command: &mut std::process::Command, path: &Path, variables: &Variables) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let variables =
        variables.iter().map(|(name, value)| CString::new(format!("{name}={value}"))).collect::<Result<Vec<_>, _>>()?;
    let exec = move || {
        let arguments = [path.as_ptr(), ptr::null()];
        let mut environment = [ptr::null(); environment::COUNT + 1];
        for (entry, variable) in environment.iter_mut().zip(&variables) {
            *entry = variable.as_ptr();
        }
        // SAFETY: all three are alive and end as execve wants it: a NUL the strings, a null pointer the lists.
        unsafe { libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
        Err(io::Error::last_os_error())
    };
    // SAFETY: between fork and exec this is a bare system call; the closure neither allocates, frees nor locks.
    unsafe { command.pre_exec(exec) };
    Ok(())
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
    pub(super) fn start(path: PathBuf, variables: &Variables) -> Result<(Self, Output), StartError> {
        // Cheaper than a process that comes to nothing: most machines have no hooks.
        if path.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Err(StartError::Missing(path));
        }
        let start = |path: &Path| {
            let (reader, writer) = io::pipe()?;
            let mut command = Command::new(path);
            open_files::give_back(command.as_std_mut());
            exec_itself(command.as_std_mut(), path, variables)?;
            let child = command
                .current_dir("/")
                .stdin(Stdio::null())
                .stdout(writer.try_clone()?)
                .stderr(writer)
                .process_group(0)
                .spawn()?;
            // Owned from here on: what fails next kills it.
            let process = Self { child };
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
