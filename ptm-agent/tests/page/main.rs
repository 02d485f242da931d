//! The live map's own tests, which are JavaScript as the page is: its pure modules and its fake server, under node's
//! test runner. What a browser makes of the page is tested in `tests/tests`.

use std::io;
use std::path::Path;
use std::process::Command;

#[test]
fn node_tests_pass() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page");
    let entries = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = entries.filter(|path| path.to_string_lossy().ends_with(".test.mjs")).collect();
    assert!(!files.is_empty(), "no tests in {}", directory.display());
    let output = match Command::new("node").arg("--test").args(&files).output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            panic!("the page's tests need node: `cargo xtask setup` installs it")
        }
        Err(error) => panic!("node can't be run: {error}"),
    };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
}
