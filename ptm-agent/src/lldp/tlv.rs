//! One TLV after the other: the walk that both `decode` and its lazy iterators are made of.

use super::address::ManagementAddress;
use super::capabilities::Capabilities;
use super::dot1::Dot1;
use super::dot3::Dot3;
use super::id::{ChassisId, PortId};
use super::organizational::Organizational;
use super::reader::Reader;
use super::text::Text;
use super::{LengthError, TlvError};

/// One TLV of an LLDPDU. The End TLV is not among them: it ends them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tlv<'a> {
    /// Type 1.
    ChassisId(ChassisId<'a>),
    /// Type 2.
    PortId(PortId<'a>),
    /// Type 3: how long what the LLDPDU says holds, in seconds.
    TimeToLive(u16),
    /// Type 4.
    PortDescription(Text<'a>),
    /// Type 5.
    SystemName(Text<'a>),
    /// Type 6.
    SystemDescription(Text<'a>),
    /// Type 7.
    Capabilities(Capabilities),
    /// Type 8.
    ManagementAddress(ManagementAddress<'a>),
    /// Type 127.
    Organizational(Organizational<'a>),
    /// Types 9–126, reserved for later versions: carried whole. It counts in `statsTLVsUnrecognizedTotal`
    /// (802.1AB-2016 9.2.7.7.1 f).
    Unrecognized {
        /// 9–126.
        tlv_type: u8,
        /// 0–511 bytes.
        value: &'a [u8],
    },
    /// A TLV in error. It says nothing and counts in `statsTLVsDiscardedTotal`.
    Discarded {
        /// 1–127.
        tlv_type: u8,
        /// 0–511 bytes; what there is of them, if the frame ends before the TLV.
        value: &'a [u8],
        /// What is wrong with it.
        error: TlvError,
    },
}

/// A TLV before its value is looked at.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a> {
    /// 1–127.
    pub(super) tlv_type: u8,
    pub(super) value: &'a [u8],
    /// The frame ends before the TLV.
    pub(super) is_truncated: bool,
}

/// The TLVs of an LLDPDU, in the order in which they came.
#[derive(Clone)]
pub struct Tlvs<'a> {
    /// What is left to read.
    pub(super) rest: &'a [u8],
    /// Which of the TLVs that may appear once have appeared: a bit each.
    seen: u16,
}

impl<'a> Tlvs<'a> {
    pub(super) const fn new(lldpdu: &'a [u8]) -> Self {
        Self { rest: lldpdu, seen: 0 }
    }

    /// The next TLV before its value is looked at; none at the End TLV, which is left there, or at the end of the frame.
    pub(super) fn next_raw(&mut self) -> Option<Raw<'a>> {
        let &first = self.rest.first()?;
        let tlv_type = first >> 1;
        if tlv_type == 0 {
            return None;
        }
        let header = self.rest.split_first_chunk();
        let value = header.and_then(|(header, rest)| rest.split_at_checked(usize::from(length(*header))));
        let is_truncated = value.is_none();
        let (value, rest) = value.unwrap_or((header.map_or(&[], |(_, rest)| rest), &[]));
        self.rest = rest;
        Some(Raw { tlv_type, value, is_truncated })
    }

    /// What a TLV says. Types 1 to 3 are taken as they come: `decode` sees to their order.
    pub(super) fn interpret(&mut self, Raw { tlv_type, value, is_truncated }: Raw<'a>) -> Tlv<'a> {
        let tlv = if is_truncated { Err(TlvError::Truncated) } else { interpret(tlv_type, value) };
        tlv.and_then(|tlv| self.first_of_its_kind(tlv)).unwrap_or_else(|error| Tlv::Discarded {
            tlv_type,
            value,
            error,
        })
    }

    /// Of a TLV that an LLDPDU should have once at most (the TLVs' usage rules: 802.1AB-2016 8.5.5–8.5.8, 802.1Q-2018
    /// annex D, 802.3-2018 clause 79), the first one stands and the others are discarded, as lldpad and illumos do it.
    fn first_of_its_kind(&mut self, tlv: Tlv<'a>) -> Result<Tlv<'a>, TlvError> {
        let bit = match tlv {
            Tlv::PortDescription(_) => 0,
            Tlv::SystemName(_) => 1,
            Tlv::SystemDescription(_) => 2,
            Tlv::Capabilities(_) => 3,
            Tlv::Organizational(Organizational::Dot1(dot1)) => match dot1 {
                Dot1::PortVlanId(_) => 4,
                Dot1::VidUsageDigest(_) => 5,
                Dot1::ManagementVid(_) => 6,
                Dot1::LinkAggregation(_) => 7,
                Dot1::PortAndProtocolVlanId { .. } | Dot1::VlanName { .. } | Dot1::ProtocolIdentity(_) => {
                    return Ok(tlv);
                }
            },
            Tlv::Organizational(Organizational::Dot3(dot3)) => match dot3 {
                Dot3::MacPhy(_) => 8,
                Dot3::PowerViaMdi(_) => 9,
                Dot3::LinkAggregation(_) => 10,
                Dot3::MaximumFrameSize(_) => 11,
            },
            _ => return Ok(tlv),
        };
        let is_again = self.seen >> bit & 1 == 1;
        self.seen |= 1 << bit;
        if is_again { Err(TlvError::Duplicate) } else { Ok(tlv) }
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        let raw = self.next_raw()?;
        Some(self.interpret(raw))
    }
}

/// A TLV's length without its header: the low nine bits of the header (802.1AB-2016 8.4).
const fn length(header: [u8; 2]) -> u16 {
    u16::from_be_bytes(header) & 0x1ff
}

fn interpret(tlv_type: u8, value: &[u8]) -> Result<Tlv<'_>, TlvError> {
    let text = || Text::new(value).map_err(|LengthError { .. }| TlvError::Length);
    Ok(match tlv_type {
        1 => Tlv::ChassisId(ChassisId::decode(value).ok_or(TlvError::Length)?),
        2 => Tlv::PortId(PortId::decode(value).ok_or(TlvError::Length)?),
        // 9.2.7.7.1 c: the first two octets count, whatever follows them.
        3 => Tlv::TimeToLive(Reader(value).u16()?),
        4 => Tlv::PortDescription(text()?),
        5 => Tlv::SystemName(text()?),
        6 => Tlv::SystemDescription(text()?),
        7 => Tlv::Capabilities(Capabilities::decode(value)?),
        8 => Tlv::ManagementAddress(ManagementAddress::decode(value)?),
        127 => Tlv::Organizational(Organizational::decode(value)?),
        _ => Tlv::Unrecognized { tlv_type, value },
    })
}
