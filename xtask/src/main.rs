//! PTM's workshop: `cargo xtask VERB`. Each verb does the set-up that it needs by itself.

mod setup;

use std::process::ExitCode;

use clap::Parser;

/// PTM's workshop.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Verb {
    /// Bring what building, demo and tests need and this machine lacks
    Setup,
}

fn main() -> anyhow::Result<ExitCode> {
    match Verb::parse() {
        Verb::Setup => setup::ensure(&[setup::Need::Build, setup::Need::Fabric])?,
    }
    Ok(ExitCode::SUCCESS)
}
