//! Any bytes, taken as an Ethernet frame and as an LLDPDU: `cargo xtask fuzz lldp`.
#![no_main]

#[path = "../properties/lldp.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::check(bytes));
