//! The kernel half in the real kernel. Needs root; without it each test says that it was left out.

#[path = "../../src/logging/captured.rs"]
mod captured;
mod ports;
mod program;
mod support;
