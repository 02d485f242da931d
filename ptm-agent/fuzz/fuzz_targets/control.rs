//! Any bytes, taken as what a client sends to the control socket: `cargo xtask fuzz control`.
#![no_main]

#[path = "../properties/control.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::check(bytes));
