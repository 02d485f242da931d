//! What the fuzz targets check, on what they begin with and on what they found: every seed, and each of its beginnings.
//!
//! The rest of fuzzing needs another build: `cargo xtask fuzz`.

#[path = "../fuzz/properties/control.rs"]
mod control;
#[path = "../fuzz/properties/lldp.rs"]
mod lldp;
#[path = "../fuzz/properties/plan.rs"]
mod plan;

use std::fs;
use std::path::Path;

/// Checks each file of `folders`, which are the ones in `xtask/src/fuzz.rs`.
fn check(folders: &[&str], check: fn(&[u8])) {
    for folder in folders {
        let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        let files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty(), "{folder} is empty");
        for file in files {
            let bytes = fs::read(&file).unwrap();
            (0..=bytes.len()).for_each(|length| check(&bytes[..length]));
        }
    }
}

#[test]
fn lldp_seeds() {
    check(&["fuzz/seeds/lldp"], lldp::check);
}

#[test]
fn plan_seeds() {
    check(&["fuzz/seeds/plan", "tests/plans", "../examples"], plan::check);
}

#[test]
fn control_seeds() {
    check(&["fuzz/seeds/control"], control::check);
}
