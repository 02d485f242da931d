//! The agent's command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::capture::HookChoice;
use crate::logging::Level;
use crate::state::DEFAULT_DIRECTORY;
use crate::web;

/// Checks, from LLDP, that this machine's cables are plugged where the plan says.
///
/// The plan is a Graphviz file, the same on every machine. Ask for verdicts with `ptmctl`.
#[derive(Debug, Parser)]
#[command(name = "ptm-agent", version, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct Arguments {
    /// What else it can be.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// The plan; if not given, /etc/ptm.d/topology.dot, else /etc/cumulus/ptm.dot
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, env = "PTM_CONFIG")]
    pub config: Option<PathBuf>,
    /// This machine's name in the plan, if it isn't its host name, or one of its addresses
    #[arg(long, value_name = "NAME", env = "PTM_NODE")]
    pub node: Option<String>,
    /// Where in the kernel frames are captured
    #[arg(long, value_enum, default_value_t, env = "PTM_HOOK")]
    pub hook: Hook,
    /// The directory of the scripts if-topo-pass and if-topo-fail
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = "/etc/ptm.d")]
    #[arg(env = "PTM_HOOKS_DIR")]
    pub hooks_dir: PathBuf,
    /// How long such a script may take, in seconds, before it is killed
    #[arg(long, value_name = "SECONDS", default_value_t = 30, env = "PTM_HOOKS_TIME_LIMIT")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub hooks_time_limit: u32,
    /// The directory in which verdicts are kept for when the agent is restarted
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, default_value = DEFAULT_DIRECTORY)]
    #[arg(env = "PTM_STATE_DIR")]
    pub state_dir: PathBuf,
    #[command(flatten)]
    /// Where and how HTTP is served.
    pub web: web::Arguments,
    /// How much to log, to standard error: CRIT, ERR, WARN, INFO or DEBUG
    #[arg(short, long, value_name = "LEVEL", default_value = "INFO", env = "PTM_LOG")]
    pub log: Level,
}

/// What else the program can be.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Show the whole plan with the verdicts of many agents on one page
    ///
    /// Asks each agent for its verdicts, and serves all of them as a live map, as API and as metrics. It captures
    /// nothing and needs no rights; run it where it reaches the agents and has the plan.
    Map(Box<MapArguments>),
}

/// The map's command line.
#[derive(Debug, Args)]
// The agent's port is taken where an agent runs beside it.
#[command(mut_arg("listen", |listen| listen.default_value(DEFAULT_MAP_ADDRESS)))]
pub struct MapArguments {
    /// The plan; if not given, /etc/ptm.d/topology.dot, else /etc/cumulus/ptm.dot
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, env = "PTM_CONFIG")]
    pub config: Option<PathBuf>,
    /// The agents: a file with one on each line, or a list with commas. One is NODE=ADDRESS; or an ADDRESS with {node}
    /// in it, which stands for every other node of the plan; or an ADDRESS, which says itself which node it is. ADDRESS is
    /// HOST, HOST:PORT, `http://HOST:PORT`, `https://HOST:PORT` or `unix:/PATH`, the port 10786 unless given
    #[arg(long, value_name = "FILE|LIST", env = "PTM_AGENTS", value_hint = ValueHint::FilePath)]
    pub agents: String,
    /// Whom to trust that agents are who they are, for https: a PEM file with certificates; if not given, whom this
    /// machine trusts
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = "PTM_AGENTS_CA")]
    pub agents_ca: Option<PathBuf>,
    /// The user by which to ask agents that want basic authentication
    #[arg(long, value_name = "NAME", env = "PTM_AGENTS_USER", requires = "agents_password_file")]
    pub agents_user: Option<String>,
    /// A file with that user's password in its first line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = "PTM_AGENTS_PASSWORD_FILE")]
    #[arg(requires = "agents_user")]
    pub agents_password_file: Option<PathBuf>,
    #[command(flatten)]
    /// Where and how HTTP is served.
    pub web: web::Arguments,
    /// How much to log, to standard error: CRIT, ERR, WARN, INFO or DEBUG
    #[arg(short, long, value_name = "LEVEL", default_value = "INFO", env = "PTM_LOG")]
    pub log: Level,
}

/// Where the map listens unless told otherwise.
pub const DEFAULT_MAP_ADDRESS: &str = "127.0.0.1:10787";

/// Where in the kernel frames are captured.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Hook {
    /// What suits LLDP best: tc
    #[default]
    Auto,
    /// Traffic control, ingress: works on every interface, beside other programs
    Tc,
    /// XDP: native where the driver can, else generic
    Xdp,
}

impl From<Hook> for HookChoice {
    fn from(hook: Hook) -> Self {
        match hook {
            Hook::Auto => Self::Auto,
            Hook::Tc => Self::Tc,
            Hook::Xdp => Self::Xdp,
        }
    }
}

/// The same for the map.
pub const MAP_NOTES: [(&str, &str); 4] = [
    (
        "THE FILE OF AGENTS",
        "\
One on each line; # begins a comment. It is read again when it changes, and on SIGHUP. One with a mistake in a line \
changes nothing; nodes that the plan does not name are left out, and the log says so.",
    ),
    (
        "HOW AGENTS STAND",
        "\
connecting  it was not heard yet
up  it answers, and its plan is the map's: only of such a one the map shows verdicts
unreachable  it can't be connected to, or broke off
hanging  it is connected and says nothing
invalid  what it says is no answer of an agent, or of another node than it is asked as
other-plan  its plan is another than the map's",
    ),
    (
        "SIGNALS",
        "\
SIGHUP, SIGUSR1  read the plan and the file of agents again, as when they change
SIGTERM, SIGINT  end",
    ),
    (
        "EXIT STATUS",
        "\
0  ended by SIGTERM or SIGINT
1  it could not start; standard error says why and what to do",
    ),
];

/// What the man page says beyond the flags, as [`crate::ptmctl::args::NOTES`].
pub const NOTES: [(&str, &str); 5] = [
    (
        "FILES",
        "\
/etc/ptm.d/topology.dot  the plan
/etc/cumulus/ptm.dot  the plan, if the first is not there
/etc/ptm.d/if-topo-pass, /etc/ptm.d/if-topo-fail  run once for each change of a port's status, if they are there and \
executable
/run/ptm/verdicts.json  the verdicts, for when the agent is restarted before the next boot",
    ),
    (
        "HTTP",
        "\
/  the live map, for browsers
/metrics  for Prometheus
/api/v1/status, /api/v1/topology, /api/v1/ports/NAME  the same as JSON
/api/v1/events  what changes, as it changes (server-sent events)
/api/v1/openapi.json  describes the API
/healthz, /readyz  200 if the server lives; if the agent answers and listens on its ports",
    ),
    (
        "SECURITY",
        "\
Nothing can be changed by HTTP, and by default only this machine can ask. Beyond it --web-config asks for passwords and \
encrypts: the file, its certificates included, is read again when it changes. A browser, or Prometheus, must call the \
server by its address, its host name or a name given by --web-host.",
    ),
    (
        "SIGNALS",
        "\
SIGHUP, SIGUSR1  read the plan again, as when the file changes; one with errors changes nothing
SIGTERM, SIGINT  end",
    ),
    (
        "EXIT STATUS",
        "\
0  ended by SIGTERM or SIGINT
1  it could not start; standard error says why and what to do",
    ),
];

#[cfg(test)]
mod tests;
