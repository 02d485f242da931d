//! Where a neighbor can be managed: network addresses and the management address TLV (802.1AB-2016 8.5.9).

use std::fmt;
use std::net::IpAddr;

use super::reader::Reader;
use super::text::Hex;
use super::{LengthError, TlvError};

/// A network address with its IANA address family.
///
/// `Display` is that of the family for IPv4, IPv6 and 48-bit MAC addresses; another one's bytes are shown in
/// hexadecimal, family first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NetworkAddress<'a> {
    /// Family and address, as the TLVs have them: 2–255 bytes.
    bytes: &'a [u8],
}

impl<'a> NetworkAddress<'a> {
    /// The address in an ID or a TLV: family, then 1 to 254 bytes.
    pub(super) const fn decode(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() < 2 { None } else { Some(Self { bytes }) }
    }

    /// Family and address, as the TLVs have them.
    pub(super) const fn with_family(self) -> &'a [u8] {
        self.bytes
    }

    /// The IANA address family number: 1 IPv4, 2 IPv6, 6 all 802 media.
    pub const fn family(self) -> u8 {
        self.bytes[0]
    }

    /// The address itself, without the family.
    pub fn bytes(self) -> &'a [u8] {
        &self.bytes[1..]
    }

    /// The address, if it is an IP address of the right length.
    pub fn ip(self) -> Option<IpAddr> {
        match self.family() {
            1 => <[u8; 4]>::try_from(self.bytes()).ok().map(IpAddr::from),
            2 => <[u8; 16]>::try_from(self.bytes()).ok().map(IpAddr::from),
            _ => None,
        }
    }
}

impl fmt::Display for NetworkAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip() {
            Some(ip) => ip.fmt(f),
            None if self.family() == 6 && self.bytes().len() == 6 => Hex(self.bytes()).fmt(f),
            None => Hex(self.bytes).fmt(f),
        }
    }
}

/// An address at which the neighbor's management answers; an LLDPDU may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManagementAddress<'a> {
    /// The address.
    pub address: NetworkAddress<'a>,
    /// The neighbor's interface that has the address.
    pub interface: InterfaceNumber,
    /// What the neighbor says is there: an object identifier, BER-encoded without tag and length, 0–128 bytes.
    pub object_id: &'a [u8],
}

/// The number of an interface, in the neighbor's numbering (802.1AB-2016 8.5.9.5, 8.5.9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceNumber {
    /// Subtype 1, or one that the standard doesn't define: the number means nothing to others.
    Unknown(u32),
    /// Subtype 2: the number is an ifIndex.
    IfIndex(u32),
    /// Subtype 3: the number is a system port number.
    SystemPort(u32),
}

impl InterfaceNumber {
    pub(super) const fn subtype_and_number(self) -> (u8, u32) {
        match self {
            Self::Unknown(number) => (1, number),
            Self::IfIndex(number) => (2, number),
            Self::SystemPort(number) => (3, number),
        }
    }
}

impl<'a> ManagementAddress<'a> {
    /// Of address family and address: 2 to 32 bytes.
    const ADDRESS: (usize, usize) = (2, 32);
    const MAX_OBJECT_ID: usize = 128;

    /// A management address of 1 to 31 bytes in an IANA family: `family_and_address` has the family first. The object
    /// identifier has at most 128 bytes and may be empty.
    pub const fn new(
        family_and_address: &'a [u8],
        interface: InterfaceNumber,
        object_id: &'a [u8],
    ) -> Result<Self, LengthError> {
        let (min, max) = Self::ADDRESS;
        if let Err(error) = LengthError::check("address with its family", family_and_address.len(), min, max) {
            return Err(error);
        }
        if let Err(error) = LengthError::check("object identifier", object_id.len(), 0, Self::MAX_OBJECT_ID) {
            return Err(error);
        }
        Ok(Self { address: NetworkAddress { bytes: family_and_address }, interface, object_id })
    }

    pub(super) fn decode(value: &'a [u8]) -> Result<Self, TlvError> {
        let mut reader = Reader(value);
        let address = reader.counted()?;
        let subtype = reader.u8()?;
        let number = reader.u32()?;
        let interface = match subtype {
            2 => InterfaceNumber::IfIndex(number),
            3 => InterfaceNumber::SystemPort(number),
            _ => InterfaceNumber::Unknown(number),
        };
        Self::new(address, interface, reader.counted()?).map_err(|_| TlvError::Length)
    }
}
