//! The agent: checks, from LLDP, that this machine's cables are plugged where the plan says.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ptm_agent::agent::{Agent, Config, StartError};
use ptm_agent::arguments::Arguments;
use ptm_agent::logging;
use ptm_agent::plan_file::{self, PlanFileError};

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
    let file = plan_file::load(config.as_deref(), io::stderr().is_terminal())?;
    eprint!("{}", file.warnings);
    let node = file.node_name(node);
    let plan = file.plan_for(&node)?;
    let config = Config {
        hook: hook.into(),
        hooks_dir,
        hook_time_limit: Duration::from_secs(hooks_time_limit.into()),
        kernel_log: log.is_debug(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        Agent::start(config, plan).await?.run().await;
        Ok(())
    })
}
