//! The patch panel: every port of the fabric is a veth whose other end, its jack, is here; a cable joins jacks.
//!
//! A cable forwards by TC (`u32` matching everything, `mirred` out of the other jack), not by a bridge: a bridge eats
//! 01:80:c2:00:00:00 to :02 whatever its `group_fwd_mask` says, learns, and has timers; a cable passes every frame.
//! `u32` and not `matchall`, because kernels without the latter are about.
//!
//! To pull a cable is to take its jacks down. The ports at its ends lose carrier and stay the interfaces that they
//! were, with their index and whatever is attached to them: a machine can't tell it from copper.

use std::fs;
use std::io;

use crate::wait::{self, PATIENCE};
use crate::{Endpoint, FabricError, Machine, Wire};

/// The patch panel of a fabric, and all its cables.
pub(crate) struct Panel {
    machine: Machine,
    jacks: Vec<Jack>,
    cables: Vec<Vec<Endpoint>>,
    made: usize,
}

/// The panel's end of a port.
struct Jack {
    name: String,
    port: Endpoint,
}

impl Panel {
    pub(crate) fn start() -> Result<Self, FabricError> {
        let machine = Machine::start("patch-panel")?;
        // Router solicitations and the like would travel to the ports as if the neighbor had sent them.
        machine
            .enter(|| fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"))
            .or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) })
            .map_err(|e| FabricError::system(machine.name(), "switch IPv6 off", e))?;
        Ok(Self { machine, jacks: Vec::new(), cables: Vec::new(), made: 0 })
    }

    /// Makes ports, each in the given network namespace. They have no carrier before they are plugged.
    pub(crate) fn make_ports(
        &mut self,
        ports: impl IntoIterator<Item = (Endpoint, String)>,
    ) -> Result<(), FabricError> {
        let (mut links, mut hooks) = (Vec::new(), Vec::new());
        let before = self.jacks.len();
        for (port, network) in ports {
            let name = format!("j{}", self.made);
            self.made += 1;
            links.push(format!("link add {name} type veth peer name {} netns {network}", port.port));
            hooks.push(format!("qdisc add dev {name} clsact"));
            self.jacks.push(Jack { name, port });
        }
        let made = self.machine.batch("ip", &links).and_then(|()| self.machine.batch("tc", &hooks));
        if made.is_err() {
            self.jacks.truncate(before);
        }
        made
    }

    /// Unplugs a port and takes it off its machine.
    pub(crate) fn remove_port(&mut self, port: &Endpoint) -> Result<(), FabricError> {
        let jack = self.jack(port)?.to_owned();
        if self.cable(port).is_some() {
            self.unplug(port)?;
        }
        self.jacks.retain(|jack| jack.port != *port);
        self.machine.run(&["ip", "link", "del", &jack]).map(drop)
    }

    /// Follows a port that got another name or went to another machine; its cable stays where it is.
    pub(crate) fn renamed(&mut self, from: &Endpoint, to: &Endpoint) -> Result<(), FabricError> {
        self.jack(from)?;
        let ends = self.jacks.iter_mut().map(|jack| &mut jack.port).chain(self.cables.iter_mut().flatten());
        ends.filter(|end| *end == from).for_each(|end| to.clone_into(end));
        Ok(())
    }

    /// Joins the ports of each of `cables`. One with more than two ends is a hub.
    pub(crate) fn plug(&mut self, cables: Vec<Vec<Endpoint>>) -> Result<(), FabricError> {
        let (mut filters, mut links) = (Vec::new(), Vec::new());
        for cable in &cables {
            for end in cable {
                let jack = self.jack(end)?;
                let others = cable.iter().filter(|other| *other != end).map(|other| self.jack(other));
                let others = others.collect::<Result<Vec<_>, _>>()?;
                // All others but the last get a copy.
                let last = others.len().saturating_sub(1);
                let actions = others.iter().enumerate().map(|(index, other)| match index {
                    _ if index == last => format!("action mirred egress redirect dev {other}"),
                    _ => format!("action mirred egress mirror dev {other} pipe"),
                });
                let actions = actions.collect::<Vec<_>>().join(" ");
                filters.push(format!("filter add dev {jack} ingress prio 1 protocol all u32 match u32 0 0 {actions}"));
                links.push(format!("link set {jack} up"));
            }
        }
        self.machine.batch("tc", &filters)?;
        self.cables.extend(cables);
        self.machine.batch("ip", &links)
    }

    /// Pulls the cable in `port` out at all its ends, and gives them.
    pub(crate) fn unplug(&mut self, port: &Endpoint) -> Result<Vec<Endpoint>, FabricError> {
        let index = self.cables.iter().position(|cable| cable.contains(port));
        let index = index.ok_or_else(|| FabricError::NoSuchPort(port.to_string()))?;
        let cable = self.cables.swap_remove(index);
        let (mut links, mut filters) = (Vec::new(), Vec::new());
        for end in &cable {
            let jack = self.jack(end)?;
            links.push(format!("link set {jack} down"));
            filters.push(format!("filter del dev {jack} ingress"));
        }
        self.machine.batch("ip", &links)?;
        self.machine.batch("tc", &filters)?;
        Ok(cable)
    }

    /// Lets the far ends of the cable in `port` see or miss carrier, as they do when its transmitter goes on or off.
    pub(crate) fn far_carrier(&self, port: &Endpoint, on: bool) -> Result<(), FabricError> {
        let state = if on { "up" } else { "down" };
        let far = self.cable(port).into_iter().flatten().filter(|end| *end != port);
        let lines =
            far.map(|end| Ok(format!("link set {} {state}", self.jack(end)?))).collect::<Result<Vec<_>, _>>()?;
        self.machine.batch("ip", &lines)
    }

    /// Sets the largest payload, in bytes, that fits through the jack of `port`.
    pub(crate) fn set_mtu(&self, port: &Endpoint, bytes: u32) -> Result<(), FabricError> {
        self.machine.run(&["ip", "link", "set", self.jack(port)?, "mtu", &bytes.to_string()]).map(drop)
    }

    /// A place to put frames on the wire to `port`, in which there is a cable.
    pub(crate) fn wire(&self, port: &Endpoint) -> Result<Wire, FabricError> {
        let jack = self.jack(port)?;
        // An interface drops all that is sent, without a word, until the kernel has told of its carrier: up to a second
        // after it is there, or longer where the kernel has no time (`net/core/link_watch.c`).
        wait::until(format!("the wire to {port} to carry frames"), PATIENCE, || {
            let state = self.machine.read(&format!("/sys/class/net/{jack}/operstate"));
            match state.map_err(|error| format!("{error:?}"))?.trim() {
                "up" => Ok(()),
                other => Err(other.to_owned()),
            }
        })?;
        // It says so and begins to send under one lock, for which a change that is none waits.
        self.machine.run(&["ip", "link", "set", jack, "up"])?;
        Wire::open(&self.machine, port, jack)
    }

    fn cable(&self, port: &Endpoint) -> Option<&Vec<Endpoint>> {
        self.cables.iter().find(|cable| cable.contains(port))
    }

    fn jack(&self, port: &Endpoint) -> Result<&str, FabricError> {
        let jack = self.jacks.iter().find(|jack| jack.port == *port);
        jack.map(|jack| jack.name.as_str()).ok_or_else(|| FabricError::NoSuchPort(port.to_string()))
    }
}
