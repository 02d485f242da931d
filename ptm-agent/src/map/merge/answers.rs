//! What the map answers, from what it knows.

use super::{Agent, AgentId, Merge, Whole};
use crate::api::{Count, End, Link, Plan, PortDetail, Reach, Server, Summary, Timestamp, Topology};
use crate::monitor::Status;
use crate::web::Cursor;

/// In a node's name, at most: an IPv6 address has seven.
const MOST_COLONS: usize = 16;

impl Merge {
    /// For `GET /api/v1/topology`; `oldest` and `cursor`: places in the event stream.
    pub fn topology(&self, oldest: Cursor, cursor: Cursor, now: Timestamp) -> Whole {
        let unplanned = |agent: &Agent| {
            let node = agent.node.as_deref().unwrap_or_default().to_owned();
            let ends = agent.unplanned.iter().map(move |(port, verdict)| End {
                node: node.clone(),
                port: Some(port.clone()),
                verdict: Some(verdict.clone()),
            });
            ends.collect::<Vec<_>>()
        };
        let unplanned = self.agents.values().flat_map(unplanned).collect();
        let (oldest, cursor) = (oldest.to_string(), cursor.to_string());
        Topology { oldest, cursor, server: self.server(now), unplanned, ..self.topology.clone() }
    }

    /// For `GET /api/v1/status`.
    pub fn summary(&self, now: Timestamp) -> Summary {
        let mut ports = Count::default();
        let mut failing = Vec::new();
        for end in self.topology.links.iter().flat_map(|link| &link.ends) {
            let Some(verdict) = &end.verdict else { continue };
            ports.add(verdict.status);
            if verdict.status == Status::Fail {
                failing.push(end.clone());
            }
        }
        let agents = self.topology.nodes.iter().filter(|node| node.agent.is_some()).cloned().collect();
        Summary { server: self.server(now), plan: self.topology.plan.clone(), ports, failing, agents: Some(agents) }
    }

    /// For `GET /api/v1/ports/NODE:PORT`.
    pub fn port(&self, name: &str, now: Timestamp) -> Option<PortDetail> {
        // Both names may have colons in them. Each costs a look at the name, which whoever asks may have made of colons.
        let splits = name.match_indices(':').take(MOST_COLONS).map(|(at, _)| (&name[..at], &name[at + 1..]));
        let (end, far) = splits.into_iter().find_map(|(node, port)| self.end(node, port))?;
        let (match_on, interface, neighbors) = (None, None, Vec::new());
        Some(PortDetail { server: self.server(now), end, far, match_on, interface, neighbors })
    }

    fn end(&self, node: &str, port: &str) -> Option<(End, Option<End>)> {
        let machine = self.machines.get(node)?;
        if let Some(&(link, place)) = machine.ports.get(port) {
            let ends = &self.topology.links[link].ends;
            return Some((ends[place].clone(), Some(ends[1 - place].clone())));
        }
        let verdict = self.agents.get(&machine.agent?)?.unplanned.get(port)?.clone();
        Some((End { node: node.to_owned(), port: Some(port.to_owned()), verdict: Some(verdict) }, None))
    }

    fn server(&self, now: Timestamp) -> Server {
        Server { time: now, ..self.topology.server.clone() }
    }

    /// What is known of the plan.
    pub fn plan(&self) -> &Plan {
        &self.topology.plan
    }

    /// How many ports the plan names of the agent's node; of the node that has most, where it is not known which it is.
    pub fn ports_of(&self, id: AgentId) -> usize {
        let node = self.agents.get(&id).and_then(|agent| agent.node.as_ref());
        match node.and_then(|node| self.machines.get(node)) {
            Some(machine) => machine.ports.len(),
            None => self.machines.values().map(|machine| machine.ports.len()).max().unwrap_or(0),
        }
    }

    /// How each agent stands: its name on the map, and its state.
    pub fn agents(&self) -> impl Iterator<Item = (&str, Reach)> {
        self.agents.values().map(|agent| (agent.name(), agent.state.state))
    }

    /// How many cables have each status: one passes only if both its ends say so.
    pub fn cables(&self) -> Count {
        let mut cables = Count::default();
        self.topology.links.iter().for_each(|link| cables.add(status(link)));
        cables
    }
}

/// A cable's status, from both its ends'.
pub(super) fn status(Link { ends }: &Link) -> Status {
    let [one, other] = ends.each_ref().map(|end| end.verdict.as_ref().map(|verdict| verdict.status));
    match (one, other) {
        (Some(Status::Pass), Some(Status::Pass)) => Status::Pass,
        (Some(Status::Fail), _) | (_, Some(Status::Fail)) => Status::Fail,
        (Some(Status::Pass | Status::NoInfo) | None, _) => Status::NoInfo,
    }
}
