//! Raw frames on the wire to a port.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{AddressFamily, LinkAddr, SockFlag, SockProtocol, SockType, SockaddrLike, bind, socket};

use crate::{Endpoint, FabricError, Machine};

/// The wire to a port: what is sent on it arrives there, and only there, as if a neighbor had sent it.
pub struct Wire {
    port: Endpoint,
    socket: File,
}

impl Wire {
    /// Opens the wire to `port` at its other end, the interface `jack` of `machine`.
    pub(crate) fn open(machine: &Machine, port: &Endpoint, jack: &str) -> Result<Self, FabricError> {
        let interface = jack.to_owned();
        let socket = machine.enter(move || packet_socket(&interface));
        let socket = socket.map_err(|e| FabricError::system(machine.name(), "open a packet socket", e))?;
        Ok(Self { port: port.clone(), socket })
    }

    /// Sends one frame, Ethernet header first, without the frame check sequence.
    pub fn send(&mut self, frame: &[u8]) -> Result<(), FabricError> {
        let doing = || format!("send a frame of {} bytes", frame.len());
        self.socket.write_all(frame).map_err(|e| FabricError::system(&self.port.to_string(), doing(), e))
    }
}

/// A packet socket that sends on `interface`. It has to have a protocol: one of which nothing will arrive.
fn packet_socket(interface: &str) -> io::Result<File> {
    let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthLoop)?;
    let invalid = |_| Errno::EINVAL;
    let address = libc::sockaddr_ll {
        sll_family: libc::sa_family_t::try_from(libc::AF_PACKET).map_err(invalid)?,
        sll_protocol: 0,
        sll_ifindex: if_nametoindex(interface)?.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let length = libc::socklen_t::try_from(size_of_val(&address)).map_err(invalid)?;
    // SAFETY: the pointer is to a whole `sockaddr_ll` that lives to the end of the call, which copies it.
    let address = unsafe { LinkAddr::from_raw((&raw const address).cast(), Some(length)) };
    bind(socket.as_raw_fd(), &address.ok_or(Errno::EINVAL)?)?;
    Ok(socket.into())
}
