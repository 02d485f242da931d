//! LLDP as IEEE 802.1AB-2016 has it: from the bytes of an LLDPDU to what they say, and back.
//!
//! Pure: no I/O, no clock. Everything decoded borrows from the frame; decoding allocates nothing. What comes in is a
//! stranger's: any bytes are an [`Lldpdu`] or a [`Malformed`], and whatever is shown of them is escaped and bounded.
//!
//! Start reading at [`decode`]; [`Tlvs`] is the walk that everything here is made of.

use std::fmt;

mod address;
mod capabilities;
mod dot1;
mod dot3;
pub mod encode;
mod error;
pub mod ethernet;
mod id;
mod organizational;
mod reader;
mod show;
mod text;
mod tlv;

pub use address::{InterfaceNumber, ManagementAddress, NetworkAddress};
pub use capabilities::Capabilities;
pub use dot1::Dot1;
pub use dot3::{Dot3, MacPhy, PowerAllocation, PowerViaMdi};
pub use error::{LengthError, Malformed, Mandatory, TlvError};
pub use id::{ChassisId, ChassisIdSubtype, PortId, PortIdSubtype};
pub use organizational::{LinkAggregation, Organizational, Oui};
pub use text::Text;
pub use tlv::{Tlv, Tlvs};

/// What one LLDPDU says. Made by [`decode`] only, so it is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lldpdu<'a> {
    /// The chassis that speaks. With `port_id` it is the neighbor's identity.
    pub chassis_id: ChassisId<'a>,
    /// The port that speaks.
    pub port_id: PortId<'a>,
    /// How long all this holds, in seconds; 0: the neighbor leaves now, and nothing of the optional is said.
    pub ttl: u16,
    /// Type 4, often the interface's alias or name.
    pub port_description: Option<Text<'a>>,
    /// Type 5, by the standard sysName, in practice a host name or FQDN.
    pub system_name: Option<Text<'a>>,
    /// Type 6.
    pub system_description: Option<Text<'a>>,
    /// Type 7.
    pub capabilities: Option<Capabilities>,
    /// How many of its TLVs were discarded: what it adds to `statsTLVsDiscardedTotal`. If there are any, the LLDPDU
    /// also adds one to `statsFramesInErrorsTotal`.
    pub tlvs_discarded: u16,
    /// How many of its TLVs this decoder doesn't know: what it adds to `statsTLVsUnrecognizedTotal`.
    pub tlvs_unrecognized: u16,
    bytes: &'a [u8],
}

impl<'a> Lldpdu<'a> {
    /// The LLDPDU, without what may follow it in the frame: from the chassis ID to the End TLV, or to the end of the
    /// frame if there is no End TLV, or to the TTL if that is 0. Decoded again, it says the same.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The neighbor leaves: its TTL is 0 (802.1AB-2016 8.5.4).
    pub const fn is_shutdown(&self) -> bool {
        self.ttl == 0
    }

    /// Every TLV, discarded ones too, in the order in which they came.
    pub const fn tlvs(&self) -> Tlvs<'a> {
        Tlvs::new(self.bytes)
    }

    /// The management addresses, in their order.
    pub fn management_addresses(&self) -> impl Iterator<Item = ManagementAddress<'a>> + use<'a> {
        self.tlvs().filter_map(|tlv| match tlv {
            Tlv::ManagementAddress(address) => Some(address),
            _ => None,
        })
    }

    /// The organizationally specific TLVs, known and unknown, in their order.
    pub fn organizational(&self) -> impl Iterator<Item = Organizational<'a>> + use<'a> {
        self.tlvs().filter_map(|tlv| match tlv {
            Tlv::Organizational(organizational) => Some(organizational),
            _ => None,
        })
    }

    /// Everything that it says, for people: a line a TLV, its parts indented below it. Escaped; each line is bounded.
    pub const fn show(&self) -> impl fmt::Display + use<'a> {
        show::Show(self.tlvs())
    }
}

/// Reads an LLDPDU, in one pass, after the receive rules of 802.1AB-2016 9.2.7.7.1 and 9.2.7.7.2.
///
/// `lldpdu` is what follows the `EtherType` ([`ethernet::lldpdu`]), with whatever padding the frame has. The End TLV and
/// the end of the frame both end the LLDPDU; what follows is ignored. Chassis ID, port ID and TTL must be there, in this
/// order and once, else the LLDPDU is [`Malformed`]. Any other TLV in error is discarded and counted, and the rest
/// stands.
pub fn decode(lldpdu: &[u8]) -> Result<Lldpdu<'_>, Malformed> {
    let mut tlvs = Tlvs::new(lldpdu);
    let chassis_id = mandatory(lldpdu, &mut tlvs, Mandatory::ChassisId, ChassisId::decode)?;
    let port_id = mandatory(lldpdu, &mut tlvs, Mandatory::PortId, PortId::decode)?;
    let ttl = mandatory(lldpdu, &mut tlvs, Mandatory::TimeToLive, |value| value.first_chunk().copied())?;
    let mut pdu = Lldpdu {
        chassis_id,
        port_id,
        ttl: u16::from_be_bytes(ttl),
        port_description: None,
        system_name: None,
        system_description: None,
        capabilities: None,
        tlvs_discarded: 0,
        tlvs_unrecognized: 0,
        bytes: lldpdu,
    };
    // 9.2.7.7.1 c: a shutdown LLDPDU is not validated further.
    if pdu.is_shutdown() {
        pdu.bytes = &lldpdu[..lldpdu.len() - tlvs.rest.len()];
        return Ok(pdu);
    }
    loop {
        let at = lldpdu.len() - tlvs.rest.len();
        let Some(raw) = tlvs.next_raw() else { break };
        // 9.2.7.7.2 a, whatever its length is.
        if let Some(tlv) = Mandatory::new(raw.tlv_type) {
            return Err(Malformed::Duplicate { tlv, at });
        }
        match tlvs.interpret(raw) {
            Tlv::PortDescription(text) => pdu.port_description = Some(text),
            Tlv::SystemName(text) => pdu.system_name = Some(text),
            Tlv::SystemDescription(text) => pdu.system_description = Some(text),
            Tlv::Capabilities(capabilities) => pdu.capabilities = Some(capabilities),
            Tlv::Organizational(Organizational::Unrecognized { .. }) | Tlv::Unrecognized { .. } => {
                pdu.tlvs_unrecognized = pdu.tlvs_unrecognized.saturating_add(1);
            }
            Tlv::Discarded { .. } => pdu.tlvs_discarded = pdu.tlvs_discarded.saturating_add(1),
            // The last three were refused above.
            Tlv::ManagementAddress(_)
            | Tlv::Organizational(_)
            | Tlv::ChassisId(_)
            | Tlv::PortId(_)
            | Tlv::TimeToLive(_) => {}
        }
    }
    // What is left begins with the End TLV, or is nothing.
    let end = tlvs.rest.len().min(END_LENGTH);
    pdu.bytes = &lldpdu[..lldpdu.len() - tlvs.rest.len() + end];
    Ok(pdu)
}

/// The End TLV: a header that is all zeros.
const END_LENGTH: usize = 2;

/// The next TLV, which must be the one that is expected, and what `read` makes of its value; none is a bad length.
fn mandatory<'a, T>(
    lldpdu: &'a [u8],
    tlvs: &mut Tlvs<'a>,
    expected: Mandatory,
    read: impl FnOnce(&'a [u8]) -> Option<T>,
) -> Result<T, Malformed> {
    let at = lldpdu.len() - tlvs.rest.len();
    let raw = tlvs.next_raw().ok_or(Malformed::Missing { expected, at })?;
    if raw.tlv_type != expected as u8 {
        return Err(Malformed::OutOfOrder { expected, found: raw.tlv_type, at });
    }
    if raw.is_truncated {
        return Err(Malformed::Truncated { tlv: expected, at });
    }
    read(raw.value).ok_or(Malformed::Length { tlv: expected, length: raw.value.len(), at })
}

#[cfg(test)]
mod tests;
