//! Root, for what needs it: as it is, or through sudo.
//!
//! Only programs that are built already run as root: cargo never does, so nothing under `target/` changes owner.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::io::{self, IsTerminal};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow};

/// Whether this process is root's.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Replaces this process by `program`, run as root. Signals and exit code are the program's from here on.
pub(crate) fn exec<S: AsRef<OsStr>>(program: &Path, arguments: &[S]) -> Result<Infallible> {
    if is_root() {
        let error = Command::new(program).args(arguments).exec();
        return Err(error).with_context(|| format!("could not start {}", program.display()));
    }
    eprintln!("This needs root: starting {} with sudo.", program.display());
    let error = Command::new("sudo").arg("--").arg(program).args(arguments).exec();
    match error.kind() {
        io::ErrorKind::NotFound => Err(anyhow!("this needs root, and there is no sudo here: run it again as root")),
        _ => Err(error).context("could not start sudo"),
    }
}

/// How `cargo` has root start what it has built, tests or benches.
pub(crate) const SUDO: &str = "sudo -E";

/// Lets `cargo` start what it has built, tests or benches, by this command.
pub(crate) fn runs_built_programs(cargo: &mut Command, by: &str) -> Result<()> {
    cargo.env(format!("CARGO_TARGET_{}_RUNNER", host()?.to_uppercase().replace('-', "_")), by);
    Ok(())
}

/// Whether sudo can be had: at once, or by asking for a password where there is somebody to ask.
pub(crate) fn sudo_works() -> bool {
    let sudo = |flags: &[&str], quiet: bool| {
        let mut sudo = Command::new("sudo");
        if quiet {
            sudo.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        }
        sudo.args(flags).status().is_ok_and(|status| status.success())
    };
    sudo(&["-n", "true"], true) || (io::stdin().is_terminal() && sudo(&["-v"], false))
}

/// The target triple of this machine, as rustc names it.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("could not start rustc")?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}
