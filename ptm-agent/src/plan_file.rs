//! The topology file on disk: where it lies, and how its problems are told. The reading itself is [`crate::plan`]'s.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::host;
use crate::plan::{self, HostnameType, Plan, Severity, Topology};

/// Where the topology file is looked for, in this order, when none is named: ptmd 3.0's place, then its first design's.
pub const DEFAULT_PATHS: [&str; 2] = ["/etc/ptm.d/topology.dot", "/etc/cumulus/ptm.dot"];

/// Why a topology file can't be put in force.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// No file was named, and none is in the usual places.
    #[error(
        "no topology file: neither {} nor {} is there; write the cabling plan to the first, or name it with -c FILE",
        DEFAULT_PATHS[0],
        DEFAULT_PATHS[1]
    )]
    None,
    /// The file can't be read.
    #[error("Topology file error [{path}] [cannot open file]")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file has errors. What they are stands in `rendered`, which is for people and of many lines.
    #[error("Topology file error [{path}] [{errors} {}]", if *errors == 1 { "problem" } else { "problems" })]
    Malformed {
        /// The file.
        path: PathBuf,
        /// How many errors it has.
        errors: usize,
        /// All of its problems, with line, column and the way out.
        rendered: String,
    },
    /// The file does not name this node.
    #[error(
        "Topology file error [{path}] [{unknown}]: if the plan has another name for this machine, give it with --node"
    )]
    UnknownNode {
        /// The file.
        path: PathBuf,
        /// The name, and the nearest in the plan.
        unknown: plan::UnknownNode,
    },
}

/// The file to read: the one that was named, else the first usual place that has one.
pub fn locate(named: Option<&Path>) -> Result<PathBuf, PlanFileError> {
    match named {
        Some(path) => Ok(path.to_owned()),
        None => DEFAULT_PATHS.iter().map(PathBuf::from).find(|path| path.exists()).ok_or(PlanFileError::None),
    }
}

/// A topology file that was read and has no errors.
#[derive(Debug)]
pub struct PlanFile {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub topology: Topology,
    /// Its warnings, rendered; empty if there are none.
    pub warnings: String,
}

/// Reads the topology file; `colour` for problems that go to a terminal.
pub fn load(named: Option<&Path>, colour: bool) -> Result<PlanFile, PlanFileError> {
    let path = locate(named)?;
    let bytes = fs::read(&path).map_err(|source| PlanFileError::Unreadable { path: path.clone(), source })?;
    let name = path.display().to_string();
    let (topology, diagnostics) = match plan::decode(&bytes) {
        Ok(text) => plan::read(text),
        Err(problem) => (Topology::default(), vec![*problem]),
    };
    let rendered = || plan::render(&diagnostics, &name, &String::from_utf8_lossy(&bytes), colour);
    match diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count() {
        0 if diagnostics.is_empty() => Ok(PlanFile { path, topology, warnings: String::new() }),
        0 => Ok(PlanFile { path, topology, warnings: rendered() }),
        errors => Err(PlanFileError::Malformed { errors, rendered: rendered(), path }),
    }
}

/// The name under which the plan knows this machine: the one that was given, else the kernel's, as the plan's
/// `hostnametype` wants it.
pub fn node_name(topology: &Topology, given: Option<&str>) -> String {
    if let Some(name) = given {
        return name.to_owned();
    }
    let name = host::node_name();
    match topology.hostname_type() {
        HostnameType::Hostname => name.split('.').next().unwrap_or(&name).to_owned(),
        HostnameType::Fqdn => host::fully_qualified_name(&name).unwrap_or(name),
    }
}

impl PlanFile {
    /// What this machine has to know of the plan; everything else of it is forgotten.
    pub fn plan_for(self, node: &str) -> Result<Plan, PlanFileError> {
        let Self { path, topology, warnings: _ } = self;
        topology.plan_for(node).map_err(|unknown| PlanFileError::UnknownNode { path, unknown })
    }
}
