//! Who is cabled to whom, read from a plan by Graphviz itself: our own parser is what is under test.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::{Endpoint, FabricError};

/// A cable between two ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cable(pub Endpoint, pub Endpoint);

impl Cable {
    /// What the map and metrics call it: its ends sorted by byte, joined by ` -- `.
    pub fn name(&self) -> String {
        let mut ends = [self.0.to_string(), self.1.to_string()];
        ends.sort();
        ends.join(" -- ")
    }
}

/// The machines of a fabric and the cables between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cabling {
    /// Every machine, also those without a cable.
    pub nodes: BTreeSet<String>,
    /// Every cable, in the order of the plan.
    pub cables: Vec<Cable>,
}

/// `dot -Tdot_json`, as far as it matters here. Graphviz lists subgraphs before nodes, and numbers both.
#[derive(Deserialize)]
struct DotGraph {
    #[serde(rename = "_subgraph_cnt", default)]
    subgraphs: usize,
    #[serde(default)]
    objects: Vec<DotObject>,
    #[serde(default)]
    edges: Vec<DotEdge>,
}

#[derive(Deserialize)]
struct DotObject {
    name: String,
}

#[derive(Deserialize)]
struct DotEdge {
    tail: usize,
    head: usize,
    tailport: Option<String>,
    headport: Option<String>,
}

impl Cabling {
    /// Reads a plan. Links that don't name both ports are no cables here.
    pub fn from_plan(text: &str) -> Result<Self, FabricError> {
        let json = dot(text).map_err(|e| FabricError::system("this machine", "run `dot`", e))?;
        let graph: DotGraph = serde_json::from_slice(&json?).map_err(|e| FabricError::Plan(e.to_string()))?;
        let name = |index: usize| graph.objects[index].name.as_str();
        let nodes = (graph.subgraphs..graph.objects.len()).map(|index| name(index).to_owned()).collect();
        let mut cables = Vec::new();
        for edge in &graph.edges {
            if let (Some(tail), Some(head)) = (&edge.tailport, &edge.headport) {
                let end = |node, port| Endpoint::new(name(node), without_compass(port));
                cables.push(Cable(end(edge.tail, tail)?, end(edge.head, head)?));
            }
        }
        Ok(Self { nodes, cables })
    }
}

impl Cabling {
    /// A fabric in which every leaf is cabled to every spine: `leaf1:swp2` to `spine2:swp1`.
    pub fn leaves_and_spines(leaves: usize, spines: usize) -> Self {
        let port = |node: String, port: usize| Endpoint { node, port: format!("swp{port}") };
        let pairs = (1..=leaves).flat_map(|leaf| (1..=spines).map(move |spine| (leaf, spine)));
        let cables: Vec<_> = pairs
            .map(|(leaf, spine)| Cable(port(format!("leaf{leaf}"), spine), port(format!("spine{spine}"), leaf)))
            .collect();
        let nodes = cables.iter().flat_map(|Cable(one, other)| [one, other]).map(|end| end.node.clone()).collect();
        Self { nodes, cables }
    }

    /// It as a plan.
    pub fn to_plan(&self) -> String {
        let lines = self.cables.iter().map(|Cable(one, other)| {
            format!("  \"{}\":\"{}\" -- \"{}\":\"{}\"\n", one.node, one.port, other.node, other.port)
        });
        format!("graph {{\n{}}}\n", lines.collect::<String>())
    }
}

/// `eth1:n` is the port `eth1`, drawn at its node's north.
fn without_compass(port: &str) -> &str {
    let compass = ["n", "ne", "e", "se", "s", "sw", "w", "nw", "c", "_"];
    port.rsplit_once(':').filter(|(_, point)| compass.contains(point)).map_or(port, |(port, _)| port)
}

fn dot(text: &str) -> std::io::Result<Result<Vec<u8>, FabricError>> {
    let mut dot = Command::new("dot")
        .arg("-Tdot_json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // It reads all before it writes, so neither waits for the other; and it closes early only to report an error.
    let _ = dot.stdin.take().expect("piped above").write_all(text.as_bytes());
    let output = dot.wait_with_output()?;
    if output.status.success() {
        return Ok(Ok(output.stdout));
    }
    Ok(Err(FabricError::Plan(String::from_utf8_lossy(&output.stderr).trim().to_owned())))
}
