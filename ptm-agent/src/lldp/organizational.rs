//! Organizationally specific TLVs (802.1AB-2016 8.6): those of IEEE 802.1 and 802.3 decoded, the rest carried whole.

use std::fmt;

use super::TlvError;
use super::dot1::Dot1;
use super::dot3::Dot3;
use super::reader::Reader;

/// Who defined an organizationally specific TLV: an OUI or CID. `Display`: `00-12-0f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Oui(pub [u8; 3]);

impl Oui {
    /// IEEE 802.1: VLANs, link aggregation (802.1Q-2018 annex D).
    pub const DOT1: Self = Self([0x00, 0x80, 0xc2]);
    /// IEEE 802.3: Ethernet (802.3-2018 clause 79).
    pub const DOT3: Self = Self([0x00, 0x12, 0x0f]);
    /// TIA: LLDP-MED (ANSI/TIA-1057).
    pub const MED: Self = Self([0x00, 0x12, 0xbb]);
}

impl fmt::Display for Oui {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.0;
        write!(f, "{a:02x}-{b:02x}-{c:02x}")
    }
}

/// An organizationally specific TLV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Organizational<'a> {
    /// One of IEEE 802.1 that this decoder knows.
    Dot1(Dot1<'a>),
    /// One of IEEE 802.3 that this decoder knows.
    Dot3(Dot3),
    /// One of LLDP-MED, carried whole.
    Med {
        /// Which one, 1 capabilities … 11 asset ID.
        subtype: u8,
        /// What it says, 0–507 bytes.
        info: &'a [u8],
    },
    /// One that this decoder doesn't know, carried whole. It counts in `statsTLVsUnrecognizedTotal`
    /// (802.1AB-2016 9.2.7.7.1 g).
    Unrecognized {
        /// Whose it is.
        oui: Oui,
        /// Which of theirs.
        subtype: u8,
        /// What it says, 0–507 bytes.
        info: &'a [u8],
    },
}

impl<'a> Organizational<'a> {
    pub(super) fn decode(value: &'a [u8]) -> Result<Self, TlvError> {
        let mut reader = Reader(value);
        let oui = Oui(reader.array()?);
        let subtype = reader.u8()?;
        let info = reader.0;
        let known = match oui {
            Oui::DOT1 => Dot1::decode(subtype, info)?.map(Self::Dot1),
            Oui::DOT3 => Dot3::decode(subtype, info)?.map(Self::Dot3),
            Oui::MED if matches!(subtype, 1..=11) => Some(Self::Med { subtype, info }),
            _ => None,
        };
        Ok(known.unwrap_or(Self::Unrecognized { oui, subtype, info }))
    }
}

/// Whether a port belongs to a link aggregation (802.1AX-2014 annex F; 802.3-2018 79.3.3, its deprecated twin).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkAggregation {
    /// The port can be aggregated.
    pub capable: bool,
    /// The port is aggregated now.
    pub enabled: bool,
    /// The aggregated port's identifier, an ifIndex of the neighbor; 0 if not aggregated.
    pub port_id: u32,
}

impl LinkAggregation {
    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, TlvError> {
        let (status, port_id) = (reader.u8()?, reader.u32()?);
        Ok(Self { capable: status & 1 != 0, enabled: status & 2 != 0, port_id })
    }
}

impl fmt::Display for LinkAggregation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { enabled: true, port_id, .. } => write!(f, "aggregated, port {port_id}"),
            Self { capable: true, .. } => f.write_str("not aggregated"),
            Self { .. } => f.write_str("not capable"),
        }
    }
}
