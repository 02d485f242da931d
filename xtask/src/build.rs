//! Builds our programs, after the set-up that this needs.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::setup::{self, Need};

/// Makes `ptm-agent` and `ptmctl`, after the set-up that is needed; quiet unless there is something to compile.
pub(crate) fn programs(needs: &[Need]) -> Result<()> {
    setup::ensure(needs)?;
    let started = Instant::now();
    // CARGO is the cargo that runs this xtask, so the toolchain is the pinned one.
    let status = cargo().args(["build", "--quiet", "--package", "ptm-agent", "--bins"]).status()?;
    ensure!(status.success(), "the build failed");
    if started.elapsed().as_secs() > 0 {
        println!("Built ptm-agent and ptmctl ({:.1} s).", started.elapsed().as_secs_f32());
    }
    Ok(())
}

/// `cargo`, in the workspace.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.current_dir(workspace());
    cargo
}

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    let mut folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    folder.pop();
    folder
}
