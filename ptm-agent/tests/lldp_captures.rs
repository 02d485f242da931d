//! The decoder against another one: each frame of `tests/captures`, and some made here, as tshark reads it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::{env, fs, str};

use ptm_agent::lldp::encode::Builder;
use ptm_agent::lldp::{
    self, Capabilities, ChassisId, ChassisIdSubtype, Dot1, Dot3, InterfaceNumber, LinkAggregation, Lldpdu,
    ManagementAddress, Organizational, Oui, PortId, PortIdSubtype, Text, Tlv, ethernet,
};
use tempfile::NamedTempFile;

#[test]
fn captures_read_as_tshark_reads_them() {
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/captures");
    let mut frames = 0;
    for entry in fs::read_dir(captures).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "pcap") {
            frames += compare(&path);
        }
    }
    assert_eq!(frames, 20);
}

/// What no capture has, so that every field of every TLV was once read by tshark too.
#[test]
fn what_we_build_reads_as_we_meant_it() {
    let addresses: &[&[u8]] =
        &[&[1, 192, 0, 2, 1], &[2, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], &[6, 2, 0, 0, 0, 0, 1]];
    let chassis: &[(u8, &[u8])] = &[
        (1, b"rack 7"),
        (2, b"alias"),
        (3, b"slot 1"),
        (4, &[2, 0, 0, 0, 0, 1]),
        (5, addresses[0]),
        (5, addresses[1]),
        (6, b"eth0"),
        (7, b"leaf1"),
    ];
    let port: &[(u8, &[u8])] = &[
        (1, b"to spine1"),
        (2, b"slot 1"),
        (3, &[2, 0, 0, 0, 0, 2]),
        (4, addresses[0]),
        (4, addresses[1]),
        (5, b"swp1"),
        (7, b"Ethernet1/1"),
        (7, &[b'x'; 255]),
    ];
    let organizational: &[(Oui, u8, &[u8])] = &[
        (Oui::DOT1, 1, &[0, 100]),
        (Oui::DOT1, 2, &[6, 0, 200]),
        (Oui::DOT1, 3, b"\x00\x64\x07storage"),
        (Oui::DOT1, 3, b"\x0f\xfe\x04mgmt"),
        (Oui::DOT1, 4, &[2, 0x88, 0x8e]),
        (Oui::DOT1, 7, &[3, 0, 0, 1, 7]),
        (Oui::DOT3, 1, &[3, 0x6c, 0x01, 0, 30]),
        (Oui::DOT3, 2, &[0x0f, 2, 4]),
        (Oui::DOT3, 3, &[3, 0, 0, 1, 7]),
        (Oui::DOT3, 4, &[0x23, 0x3a]),
        (Oui([0x33, 0x44, 0x55]), 44, b"info"),
    ];
    let frames: Vec<_> = chassis
        .iter()
        .zip(port)
        .map(|(chassis, port)| {
            let chassis_id = ChassisId::new(ChassisIdSubtype::new(chassis.0), chassis.1).unwrap();
            let port_id = PortId::new(PortIdSubtype::new(port.0), port.1).unwrap();
            let mut builder = Builder::new(chassis_id, port_id, 3601)
                .port_description(Text::new("Käbel".as_bytes()).unwrap())
                .system_name(Text::new(b"leaf1").unwrap())
                .system_description(Text::new(&[b'd'; 255]).unwrap())
                .capabilities(Capabilities { system: 0x14, enabled: 0x10 });
            for (number, address) in (7..).zip(addresses) {
                let interface = InterfaceNumber::SystemPort(number);
                builder = builder.management_address(ManagementAddress::new(address, interface, &[0x2b, 6]).unwrap());
            }
            for (oui, subtype, info) in organizational {
                builder = builder.organizational(*oui, *subtype, info).unwrap();
            }
            ethernet::frame([2, 0, 0, 0, 0, 1], &builder.finish())
        })
        .collect();
    assert_eq!(compare(capture_file(&frames).path()), frames.len());
}

/// Not here: a missing TTL and duplicates, which the standard refuses and tshark lets pass.
#[test]
fn what_we_refuse_tshark_refuses() {
    let lldpdus: &[&[u8]] = &[
        &[],
        &[0, 0],
        &[2, 2, 7, b'c', 0, 0],
        &[4, 2, 5, b'p', 2, 2, 7, b'c', 6, 2, 0, 120],
        &[2, 2, 7, b'c', 6, 2, 0, 120, 4, 2, 5, b'p', 0, 0],
        &[2, 1, 7, 4, 2, 5, b'p', 6, 2, 0, 120, 0, 0],
        &[2, 2, 7, b'c', 4, 1, 5, 6, 2, 0, 120, 0, 0],
        &[2, 2, 7, b'c', 4, 2, 5, b'p', 6, 1, 120, 0, 0],
    ];
    let frames: Vec<_> = lldpdus.iter().map(|lldpdu| ethernet::frame([2, 0, 0, 0, 0, 1], lldpdu)).collect();
    assert_eq!(compare(capture_file(&frames).path()), frames.len());
}

/// Compares each frame of a capture; returns how many there were.
fn compare(path: &Path) -> usize {
    let capture = fs::read(path).unwrap();
    let frames = frames(&capture);
    let packets = tshark(path);
    assert_eq!(frames.len(), packets.len(), "{}", path.display());
    for (number, (frame, packet)) in (1..).zip(frames.iter().zip(&packets)) {
        let at = format!("{} frame {number}", path.display());
        let Some(lldpdu) = ethernet::lldpdu(frame) else {
            assert!(packet.is_empty(), "{at}: tshark reads it as LLDP");
            continue;
        };
        let is_malformed = packet.iter().any(|field| field.name == "_ws.malformed");
        match lldp::decode(lldpdu) {
            Ok(pdu) => {
                assert!(!is_malformed, "{at}: malformed for tshark");
                let said = |field: &&Field| MANDATORY.contains(&field.name.as_str()) || !pdu.is_shutdown();
                let theirs = sorted(packet.iter().filter(said).cloned().collect());
                assert_eq!(sorted(ours(&pdu)), theirs, "{at}");
            }
            Err(malformed) => assert!(is_malformed, "{at}: {malformed}, but not for tshark"),
        }
    }
    frames.len()
}

/// A field by tshark's name, and its bytes in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: String,
    hex: String,
}

/// By name; fields of one name stay in their order.
fn sorted(mut fields: Vec<Field>) -> Vec<Field> {
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    fields
}

/// Fields that a shutdown LLDPDU has too.
const MANDATORY: [&str; 6] =
    ["chassis.subtype", "chassis.id", "port.subtype", "port.id", "network_address.subtype", "time_to_live"];

/// What is compared, beside [`MANDATORY`].
const OPTIONAL: [&str; 35] = [
    "tlv.type",
    "port.desc",
    "tlv.system.name",
    "tlv.system.desc",
    "tlv.system_cap",
    "tlv.enable_system_cap",
    "mgn.address.subtype",
    "mgn.addr",
    "mgn.interface.subtype",
    "mgn.interface.number",
    "mgn.obj.id",
    "orgtlv.oui",
    "media.subtype",
    "unknown_subtype",
    "ieee.802_1.port_vlan.id",
    "ieee.802_1.port_and_vlan_id_flag",
    "ieee.802_1.port_proto_vlan.id",
    "ieee.802_1.vlan.id",
    "ieee.802_1.vlan.name",
    "ieee.802_1.proto.id",
    "ieee.802_1.aggregation_status",
    "ieee.802_1.aggregated_port_id",
    "ieee.802_3.mac_phy_auto_neg_status",
    "ieee.802_3.pmd_auto_neg_advertised_caps",
    "ieee.802_3.pmd_mau_type",
    "ieee.802_3.mdi_power_support",
    "ieee.802_3.mdi_pse_pair",
    "ieee.802_3.mdi_power_class",
    "ieee.802_3.mdi_pde_requested",
    "ieee.802_3.mdi_pse_allocated",
    "ieee.802_3.aggregation_status",
    "ieee.802_3.aggregated_port_id",
    "ieee.802_3.max_frame_size",
    "ieee.802_1.subtype",
    "ieee.802_3.subtype",
];

/// What we read, said in tshark's names.
fn ours(pdu: &Lldpdu<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut push = |name: &str, bytes: &[u8]| {
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        fields.push(Field { name: name.into(), hex });
    };
    // tshark splits a network address into family and address.
    let id = |push: &mut dyn FnMut(&str, &[u8]), which: &str, subtype: u8, is_address: bool, bytes: &[u8]| {
        push(&format!("{which}.subtype"), &[subtype]);
        if is_address {
            push("network_address.subtype", &bytes[..1]);
        }
        push(&format!("{which}.id"), &bytes[usize::from(is_address)..]);
    };
    for tlv in pdu.tlvs() {
        match tlv {
            Tlv::ChassisId(chassis) => {
                let is_address = chassis.subtype() == ChassisIdSubtype::NetworkAddress;
                id(&mut push, "chassis", chassis.subtype().number(), is_address, chassis.bytes());
            }
            Tlv::PortId(port) => {
                let is_address = port.subtype() == PortIdSubtype::NetworkAddress;
                id(&mut push, "port", port.subtype().number(), is_address, port.bytes());
            }
            Tlv::TimeToLive(ttl) => push("time_to_live", &ttl.to_be_bytes()),
            Tlv::PortDescription(text) => push("port.desc", text.as_bytes()),
            Tlv::SystemName(text) => push("tlv.system.name", text.as_bytes()),
            Tlv::SystemDescription(text) => push("tlv.system.desc", text.as_bytes()),
            Tlv::Capabilities(Capabilities { system, enabled }) => {
                push("tlv.system_cap", &system.to_be_bytes());
                push("tlv.enable_system_cap", &enabled.to_be_bytes());
            }
            Tlv::ManagementAddress(ManagementAddress { address, interface, object_id }) => {
                let (subtype, number) = match interface {
                    InterfaceNumber::Unknown(number) => (1, number),
                    InterfaceNumber::IfIndex(number) => (2, number),
                    InterfaceNumber::SystemPort(number) => (3, number),
                };
                push("mgn.address.subtype", &[address.family()]);
                push("mgn.addr", address.bytes());
                push("mgn.interface.subtype", &[subtype]);
                push("mgn.interface.number", &u32::to_be_bytes(number));
                if !object_id.is_empty() {
                    push("mgn.obj.id", object_id);
                }
            }
            Tlv::Organizational(organizational) => push_organizational(&mut push, organizational),
            Tlv::Unrecognized { tlv_type, .. } => push("tlv.type", &[tlv_type]),
            Tlv::Discarded { .. } => panic!("tshark has nothing against it: {tlv:?}"),
        }
    }
    fields
}

fn push_organizational(push: &mut dyn FnMut(&str, &[u8]), organizational: Organizational<'_>) {
    match organizational {
        Organizational::Dot1(dot1) => {
            push("orgtlv.oui", &Oui::DOT1.0);
            match dot1 {
                Dot1::PortVlanId(vlan_id) => {
                    push("ieee.802_1.subtype", &[1]);
                    push("ieee.802_1.port_vlan.id", &vlan_id.to_be_bytes());
                }
                Dot1::PortAndProtocolVlanId { supported, enabled, vlan_id } => {
                    push("ieee.802_1.subtype", &[2]);
                    push("ieee.802_1.port_and_vlan_id_flag", &[u8::from(supported) << 1 | u8::from(enabled) << 2]);
                    push("ieee.802_1.port_proto_vlan.id", &vlan_id.to_be_bytes());
                }
                Dot1::VlanName { vlan_id, name } => {
                    push("ieee.802_1.subtype", &[3]);
                    push("ieee.802_1.vlan.id", &vlan_id.to_be_bytes());
                    push("ieee.802_1.vlan.name", name.as_bytes());
                }
                Dot1::ProtocolIdentity(bytes) => {
                    push("ieee.802_1.subtype", &[4]);
                    push("ieee.802_1.proto.id", bytes);
                }
                Dot1::LinkAggregation(aggregation) => {
                    push("ieee.802_1.subtype", &[7]);
                    push_aggregation(push, "ieee.802_1", aggregation);
                }
                Dot1::VidUsageDigest(_) | Dot1::ManagementVid(_) => panic!("tshark doesn't read them: {dot1:?}"),
            }
        }
        Organizational::Dot3(dot3) => {
            push("orgtlv.oui", &Oui::DOT3.0);
            match dot3 {
                Dot3::MacPhy(mac_phy) => {
                    let status =
                        u8::from(mac_phy.autonegotiation_supported) | u8::from(mac_phy.autonegotiation_enabled) << 1;
                    push("ieee.802_3.subtype", &[1]);
                    push("ieee.802_3.mac_phy_auto_neg_status", &[status]);
                    push("ieee.802_3.pmd_auto_neg_advertised_caps", &mac_phy.advertised.to_be_bytes());
                    push("ieee.802_3.pmd_mau_type", &mac_phy.mau_type.to_be_bytes());
                }
                Dot3::PowerViaMdi(power) => {
                    push("ieee.802_3.subtype", &[2]);
                    push("ieee.802_3.mdi_power_support", &[power.support]);
                    push("ieee.802_3.mdi_pse_pair", &[power.pairs]);
                    push("ieee.802_3.mdi_power_class", &[power.class]);
                    if let Some(allocation) = power.allocation {
                        push("ieee.802_3.mdi_pde_requested", &allocation.requested.to_be_bytes());
                        push("ieee.802_3.mdi_pse_allocated", &allocation.allocated.to_be_bytes());
                    }
                }
                Dot3::LinkAggregation(aggregation) => {
                    push("ieee.802_3.subtype", &[3]);
                    push_aggregation(push, "ieee.802_3", aggregation);
                }
                Dot3::MaximumFrameSize(bytes) => {
                    push("ieee.802_3.subtype", &[4]);
                    push("ieee.802_3.max_frame_size", &bytes.to_be_bytes());
                }
            }
        }
        Organizational::Med { subtype, .. } => {
            push("orgtlv.oui", &Oui::MED.0);
            push("media.subtype", &[subtype]);
        }
        Organizational::Unrecognized { oui, subtype, .. } => {
            push("orgtlv.oui", &oui.0);
            match oui {
                Oui::DOT1 => push("ieee.802_1.subtype", &[subtype]),
                // IANA's OUI has a name of its own in tshark.
                Oui([0x00, 0x00, 0x5e]) => {}
                _ => push("unknown_subtype", &[subtype]),
            }
        }
    }
}

fn push_aggregation(push: &mut dyn FnMut(&str, &[u8]), of: &str, aggregation: LinkAggregation) {
    let status = u8::from(aggregation.capable) | u8::from(aggregation.enabled) << 1;
    push(&format!("{of}.aggregation_status"), &[status]);
    push(&format!("{of}.aggregated_port_id"), &aggregation.port_id.to_be_bytes());
}

/// tshark's reading of a capture: for each frame the fields that are compared, none if it is not LLDP.
fn tshark(path: &Path) -> Vec<Vec<Field>> {
    let output = Command::new("tshark").args(["-n", "-T", "pdml", "-r"]).arg(path).output().unwrap_or_else(|error| {
        panic!("this test compares with tshark, which cannot be run ({error}): install it with `cargo xtask setup`")
    });
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tshark -r {}: {stderr}", path.display());
    // PDML has an element a line, and of its attributes we want two that hold no quoted characters.
    let attribute = |line: &str, key: &str| {
        let (_, rest) = line.split_once(&format!(" {key}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let mut packets = Vec::new();
    for line in str::from_utf8(&output.stdout).unwrap().lines().map(str::trim) {
        if line == "<packet>" {
            packets.push(Vec::new());
        }
        let Some(name) = attribute(line, "name") else { continue };
        let name = name.strip_prefix("lldp.").unwrap_or(&name);
        // The family of an address is in the field's name; ours says it otherwise.
        let name = ["chassis.id", "port.id", "mgn.addr"]
            .into_iter()
            .find(|kind| name.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
            .unwrap_or(name);
        if MANDATORY.contains(&name) || OPTIONAL.contains(&name) || name == "_ws.malformed" {
            let hex = attribute(line, "value").unwrap_or_default().to_lowercase();
            // Of TLV types, those that have no field of their own.
            if name == "tlv.type" && matches!(u8::from_str_radix(&hex, 16), Ok(0..=8 | 127)) {
                continue;
            }
            packets.last_mut().unwrap().push(Field { name: name.into(), hex });
        }
    }
    packets
}

/// The frames of a pcap file: little-endian, microseconds, which is what all of ours are.
fn frames(capture: &[u8]) -> Vec<&[u8]> {
    let (header, mut rest) = capture.split_at(24);
    assert_eq!(header[..4], [0xd4, 0xc3, 0xb2, 0xa1], "not a little-endian pcap file");
    let mut frames = Vec::new();
    while let Some((record, after)) = rest.split_first_chunk::<16>() {
        let captured = u32::from_le_bytes(*record[8..].first_chunk().unwrap());
        let (frame, after) = after.split_at(captured.try_into().unwrap());
        frames.push(frame);
        rest = after;
    }
    frames
}

/// A pcap file of these frames, as long as what is returned lives. Not under `target/`: root may run the tests today and
/// somebody else tomorrow.
fn capture_file(frames: &[Vec<u8>]) -> NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".pcap").tempfile().unwrap();
    file.write_all(&pcap(frames)).unwrap();
    file
}

/// The contents of a pcap file of these frames.
fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let header: [u32; 6] = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 0xffff, 1];
    let mut capture: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    for frame in frames {
        let length = u32::try_from(frame.len()).unwrap();
        capture.extend([0, 0, length, length].iter().flat_map(|word: &u32| word.to_le_bytes()));
        capture.extend(frame);
    }
    capture
}
