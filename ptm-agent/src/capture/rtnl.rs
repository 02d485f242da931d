//! What must be asked of rtnetlink and aya doesn't ask. Blocking: the kernel answers within the call.

use std::io;

use ptm_common::IfIndex;
use rtnetlink::packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use rtnetlink::packet_route::RouteNetlinkMessage;
use rtnetlink::packet_route::link::{LinkAttribute, LinkMessage, LinkXdp};
use rtnetlink::packet_route::tc::{TcHandle, TcMessage};
use rtnetlink::sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

/// The id of the XDP program that an interface has, if it has one.
pub(super) fn xdp_program(ifindex: IfIndex) -> io::Result<Option<u32>> {
    let mut message = LinkMessage::default();
    message.header.index = ifindex;
    let answers = request(RouteNetlinkMessage::GetLink(message), NLM_F_ACK)?;
    let attributes = answers.into_iter().filter_map(|answer| match answer {
        RouteNetlinkMessage::NewLink(link) => Some(link.attributes),
        _ => None,
    });
    let xdp = attributes.flatten().filter_map(|attribute| match attribute {
        LinkAttribute::Xdp(xdp) => Some(xdp),
        _ => None,
    });
    Ok(xdp.flatten().find_map(|xdp| match xdp {
        LinkXdp::ProgId(id) => Some(id),
        _ => None,
    }))
}

/// Removes the clsact qdisc of an interface, unless somebody has a filter in it.
pub(super) fn remove_empty_clsact(ifindex: IfIndex) -> io::Result<()> {
    for minor in [TcHandle::MIN_INGRESS, TcHandle::MIN_EGRESS] {
        let mut filters = TcMessage::with_index(ifindex.cast_signed());
        filters.header.parent = TcHandle { major: u16::MAX, minor };
        if !request(RouteNetlinkMessage::GetTrafficFilter(filters), NLM_F_DUMP)?.is_empty() {
            return Ok(());
        }
    }
    let mut clsact = TcMessage::with_index(ifindex.cast_signed());
    clsact.header.handle = TcHandle { major: u16::MAX, minor: 0 };
    clsact.header.parent = TcHandle::CLSACT;
    request(RouteNetlinkMessage::DelQueueDiscipline(clsact), NLM_F_ACK)?;
    Ok(())
}

/// Sends one request and takes the answers up to the final acknowledgment or end of the dump.
fn request(message: RouteNetlinkMessage, flags: u16) -> io::Result<Vec<RouteNetlinkMessage>> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);

    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.send(&bytes, 0)?;
    let mut answers = Vec::new();
    loop {
        let (datagram, _) = socket.recv_from_full()?;
        let mut rest = datagram.as_slice();
        while !rest.is_empty() {
            let answer = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest).map_err(io::Error::other)?;
            match answer.payload {
                NetlinkPayload::InnerMessage(inner) => answers.push(inner),
                NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
                NetlinkPayload::Error(_) | NetlinkPayload::Done(_) => return Ok(answers),
                _ => {}
            }
            // Messages are aligned to 4 bytes; the last one may lack its padding.
            let len = (answer.header.length as usize).next_multiple_of(4);
            rest = rest.get(len..).unwrap_or_default();
        }
    }
}
