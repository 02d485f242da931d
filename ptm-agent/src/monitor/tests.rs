//! The monitor's contract: a bench to try it on, and what is tried.

mod advice;
mod carrier;
mod hearing;
mod history;
mod matching;
mod memory;
mod model;
mod transitions;

use std::time::Duration;

use super::*;
use crate::plan;

const PLAN: &str = "digraph G {
    me:swp1 -> r1:swp1
    me:swp2 -> r3:swp1
    r3:swp2 -> r4:swp7
    me:swp3 -> r5
    me:swp4 -> r6:eth0 [LLDP=\"match_type=portdescr\"]
    me:swp5 -> \"r7.example.com\":eth0 [LLDP=\"match_hostname=fqdn\"]
}";

fn plan_of(text: &str) -> Plan {
    let (topology, diagnostics) = plan::read(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    topology.plan_for("me").expect("the plan has me")
}

/// What a test's neighbor says.
#[derive(Clone, Copy, Debug)]
struct Says {
    node: &'static str,
    port: &'static str,
    description: &'static str,
    ttl: u16,
}

fn says(node: &'static str, port: &'static str) -> Says {
    Says { node, port, description: "", ttl: 120 }
}

/// The bytes of an LLDPDU, written by hand so that these tests don't lean on the encoder.
fn lldpdu(says: Says) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut tlv = |kind: u8, head: &[u8], value: &str| {
        let length = u8::try_from(head.len() + value.len()).expect("short");
        bytes.extend([kind << 1, length]);
        bytes.extend(head);
        bytes.extend(value.as_bytes());
    };
    tlv(1, &[7], says.node);
    tlv(2, &[5], says.port);
    tlv(3, &says.ttl.to_be_bytes(), "");
    tlv(4, &[], says.description);
    tlv(5, &[], says.node);
    tlv(0, &[], "");
    bytes
}

/// A monitor with a clock: each step happens where the last one ended.
struct Bench {
    monitor: Monitor,
    now: BootTime,
}

impl Bench {
    fn new() -> Self {
        Self { monitor: Monitor::new(plan_of(PLAN)), now: BootTime::from_nanos(1_000_000_000) }
    }

    /// With `swp1` to `swp5` there and up, as interfaces 1 to 5.
    fn all_up() -> Self {
        let mut bench = Self::new();
        for ifindex in 1..=5 {
            bench.link(ifindex, &format!("swp{ifindex}"), true);
        }
        bench.events();
        bench
    }

    fn link(&mut self, ifindex: IfIndex, name: &str, carrier: bool) {
        self.flapping_link(ifindex, name, carrier, 0);
    }

    fn flapping_link(&mut self, ifindex: IfIndex, name: &str, carrier: bool, carrier_losses: u32) {
        self.monitor.link(Link { ifindex, name, carrier, carrier_losses }, self.now);
    }

    /// What is remembered, by way of the text that a file of it would have.
    fn written_and_read(&self) -> Vec<PortMemory> {
        let memory: Vec<_> = self.monitor.memory().collect();
        let text = serde_json::to_string(&memory).expect("memory can be written");
        let memory: Vec<PortMemory> = serde_json::from_str(&text).expect("memory can be read");
        assert!(memory.iter().all(|memory| memory.check(self.now).is_ok()), "{memory:?}");
        memory
    }

    /// The agent is killed, and another finds these interfaces: index, name, carrier and losses of it.
    fn restart(&mut self, links: &[(IfIndex, &str, bool, u32)]) {
        let (plan, memory) = (self.monitor.plan().clone(), self.written_and_read());
        self.restart_with(plan, memory, links);
    }

    fn restart_with(&mut self, plan: Plan, memory: Vec<PortMemory>, links: &[(IfIndex, &str, bool, u32)]) {
        self.monitor = Monitor::new(plan);
        self.monitor.recall(memory, self.now);
        for &(ifindex, name, carrier, carrier_losses) in links {
            self.flapping_link(ifindex, name, carrier, carrier_losses);
        }
        self.monitor.links_told(self.now);
        self.monitor.tick(self.now);
    }

    fn hear(&mut self, ifindex: IfIndex, says: Says) -> Heard {
        self.monitor.lldpdu(ifindex, &lldpdu(says), self.now)
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
        self.monitor.tick(self.now);
    }

    fn reason(&self, port: &str) -> Option<Reason> {
        self.monitor.report(port).map(|report| report.reason)
    }

    fn advice(&self, port: &str) -> String {
        self.monitor.report(port).and_then(|report| report.advice).unwrap_or_default()
    }

    fn explanation(&self, port: &str) -> String {
        explain(&self.monitor.report(port).expect("a verdict"))
    }

    fn events(&mut self) -> Vec<(String, Option<Reason>)> {
        std::iter::from_fn(|| self.monitor.poll_event()).map(|event| (event.port.to_string(), event.after)).collect()
    }
}
