//! The monitor against a reference model, over random histories.
//!
//! The model knows nothing of timers, indices or events: it keeps, for each interface, whom it heard until when, and
//! works every verdict out from the design's table each time it is asked.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const NODES: [&str; 3] = ["r1", "r3", "r9"];
const PORTS: [&str; 3] = ["swp1", "swp2", "other"];

#[derive(Clone, Debug)]
enum Op {
    Link {
        ifindex: IfIndex,
        name: usize,
        carrier: bool,
        flap: bool,
    },
    Gone {
        ifindex: IfIndex,
    },
    Hear {
        ifindex: IfIndex,
        node: usize,
        port: usize,
        ttl: u16,
    },
    Garbage {
        ifindex: IfIndex,
    },
    Wait {
        seconds: u64,
    },
    /// Of the agent: another monitor goes on with what this one knew.
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let ifindex = 1..4_u32;
    prop_oneof![
        3 => (ifindex.clone(), 0..3_usize, any::<bool>(), any::<bool>())
            .prop_map(|(ifindex, name, carrier, flap)| Op::Link { ifindex, name, carrier, flap }),
        1 => ifindex.clone().prop_map(|ifindex| Op::Gone { ifindex }),
        6 => (ifindex.clone(), 0..3_usize, 0..3_usize, prop_oneof![Just(0), 1..20_u16])
            .prop_map(|(ifindex, node, port, ttl)| Op::Hear { ifindex, node, port, ttl }),
        1 => ifindex.prop_map(|ifindex| Op::Garbage { ifindex }),
        3 => (1..30_u64).prop_map(|seconds| Op::Wait { seconds }),
        1 => Just(Op::Restart),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum Quiet {
    Never,
    Aged,
    Left,
    Lost,
}

/// What a neighbor said last: when, for how long, and when it is over.
struct Word {
    at: u64,
    ttl: u64,
    over: u64,
    /// Not heard since a restart.
    cached: bool,
}

struct Interface {
    name: &'static str,
    carrier: bool,
    flaps: u32,
    /// By node and port.
    heard: BTreeMap<(&'static str, &'static str), Word>,
    /// When carrier was lost last.
    lost_at: Option<u64>,
    /// Who of them was certainly heard since: the others may be gone.
    heard_since: BTreeSet<(&'static str, &'static str)>,
    quiet: Quiet,
    ttl: u64,
    waits_until: Option<u64>,
}

#[derive(Default)]
struct Model {
    now: u64,
    interfaces: BTreeMap<IfIndex, Interface>,
}

impl Model {
    fn longest_ttl(interface: &Interface) -> u64 {
        interface.heard.values().map(|word| word.ttl).max().unwrap_or(interface.ttl)
    }

    fn link(&mut self, ifindex: IfIndex, name: &'static str, carrier: bool, flaps: u32) {
        let now = self.now;
        let interface = self.interfaces.entry(ifindex).or_insert_with(|| Interface {
            name,
            carrier,
            flaps,
            heard: BTreeMap::new(),
            lost_at: None,
            heard_since: BTreeSet::new(),
            quiet: Quiet::Never,
            ttl: 0,
            waits_until: None,
        });
        let lost = interface.carrier && (!carrier || flaps != interface.flaps);
        let back = carrier && (lost || !interface.carrier);
        if lost {
            interface.ttl = Self::longest_ttl(interface);
            if !interface.heard.is_empty() || interface.quiet != Quiet::Never {
                interface.quiet = Quiet::Lost;
            }
            interface.waits_until = None;
        }
        if lost && !carrier {
            interface.heard.clear();
            interface.lost_at = Some(now);
        } else if back && (lost || interface.lost_at == Some(now)) {
            // What was heard in the last second may have been heard after the loss.
            interface.heard.retain(|_, word| now - word.at <= 1);
            interface.heard_since.clear();
            interface.lost_at = Some(now);
        }
        if back && interface.quiet == Quiet::Lost && interface.heard.is_empty() {
            interface.waits_until = Some(now + interface.ttl);
        }
        if interface.name != name {
            interface.quiet = Quiet::Never;
            interface.waits_until = None;
        }
        (interface.name, interface.carrier, interface.flaps) = (name, carrier, flaps);
    }

    fn hear(&mut self, ifindex: IfIndex, node: &'static str, port: &'static str, ttl: u16) {
        let now = self.now;
        let Some(interface) = self.interfaces.get_mut(&ifindex) else { return };
        let who = (node, port);
        if ttl == 0 {
            let longest = Self::longest_ttl(interface);
            if interface.heard.remove(&who).is_some() {
                interface.quiet = Quiet::Left;
                interface.ttl = longest;
                return;
            }
        } else {
            let ttl = u64::from(ttl);
            interface.heard.insert(who, Word { at: now, ttl, over: now + ttl, cached: false });
            interface.heard_since.insert(who);
            interface.waits_until = None;
        }
        // Somebody certainly speaks over the present cable: whoever has not since is on the one before.
        let Interface { heard, heard_since, .. } = interface;
        heard.retain(|who, _| heard_since.contains(who));
    }

    fn wait(&mut self, seconds: u64) {
        self.now += seconds;
        let now = self.now;
        for interface in self.interfaces.values_mut() {
            let longest = Self::longest_ttl(interface);
            let before = interface.heard.len();
            interface.heard.retain(|_, word| word.over > now);
            if interface.heard.len() < before {
                (interface.quiet, interface.ttl) = (Quiet::Aged, longest);
            }
            if interface.waits_until.is_some_and(|until| until <= now) {
                (interface.quiet, interface.waits_until) = (Quiet::Aged, None);
            }
        }
    }

    fn restart(&mut self) {
        for word in self.interfaces.values_mut().flat_map(|interface| interface.heard.values_mut()) {
            if !std::mem::replace(&mut word.cached, true) {
                word.over = self.now + word.ttl;
            }
        }
    }

    fn reason(&self, name: &str, far_node: &str) -> Reason {
        let Some(interface) = self.interfaces.values().find(|interface| interface.name == name) else {
            return Reason::Absent;
        };
        let heard = |node: &str, port: &str| interface.heard.keys().any(|key| *key == (node, port));
        let heard_node = |node: &str| interface.heard.keys().any(|key| key.0 == node);
        if !interface.carrier {
            return if interface.quiet == Quiet::Never { Reason::Down } else { Reason::LinkDown };
        }
        if heard(far_node, "swp1") {
            return Reason::Match;
        }
        if heard_node(far_node) {
            return Reason::WrongPort;
        }
        match interface.quiet {
            _ if !interface.heard.is_empty() => Reason::WrongNode,
            Quiet::Never => Reason::Silent,
            Quiet::Aged => Reason::AgedOut,
            Quiet::Left => Reason::Left,
            Quiet::Lost => Reason::LinkDown,
        }
    }
}

/// Applies one operation to both. Two interfaces never bear one name at the same time: the kernel sees to that.
fn apply(op: &Op, bench: &mut Bench, model: &mut Model) {
    match *op {
        Op::Link { ifindex, name, carrier, flap } => {
            let name = PORTS[name];
            if model.interfaces.iter().any(|(other, interface)| *other != ifindex && interface.name == name) {
                return;
            }
            let flaps = model.interfaces.get(&ifindex).map_or(0, |interface| interface.flaps) + u32::from(flap) * 2;
            bench.flapping_link(ifindex, name, carrier, flaps);
            model.link(ifindex, name, carrier, flaps);
        }
        Op::Gone { ifindex } => {
            bench.monitor.link_gone(ifindex, bench.now);
            model.interfaces.remove(&ifindex);
        }
        Op::Hear { ifindex, node, port, ttl } => {
            bench.hear(ifindex, Says { ttl, ..says(NODES[node], PORTS[port]) });
            model.hear(ifindex, NODES[node], PORTS[port], ttl);
        }
        Op::Garbage { ifindex } => drop(bench.monitor.lldpdu(ifindex, &[2, 200, 7], bench.now)),
        Op::Wait { seconds } => {
            bench.wait(seconds);
            model.wait(seconds);
        }
        Op::Restart => {
            let links = model.interfaces.iter().map(|(&ifindex, it)| (ifindex, it.name, it.carrier, it.flaps));
            bench.restart(&links.collect::<Vec<_>>());
            model.restart();
            assert_eq!(bench.events(), []);
        }
    }
}

proptest! {
    #[test]
    fn the_monitor_agrees_with_the_model(ops in prop::collection::vec(op(), 1..60)) {
        let mut bench = Bench::new();
        let mut model = Model::default();
        let mut published = BTreeMap::new();
        for op in &ops {
            apply(op, &mut bench, &mut model);
            for (port, far_node) in [("swp1", "r1"), ("swp2", "r3")] {
                prop_assert_eq!(bench.reason(port), Some(model.reason(port, far_node)), "{} after {:?}", port, op);
            }
            // What was published last is what a query answers, and events form a chain.
            while let Some(event) = bench.monitor.poll_event() {
                let last = published.insert(event.port.to_string(), event.after);
                let planned = bench.monitor.planned.contains_key(&*event.port);
                prop_assert_eq!(event.before, last.unwrap_or(planned.then_some(Reason::Absent)));
                prop_assert_ne!(event.before, event.after);
            }
            for (port, reason) in &published {
                prop_assert_eq!(bench.reason(port), *reason);
            }
        }
    }
}
