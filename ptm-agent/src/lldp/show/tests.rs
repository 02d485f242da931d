use crate::lldp::encode::Builder;
use crate::lldp::{
    Capabilities, ChassisId, ChassisIdSubtype, InterfaceNumber, ManagementAddress, Oui, PortId, PortIdSubtype, Text,
    decode,
};

#[test]
fn everything_is_shown_in_its_order() {
    let chassis_id = ChassisId::new(ChassisIdSubtype::MacAddress, &[0, 0x23, 0x54, 0xc2, 0x57, 2]).unwrap();
    let port_id = PortId::new(PortIdSubtype::InterfaceName, b"swp1").unwrap();
    let mut lldpdu = Builder::new(chassis_id, port_id, 120)
        .port_description(Text::new(b"to spine1\x1b[31m").unwrap())
        .system_name(Text::new(b"leaf1").unwrap())
        .system_description(Text::new("Debian, Kernel 6.1".as_bytes()).unwrap())
        .capabilities(Capabilities { system: 0x14, enabled: 0x10 })
        .management_address(
            ManagementAddress::new(&[1, 192, 0, 2, 1], InterfaceNumber::IfIndex(3), &[0x2b, 6]).unwrap(),
        )
        .finish();
    lldpdu.truncate(lldpdu.len() - 2);
    let organizational: &[(Oui, u8, &[u8])] = &[
        (Oui::DOT1, 1, &[0, 100]),
        (Oui::DOT1, 2, &[2, 0, 200]),
        (Oui::DOT1, 3, b"\0\x64\x07storage"),
        (Oui::DOT1, 4, &[2, 0x88, 0x8e]),
        (Oui::DOT1, 5, &[0, 0, 0xab, 0xcd]),
        (Oui::DOT1, 6, &[0, 1]),
        (Oui::DOT1, 7, &[3, 0, 0, 0, 9]),
        (Oui::DOT3, 1, &[1, 0x6c, 0x01, 0, 30]),
        (Oui::DOT3, 2, &[0x0f, 2, 4, 0x51, 0, 100, 0, 155]),
        (Oui::DOT3, 3, &[1, 0, 0, 0, 0]),
        (Oui::DOT3, 4, &[0x23, 0x3a]),
        (Oui::DOT3, 4, &[0x23, 0x3a]),
        (Oui::MED, 2, &[1, 0x41, 0xf4]),
        (Oui([0x33, 0x44, 0x55]), 44, b"-"),
    ];
    for (oui, subtype, info) in organizational {
        let length = u8::try_from(4 + info.len()).unwrap();
        lldpdu.extend([&[0xfe, length][..], &oui.0, &[*subtype], info].concat());
    }
    lldpdu.extend([18, 1, 0xab, 0, 0]);
    assert_eq!(
        decode(&lldpdu).unwrap().show().to_string(),
        r"Chassis ID                mac 00:23:54:c2:57:02
Port ID                   ifname swp1
Time to live              120 s
Port description          to spine1\u{1b}[31m
System name               leaf1
System description        Debian, Kernel 6.1
Capabilities              Bridge off, Router on
Management address        192.0.2.1
  interface               ifIndex 3
  object ID               2b:06
802.1 port VLAN           100
802.1 protocol VLAN       200, off
802.1 VLAN                100 storage
802.1 protocol            88:8e
802.1 VID usage digest    0x0000abcd
802.1 management VLAN     1
802.1 link aggregation    aggregated, port 9
802.3 autonegotiation     off
  advertised              0x6c01
  MAU type                30
802.3 power via MDI       support 0x0f, pairs 2, class 4
  type, source, priority  0x51
  requested               10.0 W
  allocated               15.5 W
802.3 link aggregation    not aggregated
802.3 maximum frame size  9018 bytes
TLV type 127              discarded: duplicate
  bytes                   00:12:0f:04:23:3a
LLDP-MED network policy   01:41:f4
33-44-55 subtype 44       2d
TLV type 9                ab
"
    );
}

#[test]
fn a_goodbye_says_so() {
    let chassis_id = ChassisId::new(ChassisIdSubtype::Local, b"leaf1").unwrap();
    let port_id = PortId::new(PortIdSubtype::InterfaceName, b"swp1").unwrap();
    let lldpdu = Builder::new(chassis_id, port_id, 0).finish();
    assert_eq!(
        decode(&lldpdu).unwrap().show().to_string(),
        "Chassis ID                local leaf1\n\
         Port ID                   ifname swp1\n\
         Time to live              0 s (leaves)\n"
    );
}
