//! `cargo xtask bench`: the budgets, measured by the benches of `ptm-tests` as root.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;

use crate::setup::{self, Need};
use crate::{build, root};

/// Build for release, measure what PTM has budgets for, and print both side by side; a few minutes
#[derive(Args)]
pub(crate) struct Arguments {
    /// What to measure: cost, latency, burst, throughput, plans, memory, clients, scrape, streams, page;
    /// everything if not given
    #[arg(value_name = "NAME")]
    lines: Vec<String>,
    /// Exit with 1 if a budget is missed
    #[arg(long)]
    strict: bool,
}

pub(crate) fn bench(arguments: &Arguments) -> Result<ExitCode> {
    setup::ensure(&[Need::Build, Need::Fabric, Need::Tests])?;
    println!("Building for release: some minutes the first time.");
    let built = build::cargo().args(["build", "--quiet", "--release", "--package", "ptm-agent", "--bins"]).status()?;
    ensure!(built.success(), "the build failed");
    let mut cargo = build::cargo();
    cargo.args(["bench", "--quiet", "--package", "ptm-tests", "--bench", "budgets", "--"]).args(&arguments.lines);
    cargo.args(arguments.strict.then_some("--strict"));
    if !root::is_root() {
        ensure!(root::sudo_works(), "measuring needs root, and sudo can't be had: run it again as root");
        root::runs_built_programs(&mut cargo, root::SUDO)?;
    }
    Ok(if cargo.status()?.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
