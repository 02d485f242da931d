//! The map: the whole plan with every agent's verdicts, while cables move, agents come and go, and plans differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use ptm_tests::scenario::{self, RING};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, Machine, Process, USUAL_TTL, program};
use serde_json::Value;
use tempfile::TempDir;

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// From an agent's event to the map's answer, in milliseconds.
const BUDGET_MS: i64 = 1_000;

/// One of so many tries has to keep to it.
const TRIES: usize = 6;

const NODES: [&str; 4] = ["vm1", "vm2", "vm3", "vm4"];

/// The ring, an agent on each of its machines, and the map on one of its own.
struct Scene {
    // In the order in which they are to be dropped.
    map: Process,
    fabric: Fabric,
    machine: Machine,
    folder: TempDir,
}

impl Scene {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut fabric = scenario::speaking_ring(USUAL_TTL).unwrap();
        for node in NODES {
            start_agent(&mut fabric, &folder, node);
        }
        let machine = Machine::start("map").unwrap();
        fs::write(folder.path().join("ring.dot"), RING).unwrap();
        fs::write(folder.path().join("agents"), format!("unix:{}/{{node}}.sock\n", folder.path().display())).unwrap();
        let mut map = Command::new(program("ptm-agent").unwrap());
        map.current_dir(folder.path()).args(["map", "-c", "ring.dot", "--agents", "./agents"]);
        map.arg("--listen").arg(format!("unix:{}/map.sock", folder.path().display()));
        Self { map: machine.spawn(map).unwrap(), fabric, machine, folder }
    }

    fn start_agent(&mut self, node: &str) {
        start_agent(&mut self.fabric, &self.folder, node);
    }

    /// What the map answers.
    fn get(&self, path: &str) -> Result<String, String> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--max-time", "30", "--unix-socket"]);
        curl.arg(self.folder.path().join("map.sock")).arg(format!("http://localhost{path}"));
        let output = self.machine.output(curl).map_err(|error| format!("{error:?}"))?;
        if output.status.success() { Ok(output.stdout) } else { Err(output.stderr) }
    }

    fn topology(&self) -> Result<Value, String> {
        serde_json::from_str(&self.get("/api/v1/topology")?).map_err(|error| error.to_string())
    }

    /// Waits until the map shows this.
    fn until(&mut self, what: &str, mut condition: impl FnMut(&Value) -> bool) -> Value {
        let shown = wait::until(what, PATIENCE, || {
            let topology = self.topology()?;
            if condition(&topology) { Ok(topology) } else { Err(summary(&topology)) }
        });
        shown.unwrap_or_else(|error| panic!("{error:?}\n{}", self.map.log()))
    }
}

fn start_agent(fabric: &mut Fabric, folder: &TempDir, node: &str) {
    let socket = format!("unix:{}/{node}.sock", folder.path().display());
    fabric.node(node).unwrap().start_agent(&["--listen", &socket]).unwrap();
}

/// Every end of a cable: `vm1:eth1`, and its verdict.
fn verdicts(topology: &Value) -> impl Iterator<Item = (String, &Value)> {
    let ends = topology["links"].as_array().unwrap().iter().flat_map(|link| link["ends"].as_array().unwrap());
    ends.map(|end| (format!("{}:{}", text(&end["node"]), text(&end["port"])), &end["verdict"]))
}

/// Every end of a cable: `vm1:eth1`, and its reason, or `-`.
fn ends(topology: &Value) -> Vec<(String, String)> {
    verdicts(topology).map(|(end, verdict)| (end, text(&verdict["reason"]))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

fn reason(topology: &Value, port: &str) -> String {
    ends(topology).into_iter().find(|(name, _)| name == port).unwrap().1
}

fn agent<'t>(topology: &'t Value, node: &str) -> &'t Value {
    let nodes = topology["nodes"].as_array().unwrap();
    nodes.iter().find(|other| other["name"] == node).map_or(&Value::Null, |node| &node["agent"])
}

fn all_pass(topology: &Value) -> bool {
    ends(topology).iter().all(|(_, reason)| reason == "match")
        && NODES.iter().all(|node| agent(topology, node)["state"] == "up")
}

fn summary(topology: &Value) -> String {
    let mut summary = format!("{:?}", ends(topology));
    for node in NODES {
        let _ = write!(summary, " {node}: {}", agent(topology, node));
    }
    summary
}

/// Milliseconds of the day of an RFC 3339 time in UTC.
fn millis(time: &Value) -> i64 {
    let time = time.as_str().unwrap();
    let field = |from: usize, to: usize| time[from..to].parse::<i64>().unwrap();
    ((field(11, 13) * 60 + field(14, 16)) * 60 + field(17, 19)) * 1_000 + field(20, 23)
}

/// Exchanges the two cables in vm1 and waits until all four ends are shown where they are. Gives how many milliseconds
/// lay, at worst, between an agent's event and the map's first answer in which it is: what a page shows a moment later.
fn exchange(scene: &mut Scene) -> i64 {
    let moved = ["vm1:eth1", "vm1:eth2", "vm2:eth1", "vm4:eth2"];
    let mut late = BTreeMap::new();
    scene.fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    scene.until("both ends of both cables to fail", |map| {
        let now = millis(&map["server"]["time"]);
        for (end, verdict) in verdicts(map).filter(|(_, verdict)| verdict["status"] == "fail") {
            // Either side of midnight.
            let since = (now - millis(&verdict["since"]) + DAY / 2).rem_euclid(DAY) - DAY / 2;
            late.entry((end, text(&verdict["reason"]))).or_insert(since);
        }
        moved.iter().all(|port| reason(map, port).starts_with("wrong-"))
    });
    println!("on the map after so many ms: {late:?}");
    late.into_values().max().unwrap()
}

#[test]
fn the_whole_plan_is_shown_and_moved_cables_at_once() {
    if !scenario::may_run("the map") {
        return;
    }
    let mut scene = Scene::start();
    let shown = scene.until("all cables to pass on the map", all_pass);
    assert_eq!(shown["server"]["kind"], "map");
    assert_eq!(ends(&shown).len(), 8);

    // On a loaded machine it may be this test that has no time: one try that is in time shows that the map is not late.
    let mut tries = Vec::new();
    while tries.last().is_none_or(|&late| late >= BUDGET_MS) {
        assert!(tries.len() < TRIES, "late in each try, by ms at worst: {tries:?}");
        if !tries.is_empty() {
            scene.fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
            scene.until("all to pass again", all_pass);
        }
        tries.push(exchange(&mut scene));
    }
    let status: Value = serde_json::from_str(&scene.get("/api/v1/status").unwrap()).unwrap();
    assert_eq!((&status["ports"]["pass"], &status["ports"]["fail"]), (&Value::from(4), &Value::from(4)));
    let port: Value = serde_json::from_str(&scene.get("/api/v1/ports/vm1:eth1").unwrap()).unwrap();
    assert_eq!((&port["verdict"]["observed"], &port["far"]["node"]), (&Value::from("vm4:eth2"), &Value::from("vm2")));
    let metrics = scene.get("/metrics").unwrap();
    for line in
        ["ptm_map_cables{status=\"fail\"} 2", "ptm_map_agents{state=\"up\"} 4", "ptm_map_agent_up{node=\"vm1\"} 1"]
    {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }

    scene.fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    scene.until("all to pass again", all_pass);
}

#[test]
fn agents_that_die_hang_or_have_another_plan_show_as_such() {
    if !scenario::may_run("agents of the map that come and go") {
        return;
    }
    let mut scene = Scene::start();
    scene.until("all cables to pass on the map", all_pass);

    scene.fabric.node("vm3").unwrap().kill_agent();
    let shown = scene.until("vm3 to be unreachable", |map| agent(map, "vm3")["state"] == "unreachable");
    assert!(
        ends(&shown).iter().all(|(name, reason)| (reason == "-") == name.starts_with("vm3:")),
        "{}",
        summary(&shown)
    );
    assert!(!agent(&shown, "vm3")["detail"].as_str().unwrap().is_empty());
    scene.start_agent("vm3");
    scene.until("vm3 to be back", all_pass);

    // The same cables, and yet another file: nobody but the machine itself can say that it means the same.
    scene.fabric.node("vm2").unwrap().machine().write("/run/ptm/topology.dot", &format!("{RING}# edited\n")).unwrap();
    let shown = scene.until("vm2 to have another plan", |map| agent(map, "vm2")["state"] == "other-plan");
    assert_eq!(reason(&shown, "vm2:eth1"), "-");
    assert_eq!(reason(&shown, "vm1:eth1"), "match");
    scene.fabric.node("vm2").unwrap().machine().write("/run/ptm/topology.dot", RING).unwrap();
    scene.until("vm2 to have the same plan", all_pass);

    // Out of the list, and no longer asked.
    let pattern = format!("{}/{{node}}.sock", scene.folder.path().display());
    let list = scene.folder.path().join("agents");
    fs::write(&list, format!("vm1=unix:{}\n", pattern.replace("{node}", "vm1"))).unwrap();
    let shown =
        scene.until("vm2 to be off the list", |map| agent(map, "vm2").is_null() && agent(map, "vm1")["state"] == "up");
    assert_eq!(reason(&shown, "vm2:eth1"), "-");
    fs::write(&list, "nonsense://x\n").unwrap();
    wait::until("the mistake in the list to be told", PATIENCE, || {
        let log = scene.map.log();
        if log.contains("agents:1: `nonsense://x` is no address of an agent") { Ok(()) } else { Err(log) }
    })
    .unwrap();
    fs::write(&list, format!("unix:{pattern}\n")).unwrap();
    scene.until("all to be on the list", all_pass);
}

#[test]
fn a_broken_plan_is_told_and_the_old_one_stays() {
    if !scenario::may_run("the map's plan") {
        return;
    }
    let mut scene = Scene::start();
    scene.until("all cables to pass on the map", all_pass);
    let plan = scene.folder.path().join("ring.dot");
    fs::write(&plan, "graph G {\n  vm1:eth1 -- vm2:eth1\n  vm1:eth1 -- vm3:eth1\n}\n").unwrap();
    let shown =
        scene.until("the mistake to be shown", |map| map["plan"]["failure"]["problems"].to_string().contains(":3:"));
    assert!(all_pass(&shown), "{}", summary(&shown));

    // A plan that none of the agents has: its cables are shown, and nobody's verdicts.
    fs::write(&plan, "graph G { vm1:eth1 -- vm2:eth1 }").unwrap();
    let shown = scene.until("the new plan to be shown", |map| {
        map["plan"]["failure"].is_null() && agent(map, "vm1")["state"] == "other-plan"
    });
    assert_eq!(ends(&shown).len(), 2);
    assert!(ends(&shown).iter().all(|(_, reason)| reason == "-"), "{}", summary(&shown));
    fs::write(&plan, RING).unwrap();
    scene.until("all to pass again", all_pass);
    scene.map.terminate().unwrap();
}

#[test]
fn mistakes_on_the_command_line_are_answered_by_what_to_do() {
    if !scenario::may_run("the map's command line") {
        return;
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("ring.dot"), RING).unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    let machine = Machine::start("map").unwrap();
    let run = |arguments: &[&str]| {
        let mut map = Command::new(program("ptm-agent").unwrap());
        map.current_dir(folder.path()).args(["map", "-c", "ring.dot", "--listen", "none"]).args(arguments);
        let output = machine.output(map).unwrap();
        assert!(!output.status.success(), "{arguments:?}: {output:?}");
        output.stderr
    };
    for (arguments, words) in [
        (&["--agents", "vm11=vm1"][..], "cannot find node vm11; did you mean vm1?"),
        (&["--agents", "vm1=vm1,vm1=vm2"], "`vm1` is there twice"),
        (&["--agents", ","], "no agent is named; give --agents FILE"),
        (&["--agents", "./none"], "cannot read the agents file ./none"),
        (&["--agents", "./empty"], "no agent is named"),
        (&["--agents", "vm1=ftp://vm1"], "give HOST, HOST:PORT"),
        (&["--agents", "vm1", "--agents-ca", "none"], "--agents-ca names a PEM file"),
        (
            &["--agents", "vm1", "--agents-user", "u", "--agents-password-file", "empty"],
            "--agents-password-file names a file",
        ),
    ] {
        let said = run(arguments);
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
    assert!(run(&[]).contains("--agents <FILE|LIST>"));
}

/// vm1's agent behind TLS and the password `secret` of the user `map`, and what the map needs for it, in `/run/pki`.
fn guarded_agent() -> Fabric {
    let mut fabric = scenario::speaking_ring(USUAL_TTL).unwrap();
    let node = fabric.node("vm1").unwrap();
    // Of `htpasswd -nbBC 4 map secret`.
    let config = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\nbasic_auth_users:\n  \
                  map: $2b$04$FPYzdZ3kMMmJx.MyGhhWgONvcsr2VbirO305/uebdZxSOSQ8LHMZG\n";
    for (file, text) in
        [("web-config.yml", config), ("password", "secret\n"), ("wrong", "Secret\n"), ("ring.dot", RING)]
    {
        node.machine().write(&format!("/run/pki/{file}"), text).unwrap();
    }
    let script = "cd /run/pki && umask 077 && new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
         openssl req -x509 $new -days 2 -subj /CN=CA -keyout ca.key -out ca.crt
         openssl req -x509 $new -days 2 -subj /CN=Other -keyout other.key -out other.crt
         openssl req $new -subj /CN=localhost -keyout server.key -out server.csr
         echo subjectAltName=DNS:localhost > extensions
         openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 2 -extfile extensions -out server.crt";
    node.machine().run(&["sh", "-ec", script]).unwrap();
    node.start_agent(&["--web-config", "/run/pki/web-config.yml"]).unwrap();
    node.await_reason("eth1", "match").unwrap();
    fabric
}

/// The map of that agent alone. What the arguments name is in `/run/pki`.
fn map_of_guarded(machine: &Machine, address: &str, arguments: &[&str]) -> Process {
    let mut map = Command::new("sh");
    // The folder is the machine's own: it is entered there.
    map.args(["-c", "cd /run/pki && exec \"$@\"", "sh"]).arg(program("ptm-agent").unwrap());
    map.args(["map", "-c", "ring.dot", "--agents", &format!("vm1={address}")]).args(arguments);
    machine.spawn(map).unwrap()
}

/// Waits until the map says so of the agent, with its state and its detail.
fn await_guarded(machine: &Machine, map: &Process, is_it: impl Fn(&str, &str) -> bool) -> Value {
    let shown = wait::until("the map to show the agent otherwise", PATIENCE, || {
        let curl = ["curl", "--silent", "--show-error", "--fail", "http://127.0.0.1:10787/api/v1/topology"];
        let json = machine.run(&curl).map_err(|error| format!("{error:?}"))?;
        let topology: Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
        let agent = agent(&topology, "vm1").clone();
        let [state, detail] = ["state", "detail"].map(|field| agent[field].as_str().unwrap_or_default());
        if is_it(state, detail) { Ok(topology) } else { Err(agent.to_string()) }
    });
    shown.unwrap_or_else(|error| panic!("{error:?}\n{}", map.log()))
}

#[test]
fn agents_behind_tls_and_a_password_are_asked_with_both() {
    if !scenario::may_run("the map of agents behind TLS and a password") {
        return;
    }
    let mut fabric = guarded_agent();
    let machine = fabric.node("vm1").unwrap().machine();
    let login = |password| ["--agents-user", "map", "--agents-password-file", password];
    let ca = |file| ["--agents-ca", file];
    let (secure, plain) = ("https://localhost:10786", "http://localhost:10786");
    for (address, arguments, state, detail) in [
        (secure, [&login("password")[..], &ca("ca.crt")].concat(), "up", ""),
        (secure, [&login("wrong")[..], &ca("ca.crt")].concat(), "invalid", "it refuses the user or the password"),
        (secure, ca("ca.crt").to_vec(), "invalid", "give --agents-user and --agents-password-file"),
        (secure, [&login("password")[..], &ca("other.crt")].concat(), "unreachable", "invalid peer certificate"),
        (plain, login("password").to_vec(), "", ""),
    ] {
        let map = map_of_guarded(machine, address, &arguments);
        let shown = await_guarded(machine, &map, |shown, said| {
            if state.is_empty() {
                !["connecting", "up"].contains(&shown)
            } else {
                shown == state && said.contains(detail)
            }
        });
        assert_eq!(reason(&shown, "vm1:eth1") == "match", state == "up");
        assert!(!map.log().contains("ecret") && !shown.to_string().contains("ecret"), "{}", map.log());
        assert_eq!(map.log().contains("in the clear"), address == plain, "{}", map.log());
        map.kill();
    }
}

#[test]
fn a_password_that_changes_ends_what_was_opened_by_it_and_counts_without_a_restart() {
    if !scenario::may_run("a password that changes under the map") {
        return;
    }
    let mut fabric = guarded_agent();
    let machine = fabric.node("vm1").unwrap().machine();
    let arguments = ["--agents-user", "map", "--agents-password-file", "password", "--agents-ca", "other.crt"];
    let map = map_of_guarded(machine, "https://localhost:10786", &arguments);
    await_guarded(machine, &map, |state, detail| state == "unreachable" && detail.contains("invalid peer certificate"));
    machine.run(&["cp", "/run/pki/ca.crt", "/run/pki/other.crt"]).unwrap();
    await_guarded(machine, &map, |state, _| state == "up");
    // Of `htpasswd -nbBC 4 map sesame`.
    let config = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\nbasic_auth_users:\n  \
                  map: $2b$04$abcdefghijklmnopqrstuuinwY/tkBVrn3xrxQI/TgnMHhkvl85RW\n";
    machine.write("/run/pki/web-config.yml", config).unwrap();
    await_guarded(machine, &map, |state, detail| state == "invalid" && detail.contains("it refuses the user"));
    machine.write("/run/pki/password", "sesame\n").unwrap();
    await_guarded(machine, &map, |state, _| state == "up");
}
