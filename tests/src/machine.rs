//! A machine: a thread that lives in its own network, mount, host-name and process namespace.
//!
//! The first program in a process namespace is its init: when it goes, the kernel kills all others there. Ours only
//! sleeps, and dies with the thread (`PR_SET_PDEATHSIG`). That alone would not do for every program: lldpd loses the
//! setting when it gives up root (`commit_creds`).

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, gettid, sethostname};

use crate::FabricError;
use crate::process::{self, Process};
use crate::wait::{self, PATIENCE};

type Job = Box<dyn FnOnce() + Send>;

/// A machine, whatever runs on it: host name, interfaces, `/run`, `/sys` and `/etc/hosts` are its own.
///
/// Dropping it takes it down. `nsenter -t TID -n -m -u` enters it from outside.
pub struct Machine {
    name: String,
    tid: Pid,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    init: Option<Child>,
}

/// What a command that ended left.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Machine {
    /// Starts a machine with the host name `name`.
    pub fn start(name: &str) -> Result<Self, FabricError> {
        let mut machine = Self::begin(name, move_in)?;
        machine.init = Some(machine.launch(command(&["sleep", "infinity"]))?);
        Ok(machine)
    }

    /// The machine that all of this runs on, as it is: for programs that are to be reached from outside the fabric.
    pub fn host() -> Result<Self, FabricError> {
        Self::begin("this machine", |_| Ok(()))
    }

    /// Starts the thread, which first goes where the machine is.
    fn begin(name: &str, arrive: fn(&str) -> Result<(), FabricError>) -> Result<Self, FabricError> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (ready, started) = mpsc::channel();
        let hostname = name.to_owned();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let arrived = arrive(&hostname);
                let usable = arrived.is_ok();
                // A closed channel means that `begin` is gone, and so is the sender of jobs.
                let _ = ready.send(arrived.map(|()| gettid()));
                if usable {
                    for job in inbox {
                        job();
                    }
                }
            })
            .map_err(|e| FabricError::system(name, "start its thread", e))?;
        let tid = started.recv().expect("the thread answers before it ends")?;
        Ok(Self { name: name.to_owned(), tid, jobs: Some(jobs), thread: Some(thread), init: None })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The thread that lives in its namespaces, for `nsenter -t TID`.
    pub fn tid(&self) -> Pid {
        self.tid
    }

    /// Its network namespace, as `ip link … netns` takes it.
    ///
    /// A path and not the thread's ID, which is not the same seen from another machine's process namespace.
    pub(crate) fn network(&self) -> String {
        format!("/proc/{}/ns/net", self.tid)
    }

    /// Does `job` on the machine: the sockets it opens and the files it touches are the machine's.
    pub fn enter<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> T {
        let (done, result) = mpsc::channel();
        let jobs = self.jobs.as_ref().expect("only drop takes it");
        // A send that fails means that an earlier job panicked, which `recv` reports.
        let _ = jobs.send(Box::new(move || drop(done.send(job()))));
        result.recv().expect("the job on the machine panicked")
    }

    /// Writes a file on the machine (`/run` is a place for it), with its folder.
    pub fn write(&self, path: &str, text: &str) -> Result<(), FabricError> {
        let (at, text) = (path.to_owned(), text.to_owned());
        self.enter(move || write_with_folder(&at, &text))
            .map_err(|e| FabricError::system(&self.name, format!("write {path}"), e))
    }

    /// Puts a script on the machine, which may be run at once.
    ///
    /// By a program of its own: what another thread forks at this moment would inherit a file that is open for writing
    /// here, and until it calls exec the kernel refuses to run that file (`ETXTBSY`).
    pub fn write_script(&self, path: &str, text: &str) -> Result<(), FabricError> {
        let mut install = command(&["install", "-D", "-m", "755", "/dev/stdin", path]);
        install.stdin(self.memory_file(text.as_bytes())?);
        self.run_command(install).map(drop)
    }

    /// Reads a file of the machine.
    pub fn read(&self, path: &str) -> Result<String, FabricError> {
        let at = path.to_owned();
        self.enter(move || fs::read_to_string(at))
            .map_err(|e| FabricError::system(&self.name, format!("read {path}"), e))
    }

    /// Starts a program that goes on; what it prints is kept for [`Process::log`].
    pub fn spawn(&self, mut command: Command) -> Result<Process, FabricError> {
        let log = self.memory_file(b"")?;
        command.stdout(self.share(&log)?).stderr(self.share(&log)?);
        let line = command_line(&command);
        Ok(Process::new(&self.name, line, self.launch(command)?, log))
    }

    /// Starts a program that goes on, to talk with it on its standard input and output; its standard error is kept.
    pub(crate) fn converse(&self, mut command: Command) -> Result<(Process, ChildStdin, ChildStdout), FabricError> {
        let log = self.memory_file(b"")?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(self.share(&log)?);
        let line = command_line(&command);
        let mut child = self.launch(command)?;
        let (input, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        Ok((Process::new(&self.name, line, child, log), input, output))
    }

    /// Runs a program to its end, which must come within [`PATIENCE`]: one that takes longer hangs.
    pub fn output(&self, mut command: Command) -> Result<Output, FabricError> {
        let (stdout, stderr) = (self.memory_file(b"")?, self.memory_file(b"")?);
        command.stdout(self.share(&stdout)?).stderr(self.share(&stderr)?);
        let line = command_line(&command);
        let mut child = self.launch(command)?;
        let ended = wait::until(format!("`{line}` to end"), PATIENCE, || match child.try_wait() {
            Ok(Some(status)) => Ok(status),
            Ok(None) => Err(format!("still running\n{}{}", process::contents(&stdout), process::contents(&stderr))),
            Err(e) => Err(e.to_string()),
        });
        if ended.is_err() {
            process::kill_group(&mut child);
        }
        Ok(Output { status: ended?, stdout: process::contents(&stdout), stderr: process::contents(&stderr) })
    }

    /// Runs a program that must succeed; gives what it printed on standard output.
    pub fn run(&self, arguments: &[&str]) -> Result<String, FabricError> {
        self.run_command(command(arguments))
    }

    /// Runs the lines of `batch` through `ip -batch` or `tc -batch`: one program for many changes.
    pub fn batch(&self, tool: &str, batch: &[String]) -> Result<(), FabricError> {
        if batch.is_empty() {
            return Ok(());
        }
        let lines = batch.join("\n") + "\n";
        let mut command = command(&[tool, "-batch", "-"]);
        command.stdin(self.memory_file(lines.as_bytes())?);
        self.run_command(command).map(drop).map_err(|error| match error {
            FabricError::Failed { machine, command, status, output } => {
                FabricError::Failed { machine, command, status, output: format!("{output}of these lines:\n{lines}") }
            }
            other => other,
        })
    }

    fn run_command(&self, command: Command) -> Result<String, FabricError> {
        let line = command_line(&command);
        let Output { status, stdout, stderr } = self.output(command)?;
        if !status.success() {
            let (machine, status) = (self.name.clone(), status.to_string());
            return Err(FabricError::Failed { machine, command: line, status, output: stdout + &stderr });
        }
        Ok(stdout)
    }

    /// Starts `command` on the machine, so that it does not outlive the fabric.
    fn launch(&self, mut command: Command) -> Result<Child, FabricError> {
        let doing = format!("start `{}`", command_line(&command));
        // A process group of its own: Ctrl-C in the terminal reaches only us, and we can end it with its children.
        command.process_group(0);
        // SAFETY: between fork and exec, `prctl` is a bare system call; the closure neither allocates nor locks.
        unsafe {
            command.pre_exec(|| set_pdeathsig(Signal::SIGKILL).map_err(io::Error::from));
        }
        self.enter(move || command.spawn()).map_err(|e| FabricError::system(&self.name, doing, e))
    }

    /// A file that lives in memory and has no name, positioned at its beginning.
    fn memory_file(&self, contents: &[u8]) -> Result<File, FabricError> {
        let make = || {
            let mut file = File::from(memfd_create("ptm-fabric", MFdFlags::MFD_CLOEXEC)?);
            file.write_all(contents)?;
            file.rewind()?;
            Ok(file)
        };
        make().map_err(|e: io::Error| FabricError::system(&self.name, "make a file in memory", e))
    }

    fn share(&self, file: &File) -> Result<Stdio, FabricError> {
        let copy = file.try_clone().map_err(|e| FabricError::system(&self.name, "share a file", e))?;
        Ok(copy.into())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.init.as_mut().map(process::kill_group);
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so already.
            let _ = thread.join();
        }
    }
}

/// A command line that finds programs of the system also under a user's `PATH`; its standard input is empty.
pub(crate) fn command<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let (program, rest) = arguments.split_first().expect("a command has a program");
    let mut command = Command::new(program);
    let path = std::env::var("PATH").unwrap_or_default();
    command.args(rest).stdin(Stdio::null()).env("PATH", format!("{path}:/usr/local/sbin:/usr/sbin:/sbin"));
    command
}

/// Moves the calling thread into namespaces of its own and furnishes them.
fn move_in(name: &str) -> Result<(), FabricError> {
    let nothing = None::<&str>;
    let furnish = |doing: &str, done: nix::Result<()>| done.map_err(|e| FabricError::system(name, doing, e));
    let own = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWPID;
    furnish("make its namespaces", unshare(own))?;
    furnish("set its host name", sethostname(name))?;
    // From here on no mount is seen outside.
    furnish("make its mounts private", mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing))?;
    furnish("mount /run", mount(Some("ptm-fabric"), "/run", Some("tmpfs"), MsFlags::empty(), Some("mode=755")))?;
    // A sysfs shows the interfaces of the network namespace it was mounted in.
    furnish("mount /sys", mount(Some("sysfs"), "/sys", Some("sysfs"), MsFlags::empty(), nothing))?;
    // lldpd looks its own name up, and sends nothing while it can't find it.
    let short = name.split('.').next().unwrap_or(name);
    fs::write("/run/hosts", format!("127.0.0.1 localhost\n127.0.1.1 {name} {short}\n"))
        .map_err(|e| FabricError::system(name, "write its /etc/hosts", e))?;
    furnish("mount /etc/hosts", mount(Some("/run/hosts"), "/etc/hosts", nothing, MsFlags::MS_BIND, nothing))
}

fn write_with_folder(path: &str, text: &str) -> io::Result<()> {
    if let Some(folder) = std::path::Path::new(path).parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
