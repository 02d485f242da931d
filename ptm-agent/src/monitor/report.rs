//! What the monitor tells the outside: a report on a port when asked, an event when a verdict changes.

use std::sync::Arc;

use ptm_common::IfIndex;

use crate::monitor::compare;
use crate::monitor::{Difference, Neighbor, Reason, Statistics};
use crate::plan::{Expectation, HostIdType, Notify};
use crate::time::BootTime;

/// Everything the monitor knows of one port at one moment.
///
/// Text that comes from LLDP is not escaped here: each way out escapes it for its own format.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// The interface's name, or the one that the plan gives where this machine has no such interface.
    pub port: &'a str,
    /// The interface; `None`: this machine has none of that name.
    pub ifindex: Option<IfIndex>,
    /// Whether the link has carrier.
    pub carrier: bool,
    /// The verdict; [`Reason::status`] is its status.
    pub reason: Reason,
    /// Whether the verdict is from before the agent's restart and LLDP has neither confirmed nor refuted it yet.
    pub cached: bool,
    /// When the verdict, or what LLDP says on the port, last changed; `None`: never that is known.
    pub changed_at: Option<BootTime>,
    /// What the plan says of the port.
    pub expectation: Option<&'a Expectation>,
    /// The neighbor that the verdict rests on.
    pub neighbor: Option<&'a Neighbor>,
    /// All neighbors on the port, that one included.
    pub neighbors: &'a [Neighbor],
    /// How that neighbor differs from the expected one.
    pub difference: Option<Difference>,
    /// What to do about it.
    pub advice: Option<String>,
    /// How often the verdict changed since the agent's start, or since the port last had none.
    pub transitions: u64,
    /// The port's counters; `None` where there is no interface.
    pub statistics: Option<&'a Statistics>,
    /// How the plan names nodes, and so how the neighbor is named.
    pub host_id_type: HostIdType,
}

impl Report<'_> {
    /// The expected far end, `node:port`, or just `node` where the plan gives no port.
    pub fn expected(&self) -> Option<String> {
        self.expectation.map(Expectation::far_end)
    }

    /// The neighbor that is there, `node:port`: its node and its port by what the plan compares, or by what a person
    /// would recognise where the plan compares nothing.
    pub fn observed(&self) -> Option<String> {
        let neighbor = self.neighbor?;
        let pdu = neighbor.pdu();
        let node = match self.host_id_type {
            HostIdType::Hostname => None,
            HostIdType::IpAddr => compare::node_address(self.expectation, &pdu),
        };
        let node = node.unwrap_or_else(|| neighbor.node());
        Some(format!("{node}:{}", compare::port_name(self.expectation, &pdu)))
    }
}

/// A change of a port's verdict.
///
/// `None` as a verdict: the port has none, because the plan does not name it and nobody is heard on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The port's name.
    pub port: Arc<str>,
    /// When it happened.
    pub at: BootTime,
    /// The verdict until now.
    pub before: Option<Reason>,
    /// The verdict from now on.
    pub after: Option<Reason>,
    /// The expected far end, `node:port`.
    pub expected: Option<String>,
    /// The neighbor that is there, `node:port`; text from LLDP, not escaped.
    pub observed: Option<String>,
    /// Whether the plan names the port.
    pub planned: bool,
    /// Whether the link has carrier; `None`: this machine has no interface of that name.
    pub carrier: Option<bool>,
    /// Whether the new verdict is from before the agent's restart and LLDP has neither confirmed nor refuted it yet.
    pub cached: bool,
    /// How the neighbor differs from the expected one.
    pub difference: Option<Difference>,
    /// What the plan wants to happen on a change of this link.
    pub notify: Notify,
    /// The verdict and its evidence in a sentence; text from LLDP, not escaped.
    pub explanation: String,
    /// What to do about it; text from LLDP, not escaped.
    pub advice: Option<String>,
}
