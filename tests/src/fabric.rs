//! The fabric: nodes, the patch panel between them, and all that one may do to ports and cables.

use std::collections::BTreeMap;

use crate::panel::Panel;
use crate::wait::{self, PATIENCE};
use crate::{Cable, Cabling, Endpoint, FabricError, Node, Process, Wire};

/// Machines and the cables between them. Ports are named as people write them: `vm1:eth1`.
///
/// Dropping it takes everything down; while a test panics, it first prints what the programs in it printed.
pub struct Fabric {
    nodes: BTreeMap<String, Node>,
    panel: Panel,
}

impl Fabric {
    /// Builds what a plan says.
    pub fn from_plan(plan: &str) -> Result<Self, FabricError> {
        Self::build(&Cabling::from_plan(plan)?, plan)
    }

    /// Builds machines, their ports, up, and the cables in them. No program runs yet; each will read `plan`.
    pub fn build(cabling: &Cabling, plan: &str) -> Result<Self, FabricError> {
        let mut panel = Panel::start()?;
        let nodes = cabling.nodes.iter().map(|name| Ok((name.clone(), Node::start(name, plan)?)));
        let nodes = nodes.collect::<Result<BTreeMap<_, _>, FabricError>>()?;
        let ports: Vec<_> = cabling.cables.iter().flat_map(|cable| [&cable.0, &cable.1]).collect();
        panel.make_ports(ports.iter().map(|&port| (port.clone(), nodes[&port.node].machine().network())))?;
        panel.plug(cabling.cables.iter().map(|Cable(one, other)| vec![one.clone(), other.clone()]).collect())?;
        for (name, node) in &nodes {
            let own = ports.iter().filter(|port| port.node == *name);
            node.machine().batch("ip", &own.map(|port| format!("link set {} up", port.port)).collect::<Vec<_>>())?;
        }
        Ok(Self { nodes, panel })
    }

    /// Every machine, by name.
    pub fn nodes(&mut self) -> impl Iterator<Item = &mut Node> {
        self.nodes.values_mut()
    }

    /// The machine `name`.
    pub fn node(&mut self, name: &str) -> Result<&mut Node, FabricError> {
        self.nodes.get_mut(name).ok_or_else(|| FabricError::NoSuchNode(name.into()))
    }

    /// Pulls the cable in `port` out at both its ends: both lose carrier. Gives the ends, to plug it back.
    pub fn unplug(&mut self, port: &str) -> Result<Vec<Endpoint>, FabricError> {
        self.panel.unplug(&port.parse()?)
    }

    /// Plugs a cable into these ports, which must be free. With more than two ends it is a hub.
    pub fn plug(&mut self, ends: &[&str]) -> Result<(), FabricError> {
        let cable = ends.iter().map(|end| end.parse()).collect::<Result<Vec<_>, _>>()?;
        self.panel.plug(vec![cable])
    }

    /// Exchanges the two cables in these ports, as hands do: both out, then each into the other's place.
    pub fn exchange(&mut self, one: &str, other: &str) -> Result<(), FabricError> {
        let (one, other): (Endpoint, Endpoint) = (one.parse()?, other.parse()?);
        let mut cables = vec![self.panel.unplug(&one)?, self.panel.unplug(&other)?];
        for end in cables.iter_mut().flatten() {
            if *end == one {
                other.clone_into(end);
            } else if *end == other {
                one.clone_into(end);
            }
        }
        self.panel.plug(cables)
    }

    /// Takes a port down or up as its administrator does. The far end loses or gets carrier with it.
    pub fn set_link(&mut self, port: &str, up: bool) -> Result<(), FabricError> {
        let port: Endpoint = port.parse()?;
        let state = if up { "up" } else { "down" };
        self.machine_run(&port.node, &["ip", "link", "set", &port.port, state])?;
        self.panel.far_carrier(&port, up)
    }

    /// Adds a port to a running machine, up, with no cable in it.
    pub fn add_port(&mut self, port: &str) -> Result<(), FabricError> {
        let port: Endpoint = port.parse()?;
        let network = self.node(&port.node)?.machine().network();
        self.panel.make_ports([(port.clone(), network)])?;
        self.machine_run(&port.node, &["ip", "link", "set", &port.port, "up"])
    }

    /// Takes a port out of a running machine.
    pub fn remove_port(&mut self, port: &str) -> Result<(), FabricError> {
        self.panel.remove_port(&port.parse()?)
    }

    /// Gives a port another name. It is down for a moment where the kernel wants that (before 6.2).
    pub fn rename_port(&mut self, port: &str, name: &str) -> Result<(), FabricError> {
        let from: Endpoint = port.parse()?;
        let to = Endpoint::new(&from.node, name)?;
        let rename = ["ip", "link", "set", &from.port, "name", name];
        if self.machine_run(&from.node, &rename).is_err() {
            self.machine_run(&from.node, &["ip", "link", "set", &from.port, "down"])?;
            self.machine_run(&from.node, &rename)?;
            self.machine_run(&from.node, &["ip", "link", "set", name, "up"])?;
        }
        self.panel.renamed(&from, &to)
    }

    /// Moves a port to another machine's network namespace, up again there; its cable goes with it.
    pub fn move_port(&mut self, port: &str, node: &str) -> Result<(), FabricError> {
        let from: Endpoint = port.parse()?;
        let to = Endpoint::new(node, &from.port)?;
        let network = self.node(node)?.machine().network();
        self.machine_run(&from.node, &["ip", "link", "set", &from.port, "netns", &network])?;
        self.machine_run(node, &["ip", "link", "set", &to.port, "up"])?;
        self.panel.renamed(&from, &to)
    }

    /// Sets the largest payload, in bytes, of a port and of the wire to it.
    pub fn set_mtu(&mut self, port: &str, bytes: u32) -> Result<(), FabricError> {
        let port: Endpoint = port.parse()?;
        self.panel.set_mtu(&port, bytes)?;
        self.machine_run(&port.node, &["ip", "link", "set", &port.port, "mtu", &bytes.to_string()])
    }

    /// The wire to a port, to send frames on.
    pub fn wire(&self, port: &str) -> Result<Wire, FabricError> {
        self.panel.wire(&port.parse()?)
    }

    /// Runs `ptmctl --listen` on the machine of `port`, and pulls the cable there and puts it back until it tells of that:
    /// only then is it sure to hear of what comes. Gives it, with its lines so far taken, and how often the cable was
    /// out.
    pub fn listen(&mut self, port: &str) -> Result<(Process, usize), FabricError> {
        let Endpoint { node, port: name } = port.parse()?;
        let mut listener = self.node(&node)?.listen()?;
        let mut pulled = 0;
        wait::until(format!("`ptmctl --listen` on {node} to hear"), PATIENCE, || {
            self.replug(port).map_err(|error| format!("{error:?}"))?;
            pulled += 1;
            if listener.log().is_empty() { Err("nothing heard".to_owned()) } else { Ok(()) }
        })?;
        let last = format!(" {name} pass match");
        wait::until(format!("`{last}` to be its last line"), PATIENCE, || {
            let log = listener.log();
            let is_last = log.ends_with('\n') && log.lines().next_back().is_some_and(|line| line.contains(&last));
            if is_last { Ok(()) } else { Err(log) }
        })?;
        listener.new_lines();
        Ok((listener, pulled))
    }

    /// Pulls the cable in `port`, waits for `link-down`, puts it back and waits for `match`.
    pub fn replug(&mut self, port: &str) -> Result<(), FabricError> {
        let Endpoint { node, port: name } = port.parse()?;
        let cable = self.unplug(port)?;
        self.node(&node)?.await_reason(&name, "link-down")?;
        self.panel.plug(vec![cable])?;
        self.node(&node)?.await_reason(&name, "match").map(drop)
    }

    /// How the programs on every machine stand and what they printed last: for the report of a failure.
    pub fn account(&mut self) -> String {
        self.nodes.values_mut().map(Node::account).collect()
    }

    fn machine_run(&mut self, node: &str, arguments: &[&str]) -> Result<(), FabricError> {
        self.node(node)?.machine().run(arguments).map(drop)
    }
}

impl Drop for Fabric {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprint!("{}", self.account());
        }
    }
}
