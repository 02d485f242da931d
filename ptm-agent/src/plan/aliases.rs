//! One thing under two names, and names of the wrong kind: what only a setting of the graph makes a mistake.

use std::collections::HashMap;

use super::diagnostic::{Diagnostic, Problems, shown};
use super::directory::{Directory, NO_PORT, Number};
use super::identity::address;
use super::links::{Link, place, port};
use super::names::Names;
use super::port_name::PortName;

/// Notes each port that links name in two spellings, where `portnametype` makes them one.
pub(super) fn check_ports(directory: &Directory, links: &[Link], ends: &[u32], text: &str, problems: &mut Problems) {
    let mut spellings = Names::default();
    let meant: Vec<Number> =
        directory.ports.iter().map(|name| spellings.number(&PortName::new(name).spelling())).collect();
    for bounds in directory.starts.windows(2) {
        let mut seen: HashMap<Number, u32> = HashMap::new();
        for &end in &ends[bounds[0] as usize..bounds[1] as usize] {
            let here = port(links, end);
            if here == NO_PORT {
                break;
            }
            let other = *seen.entry(meant[here as usize]).or_insert(end);
            // One spelling alone that stands twice is told of in any case.
            if port(links, other) == here {
                continue;
            }
            let (first, second) = (other.min(end), other.max(end));
            let name = |end| directory.ports.name(port(links, end));
            let node = directory.nodes.name(links[end as usize / 2].ends[end as usize % 2].node);
            let help = format!(
                "{} and {} are one port under `portnametype=\"normalized\"`",
                shown(name(first)),
                shown(name(second))
            );
            let place = |end: u32| place(text, end, &links[end as usize / 2]);
            problems.add(
                Diagnostic::error(format!("port {} is cabled twice", shown(&format!("{node}:{}", name(second)))))
                    .at(place(second), "and again here")
                    .at(place(first), "first here")
                    .help(help),
            );
        }
    }
}

/// Where nodes are named by address: notes those whose name is none, and those that are one machine under two names.
pub(super) fn check_addresses(directory: &Directory, links: &[Link], text: &str, problems: &mut Problems) {
    let mut seen = HashMap::new();
    let mut nameless: Vec<Number> = Vec::new();
    let mut twice: Vec<(Number, Number)> = Vec::new();
    for (node, name) in (0..).zip(directory.nodes.iter()) {
        match address(name) {
            None => nameless.push(node),
            Some(address) => {
                let first = *seen.entry(address).or_insert(node);
                if first != node {
                    twice.push((first, node));
                }
            }
        }
    }
    if nameless.is_empty() && twice.is_empty() {
        return;
    }
    // Where a link names each node first; nowhere, if none does.
    let mut mentions: Vec<Option<u32>> = vec![None; directory.nodes.len()];
    for (end, node) in (0..).zip(links.iter().flat_map(|link| link.ends.map(|end| end.node))) {
        mentions[node as usize].get_or_insert(end);
    }
    let label = |diagnostic: Diagnostic, node: Number, label: &str| match mentions[node as usize] {
        Some(end) => diagnostic.at(place(text, end, &links[end as usize / 2]), label),
        None => diagnostic,
    };
    let shown = |node: Number| shown(directory.nodes.name(node));
    if let Some((&first, more)) = nameless.split_first() {
        let warning = Diagnostic::warning(format!("node {} is not named by an address", shown(first))).help(
            "in a plan with `hostidtype=\"ipaddr\"` write its management address; as it stands, it is known by its \
             host name",
        );
        let mut warning = label(warning, first, "not an address");
        warning.repeated = u32::try_from(more.len()).unwrap_or(u32::MAX);
        problems.add(warning);
    }
    for (first, second) in twice {
        let error = Diagnostic::error(format!("nodes {} and {} are one address", shown(first), shown(second)))
            .help("write the address of a node in one way");
        problems.add(label(label(error, second, "and again here"), first, "first here"));
    }
}
