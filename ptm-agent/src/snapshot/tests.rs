//! That the two ways to a port's verdict, the event and the answer, say the same of it.

use super::*;
use crate::lldp::encode::Builder;
use crate::lldp::{ChassisId, ChassisIdSubtype, PortId, PortIdSubtype, Text};
use crate::metrics::tests::of;
use crate::monitor;
use crate::plan;

const PLAN: &str = "graph { vm1:eth1 -- vm2:eth1; vm1:eth2 -- vm3:eth1; vm1:eth3 -- host; vm1:eth4 -- vm4:eth1 }";

/// A machine to which something happens every ten seconds.
struct Machine {
    monitor: Monitor,
    now: BootTime,
    /// What was told of its ports, in turn.
    told: Vec<String>,
}

impl Machine {
    fn new() -> Self {
        let (topology, diagnostics) = plan::read(PLAN);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let monitor = Monitor::new(topology.plan_for("vm1").expect("the plan has vm1"));
        Self { monitor, now: BootTime::from_nanos(0), told: Vec::new() }
    }

    /// Has something happen, and holds what is told of it against what is answered a while later.
    fn then(&mut self, happen: impl FnOnce(&mut Monitor, BootTime)) {
        self.now = self.now + Duration::from_secs(10);
        happen(&mut self.monitor, self.now);
        let events: Vec<_> = iter::from_fn(|| self.monitor.poll_event()).collect();
        let snapshot = Snapshot { now: self.now + Duration::from_secs(1), ..of(self.monitor.clone()) };
        for event in events {
            let told = port_event(&event, "vm1", &snapshot.wall).verdict;
            let answered = snapshot.port(&event.port).and_then(|detail| detail.end.verdict);
            assert_eq!(told, answered, "{event:?}");
            self.told.extend(told.map(|verdict| format!("{} {}", event.port, verdict.reason)));
        }
    }

    fn link(&mut self, ifindex: IfIndex, carrier: bool) {
        let name = &*format!("eth{ifindex}");
        let link = monitor::Link { ifindex, name, carrier, carrier_losses: u32::from(!carrier) };
        self.then(|monitor, now| monitor.link(link, now));
    }

    fn hear(&mut self, ifindex: IfIndex, node: &[u8], port: &[u8], ttl: u16) {
        let chassis_id = ChassisId::new(ChassisIdSubtype::Local, node).unwrap();
        let port_id = PortId::new(PortIdSubtype::InterfaceName, port).unwrap();
        let lldpdu = Builder::new(chassis_id, port_id, ttl).system_name(Text::new(node).unwrap()).finish();
        self.then(|monitor, now| {
            monitor.lldpdu(ifindex, &lldpdu, now);
        });
    }
}

#[test]
fn an_event_says_of_a_port_what_is_answered_from_then_on() {
    let mut machine = Machine::new();
    for ifindex in [1, 2, 3, 9] {
        machine.link(ifindex, true);
    }
    machine.link(4, false);
    machine.hear(1, b"vm3", b"eth1", 120);
    machine.hear(2, b"vm3", b"eth7", 120);
    machine.hear(3, b"\x1b[2J\xff", "\u{202e}".as_bytes(), 120);
    machine.hear(9, b"vm4", b"eth1", 120);
    machine.hear(2, b"vm3", b"eth7", 0);
    machine.hear(2, b"vm3", b"eth1", 15);
    machine.then(|_, _| {});
    machine.then(Monitor::tick);
    machine.link(1, false);
    machine.then(|monitor, now| monitor.link_gone(1, now));
    let expected = [
        "eth1 silent",
        "eth2 silent",
        "eth3 unchecked",
        "eth4 down",
        "eth1 wrong-node",
        "eth2 wrong-port",
        "eth9 unplanned",
        "eth2 left",
        "eth2 match",
        "eth2 aged-out",
        "eth1 link-down",
        "eth1 absent",
    ];
    assert_eq!(machine.told, expected);
}
