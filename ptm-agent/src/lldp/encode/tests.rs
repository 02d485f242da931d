use super::Builder;
use crate::lldp::{
    Capabilities, ChassisId, ChassisIdSubtype, InterfaceNumber, LengthError, ManagementAddress, Oui, PortId,
    PortIdSubtype, Text,
};

fn ids() -> (ChassisId<'static>, PortId<'static>) {
    let chassis_id = ChassisId::new(ChassisIdSubtype::MacAddress, &[2, 0, 0, 0, 0, 1]).unwrap();
    (chassis_id, PortId::new(PortIdSubtype::InterfaceName, b"swp1").unwrap())
}

#[test]
fn the_bytes_are_those_of_the_standard() {
    let (chassis_id, port_id) = ids();
    let lldpdu = Builder::new(chassis_id, port_id, 120)
        .port_description(Text::new(b"up").unwrap())
        .system_name(Text::new(b"leaf1").unwrap())
        .system_description(Text::new(b"").unwrap())
        .capabilities(Capabilities { system: 0x14, enabled: 0x10 })
        .management_address(
            ManagementAddress::new(&[1, 192, 0, 2, 1], InterfaceNumber::IfIndex(3), &[0x2b, 6]).unwrap(),
        )
        .organizational(Oui::DOT3, 4, &[0x23, 0x3a])
        .unwrap()
        .finish();
    let expected: &[&[u8]] = &[
        &[0x02, 7, 4, 2, 0, 0, 0, 0, 1],
        b"\x04\x05\x05swp1",
        &[0x06, 2, 0, 120],
        b"\x08\x02up",
        b"\x0a\x05leaf1",
        &[0x0c, 0],
        &[0x0e, 4, 0, 0x14, 0, 0x10],
        &[0x10, 14, 5, 1, 192, 0, 2, 1, 2, 0, 0, 0, 3, 2, 0x2b, 6],
        &[0xfe, 6, 0x00, 0x12, 0x0f, 4, 0x23, 0x3a],
        &[0, 0],
    ];
    assert_eq!(lldpdu, expected.concat());
}

#[test]
fn the_ninth_bit_of_a_length_is_in_the_first_byte() {
    let (chassis_id, port_id) = ids();
    let lldpdu = Builder::new(chassis_id, port_id, 1).organizational(Oui::MED, 1, &[0; 507]).unwrap().finish();
    assert_eq!(lldpdu[20..22], [0xff, 0xff]);
    assert_eq!(lldpdu.len(), 20 + 2 + 511 + 2);
}

#[test]
fn what_does_not_fit_is_refused_where_it_is_made() {
    let (chassis_id, port_id) = ids();
    let too_long = [b'x'; 508];
    let refused = |what, length, min, max| LengthError { what, length, min, max };
    assert_eq!(
        ChassisId::new(ChassisIdSubtype::Local, &too_long[..256]).unwrap_err(),
        refused("chassis ID", 256, 1, 255)
    );
    assert_eq!(PortId::new(PortIdSubtype::Local, b"").unwrap_err(), refused("port ID", 0, 1, 255));
    assert_eq!(Text::new(&too_long[..256]).unwrap_err(), refused("text", 256, 0, 255));
    assert_eq!(
        ManagementAddress::new(&[1], InterfaceNumber::IfIndex(1), &[]).unwrap_err(),
        refused("address with its family", 1, 2, 32)
    );
    assert_eq!(
        ManagementAddress::new(&[1, 2], InterfaceNumber::IfIndex(1), &too_long[..129]).unwrap_err(),
        refused("object identifier", 129, 0, 128)
    );
    assert_eq!(
        Builder::new(chassis_id, port_id, 1).organizational(Oui::MED, 1, &too_long).unwrap_err(),
        refused("organizational information", 508, 0, 507)
    );
}
