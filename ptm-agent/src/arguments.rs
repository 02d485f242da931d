//! The agent's command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum, ValueHint};

use crate::capture::HookChoice;
use crate::logging::Level;
use crate::state::DEFAULT_DIRECTORY;
use crate::web;

/// Checks, from LLDP, that this machine's cables are plugged where the plan says.
///
/// The plan is a Graphviz file, the same on every machine. Ask for verdicts with `ptmctl`.
#[derive(Debug, Parser)]
#[command(name = "ptm-agent", version, max_term_width = 100)]
pub struct Arguments {
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
