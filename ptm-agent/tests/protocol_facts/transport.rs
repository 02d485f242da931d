//! "Transport": the socket's address, who may connect, and how much the original takes.

use std::fs;
use std::io::{self, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::thread;

use nix::sched::{CloneFlags, unshare};
use ptm_agent::control::{Limits, SOCKET};

use crate::agent::{Agent, Client, World};

/// Moves this thread into a network namespace of its own; without root the test is left out.
#[expect(clippy::explicit_write, reason = "libtest swallows what a passing test prints, but not what it writes")]
fn isolated(test: &str) -> bool {
    let alone = unshare(CloneFlags::CLONE_NEWNET).is_ok();
    if !alone {
        writeln!(io::stderr(), "LEFT OUT: {test}: it needs root").unwrap();
    }
    alone
}

/// "`AF_UNIX`, `SOCK_STREAM`, abstract name: the address is one NUL followed by 20 bytes, no trailing NUL". The kernel
/// lists the NUL as `@`, one at the end too.
#[test]
fn the_address_is_a_nul_and_twenty_bytes() {
    assert_eq!((SOCKET, SOCKET.len()), ("/var/run/ptmd.socket", 20));
    if !isolated("the control socket's address") {
        return;
    }
    let _agent = Agent::start_as(SOCKET.to_owned(), Limits::default(), World::with_one_port());
    let sockets = fs::read_to_string("/proc/thread-self/net/unix").unwrap();
    let listening: Vec<_> = sockets.lines().filter(|line| line.contains("ptmd")).collect();
    let [line] = listening[..] else { panic!("{sockets}") };
    let fields: Vec<_> = line.split(' ').filter(|field| !field.is_empty()).collect();
    // Num, RefCount, Protocol, Flags, Type (1 is SOCK_STREAM), St, Inode, Path.
    assert_eq!((fields[4], fields[7]), ("0001", "@/var/run/ptmd.socket"));
}

/// "Abstract names are scoped by network namespace".
#[test]
fn each_network_namespace_has_its_own() {
    if !isolated("a control socket for each network namespace") {
        return;
    }
    let _agent = Agent::start_as(SOCKET.to_owned(), Limits::default(), World::with_one_port());
    let other = thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let nobody = UnixStream::connect_addr(&SocketAddr::from_abstract_name(SOCKET).unwrap());
        let other = Agent::start_as(SOCKET.to_owned(), Limits::default(), World::with_one_port());
        (nobody.unwrap_err().kind(), other.ask("cmd\nget-status\n").len())
    });
    assert_eq!(other.join().unwrap(), (io::ErrorKind::ConnectionRefused, 1));
}

/// "And have no file permissions: anyone in the namespace may connect. `SO_PEERCRED` tells who it is".
#[test]
fn anyone_may_connect_and_is_known_by_the_credentials() {
    const ANYONE: u32 = 65_534;
    if !isolated("clients of other users") {
        return;
    }
    let agent =
        Agent::start_as(SOCKET.to_owned(), Limits { clients_per_user: 1, ..Limits::default() }, World::with_one_port());
    let (first, second) = thread::spawn(|| {
        // SAFETY: takes no pointer. The bare system call changes this thread's user alone.
        assert_eq!(unsafe { libc::syscall(libc::SYS_setresuid, ANYONE, ANYONE, ANYONE) }, 0);
        let connect = || UnixStream::connect_addr(&SocketAddr::from_abstract_name(SOCKET).unwrap()).unwrap();
        (connect(), connect())
    })
    .join()
    .unwrap();
    let mut client = Client { stream: first };
    client.send("cmd\nget-status\n");
    assert_eq!(client.next().unwrap().get("cbl status"), Some("N/A"));
    let refusal = Client { stream: second }.next().unwrap();
    assert_eq!(refusal.get("cmd_status"), Some("fail"));
    assert_eq!(refusal.get("cmd_ext_status"), Some("Too many clients of user 65534 [1 connected]"));
    assert_eq!(agent.ask("cmd\nget-status\n").len(), 1);
}

/// "ptmd's limits: 16 clients": here that is nothing.
#[test]
fn more_clients_than_the_original_s_sixteen() {
    let agent = Agent::start(World::with_one_port());
    let mut clients: Vec<_> = (0..200).map(|_| agent.client()).collect();
    for client in &mut clients {
        client.send("cmd\nget-status\n");
        assert_eq!(client.next().unwrap().get("cbl status"), Some("N/A"));
    }
}

/// "1,024 bytes a message": so long a body is taken, a longer one refused, and the next message read.
#[test]
fn bodies_of_1_024_bytes() {
    let agent = Agent::start(World::with_one_port());
    let of = |length: usize| format!("cmd,detail\nget-status,{:>1$}\n", "no", length - 23);
    assert_eq!(of(1_024).len(), 1_024);
    assert_eq!(agent.ask(&of(1_024)), ["port,cbl status\nswp1,N/A\n"]);
    let mut client = agent.client();
    client.send(&of(1_025));
    let refusal = client.next().unwrap();
    assert_eq!(refusal.get("cmd_status"), Some("fail"));
    assert_eq!(refusal.get("cmd_ext_status"), Some("Message too long [1025 bytes; at most 1024]"));
    client.send("cmd\nget-status\n");
    assert_eq!(client.next().unwrap().get("cbl status"), Some("N/A"));
}
