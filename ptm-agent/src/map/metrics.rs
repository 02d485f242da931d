//! The map's own metrics, made from what it knows at each scrape.

use prometheus_client::encoding::text;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::merge::Merge;
use crate::api::Reach;
use crate::monitor::Status;

type Gauges = Family<Vec<(&'static str, String)>, Gauge>;

/// The metrics in the text format of `OpenMetrics`.
pub(super) fn text(merge: &Merge) -> String {
    let mut registry = Registry::with_prefix("ptm");
    let mut family = |name, help| {
        let family = Gauges::default();
        registry.register(name, help, family.clone());
        move |label, value: &str, count: usize| {
            let gauge = family.get_or_create(&vec![(label, value.to_owned())]);
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    };
    let agents = family("map_agents", "Agents that the map was told of, by how they stand");
    for reach in Reach::ALL {
        agents("state", reach.as_str(), merge.agents().filter(|&(_, state)| state == reach).count());
    }
    let up = family("map_agent_up", "Whether the map shows what the node's agent says");
    for (node, reach) in merge.agents() {
        up("node", node, usize::from(reach == Reach::Up));
    }
    let cables = family("map_cables", "Cables of the plan; one passes only if both its ends do");
    let count = merge.cables();
    for (status, count) in Status::ALL.into_iter().zip([count.pass, count.fail, count.no_info]) {
        cables("status", status.as_str(), count);
    }
    registry.register("build", "The version that runs", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
    let mut text = String::new();
    text::encode(&mut text, &registry).expect("writing to a String can't fail");
    text
}
