//! Opening the sockets that the server listens on, and taking connections from them.

use std::fmt;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener as StdTcpListener};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, bind, listen, setsockopt, socket, sockopt,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};

use super::address::Address;

/// Who may connect to a Unix socket: its owner and its group.
const SOCKET_MODE: u32 = 0o660;

/// Bytes that the kernel takes beyond what is on its way to a client: so that one who does not read is noticed.
static UNSENT: libc::c_int = 64 * 1024;

/// Why the server can't listen at an address.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program listens on that port.
    #[error(
        "cannot listen at {0}: the port is in use; `ss -ltnp 'sport = :{port}'` tells by whom, --listen takes another \
         address, or `none`",
        port = .0.port()
    )]
    PortInUse(SocketAddr),
    /// Another server answers there.
    #[error("cannot listen at unix:{path}: another server listens there; stop it, or give another path with --listen", path = .0.display())]
    Taken(PathBuf),
    /// Something else is there.
    #[error("cannot listen at unix:{path}: something that is no socket is there; move it away, or give another path", path = .0.display())]
    NoSocket(PathBuf),
    /// Its directory is not there.
    #[error("cannot listen at unix:{path}: its directory is not there; make it (`mkdir -p {directory}`)",
        path = .0.display(), directory = .0.parent().unwrap_or(Path::new("/")).display())]
    NoDirectory(PathBuf),
    /// A low port is another's to give, as is a directory of others.
    #[error("cannot listen at {0}: this user may not; {advice}", advice = match .0 {
        Address::Unix(_) => "give a path in a directory that it may write to",
        _ => "give a port from 1024 on with --listen, or the right CAP_NET_BIND_SERVICE",
    })]
    Forbidden(Address),
    /// The kernel takes no such path for a socket.
    #[error("cannot listen at unix:{path}: the path is too long, 107 bytes at most; give a shorter one with --listen", path = .0.display())]
    TooLong(PathBuf),
    /// Anything else.
    #[error("cannot listen at {address}; --listen says where to")]
    Io {
        /// Where.
        address: Address,
        /// What the kernel said.
        source: io::Error,
    },
}

/// An open socket, not yet known to a runtime.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(StdTcpListener),
    Unix(StdUnixListener),
}

impl Socket {
    /// Where a TCP socket listens, with the port that it got.
    pub(super) fn address(&self) -> Option<Address> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok().map(Address::Tcp),
            Self::Unix(_) => None,
        }
    }
}

/// The file of a Unix socket, which is removed when this is dropped, unless it is another's by then.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!("cannot remove the socket {}: {error}", self.path.display());
        }
    }
}

/// Opens a socket, at one of [`Arguments::addresses`](super::Arguments::addresses).
pub(super) fn open(address: &Address) -> Result<(Socket, Option<SocketFile>), ListenError> {
    let io = |source: io::Error| ListenError::Io { address: address.clone(), source };
    match address {
        Address::None => Err(io(io::ErrorKind::AddrNotAvailable.into())),
        Address::Tcp(at) => {
            let listener = match StdTcpListener::bind(at) {
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                    // A management address may come late, or by DHCP: cables are checked all the same.
                    tracing::warn!("this machine does not have the address {at} yet; serving there when it does");
                    listen_early(*at)
                }
                bound => bound,
            };
            let listener = listener.map_err(|error| match error.kind() {
                io::ErrorKind::AddrInUse => ListenError::PortInUse(*at),
                io::ErrorKind::PermissionDenied => ListenError::Forbidden(address.clone()),
                _ => io(error),
            })?;
            listener.set_nonblocking(true).map_err(io)?;
            Ok((Socket::Tcp(listener), None))
        }
        Address::Unix(path) => {
            remove_stale(path)?;
            let listener = StdUnixListener::bind(path).map_err(|error| match error.kind() {
                io::ErrorKind::AddrInUse => ListenError::Taken(path.clone()),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ListenError::NoDirectory(path.clone()),
                io::ErrorKind::PermissionDenied => ListenError::Forbidden(address.clone()),
                io::ErrorKind::InvalidInput => ListenError::TooLong(path.clone()),
                _ => io(error),
            })?;
            let identity = identity(path).map_err(io)?;
            let file = SocketFile { path: path.clone(), identity };
            fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE)).map_err(io)?;
            listener.set_nonblocking(true).map_err(io)?;
            Ok((Socket::Unix(listener), Some(file)))
        }
    }
}

/// Listens at an address that no interface has yet (`IP_FREEBIND`, ip(7); it holds for IPv6 too).
fn listen_early(at: SocketAddr) -> io::Result<StdTcpListener> {
    let family = if at.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let socket = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    setsockopt(&socket, sockopt::IpFreebind, &true)?;
    bind(socket.as_raw_fd(), &SockaddrStorage::from(at))?;
    listen(&socket, Backlog::MAXCONN)?;
    Ok(socket.into())
}

/// Removes the socket that a server left behind which was killed.
fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(ListenError::NoSocket(path.to_owned()));
    }
    match StdUnixStream::connect(path) {
        // Nobody has it open.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|source| ListenError::Io { address: Address::Unix(path.to_owned()), source })
        }
        // Gone meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Also one whose backlog is full, or to which we may not connect.
        Ok(_) | Err(_) => Err(ListenError::Taken(path.to_owned())),
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// A stream of bytes, over whatever.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Milliseconds for which the kernel keeps what a client does not take: longer than the server does.
const UNTAKEN: u32 = 20_000;

/// Who connects, as far as places are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Peer {
    /// An address; of IPv6 the network of 64 bits, for whoever has one address in it has all.
    Address(IpAddr),
    /// A user of a Unix socket.
    User(u32),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::User(user) => write!(f, "user {user}"),
        }
    }
}

impl Peer {
    fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) if !address.is_loopback() => {
                let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
                Self::Address(network.into())
            }
            address => Self::Address(address),
        }
    }
}

/// A socket that listens.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Needs a tokio runtime.
    pub(super) fn new(socket: Socket) -> io::Result<Self> {
        match socket {
            Socket::Tcp(socket) => TcpListener::from_std(socket).map(Self::Tcp),
            Socket::Unix(socket) => UnixListener::from_std(socket).map(Self::Unix),
        }
    }

    /// The next connection. Cancel-safe.
    pub(super) async fn accept(&self) -> io::Result<(Box<dyn Io>, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
                prepare(&stream);
                Ok((Box::new(stream), Peer::at(from.ip())))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                let user = stream.peer_cred()?.uid();
                Ok((Box::new(stream), Peer::User(user)))
            }
        }
    }
}

/// Events are not to wait for others, and not to pile up in the kernel.
fn prepare(stream: &TcpStream) {
    // None of it is worth a connection.
    let _ = stream.set_nodelay(true);
    // What was not taken when the connection was closed, or whose client lost power, the kernel keeps so long.
    let _ = setsockopt(stream, sockopt::TcpUserTimeout, &UNTAKEN);
    let length = libc::socklen_t::try_from(size_of_val(&UNSENT)).expect("four");
    // SAFETY: the descriptor is open for the call; the kernel reads an int, which lives as long.
    unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_NOTSENT_LOWAT,
            (&raw const UNSENT).cast(),
            length,
        );
    }
}

#[cfg(test)]
mod tests;
