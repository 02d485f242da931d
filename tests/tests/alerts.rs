//! The alert rules: by themselves, and with real agents, a real Prometheus and a real Alertmanager.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ptm_tests::scenario::{self, speaking_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Alertmanager, Fabric, Forward, Group, Prometheus, USUAL_TTL};
use serde_json::Value;

/// Where rules, examples and dashboards are.
fn dist(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist").join(path)
}

/// Runs one of Prometheus' tools, which must be content.
fn content(tool: &str, arguments: &[&str], files: &[PathBuf]) {
    let output = Command::new(tool).args(arguments).args(files).output();
    let output = output.unwrap_or_else(|e| panic!("{tool}: {e} (`cargo xtask setup` brings it)"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{tool} {arguments:?}\n{stdout}{stderr}");
}

#[test]
fn the_rules_do_what_their_tests_say() {
    content("promtool", &["check", "rules"], &[dist("prometheus/ptm.rules.yml")]);
    let tests: Vec<_> = fs::read_dir(dist("prometheus/tests")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!tests.is_empty());
    content("promtool", &["test", "rules"], &tests);
}

#[test]
fn each_alert_is_tested_and_described() {
    let rules = fs::read_to_string(dist("prometheus/ptm.rules.yml")).unwrap();
    let tests: String = fs::read_dir(dist("prometheus/tests"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let manual = fs::read_to_string(dist("../docs/alerts.md")).unwrap();
    let alerts: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert_eq!(alerts.len(), 15);
    for alert in alerts {
        assert!(tests.contains(&format!("alertname: {alert}\n")), "no test has {alert} fire");
        assert!(tests.contains(&format!("alertname: {alert}, exp_alerts: []")), "no test has {alert} not fire");
        assert!(manual.contains(&format!("\n### {alert}\n")), "docs/alerts.md has nothing about {alert}");
        assert!(rules.contains(&format!("docs/alerts.md#{}\n", alert.to_lowercase())), "{alert} does not lead there");
    }
}

#[test]
fn the_example_for_alertmanager_is_one() {
    content("amtool", &["check-config"], &[dist("prometheus/alertmanager.example.yml")]);
}

/// The ring with an agent on each machine that is reached by HTTP from `vm1`.
struct Watched {
    // Before the fabric: fields are dropped in this order.
    alertmanager: Alertmanager,
    prometheus: Prometheus,
    _ways: Vec<Forward>,
    fabric: Fabric,
    _sockets: tempfile::TempDir,
}

impl Watched {
    fn start() -> Self {
        let sockets = tempfile::tempdir().unwrap();
        let mut fabric = speaking_ring(USUAL_TTL).unwrap();
        let mut paths = Vec::new();
        for node in fabric.nodes() {
            let path = sockets.path().join(node.name());
            node.start_agent(&["--listen", &format!("unix:{}", path.display())]).unwrap();
            paths.push(path);
        }
        for node in fabric.nodes() {
            for port in ["eth1", "eth2"] {
                node.await_reason(port, "match").unwrap();
            }
        }
        let machine = fabric.node("vm1").unwrap().machine();
        let ways: Vec<_> = paths.iter().map(|path| Forward::start(machine, path).unwrap()).collect();
        let targets: Vec<_> = ways.iter().map(|way| format!("'{}'", way.address())).collect();

        // As they are laid out for users, but for the time that passes before anybody is told.
        let rules = with_lines(&dist("prometheus/ptm.rules.yml"), "for", "1s");
        let example = with_lines(&dist("prometheus/alertmanager.example.yml"), "group_wait", "1s");
        machine.write("/run/prometheus/ptm.rules.yml", &rules).unwrap();
        let configuration = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 500ms }}\n\
             rule_files: [ptm.rules.yml]\n\
             scrape_configs: [{{ job_name: ptm, static_configs: [{{ targets: [{}] }}] }}]\n\
             alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{}'] }}] }}] }}\n",
            targets.join(", "),
            Alertmanager::ADDRESS
        );
        let alertmanager = Alertmanager::start(machine, &example).unwrap();
        let prometheus = Prometheus::start(machine, &configuration).unwrap();
        Self { alertmanager, prometheus, _ways: ways, fabric, _sockets: sockets }
    }

    /// Waits until exactly these alerts fire in Prometheus, and are all that Alertmanager has, and until each of the
    /// words `said` is in what it says of one of them; gives its groups of them.
    fn await_alerts(&mut self, expected: &[(&str, &str)], said: &[&str]) -> Vec<Group> {
        let expected: BTreeSet<_> = expected.iter().map(|(alert, of)| ((*alert).into(), (*of).into())).collect();
        let Self { alertmanager, prometheus, fabric, .. } = self;
        let machine = fabric.node("vm1").unwrap().machine();
        wait::until(format!("{expected:?} to be what fires, and {said:?} said"), PATIENCE, || {
            let firing = prometheus.query(machine, r#"ALERTS{alertstate="firing"}"#)?;
            let firing: BTreeSet<_> = firing.into_iter().map(|sample| identity(&sample.labels)).collect();
            let groups = alertmanager.groups(machine)?;
            let alerts = groups.iter().flat_map(|group| &group.alerts);
            let known: Vec<_> = alerts.clone().map(|alert| identity(&alert.labels)).collect();
            let told: Vec<_> = alerts.filter_map(|alert| alert.annotations.get("description")).collect();
            let same =
                firing == expected && known.len() == expected.len() && expected.iter().all(|it| known.contains(it));
            if same && said.iter().all(|words| told.iter().any(|told| told.contains(words))) {
                Ok(groups)
            } else {
                Err(format!("Prometheus: {firing:?}, Alertmanager: {known:?}, which says {told:?}"))
            }
        })
        .unwrap()
    }
}

/// The alert, and which cable or node it is about.
fn identity(labels: &BTreeMap<String, String>) -> (String, String) {
    let of = labels.get("cable").or_else(|| labels.get("node"));
    (labels["alertname"].clone(), of.cloned().unwrap_or_default())
}

/// A file, with `value` on each line that gives `key` one.
fn with_lines(file: &Path, key: &str, value: &str) -> String {
    let key = format!("{key}: ");
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| match line.split_once(&key) {
        Some((indent, _)) if indent.trim().is_empty() => format!("{indent}{key}{value}\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn exchanged_cables_are_two_alerts_in_one_message_and_none_when_put_back() {
    if !scenario::may_run("alerts by a real Prometheus and a real Alertmanager") {
        return;
    }
    let mut watched = Watched::start();
    watched.await_alerts(&[], &[]);

    watched.fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    let cables = ["vm1:eth1 -- vm2:eth1", "vm1:eth2 -- vm4:eth2"];
    // What each end says comes when it is heard: the first of them is enough to fire.
    let said = [
        "vm1:eth1 says wrong-node, expects vm2:eth1, hears vm4:eth2.",
        "vm2:eth1 says wrong-port, expects vm1:eth1, hears vm1:eth2.",
        "`ptmctl explain eth1` on vm1",
    ];
    let groups = watched.await_alerts(&cables.map(|cable| ("PtmCableMiscabled", cable)), &said);
    let [Group { labels, receiver, alerts }] = groups.as_slice() else { panic!("one message: {groups:#?}") };
    assert_eq!(receiver.name, "pager");
    assert_eq!((labels["job"].as_str(), labels["alertname"].as_str()), ("ptm", "PtmCableMiscabled"));
    let eth1 = alerts.iter().find(|alert| alert.labels["cable"] == cables[0]).unwrap();
    assert_eq!(eth1.annotations["summary"], "Miscabled: vm1:eth1 -- vm2:eth1");
    assert!(said.iter().all(|said| eth1.annotations["description"].contains(said)), "{eth1:?}");

    watched.fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    watched.await_alerts(&[], &[]);
}

#[test]
fn what_befalls_one_cable_is_one_alert() {
    if !scenario::may_run("alerts on a cable that is pulled, and on an agent that is gone") {
        return;
    }
    let mut watched = Watched::start();
    let unplugged = ("PtmCableUnplugged", "vm1:eth1 -- vm2:eth1");
    watched.fabric.unplug("vm1:eth1").unwrap();
    watched.await_alerts(&[unplugged], &[]);
    // One end is as good as both.
    watched.fabric.node("vm2").unwrap().kill_agent();
    watched.await_alerts(&[unplugged, ("PtmAgentGone", "vm2")], &[]);

    let Watched { prometheus, fabric, .. } = &mut watched;
    let rules: Value = prometheus.get(fabric.node("vm1").unwrap().machine(), "/api/v1/rules").unwrap();
    let rules = rules["groups"][0]["rules"].as_array().unwrap();
    assert!(!rules.is_empty() && rules.iter().all(|rule| rule["health"] == "ok"), "{rules:#?}");
}
