//! The kernel half in the real kernel. Needs root; without it each test says that it was left out.

mod ports;
mod program;
mod support;
