//! The agent: checks, from LLDP, that this machine's cables are plugged where the plan says.

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ptm_agent::agent::{Agent, Config, StartError};
use ptm_agent::arguments::{Arguments, MapArguments, Verb};
use ptm_agent::logging;
use ptm_agent::map::agents::Source as Agents;
use ptm_agent::map::client::Options;
use ptm_agent::map::{self, Map};
use ptm_agent::open_files;
use ptm_agent::plan_file::PlanFileError;
use ptm_agent::reload::{Reload, Signals, Source};
use sd_notify::NotifyState;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Plan(#[from] PlanFileError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Map(#[from] map::StartError),
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
    let mut arguments = Arguments::parse();
    let verb = arguments.verb.take();
    logging::start(match &verb {
        Some(Verb::Map(map)) => map.log,
        None => arguments.log,
    });
    if let Err(error) = open_files::raise() {
        tracing::warn!("cannot raise the limit of open files: {error}");
    }
    let result = match verb {
        Some(Verb::Map(arguments)) => run_map(*arguments),
        None => run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Failure::Plan(error) | Failure::Map(map::StartError::Plan(error)) = &failure
                && let PlanFileError::Malformed { problems, .. } = error
            {
                eprint!("{problems}");
            }
            eprintln!("ptm-agent: {}", logging::with_causes(&failure));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { verb: _, config, node, hook, hooks_dir, hooks_time_limit, state_dir, web, log } = arguments;
    let source = Source { file: config, node, colour: io::stderr().is_terminal() };
    let config = Config {
        hook: hook.into(),
        hooks_dir,
        hook_time_limit: Duration::from_secs(hooks_time_limit.into()),
        state_dir,
        web,
        kernel_log: log.is_debug(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let signals = Signals::catch().map_err(StartError::Signals)?;
        let (reload, plan) = Reload::start(source, signals)?;
        let agent = Agent::start(config, plan, reload).await?;
        // A `systemctl reload` after it finds the control socket open.
        tell_ready();
        agent.run().await;
        Ok(())
    });
    // A topology file that is being read may wait for a name server; nobody waits for it any more.
    runtime.shutdown_background();
    result
}

fn run_map(arguments: MapArguments) -> Result<(), Failure> {
    let MapArguments { config, agents, agents_ca, agents_user, agents_password_file, web, log: _ } = arguments;
    let config = map::Config {
        plan: Source { file: config, node: None, colour: io::stderr().is_terminal() },
        agents: Agents::from(agents.as_str()),
        client: Options { ca: agents_ca, login: agents_user.zip(agents_password_file) },
        web,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        let map = Map::start(config)?;
        tell_ready();
        map.run().await;
        Ok(())
    });
    // A name look-up may wait for a name server; nobody waits for it any more.
    runtime.shutdown_background();
    result
}

/// So that `systemctl start` fails where the program can't start.
fn tell_ready() {
    if let Err(error) = sd_notify::notify(&[NotifyState::Ready]) {
        tracing::warn!("cannot tell the service manager that it is ready: {error}");
    }
}
