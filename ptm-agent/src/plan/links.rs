//! Gathers the links while the file is read, then sorts them into the [`Directory`] and finds what is cabled twice.

use super::aliases;
use super::attributes::PortNameType;
use super::diagnostic::{Diagnostic, Problems, Span, shown};
use super::directory::{Directory, NO_PORT, Number};
use super::lexer::{Kind, Lexer, Operator, Token};

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct End {
    pub(super) node: Number,
    /// Or [`NO_PORT`].
    pub(super) port: Number,
}

/// A link as the file has it: 24 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// Tail and head.
    pub(super) ends: [End; 2],
    /// The number of its set of attributes.
    pub(super) attributes: u32,
    /// Where its edge begins in the file: the tail's first byte, where both ends are plain nodes. Everything else that
    /// a message needs is read again from there.
    pub(super) offset: u32,
}

impl Link {
    fn sorted(&self) -> [End; 2] {
        let [tail, head] = self.ends;
        [tail.min(head), tail.max(head)]
    }
}

/// Fills the directory's arrays from `links` and gives each end's set of attributes, in the directory's order.
/// What is cabled twice is noted; a link that only repeats another is left out.
pub(super) fn sort_into(
    directory: &mut Directory,
    mut links: Vec<Link>,
    port_names: PortNameType,
    same_attributes: impl Fn(u32, u32) -> bool,
    text: &str,
    problems: &mut Problems,
) -> Vec<u32> {
    let mut ends = sort(directory, &links);
    if port_names == PortNameType::Normalized {
        aliases::check_ports(directory, &links, &ends, text, problems);
    }
    let clashes = clashes(directory, &links, &ends);
    if !clashes.is_empty() {
        let repeats = report(directory, &links, &clashes, same_attributes, text, problems);
        let mut index = 0;
        links.retain(|_| {
            index += 1;
            repeats.binary_search(&(index - 1)).is_err()
        });
        ends = sort(directory, &links);
    }

    directory.port_of = ends.iter().map(|&end| port(&links, end)).collect();
    let attributes = ends.iter().map(|&end| links[end as usize / 2].attributes).collect();
    drop(links);
    let mut place_of = vec![0; ends.len()];
    for (place, &end) in (0..).zip(&ends) {
        place_of[end as usize] = place;
    }
    for end in &mut ends {
        *end = place_of[(*end ^ 1) as usize];
    }
    directory.peer_of = ends;
    attributes
}

/// The port of an end; end `2 * n` is the tail of link `n`, `2 * n + 1` its head.
pub(super) fn port(links: &[Link], end: u32) -> Number {
    links[end as usize / 2].ends[end as usize % 2].port
}

/// Sorts all ends by node (counting) and port, and fills in where each node's begin.
fn sort(directory: &mut Directory, links: &[Link]) -> Vec<u32> {
    let nodes = directory.nodes.len();
    // Counted one place further on than they belong, so that placing the ends moves the counts to where they do.
    let mut starts = vec![0_u32; nodes + 2];
    for end in links.iter().flat_map(|link| link.ends) {
        starts[end.node as usize + 2] += 1;
    }
    for node in 2..starts.len() {
        starts[node] += starts[node - 1];
    }
    let mut ends = vec![0_u32; links.len() * 2];
    for (index, end) in (0..).zip(links.iter().flat_map(|link| link.ends)) {
        let next = &mut starts[end.node as usize + 1];
        ends[*next as usize] = index;
        *next += 1;
    }
    starts.pop();
    for bounds in starts.windows(2) {
        ends[bounds[0] as usize..bounds[1] as usize].sort_unstable_by_key(|&end| (port(links, end), end));
    }
    directory.starts = starts;
    ends
}

/// A port that two links name: the second one's end, and the first one's.
#[derive(Clone, Copy)]
struct Clash {
    end: u32,
    first: u32,
}

/// Every end whose port an earlier link names too, in the order of the file.
fn clashes(directory: &Directory, links: &[Link], ends: &[u32]) -> Vec<Clash> {
    let mut clashes = Vec::new();
    for bounds in directory.starts.windows(2) {
        let ends = &ends[bounds[0] as usize..bounds[1] as usize];
        let mut first = 0;
        for (index, &end) in ends.iter().enumerate() {
            let here = port(links, end);
            if here == NO_PORT {
                break;
            }
            if here != port(links, ends[first]) {
                first = index;
            } else if first != index {
                clashes.push(Clash { end, first: ends[first] });
            }
        }
    }
    clashes.sort_unstable_by_key(|clash| clash.end);
    clashes
}

/// Notes each clash, and gives the links (sorted) that only repeat another.
fn report(
    directory: &Directory,
    links: &[Link],
    clashes: &[Clash],
    same_attributes: impl Fn(u32, u32) -> bool,
    text: &str,
    problems: &mut Problems,
) -> Vec<u32> {
    let mut repeats = Vec::new();
    for clash in clashes {
        let (second, first) = (&links[clash.end as usize / 2], &links[clash.first as usize / 2]);
        if second.sorted() != first.sorted() {
            let End { node, port } = second.ends[clash.end as usize % 2];
            let name = shown(&format!("{}:{}", directory.nodes.name(node), directory.ports.name(port)));
            problems.add(
                Diagnostic::error(format!("port {name} is cabled twice"))
                    .at(place(text, clash.end, second), "and again here")
                    .at(place(text, clash.first, first), "first here")
                    .help("a port holds one cable: correct one of the two links"),
            );
            continue;
        }
        // Both ends of a repeated link clash; one message will do.
        if repeats.last() == Some(&(clash.end / 2)) {
            continue;
        }
        repeats.push(clash.end / 2);
        let (here, there) = (whole(text, second), whole(text, first));
        problems.add(if same_attributes(second.attributes, first.attributes) {
            Diagnostic::warning("this link is written twice")
                .at(here, "and again here")
                .at(there, "first here")
                .help("remove one of the two")
        } else {
            Diagnostic::error("this link is written twice, with different attributes")
                .at(here, "and again here")
                .at(there, "first here")
                .help("keep the one whose attributes are meant")
        });
    }
    repeats
}

/// In a `strict` graph Graphviz keeps one edge between two nodes: every further cable between them would be lost.
pub(super) fn check_strict(links: &[Link], kind: Operator, strict: Span, text: &str, problems: &mut Problems) {
    let pair = |link: &Link| {
        let [tail, head] = link.ends.map(|end| end.node);
        if kind == Operator::Line { (tail.min(head), tail.max(head)) } else { (tail, head) }
    };
    let mut order: Vec<&Link> = links.iter().collect();
    order.sort_by_key(|link| pair(link));
    let lost = order.windows(2).filter(|two| pair(two[0]) == pair(two[1]) && two[0].sorted() != two[1].sorted());
    let looped = links.iter().find(|link| link.ends[0].node == link.ends[1].node);
    let mut lost: Vec<&Link> = lost.map(|two| two[1]).chain(looped).collect();
    lost.sort_by_key(|link| link.offset);
    let Some(first) = lost.first() else { return };
    let mut diagnostic = Diagnostic::error("a `strict` graph loses cables")
        .at(strict, "keeps one edge between two nodes, and none from a node to itself")
        .at(whole(text, first), "this link would be lost")
        .help("remove `strict`");
    diagnostic.repeated = u32::try_from(lost.len() - 1).unwrap_or(u32::MAX);
    problems.add(diagnostic);
}

/// Where one end of a link stands.
pub(super) fn place(text: &str, end: u32, link: &Link) -> Span {
    let (tail, head) = places(text, link);
    if end.is_multiple_of(2) { tail } else { head.unwrap_or(tail) }
}

/// Where a link stands, from its tail to its head.
fn whole(text: &str, link: &Link) -> Span {
    let (tail, head) = places(text, link);
    head.map_or(tail, |head| tail.to(head))
}

/// Reads tail and head again. Where the edge is not `node -- node` but a list or a subgraph, there is just its beginning.
fn places(text: &str, link: &Link) -> (Span, Option<Span>) {
    let mut lexer = Lexer::new(text, link.offset as usize);
    let mut token = lexer.next_token();
    let tail = node(&mut lexer, &mut token);
    if !matches!(token.kind, Kind::Operator(_)) {
        return (tail, None);
    }
    token = lexer.next_token();
    if !token.is_atom() {
        return (tail, None);
    }
    (tail, Some(node(&mut lexer, &mut token)))
}

/// Walks over `name:port:compass`, beginning at `token` and leaving it at what follows.
fn node(lexer: &mut Lexer<'_>, token: &mut Token) -> Span {
    let mut span = token.span;
    *token = lexer.next_token();
    while token.is(b':') || token.is(b'+') {
        let part = lexer.next_token();
        if !part.is_atom() {
            break;
        }
        span = span.to(part.span);
        *token = lexer.next_token();
    }
    span
}
