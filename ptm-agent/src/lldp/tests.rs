use proptest::prelude::*;

use super::encode::Builder;
use super::*;

/// Chassis ID local `c`, port ID ifname `p`, TTL 120.
const MANDATORY: &[u8] = &[2, 2, 7, b'c', 4, 2, 5, b'p', 6, 2, 0, 120];

fn with(tlvs: &[u8]) -> Vec<u8> {
    [MANDATORY, tlvs].concat()
}

/// An organizational TLV of IEEE 802.1 or 802.3, whole.
fn org(oui: Oui, subtype: u8, info: &[u8]) -> Vec<u8> {
    let length = u8::try_from(4 + info.len()).unwrap();
    [&[127 << 1, length][..], &oui.0, &[subtype], info].concat()
}

/// The one TLV behind the mandatory ones.
fn only_tlv(lldpdu: &[u8]) -> Tlv<'_> {
    let pdu = decode(lldpdu).unwrap();
    let mut tlvs = pdu.tlvs().skip(3);
    let tlv = tlvs.next().unwrap();
    assert_eq!(tlvs.next(), None);
    tlv
}

#[test]
fn the_mandatory_tlvs_are_enough() {
    let pdu = decode(MANDATORY).unwrap();
    assert_eq!((pdu.chassis_id.subtype(), pdu.chassis_id.bytes()), (ChassisIdSubtype::Local, &b"c"[..]));
    assert_eq!((pdu.port_id.subtype(), pdu.port_id.bytes()), (PortIdSubtype::InterfaceName, &b"p"[..]));
    assert_eq!(pdu.ttl, 120);
    assert_eq!((pdu.port_description, pdu.system_name, pdu.system_description), (None, None, None));
    assert_eq!((pdu.capabilities, pdu.tlvs_discarded, pdu.tlvs_unrecognized), (None, 0, 0));
    assert_eq!(pdu.as_bytes(), MANDATORY);
    assert_eq!(pdu.tlvs().count(), 3);
}

#[test]
fn basic_tlvs_fill_their_fields() {
    let lldpdu = with(b"\x08\x04eth0\x0a\x05leaf1\x0c\x00\x0e\x04\x00\x14\x00\x10\x00\x00");
    let pdu = decode(&lldpdu).unwrap();
    assert_eq!(pdu.port_description.unwrap().to_str(), Some("eth0"));
    assert_eq!(pdu.system_name.unwrap().to_str(), Some("leaf1"));
    assert_eq!(pdu.system_description.unwrap().to_str(), Some(""));
    assert_eq!(pdu.capabilities, Some(Capabilities { system: 0x14, enabled: 0x10 }));
    assert_eq!(pdu.capabilities.unwrap().to_string(), "Bridge off, Router on");
}

#[test]
fn what_discards_the_whole_pdu() {
    use Mandatory::{ChassisId, PortId, TimeToLive};
    let long_id = [&[2 | 1, 1, 7][..], &[b'x'; 256]].concat();
    let cases: &[(&[u8], Malformed, &str)] = &[
        (&[], Malformed::Missing { expected: ChassisId, at: 0 }, "missing-tlv"),
        (&[0, 0], Malformed::Missing { expected: ChassisId, at: 0 }, "missing-tlv"),
        (&MANDATORY[..4], Malformed::Missing { expected: PortId, at: 4 }, "missing-tlv"),
        (&MANDATORY[..8], Malformed::Missing { expected: TimeToLive, at: 8 }, "missing-tlv"),
        (&MANDATORY[4..], Malformed::OutOfOrder { expected: ChassisId, found: 2, at: 0 }, "out-of-order"),
        (&[2, 2, 7, b'c', 6, 2, 0, 1], Malformed::OutOfOrder { expected: PortId, found: 3, at: 4 }, "out-of-order"),
        (&[2, 2, 7, b'c', 254, 0], Malformed::OutOfOrder { expected: PortId, found: 127, at: 4 }, "out-of-order"),
        (&[2], Malformed::Truncated { tlv: ChassisId, at: 0 }, "truncated"),
        (&[2, 9, 7, b'c'], Malformed::Truncated { tlv: ChassisId, at: 0 }, "truncated"),
        (&MANDATORY[..11], Malformed::Truncated { tlv: TimeToLive, at: 8 }, "truncated"),
        (&[2, 1, 7], Malformed::Length { tlv: ChassisId, length: 1, at: 0 }, "bad-length"),
        (&long_id, Malformed::Length { tlv: ChassisId, length: 257, at: 0 }, "bad-length"),
        (&[2, 2, 7, b'c', 4, 0], Malformed::Length { tlv: PortId, length: 0, at: 4 }, "bad-length"),
        (
            &[2, 2, 7, b'c', 4, 2, 5, b'p', 6, 1, 9],
            Malformed::Length { tlv: TimeToLive, length: 1, at: 8 },
            "bad-length",
        ),
        (&with(&[2, 2, 7, b'c']), Malformed::Duplicate { tlv: ChassisId, at: 12 }, "duplicate-tlv"),
        (&with(&[8, 1, b'd', 4, 0]), Malformed::Duplicate { tlv: PortId, at: 15 }, "duplicate-tlv"),
        (&with(&[6, 2, 0, 120]), Malformed::Duplicate { tlv: TimeToLive, at: 12 }, "duplicate-tlv"),
    ];
    for (lldpdu, malformed, kind) in cases {
        assert_eq!(decode(lldpdu), Err(*malformed), "{lldpdu:02x?}");
        assert_eq!(malformed.kind(), *kind);
    }
}

#[test]
fn a_malformed_pdu_is_explained() {
    let said = |lldpdu: &[u8]| decode(lldpdu).unwrap_err().to_string();
    assert_eq!(said(&MANDATORY[..4]), "it ends at offset 4, where its port ID TLV should begin");
    assert_eq!(said(&[254, 0]), "at offset 0 there is a TLV of type 127 instead of the chassis ID TLV");
    assert_eq!(said(&[2, 9, 7]), "its chassis ID TLV at offset 0 runs past the end of the frame");
    assert_eq!(said(&[2, 1, 7]), "the length of its chassis ID TLV at offset 0 is 1; it must be 2 to 256");
    assert_eq!(said(&with(&[6, 2, 0, 0])), "it has a second time to live TLV at offset 12");
}

#[test]
fn a_tlv_in_error_is_discarded_and_the_rest_stands() {
    use TlvError::{Contradiction, Duplicate, Length, Truncated};
    let long_text = [&[8 | 1, 0][..], &[b'x'; 256]].concat();
    let cases: &[(&[u8], TlvError)] = &[
        (&long_text, Length),
        (&[14, 3, 0, 4, 0], Length),
        (&[14, 4, 0x00, 0x04, 0x00, 0x10], Contradiction),
        (&[16, 0], Length),
        (&[16, 9, 1, 1, 2, 0, 0, 0, 7, 0, 0], Length),
        (&[16, 12, 6, 1, 192, 0, 2, 1, 2, 0, 0, 0, 7, 0], Length),
        (&[16, 12, 5, 1, 192, 0, 2, 1, 2, 0, 0, 0, 7, 1], Length),
        (&[254, 3, 0x00, 0x12, 0x0f], Length),
        (&org(Oui::DOT1, 1, &[1]), Length),
        (&org(Oui::DOT1, 2, &[0x04, 0, 1]), Contradiction),
        (&org(Oui::DOT1, 3, &[0, 1, 9, b'v']), Length),
        (&org(Oui::DOT1, 3, &[&[0, 1, 33][..], &[b'v'; 33]].concat()), Length),
        (&org(Oui::DOT1, 4, &[2, 0x88]), Length),
        (&org(Oui::DOT1, 7, &[1, 0, 0, 0]), Length),
        (&org(Oui::DOT3, 1, &[3, 0, 0, 0]), Length),
        (&org(Oui::DOT3, 2, &[3, 1, 1, 0]), Length),
        (&org(Oui::DOT3, 4, &[1]), Length),
    ];
    for (tlv, expected) in cases {
        let lldpdu = with(&[tlv, &b"\x0a\x05leaf1\0\0"[..]].concat());
        let pdu = decode(&lldpdu).unwrap();
        assert_eq!(pdu.system_name.unwrap().to_str(), Some("leaf1"), "{tlv:02x?}");
        assert_eq!((pdu.tlvs_discarded, pdu.tlvs_unrecognized), (1, 0), "{tlv:02x?}");
        assert!(matches!(pdu.tlvs().nth(3), Some(Tlv::Discarded { error, .. }) if error == *expected), "{tlv:02x?}");
    }
    for tlv in [&[10, 6, b'l', b'e', b'a', b'f', b'1'][..], &[10], &[11, 0xff]] {
        let lldpdu = with(tlv);
        assert!(matches!(only_tlv(&lldpdu), Tlv::Discarded { tlv_type: 5, error: Truncated, .. }), "{tlv:02x?}");
        assert_eq!(decode(&lldpdu).unwrap().system_name, None);
        assert_eq!(decode(&lldpdu).unwrap().as_bytes(), lldpdu);
    }
    for tlv in [
        &b"\x08\x01a\x08\x01b"[..],
        b"\x0a\x01a\x0a\x01b",
        b"\x0c\x01a\x0c\x01b",
        &[14, 4, 0, 4, 0, 4, 14, 4, 0, 4, 0, 0],
        &org(Oui::DOT1, 1, &[0, 1]).repeat(2),
        &org(Oui::DOT1, 5, &[0; 4]).repeat(2),
        &org(Oui::DOT1, 6, &[0; 2]).repeat(2),
        &org(Oui::DOT1, 7, &[0; 5]).repeat(2),
        &org(Oui::DOT3, 1, &[0; 5]).repeat(2),
        &org(Oui::DOT3, 2, &[0; 3]).repeat(2),
        &org(Oui::DOT3, 3, &[0; 5]).repeat(2),
        &org(Oui::DOT3, 4, &[0; 2]).repeat(2),
    ] {
        let lldpdu = with(tlv);
        let pdu = decode(&lldpdu).unwrap();
        assert_eq!(pdu.tlvs_discarded, 1, "{tlv:02x?}");
        assert!(matches!(pdu.tlvs().nth(4), Some(Tlv::Discarded { error: Duplicate, .. })), "{tlv:02x?}");
    }
}

#[test]
fn the_first_of_two_names_stands() {
    let lldpdu = with(b"\x0a\x01a\x0a\x01b");
    assert_eq!(decode(&lldpdu).unwrap().system_name.unwrap().to_str(), Some("a"));
}

#[test]
fn what_is_unknown_is_kept_and_counted() {
    let lldpdu = with(
        &[
            &[18, 2, 0xab, 0xcd][..],
            &[253, 0xff],
            &[0x55; 511],
            &org(Oui([0x33, 0x44, 0x55]), 44, b"info"),
            &org(Oui::DOT1, 0x0d, &[1]),
            &org(Oui::MED, 12, &[]),
            &org(Oui::MED, 2, &[1, 0x40, 0x01, 0xed]),
        ]
        .concat(),
    );
    let pdu = decode(&lldpdu).unwrap();
    assert_eq!((pdu.tlvs_unrecognized, pdu.tlvs_discarded), (5, 0));
    let mut tlvs = pdu.tlvs().skip(3);
    assert_eq!(tlvs.next(), Some(Tlv::Unrecognized { tlv_type: 9, value: &[0xab, 0xcd] }));
    assert_eq!(tlvs.next(), Some(Tlv::Unrecognized { tlv_type: 126, value: &[0x55; 511] }));
    let organizational: Vec<_> = pdu.organizational().collect();
    assert_eq!(
        organizational,
        [
            Organizational::Unrecognized { oui: Oui([0x33, 0x44, 0x55]), subtype: 44, info: b"info" },
            Organizational::Unrecognized { oui: Oui::DOT1, subtype: 0x0d, info: &[1] },
            Organizational::Unrecognized { oui: Oui::MED, subtype: 12, info: &[] },
            Organizational::Med { subtype: 2, info: &[1, 0x40, 0x01, 0xed] },
        ]
    );
}

#[test]
fn organizational_tlvs_are_decoded() {
    use Organizational as O;
    let aggregated = LinkAggregation { capable: true, enabled: true, port_id: 7 };
    let power = PowerViaMdi { support: 0x0f, pairs: 2, class: 4, allocation: None };
    let at = PowerAllocation { type_source_priority: 0x51, requested: 100, allocated: 150 };
    let mac_phy =
        MacPhy { autonegotiation_supported: true, autonegotiation_enabled: true, advertised: 0x6c01, mau_type: 30 };
    let cases: &[(Oui, u8, &[u8], Organizational<'_>)] = &[
        (Oui::DOT1, 1, &[0, 100], O::Dot1(Dot1::PortVlanId(100))),
        (
            Oui::DOT1,
            2,
            &[6, 0, 200],
            O::Dot1(Dot1::PortAndProtocolVlanId { supported: true, enabled: true, vlan_id: 200 }),
        ),
        (
            Oui::DOT1,
            3,
            b"\x00\x64\x07storage",
            O::Dot1(Dot1::VlanName { vlan_id: 100, name: Text::new(b"storage").unwrap() }),
        ),
        (Oui::DOT1, 4, &[2, 0x88, 0x8e], O::Dot1(Dot1::ProtocolIdentity(&[0x88, 0x8e]))),
        (Oui::DOT1, 5, &[1, 2, 3, 4], O::Dot1(Dot1::VidUsageDigest(0x0102_0304))),
        (Oui::DOT1, 6, &[0x0f, 0xfe], O::Dot1(Dot1::ManagementVid(4094))),
        (Oui::DOT1, 7, &[3, 0, 0, 0, 7], O::Dot1(Dot1::LinkAggregation(aggregated))),
        (Oui::DOT3, 1, &[3, 0x6c, 0x01, 0, 30], O::Dot3(Dot3::MacPhy(mac_phy))),
        (Oui::DOT3, 2, &[0x0f, 2, 4], O::Dot3(Dot3::PowerViaMdi(power))),
        (
            Oui::DOT3,
            2,
            &[0x0f, 2, 4, 0x51, 0, 100, 0, 150],
            O::Dot3(Dot3::PowerViaMdi(PowerViaMdi { allocation: Some(at), ..power })),
        ),
        (Oui::DOT3, 3, &[3, 0, 0, 0, 7], O::Dot3(Dot3::LinkAggregation(aggregated))),
        (Oui::DOT3, 4, &[0x23, 0x3a], O::Dot3(Dot3::MaximumFrameSize(9018))),
        // A later revision of the standard may append fields.
        (Oui::DOT3, 4, &[0x23, 0x3a, 1, 2, 3], O::Dot3(Dot3::MaximumFrameSize(9018))),
    ];
    for (oui, subtype, info, expected) in cases {
        let lldpdu = with(&org(*oui, *subtype, info));
        assert_eq!(only_tlv(&lldpdu), Tlv::Organizational(*expected));
        assert_eq!(decode(&lldpdu).unwrap().tlvs_unrecognized, 0);
    }
}

#[test]
fn management_addresses_are_decoded() {
    let v6 = [&[16, 26, 17, 2, 0x20, 1, 0xd, 0xb8][..], &[0; 11], &[1, 3, 0, 0, 0, 9, 2, 0x2b, 6]].concat();
    let lldpdu = with(&[&[16, 12, 5, 1, 192, 0, 2, 11, 2, 0, 0, 1, 0, 0][..], &v6].concat());
    let pdu = decode(&lldpdu).unwrap();
    let [v4, v6] = pdu.management_addresses().collect::<Vec<_>>()[..] else { panic!("{pdu:?}") };
    assert_eq!((v4.address.to_string(), v4.interface), ("192.0.2.11".into(), InterfaceNumber::IfIndex(256)));
    assert_eq!((v6.address.to_string(), v6.interface), ("2001:db8::1".into(), InterfaceNumber::SystemPort(9)));
    assert_eq!((v4.object_id, v6.object_id), (&[][..], &[0x2b, 6][..]));
}

#[test]
fn the_end_tlv_and_the_end_of_the_frame_both_end_it() {
    let cases: &[(&[u8], usize)] = &[
        (&[], 0),
        (&[0, 0], 2),
        (&[0], 1),
        // Padding, and what might look like TLVs behind the End TLV.
        (&[0, 0, 0, 0, 0, 0], 2),
        (&[0, 0, 2, 2, 7, b'c', 10, 9], 2),
        // An End TLV with a length ends it just the same.
        (&[0, 5, 1], 2),
    ];
    for (after, taken) in cases {
        let lldpdu = with(after);
        let pdu = decode(&lldpdu).unwrap();
        assert_eq!(pdu.as_bytes(), &lldpdu[..MANDATORY.len() + taken], "{after:02x?}");
        assert_eq!((pdu.tlvs().count(), pdu.tlvs_discarded, pdu.tlvs_unrecognized), (3, 0, 0));
    }
}

#[test]
fn a_shutdown_says_nothing_but_who_leaves() {
    let mut lldpdu = with(b"\x0a\x05leaf1\x02\x02\x07c\0\0");
    lldpdu[11] = 0;
    let pdu = decode(&lldpdu).unwrap();
    assert!(pdu.is_shutdown());
    assert_eq!(pdu.as_bytes(), &lldpdu[..12]);
    assert_eq!((pdu.system_name, pdu.tlvs().count()), (None, 3));
}

#[test]
fn a_longer_ttl_tlv_counts_by_its_first_two_bytes() {
    let pdu = decode(&[2, 2, 7, b'c', 4, 2, 5, b'p', 6, 4, 0x0e, 0x11, 0xff, 0xff]).unwrap();
    assert_eq!(pdu.ttl, 3601);
}

#[test]
fn ids_read_as_lldpcli_prints_them() {
    let chassis: &[(u8, &[u8], &str, &str)] = &[
        (1, b"Rack 7", "chassis-component", "Rack 7"),
        (2, b"alias", "ifalias", "alias"),
        (3, b"slot", "port-component", "slot"),
        (4, &[0x00, 0x23, 0x54, 0xc2, 0x57, 0x02], "mac", "00:23:54:c2:57:02"),
        (4, &[0xAB], "mac", "ab"),
        (5, &[1, 192, 0, 2, 1], "ip", "192.0.2.1"),
        (5, &[2, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], "ip", "2001:db8::1"),
        (5, &[6, 0, 1, 2, 3, 4, 5], "ip", "00:01:02:03:04:05"),
        (5, &[1, 192, 0, 2], "ip", "01:c0:00:02"),
        (5, &[1], "ip", "01"),
        (6, b"eth0", "ifname", "eth0"),
        (7, b"x\n\xff", "local", r"x\n\xff"),
        (0, b"AB", "reserved", "41:42"),
        (8, b"AB", "reserved", "41:42"),
    ];
    for (subtype, bytes, name, shown) in chassis {
        let id = ChassisId::new(ChassisIdSubtype::new(*subtype), bytes).unwrap();
        assert_eq!((id.subtype().as_str(), id.to_string().as_str()), (*name, *shown));
        assert_eq!(id.subtype().number(), *subtype);
    }
    let port: &[(u8, &[u8], &str, &str)] = &[
        (1, b"to spine", "ifalias", "to spine"),
        (2, b"slot", "port-component", "slot"),
        (3, &[0, 1, 2, 0xfd, 0xfe, 0xff], "mac", "00:01:02:fd:fe:ff"),
        (4, &[1, 192, 0, 2, 1], "ip", "192.0.2.1"),
        (5, b"swp1\0", "ifname", "swp1"),
        (6, b"circuit", "agent-circuit-id", "circuit"),
        (7, b"Ethernet1/1", "local", "Ethernet1/1"),
        (9, b"\x01", "reserved", "01"),
    ];
    for (subtype, bytes, name, shown) in port {
        let id = PortId::new(PortIdSubtype::new(*subtype), bytes).unwrap();
        assert_eq!((id.subtype().as_str(), id.to_string().as_str()), (*name, *shown));
        assert_eq!(id.subtype().number(), *subtype);
    }
    assert_eq!(PortId::new(PortIdSubtype::InterfaceName, b"swp1\0").unwrap().text().unwrap().to_str(), Some("swp1"));
    assert_eq!(PortId::new(PortIdSubtype::MacAddress, b"swp1").unwrap().text(), None);
    let longest = [b'x'; 255];
    assert_eq!(PortId::new(PortIdSubtype::Local, &longest).unwrap().to_string().len(), 255);
}

/// Bytes that look like LLDP: the mandatory TLVs, then TLVs of likely and unlikely types and lengths.
fn nearly_lldp() -> impl Strategy<Value = Vec<u8>> {
    let tlv_type = prop_oneof![0_u8..10, Just(127), any::<u8>().prop_map(|n| n >> 1)];
    let start = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::sample::select(vec![&Oui::DOT1.0, &Oui::DOT3.0, &Oui::MED.0]).prop_flat_map(|oui| (
            0_u8..12,
            prop::collection::vec(0_u8..40, 0..40)
        )
            .prop_map(move |(subtype, info)| [&oui[..], &[subtype], &info].concat())),
    ];
    let tlv = (tlv_type, start, prop_oneof![9 => Just(0_i16), 1 => -3_i16..=3]).prop_map(|(tlv_type, value, lie)| {
        let length = i16::try_from(value.len()).unwrap().saturating_add(lie).max(0).unsigned_abs();
        [&(u16::from(tlv_type) << 9 | length).to_be_bytes()[..], &value].concat()
    });
    (prop::bool::weighted(0.9), prop::collection::vec(tlv, 0..12))
        .prop_map(|(is_sound, tlvs)| [if is_sound { MANDATORY } else { &[] }, &tlvs.concat()].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_bytes_decode_or_not_but_never_panic(
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), nearly_lldp()]
    ) {
        let Ok(pdu) = decode(&bytes) else { return Ok(()) };
        prop_assert_eq!(decode(pdu.as_bytes()), Ok(pdu));
        prop_assert!(bytes.starts_with(pdu.as_bytes()));
        let discarded = pdu.tlvs().filter(|tlv| matches!(tlv, Tlv::Discarded { .. })).count();
        prop_assert_eq!(usize::from(pdu.tlvs_discarded), discarded);
        // A line is a label of at most 30 characters and a value of at most 5 + 255.
        prop_assert!(pdu.show().to_string().lines().all(|line| line.chars().count() <= 300));
    }

    #[test]
    fn what_is_built_is_what_is_read(
        chassis in (any::<u8>(), prop::collection::vec(any::<u8>(), 1..=255)),
        port in (any::<u8>(), prop::collection::vec(any::<u8>(), 1..=255)),
        ttl in 1_u16..,
        texts in prop::array::uniform3(prop::option::of(prop::collection::vec(any::<u8>(), 0..=255))),
        system in any::<u16>(),
        enabled in any::<u16>(),
        addresses in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 2..=32), 1..=3_u8, any::<u32>(), prop::collection::vec(any::<u8>(), 0..=128)),
            0..4
        ),
        info in prop::collection::vec(any::<u8>(), 0..=507),
        padding in 0_usize..50,
    ) {
        let chassis_id = ChassisId::new(ChassisIdSubtype::new(chassis.0), &chassis.1).unwrap();
        let port_id = PortId::new(PortIdSubtype::new(port.0), &port.1).unwrap();
        let [description, name, system_description] =
            [0, 1, 2].map(|i| texts[i].as_deref().map(|bytes| Text::new(bytes).unwrap()));
        let addresses: Vec<_> = addresses.iter().map(|(address, kind, number, object_id)| {
            let interface = match kind {
                1 => InterfaceNumber::Unknown(*number),
                2 => InterfaceNumber::IfIndex(*number),
                _ => InterfaceNumber::SystemPort(*number),
            };
            ManagementAddress::new(address, interface, object_id).unwrap()
        }).collect();
        let capabilities = Capabilities { system: system | enabled, enabled };
        let unknown = Organizational::Unrecognized { oui: Oui([1, 2, 3]), subtype: 4, info: &info };

        let mut builder = Builder::new(chassis_id, port_id, ttl).capabilities(capabilities);
        if let Some(text) = description {
            builder = builder.port_description(text);
        }
        if let Some(text) = name {
            builder = builder.system_name(text);
        }
        if let Some(text) = system_description {
            builder = builder.system_description(text);
        }
        builder = addresses.iter().fold(builder, |builder, address| builder.management_address(*address));
        let built = builder.organizational(Oui([1, 2, 3]), 4, &info).unwrap().finish();
        let padded = [&built[..], &vec![0; padding]].concat();

        let pdu = decode(&padded).unwrap();
        prop_assert_eq!((pdu.chassis_id, pdu.port_id, pdu.ttl), (chassis_id, port_id, ttl));
        prop_assert_eq!(pdu.port_description, description);
        prop_assert_eq!(pdu.system_name, name);
        prop_assert_eq!(pdu.system_description, system_description);
        prop_assert_eq!(pdu.capabilities, Some(capabilities));
        prop_assert_eq!(pdu.management_addresses().collect::<Vec<_>>(), addresses);
        prop_assert_eq!(pdu.organizational().collect::<Vec<_>>(), [unknown]);
        prop_assert_eq!((pdu.tlvs_discarded, pdu.tlvs_unrecognized), (0, 1));
        prop_assert_eq!(pdu.as_bytes(), &built[..]);
    }
}
