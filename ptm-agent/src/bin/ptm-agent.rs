//! The agent: checks, from LLDP, that this machine's cables are plugged where the plan says.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ptm_agent::agent::{Agent, Config, StartError};
use ptm_agent::arguments::Arguments;
use ptm_agent::logging;
use ptm_agent::open_files;
use ptm_agent::plan_file::PlanFileError;
use ptm_agent::reload::{Reload, Signals, Source};

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("cannot start")]
    Runtime(#[from] io::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logging::start(arguments.log);
    if let Err(error) = open_files::raise() {
        tracing::warn!("cannot raise the limit of open files: {error}");
    }
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
    let Arguments { config, node, hook, hooks_dir, hooks_time_limit, state_dir, log } = arguments;
    let source = Source { file: config, node, colour: io::stderr().is_terminal() };
    let config = Config {
        hook: hook.into(),
        hooks_dir,
        hook_time_limit: Duration::from_secs(hooks_time_limit.into()),
        state_dir,
        kernel_log: log.is_debug(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let signals = Signals::catch().map_err(StartError::Signals)?;
        let (reload, plan) = Reload::start(source, signals)?;
        Agent::start(config, plan, reload).await?.run().await;
        Ok(())
    });
    // A topology file that is being read may wait for a name server; nobody waits for it any more.
    runtime.shutdown_background();
    result
}
