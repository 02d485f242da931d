//! Who speaks: chassis ID and port ID. Together they name an LLDP agent (802.1AB's MSAP identifier).

use std::fmt;

use super::LengthError;
use super::address::NetworkAddress;
use super::text::{Hex, Text};

/// The longest chassis or port ID, in bytes, the subtype not counted (802.1AB-2016 8.5.2.3, 8.5.3.3).
const MAX_ID: usize = 255;

/// How an ID's bytes are to be read, whichever TLV it stands in.
enum Shape {
    Mac,
    Address,
    Text,
    Unknown,
}

/// Declares the enum of a TLV's subtypes and the ID that goes with it: the two TLVs differ in their numbers only.
macro_rules! id {
    (
        $(#[$id_doc:meta])* $id:ident, $what:literal, $(#[$subtype_doc:meta])* $subtype:ident {
            $($(#[$doc:meta])* $variant:ident = $number:literal, $shape:ident, $name:literal;)+
        }
    ) => {
        $(#[$subtype_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $subtype {
            $($(#[$doc])* $variant,)+
            /// A number that the standard keeps for later.
            Reserved(u8),
        }

        impl $subtype {
            /// The subtype with this number.
            pub const fn new(number: u8) -> Self {
                match number {
                    $($number => Self::$variant,)+
                    _ => Self::Reserved(number),
                }
            }

            /// Its number in the TLV.
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$variant => $number,)+
                    Self::Reserved(number) => number,
                }
            }

            /// Its name in lldpcli, or one in that manner where lldpcli says `unhandled`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Reserved(_) => "reserved",
                }
            }

            const fn shape(self) -> Shape {
                match self {
                    $(Self::$variant => Shape::$shape,)+
                    Self::Reserved(_) => Shape::Unknown,
                }
            }
        }

        $(#[$id_doc])*
        ///
        /// `Display` is lldpcli's: a MAC address as `00:1b:21:0a:0b:0c`, a network address in its usual notation, text
        /// as text. What lldpcli calls `unhandled` and shows as bytes is text if the standard makes it so; else, and
        /// for an address of an unknown family, it is bytes in hexadecimal here too.
        /// Bounded and escaped as [`Text`] is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $id<'a> {
            subtype: $subtype,
            bytes: &'a [u8],
        }

        impl<'a> $id<'a> {
            /// An ID of 1 to 255 bytes, the subtype not counted.
            pub const fn new(subtype: $subtype, bytes: &'a [u8]) -> Result<Self, LengthError> {
                match LengthError::check($what, bytes.len(), 1, MAX_ID) {
                    Ok(()) => Ok(Self { subtype, bytes }),
                    Err(error) => Err(error),
                }
            }

            /// The ID in a TLV's value: subtype, then the ID itself.
            pub(super) const fn decode(value: &'a [u8]) -> Option<Self> {
                match value {
                    [subtype, bytes @ ..] if !bytes.is_empty() && bytes.len() <= MAX_ID => {
                        Some(Self { subtype: $subtype::new(*subtype), bytes })
                    }
                    _ => None,
                }
            }

            /// How the bytes are to be read.
            pub const fn subtype(self) -> $subtype {
                self.subtype
            }

            /// The ID as it came, 1–255 bytes, without the subtype.
            pub const fn bytes(self) -> &'a [u8] {
                self.bytes
            }

            /// The ID as text, if its subtype makes it text.
            pub const fn text(self) -> Option<Text<'a>> {
                match self.subtype.shape() {
                    Shape::Text => Some(Text::checked(self.bytes)),
                    Shape::Mac | Shape::Address | Shape::Unknown => None,
                }
            }

            /// The ID as a network address, if its subtype makes it one.
            pub const fn network_address(self) -> Option<NetworkAddress<'a>> {
                match self.subtype.shape() {
                    Shape::Address => NetworkAddress::decode(self.bytes),
                    Shape::Mac | Shape::Text | Shape::Unknown => None,
                }
            }
        }

        impl fmt::Display for $id<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.subtype.shape() {
                    Shape::Mac | Shape::Unknown => Hex(self.bytes).fmt(f),
                    Shape::Address => match NetworkAddress::decode(self.bytes) {
                        Some(address) => address.fmt(f),
                        None => Hex(self.bytes).fmt(f),
                    },
                    Shape::Text => Text::checked(self.bytes).fmt(f),
                }
            }
        }
    };
}

id! {
    /// The chassis that speaks (802.1AB-2016 8.5.2).
    ChassisId, "chassis ID",
    /// What a chassis ID is made of (802.1AB-2016 table 8-2).
    ChassisIdSubtype {
        /// entPhysicalAlias of the chassis.
        ChassisComponent = 1, Text, "chassis-component";
        /// ifAlias.
        InterfaceAlias = 2, Text, "ifalias";
        /// entPhysicalAlias of a port or backplane.
        PortComponent = 3, Text, "port-component";
        /// A MAC address, normally six bytes.
        MacAddress = 4, Mac, "mac";
        /// A [`NetworkAddress`].
        NetworkAddress = 5, Address, "ip";
        /// ifName.
        InterfaceName = 6, Text, "ifname";
        /// Text of the sender's own choice.
        Local = 7, Text, "local";
    }
}

id! {
    /// The port that speaks (802.1AB-2016 8.5.3).
    PortId, "port ID",
    /// What a port ID is made of (802.1AB-2016 table 8-3).
    PortIdSubtype {
        /// ifAlias.
        InterfaceAlias = 1, Text, "ifalias";
        /// entPhysicalAlias of a port or backplane.
        PortComponent = 2, Text, "port-component";
        /// A MAC address, normally six bytes.
        MacAddress = 3, Mac, "mac";
        /// A [`NetworkAddress`].
        NetworkAddress = 4, Address, "ip";
        /// ifName.
        InterfaceName = 5, Text, "ifname";
        /// A circuit ID of RFC 3046, normally text.
        AgentCircuitId = 6, Text, "agent-circuit-id";
        /// Text of the sender's own choice.
        Local = 7, Text, "local";
    }
}
