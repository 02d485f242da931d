//! `cargo xtask fuzz`: hostile input for the decoders, guided by coverage (libFuzzer).
//!
//! With the pinned stable compiler: what nightly's `cargo fuzz` adds beside the flags below is the address sanitizer, and
//! the decoders have no unsafe code for it to watch.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};

use crate::build::{cargo, workspace};
use crate::setup::{self, Need};

/// LLVM's coverage for libFuzzer, as `cargo fuzz --sanitizer none` asks for it.
const COVERAGE: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Bounds of a run: memory, the input's length in bytes, seconds for one input. Each is far above what is needed.
const BOUNDS: [&str; 3] = ["-rss_limit_mb=512", "-max_len=4096", "-timeout=30"];

/// Feed hostile input to the decoders and see that what must hold of them does
#[derive(Args)]
pub(crate) struct Arguments {
    /// The decoder; without it each in turn
    target: Option<Target>,
    /// How long, in seconds; shared among the decoders
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(3..))]
    seconds: u32,
    /// Begins libFuzzer's dice, so that a run can be had again; 0: other dice each time
    #[arg(long, default_value_t = 0)]
    seed: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Target {
    Lldp,
    Plan,
    Control,
}

impl Target {
    const fn name(self) -> &'static str {
        match self {
            Self::Lldp => "lldp",
            Self::Plan => "plan",
            Self::Control => "control",
        }
    }

    /// Folders with input to begin with. `ptm-agent/tests/fuzz_seeds.rs` goes through them too.
    const fn seeds(self) -> &'static [&'static str] {
        match self {
            Self::Lldp => &["ptm-agent/fuzz/seeds/lldp"],
            Self::Plan => &["ptm-agent/fuzz/seeds/plan", "ptm-agent/tests/plans", "examples"],
            Self::Control => &["ptm-agent/fuzz/seeds/control"],
        }
    }
}

pub(crate) fn fuzz(arguments: &Arguments) -> Result<ExitCode> {
    setup::ensure(&[Need::Build, Need::Fuzz])?;
    let programs = build()?;
    let targets = arguments.target.map_or_else(|| Target::value_variants().to_vec(), |target| vec![target]);
    let seconds = arguments.seconds.div_ceil(u32::try_from(targets.len())?);
    let mut sound = true;
    for target in targets {
        sound &= run(&programs, target, seconds, arguments.seed)?;
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where everything goes, whatever `CARGO_TARGET_DIR` says; the corpora stay there and grow from run to run.
fn folder() -> PathBuf {
    workspace().join("target/fuzz")
}

/// Builds the targets; gives the folder that they are in.
fn build() -> Result<PathBuf> {
    let rustc = Command::new("rustc").arg("-vV").current_dir(workspace()).output().context("rustc doesn't start")?;
    let version = String::from_utf8(rustc.stdout)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let mut cargo = cargo();
    cargo.args(["build", "--quiet", "--locked", "--release", "--manifest-path", "ptm-agent/fuzz/Cargo.toml"]);
    // With a target named, build scripts and macros are built without the flags.
    cargo.args(["--target", host, "--target-dir"]).arg(folder());
    cargo.env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f"));
    println!("Building the fuzz targets; the first time takes some minutes.");
    ensure!(cargo.status()?.success(), "the build failed");
    Ok(folder().join(host).join("release"))
}

/// Runs one target; says what came of it, and whether all was well.
fn run(programs: &Path, target: Target, seconds: u32, seed: u32) -> Result<bool> {
    let name = target.name();
    let [corpus, findings] = ["corpus", "findings"].map(|kind| folder().join(kind).join(name));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&findings)?;
    let log = folder().join(name).with_extension("log");
    let program = programs.join(name);
    let dictionary = workspace().join("ptm-agent/fuzz/dictionaries").join(name).with_extension("dict");

    let mut fuzzer = Command::new(&program);
    fuzzer
        .arg(&corpus)
        .args(target.seeds())
        .args(BOUNDS)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-seed={seed}"));
    fuzzer.arg(format!("-artifact_prefix={}/", findings.display()));
    if dictionary.exists() {
        fuzzer.arg(format!("-dict={}", dictionary.display()));
    }
    let status = fuzzer.current_dir(workspace()).stderr(File::create(&log)?).status()?;
    let told = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    if status.success() {
        println!("{name}: {}", summary(&told).context("libFuzzer's log has no end")?);
    } else {
        let finding = told.lines().find_map(|line| line.split_once("Test unit written to ")).map_or("", |(_, it)| it);
        println!(
            "{name}: FAILED; {} tells why, and this does it again:\n  {} {finding}",
            log.display(),
            program.display()
        );
        let panicked = told.lines().skip_while(|line| !line.contains("panicked at"));
        panicked.take_while(|line| !line.starts_with("stack backtrace")).take(20).for_each(|line| println!("  {line}"));
    }
    Ok(status.success())
}

/// What libFuzzer's last line says: how many inputs, and how many branches of the program they reached.
fn summary(log: &str) -> Option<String> {
    let line = |event: &str| log.lines().rfind(|line| line.contains(event));
    let number_after = |line: &str, key: &str| {
        let mut words = line.split_whitespace();
        words.find(|word| *word == key)?;
        words.next()?.parse::<u64>().ok()
    };
    let (first, last) = (line("\tINITED")?, line("\tDONE")?);
    let inputs: u64 = last.strip_prefix('#')?.split_whitespace().next()?.parse().ok()?;
    let (before, after) = (number_after(first, "cov:")?, number_after(last, "cov:")?);
    Some(format!("{inputs} inputs, {after} branches reached ({before} by the ones it began with)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_has_the_numbers_of_the_last_line() {
        let log = "INFO: Loaded 1 modules   (1660 inline 8-bit counters): 1660 [0x55, 0x56),\n\
                   #13\tINITED cov: 458 ft: 761 corp: 9/1565b exec/s: 0 rss: 27Mb\n\
                   #131072\tpulse  cov: 622 ft: 1869 corp: 417/62Kb lim: 377 exec/s: 65536 rss: 28Mb\n\
                   #797987\tDONE   cov: 635 ft: 2284 corp: 581/127Kb lim: 2683 exec/s: 49874 rss: 29Mb\n";
        let expected = "797987 inputs, 635 branches reached (458 by the ones it began with)";
        assert_eq!(summary(log).as_deref(), Some(expected));
        assert_eq!(summary("INFO: Seed: 1\n"), None);
    }
}
