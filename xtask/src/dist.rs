//! `cargo xtask dist`: what an installation consists of, as a tree to be copied to `/`, and as an archive of it.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};

use crate::build;
use crate::setup::{self, Need};

/// Where the unit file has the programs, for those who install by hand; and where they are in the tree.
const BY_HAND: &str = "/usr/local/";
const INSTALLED: &str = "/usr/";

const PROGRAMS: [(&str, &str); 2] = [("ptm-agent", "usr/sbin"), ("ptmctl", "usr/bin")];
const UNITS: [&str; 2] = ["ptm-agent.service", "ptm-map.service"];
const DOCUMENTS: &str = "usr/share/doc/ptm";
const WATCHING: [(&str, &str); 3] = [
    ("dist/prometheus/ptm.rules.yml", "usr/share/ptm/prometheus"),
    ("dist/prometheus/alertmanager.example.yml", "usr/share/ptm/prometheus"),
    ("dist/grafana/ptm-dashboard.json", "usr/share/ptm/grafana"),
];

pub(crate) fn dist() -> Result<ExitCode> {
    setup::ensure(&[Need::Build])?;
    println!("Building for release: some minutes the first time.");
    cargo(&["build", "--quiet", "--release", "--package", "ptm-agent", "--bins"])?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| build::workspace().join("target"), PathBuf::from);
    let (dist, papers) = (target.join("dist"), target.join("papers"));
    clear(&papers)?;
    let to = papers.to_str().context("the target directory's name is not UTF-8")?;
    // Not for release: with what an example may use besides, everything would be built for release again.
    cargo(&["run", "--quiet", "--package", "ptm-agent", "--example", "papers", "--", to])?;

    let tree = dist.join(concat!("ptm-", env!("CARGO_PKG_VERSION")));
    clear(&tree)?;
    for (program, folder) in PROGRAMS {
        install(&target.join("release").join(program), &tree.join(folder), 0o755)?;
    }
    stage(&build::workspace(), &papers, &tree)?;
    let archive = pack(&tree, moment()?)?;
    println!("{}\n{}", tree.display(), archive.display());
    Ok(ExitCode::SUCCESS)
}

/// Lays everything but the programs into `tree`.
fn stage(source: &Path, papers: &Path, tree: &Path) -> Result<()> {
    for paper in entries(papers)? {
        let name = paper.file_name().and_then(|name| name.to_str()).context("a paper without a name")?;
        // Where Debian's bash-completion, zsh and fish look for what packages bring.
        let folder = match name.rsplit_once('.') {
            Some((_, "1")) => "usr/share/man/man1",
            Some((_, "8")) => "usr/share/man/man8",
            Some((_, "bash")) => "usr/share/bash-completion/completions",
            Some((_, "fish")) => "usr/share/fish/vendor_completions.d",
            _ => "usr/share/zsh/vendor-completions",
        };
        let laid = install(&paper, &tree.join(folder), 0o644)?;
        if folder.contains("/man/") {
            succeed(Command::new("gzip").args(["-n9"]).arg(&laid))?;
        } else if let Some(command) = name.strip_suffix(".bash") {
            fs::rename(&laid, laid.with_file_name(command))?;
        }
    }

    for name in UNITS {
        let unit = install(&source.join("dist").join(name), &tree.join("usr/lib/systemd/system"), 0o644)?;
        let text = fs::read_to_string(&unit)?;
        ensure!(text.contains(BY_HAND), "{name} does not have its programs in {BY_HAND}");
        fs::write(&unit, text.replace(BY_HAND, INSTALLED))?;
    }

    for (file, folder) in WATCHING {
        install(&source.join(file), &tree.join(folder), 0o644)?;
    }
    for name in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        install(&source.join(name), &tree.join(DOCUMENTS), 0o644)?;
    }
    for folder in ["docs", "examples"] {
        for file in entries(&source.join(folder))? {
            install(&file, &tree.join(DOCUMENTS).join(folder), 0o644)?;
        }
    }
    Ok(())
}

/// Makes `TREE.tar.gz`: the same bytes for the same files, whoever makes it, when, and in whatever order the file system
/// lists them. `moment`: the time of every file, in seconds since 1970.
fn pack(tree: &Path, moment: u64) -> Result<PathBuf> {
    let mut archive = tree.as_os_str().to_owned();
    archive.push(".tar.gz");
    let (parent, name) = (tree.parent().context("no parent")?, tree.file_name().context("no name")?);
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX", "--format=gnu"]);
    tar.arg(format!("--mtime=@{moment}")).args(["--use-compress-program=gzip -n9", "--create", "--file"]).arg(&archive);
    succeed(tar.arg("--directory").arg(parent).arg(name))?;
    Ok(archive.into())
}

/// `SOURCE_DATE_EPOCH`, else when the last commit was made, else 1970.
fn moment() -> Result<u64> {
    if let Ok(given) = env::var("SOURCE_DATE_EPOCH") {
        return given.parse().context("SOURCE_DATE_EPOCH is no number of seconds");
    }
    let commit = Command::new("git").args(["log", "-1", "--format=%ct"]).current_dir(build::workspace()).output();
    Ok(commit.ok().and_then(|commit| String::from_utf8(commit.stdout).ok()?.trim().parse().ok()).unwrap_or(0))
}

fn install(file: &Path, folder: &Path, mode: u32) -> Result<PathBuf> {
    let to = folder.join(file.file_name().context("no file name")?);
    let copy = || {
        fs::create_dir_all(folder)?;
        fs::copy(file, &to)?;
        fs::set_permissions(&to, fs::Permissions::from_mode(mode))
    };
    copy().with_context(|| format!("cannot copy {} to {}", file.display(), to.display()))?;
    Ok(to)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>();
    read().with_context(|| format!("cannot read {}", folder.display()))
}

fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> Result<()> {
    succeed(build::cargo().args(arguments))
}

fn succeed(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    ensure!(command.status().with_context(|| format!("{name} does not start"))?.success(), "{name} failed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn the_tree_has_everything_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (papers, tree) = (folder.path().join("papers"), folder.path().join("tree"));
        fs::create_dir(&papers).unwrap();
        for paper in ["ptmctl.1", "ptm-agent.8", "ptmctl.bash", "_ptmctl", "ptmctl.fish"] {
            fs::write(papers.join(paper), "paper").unwrap();
        }
        stage(&build::workspace(), &papers, &tree).unwrap();
        for file in [
            "usr/share/man/man1/ptmctl.1.gz",
            "usr/share/man/man8/ptm-agent.8.gz",
            "usr/share/bash-completion/completions/ptmctl",
            "usr/share/zsh/vendor-completions/_ptmctl",
            "usr/share/fish/vendor_completions.d/ptmctl.fish",
            "usr/share/ptm/prometheus/ptm.rules.yml",
            "usr/share/ptm/prometheus/alertmanager.example.yml",
            "usr/share/ptm/grafana/ptm-dashboard.json",
            "usr/share/doc/ptm/docs/alerts.md",
            "usr/share/doc/ptm/docs/ptmctl.schema.json",
            "usr/share/doc/ptm/examples/ring.dot",
            "usr/share/doc/ptm/LICENSE-MIT",
        ] {
            assert!(tree.join(file).is_file(), "{file}");
        }
        let map = fs::read_to_string(tree.join("usr/lib/systemd/system/ptm-map.service")).unwrap();
        assert!(map.contains("=/usr/sbin/ptm-agent map\n") && !map.contains("/usr/local"), "{map}");
        let unit = fs::read_to_string(tree.join("usr/lib/systemd/system/ptm-agent.service")).unwrap();
        assert!(
            unit.contains("=/usr/sbin/ptm-agent\n")
                && unit.contains("=/usr/bin/ptmctl reload\n")
                && !unit.contains("/usr/local"),
            "{unit}"
        );
    }

    #[test]
    fn an_archive_of_the_same_files_is_the_same() {
        let archive = |names: [&str; 3], age: u64, mode: u32| {
            let folder = tempfile::tempdir().unwrap();
            let tree = folder.path().join("ptm-0");
            fs::create_dir(&tree).unwrap();
            for name in names {
                fs::write(tree.join(name), name).unwrap();
                fs::set_permissions(tree.join(name), fs::Permissions::from_mode(mode)).unwrap();
                let file = fs::File::open(tree.join(name)).unwrap();
                file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
            }
            fs::read(pack(&tree, 1_700_000_000).unwrap()).unwrap()
        };
        let one = archive(["a", "b", "c"], 1_000, 0o644);
        assert_eq!(one, archive(["c", "a", "b"], 9, 0o600));
        assert_ne!(one, archive(["a", "b", "d"], 1_000, 0o644));
    }
}
