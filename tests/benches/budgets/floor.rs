//! The least that a program in between can cost: it copies what arrives on a packet socket to a Unix socket.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use ptm_tests::Machine;

use crate::ports::packet_socket;

/// LLDP's `EtherType`.
const LLDP: u16 = 0x88cc;

/// The program: from standard input to standard output until either closes.
pub(crate) fn run() -> io::Result<()> {
    let (mut from, mut to) =
        (File::from(io::stdin().as_fd().try_clone_to_owned()?), File::from(io::stdout().as_fd().try_clone_to_owned()?));
    let mut frame = [0; 2_048];
    loop {
        let length = from.read(&mut frame)?;
        to.write_all(&frame[..length])?;
    }
}

/// The running program. Dropping it ends it.
pub(crate) struct Floor {
    child: Child,
    /// Where its copies come out.
    pub(crate) copies: UnixStream,
}

impl Floor {
    /// Starts it on LLDP frames that arrive at `interface` of `machine`.
    pub(crate) fn start(machine: &Machine, interface: &str) -> io::Result<Self> {
        let interface = interface.to_owned();
        let frames = machine.enter(move || packet_socket(LLDP, &interface))?;
        let (copies, theirs) = UnixStream::pair()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--floor").stdin(Stdio::from(frames)).stdout(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
        Ok(Self { child: command.spawn()?, copies })
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // Either fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
