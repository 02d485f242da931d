//! Builds the kernel half (`ptm-ebpf`) and leaves it in `OUT_DIR`, where `capture` embeds it.
//!
//! Not with `aya-build`: it asks for a nightly or for whatever toolchain rustup has, and lets cargo look for the linker
//! on PATH. Here it is the pinned compiler and a linker of a known version, so that the object is the same everywhere.
//!
//! Things lie under the workspace's own `target/`, whatever `CARGO_TARGET_DIR` says: `xtask/src/setup.rs` puts the
//! linker into `target/tools/bin`; the kernel half is built in `target/ebpf`, once for all profiles of the user half.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The last version that uses the LLVM inside rustc; 0.12 wants one of the system. `cargo xtask setup` installs it.
const LINKER_VERSION: &str = "bpf-linker 0.10.3";

/// Debian's ready-made `core` for BPF (package `libstd-rust-web-dev-bpf`) and the compiler that it belongs to.
const DEBIAN_CORE: &str = "/usr/lib/rustlib/bpfel-unknown-none/lib";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Set for build scripts or by users for the host's half; in the kernel half they would break it or change its code.
const HOST_ONLY: [&str; 7] = [
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTDOC",
    "RUSTFLAGS",
];

fn main() -> ExitCode {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("ptm-agent is a member of the workspace");
    for path in ["Cargo.lock", "Cargo.toml", "ptm-common", "ptm-ebpf"] {
        println!("cargo::rerun-if-changed={}", workspace.join(path).display());
    }
    let (Some(linker), Some(compiler)) = (linker(workspace), compiler()) else {
        println!("cargo::error=building PTM's kernel half needs rust-src and bpf-linker: run `cargo xtask setup`");
        return ExitCode::SUCCESS;
    };
    println!("cargo::rerun-if-changed={}", linker.display());
    build(workspace, &linker, &compiler)
}

/// The linker that `cargo xtask setup` installed, else one of the right version on PATH.
fn linker(workspace: &Path) -> Option<PathBuf> {
    let candidates = [workspace.join("target/tools/bin/bpf-linker"), PathBuf::from("bpf-linker")];
    candidates.into_iter().find(|linker| {
        Command::new(linker)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.stdout.trim_ascii() == LINKER_VERSION.as_bytes())
    })
}

/// Who compiles, and where `core` for BPF comes from.
enum Compiler {
    /// The pinned compiler builds `core` out of the component rust-src, in this directory.
    Pinned { rust_src: PathBuf },
    /// Debian's compiler and the `core` that goes with it.
    Debian,
}

fn compiler() -> Option<Compiler> {
    let rustc = env::var_os("RUSTC").expect("cargo sets RUSTC");
    let sysroot = Command::new(rustc).args(["--print", "sysroot"]).output().ok()?.stdout;
    let rust_src = Path::new(str::from_utf8(&sysroot).ok()?.trim_end()).join("lib/rustlib/src/rust");
    if rust_src.join("library/core").exists() {
        return Some(Compiler::Pinned { rust_src });
    }
    (Path::new(DEBIAN_CORE).exists() && Path::new(DEBIAN_RUSTC).exists()).then_some(Compiler::Debian)
}

fn build(workspace: &Path, linker: &Path, compiler: &Compiler) -> ExitCode {
    let endian = env::var("CARGO_CFG_TARGET_ENDIAN").expect("cargo sets CARGO_CFG_TARGET_ENDIAN");
    let target = if endian == "big" { "bpfeb-unknown-none" } else { "bpfel-unknown-none" };
    let target_dir = workspace.join("target/ebpf");

    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets CARGO"));
    cargo.current_dir(workspace);
    cargo.args(["build", "--release", "--locked", "--package", "ptm-ebpf", "--target", target, "--target-dir"]);
    cargo.arg(&target_dir);
    for (name, _) in env::vars_os() {
        let host_only = name.to_str().is_some_and(|name| {
            HOST_ONLY.contains(&name) || name.starts_with("CARGO_PROFILE_") || name.starts_with("CARGO_TARGET_")
        });
        if host_only {
            cargo.env_remove(name);
        }
    }
    // `-Z build-std` and Debian's `core` are for nightly compilers only, but for this.
    cargo.env("RUSTC_BOOTSTRAP", "1");
    // Debug information of ptm-ebpf alone (Cargo.toml), for the BTF: it names our lines in the verifier's log.
    cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "false");

    let mut renamed = vec![(workspace.to_owned(), ".")];
    if let Some(cargo_home) = env::var_os("CARGO_HOME") {
        renamed.push((PathBuf::from(cargo_home), "cargo"));
    }
    match compiler {
        Compiler::Pinned { rust_src } => {
            cargo.args(["-Z", "build-std=core"]);
            renamed.push((rust_src.clone(), "rust"));
        }
        Compiler::Debian => {
            cargo.env("RUSTC", DEBIAN_RUSTC);
        }
    }
    let mut flags = OsString::from("-Clink-arg=--btf\x1f-Clinker=");
    flags.push(linker);
    for (from, to) in renamed {
        flags.push("\x1f--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags);

    // Its messages go to our standard error, which the outer cargo shows if we fail.
    if !cargo.status().expect("cargo runs, it has started us").success() {
        return ExitCode::FAILURE;
    }
    let object = target_dir.join(target).join("release/ptm-ebpf");
    let embedded = Path::new(&env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("ptm-ebpf.o");
    fs::copy(object, embedded).expect("OUT_DIR is writable");
    ExitCode::SUCCESS
}
