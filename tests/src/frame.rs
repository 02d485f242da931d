//! LLDP frames made by hand, byte by byte: also those that no speaker would send.

/// 802.1AB's destination: nearest bridge.
const NEAREST_BRIDGE: [u8; 6] = [0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e];

/// An LLDP frame in the making. Its parts come in the order of the calls.
#[derive(Clone, Debug)]
#[must_use = "a frame is nothing before it is sent"]
pub struct Frame(Vec<u8>);

impl Frame {
    /// Header and nothing else; the sender's address is made of `sender`.
    pub fn empty(sender: u8) -> Self {
        Self::tagged(sender, None)
    }

    /// Header with an 802.1Q tag of this TCI (priority in the upper three bits, VLAN in the lower twelve).
    pub fn tagged(sender: u8, tci: Option<u16>) -> Self {
        let mut bytes = NEAREST_BRIDGE.to_vec();
        bytes.extend([0x02, 0, 0, 0, 0, sender]);
        if let Some(tci) = tci {
            bytes.extend([0x81, 0x00]);
            bytes.extend(tci.to_be_bytes());
        }
        bytes.extend([0x88, 0xcc]);
        Self(bytes)
    }

    /// The three mandatory TLVs: chassis ID a MAC address made of `sender`, port ID an interface name.
    pub fn mandatory(self, sender: u8, port: &str, ttl: u16) -> Self {
        let port_id: Vec<u8> = [5].into_iter().chain(port.bytes()).collect();
        self.tlv(1, &[4, 0x02, 0, 0, 0, 0, sender]).tlv(2, &port_id).tlv(3, &ttl.to_be_bytes())
    }

    /// A system name TLV.
    pub fn system_name(self, name: &[u8]) -> Self {
        self.tlv(5, name)
    }

    /// A TLV of a type (0–127) with a value (at most 511 bytes).
    pub fn tlv(mut self, kind: u8, value: &[u8]) -> Self {
        let length = u16::try_from(value.len()).expect("a TLV's value has at most 511 bytes");
        self.0.extend((u16::from(kind) << 9 | length).to_be_bytes());
        self.0.extend(value);
        self
    }

    /// TLVs of an unknown organization, until the frame has `length` bytes.
    pub fn fill_to(mut self, length: usize) -> Self {
        const LARGEST: usize = 2 + 511;
        // Header of two, organization of three, subtype of one.
        const SMALLEST: usize = 6;
        while let left @ SMALLEST.. = length - self.0.len() {
            let size = if left <= LARGEST { left } else { LARGEST.min(left - SMALLEST) };
            let mut value = vec![0; size - 2];
            value[..4].copy_from_slice(&[0xac, 0xde, 0x48, 0x01]);
            self = self.tlv(127, &value);
        }
        assert_eq!(self.0.len(), length, "no TLV is as small as what was left to fill");
        self
    }

    /// The end of the LLDPDU; nothing after it.
    pub fn end(self) -> Vec<u8> {
        self.tlv(0, &[]).0
    }

    /// What there is so far, without an end.
    pub fn cut_here(self) -> Vec<u8> {
        self.0
    }
}
