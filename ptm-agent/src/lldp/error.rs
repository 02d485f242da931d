//! What can be wrong: with an LLDPDU as a whole, with one TLV in it, and with a value that is to be encoded.

use std::fmt;

/// Why an LLDPDU is discarded as a whole (802.1AB-2016 9.2.7.7.1, 9.2.7.7.2 a).
///
/// Each such LLDPDU counts once in `statsFramesDiscardedTotal` and once in `statsFramesInErrorsTotal`. Offsets are in
/// bytes from the start of the LLDPDU and point at the header of the TLV in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The LLDPDU ends where a mandatory TLV should begin.
    #[error("it ends at offset {at}, where its {expected} TLV should begin")]
    Missing {
        /// The TLV that should be there.
        expected: Mandatory,
        /// Where it should be.
        at: usize,
    },
    /// Another TLV stands where a mandatory one should.
    #[error("at offset {at} there is a TLV of type {found} instead of the {expected} TLV")]
    OutOfOrder {
        /// The TLV that should be there.
        expected: Mandatory,
        /// The type of the one that is, 1–127.
        found: u8,
        /// Where.
        at: usize,
    },
    /// A mandatory TLV says that it is longer than what is left of the frame.
    #[error("its {tlv} TLV at offset {at} runs past the end of the frame")]
    Truncated {
        /// Which TLV.
        tlv: Mandatory,
        /// Where.
        at: usize,
    },
    /// A mandatory TLV is shorter or longer than it may be.
    #[error("the length of its {tlv} TLV at offset {at} is {length}; it must be {}", tlv.lengths())]
    Length {
        /// Which TLV.
        tlv: Mandatory,
        /// Its length without the header, 0–511.
        length: usize,
        /// Where.
        at: usize,
    },
    /// A mandatory TLV is there for the second time.
    #[error("it has a second {tlv} TLV at offset {at}")]
    Duplicate {
        /// Which TLV.
        tlv: Mandatory,
        /// Where the second one is.
        at: usize,
    },
}

impl Malformed {
    /// Every [`Malformed::kind`].
    pub const KINDS: [&'static str; 5] = ["missing-tlv", "out-of-order", "truncated", "bad-length", "duplicate-tlv"];

    /// The variant's name for counters and metrics, stable.
    pub const fn kind(&self) -> &'static str {
        Self::KINDS[match self {
            Self::Missing { .. } => 0,
            Self::OutOfOrder { .. } => 1,
            Self::Truncated { .. } => 2,
            Self::Length { .. } => 3,
            Self::Duplicate { .. } => 4,
        }]
    }
}

/// The TLVs that every LLDPDU begins with, in this order (802.1AB-2016 8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mandatory {
    /// TLV type 1.
    ChassisId = 1,
    /// TLV type 2.
    PortId = 2,
    /// TLV type 3.
    TimeToLive = 3,
}

impl Mandatory {
    /// The mandatory TLV of this type.
    pub(super) const fn new(tlv_type: u8) -> Option<Self> {
        match tlv_type {
            1 => Some(Self::ChassisId),
            2 => Some(Self::PortId),
            3 => Some(Self::TimeToLive),
            _ => None,
        }
    }

    const fn lengths(self) -> &'static str {
        match self {
            Self::ChassisId | Self::PortId => "2 to 256",
            Self::TimeToLive => "at least 2",
        }
    }
}

impl fmt::Display for Mandatory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChassisId => "chassis ID",
            Self::PortId => "port ID",
            Self::TimeToLive => "time to live",
        })
    }
}

/// Why a single TLV is discarded while the LLDPDU stands (802.1AB-2016 9.2.7.7.2).
///
/// Each counts once in `statsTLVsDiscardedTotal`; the LLDPDU that holds one or more of them counts once in
/// `statsFramesInErrorsTotal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlvError {
    /// It says that it is longer than what is left of the frame.
    #[error("runs past the end of the frame")]
    Truncated,
    /// It, or a string in it, is shorter or longer than it may be.
    #[error("bad length")]
    Length,
    /// A TLV that may appear once appears again; the first one stands.
    #[error("duplicate")]
    Duplicate,
    /// Two of its fields contradict each other, such as a capability that is enabled but not there (8.5.8.3).
    #[error("contradicts itself")]
    Contradiction,
}

/// A value is too short or too long for the TLV that should carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} is {length} bytes long; it may have {min} to {max}")]
pub struct LengthError {
    /// What has the wrong length.
    pub what: &'static str,
    /// Its length in bytes.
    pub length: usize,
    /// The fewest bytes it may have.
    pub min: usize,
    /// The most bytes it may have.
    pub max: usize,
}

impl LengthError {
    pub(super) const fn check(what: &'static str, length: usize, min: usize, max: usize) -> Result<(), Self> {
        if length < min || length > max { Err(Self { what, length, min, max }) } else { Ok(()) }
    }
}
