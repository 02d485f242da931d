//! The control protocol, fact by fact: every row of the tables and every sentence of what is known of it has a test here
//! that names it. What is asked goes over a real socket to a real monitor; what comes back is read by a reader that was
//! written from the facts and not from our codec.

mod agent;
mod columns;
mod commands;
mod message;
mod transport;
#[path = "../../src/control/tests/zebra.rs"]
mod zebra;
mod zebra_traps;
