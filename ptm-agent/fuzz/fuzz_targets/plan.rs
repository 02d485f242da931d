//! Any bytes, taken as a topology file: `cargo xtask fuzz plan`.
#![no_main]

#[path = "../properties/plan.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::check(bytes));
