//! What must hold of any bytes taken as an Ethernet frame or as an LLDPDU.

use ptm_agent::escape::is_deceptive;
use ptm_agent::lldp::encode::Builder;
use ptm_agent::lldp::{self, Lldpdu, Malformed, Organizational, Oui, Tlv, ethernet};

/// A line of [`Lldpdu::show`]: a label of at most 30 characters and a value of at most 5 + 255.
const LONGEST_LINE: usize = 300;

pub(crate) fn check(bytes: &[u8]) {
    for lldpdu in [Some(bytes), ethernet::lldpdu(bytes)].into_iter().flatten() {
        match lldp::decode(lldpdu) {
            Ok(pdu) => check_decoded(lldpdu, &pdu),
            Err(malformed) => {
                assert!(Malformed::KINDS.contains(&malformed.kind()));
                assert!(!malformed.to_string().contains(is_deceptive), "{malformed}");
            }
        }
    }
}

fn check_decoded(lldpdu: &[u8], pdu: &Lldpdu<'_>) {
    assert!(lldpdu.starts_with(pdu.as_bytes()));
    assert_eq!(lldp::decode(pdu.as_bytes()), Ok(*pdu), "what follows the LLDPDU changes nothing");

    let tlvs: Vec<_> = pdu.tlvs().collect();
    let [Tlv::ChassisId(chassis_id), Tlv::PortId(port_id), Tlv::TimeToLive(ttl), optional @ ..] = &tlvs[..] else {
        panic!("the mandatory TLVs in their order: {tlvs:?}");
    };
    assert_eq!((*chassis_id, *port_id, *ttl), (pdu.chassis_id, pdu.port_id, pdu.ttl));
    assert!(!pdu.is_shutdown() || optional.is_empty(), "a goodbye says no more");
    check_walk(pdu, optional);
    check_shown(pdu);
    check_encoded_again(pdu, optional);
}

/// The one pass of `decode` and the lazy walk find the same.
fn check_walk(pdu: &Lldpdu<'_>, optional: &[Tlv<'_>]) {
    let (mut description, mut name, mut system, mut capabilities) = (None, None, None, None);
    let (mut discarded, mut unrecognized) = (0_usize, 0_usize);
    for tlv in optional {
        match tlv {
            Tlv::PortDescription(text) => assert_eq!(description.replace(*text), None, "once at most"),
            Tlv::SystemName(text) => assert_eq!(name.replace(*text), None, "once at most"),
            Tlv::SystemDescription(text) => assert_eq!(system.replace(*text), None, "once at most"),
            Tlv::Capabilities(it) => assert_eq!(capabilities.replace(*it), None, "once at most"),
            Tlv::Organizational(Organizational::Unrecognized { .. }) | Tlv::Unrecognized { .. } => unrecognized += 1,
            Tlv::Discarded { .. } => discarded += 1,
            Tlv::ManagementAddress(_) | Tlv::Organizational(_) => {}
            Tlv::ChassisId(_) | Tlv::PortId(_) | Tlv::TimeToLive(_) => panic!("a second one: {tlv:?}"),
        }
    }
    assert_eq!(
        (description, name, system, capabilities),
        (pdu.port_description, pdu.system_name, pdu.system_description, pdu.capabilities)
    );
    let counted = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    assert_eq!((counted(discarded), counted(unrecognized)), (pdu.tlvs_discarded, pdu.tlvs_unrecognized));
    assert_eq!(pdu.management_addresses().count(), count(optional, |it| matches!(it, Tlv::ManagementAddress(_))));
    assert_eq!(pdu.organizational().count(), count(optional, |it| matches!(it, Tlv::Organizational(_))));
}

fn count(tlvs: &[Tlv<'_>], is: impl Fn(&Tlv<'_>) -> bool) -> usize {
    tlvs.iter().filter(|tlv| is(tlv)).count()
}

/// Whatever is shown is harmless and bounded.
fn check_shown(pdu: &Lldpdu<'_>) {
    let shown = pdu.show().to_string();
    for line in shown.lines() {
        assert!(!line.contains(is_deceptive), "{line:?}");
        assert!(line.chars().count() <= LONGEST_LINE, "{line}");
    }
    let texts = [pdu.port_description, pdu.system_name, pdu.system_description];
    for text in texts.into_iter().chain([pdu.chassis_id.text(), pdu.port_id.text()]).flatten() {
        assert!(text.bounded(10).to_string().chars().count() <= 11, "{text}");
    }
}

/// What can be built again says the same when it is read.
fn check_encoded_again(pdu: &Lldpdu<'_>, optional: &[Tlv<'_>]) {
    let mut builder = Builder::new(pdu.chassis_id, pdu.port_id, pdu.ttl);
    let mut built = Vec::new();
    for tlv in optional {
        builder = match *tlv {
            Tlv::PortDescription(text) => builder.port_description(text),
            Tlv::SystemName(text) => builder.system_name(text),
            Tlv::SystemDescription(text) => builder.system_description(text),
            Tlv::Capabilities(capabilities) => builder.capabilities(capabilities),
            Tlv::ManagementAddress(address) => builder.management_address(address),
            Tlv::Organizational(Organizational::Med { subtype, info }) => {
                organizational(builder, Oui::MED, subtype, info)
            }
            Tlv::Organizational(Organizational::Unrecognized { oui, subtype, info }) => {
                organizational(builder, oui, subtype, info)
            }
            // Their values are not kept as bytes, or say nothing.
            Tlv::Organizational(Organizational::Dot1(_) | Organizational::Dot3(_))
            | Tlv::Unrecognized { .. }
            | Tlv::Discarded { .. } => continue,
            Tlv::ChassisId(_) | Tlv::PortId(_) | Tlv::TimeToLive(_) => panic!("checked before: {tlv:?}"),
        };
        built.push(*tlv);
    }
    let bytes = builder.finish();
    let again = lldp::decode(&bytes).expect("what is built is sound");
    assert_eq!((again.chassis_id, again.port_id, again.ttl), (pdu.chassis_id, pdu.port_id, pdu.ttl));
    assert_eq!(again.tlvs().skip(3).collect::<Vec<_>>(), built);
    assert_eq!(again.tlvs_discarded, 0);
    // A goodbye ends with its TTL.
    assert!(again.as_bytes() == bytes || pdu.is_shutdown());
}

fn organizational(builder: Builder, oui: Oui, subtype: u8, info: &[u8]) -> Builder {
    builder.organizational(oui, subtype, info).expect("it came in one TLV")
}
