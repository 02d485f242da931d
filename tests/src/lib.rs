//! A fabric in a box: machines as namespaces, veth cables through a patch panel, real lldpd, our agent beside it.
//!
//! A machine is not a container but a thread that has moved into a network, mount and host-name namespace of its own
//! ([`Machine`]). Nothing has a name outside of it: no `ip netns` entry, no file, no mount on the host. So nothing can
//! be left behind: when the process goes, in whatever way (also by `kill -9`), its threads go, the kernel takes down
//! their namespaces with every interface and mount in them, and the programs started there are killed by
//! `PR_SET_PDEATHSIG`.
//!
//! It runs our programs by path, as a user would. It must not depend on `ptm-agent`: building that one needs a set-up
//! that `cargo xtask` makes first.
//!
//! Needs root, Linux, and `ip`, `tc`, `lldpd`, `lldpcli`, `dot`, and for a [`Browser`] `node` and Chromium: `cargo xtask
//! setup` brings them.

mod alertmanager;
mod browser;
mod cabling;
mod endpoint;
mod error;
mod fabric;
mod forward;
mod frame;
mod hooks;
mod lldpd;
mod machine;
mod map;
mod node;
mod panel;
mod process;
mod prometheus;
pub mod promql;
mod ptm;
pub mod scenario;
mod terminal;
pub mod wait;
mod wire;
mod zebra;

pub use alertmanager::{Alert, Alertmanager, Group};
pub use browser::{Browser, Focused, Look, Page, Troubles, quoted};
pub use cabling::{Cable, Cabling};
pub use endpoint::Endpoint;
pub use error::FabricError;
pub use fabric::Fabric;
pub use forward::Forward;
pub use frame::Frame;
pub use hooks::HookRun;
pub use lldpd::{LldpdNeighbor, USUAL_TTL};
pub use machine::{Machine, Output};
pub use map::{Map, USUAL_PORT};
pub use node::Node;
pub use process::Process;
pub use prometheus::{Prometheus, Sample};
pub use ptm::{PortReport, program};
pub use terminal::Terminal;
pub use wire::Wire;
pub use zebra::{Kind, Seen, Zebra};
