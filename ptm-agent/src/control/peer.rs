//! Who is at the other end of a connection, as the kernel says: the sender's name in a message's header is only a claim.

use std::{fmt, fs, io};

use nix::unistd::geteuid;
use tokio::net::UnixStream;

/// A client's credentials when it connected (`SO_PEERCRED`).
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// Its effective user, as this user namespace numbers it.
    pub(super) uid: u32,
    /// Its process; 0 where that is in a process namespace not seen from here.
    pid: i32,
    /// What the process was called when it connected. A process may call itself anything.
    comm: Option<String>,
}

impl Peer {
    pub(super) fn of(stream: &UnixStream) -> io::Result<Self> {
        let credentials = stream.peer_cred()?;
        let pid = credentials.pid().unwrap_or(0);
        let comm = fs::read(format!("/proc/{pid}/comm")).ok();
        let comm = comm.map(|comm| String::from_utf8_lossy(comm.trim_ascii_end()).into_owned());
        Ok(Self { uid: credentials.uid(), pid, comm })
    }

    /// Whether it may do to the agent what it likes anyway, and keeping it from connecting would keep nothing safe.
    pub(super) fn has_our_rights(&self) -> bool {
        self.uid == 0 || self.uid == geteuid().as_raw()
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uid {}, pid {}", self.uid, self.pid)?;
        // Debug's quotes and escapes: the name is the process's own choice.
        self.comm.as_ref().map_or(Ok(()), |comm| write!(f, ", {comm:?}"))
    }
}
