//! The pure state machine that turns plan, link state, neighbors and time into verdicts and events.
//!
//! No I/O, no clock, no async: time is an argument. It alone owns verdicts; the edges hand it inputs and take events.

mod verdict;

pub use verdict::{Reason, Status};
