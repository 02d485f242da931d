//! Any bytes, taken as an Ethernet frame and as an LLDPDU: `cargo +nightly fuzz run lldp` in `ptm-agent`.
#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;
use ptm_agent::lldp::{self, Tlv, ethernet};

fuzz_target!(|bytes: &[u8]| {
    for lldpdu in [Some(bytes), ethernet::lldpdu(bytes)].into_iter().flatten() {
        let pdu = match lldp::decode(lldpdu) {
            Ok(pdu) => pdu,
            Err(malformed) => {
                black_box(malformed.to_string());
                continue;
            }
        };
        assert_eq!(lldp::decode(pdu.as_bytes()), Ok(pdu));
        let discarded = pdu.tlvs().filter(|tlv| matches!(tlv, Tlv::Discarded { .. })).count();
        assert_eq!(usize::from(pdu.tlvs_discarded), discarded.min(u16::MAX.into()));
        assert!(pdu.show().to_string().lines().all(|line| line.chars().count() <= 300));
    }
});
