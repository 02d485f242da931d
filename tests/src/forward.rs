//! A way from a TCP port of one machine to a Unix socket of any other.
//!
//! Network namespaces of machines are joined by their cables only, and those are what is under test. A Unix socket with
//! a path is beyond namespaces, but Prometheus scrapes TCP.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use nix::sys::socket;

use crate::{FabricError, Machine};

/// Forwards connections until it is dropped; those that are open then go on until one of their ends closes.
pub struct Forward {
    listener: TcpListener,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Forward {
    /// From a free port of `machine`'s 127.0.0.1 to the Unix socket at `path`.
    pub fn start(machine: &Machine, path: &Path) -> Result<Self, FabricError> {
        let start = || {
            // A socket stays in the namespace in which it was made, whoever uses it.
            let listener = machine.enter(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
            let (address, accepting) = (listener.local_addr()?, listener.try_clone()?);
            let path = path.to_owned();
            Ok(Self { listener, address, thread: Some(thread::spawn(move || accept(&accepting, &path))) })
        };
        start().map_err(|e: io::Error| FabricError::system(machine.name(), "forward a port", e))
    }

    /// The address to connect to on the machine.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        // On Linux this ends an `accept` that waits.
        let _ = socket::shutdown(self.listener.as_raw_fd(), socket::Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, path: &Path) {
    while let Ok((client, _)) = listener.accept() {
        let path = PathBuf::from(path);
        thread::spawn(move || forward(&client, &path));
    }
}

/// A server that is not there is for the client a connection that closes at once.
fn forward(client: &TcpStream, path: &Path) {
    let Ok(server) = UnixStream::connect(path) else { return };
    thread::scope(|scope| {
        scope.spawn(|| {
            copy(client, &server);
            let _ = server.shutdown(Shutdown::Both);
        });
        copy(&server, client);
        let _ = client.shutdown(Shutdown::Both);
    });
}

fn copy(mut from: impl Read, mut to: impl Write) {
    // Either end may go at any time.
    let _ = io::copy(&mut from, &mut to);
}
