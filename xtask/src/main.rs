//! PTM's workshop: `cargo xtask VERB`. Each verb does the set-up that it needs by itself.

mod bench;
mod build;
mod demo;
mod dist;
mod fuzz;
mod root;
mod run;
mod setup;
mod test;

use std::process::ExitCode;

use clap::Parser;

use setup::Need;

/// PTM's workshop.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Verb {
    /// Bring what building, demo and tests need and this machine lacks
    Setup,
    Demo(demo::Arguments),
    Run(run::Arguments),
    Test(test::Arguments),
    Bench(bench::Arguments),
    Fuzz(fuzz::Arguments),
    /// Build for release what an installation consists of: a tree, and an archive of it, in target/dist
    Dist,
}

fn main() -> anyhow::Result<ExitCode> {
    match Verb::parse() {
        Verb::Setup => setup::ensure(&[Need::Build, Need::Fabric, Need::Tests]).map(|()| ExitCode::SUCCESS),
        Verb::Demo(arguments) => demo::demo(&arguments),
        Verb::Run(arguments) => run::run(&arguments),
        Verb::Test(arguments) => test::test(&arguments),
        Verb::Bench(arguments) => bench::bench(&arguments),
        Verb::Fuzz(arguments) => fuzz::fuzz(&arguments),
        Verb::Dist => dist::dist(),
    }
}
