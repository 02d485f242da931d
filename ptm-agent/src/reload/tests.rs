use std::fs;
use std::path::PathBuf;
use std::process::Command as Program;

use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::status::changes;
use super::*;
use crate::PATIENCE;
use crate::control::codec::{Kind, Message};
use crate::plan;

const RING: &str = "graph { a:1 -- b:1; a:2 -- c:1; b:2 -- c:2 }";

fn plan(text: &str, node: &str) -> Plan {
    plan::read(text).0.plan_for(node).unwrap()
}

fn at(seconds: u64) -> BootTime {
    BootTime::from_nanos(seconds * 1_000_000_000)
}

fn asker(number: u64) -> Asker {
    let message = Message { kind: Kind::Command, cmdid: 0, body: b"cmd\nreload\n".to_vec() };
    (ClientId(number), Command::read(&message).unwrap().unwrap())
}

/// A topology file, and `a`'s reloading of it.
struct Scene {
    directory: TempDir,
    reload: Reload,
    force: Plan,
}

impl Scene {
    fn new(node: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("topology.dot");
        fs::write(&file, RING).unwrap();
        let source = Source { file: Some(file), node: Some(node.to_owned()), colour: false };
        let (mut reload, force) = Reload::start(source, Signals::catch().unwrap()).unwrap();
        // Here a reading begins when the test says so.
        reload.reader.watch = None;
        Self { directory, reload, force }
    }

    fn write(&self, text: impl AsRef<[u8]>) {
        fs::write(self.directory.path().join("topology.dot"), text).unwrap();
    }

    async fn read_again(&mut self, now: BootTime) -> Conclusion {
        self.reload.reader.request();
        let loaded = timeout(PATIENCE, self.reload.next()).await.expect("a reading ends");
        self.reload.conclude(loaded, &self.force, now)
    }

    async fn refusal(&mut self, now: BootTime) -> ReloadFailed {
        let Conclusion { plan: None, result: Err(failed), .. } = self.read_again(now).await else {
            panic!("it failed")
        };
        let file = self.directory.path().display().to_string();
        assert!(failed.problems.iter().any(|problem| problem.contains(&file)), "{failed:?}");
        failed
    }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test);
    runtime.shutdown_background();
}

#[test]
fn requests_during_a_reading_lead_to_one_more_and_get_its_result() {
    run(async {
        let mut scene = Scene::new("a");
        let Scene { reload, force, .. } = &mut scene;
        let clients =
            |conclusion: &Conclusion| conclusion.askers.iter().map(|(client, _)| client.0).collect::<Vec<_>>();
        for number in 1..=3 {
            let (client, command) = asker(number);
            reload.ask(client, command);
        }
        reload.reader.request();
        let loaded = reload.next().await;
        assert_eq!(clients(&reload.conclude(loaded, force, at(1))), [1]);
        let loaded = reload.next().await;
        assert_eq!(clients(&reload.conclude(loaded, force, at(2))), [2, 3]);
        assert!(reload.reader.reading.is_none(), "nobody asked for a third");
    });
}

#[test]
fn what_changes_is_told_and_a_plan_that_changes_nothing_is_put_in_force_too() {
    run(async {
        let mut scene = Scene::new("a");
        scene.write("graph { a:1 -- b:1; a:2 -- b:9; d:1 -- e:1 }");
        let Conclusion { plan, result, .. } = scene.read_again(at(7)).await;
        assert_eq!(result.as_deref(), Ok("1 of this machine's ports changed (3 links, 4 nodes)"));
        scene.force = plan.unwrap();
        let in_force = &scene.reload.status().in_force;
        assert_eq!((in_force.since, in_force.links, in_force.nodes, in_force.ports), (at(7), 3, 4, 2));
        scene.write("graph { a:2 -- b:9; a:1 -- b:1; unused:1 -- other:1; L=\"\" }");
        let Conclusion { plan, result, .. } = scene.read_again(at(8)).await;
        assert!(plan.is_some() && result.unwrap().starts_with("unchanged for 2 ports of this machine"));
    });
}

#[test]
fn ports_that_come_go_or_change_their_far_end_are_counted() {
    let a = |text| plan(text, "a");
    let cases = [
        (RING, "unchanged for 2 ports of this machine (3 links, 3 nodes)"),
        ("graph { a:2 -- c:1; a:1 -- b:1 }", "unchanged for 2 ports of this machine (2 links, 3 nodes)"),
        ("graph { a:1 -- b:1; a:2 -- c:9 }", "1 of this machine's ports changed (2 links, 3 nodes)"),
        ("graph { a:1 -- b:1 }", "1 of this machine's ports changed (1 link, 2 nodes)"),
        ("graph { a:1 -- c:1; a:2 -- b:1; a:3 -- d:1 }", "3 of this machine's ports changed (3 links, 4 nodes)"),
        (
            "graph { a:1 -- b:1 [LLDP=\"match_type=portdescr\"]; a -- c:1 }",
            "2 of this machine's ports changed (2 links, 3 nodes)",
        ),
        ("graph { a }", "2 of this machine's ports changed (0 links, 1 node)"),
    ];
    for (text, told) in cases {
        assert_eq!(changes(&a(RING), &a(text)), told, "{text}");
    }
}

#[test]
fn failures_read_as_ptmd_s_and_tell_more() {
    run(async {
        let mut scene = Scene::new("a");
        let file = scene.directory.path().join("topology.dot");
        scene.write("graph { b:1 -- A:1 }");
        let failed = scene.refusal(at(1)).await;
        assert_eq!(failed.why, Refusal::CannotFindNode { file: file.clone(), node: "a".to_owned() });
        assert!(failed.problems[0].contains("did you mean A?"), "{failed:?}");

        fs::remove_file(&file).unwrap();
        let failed = scene.refusal(at(2)).await;
        assert_eq!(failed.why, Refusal::CannotOpenFile(file.clone()));
        assert!(failed.problems[0].contains("No such file or directory"), "{failed:?}");

        assert!(Program::new("mkfifo").arg(&file).status().unwrap().success());
        let failed = scene.refusal(at(2)).await;
        assert!(failed.problems[0].contains("[cannot open file]: a pipe"), "{failed:?}");
        fs::remove_file(&file).unwrap();

        let twice =
            (1..=30).map(|port| format!("a:{port} -- b:{port}\na:{port} -- c:{port}\n")).collect::<Vec<_>>().concat();
        scene.write(format!("graph {{\n{twice}}}"));
        let failed = scene.refusal(at(3)).await;
        let sentence = format!("Topology file error [{}] [30 errors, to be read with `ptmctl check`]", file.display());
        assert_eq!(failed.why.to_string(), sentence);
        assert_eq!(failed.problems.len(), 21);
        assert!(failed.problems[0].contains("topology.dot:3:"), "{failed:?}");
        assert_eq!(failed.problems[20], format!("10 more: `ptmctl check {}` shows all", file.display()));

        let failure = scene.reload.status().failure.clone().unwrap();
        assert_eq!((failure.since, failure.problems), (at(1), failed.problems), "broken since then, by now so");
        assert_eq!(scene.reload.status().in_force.links, 3, "what is in force has not changed");
        scene.write(RING);
        assert!(scene.read_again(at(4)).await.result.is_ok());
        assert_eq!(scene.reload.status().failure, None);
    });
}

#[test]
fn a_machine_without_a_name_is_told_in_ptmd_s_words() {
    let unknown = plan::read(RING).0.plan_for("").unwrap_err();
    let error = PlanFileError::UnknownNode { path: "f".into(), unknown };
    let failure = PlanFailure { since: at(0), error: error.to_string(), problems: Vec::new() };
    assert_eq!(refusal(&error, &failure).why.to_string(), "No Hostname/MgmtIP found");
}

#[test]
fn a_reading_that_panics_is_a_failure_like_another() {
    run(async {
        let mut scene = Scene::new("a");
        scene.reload.reader.reading = Some(spawn_blocking(|| panic!("a bug that this test has put there")));
        let loaded = scene.reload.next().await;
        let Conclusion { plan, result, .. } = scene.reload.conclude(loaded, &scene.force, at(1));
        assert!(plan.is_none() && result.unwrap_err().why.to_string().contains("please report it"));
        assert!(scene.read_again(at(2)).await.result.is_ok(), "the next one is unharmed");
    });
}

#[test]
fn without_a_name_the_usual_places_are_looked_at_in_their_order() {
    assert_eq!(Source::default().paths(), DEFAULT_PATHS.map(PathBuf::from));
}
