//! PTM's user half: from captured LLDP frames and the cabling plan to verdicts.
//!
//! Three pure modules in the middle ([`monitor`], and the `lldp` and `plan` it rests on), the edges
//! around them. ARCHITECTURE.md has the map.

pub mod control;
pub mod lldp;
pub mod monitor;
pub mod ptmctl;
pub mod time;
