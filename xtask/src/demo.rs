//! `cargo xtask demo`: a fabric in a box, shown through `ptmctl`.

mod stage;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use ptm_tests::{Cabling, FabricError, program, wait};

use crate::setup::Need;
use crate::{build, root};
use stage::Stage;

/// Start a fabric of virtual machines with real lldpd, and show which cables are where the plan says: on each machine,
/// and all of them on one page
#[derive(Args)]
pub(crate) struct Arguments {
    /// Print the tables and end; the exit code is 0 if every port passes
    #[arg(long)]
    once: bool,
    /// Exchange two cables of the first machine, show what is found, and put them back
    #[arg(long)]
    miswire: bool,
    /// Another plan than the ring of four machines
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Set up and built already; from here on it is root
    #[arg(long, hide = true)]
    prepared: bool,
}

pub(crate) fn demo(arguments: &Arguments) -> Result<ExitCode> {
    let plan = arguments.plan.clone().unwrap_or_else(|| build::workspace().join("examples/ring.dot"));
    let plan = plan.canonicalize().with_context(|| cannot_read(&plan))?;
    if !arguments.prepared {
        build::programs(&[Need::Build, Need::Fabric])?;
        if !root::is_root() {
            return again_as_root(arguments, &plan);
        }
    }
    let sockets = tempfile::Builder::new().prefix("ptm-demo-").tempdir()?;
    let left_behind = sockets.path().to_owned();
    ctrlc::set_handler(move || {
        if wait::interrupted() {
            // The second time is meant: everything dies with this process, but for this.
            let _ = std::fs::remove_dir_all(&left_behind);
            std::process::exit(130);
        }
        wait::interrupt();
    })?;
    let outcome = play(arguments, &plan, sockets.path());
    match outcome {
        Ok(_) if !arguments.once => {
            println!("\nEverything is taken down.");
            outcome
        }
        Err(error) if matches!(error.downcast_ref(), Some(FabricError::Interrupted)) => {
            println!("\nInterrupted; everything is taken down.");
            Ok(ExitCode::from(130))
        }
        outcome => outcome,
    }
}

fn again_as_root(arguments: &Arguments, plan: &Path) -> Result<ExitCode> {
    let Arguments { once, miswire, plan: _, prepared: _ } = arguments;
    let mut words = vec!["demo".into(), "--prepared".into(), "--plan".into(), plan.as_os_str().to_owned()];
    words.extend(once.then(|| "--once".into()));
    words.extend(miswire.then(|| "--miswire".into()));
    match root::exec(&std::env::current_exe()?, &words)? {}
}

fn play(arguments: &Arguments, path: &Path, sockets: &Path) -> Result<ExitCode> {
    let plan = std::fs::read_to_string(path).with_context(|| cannot_read(path))?;
    let check = std::process::Command::new(program("ptmctl")?).arg("check").arg(path).output()?;
    if !check.status.success() {
        bail!(
            "the plan has errors\n{}{}",
            String::from_utf8_lossy(&check.stdout),
            String::from_utf8_lossy(&check.stderr)
        );
    }
    let cabling = Cabling::from_plan(&plan)?;
    if cabling.cables.is_empty() {
        bail!("{} has no cable with a port at both its ends, such as `vm1:eth1 -- vm2:eth1`", path.display());
    }
    if arguments.miswire && stage::two_ports_of_one_machine(&cabling).is_none() {
        bail!("--miswire exchanges two cables of one machine, and no machine of {} has two", path.display());
    }
    println!("{}: {} machines, {} cables", path.display(), cabling.nodes.len(), cabling.cables.len());

    let mut stage = Stage::start(cabling, path, sockets)?;
    let outcome = perform(arguments, &mut stage);
    if outcome.is_err() && !wait::interrupted() {
        eprint!("{}", stage.account());
    }
    outcome
}

fn cannot_read(plan: &Path) -> String {
    format!("cannot read the plan {}", plan.display())
}

fn perform(arguments: &Arguments, stage: &mut Stage) -> Result<ExitCode> {
    if !arguments.once {
        stage.announce_map();
    }
    let mut good = stage.show_tables()?;
    if arguments.miswire {
        good &= stage.miswire(!arguments.once)?;
    }
    if !arguments.once {
        stage.follow()?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
