//! The monitor against a reference model, over random histories.
//!
//! The model knows nothing of timers, indices or events: it keeps, for each interface, whom it heard until when, and
//! works every verdict out from the design's table, and the plan of now, each time it is asked.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const NODES: [&str; 3] = ["r1", "r3", "r9"];
const PORTS: [&str; 3] = ["swp1", "swp2", "other"];

/// What a plan says of this machine: a port, the node at its far end, and that node's port.
type Planned = &'static [(&'static str, &'static str, Option<&'static str>)];

/// Two ports; the two exchanged; one of them and another; one unchecked; the same as the first in another order; none.
/// Each says of `spare`, which never is there, the same.
const PLANS: [Planned; 6] = [
    &[("swp1", "r1", Some("swp1")), ("swp2", "r3", Some("swp1"))],
    &[("swp1", "r3", Some("swp1")), ("swp2", "r1", Some("swp1"))],
    &[("other", "r9", Some("swp2")), ("swp1", "r1", Some("swp1"))],
    &[("swp1", "r1", None), ("swp2", "r3", Some("swp2"))],
    &[("swp2", "r3", Some("swp1")), ("swp1", "r1", Some("swp1"))],
    &[],
];

fn plan(plan: usize) -> Plan {
    let far = |port: Option<&str>| port.map_or_else(String::new, |port| format!(":{port}"));
    let cables = PLANS[plan].iter().map(|&(port, node, to)| format!("me:{port} -- {node}{}", far(to)));
    let cables: Vec<_> = cables.chain(["me:spare -- r8:spare".to_owned()]).collect();
    plan_of(&format!("graph {{ {} }}", cables.join("; ")))
}

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
    Plan(usize),
    /// Of the agent: another monitor, maybe with another plan, goes on with what this one knew. While none ran, time
    /// passed, an interface went, the names of the others went round, a cable was moved.
    Restart {
        plan: Option<usize>,
        seconds: u64,
        in_order: bool,
        gone: Option<IfIndex>,
        turned: bool,
        /// Another cable was plugged in, or none.
        moved: Option<(IfIndex, bool)>,
    },
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
        1 => (0..PLANS.len()).prop_map(Op::Plan),
        1 => restart(),
    ]
}

fn restart() -> impl Strategy<Value = Op> {
    let interface = || prop_oneof![3 => Just(None), 1 => (1..4_u32).prop_map(Some)];
    let plan = prop_oneof![3 => Just(None), 1 => (0..PLANS.len()).prop_map(Some)];
    let seconds = prop_oneof![Just(0), 1..30_u64];
    let turned = prop_oneof![3 => Just(false), 1 => Just(true)];
    let carrier = any::<bool>();
    (plan, seconds, any::<bool>(), interface(), turned, interface(), carrier).prop_map(
        |(plan, seconds, in_order, gone, turned, moved, carrier)| {
            let moved = moved.map(|ifindex| (ifindex, carrier));
            Op::Restart { plan, seconds, in_order, gone, turned, moved }
        },
    )
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
    plan: usize,
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

    fn expected(plan: usize, port: &str) -> Option<(&'static str, Option<&'static str>)> {
        PLANS[plan].iter().find(|planned| planned.0 == port).map(|&(_, node, far)| (node, far))
    }

    /// How a port came to be silent belongs to the expectation under which it did.
    fn set_plan(&mut self, plan: usize) {
        let before = std::mem::replace(&mut self.plan, plan);
        for interface in self.interfaces.values_mut() {
            if Self::expected(before, interface.name) != Self::expected(plan, interface.name) {
                (interface.quiet, interface.waits_until) = (Quiet::Never, None);
            }
        }
    }

    /// Nobody listened for so long; `in_order`: that is known.
    fn restart(&mut self, seconds: u64, in_order: bool) {
        self.now += seconds;
        for word in self.interfaces.values_mut().flat_map(|interface| interface.heard.values_mut()) {
            if !std::mem::replace(&mut word.cached, true) {
                word.over = self.now + word.ttl;
            } else if in_order {
                word.over += seconds;
            }
        }
    }

    fn reason(&self, name: &str) -> Option<Reason> {
        let expected = Self::expected(self.plan, name);
        let Some(interface) = self.interfaces.values().find(|interface| interface.name == name) else {
            return expected.map(|_| Reason::Absent);
        };
        let Some((far_node, far_port)) = expected else {
            return (!interface.heard.is_empty()).then_some(Reason::Unplanned);
        };
        let Some(far_port) = far_port else { return Some(Reason::Unchecked) };
        let heard = |node: &str, port: &str| interface.heard.keys().any(|key| *key == (node, port));
        let heard_node = |node: &str| interface.heard.keys().any(|key| key.0 == node);
        Some(if !interface.carrier {
            if interface.quiet == Quiet::Never { Reason::Down } else { Reason::LinkDown }
        } else if heard(far_node, far_port) {
            Reason::Match
        } else if heard_node(far_node) {
            Reason::WrongPort
        } else {
            match interface.quiet {
                _ if !interface.heard.is_empty() => Reason::WrongNode,
                Quiet::Never => Reason::Silent,
                Quiet::Aged => Reason::AgedOut,
                Quiet::Left => Reason::Left,
                Quiet::Lost => Reason::LinkDown,
            }
        })
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
        Op::Plan(number) => {
            let changed_at = |bench: &Bench, port| bench.monitor.report(port).and_then(|report| report.changed_at);
            let same = |port: &&str| Model::expected(model.plan, port) == Model::expected(number, port);
            let same: Vec<_> = PORTS.into_iter().filter(same).collect();
            let before: Vec<_> = same.iter().map(|port| changed_at(bench, port)).collect();
            bench.monitor.set_plan(plan(number), bench.now);
            model.set_plan(number);
            assert_eq!(same.iter().map(|port| changed_at(bench, port)).collect::<Vec<_>>(), before, "{same:?}");
        }
        Op::Restart { plan: another, seconds, in_order, gone, turned, moved } => {
            let mut memory = bench.written_and_read();
            bench.now = bench.now + Duration::from_secs(seconds);
            if in_order {
                for port in &mut memory {
                    port.put_off(Duration::from_secs(seconds));
                }
            }
            model.restart(seconds, in_order);
            model.set_plan(another.unwrap_or(model.plan));
            model.interfaces.retain(|&ifindex, _| Some(ifindex) != gone);
            let mut links: Vec<_> =
                model.interfaces.iter().map(|(&ifindex, it)| (ifindex, it.name, it.carrier, it.flaps)).collect();
            if turned && let [.., last] = links[..] {
                for at in (1..links.len()).rev() {
                    links[at].1 = links[at - 1].1;
                }
                links[0].1 = last.1;
            }
            for (ifindex, _, carrier, flaps) in &mut links {
                if let Some((_, after)) = moved.filter(|(which, _)| which == ifindex) {
                    (*carrier, *flaps) = (after, *flaps + u32::from(*carrier));
                }
            }
            for &(ifindex, name, carrier, flaps) in &links {
                model.link(ifindex, name, carrier, flaps);
            }
            bench.restart_with(plan(model.plan), memory, &links);
            model.wait(0);
            let nothing_happened = (another, seconds, gone, turned, moved) == (None, 0, None, false, None);
            assert!(!nothing_happened || bench.monitor.events.is_empty(), "{:?}", bench.monitor.events);
        }
    }
}

/// Of what is remembered what [`Monitor::revision`] grows with.
fn worth_keeping(mut memory: Vec<PortMemory>, now: BootTime) -> Vec<PortMemory> {
    for port in &mut memory {
        port.unconfirmed_until = port.unconfirmed_until.filter(|&until| until > now);
        port.neighbors.iter_mut().for_each(|neighbor| neighbor.last_heard = BootTime::default());
    }
    memory.sort_by_key(|port| port.ifindex);
    memory
}

proptest! {
    #[test]
    fn the_monitor_agrees_with_the_model(ops in prop::collection::vec(op(), 1..60)) {
        let mut bench = Bench::new();
        bench.monitor = Monitor::new(plan(0));
        let mut model = Model::default();
        let mut published: BTreeMap<String, Option<Reason>> = BTreeMap::new();
        let unsaid = [None, Some(Reason::Absent)];
        for op in &ops {
            let (revision, memory) = (bench.monitor.revision(), bench.monitor.memory().collect());
            apply(op, &mut bench, &mut model);
            for port in PORTS {
                prop_assert_eq!(bench.reason(port), model.reason(port), "{} after {:?}", port, op);
            }
            if matches!(op, Op::Restart { .. }) {
                // Of a port that this machine does not have it tells nothing, be it in the plan or no longer.
                published.retain(|_, reason| !unsaid.contains(reason));
            } else if bench.monitor.revision() == revision {
                let now = bench.monitor.memory().collect();
                prop_assert_eq!(worth_keeping(now, bench.now), worth_keeping(memory, bench.now), "{:?}", op);
            }
            // What was published last is what a query answers, and events form a chain.
            while let Some(event) = bench.monitor.poll_event() {
                let last = published.insert(event.port.to_string(), event.after);
                prop_assert!(last.map_or(unsaid.contains(&event.before), |last| last == event.before), "{:?}", event);
                prop_assert_ne!(event.before, event.after);
            }
            for (port, reason) in &published {
                prop_assert_eq!(bench.reason(port), *reason);
            }
        }
    }
}
