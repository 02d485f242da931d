//! A route netlink socket on the runtime, read in place.
//!
//! `rtnetlink`'s own connection is a task that forwards every message over an unbounded channel. Here the kernel's
//! receive buffer is the only queue: if the agent is slow the kernel drops, says so (`ENOBUFS`), and a dump makes up
//! for it. The flag of an interrupted dump (`NLM_F_DUMP_INTR`), which the connection hides, is seen too.

use std::io;
use std::os::fd::AsFd;

use nix::sys::socket::{setsockopt, sockopt};
use rtnetlink::MulticastGroup;
use rtnetlink::packet_core::{
    NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NetlinkBuffer, NetlinkMessage, parse_i32,
};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{LinkAttribute, LinkExtentMask, LinkMessage};
use rtnetlink::sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::{LinkEvent, link};

/// The kernel fills at most 32 KiB of a dump at once (since 4.9), and a notification is far smaller.
const DATAGRAM_LEN: usize = 32 * 1024;

/// A socket of the network namespace of the thread that made it.
#[derive(Debug)]
pub(super) struct RouteSocket {
    io: AsyncFd<Socket>,
    buffer: Vec<u8>,
}

/// What a read found.
#[derive(Debug)]
pub(super) enum Read<'a> {
    /// A datagram of one or several messages.
    Messages(Messages<'a>),
    /// Nothing there.
    Empty,
    /// The receive buffer was full and messages are lost.
    Overrun,
}

/// One message, as far as it concerns links.
#[derive(Debug)]
pub(super) enum Message {
    Link(LinkEvent),
    /// A dump ended; or it broke off.
    Done(io::Result<()>),
    /// The links changed while they were dumped: some may be missing (before the kernel walked them by index, one
    /// that is deleted meanwhile hides another).
    Interrupted,
}

impl RouteSocket {
    /// A socket that is told of every change of a link, with room for `receive_buffer` bytes of them.
    pub(super) fn subscribed_to_links(receive_buffer: usize) -> io::Result<Self> {
        let group = 1 << (MulticastGroup::Link as u32 - 1);
        let socket = bound_socket(group)?;
        // Past net.core.rmem_max only with CAP_NET_ADMIN. With less room, overruns are more frequent, nothing else.
        let fd = socket.as_fd();
        if let Err(errno) = setsockopt(&fd, sockopt::RcvBufForce, &receive_buffer)
            .or_else(|_| setsockopt(&fd, sockopt::RcvBuf, &receive_buffer))
        {
            tracing::debug!("the netlink receive buffer keeps its size: {errno}");
        }
        Self::register(socket)
    }

    /// A socket to ask for dumps.
    pub(super) fn for_dumps() -> io::Result<Self> {
        Self::register(bound_socket(0)?)
    }

    fn register(socket: Socket) -> io::Result<Self> {
        // SAFETY: `Socket` owns its descriptor and closes it only when dropped; nothing here replaces it.
        let io = unsafe { AsyncFd::register(socket) }?;
        Ok(Self { io, buffer: Vec::with_capacity(DATAGRAM_LEN) })
    }

    /// Asks for all links; the answer ends with [`Message::Done`].
    pub(super) fn request_links(&self) -> io::Result<()> {
        let mut links = LinkMessage::default();
        // The counters are most of a link's answer and nobody reads them here.
        links.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
        let mut request = NetlinkMessage::from(RouteNetlinkMessage::GetLink(links));
        request.header.flags = NLM_F_REQUEST | NLM_F_DUMP;
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        self.io.get_ref().send_to(&bytes, &SocketAddr::new(0, 0), 0).map(drop)
    }

    /// Waits until a read is worth while. Cancel-safe.
    pub(super) async fn readable(&self) -> io::Result<()> {
        // Left ready here; `read` clears it once there is nothing more.
        self.io.readable().await.map(|mut ready| ready.retain_ready())
    }

    /// Reads one datagram if there is one. Never waits, and does not depend on the runtime having seen it.
    pub(super) fn read(&mut self) -> io::Result<Read<'_>> {
        loop {
            self.buffer.clear();
            match self.io.get_ref().recv_from(&mut self.buffer, 0) {
                // Only port 0 is the kernel; a privileged process could send here too.
                Ok((_, sender)) if sender.port_number() != 0 => {}
                Ok(_) => return Ok(Read::Messages(Messages { rest: &self.buffer, interrupted: false })),
                Err(error) => return self.nothing_read(error),
            }
        }
    }

    fn nothing_read(&self, error: io::Error) -> io::Result<Read<'_>> {
        if error.raw_os_error() == Some(libc::ENOBUFS) {
            return Ok(Read::Overrun);
        }
        // Tells the runtime to wait for the next arrival; after a failure too, lest the caller spin on it.
        let would_block = || io::Error::from(io::ErrorKind::WouldBlock);
        drop(self.io.try_io(Interest::READABLE, |_| Err::<(), _>(would_block())));
        if error.kind() == io::ErrorKind::WouldBlock { Ok(Read::Empty) } else { Err(error) }
    }
}

fn bound_socket(groups: u32) -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.set_non_blocking(true)?;
    socket.bind(&SocketAddr::new(0, groups))?;
    Ok(socket)
}

/// The messages of one datagram that concern links; the others are passed over.
#[derive(Debug)]
pub(super) struct Messages<'a> {
    rest: &'a [u8],
    interrupted: bool,
}

impl Iterator for Messages<'_> {
    type Item = Message;

    fn next(&mut self) -> Option<Message> {
        loop {
            let message = NetlinkBuffer::new_checked(self.rest).ok()?;
            if message.flags() & NLM_F_DUMP_INTR != 0 && !self.interrupted {
                self.interrupted = true;
                return Some(Message::Interrupted);
            }
            let payload = message.payload();
            let length = (message.length() as usize).next_multiple_of(4);
            self.rest = self.rest.get(length..).unwrap_or_default();
            let item = match message.message_type() {
                NLMSG_DONE | NLMSG_ERROR => Some(Message::Done(status(payload))),
                kind => link::decode(kind, payload).map(Message::Link),
            };
            if item.is_some() {
                return item;
            }
        }
    }
}

/// `NLMSG_DONE` and `NLMSG_ERROR` both begin with zero or a negative errno.
fn status(payload: &[u8]) -> io::Result<()> {
    match payload.get(..4).and_then(|code| parse_i32(code).ok()) {
        Some(0) | None => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(code.saturating_neg())),
    }
}
