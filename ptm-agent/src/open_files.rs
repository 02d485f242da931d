//! The limit of open files (`RLIMIT_NOFILE`): raised for the agent, given back to what it starts.
//!
//! A shell or a service manager starts programs with a soft limit of 1,024, because `select` can't see descriptors
//! beyond that. The agent doesn't use it and needs more: one a port, one a client and one a connection by HTTP. A hook
//! script may run a program that does, and gets the limit that the agent was started with.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::OnceLock;

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// What a large switch asks for: 1,024 ports, 1,024 clients and those in reserve, 1,100 connections by HTTP, and hooks,
/// maps, sockets besides.
const ENOUGH: rlim_t = 3_456;

/// The soft limit before it was raised. The limit itself is the process's, so there is only one of it.
static INHERITED: OnceLock<rlim_t> = OnceLock::new();

/// Raises the soft limit as far as the hard one allows. Where that does not go far enough, says so in the log.
pub fn raise() -> io::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if hard < ENOUGH {
        tracing::warn!(
            "at most {hard} files may be open, too few for 1,024 ports and as many clients: raise the hard limit \
             (LimitNOFILE= of the service, or ulimit -Hn) to {ENOUGH}"
        );
    }
    if soft < hard {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        // Raised again, it was our own.
        let _ = INHERITED.set(soft);
    }
    Ok(())
}

/// Starts `command` with the limit that this process was started with.
pub fn give_back(command: &mut Command) {
    let Some(&soft) = INHERITED.get() else { return };
    let lower = move || {
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        Ok(setrlimit(Resource::RLIMIT_NOFILE, soft.min(hard), hard)?)
    };
    // SAFETY: between fork and exec these are bare system calls; the closure neither allocates nor locks.
    unsafe { command.pre_exec(lower) };
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Raises the limit as a process does that was started with a lower one, and gives that. Harmless for tests beside
    /// it, and the same each time: it is one less than the hard one.
    pub(crate) fn raised() -> rlim_t {
        static TURN: Mutex<()> = Mutex::new(());
        let _turn = TURN.lock().unwrap();
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, hard - 1, hard).unwrap();
        raise().unwrap();
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (hard, hard));
        hard - 1
    }

    #[test]
    fn it_is_raised_here_and_what_is_started_has_it_as_it_was() {
        let soft = raised();
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -Sn; ulimit -Hn"]);
        give_back(&mut command);
        let printed = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert_eq!(printed, format!("{soft}\n{}\n", soft + 1));
    }
}
