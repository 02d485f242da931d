//! What scenarios share: the ring, started and complete, and the word for what was left out.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::unistd::geteuid;

use crate::wait::PATIENCE;
use crate::{Fabric, FabricError, Node, USUAL_TTL};

/// The ring of `examples/ring.dot`: four machines, each with `eth1` and `eth2`.
pub const RING: &str = include_str!("../../examples/ring.dot");

/// Whether the caller may build fabrics. If not, says loudly that `what` was left out.
///
/// Written to standard error past the test harness, which keeps back what a passing test prints.
pub fn may_run(what: &str) -> bool {
    let root = geteuid().is_root();
    if !root {
        // Nobody reads a closed standard error.
        let _ = writeln!(io::stderr(), "LEFT OUT: {what}: it needs root");
    }
    root
}

/// The ring with lldpd on each of its machines, and no agent.
pub fn speaking_ring(ttl: Duration) -> Result<Fabric, FabricError> {
    let mut fabric = Fabric::from_plan(RING)?;
    for node in fabric.nodes() {
        node.start_lldpd(ttl)?;
    }
    Ok(fabric)
}

/// The ring with lldpd and our agent on each of its machines, once every port passes.
pub fn passing_ring(ttl: Duration, agent_arguments: &[&str]) -> Result<Fabric, FabricError> {
    let mut fabric = speaking_ring(ttl)?;
    for node in fabric.nodes() {
        node.start_agent(agent_arguments)?;
    }
    for node in fabric.nodes() {
        for port in ["eth1", "eth2"] {
            node.await_reason(port, "match")?;
        }
    }
    Ok(fabric)
}

/// [`passing_ring`] as it usually is.
pub fn usual_ring() -> Result<Fabric, FabricError> {
    passing_ring(USUAL_TTL, &[])
}

/// Sends bytes to the control socket of `node`, and no more after them, and gives what comes back, as text.
///
/// The socket's name is abstract, so it is that of the machine's network namespace.
pub fn ask_socket(node: &Node, bytes: &[u8]) -> io::Result<String> {
    let bytes = bytes.to_owned();
    node.machine().enter(move || {
        let address = SocketAddr::from_abstract_name("/var/run/ptmd.socket")?;
        let mut socket = UnixStream::connect_addr(&address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.write_all(&bytes)?;
        socket.shutdown(Shutdown::Write)?;
        let mut answer = Vec::new();
        // Ends with an error where the agent closed the socket before it had read everything.
        let _ = socket.read_to_end(&mut answer);
        Ok(String::from_utf8_lossy(&answer).into_owned())
    })
}

/// A program that finds a kernel without a system call, as one that was built without it, or where a limit is reached:
/// `call` answers with `errno`, whatever its arguments.
pub fn without_call(program: &Path, call: libc::c_long, errno: libc::c_int) -> Command {
    let instruction = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter {
        code: u16::try_from(code).expect("instructions are 16 bits wide"),
        jt,
        jf,
        k,
    };
    let call = u32::try_from(call).expect("system calls have small numbers");
    let filter = [
        // The number of the call is the first field of `struct seccomp_data`.
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, call),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | errno.cast_unsigned()),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let mut command = Command::new(program);
    // SAFETY: between fork and exec it makes one system call, on memory of its own that the call copies.
    unsafe {
        command.pre_exec(move || {
            let program = libc::sock_fprog { len: 4, filter: filter.as_ptr().cast_mut() };
            let set = libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program);
            if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
        });
    }
    command
}
