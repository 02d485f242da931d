//! An LLDPDU for people: a line a TLV, its parts indented below it.

use std::fmt::{self, Display, Formatter};

use super::dot1::Dot1;
use super::dot3::{Dot3, MacPhy, PowerViaMdi};
use super::organizational::Organizational;
use super::text::Hex;
use super::tlv::{Tlv, Tlvs};
use super::{InterfaceNumber, ManagementAddress};

/// What `Display` shows: the TLVs that are left.
pub(super) struct Show<'a>(pub(super) Tlvs<'a>);

impl Display for Show<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.clone().try_for_each(|tlv| show(f, tlv))
    }
}

/// One line: what it is, and its value.
fn line(f: &mut Formatter<'_>, label: impl Display, value: impl Display) -> fmt::Result {
    // A string, because `format_args!` ignores a width.
    writeln!(f, "{:<25} {value}", label.to_string())
}

fn show(f: &mut Formatter<'_>, tlv: Tlv<'_>) -> fmt::Result {
    match tlv {
        Tlv::ChassisId(id) => line(f, "Chassis ID", format_args!("{} {id}", id.subtype().as_str())),
        Tlv::PortId(id) => line(f, "Port ID", format_args!("{} {id}", id.subtype().as_str())),
        Tlv::TimeToLive(0) => line(f, "Time to live", "0 s (leaves)"),
        Tlv::TimeToLive(seconds) => line(f, "Time to live", format_args!("{seconds} s")),
        Tlv::PortDescription(text) => line(f, "Port description", text),
        Tlv::SystemName(text) => line(f, "System name", text),
        Tlv::SystemDescription(text) => line(f, "System description", text),
        Tlv::Capabilities(capabilities) => line(f, "Capabilities", capabilities),
        Tlv::ManagementAddress(ManagementAddress { address, interface, object_id }) => {
            line(f, "Management address", address)?;
            match interface {
                InterfaceNumber::Unknown(number) => line(f, "  interface", number),
                InterfaceNumber::IfIndex(number) => line(f, "  interface", format_args!("ifIndex {number}")),
                InterfaceNumber::SystemPort(number) => line(f, "  interface", format_args!("system port {number}")),
            }?;
            if object_id.is_empty() { Ok(()) } else { line(f, "  object ID", Hex(object_id)) }
        }
        Tlv::Organizational(Organizational::Dot1(dot1)) => show_dot1(f, dot1),
        Tlv::Organizational(Organizational::Dot3(dot3)) => show_dot3(f, dot3),
        Tlv::Organizational(Organizational::Med { subtype, info }) => {
            line(f, format_args!("LLDP-MED {}", med_name(subtype)), Hex(info))
        }
        Tlv::Organizational(Organizational::Unrecognized { oui, subtype, info }) => {
            line(f, format_args!("{oui} subtype {subtype}"), Hex(info))
        }
        Tlv::Unrecognized { tlv_type, value } => line(f, format_args!("TLV type {tlv_type}"), Hex(value)),
        Tlv::Discarded { tlv_type, value, error } => {
            line(f, format_args!("TLV type {tlv_type}"), format_args!("discarded: {error}"))?;
            line(f, "  bytes", Hex(value))
        }
    }
}

fn show_dot1(f: &mut Formatter<'_>, dot1: Dot1<'_>) -> fmt::Result {
    match dot1 {
        Dot1::PortVlanId(vlan_id) => line(f, "802.1 port VLAN", vlan_id),
        Dot1::PortAndProtocolVlanId { supported, enabled, vlan_id } => {
            line(f, "802.1 protocol VLAN", format_args!("{vlan_id}, {}", switched(supported, enabled)))
        }
        Dot1::VlanName { vlan_id, name } => line(f, "802.1 VLAN", format_args!("{vlan_id} {name}")),
        Dot1::ProtocolIdentity(bytes) => line(f, "802.1 protocol", Hex(bytes)),
        Dot1::VidUsageDigest(digest) => line(f, "802.1 VID usage digest", format_args!("{digest:#010x}")),
        Dot1::ManagementVid(vlan_id) => line(f, "802.1 management VLAN", vlan_id),
        Dot1::LinkAggregation(aggregation) => line(f, "802.1 link aggregation", aggregation),
    }
}

fn show_dot3(f: &mut Formatter<'_>, dot3: Dot3) -> fmt::Result {
    match dot3 {
        Dot3::MacPhy(MacPhy { autonegotiation_supported, autonegotiation_enabled, advertised, mau_type }) => {
            line(f, "802.3 autonegotiation", switched(autonegotiation_supported, autonegotiation_enabled))?;
            line(f, "  advertised", format_args!("{advertised:#06x}"))?;
            line(f, "  MAU type", mau_type)
        }
        Dot3::PowerViaMdi(PowerViaMdi { support, pairs, class, allocation }) => {
            line(f, "802.3 power via MDI", format_args!("support {support:#04x}, pairs {pairs}, class {class}"))?;
            let Some(power) = allocation else { return Ok(()) };
            line(f, "  type, source, priority", format_args!("{:#04x}", power.type_source_priority))?;
            line(f, "  requested", Watts(power.requested))?;
            line(f, "  allocated", Watts(power.allocated))
        }
        Dot3::LinkAggregation(aggregation) => line(f, "802.3 link aggregation", aggregation),
        Dot3::MaximumFrameSize(bytes) => line(f, "802.3 maximum frame size", format_args!("{bytes} bytes")),
    }
}

/// Tenths of a watt.
struct Watts(u16);

impl Display for Watts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} W", self.0 / 10, self.0 % 10)
    }
}

const fn switched(supported: bool, enabled: bool) -> &'static str {
    match (supported, enabled) {
        (false, false) => "not supported",
        (true, false) => "off",
        (_, true) => "on",
    }
}

/// ANSI/TIA-1057 10.2.
const fn med_name(subtype: u8) -> &'static str {
    match subtype {
        1 => "capabilities",
        2 => "network policy",
        3 => "location",
        4 => "power via MDI",
        5 => "hardware",
        6 => "firmware",
        7 => "software",
        8 => "serial number",
        9 => "manufacturer",
        10 => "model",
        11 => "asset ID",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
