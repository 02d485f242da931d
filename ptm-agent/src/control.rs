//! The PTM control socket: answers `ptmctl`, libptm and zebra, and tells them of changes.
//!
//! One task owns a [`Control`] and calls it; that is the whole trick. Each client has a task that turns its bytes into
//! commands, and all commands come to the owner over one bounded queue ([`Control::next_request`]). The owner answers
//! ([`Control::reply`]) and announces ([`Control::notify`]) without waiting, each into the client's bounded outbox, from
//! which only whole runs of messages are written, in order. So a status can't overtake a later notification or fall
//! behind an earlier one, no client waits for another, and the owner waits for none.
//!
//! ```text
//!  socket ─► client task: Decoder, Command ─┐ bounded
//!  socket ─► client task                   ─┼────────► next_request ─► owner ─► reply, notify
//!  socket ─► client task                   ─┘                                       │
//!     ▲                                                                             │
//!     └───────────────────────── outbox of each client ◄────────────────────────────┘
//! ```
//!
//! It must not decide anything: rows come from the owner, a status leaves as the monitor gave it.

pub mod codec;
pub mod column;
pub mod record;
pub mod rows;

mod answer;
mod client;
mod from_monitor;
mod peer;
mod refusal;
mod request;
mod server;

pub use answer::{Answer, ReloadFailed};
pub use refusal::Refusal;
pub use request::{About, Command, GetStatus, Request};
pub use server::{BindError, ClientId, Control, Counters, Limits};

/// The name of the socket in the abstract namespace, without the leading NUL. The name is scoped by network
/// namespace and vanishes with its owner, so a killed agent leaves nothing behind.
pub const SOCKET: &str = "/var/run/ptmd.socket";

#[cfg(test)]
mod tests;
