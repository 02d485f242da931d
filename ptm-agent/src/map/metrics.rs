//! The map's own metrics, made from what it knows at each scrape.

use std::fmt;

use super::merge::Merge;
use crate::api::{self, Reach};
use crate::metrics::{Exposition, Format, build_info, expose, http, label, plan};
use crate::monitor::Status;
use crate::web::Counts;

/// Bytes of a node's series, about.
const BYTES_A_NODE: usize = 64;

/// What is told of the map, as plain data: nobody holds the map up while it is written.
#[derive(Debug)]
pub(super) struct Standing {
    plan: api::Plan,
    agents: Vec<(String, Reach)>,
    cables: api::Count,
}

impl From<&Merge> for Standing {
    fn from(merge: &Merge) -> Self {
        let agents = merge.agents().map(|(node, reach)| (label(node).into_owned(), reach));
        Self { plan: merge.plan().clone(), agents: agents.collect(), cables: merge.cables() }
    }
}

/// The metrics of the map and of its HTTP server.
pub(super) fn text(standing: Standing, counts: Counts, format: Format) -> String {
    let capacity = (standing.agents.len() + 64) * BYTES_A_NODE;
    expose(format, capacity, move |out| {
        build_info(out)?;
        agents(out, &standing)?;
        plan(out, &standing.plan)?;
        http(out, &counts)
    })
}

fn agents(out: &mut Exposition<'_>, Standing { plan: _, agents, cables }: &Standing) -> fmt::Result {
    let mut by_state = out.gauge("ptm_map_agents", "Agents that the map was told of, by how they stand.")?;
    for reach in Reach::ALL {
        let count = agents.iter().filter(|(_, state)| *state == reach).count() as u64;
        by_state.series(&[("state", reach.as_str())], count)?;
    }
    let mut up = out.gauge("ptm_map_agent_up", "Whether the map shows what the node's agent says.")?;
    for (node, reach) in agents {
        up.series(&[("node", node)], u64::from(*reach == Reach::Up))?;
    }
    let mut by_status = out.gauge("ptm_map_cables", "Cables of the plan; one passes only if both its ends do.")?;
    for (status, count) in Status::ALL.into_iter().zip([cables.pass, cables.fail, cables.no_info]) {
        by_status.series(&[("status", status.as_str())], count as u64)?;
    }
    Ok(())
}
