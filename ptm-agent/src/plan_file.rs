//! The topology file on disk: where it lies, and how its problems are told. The reading itself is [`crate::plan`]'s.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::host::ThisMachine;
use crate::plan::{self, Diagnostic, Plan, Topology, Unidentified};
use crate::words::count;

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
    #[error("Topology file error [{}] [cannot open file]", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file has errors. What they are stands in `problems`, which is for people and of many lines.
    #[error("Topology file error [{}] [{}, to be read with `ptmctl check`]", path.display(), count(*errors, "error"))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// How many errors it has.
        errors: usize,
        /// All of its problems, with line, column and the way out.
        problems: String,
        /// The first of them, errors before warnings, each in one line.
        lines: Vec<String>,
    },
    /// Reading it panicked.
    #[error("Topology file error [{}] [ptm-agent fails at it: a bug, please report it with the file]", path.display())]
    Panicked {
        /// The file.
        path: PathBuf,
    },
    /// The file does not name this node.
    #[error("Topology file error [{}] [{unknown}]; name this machine with --node NAME", path.display())]
    UnknownNode {
        /// The file.
        path: PathBuf,
        /// The name, and the nearest in the plan.
        unknown: plan::UnknownNode,
    },
    /// The file names nodes by address, and it is not clear which of them is this machine.
    #[error("{why} [{}]; name the right node with --node ADDRESS", path.display())]
    NoAddress {
        /// The file.
        path: PathBuf,
        /// None, or several.
        why: Unidentified,
    },
}

/// What a topology file says, and what is wrong with it.
#[derive(Debug)]
pub struct Reading {
    /// What it says; to be used only if there are no errors.
    pub topology: Topology,
    /// How many errors it has.
    pub errors: usize,
    /// How many warnings.
    pub warnings: usize,
    /// All of them in full, with line, column and the way out; empty if there are none.
    pub problems: String,
    /// The first of them, errors before warnings, each in one line.
    pub lines: Vec<String>,
}

/// How many problems are also told one by one, in a line each: for the log and the control socket.
const MOST_LINES: usize = 20;

/// Reads a topology file's bytes. `name`: what to call the file; `colour`: for problems that go to a terminal.
pub fn read(bytes: &[u8], name: &str, colour: bool) -> Reading {
    let (topology, diagnostics) = match plan::decode(bytes) {
        Ok(text) => plan::read(text),
        Err(problem) => (Topology::default(), vec![*problem]),
    };
    let errors = diagnostics.iter().filter(|diagnostic| Diagnostic::is_error(diagnostic)).count();
    let problems = match diagnostics.as_slice() {
        [] => String::new(),
        some => plan::render(some, name, &String::from_utf8_lossy(bytes), colour),
    };
    Reading { topology, errors, warnings: diagnostics.len() - errors, problems, lines: lines(&diagnostics, name) }
}

fn lines(diagnostics: &[Diagnostic], name: &str) -> Vec<String> {
    let mut ordered: Vec<_> = diagnostics.iter().collect();
    ordered.sort_by_key(|diagnostic| !diagnostic.is_error());
    let more = ordered.len().saturating_sub(MOST_LINES);
    let mut lines: Vec<_> = ordered.iter().take(MOST_LINES).map(|diagnostic| diagnostic.one_line(name)).collect();
    if more > 0 {
        lines.push(format!("{more} more: `ptmctl check {}` shows all", name.escape_debug()));
    }
    lines
}

/// A topology file without errors.
#[derive(Debug)]
pub struct PlanFile {
    /// The file.
    pub path: PathBuf,
    /// Its SHA-256 as `sha256sum` prints it: 64 hexadecimal digits.
    pub sha256: String,
    /// What it says.
    pub topology: Topology,
    /// Its warnings in full; empty if there are none.
    pub warnings: String,
}

/// Reads the topology file that is named, else the first usual one that is there.
pub fn load(named: Option<&Path>, colour: bool) -> Result<PlanFile, PlanFileError> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => DEFAULT_PATHS.iter().map(PathBuf::from).find(|path| path.exists()).ok_or(PlanFileError::None)?,
    };
    let bytes = fs::read(&path).map_err(|source| PlanFileError::Unreadable { path: path.clone(), source })?;
    let Reading { topology, errors, warnings: _, problems, lines } = read(&bytes, &path.display().to_string(), colour);
    match errors {
        0 => Ok(PlanFile { path, sha256: sha256(&bytes), topology, warnings: problems }),
        _ => Err(PlanFileError::Malformed { path, errors, problems, lines }),
    }
}

fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

impl PlanFile {
    /// The node of the plan that is this machine: the one that is given, else the one that bears its name, or its
    /// address if the plan says `hostidtype="ipaddr"` ([`Topology::own_node`]). May block on the resolver if the plan
    /// says `hostnametype="fqdn"`.
    pub fn node_name(&self, given: Option<&str>) -> Result<String, PlanFileError> {
        let Self { path, topology, .. } = self;
        topology.own_node(given, &ThisMachine).map(str::to_owned).map_err(|why| match why {
            Unidentified::Unknown(unknown) => PlanFileError::UnknownNode { path: path.clone(), unknown },
            why => PlanFileError::NoAddress { path: path.clone(), why },
        })
    }

    /// What this machine has to know of the plan; everything else of it is forgotten.
    pub fn plan_for(self, node: &str) -> Result<Plan, PlanFileError> {
        let Self { path, topology, .. } = self;
        topology.plan_for(node).map_err(|unknown| PlanFileError::UnknownNode { path, unknown })
    }
}
