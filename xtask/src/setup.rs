//! `cargo xtask setup`: brings what building, demo and tests need and this machine lacks, and nothing else.
//!
//! Each step looks whether its thing is there; there are no marks of what was done, so it can be run at any time.
//! Nothing goes into the user's home: bpf-linker lives under the workspace's own `target/`, whatever `CARGO_TARGET_DIR`
//! says, where `ptm-agent/build.rs` looks for it.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure as require};

/// The last version that uses the LLVM inside rustc. Also in `ptm-agent/build.rs`.
const LINKER_VERSION: &str = "0.10.3";

/// Debian's Rust with a ready-made `core` for BPF, for where rustup's server can't be reached. Also in build.rs.
const DEBIAN_RUST: [&str; 3] = ["rustc-web", "libstd-rust-web-dev-bpf", "libllvm22"];
const DEBIAN_CORE: &str = "/usr/lib/rustlib/bpfel-unknown-none/lib";

/// Before a registry is asked for a second and a third time, in seconds: they have their hiccups.
const PAUSES: [u64; 2] = [5, 30];

/// The programs that a fabric needs, and Debian's packages that have them.
const FABRIC: [(&str, &str); 4] = [("dot", "graphviz"), ("ip", "iproute2"), ("lldpd", "lldpd"), ("tc", "iproute2")];

/// What tests and benches start besides.
const TESTS: [(&str, &str); 16] = [
    ("amtool", "prometheus-alertmanager"),
    ("chromium", "chromium"),
    ("curl", "curl"),
    ("ethtool", "ethtool"),
    ("groff", "groff-base"),
    ("jsonschema", "python3-jsonschema"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("openssl", "openssl"),
    ("pgrep", "procps"),
    ("prometheus", "prometheus"),
    ("prometheus-alertmanager", "prometheus-alertmanager"),
    ("promtool", "prometheus"),
    ("tcpdump", "tcpdump"),
    ("tshark", "tshark"),
    // No program: with it, screenshots look the same everywhere.
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "fonts-dejavu-core"),
];

/// Those packages that bring a service of the same name.
const SERVICES: [&str; 3] = ["lldpd", "prometheus", "prometheus-alertmanager"];

/// Installs packages: the first argument has those of them that are [`SERVICES`], the others are all of them. They would
/// start their services, now and at each boot; but a machine that runs the tests shall not begin to speak LLDP or to serve
/// anything on its own ports, so these are kept from starting and then disabled. A service that was there already is left
/// alone, also one that the administrator set up by hand, as is a policy-rc.d of theirs. What the packages say goes
/// nowhere, but for errors. apt-get gets as many attempts as [`PAUSES`] say; it waits for another one that is at work.
const INSTALL: &str = r#"
export DEBIAN_FRONTEND=noninteractive
services=$1 pauses=$2 new=
shift 2
for service in $services; do
    for folder in /etc /usr/local/lib /usr/lib /lib; do
        ! [ -e $folder/systemd/system/$service.service ] || continue 2
    done
    new="$new $service"
done
policy=/usr/sbin/policy-rc.d
if ! [ -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\ncase " %s " in *" $1 "*) exit 101 ;; esac\n' "$services" > $policy
    chmod 755 $policy
fi
until apt-get update -qq && apt-get install -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" > /dev/null; do
    [ "$pauses" ] || exit 1
    pause=${pauses%% *}
    pauses=${pauses#$pause} pauses=${pauses# }
    echo "setup: apt-get failed; once more in $pause s"
    sleep $pause
done
for service in $new; do
    update-rc.d $service disable
done
"#;

/// What a verb needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Building both halves.
    Build,
    /// Running a fabric of network namespaces: demo, tests, benches.
    Fabric,
    /// Comparing with other programs and looking at the page in a browser: tests and benches.
    Tests,
    /// Building libFuzzer, which is C++.
    Fuzz,
}

/// Brings what is missing for these needs and says what it brings. Without anything to do it takes a moment.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    for need in needs {
        match need {
            Need::Build => {
                core_for_bpf()?;
                bpf_linker()?;
            }
            Need::Fabric => programs(&FABRIC)?,
            Need::Tests => {
                programs(&TESTS)?;
                browser_driver()?;
            }
            Need::Fuzz => programs(&[("c++", "g++")])?,
        }
    }
    Ok(())
}

/// The source of Rust's `core`, to build it for BPF; else Debian's, ready-made.
fn core_for_bpf() -> Result<()> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]).current_dir(workspace()))?;
    let sysroot = PathBuf::from(String::from_utf8(sysroot.stdout)?.trim_end());
    if sysroot.join("lib/rustlib/src/rust/library/core").exists() || Path::new(DEBIAN_CORE).exists() {
        return Ok(());
    }
    println!("setup: adding rust-src to the toolchain, for building the kernel half (rustup)");
    let mut rustup = Command::new("rustup");
    rustup.args(["component", "add", "rust-src"]).current_dir(workspace());
    let known = output(Command::new("apt-cache").arg("show").args(DEBIAN_RUST));
    if known.is_ok_and(|output| output.status.success()) {
        if rustup.status().is_ok_and(|status| status.success()) {
            return Ok(());
        }
        println!("setup: rustup can't bring rust-src; Debian's Rust for BPF does too");
        return install(&DEBIAN_RUST);
    }
    persistently(&mut rustup).context(
        "building the kernel half needs Rust's own source, which rustup could not bring: \
         see to it that `rustup component add rust-src` succeeds, then run `cargo xtask setup` again",
    )
}

/// bpf-linker, built from source: about a minute.
fn bpf_linker() -> Result<()> {
    let tools = workspace().join("target/tools");
    let right = |linker: &Path| {
        let version = output(Command::new(linker).arg("--version"));
        version.is_ok_and(|output| output.stdout.trim_ascii() == format!("bpf-linker {LINKER_VERSION}").as_bytes())
    };
    if right(&tools.join("bin/bpf-linker")) || right(Path::new("bpf-linker")) {
        return Ok(());
    }
    println!("setup: building bpf-linker {LINKER_VERSION} into target/tools, for the kernel half; about a minute");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["install", "--quiet", "--locked", "--version", LINKER_VERSION, "bpf-linker", "--root"]).arg(&tools);
    persistently(cargo.current_dir(workspace())).with_context(|| {
        format!(
            "bpf-linker could not be installed, cargo says why: see to it that \
             `cargo install --locked --version {LINKER_VERSION} bpf-linker` succeeds, then run this again"
        )
    })
}

/// These programs, as Debian's packages where there is apt.
fn programs(needed: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<_> = needed.iter().copied().filter(|(program, _)| !is_installed(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    packages.sort_unstable();
    packages.dedup();
    if !is_installed("apt-get") {
        let programs: Vec<_> = missing.iter().map(|(program, _)| *program).collect();
        bail!(
            "this needs programs that this machine lacks: {}. \
             Install them by its own means (Debian's packages are {}) and run this again",
            programs.join(", "),
            packages.join(", ")
        );
    }
    for service in SERVICES.iter().filter(|service| packages.contains(service)) {
        println!("setup: {service} comes without its service: `systemctl enable --now {service}` if you want it here");
    }
    install(&packages)
}

/// playwright-core, which drives Debian's Chromium for the tests, and axe-core, which judges the page there: what
/// `tests/browser/package-lock.json` pins, from npm. No script of a package runs.
fn browser_driver() -> Result<()> {
    const FILES: [&str; 3] = ["package.json", ".npmrc", "package-lock.json"];
    let (from, to) = (workspace().join("tests/browser"), workspace().join("target/tools/browser"));
    let same = |file: &&str| fs::read(from.join(file)).ok() == fs::read(to.join(file)).ok();
    // npm writes its own list last.
    if FILES.iter().all(same) && to.join("node_modules/.package-lock.json").exists() {
        return Ok(());
    }
    println!("setup: installing playwright-core and axe-core into target/tools, to drive Chromium (npm)");
    fs::create_dir_all(&to)?;
    for file in FILES {
        fs::copy(from.join(file), to.join(file)).with_context(|| format!("cannot copy tests/browser/{file}"))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--silent"]).current_dir(&to);
    persistently(&mut npm).with_context(|| {
        format!(
            "playwright-core and axe-core could not be installed: `npm ci` in {} says why; then run this again",
            to.display()
        )
    })
}

/// Whether a program is on PATH, or where only root's PATH leads; or whether there is a file of this absolute path.
fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let for_root = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path).chain(for_root).any(|folder| folder.join(program).is_file())
}

/// Installs packages of Debian or Ubuntu, through sudo if we aren't root.
fn install(packages: &[&str]) -> Result<()> {
    println!("setup: installing {} (apt-get)", packages.join(" "));
    let services: Vec<_> = SERVICES.into_iter().filter(|service| packages.contains(service)).collect();
    let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let mut shell = Command::new(if root { "sh" } else { "sudo" });
    if !root {
        shell.arg("sh");
    }
    let pauses = PAUSES.map(|pause| pause.to_string()).join(" ");
    let status = shell.args(["-euc", INSTALL, "sh", &services.join(" "), &pauses]).args(packages).status();
    let by_hand = || format!("install these packages by hand and run it again: {}", packages.join(" "));
    require!(status.with_context(by_hand)?.success(), by_hand());
    Ok(())
}

/// Runs what asks a registry until it succeeds, as often as [`PAUSES`] say.
fn persistently(command: &mut Command) -> Result<()> {
    let program = command.get_program().display().to_string();
    let mut pauses = PAUSES.into_iter();
    loop {
        let status = command.status().with_context(|| format!("{program} doesn't start"))?;
        if status.success() {
            return Ok(());
        }
        let Some(pause) = pauses.next() else { bail!("{program} failed: {status}") };
        println!("setup: {program} failed; once more in {pause} s");
        thread::sleep(Duration::from_secs(pause));
    }
}

fn output(command: &mut Command) -> Result<Output> {
    command.output().with_context(|| format!("{} doesn't start", command.get_program().display()))
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a member of the workspace")
}
