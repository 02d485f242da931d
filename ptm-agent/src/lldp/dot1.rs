//! The TLVs of IEEE 802.1 (OUI 00-80-c2, 802.1Q-2018 annex D) that tell how a port is bridged.

use super::organizational::LinkAggregation;
use super::reader::Reader;
use super::text::Text;
use super::{LengthError, TlvError};

/// A TLV of IEEE 802.1. VLAN identifiers are as they came: 1–4094 are VLANs, the rest is for the reader to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dot1<'a> {
    /// Subtype 1: the VLAN of untagged frames; 0 if the port has none.
    PortVlanId(u16),
    /// Subtype 2: a VLAN for the frames of some protocol.
    PortAndProtocolVlanId {
        /// The port can do it.
        supported: bool,
        /// The port does it.
        enabled: bool,
        /// The VLAN; 0 if there is none.
        vlan_id: u16,
    },
    /// Subtype 3: a VLAN of the port and its name, at most 32 bytes.
    VlanName {
        /// The VLAN.
        vlan_id: u16,
        /// Its name.
        name: Text<'a>,
    },
    /// Subtype 4: the first bytes, after the addresses, of a protocol that the port lets through.
    ProtocolIdentity(&'a [u8]),
    /// Subtype 5: a CRC-32 over the VLANs in use.
    VidUsageDigest(u32),
    /// Subtype 6: the VLAN of management; 0 if there is none.
    ManagementVid(u16),
    /// Subtype 7.
    LinkAggregation(LinkAggregation),
}

impl<'a> Dot1<'a> {
    const MAX_NAME: usize = 32;

    /// None: a subtype that is not decoded here.
    pub(super) fn decode(subtype: u8, info: &'a [u8]) -> Result<Option<Self>, TlvError> {
        let mut reader = Reader(info);
        Ok(Some(match subtype {
            1 => Self::PortVlanId(reader.u16()?),
            2 => {
                let (flags, vlan_id) = (reader.u8()?, reader.u16()?);
                let (supported, enabled) = (flags & 2 != 0, flags & 4 != 0);
                if enabled && !supported {
                    return Err(TlvError::Contradiction);
                }
                Self::PortAndProtocolVlanId { supported, enabled, vlan_id }
            }
            3 => {
                let vlan_id = reader.u16()?;
                let name = reader.counted()?;
                LengthError::check("VLAN name", name.len(), 0, Self::MAX_NAME).map_err(|_| TlvError::Length)?;
                Self::VlanName { vlan_id, name: Text::checked(name) }
            }
            4 => Self::ProtocolIdentity(reader.counted()?),
            5 => Self::VidUsageDigest(reader.u32()?),
            6 => Self::ManagementVid(reader.u16()?),
            7 => Self::LinkAggregation(LinkAggregation::decode(&mut reader)?),
            _ => return Ok(None),
        }))
    }
}
