//! From values to an LLDPDU: the mandatory and the basic TLVs of 802.1AB-2016 8.5, and organizational ones as bytes.
//!
//! Bounds are checked where a value is made ([`Text::new`], [`ChassisId::new`], …), so what is built is what a receiver
//! accepts. How long an LLDPDU may be in all is up to the port's MTU and so to the caller.

use super::address::ManagementAddress;
use super::capabilities::Capabilities;
use super::id::{ChassisId, PortId};
use super::organizational::Oui;
use super::text::Text;
use super::{LengthError, Mandatory};

/// An LLDPDU in the making. TLVs stand in it in the order of the calls; each but management addresses and
/// organizational TLVs belongs in it at most once.
#[derive(Clone, Debug)]
pub struct Builder {
    bytes: Vec<u8>,
}

impl Builder {
    /// The longest value of an organizational TLV: what 9 bits of length leave beside OUI and subtype.
    pub const MAX_ORGANIZATIONAL: usize = 511 - 4;

    /// Begins an LLDPDU that holds for `ttl` seconds; 0 says goodbye.
    pub fn new(chassis_id: ChassisId<'_>, port_id: PortId<'_>, ttl: u16) -> Self {
        Self { bytes: Vec::with_capacity(256) }
            .tlv(Mandatory::ChassisId as u8, &[&[chassis_id.subtype().number()], chassis_id.bytes()])
            .tlv(Mandatory::PortId as u8, &[&[port_id.subtype().number()], port_id.bytes()])
            .tlv(Mandatory::TimeToLive as u8, &[&ttl.to_be_bytes()])
    }

    /// Adds the port description.
    #[must_use]
    pub fn port_description(self, text: Text<'_>) -> Self {
        self.tlv(4, &[text.as_bytes()])
    }

    /// Adds the system name.
    #[must_use]
    pub fn system_name(self, text: Text<'_>) -> Self {
        self.tlv(5, &[text.as_bytes()])
    }

    /// Adds the system description.
    #[must_use]
    pub fn system_description(self, text: Text<'_>) -> Self {
        self.tlv(6, &[text.as_bytes()])
    }

    /// Adds the system capabilities. What is enabled counts as being there.
    #[must_use]
    pub fn capabilities(self, Capabilities { system, enabled }: Capabilities) -> Self {
        self.tlv(7, &[&(system | enabled).to_be_bytes(), &enabled.to_be_bytes()])
    }

    /// Adds a management address.
    #[must_use]
    pub fn management_address(self, address: ManagementAddress<'_>) -> Self {
        let (subtype, number) = address.interface.subtype_and_number();
        let family_and_address = address.address.with_family();
        self.tlv(
            8,
            &[
                &[counted(family_and_address)],
                family_and_address,
                &[subtype],
                &number.to_be_bytes(),
                &[counted(address.object_id)],
                address.object_id,
            ],
        )
    }

    /// Adds an organizationally specific TLV; `info` has at most [`Builder::MAX_ORGANIZATIONAL`] bytes.
    pub fn organizational(self, oui: Oui, subtype: u8, info: &[u8]) -> Result<Self, LengthError> {
        LengthError::check("organizational information", info.len(), 0, Self::MAX_ORGANIZATIONAL)?;
        Ok(self.tlv(127, &[&oui.0, &[subtype], info]))
    }

    /// Ends the LLDPDU with its End TLV. [`frame`](super::ethernet::frame) makes it ready to be sent.
    pub fn finish(self) -> Vec<u8> {
        self.tlv(0, &[]).bytes
    }

    /// Appends a TLV. Callers keep the parts within 511 bytes.
    fn tlv(mut self, tlv_type: u8, parts: &[&[u8]]) -> Self {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let length = u16::try_from(length).ok().filter(|&length| length <= 0x1ff).expect("a TLV of at most 511 bytes");
        self.bytes.extend_from_slice(&(u16::from(tlv_type) << 9 | length).to_be_bytes());
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self
    }
}

/// The length byte of a string in a management address, whose fields are bounded far below 256.
fn counted(string: &[u8]) -> u8 {
    u8::try_from(string.len()).expect("a string of at most 128 bytes")
}

#[cfg(test)]
mod tests;
