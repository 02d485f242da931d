//! The kinds of which this machine's kernel may have no module, and messages that no kernel sends on request.

use rtnetlink::packet_core::{DefaultNla, Emitable, Parseable};
use rtnetlink::packet_route::link::{InfoKind, LinkAttribute, LinkInfo, LinkMessage};

use super::*;

const IFLA_MAP: u16 = 14;
const RTM_NEWADDR: u16 = 20;

fn message(info_kind: Option<InfoKind>) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = 7;
    message.header.link_layer_type = LinkLayerType::Ether;
    message.header.flags = LinkFlags::Up | LinkFlags::LowerUp;
    message.attributes = vec![
        LinkAttribute::IfName("swp7".into()),
        LinkAttribute::OperState(OperState::Dormant),
        LinkAttribute::Mtu(9216),
        LinkAttribute::Address(vec![2, 0, 0, 0, 0, 7]),
        LinkAttribute::CarrierDownCount(3),
    ];
    message.attributes.extend(info_kind.map(|kind| LinkAttribute::LinkInfo(vec![LinkInfo::Kind(kind)])));
    message
}

fn decode_as(message_type: u16, message: &LinkMessage) -> Option<LinkEvent> {
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    decode(message_type, &bytes)
}

fn present(message: &LinkMessage) -> Link {
    match decode_as(RTM_NEWLINK, message) {
        Some(LinkEvent::Present(link)) => link,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_kept_attribute_is_read() {
    assert_eq!(
        present(&message(None)),
        Link {
            ifindex: 7,
            name: "swp7".into(),
            kind: Kind::Nic,
            admin_up: true,
            carrier: true,
            oper_state: OperState::Dormant,
            carrier_losses: 3,
            mac: Some([2, 0, 0, 0, 0, 7]),
            mtu: 9216,
        }
    );
    assert_eq!(decode_as(RTM_DELLINK, &message(None)), Some(LinkEvent::Gone(7)));
}

#[test]
fn plumbing_is_no_port() {
    let other = |kind: &str| InfoKind::Other(kind.into());
    for kind in [
        InfoKind::Bridge,
        InfoKind::Bond,
        InfoKind::Vlan,
        InfoKind::Vrf,
        InfoKind::Dummy,
        InfoKind::MacVlan,
        InfoKind::MacVtap,
        InfoKind::IpVlan,
        InfoKind::Vxlan,
        InfoKind::Tun,
        InfoKind::Ifb,
        InfoKind::Geneve,
        InfoKind::GreTap,
        InfoKind::MacSec,
        other("team"),
        other("netkit"),
    ] {
        let link = present(&message(Some(kind.clone())));
        assert!(!link.is_port(), "{link:?}");
        assert_eq!(link.kind.to_string(), kind.to_string());
    }
}

#[test]
fn cable_ends_are_ports() {
    for (kind, expected) in
        [(None, Kind::Nic), (Some(InfoKind::Veth), Kind::Veth), (Some(InfoKind::Other("dsa".into())), Kind::Dsa)]
    {
        let link = present(&message(kind));
        assert_eq!(link.kind, expected);
        assert!(link.is_port());
    }
}

#[test]
fn only_ethernet_is_a_port() {
    for layer in [LinkLayerType::Loopback, LinkLayerType::Infiniband, LinkLayerType::None] {
        let mut message = message(None);
        message.header.link_layer_type = layer;
        assert_eq!(present(&message).kind, Kind::NotEthernet);
    }
}

#[test]
fn up_means_carrier_whatever_the_operational_state() {
    let mut message = message(None);
    assert!(present(&message).carrier, "802.1X holds the port dormant, LLDP passes");
    message.header.flags = LinkFlags::Up;
    assert!(!present(&message).carrier);
}

#[test]
fn flap_between_two_looks_shows_in_the_count() {
    let before = present(&message(None));
    let flapped = Link { carrier_losses: 4, ..before.clone() };
    let down = Link { carrier: false, ..flapped.clone() };
    assert!(flapped.flapped_since(&before));
    assert!(!before.flapped_since(&before));
    assert!(!down.flapped_since(&before), "that is a loss of carrier, and seen as one");
    assert!(!flapped.flapped_since(&down));
}

#[test]
fn attribute_that_cannot_be_read_costs_only_itself() {
    let mut message = message(None);
    message.attributes.insert(0, LinkAttribute::Other(DefaultNla::new(IFLA_MAP | 0x8000, vec![1, 2, 3])));
    message.attributes.insert(0, LinkAttribute::Other(DefaultNla::new(IFLA_CARRIER_DOWN_COUNT, vec![1])));
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    assert!(LinkMessage::parse(bytes.as_slice()).is_err(), "the library drops the whole message");
    assert_eq!(present(&message).name.as_ref(), "swp7");
}

#[test]
fn bridges_view_of_its_port_is_passed_over() {
    let mut message = message(None);
    message.header.interface_family = AddressFamily::Bridge;
    assert_eq!(decode_as(RTM_NEWLINK, &message), None);
    assert_eq!(decode_as(RTM_DELLINK, &message), None);
}

#[test]
fn partial_and_foreign_messages_are_passed_over() {
    let mut wireless = message(None);
    wireless.attributes.truncate(1);
    assert_eq!(decode_as(RTM_NEWLINK, &wireless), None);
    assert_eq!(decode_as(RTM_NEWADDR, &message(None)), None);
    let whole = {
        let mut bytes = vec![0; message(None).buffer_len()];
        message(None).emit(&mut bytes);
        bytes
    };
    for length in 0..whole.len() {
        // Cut short: never a panic, and no interface unless the cut is behind what is needed.
        if let Some(LinkEvent::Present(link)) = decode(RTM_NEWLINK, &whole[..length]) {
            assert_eq!((link.name.as_ref(), link.mtu), ("swp7", 9216));
        }
    }
}

#[test]
fn name_that_is_not_text_is_shown_escaped() {
    let mut message = message(None);
    message.attributes[0] = LinkAttribute::Other(DefaultNla::new(IFLA_IFNAME, b"sw\xff\0".to_vec()));
    assert_eq!(present(&message).name.as_ref(), "sw\\xff");
}
