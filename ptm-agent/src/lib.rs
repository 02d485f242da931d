//! PTM's user half: from captured LLDP frames and the cabling plan to verdicts.
//!
//! Three pure modules in the middle ([`monitor`], and the `lldp` and `plan` it rests on), the edges
//! around them. ARCHITECTURE.md has the map.

pub mod agent;
pub mod api;
pub mod arguments;
pub mod capture;
pub mod clock;
pub mod control;
pub mod escape;
pub mod hooks;
pub mod host;
pub mod lldp;
pub mod logging;
pub mod map;
pub mod metrics;
pub mod monitor;
pub mod netlink;
pub mod open_files;
pub mod plan;
pub mod plan_file;
pub mod plan_watch;
pub mod ptmctl;
mod rate_limit;
pub mod reload;
pub mod resident;
pub mod snapshot;
pub mod state;
pub mod time;
pub mod web;
mod words;

/// How long a test waits for what should take a moment: generous, so that a loaded machine is no failure.
#[cfg(test)]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
