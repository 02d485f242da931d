//! The topology file, `ptm.dot`: the prescribed cabling of the whole network, in Graphviz' DOT language.
//!
//! Text in, [`Topology`] and every [`Diagnostic`] out; then [`Topology::plan_for`] one node. No file is opened here and
//! nothing is logged. Graphviz is the reference for what a file means; where its reading would lose a cable without a
//! word (`leaf-1` without quotes, parallel cables in a `strict` graph), this one complains instead. One difference is
//! silent: the edge attribute `key`, by which Graphviz takes several edges for one, is ignored like any unknown one.
//! `BFD` lists are checked and not kept: the agent runs no BFD. What ptmd's files don't have, and what changes nothing
//! unless a file says it: `match_type=any`, `notify` other than `log`, and `portnametype` ([`same_port_name`]).
//!
//! A file of a million links is read in one walk, without a tree: the parser hands links of 24 bytes to `links`, which
//! sorts them into the [`Directory`].

mod aliases;
mod attributes;
mod diagnostic;
mod directory;
mod identity;
mod lexer;
mod links;
mod lists;
mod names;
mod nearest;
mod order;
mod parser;
mod port_name;
mod render;
mod scope;
#[cfg(test)]
mod tests;
mod topology;

pub use self::attributes::{HostIdType, HostnameType, MatchType, Notify, PortNameType};
pub use self::diagnostic::{Diagnostic, Label, Severity, Span};
pub use self::directory::{Directory, Endpoint, LinkEnd, Node};
pub use self::identity::{Machine, Unidentified, UnknownNode, list_addresses, short_host_name};
pub use self::order::natural_order;
pub use self::port_name::same_port_name;
pub use self::render::render;
pub use self::topology::{Expectation, MatchNode, Plan, Topology};

use self::diagnostic::Problems;
use self::topology::LinkSettings;

/// Reads a topology file. The topology is to be used only if no diagnostic is an error; the first 100 errors and the
/// first 100 warnings are given, in the order of the file, and behind them how many more there are.
///
/// The time is linear in the text, but for sorting. Nothing of the text is kept.
pub fn read(text: &str) -> (Topology, Vec<Diagnostic>) {
    let mut problems = Problems::default();
    let topology = read_noting(text, &mut problems);
    (topology, problems.finish(text))
}

fn read_noting(text: &str, problems: &mut Problems) -> Topology {
    if u32::try_from(text.len()).is_err() {
        problems.add(Diagnostic::error("the file has 4 GiB or more").help("a plan of a million links takes 50 MB"));
        return Topology::default();
    }
    if let Some(at) = text.find('\0') {
        problems.add(not_text(at, "a NUL byte: this is not a text file"));
        return Topology::default();
    }
    let parser::Reading { mut directory, links, link_attributes, lists, kind, strict } = parser::parse(text, problems);
    if links.is_empty() && !problems.has_errors() {
        problems.add(
            Diagnostic::warning("the plan has no links").help("write `\"leaf1\":\"swp1\" -- \"spine1\":\"swp1\"`"),
        );
    }
    if let (Some(strict), Some(kind)) = (strict, kind) {
        links::check_strict(&links, kind, strict, text, problems);
    }
    let (graph, matching) = lists.resolve(problems);
    let resolved: Vec<LinkSettings> = link_attributes
        .iter()
        .map(|&(list, notify)| {
            let matching = matching[list as usize];
            LinkSettings { match_type: matching.match_type, match_hostname: matching.match_hostname, notify }
        })
        .collect();
    if graph.host_id_type == HostIdType::IpAddr {
        aliases::check_addresses(&directory, &links, text, problems);
    }
    let same = |a: u32, b: u32| resolved[a as usize] == resolved[b as usize];
    let attributes = links::sort_into(&mut directory, links, graph.port_name_type, same, text, problems);

    // The sets differ in how they are written; what they come to are a handful.
    let mut settings: Vec<LinkSettings> = Vec::new();
    let numbers: Vec<u8> = resolved
        .iter()
        .map(|set| {
            let index = settings.iter().position(|known| known == set).unwrap_or_else(|| {
                settings.push(*set);
                settings.len() - 1
            });
            u8::try_from(index).expect("three match types, two of host names and three of notify make 18 settings")
        })
        .collect();
    let settings_of = attributes.into_iter().map(|number| numbers[number as usize]).collect();
    directory.nodes.shrink();
    directory.ports.shrink();
    directory.function_of.shrink_to_fit();
    Topology { directory, graph, settings, settings_of }
}

/// A topology file's bytes as text, or why they are none. The diagnostic's place is right in the bytes as
/// `String::from_utf8_lossy` gives them, too.
pub fn decode(bytes: &[u8]) -> Result<&str, Box<Diagnostic>> {
    std::str::from_utf8(bytes).map_err(|error| {
        let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        let title = if utf16 { "the file is UTF-16" } else { "a byte that is not UTF-8" };
        let mut problems = Problems::default();
        problems.add(not_text(error.valid_up_to(), title));
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        Box::new(problems.finish(&before).remove(0))
    })
}

fn not_text(at: usize, title: &str) -> Diagnostic {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    Diagnostic::error(title).at(Span { start: at, end: at + 1 }, "here").help("save the file as UTF-8")
}
