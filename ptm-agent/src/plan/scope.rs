//! Graphviz's scoping: defaults that `node [...]` and `edge [...]` set for what follows in their subgraph, and the
//! nodes that each subgraph holds.

use std::collections::HashMap;

use super::attributes::Notify;
use super::directory::Number;
use super::lists::ListId;

/// Attributes that statements set and defaults supply; `None`: not set here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    /// An edge's `LLDP` list.
    pub(super) lldp: Option<ListId>,
    /// An edge's `notify`.
    pub(super) notify: Option<Notify>,
    /// An edge's `tailport` and `headport`; [`super::directory::NO_PORT`] if empty.
    pub(super) ports: [Option<Number>; 2],
    /// A node's `function`.
    pub(super) function: Option<Number>,
}

impl Attributes {
    /// These, and where they say nothing, what `outer` says.
    pub(super) fn or(self, outer: Self) -> Self {
        Self {
            lldp: self.lldp.or(outer.lldp),
            notify: self.notify.or(outer.notify),
            ports: [self.ports[0].or(outer.ports[0]), self.ports[1].or(outer.ports[1])],
            function: self.function.or(outer.function),
        }
    }
}

/// The graph or subgraph that is being read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scope {
    id: u32,
    /// Set: a named subgraph, and its index.
    named: Option<usize>,
    /// How many subgraphs it lies in; 0 for the graph itself.
    pub(super) depth: usize,
    /// The defaults that were set in here.
    own: Attributes,
    /// The defaults that hold here, those from outside included.
    pub(super) defaults: Attributes,
    /// Where its nodes begin in [`Subgraphs::mentioned`].
    from: usize,
}

impl Scope {
    /// Sets defaults for what follows.
    pub(super) fn set_defaults(&mut self, set: Attributes) {
        self.own = set.or(self.own);
        self.defaults = set.or(self.defaults);
    }
}

/// A subgraph as the end of an edge.
#[derive(Clone, Copy, Debug)]
pub(super) enum Members {
    /// The nodes mentioned in an anonymous one, as a range of [`Subgraphs::mentioned`].
    Mentioned(usize, usize),
    /// Those of a named one, by its index.
    Named(usize),
}

/// A named subgraph: one that is opened again goes on where it ended.
#[derive(Debug, Default)]
struct Named {
    id: u32,
    own: Attributes,
    /// Ranges of [`Subgraphs::mentioned`] that are not in `nodes` yet.
    ranges: Vec<(usize, usize)>,
    /// Sorted.
    nodes: Vec<Number>,
}

/// The subgraphs of a file.
#[derive(Debug, Default)]
pub(super) struct Subgraphs {
    /// The last identity given to a (sub)graph; the graph itself is 0.
    last_id: u32,
    /// By the enclosing (sub)graph's identity and the name.
    by_name: HashMap<(u32, Box<str>), usize>,
    named: Vec<Named>,
    /// Each mention of a node within any subgraph, in the order of the file: a subgraph's nodes are a range of it.
    mentioned: Vec<Number>,
}

impl Subgraphs {
    /// Opens a subgraph inside `outer`.
    pub(super) fn open(&mut self, outer: &Scope, name: Option<&str>) -> Scope {
        let named = name.map(|name| {
            *self.by_name.entry((outer.id, name.into())).or_insert_with(|| {
                self.last_id += 1;
                self.named.push(Named { id: self.last_id, ..Named::default() });
                self.named.len() - 1
            })
        });
        let (id, own) = if let Some(index) = named {
            (self.named[index].id, self.named[index].own)
        } else {
            self.last_id += 1;
            (self.last_id, Attributes::default())
        };
        let depth = outer.depth + 1;
        Scope { id, named, depth, own, defaults: own.or(outer.defaults), from: self.mentioned.len() }
    }

    pub(super) fn close(&mut self, scope: Scope) -> Members {
        let range = (scope.from, self.mentioned.len());
        let Some(index) = scope.named else { return Members::Mentioned(range.0, range.1) };
        self.named[index].own = scope.own;
        self.named[index].ranges.push(range);
        Members::Named(index)
    }

    /// Notes that a node is named in `scope`.
    pub(super) fn mention(&mut self, scope: &Scope, node: Number) {
        if scope.depth > 0 {
            self.mentioned.push(node);
        }
    }

    /// The nodes of a subgraph, each once, in the order in which the file first names them.
    pub(super) fn nodes(&mut self, members: Members) -> Vec<Number> {
        let Self { named, mentioned, .. } = self;
        match members {
            Members::Mentioned(from, to) => sorted(mentioned[from..to].to_vec()),
            Members::Named(index) => {
                let Named { ranges, nodes, .. } = &mut named[index];
                if !ranges.is_empty() {
                    let more = ranges.drain(..).flat_map(|(from, to)| &mentioned[from..to]);
                    nodes.extend(more);
                    *nodes = sorted(std::mem::take(nodes));
                }
                nodes.clone()
            }
        }
    }
}

/// Numbers of nodes are given in the order of the file.
fn sorted(mut nodes: Vec<Number>) -> Vec<Number> {
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}
