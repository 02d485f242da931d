//! `cargo xtask run`: the agent on this very machine.

use std::convert::Infallible;
use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::setup::Need;
use crate::{build, root};

/// Build the agent and run it on this machine, as root; signals and exit code are the agent's
#[derive(Args)]
pub(crate) struct Arguments {
    /// Arguments of the agent, such as `-c FILE`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    arguments: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    build::programs(&[Need::Build])?;
    let agent = ptm_tests::program("ptm-agent")?;
    let never: Infallible = root::exec(&agent, &arguments.arguments)?;
    match never {}
}
