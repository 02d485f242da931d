//! The agent: checks, from LLDP, that this machine's cables are plugged where the plan says.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use ptm_agent::agent::{Agent, Config, StartError};
use ptm_agent::capture::HookChoice;
use ptm_agent::logging::{self, Level};
use ptm_agent::plan_file::PlanFileError;
use ptm_agent::reload::{Reload, Signals, Source};
use ptm_agent::service;

/// Checks, from LLDP, that this machine's cables are plugged where the plan says.
///
/// The plan is a Graphviz file, the same on every machine. Ask for verdicts with `ptmctl`.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    /// The plan; if not given, /etc/ptm.d/topology.dot, else /etc/cumulus/ptm.dot
    #[arg(short, long, value_name = "FILE", env = "PTM_CONFIG")]
    config: Option<PathBuf>,
    /// This machine's name in the plan, if it isn't its host name
    #[arg(long, value_name = "NAME", env = "PTM_NODE")]
    node: Option<String>,
    /// Where in the kernel frames are captured
    #[arg(long, value_enum, default_value_t, env = "PTM_HOOK")]
    hook: Hook,
    /// The directory of the scripts if-topo-pass and if-topo-fail
    #[arg(long, value_name = "DIR", default_value = "/etc/ptm.d", env = "PTM_HOOKS_DIR")]
    hooks_dir: PathBuf,
    /// How long such a script may take, in seconds, before it is killed
    #[arg(long, value_name = "SECONDS", default_value_t = 30, env = "PTM_HOOKS_TIME_LIMIT")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    hooks_time_limit: u32,
    /// How much to log, to standard error: CRIT, ERR, WARN, INFO or DEBUG
    #[arg(short, long, value_name = "LEVEL", default_value = "INFO", env = "PTM_LOG")]
    log: Level,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Hook {
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

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("cannot start")]
    Runtime(#[from] io::Error),
}

/// Has glibc give large blocks back to the kernel as soon as they are free. It learns to keep them, up to 32 MB each, and
/// a plan of a million links, read again, would leave the agent two or three times its size.
fn keep_no_large_blocks() {
    // SAFETY: takes no pointer, and no other thread runs yet. The value is what glibc begins with; setting it ends the
    // learning (mallopt(3)).
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 * 1024);
    }
}

fn main() -> ExitCode {
    keep_no_large_blocks();
    let arguments = Arguments::parse();
    logging::start(arguments.log);
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Failure::Plan(PlanFileError::Malformed { problems, .. }) = &failure {
                eprint!("{problems}");
            }
            eprintln!("ptm-agent: {}", logging::with_causes(&failure));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { config, node, hook, hooks_dir, hooks_time_limit, log } = arguments;
    let source = Source { file: config, node, colour: io::stderr().is_terminal() };
    let config = Config {
        hook: hook.into(),
        hooks_dir,
        hook_time_limit: Duration::from_secs(hooks_time_limit.into()),
        kernel_log: log.is_debug(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let signals = Signals::catch().map_err(StartError::Signals)?;
        let (reload, plan) = Reload::start(source, signals)?;
        let agent = Agent::start(config, plan, reload).await?;
        service::ready();
        agent.run().await;
        Ok(())
    });
    // A topology file that is being read may wait for a name server; nobody waits for it any more.
    runtime.shutdown_background();
    result
}
