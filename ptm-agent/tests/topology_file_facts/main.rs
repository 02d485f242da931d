//! The topology file as the facts about it have it: a test for each row of its table and for each thing said below it,
//! from the text of a plan to a verdict, through what the crate shows to the outside. The details are tested beside the
//! code.

mod attributes;
mod dot;
mod matching;

use std::net::IpAddr;
use std::time::Duration;

use ptm_agent::lldp::encode::Builder;
use ptm_agent::lldp::{ChassisId, ChassisIdSubtype, InterfaceNumber, ManagementAddress, PortId, PortIdSubtype, Text};
use ptm_agent::monitor::{Link, Monitor, Reason, explain};
use ptm_agent::plan::{self, Diagnostic, Expectation, Plan};
use ptm_agent::time::BootTime;

/// What a text says of `node`. It must have no errors and name the node.
#[track_caller]
fn plan_of(text: &str, node: &str) -> Plan {
    let (topology, diagnostics) = plan::read(text);
    let errors = diagnostics.iter().any(Diagnostic::is_error);
    assert!(!errors, "{}", plan::render(&diagnostics, "topology.dot", text, false));
    topology.plan_for(node).unwrap_or_else(|unknown| panic!("{unknown}: {text}"))
}

/// What the first port of `sw1` is to expect.
#[track_caller]
fn expectation(text: &str) -> Expectation {
    plan_of(text, "sw1").expectations().first().unwrap_or_else(|| panic!("no port: {text}")).clone()
}

/// The links of a text, each as `node:port node:port` with its ends sorted, sorted.
#[track_caller]
fn links(text: &str) -> Vec<String> {
    let (topology, diagnostics) = plan::read(text);
    let errors = diagnostics.iter().any(Diagnostic::is_error);
    assert!(!errors, "{}", plan::render(&diagnostics, "topology.dot", text, false));
    let end = |end: plan::LinkEnd<'_>| match end.port {
        Some(port) => format!("{}:{port}", end.node),
        None => end.node.to_owned(),
    };
    let mut links: Vec<String> = Vec::new();
    for (a, b) in topology.directory().links() {
        let mut ends = [end(a), end(b)];
        ends.sort();
        links.push(ends.join(" "));
    }
    links.sort();
    links
}

/// Each diagnostic of a text in one line.
fn told(text: &str) -> Vec<String> {
    plan::read(text).1.iter().map(|diagnostic| diagnostic.one_line("topology.dot")).collect()
}

/// A neighbor as it announces itself.
#[derive(Clone, Copy)]
struct Neighbor {
    name: &'static str,
    /// An interface name, or with `None` a MAC address, as lldpd on a host has it.
    port_id: Option<&'static str>,
    description: &'static str,
    address: &'static str,
}

const SW2: Neighbor = Neighbor { name: "sw2", port_id: Some("swp2"), description: "to sw1", address: "10.0.0.2" };

impl Neighbor {
    fn lldpdu(self) -> Vec<u8> {
        let text = |text: &'static str| Text::new(text.as_bytes()).expect("short");
        let chassis = ChassisId::new(ChassisIdSubtype::MacAddress, &[2, 0, 0, 0, 0, 1]).expect("short");
        let port = match self.port_id {
            Some(name) => PortId::new(PortIdSubtype::InterfaceName, name.as_bytes()),
            None => PortId::new(PortIdSubtype::MacAddress, &[2, 0, 0, 0, 0, 2]),
        };
        let address = match self.address.parse().expect("an address") {
            IpAddr::V4(address) => [&[1], &address.octets()[..]].concat(),
            IpAddr::V6(address) => [&[2], &address.octets()[..]].concat(),
        };
        Builder::new(chassis, port.expect("short"), 120)
            .port_description(text(self.description))
            .system_name(text(self.name))
            .management_address(ManagementAddress::new(&address, InterfaceNumber::IfIndex(1), &[]).expect("short"))
            .finish()
    }
}

/// A verdict with what is said of it.
struct Verdict {
    reason: Reason,
    observed: String,
    explanation: String,
    advice: String,
}

/// What a node makes of the neighbor on its port `swp1`.
#[track_caller]
fn verdict_on(text: &str, node: &str, neighbor: Neighbor) -> Verdict {
    let now = BootTime::default() + Duration::from_secs(1);
    let mut monitor = Monitor::new(plan_of(text, node));
    monitor.link(Link { ifindex: 1, name: "swp1", carrier: true, carrier_losses: 0 }, now);
    monitor.lldpdu(1, &neighbor.lldpdu(), now);
    let report = monitor.report("swp1").expect("a planned port has a verdict");
    Verdict {
        reason: report.reason,
        observed: report.observed().expect("somebody is there"),
        explanation: explain(&report),
        advice: report.advice.unwrap_or_default(),
    }
}

/// The reason that `sw1` gives for its port `swp1`.
#[track_caller]
fn reason(text: &str, neighbor: Neighbor) -> Reason {
    verdict_on(text, "sw1", neighbor).reason
}
