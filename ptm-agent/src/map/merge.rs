//! The whole plan with every agent's verdicts: what the map knows. Pure: no I/O, no clock; time is an argument.
//!
//! A node has a verdict only from its own agent, and only as long as that agent is [`Reach::Up`]: it answers, it is the
//! node it was asked as, and its plan is the map's. An agent that was given with its node speaks for that node; one that
//! was given without says in its first answer which node it is, and has it from then on. A second one that says the same
//! is [`Reach::Invalid`]: the first keeps it.
//!
//! What it takes: the links of the plan, and for each end the verdict, some 300 bytes and at most 1.5 KB. What does not
//! fit is cut. Neighbors on ports that the plan does not name: [`MOST_UNPLANNED`] an agent.

mod answers;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::agents::Target;
use super::check::{self, Invalid};
use crate::api::{
    AgentEvent, AgentState, End, Kind, Link, Node, Plan, PlanFailure, PortEvent, Reach, Server, Timestamp, Topology,
    Verdict,
};
use crate::escape::shown;
use crate::monitor::Reason;
use crate::plan::{Directory, LinkEnd};
use crate::web::Event;

/// Ports with a neighbor that the plan does not name, that are kept of one agent.
const MOST_UNPLANNED: usize = 64;

/// The whole plan. Whoever is to put it into words gets a copy of his own, for which no link is copied.
pub type Whole = Topology<Arc<Link>>;

/// An agent that the map was told of. Never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(u64);

/// What the map knows.
#[derive(Debug)]
pub struct Merge {
    /// What is answered, but for time, cursor and `unplanned`. Behind the plan's nodes stand the agents that speak for
    /// none of them, by their addresses.
    topology: Whole,
    /// How many nodes the plan has.
    planned_nodes: usize,
    /// The plan's nodes.
    machines: HashMap<Box<str>, Machine>,
    agents: BTreeMap<AgentId, Agent>,
    next_agent: u64,
    events: VecDeque<Event>,
    /// Grows with every change of what is answered.
    version: u64,
    /// Something besides verdicts changed.
    changed: bool,
}

/// A node of the plan.
#[derive(Debug)]
struct Machine {
    /// Its place in `topology.nodes`.
    node: usize,
    /// The place of each of its ports in `topology.links`: which link, and which end of it.
    ports: HashMap<Box<str>, (usize, usize)>,
    /// Who speaks for it.
    agent: Option<AgentId>,
}

#[derive(Debug)]
struct Agent {
    target: Target,
    /// The node that it speaks for.
    node: Option<Box<str>>,
    state: AgentState,
    /// Its ports with a neighbor that the plan does not name.
    unplanned: BTreeMap<String, Box<Verdict>>,
}

impl Agent {
    /// What it is called on the map.
    fn name(&self) -> &str {
        self.node.as_deref().unwrap_or(&self.state.address)
    }

    fn is_up(&self) -> bool {
        self.state.state == Reach::Up
    }
}

impl Merge {
    /// A map of this plan that knows of no agent.
    pub fn new(plan: Plan, directory: &Directory, now: Timestamp) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let server = Server { kind: Kind::Map, node: None, version, time: now };
        let (nodes, links, unplanned, cursor, oldest) = Default::default();
        let mut merge = Self {
            topology: Topology { server, cursor, oldest, plan, nodes, links, unplanned },
            planned_nodes: 0,
            machines: HashMap::new(),
            agents: BTreeMap::new(),
            next_agent: 0,
            events: VecDeque::new(),
            version: 0,
            changed: false,
        };
        merge.lay(directory);
        merge
    }

    /// Lays the cables, without any verdict.
    fn lay(&mut self, directory: &Directory) {
        let node = |node: crate::plan::Node<'_>| Node {
            name: node.name.to_owned(),
            function: node.function.map(str::to_owned),
            agent: None,
        };
        self.topology.nodes = directory.nodes().map(node).collect();
        self.planned_nodes = self.topology.nodes.len();
        let link = |(one, other)| Link { ends: [end(one), end(other)] }.into();
        self.topology.links = directory.links().map(link).collect();
        let machines = (0..).zip(&self.topology.nodes);
        let machine = |node| Machine { node, ports: HashMap::new(), agent: None };
        self.machines = machines.map(|(place, node)| (node.name.as_str().into(), machine(place))).collect();
        for (index, link) in self.topology.links.iter().enumerate() {
            for (place, end) in link.ends.iter().enumerate() {
                let Some(port) = &end.port else { continue };
                if let Some(machine) = self.machines.get_mut(&*end.node) {
                    machine.ports.insert(port.as_str().into(), (index, place));
                }
            }
        }
        self.change();
    }

    /// Puts another plan in force. Unless it is the same, nobody's verdicts count until it is known that they are about
    /// this one. [`Merge::set_agents`] is to follow.
    pub fn set_plan(&mut self, plan: Plan, directory: &Directory, now: Timestamp) {
        if plan.sha256 == self.topology.plan.sha256 {
            self.topology.plan = plan;
            self.change();
            return;
        }
        let ids: Vec<_> = self.agents.keys().copied().collect();
        for &id in &ids {
            if self.agents[&id].is_up() {
                let detail = "the map's plan changed; it is asked for its own".to_owned();
                self.set_reach(id, Reach::OtherPlan, detail, now);
            }
        }
        self.topology.plan = plan;
        self.lay(directory);
        for id in ids {
            let Some(agent) = self.agents.get_mut(&id) else { continue };
            if let Some(machine) = agent.node.as_ref().and_then(|node| self.machines.get_mut(node)) {
                machine.agent = Some(id);
            } else {
                agent.node = None;
            }
        }
        self.show_agents();
    }

    /// Notes that the plan's file can't be used.
    pub fn plan_failed(&mut self, failure: PlanFailure) {
        let since = self.topology.plan.failure.as_ref().map_or(failure.since, |first| first.since);
        self.topology.plan.failure = Some(PlanFailure { since, ..failure });
        self.change();
    }

    /// These are the agents from now on. Those that are no longer among them are forgotten with what they said; the new
    /// ones are told with their targets.
    pub fn set_agents(&mut self, targets: &[Target], now: Timestamp) -> Vec<(AgentId, Target)> {
        let wanted: HashSet<&Target> = targets.iter().collect();
        let gone: Vec<_> = self.agents.iter().filter(|(_, agent)| !wanted.contains(&agent.target)).collect();
        let gone: Vec<_> = gone.into_iter().map(|(&id, _)| id).collect();
        for id in gone {
            self.silence(id);
            self.release(id);
            self.agents.remove(&id);
        }
        let known: HashSet<Target> = self.agents.values().map(|agent| agent.target.clone()).collect();
        let mut new = Vec::new();
        for target in targets.iter().filter(|&target| !known.contains(target)) {
            let id = AgentId(self.next_agent);
            self.next_agent += 1;
            let address = shown(&target.address.to_string());
            let state = AgentState { state: Reach::Connecting, address, detail: String::new() };
            self.agents.insert(id, Agent { target: target.clone(), node: None, state, unplanned: BTreeMap::new() });
            new.push((id, target.clone()));
        }
        // A node that is given goes before one that is claimed, also where it is given again under another address.
        let given = |(&id, agent): (&AgentId, &Agent)| Some((id, agent.target.node.clone()?));
        let given: Vec<_> = self.agents.iter().filter_map(given).collect();
        for (id, node) in given {
            let holder = self.machines.get(&node).and_then(|machine| machine.agent);
            if let Some(holder) = holder.filter(|&holder| holder != id) {
                let detail = format!("it says it is {}, for which another agent was given", shown(&node));
                self.set_reach(holder, Reach::Invalid, detail, now);
                self.release(holder);
            }
            self.claim(id, &node);
        }
        self.show_agents();
        new
    }

    /// Whether the map knows this agent, still.
    pub fn knows(&self, id: AgentId) -> bool {
        self.agents.contains_key(&id)
    }

    /// The agent can't be reached, or its answer is none.
    pub fn lost(&mut self, id: AgentId, reach: Reach, detail: String, now: Timestamp) {
        if self.knows(id) {
            self.set_reach(id, reach, detail, now);
        }
    }

    /// Takes an agent's whole state. An error: it is not the state of that agent, which is so noted.
    pub fn answer(&mut self, id: AgentId, answer: Topology, now: Timestamp) -> Result<(), Invalid> {
        if !self.knows(id) {
            return Ok(());
        }
        let taken = self.take_answer(id, answer, now);
        let (reach, detail) = match &taken {
            Ok(None) => (Reach::Up, String::new()),
            Ok(Some(other_plan)) => (Reach::OtherPlan, other_plan.clone()),
            Err(Invalid(why)) => (Reach::Invalid, why.clone()),
        };
        self.set_reach(id, reach, detail, now);
        taken.map(drop)
    }

    /// `Ok(Some)`: it has another plan.
    fn take_answer(&mut self, id: AgentId, answer: Topology, now: Timestamp) -> Result<Option<String>, Invalid> {
        let node: Box<str> = check::claimed_node(&answer)?.into();
        self.may_speak_for(id, &node)?;
        let ours = &self.topology.plan.sha256;
        if answer.plan.sha256 != *ours {
            let (its, ours) = (short(&answer.plan.sha256), short(ours));
            let detail = format!("its plan is another than the map's (SHA-256 {its}…, the map's {ours}…)");
            self.have_speak_for(id, &node);
            return Ok(Some(detail));
        }
        let machine = &self.machines[&node];
        if answer.links.len() > machine.ports.len() {
            return Err(Invalid("it has more cables than the plan gives its node".to_owned()));
        }
        let mut said: HashMap<String, Box<Verdict>> = HashMap::with_capacity(answer.links.len());
        for Link { ends: [own, _] } in answer.links {
            let (port, verdict) = check::own_end(own, &node)?;
            if !machine.ports.contains_key(&*port) {
                return Err(Invalid(format!(
                    "it judges the port {}, which the plan does not name",
                    check::name(&port)
                )));
            }
            said.insert(port, verdict);
        }
        let mut unplanned = BTreeMap::new();
        for end in answer.unplanned {
            let (port, verdict) = check::unplanned_end(end, &node)?;
            if machine.ports.contains_key(&*port) {
                return Err(Invalid(format!("it calls the port {port} unplanned, which the plan names")));
            }
            if unplanned.len() < MOST_UNPLANNED {
                unplanned.insert(port, verdict);
            }
        }
        let mut places: Vec<_> = machine.ports.iter().map(|(port, &place)| (place, port.clone())).collect();
        // Nothing was changed so far: an answer counts as a whole or not at all.
        self.have_speak_for(id, &node);
        let was_up = self.agents[&id].is_up();
        // In the plan's order, so that the events are in one that makes sense.
        places.sort_unstable();
        let mut changed = false;
        for (place, port) in places {
            let after = said.remove(&*port);
            let known = known_of(&mut self.topology, place);
            if *known == after {
                continue;
            }
            changed = true;
            let (before, reason) = (reason(known.as_deref()), reason(after.as_deref()));
            known.clone_from(&after);
            // Who was there all the time is told of what happened meanwhile; at first there is nothing to tell from.
            if was_up && before != reason {
                let time = after.as_ref().and_then(|verdict| verdict.since).unwrap_or(now);
                let (node, port) = (node.to_string(), port.into());
                let event = PortEvent { time, node, port, planned: true, before, after: reason, verdict: after };
                self.events.push_back(Event::Port(event));
            }
        }
        let agent = self.agents.get_mut(&id).expect("it was there a moment ago");
        if std::mem::replace(&mut agent.unplanned, unplanned) != agent.unplanned || changed {
            self.change();
        }
        Ok(None)
    }

    /// Whether an agent that says it is `node` may speak for it.
    fn may_speak_for(&self, id: AgentId, node: &str) -> Result<(), Invalid> {
        let given = self.agents[&id].target.node.as_deref();
        if let Some(given) = given.filter(|&given| given != node) {
            return Err(Invalid(format!("it says it is {}, not {}", check::name(node), shown(given))));
        }
        let Some(machine) = self.machines.get(node) else {
            return Err(Invalid(format!("it says it is {}, which the plan does not name", check::name(node))));
        };
        match machine.agent.filter(|&holder| holder != id) {
            None => Ok(()),
            Some(holder) => {
                let address = &self.agents[&holder].state.address;
                Err(Invalid(format!("it says it is {}, and so does the one at {address}", shown(node))))
            }
        }
    }

    /// From now on it speaks for `node`, and for no other.
    fn have_speak_for(&mut self, id: AgentId, node: &str) {
        if self.agents[&id].node.as_deref() != Some(node) {
            self.silence(id);
            self.release(id);
            self.claim(id, node);
            self.show_agents();
        }
    }

    /// Takes an agent's news of one of its ports. An error: it is no news of that agent, which is so noted.
    pub fn event(&mut self, id: AgentId, event: PortEvent, now: Timestamp) -> Result<(), Invalid> {
        // One whose plan is another speaks of other cables.
        let Some(agent) = self.agents.get(&id).filter(|agent| agent.is_up()) else { return Ok(()) };
        let result = agent.node.clone().map_or(Ok(()), |node| self.take_event(id, &node, event));
        if let Err(Invalid(why)) = &result {
            self.set_reach(id, Reach::Invalid, why.clone(), now);
        }
        result
    }

    fn take_event(&mut self, id: AgentId, node: &str, event: PortEvent) -> Result<(), Invalid> {
        let PortEvent { time, node: of, port, planned, before: _, after, verdict } = event;
        if of != node {
            return Err(Invalid(format!("it tells of another node, {}", check::name(&of))));
        }
        let verdict = verdict.map(|verdict| check::verdict(*verdict).map(Box::new)).transpose()?;
        if reason(verdict.as_deref()) != after {
            return Err(Invalid("an event of it says two things of one port".to_owned()));
        }
        let place = self.machines.get(node).and_then(|machine| machine.ports.get(&*port));
        let before = match place {
            Some(&place) if planned => {
                let known = known_of(&mut self.topology, place);
                if *known == verdict {
                    return Ok(());
                }
                let before = reason(known.as_deref());
                known.clone_from(&verdict);
                before
            }
            None if !planned && matches!(after, None | Some(Reason::Unplanned)) => {
                let Some(Agent { unplanned, .. }) = self.agents.get_mut(&id) else { return Ok(()) };
                let port = check::name(&port);
                // The port is not the plan's: nothing is lost that counts.
                if !unplanned.contains_key(&port) && unplanned.len() >= MOST_UNPLANNED {
                    return Ok(());
                }
                let before = unplanned.remove(&port);
                unplanned.extend(verdict.clone().map(|verdict| (port, verdict)));
                if before == verdict {
                    return Ok(());
                }
                reason(before.as_deref())
            }
            // Its plan is another by now; that is told next, and then it is asked for everything.
            _ => return Ok(()),
        };
        self.version += 1;
        let (node, port) = (node.to_owned(), check::name(&port));
        self.events.push_back(Event::Port(PortEvent { time, node, port, planned, before, after, verdict }));
        Ok(())
    }

    /// Has the agent stand so from now on.
    fn set_reach(&mut self, id: AgentId, reach: Reach, detail: String, now: Timestamp) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        if agent.state.state == reach && agent.state.detail == detail {
            return;
        }
        agent.state = AgentState { state: reach, detail, address: std::mem::take(&mut agent.state.address) };
        if reach != Reach::Up {
            self.silence(id);
        }
        self.show(id);
        let agent = &self.agents[&id];
        let event = AgentEvent { time: now, node: agent.name().to_owned(), agent: agent.state.clone() };
        self.events.push_back(Event::Agent(event));
        self.change();
    }

    /// Forgets what an agent said.
    fn silence(&mut self, id: AgentId) {
        let Some(agent) = self.agents.get_mut(&id) else { return };
        agent.unplanned.clear();
        let Some(machine) = agent.node.as_ref().and_then(|node| self.machines.get(node)) else { return };
        for &place in machine.ports.values() {
            *known_of(&mut self.topology, place) = None;
        }
        self.change();
    }

    fn claim(&mut self, id: AgentId, node: &str) {
        let (Some(machine), Some(agent)) = (self.machines.get_mut(node), self.agents.get_mut(&id)) else { return };
        machine.agent = Some(id);
        agent.node = Some(node.into());
    }

    fn release(&mut self, id: AgentId) {
        let Some(node) = self.agents.get_mut(&id).and_then(|agent| agent.node.take()) else { return };
        if let Some(machine) = self.machines.get_mut(&node) {
            machine.agent = None;
        }
    }

    /// Puts an agent's state where it is shown.
    fn show(&mut self, id: AgentId) {
        let agent = &self.agents[&id];
        let name = agent.name();
        let node = match self.machines.get(name) {
            Some(machine) => self.topology.nodes.get_mut(machine.node),
            None => self.topology.nodes[self.planned_nodes..].iter_mut().find(|node| node.name == name),
        };
        if let Some(node) = node {
            node.agent = Some(agent.state.clone());
        }
    }

    /// The same for all of them, where it changed who speaks for whom.
    fn show_agents(&mut self) {
        self.topology.nodes.truncate(self.planned_nodes);
        self.topology.nodes.iter_mut().for_each(|node| node.agent = None);
        for agent in self.agents.values() {
            let (name, state) = (agent.name(), agent.state.clone());
            match agent.node.as_ref().and_then(|node| self.machines.get(node)) {
                Some(machine) => self.topology.nodes[machine.node].agent = Some(state),
                None => self.topology.nodes.push(Node { name: name.to_owned(), function: None, agent: Some(state) }),
            }
        }
        self.change();
    }

    fn change(&mut self) {
        self.version += 1;
        self.changed = true;
    }

    /// The oldest event that was not fetched yet.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether something besides verdicts changed since the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Grows with every change of what is answered.
    pub fn version(&self) -> u64 {
        self.version
    }
}

/// What is known of an end. Who got a copy of the topology keeps the link as it was.
fn known_of(topology: &mut Whole, (link, place): (usize, usize)) -> &mut Option<Box<Verdict>> {
    &mut Arc::make_mut(&mut topology.links[link]).ends[place].verdict
}

fn end(LinkEnd { node, port }: LinkEnd<'_>) -> End {
    // An agent shows its port's name so.
    End { node: node.to_owned(), port: port.map(shown), verdict: None }
}

fn reason(verdict: Option<&Verdict>) -> Option<Reason> {
    verdict.map(|verdict| verdict.reason)
}

/// The beginning of a hash, enough to tell two apart by eye.
fn short(sha256: &str) -> String {
    shown(&sha256.chars().take(12).collect::<String>())
}

#[cfg(test)]
mod tests;
