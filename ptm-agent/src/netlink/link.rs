//! What is kept of one interface, and how it is read from a kernel message.
//!
//! Only the attributes that are kept are decoded. One that is new, odd or a driver's own can't cost the whole
//! message, and with it the port: `rtnetlink`'s connection drops a message for a single attribute it can't read.

use std::fmt;
use std::sync::Arc;

pub use rtnetlink::packet_route::link::State as OperState;

use ptm_common::IfIndex;
use rtnetlink::packet_core::{NlasIterator, parse_u8, parse_u32};
use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::link::{LinkFlags, LinkHeader, LinkLayerType};

use super::LinkEvent;

/// `struct ifinfomsg`, which precedes the attributes of a link message.
const LINK_HEADER_LEN: usize = 16;

// linux/if_link.h and linux/rtnetlink.h; the libc crate has only some of them on every target.
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_OPERSTATE: u16 = 16;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_CARRIER_DOWN_COUNT: u16 = 48;

/// An interface of this network namespace, as the kernel last described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its number. Names change and swap; this stays until the interface leaves the namespace.
    pub ifindex: IfIndex,
    /// Its name, 1–15 bytes; bytes that are not UTF-8 are shown as `\xff`.
    pub name: Arc<str>,
    /// What sort of interface it is.
    pub kind: Kind,
    /// Administratively up (`IFF_UP`).
    pub admin_up: bool,
    /// Has carrier (`IFF_LOWER_UP`): LLDP can be heard. This is what "up" means to the monitor.
    ///
    /// Not the operational state: that is held below `UP` while 802.1X has not yet let the port in (`IF_OPER_DORMANT`)
    /// and is `UNKNOWN` for drivers that never set it, and LLDP passes in both cases (Documentation/networking/
    /// operstates.rst: `IFF_LOWER_UP` says that the driver called `netif_carrier_on()`). It is never set while
    /// the interface is administratively down (`dev_get_flags()`).
    pub carrier: bool,
    /// RFC 2863 operational state, for people.
    pub oper_state: OperState,
    /// How often it lost carrier since it was made (`IFLA_CARRIER_DOWN_COUNT`, kernel 4.16).
    ///
    /// The kernel reports carrier changes of real NICs at most once a second (`net/core/link_watch.c`), so a cable
    /// pulled and put back meanwhile shows only here: see [`Link::flapped_since`].
    pub carrier_losses: u32,
    /// Its MAC address. It may change: a bond gives its ports its own.
    pub mac: Option<[u8; 6]>,
    /// Its MTU, bytes.
    pub mtu: u32,
}

impl Link {
    /// Whether it can be at the end of a cable: LLDP is captured on it and the plan may name it.
    pub fn is_port(&self) -> bool {
        self.kind.is_port()
    }

    /// Whether it lost carrier and had it back between two looks that both found it up.
    pub fn flapped_since(&self, earlier: &Self) -> bool {
        self.carrier && earlier.carrier && self.carrier_losses != earlier.carrier_losses
    }

    /// Whether this must be another interface than the one seen under the same index before messages were lost.
    ///
    /// The kernel gives an index again when asked to (`ip link add … index N`) and when an interface that moves
    /// between namespaces brings its own along. An interface never changes its kind, and its count of carrier losses
    /// never falls; its name changes often, its MAC address seldom. When in doubt it is another: that costs a new
    /// attachment and up to one LLDP interval, while the opposite mistake leaves the new interface without capture.
    pub(super) fn is_another_than(&self, earlier: &Self) -> bool {
        self.kind != earlier.kind || self.mac != earlier.mac || self.carrier_losses < earlier.carrier_losses
    }
}

/// What sort of interface it is (`IFLA_INFO_KIND` and the link layer).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ethernet that no `rtnl_link_ops` made: a NIC, or a switch's front port.
    Nic,
    /// One end of a virtual Ethernet cable.
    Veth,
    /// A front port of a switch driven by DSA, which has a kind since kernel 6.0.
    Dsa,
    /// Plumbing: bridge, bond, team, vlan, vrf, dummy, macvlan, vxlan, tun, …, by the kernel's name for it.
    Virtual(Box<str>),
    /// Not Ethernet at all: loopback, `InfiniBand`, CAN, ….
    NotEthernet,
}

impl Kind {
    fn new(layer: LinkLayerType, info_kind: Option<&[u8]>) -> Self {
        match (layer, info_kind) {
            (LinkLayerType::Ether, None) => Self::Nic,
            (LinkLayerType::Ether, Some(b"veth")) => Self::Veth,
            (LinkLayerType::Ether, Some(b"dsa")) => Self::Dsa,
            (LinkLayerType::Ether, Some(other)) => Self::Virtual(printable(other).into()),
            _ => Self::NotEthernet,
        }
    }

    const fn is_port(&self) -> bool {
        matches!(self, Self::Nic | Self::Veth | Self::Dsa)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Nic => "nic",
            Self::Veth => "veth",
            Self::Dsa => "dsa",
            Self::Virtual(kind) => kind,
            Self::NotEthernet => "not-ethernet",
        })
    }
}

/// Reads the payload of one `RTM_NEWLINK` or `RTM_DELLINK`; `None` if it says nothing about an interface as a whole.
///
/// Such are
/// - messages of another family: the group also carries the bridge's view of its ports, and a port that leaves
///   a bridge is announced with `RTM_DELLINK` of `AF_BRIDGE` under its own index, though the interface stays;
/// - partial ones: wireless events are an `RTM_NEWLINK` with a name and little else.
pub(super) fn decode(message_type: u16, payload: &[u8]) -> Option<LinkEvent> {
    let header = LinkHeader::parse(payload).ok()?;
    if header.interface_family != AddressFamily::Unspec {
        return None;
    }
    match message_type {
        RTM_NEWLINK => decode_link(&header, payload.get(LINK_HEADER_LEN..)?).map(LinkEvent::Present),
        RTM_DELLINK => Some(LinkEvent::Gone(header.index)),
        _ => None,
    }
}

fn decode_link(header: &LinkHeader, attributes: &[u8]) -> Option<Link> {
    let (mut name, mut mtu, mut oper_state, mut mac, mut carrier_losses, mut info_kind) =
        (None, None, None, None, 0, None);
    for attribute in NlasIterator::new(attributes).map_while(Result::ok) {
        let value = attribute.value();
        match attribute.kind() {
            IFLA_IFNAME => name = Some(printable(without_nul(value))),
            IFLA_MTU => mtu = parse_u32(value).ok(),
            IFLA_OPERSTATE => oper_state = parse_u8(value).ok().map(OperState::from),
            IFLA_ADDRESS => mac = value.try_into().ok(),
            IFLA_CARRIER_DOWN_COUNT => carrier_losses = parse_u32(value).unwrap_or_default(),
            IFLA_LINKINFO => {
                info_kind = NlasIterator::new(value)
                    .map_while(Result::ok)
                    .find(|nested| nested.kind() == IFLA_INFO_KIND)
                    .map(|nested| without_nul(nested.value()).to_vec());
            }
            _ => {}
        }
    }
    Some(Link {
        ifindex: header.index,
        name: name?.into(),
        kind: Kind::new(header.link_layer_type, info_kind.as_deref()),
        admin_up: header.flags.contains(LinkFlags::Up),
        carrier: header.flags.contains(LinkFlags::LowerUp),
        oper_state: oper_state?,
        carrier_losses,
        mac,
        mtu: mtu?,
    })
}

fn without_nul(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A kernel string as text. The kernel allows every byte but NUL, `/`, `:` and white space in a name.
fn printable(bytes: &[u8]) -> String {
    str::from_utf8(bytes).map_or_else(|_| bytes.escape_ascii().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
