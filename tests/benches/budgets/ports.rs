//! Ports of a machine, each a veth whose other end is on another machine, where frames are put on the wire.
//!
//! Not the fabric's patch panel: its cables would be part of what is measured.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};

use anyhow::{Context as _, Result};
use nix::net::if_::if_nametoindex;
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, SockaddrLike as _, bind, sendto, socket,
};
use ptm_tests::{Fabric, Machine};

/// The wires to the ports `swp1`, `swp2`, … of a machine.
pub(crate) struct Wires {
    socket: OwnedFd,
    ends: Vec<LinkAddr>,
}

impl Wires {
    /// Gives the machine `node` so many ports, up, and holds their wires on `far`. Nothing but what is sent here is on
    /// them.
    pub(crate) fn make(fabric: &mut Fabric, node: &str, far: &str, count: usize) -> Result<Self> {
        let end = |port: usize| format!("{node}-{port}");
        let network = format!("/proc/{}/ns/net", quiet(fabric, node)?.tid());
        let links =
            (1..=count).map(|port| format!("link add {} type veth peer name swp{port} netns {network}", end(port)));
        let far = quiet(fabric, far)?;
        far.batch("ip", &links.collect::<Vec<_>>())?;
        far.batch("ip", &(1..=count).map(|port| format!("link set {} up", end(port))).collect::<Vec<_>>())?;
        let names: Vec<_> = (1..=count).map(end).collect();
        let (socket, ends) = far.enter(move || {
            let ends = names.iter().map(|name| Ok(address(0, if_nametoindex(name.as_str())?)));
            Ok::<_, io::Error>((raw_socket()?, ends.collect::<io::Result<_>>()?))
        })?;
        let up = (1..=count).map(|port| format!("link set swp{port} up"));
        fabric.node(node)?.machine().batch("ip", &up.collect::<Vec<_>>())?;
        Ok(Self { socket, ends })
    }

    /// Sends a frame to port `swp1` (0), `swp2` (1), ….
    pub(crate) fn send(&self, port: usize, frame: &[u8]) -> Result<()> {
        sendto(self.socket.as_raw_fd(), frame, &self.ends[port], MsgFlags::empty())
            .with_context(|| format!("cannot send a frame to swp{}", port + 1))?;
        Ok(())
    }
}

/// A machine whose interfaces don't speak by themselves: no router solicitations, no multicast listener reports.
fn quiet<'a>(fabric: &'a mut Fabric, node: &str) -> Result<&'a Machine> {
    let machine = fabric.node(node)?.machine();
    // Where it fails there is no IPv6.
    let _ = machine.enter(|| fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"));
    Ok(machine)
}

/// A packet socket that receives frames of this `EtherType` from `interface`.
pub(crate) fn packet_socket(ethertype: u16, interface: &str) -> io::Result<OwnedFd> {
    let socket = raw_socket()?;
    bind(socket.as_raw_fd(), &address(ethertype, if_nametoindex(interface)?))?;
    Ok(socket)
}

/// A packet socket that receives nothing yet.
fn raw_socket() -> io::Result<OwnedFd> {
    Ok(socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)?)
}

#[expect(clippy::cast_possible_truncation, reason = "small constants that libc has in a wider type")]
fn address(ethertype: u16, ifindex: u32) -> LinkAddr {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as libc::sa_family_t,
        sll_protocol: ethertype.to_be(),
        sll_ifindex: ifindex.cast_signed(),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    // SAFETY: the pointer is to a whole `sockaddr_ll` that lives to the end of the call, which copies it.
    let address = unsafe { LinkAddr::from_raw((&raw const address).cast(), Some(size_of_val(&address) as u32)) };
    address.expect("it is a packet address of its length")
}
