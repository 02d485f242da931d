//! LLDP inside Ethernet: where an LLDPDU lies in a frame, and how to make a frame of one.

/// LLDP's `EtherType` (802.1AB-2016 7.3).
pub const ETHERTYPE: u16 = 0x88cc;

/// The nearest bridge's group address, which no bridge forwards: where LLDP is sent to unless configured otherwise
/// (802.1AB-2016 7.1).
pub const NEAREST_BRIDGE: [u8; 6] = [0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e];

/// An Ethernet frame without its checksum is at least this long; senders pad it with zeros.
const MIN_FRAME: usize = 60;

/// The LLDPDU in an Ethernet frame, padding included: what follows LLDP's `EtherType`, which may stand behind one or two
/// VLAN tags (C-tag 0x8100, S-tag 0x88a8, and 0x9100 of older equipment). None if the frame is not LLDP.
pub fn lldpdu(frame: &[u8]) -> Option<&[u8]> {
    let mut rest = frame.get(12..)?;
    for _tags in 0..=2 {
        let (ethertype, payload) = rest.split_first_chunk()?;
        match u16::from_be_bytes(*ethertype) {
            ETHERTYPE => return Some(payload),
            0x8100 | 0x88a8 | 0x9100 => rest = payload.get(2..)?,
            _ => return None,
        }
    }
    None
}

/// The Ethernet frame that carries `lldpdu` from the MAC address `source` to [`NEAREST_BRIDGE`], padded to Ethernet's
/// minimum.
pub fn frame(source: [u8; 6], lldpdu: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(MIN_FRAME.max(14 + lldpdu.len()));
    frame.extend_from_slice(&NEAREST_BRIDGE);
    frame.extend_from_slice(&source);
    frame.extend_from_slice(&ETHERTYPE.to_be_bytes());
    frame.extend_from_slice(lldpdu);
    frame.resize(MIN_FRAME.max(frame.len()), 0);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_lldpdu_is_found_behind_up_to_two_tags() {
        let cases: &[(&[u8], Option<&[u8]>)] = &[
            (&[0x88, 0xcc, 2, 7], Some(&[2, 7])),
            (&[0x88, 0xcc], Some(&[])),
            (&[0x81, 0x00, 0x60, 0x00, 0x88, 0xcc, 2], Some(&[2])),
            (&[0x88, 0xa8, 0x00, 0x64, 0x81, 0x00, 0x00, 0x05, 0x88, 0xcc, 2], Some(&[2])),
            (&[0x91, 0x00, 0x00, 0x64, 0x88, 0xcc, 2], Some(&[2])),
            (&[0x81, 0x00, 0, 1, 0x81, 0x00, 0, 2, 0x81, 0x00, 0, 3, 0x88, 0xcc, 2], None),
            (&[0x08, 0x00, 0x45], None),
            (&[0x81, 0x00, 0x00, 0x01, 0x08, 0x00], None),
            (&[0x81, 0x00, 0x00, 0x01, 0x88], None),
            (&[0x81, 0x00, 0x00], None),
            (&[0x88], None),
        ];
        for (after_addresses, expected) in cases {
            let frame = [&[0xaa; 12], *after_addresses].concat();
            assert_eq!(lldpdu(&frame), *expected, "{after_addresses:02x?}");
        }
        assert_eq!(lldpdu(&[0x88, 0xcc]), None);
    }

    #[test]
    fn a_frame_is_padded_to_the_minimum() {
        let short = frame([2, 0, 0, 0, 0, 1], &[7; 10]);
        assert_eq!(short.len(), 60);
        assert_eq!(short[..14], [0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 1, 0x88, 0xcc]);
        assert_eq!(lldpdu(&short).unwrap(), [&[7; 10][..], &[0; 36]].concat());
        assert_eq!(frame([0; 6], &[7; 1500]).len(), 1514);
    }
}
