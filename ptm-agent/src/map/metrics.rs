//! The map's own metrics, made from what it knows at each scrape.

use std::collections::BTreeMap;
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
    agents: Vec<Reach>,
    /// By their names on the map, which two may share: an address may be what a node is called. Only if both are up is
    /// that one.
    up: BTreeMap<String, bool>,
    cables: api::Count,
}

impl From<&Merge> for Standing {
    fn from(merge: &Merge) -> Self {
        let mut up = BTreeMap::new();
        for (node, reach) in merge.agents() {
            *up.entry(label(node).into_owned()).or_insert(true) &= reach == Reach::Up;
        }
        let agents = merge.agents().map(|(_, reach)| reach).collect();
        Self { plan: merge.plan().clone(), agents, up, cables: merge.cables() }
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

fn agents(out: &mut Exposition<'_>, Standing { plan: _, agents, up, cables }: &Standing) -> fmt::Result {
    let mut by_state = out.gauge("ptm_map_agents", "Agents that the map was told of, by how they stand.")?;
    for reach in Reach::ALL {
        let count = agents.iter().filter(|&&state| state == reach).count() as u64;
        by_state.series(&[("state", reach.as_str())], count)?;
    }
    let mut of_node = out.gauge("ptm_map_agent_up", "Whether the map shows what the node's agent says.")?;
    for (node, &is_up) in up {
        of_node.series(&[("node", node)], u64::from(is_up))?;
    }
    let mut by_status = out.gauge("ptm_map_cables", "Cables of the plan; one passes only if both its ends do.")?;
    for (status, count) in Status::ALL.into_iter().zip([cables.pass, cables.fail, cables.no_info]) {
        by_status.series(&[("status", status.as_str())], count as u64)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    use super::*;
    use crate::map::fixtures::{RING, account, answer, at, target};
    use crate::metrics::tests::{assert_distinct, documented, families, similar_name};
    use crate::monitor::Reason;
    use crate::plan;

    fn exposed() -> String {
        let (topology, _) = plan::read(RING);
        let mut merge = Merge::new(account("ours"), topology.directory(), at(0));
        let agents = merge.set_agents(&[target(Some("a"), "a"), target(None, "b")], at(0));
        merge.answer(agents[0].0, answer("a", &[("1", Reason::WrongNode), ("2", Reason::Match)]), at(1)).unwrap();
        let counts = Counts {
            connections_refused: vec![("too-many", 0)],
            requests_refused: vec![("host", 0)],
            certificate_not_after: Some(1),
            ..Counts::default()
        };
        text((&merge).into(), counts, Format::OpenMetrics)
    }

    #[test]
    fn the_page_has_every_metric_of_the_map_and_no_other() {
        let mut documented = documented();
        let ours = ["ptm_build_info", "ptm_plan_", "ptm_http_", "ptm_map_"];
        documented.retain(|name, _| name != "ptm_plan_ports" && ours.iter().any(|ours| name.starts_with(ours)));
        assert_eq!(documented, families(&exposed()));
    }

    #[test]
    fn an_agent_that_did_not_say_who_it_is_goes_by_its_address_and_cables_are_counted_once() {
        let exposed = exposed();
        for series in [
            "ptm_map_agents{state=\"up\"} 1",
            "ptm_map_agents{state=\"connecting\"} 1",
            "ptm_map_agent_up{node=\"a\"} 1",
            "ptm_map_agent_up{node=\"http://b:10786\"} 0",
            "ptm_map_cables{status=\"pass\"} 0",
            "ptm_map_cables{status=\"fail\"} 1",
            "ptm_map_cables{status=\"no-info\"} 2",
        ] {
            assert!(exposed.lines().any(|line| line == series), "{series} is not in {exposed}");
        }
    }

    proptest! {
        #[test]
        fn no_two_series_are_the_same(names in btree_set(similar_name(), 2..8)) {
            let nodes: Vec<_> = names.iter().map(|name| format!("\"{name}\":1 -- \"http://b:10786\":\"{name}\";")).collect();
            let (topology, _) = plan::read(&format!("graph {{ {} }}", nodes.concat()));
            let mut merge = Merge::new(account("ours"), topology.directory(), at(0));
            let targets = names.iter().map(|name| target(Some(name), "a"));
            // One that did not say who it is, at an address that is a node's name.
            let strange = [target(None, "b"), target(Some("http://b:10786"), "c")];
            merge.set_agents(&targets.chain(strange).collect::<Vec<_>>(), at(0));
            assert_distinct(&text((&merge).into(), Counts::default(), Format::Text));
        }
    }
}
