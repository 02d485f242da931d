//! The pure state machine that turns plan, link state, neighbors and time into verdicts and events.
//!
//! No I/O, no clock, no async: time is an argument, in the way of quinn-proto. It alone owns verdicts; the edges hand
//! it inputs ([`Monitor::set_plan`], [`Monitor::link`], [`Monitor::link_gone`], [`Monitor::lldpdu`],
//! [`Monitor::tick`]) and take events ([`Monitor::poll_event`]) and reports ([`Monitor::reports`]).
//!
//! A verdict is a function of what is there now (`judge`); what a port remembers besides is only how it came to be
//! silent. So a restart, a reload or a lost notification can't leave a verdict behind that nothing supports.

mod advice;
mod compare;
mod judge;
mod mac;
mod memory;
mod neighbor;
mod port;
mod report;
mod statistics;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

pub use advice::explain;
pub use judge::{Difference, Field};
pub use memory::{PortMemory, Unsound};
pub use neighbor::{MAX_NEIGHBORS, Neighbor};
pub use port::Heard;
use port::Port;
use ptm_common::IfIndex;
pub use report::{Event, Report};
pub use statistics::Statistics;
pub use verdict::{Reason, Status};

use crate::plan::{Expectation, Notify, Plan, natural_order};
use crate::time::BootTime;

/// What the kernel says of one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// Its index.
    pub ifindex: IfIndex,
    /// Its name: 1 to 15 bytes.
    pub name: &'a str,
    /// Whether it can carry frames.
    pub carrier: bool,
    /// How often it has lost carrier since it was made (`IFLA_CARRIER_DOWN_COUNT`): tells a flap that was too short to
    /// be seen otherwise.
    pub carrier_losses: u32,
}

/// The owner of every port's verdict.
///
/// A clone is for reading reports elsewhere. It is cheap: plan, names and LLDPDUs are shared.
#[derive(Clone, Debug)]
pub struct Monitor {
    plan: Arc<Plan>,
    /// Planned port name to its place in the plan's expectations.
    planned: Arc<HashMap<Box<str>, usize>>,
    ports: HashMap<IfIndex, Port>,
    by_name: HashMap<Arc<str>, IfIndex>,
    /// When a planned port went missing; those that never were there have no entry.
    lost_at: HashMap<Box<str>, BootTime>,
    /// How often the verdict of each port that has one changed.
    transitions: HashMap<Arc<str>, u64>,
    /// Interfaces that the monitor before a restart knew, and that the kernel did not tell of yet.
    recalled: HashSet<IfIndex>,
    /// Interfaces whose name is another's by the last news; the news of theirs is to come.
    nameless: HashMap<IfIndex, Port>,
    /// Grows with all that changes [`Monitor::memory`].
    revision: u64,
    /// One entry a port at most, at its [`Port::timer`]; never later than the port's deadline, maybe earlier.
    timers: BTreeSet<(BootTime, IfIndex)>,
    events: VecDeque<Event>,
}

impl Monitor {
    /// A monitor for `plan`'s node that knows of no interface yet: every planned port is absent.
    pub fn new(plan: Plan) -> Self {
        let planned = index(&plan).into();
        Self {
            plan: plan.into(),
            planned,
            ports: HashMap::new(),
            by_name: HashMap::new(),
            lost_at: HashMap::new(),
            transitions: HashMap::new(),
            recalled: HashSet::new(),
            nameless: HashMap::new(),
            revision: 0,
            timers: BTreeSet::new(),
            events: VecDeque::new(),
        }
    }

    /// What another monitor needs to go on where this one stands.
    pub fn memory(&self) -> impl Iterator<Item = PortMemory> {
        self.ports.values().map(|port| port.memory(self.expectation(port).map(memory::digest)))
    }

    /// Grows when [`Monitor::memory`] changes, but for the time at which neighbors that go on saying the same were heard
    /// last, and for deadlines that are over.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes up what the monitor before a restart of the agent knew, as if it had been this one. To be called first of
    /// all; then each interface is to be told of by [`Monitor::link`], and that it was the last by
    /// [`Monitor::links_told`].
    ///
    /// A port whose verdict is the same as then makes no event.
    pub fn recall(&mut self, memory: impl IntoIterator<Item = PortMemory>, now: BootTime) {
        for memory in memory {
            let (name, ifindex): (Arc<str>, _) = (Arc::from(&*memory.name), memory.ifindex);
            if self.by_name.contains_key(&name) || self.ports.contains_key(&ifindex) {
                continue;
            }
            let expectation = self.planned.get(&*name).copied();
            let digest = expectation.map(|index| memory::digest(&self.plan.expectations()[index]));
            let judged_so = memory.expectation == digest;
            let mut port = Port::recall(memory, judged_so, now);
            port.expectation = expectation;
            self.by_name.insert(name, ifindex);
            self.ports.insert(ifindex, port);
            self.recalled.insert(ifindex);
        }
    }

    /// Every interface that is there was told of since [`Monitor::recall`]: those that are only remembered are gone.
    pub fn links_told(&mut self, now: BootTime) {
        for ifindex in std::mem::take(&mut self.recalled) {
            self.link_gone(ifindex, now);
        }
    }

    /// The plan that verdicts rest on.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Whether the plan names this port.
    pub fn is_planned(&self, name: &str) -> bool {
        self.planned.contains_key(name)
    }

    /// Puts another plan in force. A port whose expectation is the same keeps its verdict, its times and its silence.
    pub fn set_plan(&mut self, plan: Plan, now: BootTime) {
        self.revision += 1;
        let planned = index(&plan).into();
        let old = std::mem::replace(&mut self.plan, plan.into());
        let old_planned = std::mem::replace(&mut self.planned, planned);
        let expectations = self.plan.expectations();
        let mut changed = Vec::new();
        for port in self.ports.values_mut() {
            let expectation = self.planned.get(&*port.name).copied();
            let before = port.expectation.map(|index| &old.expectations()[index]);
            if before == expectation.map(|index| &expectations[index]) {
                port.expectation = expectation;
            } else {
                port.expect(expectation);
                changed.push((port.name.clone(), port.ifindex));
            }
        }
        // Told in the order in which a person would list them.
        changed.sort_by(|(one, _), (other, _)| natural_order(one, other));
        for (_, ifindex) in changed {
            self.judge(ifindex, true, now);
        }
        // Planned ports without an interface, which no judging reaches.
        let only_in = |one: &HashMap<Box<str>, usize>, other: &HashMap<Box<str>, usize>| -> Vec<Box<str>> {
            let is_only_here = |name: &str| !other.contains_key(name) && !self.by_name.contains_key(name);
            let mut names: Vec<_> = one.keys().filter(|name| is_only_here(name)).cloned().collect();
            names.sort_by(|one, other| natural_order(one, other));
            names
        };
        let (dropped, added) = (only_in(&old_planned, &self.planned), only_in(&self.planned, &old_planned));
        for name in dropped {
            self.lost_at.remove(&name);
            self.emit(&name, Some(Reason::Absent), None, now);
        }
        for name in added {
            self.emit(&name, None, Some(Reason::Absent), now);
        }
    }

    /// Takes the kernel's word on an interface: new, renamed, carrier up or down, or unchanged.
    pub fn link(&mut self, link: Link<'_>, now: BootTime) {
        self.revision += 1;
        let Link { ifindex, name, carrier, carrier_losses } = link;
        let remembered = self.ports.get(&ifindex).or_else(|| self.nameless.get(&ifindex));
        if self.recalled.remove(&ifindex) && remembered.is_some_and(|port| port.is_another_than(carrier_losses)) {
            self.link_gone(ifindex, now);
        }
        match self.ports.get_mut(&ifindex) {
            Some(port) if *port.name == *name => port.set_link(carrier, carrier_losses, now),
            // A rename is another port for the plan; the cable and who is heard on it stay.
            _ => {
                let known = self.take(ifindex, now).or_else(|| self.nameless.remove(&ifindex));
                let mut port = known.unwrap_or_else(|| Port::new(ifindex, name, carrier, carrier_losses));
                port.set_link(carrier, carrier_losses, now);
                port.name = name.into();
                if let Some(&other) = self.by_name.get(name) {
                    let other = self.take(other, now);
                    self.nameless.extend(other.map(|port| (port.ifindex, port)));
                }
                self.put(port);
            }
        }
        self.judge(ifindex, false, now);
    }

    /// The interface is gone from this machine, or from this network namespace.
    pub fn link_gone(&mut self, ifindex: IfIndex, now: BootTime) {
        self.nameless.remove(&ifindex);
        self.take(ifindex, now);
    }

    /// Takes an LLDPDU that came in on `ifindex` at `at`.
    pub fn lldpdu(&mut self, ifindex: IfIndex, lldpdu: &[u8], at: BootTime) -> Heard {
        let Some(port) = self.ports.get_mut(&ifindex) else { return Heard::Stale };
        let expectation = port.expectation.map(|index| &self.plan.expectations()[index]);
        let heard = port.hear(expectation, lldpdu, at);
        match heard {
            Heard::Changed | Heard::Left => self.judge(ifindex, true, at),
            Heard::Confirmed => self.revision += 1,
            Heard::Refreshed | Heard::Malformed { .. } | Heard::TooMany | Heard::Stale => {}
        }
        heard
    }

    /// When [`Monitor::tick`] next has something to do.
    pub fn next_deadline(&self) -> Option<BootTime> {
        self.timers.first().map(|&(at, _)| at)
    }

    /// Lets time pass up to `now`: neighbors age out.
    pub fn tick(&mut self, now: BootTime) {
        while let Some(&(at, ifindex)) = self.timers.first().filter(|&&(at, _)| at <= now) {
            self.timers.remove(&(at, ifindex));
            let port = self.ports.get_mut(&ifindex).expect("a port takes its timer along");
            port.timer = None;
            let aged = port.age(now);
            // Also where nothing aged: a neighbor that was heard again only moved the deadline.
            self.judge(ifindex, aged, now);
        }
    }

    /// The oldest event that was not taken yet.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Every port with a verdict: the plan's in the plan's order, then those that only have a neighbor, by name.
    pub fn reports(&self) -> impl Iterator<Item = Report<'_>> {
        let mut unplanned: Vec<_> = self.ports.values().filter(|port| port.reason == Some(Reason::Unplanned)).collect();
        unplanned.sort_by(|a, b| natural_order(&a.name, &b.name));
        let planned = self.plan.expectations().iter().filter_map(|expectation| self.report(&expectation.port));
        planned.chain(unplanned.into_iter().map(|port| self.report_on(port)))
    }

    /// The report on one port by name; `None` where it has no verdict.
    pub fn report(&self, name: &str) -> Option<Report<'_>> {
        if let Some(port) = self.by_name.get(name).map(|ifindex| &self.ports[ifindex]) {
            return port.reason.map(|_| self.report_on(port));
        }
        let expectation = &self.plan.expectations()[*self.planned.get(name)?];
        Some(Report {
            port: &expectation.port,
            ifindex: None,
            carrier: false,
            reason: Reason::Absent,
            cached: false,
            changed_at: self.lost_at.get(name).copied(),
            expectation: Some(expectation),
            neighbor: None,
            neighbors: &[],
            difference: None,
            advice: None,
            transitions: self.transitions(name),
            statistics: None,
            host_id_type: self.plan.host_id_type(),
        })
    }

    /// The counters of the interfaces that [`Monitor::reports`] leaves out, as far as LLDP was ever heard on them.
    pub fn others(&self) -> impl Iterator<Item = (&str, &Statistics)> {
        let others = self.ports.values().filter(|port| port.reason.is_none() && port.statistics.frames_in > 0);
        others.map(|port| (&*port.name, &port.statistics))
    }

    fn report_on<'a>(&'a self, port: &'a Port) -> Report<'a> {
        let expectation = self.expectation(port);
        let neighbor = match expectation {
            Some(expectation) => judge::closest(expectation, &port.neighbors).map(|(neighbor, _)| neighbor),
            None => port.neighbors.first(),
        };
        let reason = port.reason.unwrap_or(Reason::Unplanned);
        // With the right neighbor there, or nothing to compare with, there is nothing to mend.
        let astray = neighbor.filter(|_| !matches!(reason, Reason::Match | Reason::Unchecked));
        Report {
            port: &port.name,
            ifindex: Some(port.ifindex),
            carrier: port.carrier,
            reason,
            cached: port.is_cached(neighbor),
            changed_at: port.changed_at,
            expectation,
            neighbor,
            neighbors: &port.neighbors,
            difference: expectation.zip(astray).and_then(|(e, neighbor)| judge::difference(e, &neighbor.pdu())),
            advice: match (reason, astray) {
                (Reason::Silent, _) => expectation.map(advice::break_silence),
                (Reason::LinkDown, _) if !port.carrier => expectation.map(advice::restore_carrier),
                (_, Some(neighbor)) => {
                    advice::advise(&self.plan, &port.name, expectation, neighbor, |name| self.neighbors_on(name))
                }
                (_, None) => None,
            },
            transitions: self.transitions(&port.name),
            statistics: Some(&port.statistics),
            host_id_type: self.plan.host_id_type(),
        }
    }

    fn transitions(&self, name: &str) -> u64 {
        self.transitions.get(name).copied().unwrap_or_default()
    }

    fn expectation(&self, port: &Port) -> Option<&Expectation> {
        port.expectation.map(|index| &self.plan.expectations()[index])
    }

    fn neighbors_on(&self, name: &str) -> &[Neighbor] {
        self.by_name.get(name).map_or(&[], |ifindex| &self.ports[ifindex].neighbors)
    }

    /// Takes a port out of its name.
    fn take(&mut self, ifindex: IfIndex, now: BootTime) -> Option<Port> {
        let mut port = self.ports.remove(&ifindex)?;
        self.revision += 1;
        if let Some(timer) = port.timer.take() {
            self.timers.remove(&(timer, ifindex));
        }
        self.by_name.remove(&port.name);
        let before = port.reason.take();
        let after = port.expectation.map(|_| Reason::Absent);
        if after.is_some() {
            self.lost_at.insert((*port.name).into(), now);
        }
        self.emit(&port.name.clone(), before, after, now);
        Some(port)
    }

    /// Puts a port in under its name, not judged yet.
    fn put(&mut self, mut port: Port) {
        port.expect(self.planned.get(&*port.name).copied());
        // The verdict that the name had while no interface bore it.
        port.reason = port.expectation.map(|_| Reason::Absent);
        port.changed_at = self.lost_at.remove(&*port.name);
        self.by_name.insert(port.name.clone(), port.ifindex);
        self.ports.insert(port.ifindex, port);
    }

    /// Judges a port anew, and sees to its timer. `news`: something besides the verdict changed on it.
    fn judge(&mut self, ifindex: IfIndex, news: bool, now: BootTime) {
        let port = self.ports.get_mut(&ifindex).expect("callers have the port");
        let expectation = port.expectation.map(|index| &self.plan.expectations()[index]);
        let before = port.reason;
        port.reason = judge::judge(expectation, port.carrier, &port.neighbors, port.silence);
        // A timer that is early is put right when it fires: a repeated LLDPDU must not cost a tree operation.
        let deadline = port.deadline();
        if deadline.is_some_and(|deadline| port.timer.is_none_or(|timer| deadline < timer)) {
            if let Some(timer) = port.timer {
                self.timers.remove(&(timer, ifindex));
            }
            port.timer = deadline;
            self.timers.extend(deadline.map(|deadline| (deadline, ifindex)));
        }
        if news || before != port.reason {
            self.revision += 1;
            port.changed_at = Some(now);
        }
        let (name, after) = (port.name.clone(), port.reason);
        self.emit(&name, before, after, now);
    }

    fn emit(&mut self, port: &str, before: Option<Reason>, after: Option<Reason>, at: BootTime) {
        if before == after {
            return;
        }
        // Names come and go on a host that makes interfaces: those without a verdict are not kept.
        match (after, self.transitions.get_mut(port)) {
            (Some(_), Some(count)) => *count += 1,
            (Some(_), None) => drop(self.transitions.insert(port.into(), 1)),
            (None, _) => drop(self.transitions.remove(port)),
        }
        let report = after.and_then(|_| self.report(port));
        let event = Event {
            port: port.into(),
            at,
            before,
            after,
            expected: report.as_ref().and_then(Report::expected),
            observed: report.as_ref().and_then(Report::observed),
            planned: self.is_planned(port),
            carrier: report.as_ref().and_then(|report| report.ifindex.map(|_| report.carrier)),
            cached: report.as_ref().is_some_and(|report| report.cached),
            difference: report.as_ref().and_then(|report| report.difference.clone()),
            notify: report.as_ref().and_then(|report| report.expectation).map_or(Notify::default(), |e| e.notify),
            explanation: report.as_ref().map_or_else(|| "nothing is said of this port any more".into(), explain),
            advice: report.and_then(|report| report.advice),
        };
        self.events.push_back(event);
    }
}

fn index(plan: &Plan) -> HashMap<Box<str>, usize> {
    plan.expectations().iter().enumerate().map(|(index, expectation)| (expectation.port.clone(), index)).collect()
}
