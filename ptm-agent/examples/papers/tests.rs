//! The papers as their readers take them: groff, and a real bash.

use std::process::{Command as Program, Output, Stdio};

use super::*;

fn papers() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path()).unwrap();
    folder
}

/// Runs a program, or says loudly that `what` was left out: past the test harness, which keeps back what a passing test
/// prints.
fn run(what: &str, program: &mut Program) -> Option<Output> {
    let name = program.get_program().to_string_lossy().into_owned();
    match program.stdin(Stdio::null()).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let _ = writeln!(io::stderr(), "LEFT OUT: {what}: there is no {name}; `cargo xtask setup` brings it");
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

#[test]
fn each_program_and_each_verb_has_its_papers() {
    let folder = papers();
    for name in [
        "ptmctl.1",
        "ptmctl-explain.1",
        "ptmctl-plan.1",
        "ptmctl-reload.1",
        "ptmctl-check.1",
        "ptm-agent.8",
        "ptm-agent-map.8",
        "ptmctl.bash",
        "_ptmctl",
        "ptmctl.fish",
        "ptm-agent.bash",
        "_ptm-agent",
        "ptm-agent.fish",
    ] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
    assert!(!folder.path().join("ptmctl-help.1").exists());
    assert!(!folder.path().join("ptm-agent-help.8").exists());
}

#[test]
fn the_man_pages_are_set_without_a_warning() {
    let folder = papers();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if !path.extension().is_some_and(|extension| extension == "1" || extension == "8") {
            continue;
        }
        let groff = |also: [&str; 2]| {
            run("man pages", Program::new("groff").args(["-man", "-Kutf8", "-ww"]).args(also).arg(&path))
        };
        let Some(checked) = groff(["-z", "-Tutf8"]) else { return };
        let warnings = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert!(checked.status.success() && warnings.is_empty(), "{}: {warnings}", path.display());
        let text = String::from_utf8_lossy(&groff(["-Tutf8", "-P-cbou"]).unwrap().stdout).into_owned();
        for title in ["NAME", "SYNOPSIS", "SEE ALSO"] {
            assert!(text.contains(title), "{title} in {}:\n{text}", path.display());
        }
    }
}

/// What bash offers after these words.
fn offered(folder: &Path, words: &[&str]) -> Option<String> {
    let (words, last) = (words.join(" "), words.len() - 1);
    let script = format!(
        "source ptmctl.bash && complete -p ptmctl > /dev/null || exit 1
         COMP_WORDS=({words}) COMP_CWORD={last}
         _ptmctl ptmctl \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"
         echo \"${{COMPREPLY[@]}}\""
    );
    let output = run("completion", Program::new("bash").args(["--norc", "-c", &script]).current_dir(folder))?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[test]
fn bash_completes_verbs_and_flags() {
    let folder = papers();
    let Some(verbs) = offered(folder.path(), &["ptmctl", "ex"]) else { return };
    assert_eq!(verbs, "explain");
    assert_eq!(offered(folder.path(), &["ptmctl", "--exi"]).unwrap(), "--exit-code");
    assert_eq!(offered(folder.path(), &["ptmctl", "explain", "--wat"]).unwrap(), "--watch");
    assert_eq!(offered(folder.path(), &["ptmctl", "--color", "n"]).unwrap(), "never");
    for name in ["ptmctl.bash", "ptm-agent.bash"] {
        let read = run("completion", Program::new("bash").arg("-n").arg(folder.path().join(name))).unwrap();
        assert!(read.status.success() && read.stderr.is_empty(), "{}", String::from_utf8_lossy(&read.stderr));
    }
}
