//! The crate dot-parser as a second reading, on what it reads right: every name in quotes, no comments. GPL, so it may
//! be here and nowhere else.

use std::fmt::Write as _;

use dot_parser::ast::either::Either;
use dot_parser::ast::{Graph, NodeID, Port, Stmt};

use ptm_agent::plan;

use super::reading::{self, End, Link};
use super::spelling::Cabling;

pub(crate) fn assert_same(cabling: &Cabling) {
    let text = plainly(cabling);
    let (topology, _) = plan::read(&text);
    let graph = Graph::try_from(text.as_str()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut links = std::collections::BTreeSet::new();
    for statement in graph.stmts.stmts {
        let Stmt::EdgeStmt(edge) = statement else { panic!("no edge: {statement:?}") };
        let (tail, head) = (end(edge.from), end(edge.next.to));
        links.insert(Link::new((&tail.0, &tail.1), (&head.0, &head.1)));
    }
    assert_eq!(reading::of(&topology).links, links, "{text}");
}

fn plainly(cabling: &Cabling) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\\\""));
    let end = |(node, port): &End| {
        if port.is_empty() { quoted(node) } else { format!("{}:{}", quoted(node), quoted(port)) }
    };
    let (word, operator) = if cabling.directed { ("digraph", "->") } else { ("graph", "--") };
    let mut text = format!("{word} {{\n");
    for (tail, head) in &cabling.links {
        writeln!(text, "  {} {operator} {};", end(tail), end(head)).expect("a string takes everything");
    }
    text + "}\n"
}

fn end<A: std::fmt::Debug>(end: Either<NodeID, A>) -> End {
    let Either::Left(node) = end else { panic!("no node: {end:?}") };
    let port = match node.port {
        Some(Port::ID(port, _)) => unquoted(&port),
        Some(Port::Compass(point)) => panic!("{point:?} was quoted"),
        None => String::new(),
    };
    (unquoted(&node.id), port)
}

/// dot-parser gives names as they are written.
fn unquoted(name: &str) -> String {
    let inside = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).expect("every name is quoted");
    inside.replace("\\\"", "\"")
}
