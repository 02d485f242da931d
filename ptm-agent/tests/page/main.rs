//! The live map's own tests, which are JavaScript as the page is: its pure modules and its fake server, under node's
//! test runner. What a browser makes of the page is tested in `tests/tests`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ptm_agent::api::{AgentEvent, PortDetail, PortEvent, Topology};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page")
}

fn node(command: &mut Command) -> Output {
    let output = match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            panic!("the page's tests need node: `cargo xtask setup` installs it")
        }
        Err(error) => panic!("node can't be run: {error}"),
    };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    output
}

#[test]
fn node_tests_pass() {
    let entries = std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = entries.filter(|path| path.to_string_lossy().ends_with(".test.mjs")).collect();
    assert!(!files.is_empty(), "no tests in {}", directory().display());
    node(Command::new("node").arg("--test").args(&files));
}

/// Reads each value as the API's type, and sees that nothing of it was left out or made up.
fn check<T: DeserializeOwned + Serialize>(values: &Value) {
    let values = values.as_array().filter(|values| !values.is_empty()).expect("a list of samples");
    for value in values {
        let read: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error} in {value}"));
        assert_eq!(serde_json::to_value(&read).unwrap(), *value);
    }
}

/// The page is tested with made-up answers: they must be what an agent would give.
#[test]
fn what_the_page_is_tested_with_is_what_the_api_says() {
    let print = "import('./shapes.mjs').then(({ samples }) => console.log(JSON.stringify(samples())))";
    let output = node(Command::new("node").args(["--eval", print]).current_dir(directory()));
    let samples: Value = serde_json::from_slice(&output.stdout).unwrap();
    check::<Topology>(&samples["topologies"]);
    check::<PortEvent>(&samples["ports"]);
    check::<AgentEvent>(&samples["agents"]);
    check::<PortDetail>(&samples["details"]);
}
