//! The limit of open files (`RLIMIT_NOFILE`): raised for the agent, given back to what it starts.
//!
//! A shell or a service manager starts programs with a soft limit of 1,024, because `select` can't see descriptors
//! beyond that. The agent doesn't use it and needs more: one a port and one a client. A hook script may run a program
//! that does, and gets the limit that the agent was started with.

use std::sync::OnceLock;
use std::{io, ptr};

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// What a large switch asks for: 1,024 ports, 1,024 clients, and hooks, maps, sockets besides.
const ENOUGH: rlim_t = 2_304;

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

/// Gives a child that was just started the limit that this process was started with.
///
/// Not before its exec, where the standard library's hook for that has glibc run a file without a `#!` line by a shell.
/// So the child begins with the higher limit, and has the lower one before an interpreter is loaded, mostly; a program
/// that opens a thousand files right away is not what this is for.
pub fn give_back(child: u32) {
    let (Some(&soft), Ok(child)) = (INHERITED.get(), i32::try_from(child)) else { return };
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointers are to a value that lives on. It fails only for a child that has ended.
    unsafe {
        if libc::prlimit(child, libc::RLIMIT_NOFILE, ptr::null(), &raw mut limit) == 0 {
            limit.rlim_cur = soft.min(limit.rlim_max);
            libc::prlimit(child, libc::RLIMIT_NOFILE, &raw const limit, ptr::null_mut());
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::process::{Command, Stdio};
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
    fn what_was_started_has_it_as_it_was() {
        let soft = raised();
        let mut shell = Command::new("sh");
        shell.args(["-c", "read go; ulimit -Sn; ulimit -Hn"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        give_back(shell.id());
        drop(shell.stdin.take());
        let printed = String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(printed, format!("{soft}\n{}\n", soft + 1));
    }
}
