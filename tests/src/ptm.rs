//! Our programs on a machine, run by path as a user would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::machine::command;
use crate::{FabricError, Machine, Output, Process, hooks};

/// Where each machine has its plan.
const PLAN: &str = "/run/ptm/topology.dot";

/// A row of `ptmctl --json`, as far as scenarios look at it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PortReport {
    /// The port.
    pub port: String,
    /// `pass`, `fail`, or `N/A` for what is called `no-info` elsewhere.
    #[serde(rename = "cbl status")]
    pub status: String,
    /// Why.
    pub reason: String,
    /// The neighbor of the plan, `node:port`, or `N/A`.
    #[serde(rename = "exp nbr")]
    pub expected: String,
    /// The neighbor of LLDP, `node:port`, or `no-info`.
    #[serde(rename = "act nbr")]
    pub observed: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// `yes` where the verdict is from before the agent's restart and LLDP has not confirmed it yet.
    pub cached: String,
    /// `tc` or `xdp`; `None` where nothing is attached.
    pub hook: Option<String>,
    /// LLDP frames that arrived, bad ones included.
    #[serde(rename = "frames in")]
    pub frames_in: Option<u64>,
    /// Those of them that were malformed.
    #[serde(rename = "frames in error")]
    pub frames_in_error: Option<u64>,
}

/// The path of one of our programs, `ptm-agent` or `ptmctl`: beside the program that is running.
pub fn program(name: &str) -> Result<PathBuf, FabricError> {
    let here = std::env::current_exe().map_err(|e| FabricError::system("this machine", "find its own program", e))?;
    let folder = here.parent().unwrap_or(Path::new("/"));
    // Cargo puts test programs into a folder `deps`.
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    let path = folder.join(name);
    if path.is_file() { Ok(path) } else { Err(FabricError::NotBuilt(path.display().to_string())) }
}

/// Lays the plan and the hooks on `machine`, where the agent looks for them.
pub(crate) fn furnish(machine: &Machine, plan: &str) -> Result<(), FabricError> {
    machine.write(PLAN, plan)?;
    hooks::install(machine)
}

/// Runs the agent with `arguments` after the usual ones.
pub(crate) fn start_agent(machine: &Machine, arguments: &[&str]) -> Result<Process, FabricError> {
    start_unnamed_agent(machine, &[&["--node", machine.name()], arguments].concat())
}

/// Runs the agent without telling it which node of the plan it is.
pub(crate) fn start_unnamed_agent(machine: &Machine, arguments: &[&str]) -> Result<Process, FabricError> {
    machine.spawn(agent_command(arguments)?)
}

/// Runs an agent that is expected to end by itself.
pub(crate) fn run_agent(machine: &Machine, arguments: &[&str]) -> Result<Output, FabricError> {
    machine.output(agent_command(&[&["--node", machine.name()], arguments].concat())?)
}

/// Runs an agent that is expected to end by itself, without telling it which node of the plan it is.
pub(crate) fn run_unnamed_agent(machine: &Machine, arguments: &[&str]) -> Result<Output, FabricError> {
    machine.output(agent_command(arguments)?)
}

fn agent_command(arguments: &[&str]) -> Result<std::process::Command, FabricError> {
    let mut agent = command(&[program("ptm-agent")?]);
    agent.args(["-c", PLAN, "--hooks-dir", hooks::FOLDER, "-l", "INFO"]).args(arguments);
    Ok(agent)
}

/// Runs `ptmctl` to its end.
pub(crate) fn ptmctl(machine: &Machine, arguments: &[&str]) -> Result<Output, FabricError> {
    let mut ptmctl = command(&[program("ptmctl")?]);
    ptmctl.args(arguments);
    machine.output(ptmctl)
}

/// Runs `ptmctl --listen`, which goes on.
pub(crate) fn listen(machine: &Machine) -> Result<Process, FabricError> {
    let mut ptmctl = command(&[program("ptmctl")?]);
    ptmctl.arg("--listen");
    machine.spawn(ptmctl)
}

/// The verdict of every port, from `ptmctl --json`. The error is a reason not to know them yet.
pub(crate) fn reports(machine: &Machine) -> Result<Vec<PortReport>, String> {
    let answer = ptmctl(machine, &["--json"]).map_err(|e| format!("{e:?}"))?;
    if !answer.status.success() {
        return Err(format!("ptmctl: {}", answer.stderr.trim()));
    }
    // An object of rows, numbered from "0", as the original prints it.
    let rows: BTreeMap<String, PortReport> = serde_json::from_str(&answer.stdout)
        .map_err(|e| format!("ptmctl --json printed no rows of ports: {e}\n{}", answer.stdout))?;
    Ok(rows.into_values().collect())
}
