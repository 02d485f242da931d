//! The TLVs of IEEE 802.3 (OUI 00-12-0f, 802.3-2018 clause 79) that tell how a port is built and set.

use super::TlvError;
use super::organizational::LinkAggregation;
use super::reader::Reader;

/// A TLV of IEEE 802.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dot3 {
    /// Subtype 1.
    MacPhy(MacPhy),
    /// Subtype 2.
    PowerViaMdi(PowerViaMdi),
    /// Subtype 3: where link aggregation stood before 802.1 took it over; lldpd still sends this one.
    LinkAggregation(LinkAggregation),
    /// Subtype 4: the longest frame that the port takes, in bytes, header and checksum included.
    MaximumFrameSize(u16),
}

/// Speed and duplex, and how they came about (79.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacPhy {
    /// The port can negotiate.
    pub autonegotiation_supported: bool,
    /// The port negotiates.
    pub autonegotiation_enabled: bool,
    /// What it offers: `ifMauAutoNegCapAdvertisedBits` of RFC 4836, bit 15 of which is the MIB's bit 0.
    pub advertised: u16,
    /// What is in use: the last number of a `dot3MauType` of RFC 4836, such as 16 for 100BASE-TX full duplex.
    pub mau_type: u16,
}

/// Power over Ethernet (79.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerViaMdi {
    /// Bit 0: the port is power sourcing equipment, else a powered device; bit 1: it can source power; bit 2: it does;
    /// bit 3: the pairs can be chosen.
    pub support: u8,
    /// `pethPsePortPowerPairs` of RFC 3621: 1 signal, 2 spare.
    pub pairs: u8,
    /// `pethPsePortPowerClassifications` of RFC 3621: the class plus one.
    pub class: u8,
    /// What 802.3at added: power asked for and given.
    pub allocation: Option<PowerAllocation>,
}

/// Power asked for and given, in tenths of a watt (79.3.2.4–79.3.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerAllocation {
    /// Bits 7–6 type, 5–4 source, 1–0 priority.
    pub type_source_priority: u8,
    /// What the powered device asks for.
    pub requested: u16,
    /// What the sourcing equipment gives.
    pub allocated: u16,
}

impl Dot3 {
    /// None: a subtype that is not decoded here.
    pub(super) fn decode(subtype: u8, info: &[u8]) -> Result<Option<Self>, TlvError> {
        let mut reader = Reader(info);
        Ok(Some(match subtype {
            1 => {
                let status = reader.u8()?;
                Self::MacPhy(MacPhy {
                    autonegotiation_supported: status & 1 != 0,
                    autonegotiation_enabled: status & 2 != 0,
                    advertised: reader.u16()?,
                    mau_type: reader.u16()?,
                })
            }
            2 => Self::PowerViaMdi(PowerViaMdi {
                support: reader.u8()?,
                pairs: reader.u8()?,
                class: reader.u8()?,
                allocation: if reader.0.is_empty() {
                    None
                } else {
                    Some(PowerAllocation {
                        type_source_priority: reader.u8()?,
                        requested: reader.u16()?,
                        allocated: reader.u16()?,
                    })
                },
            }),
            3 => Self::LinkAggregation(LinkAggregation::decode(&mut reader)?),
            4 => Self::MaximumFrameSize(reader.u16()?),
            _ => return Ok(None),
        }))
    }
}
