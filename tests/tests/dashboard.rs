//! The dashboard for Grafana, and that it and the alert rules ask for what agents really serve.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use ptm_agent::monitor::{Reason, Status};
use ptm_tests::scenario::{self, speaking_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Prometheus, USUAL_TTL, promql};
use serde_json::Value;

/// The labels of a metric.
type Labels = BTreeSet<String>;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn dashboard() -> Value {
    serde_json::from_str(&read("dist/grafana/ptm-dashboard.json")).unwrap()
}

/// Every value that stands under `key` anywhere in `value`.
fn all<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    match value {
        Value::Object(fields) => {
            let here = fields.get(key).into_iter();
            here.chain(fields.values().flat_map(|field| all(field, key))).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| all(item, key)).collect(),
        _ => Vec::new(),
    }
}

/// What the dashboard asks Prometheus, with its variables as they are at first.
fn queries(dashboard: &Value) -> Vec<String> {
    let expressions = all(dashboard, "expr").into_iter().map(|expression| expression.as_str().unwrap());
    let with_values = |text: &str| text.replace("$__rate_interval", "1m").replace("$job", ".*").replace("$node", ".*");
    expressions.map(with_values).collect()
}

#[test]
fn each_panel_has_its_own_place_and_the_chosen_data_source() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels have the same id");
    let mut taken = BTreeSet::new();
    for panel in panels {
        assert!(!panel["title"].as_str().unwrap().is_empty());
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
        assert!(x + w <= 24, "{panel}");
        let places = (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y)));
        assert!(places.into_iter().all(|place| taken.insert(place)), "{} lies over another", panel["title"]);
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        let targets = panel["targets"].as_array().unwrap();
        let names: BTreeSet<_> = targets.iter().map(|target| target["refId"].as_str().unwrap()).collect();
        assert!(!targets.is_empty() && names.len() == targets.len(), "{}", panel["title"]);
    }
    // There is no other anywhere.
    for source in all(&dashboard, "datasource") {
        assert_eq!((&source["type"], &source["uid"]), (&"prometheus".into(), &"${datasource}".into()));
    }
    let variables: Vec<_> = dashboard["templating"]["list"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(variables, ["datasource", "job", "node"]);
}

#[test]
fn rules_and_dashboard_ask_for_what_an_agent_serves() {
    if !scenario::may_run("rules and dashboard against a real agent's metrics") {
        return;
    }
    let mut fabric = speaking_ring(USUAL_TTL).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    // With TLS, for what is served only then.
    let openssl = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 365 \
                   -keyout /run/web.key -out /run/web.crt";
    vm1.machine().run(&["sh", "-c", openssl]).unwrap();
    let web_config = "tls_server_config: { cert_file: /run/web.crt, key_file: /run/web.key }\n";
    vm1.machine().write("/run/web-config.yml", web_config).unwrap();
    vm1.start_agent(&["--web-config", "/run/web-config.yml"]).unwrap();
    for port in ["eth1", "eth2"] {
        vm1.await_reason(port, "match").unwrap();
    }
    let machine = vm1.machine();
    machine.write("/run/prometheus/ptm.rules.yml", &read("dist/prometheus/ptm.rules.yml")).unwrap();
    let configuration = "global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 250ms }\n\
         rule_files: [ptm.rules.yml]\n\
         scrape_configs: [{ job_name: ptm, scheme: https, tls_config: { insecure_skip_verify: true }, \
         static_configs: [{ targets: ['127.0.0.1:10786'] }] }]\n";
    let prometheus = Prometheus::start(machine, configuration).unwrap();
    // All in one look: the series of an agent are gone while a scrape of it failed.
    let samples = wait::until("the rules to have been evaluated on a scrape", PATIENCE, || {
        let samples = prometheus.query(machine, r#"{__name__=~".+"}"#)?;
        let has = |name: &str| samples.iter().any(|it| it.labels["__name__"] == name && it.value > 0.0);
        if has("up") && has("ptm:node:cable") { Ok(samples) } else { Err("nothing yet".to_owned()) }
    })
    .unwrap();

    // What is there: metrics and their labels. A metric may have no series yet.
    let scrape = machine.run(&["curl", "--silent", "--fail", "--insecure", "https://127.0.0.1:10786/metrics"]).unwrap();
    let types = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let mut served: BTreeMap<String, Labels> = types.map(|name| (name.to_owned(), Labels::new())).collect();
    for sample in samples {
        let labels = served.entry(sample.labels["__name__"].clone()).or_default();
        labels.extend(sample.labels.into_keys());
    }

    let rules: Value = prometheus.get(machine, "/api/v1/rules").unwrap();
    let mut asked: Vec<String> = all(&rules, "query").iter().map(|query| query.as_str().unwrap().to_owned()).collect();
    let recorded: BTreeSet<_> = all(&rules, "name").iter().filter_map(|name| name.as_str()).collect();
    asked.extend(queries(&dashboard()));
    assert!(asked.len() > 60, "{}", asked.len());
    let known = |metric: &str| served.contains_key(metric) || recorded.contains(metric) || metric == "ALERTS";
    let labels: BTreeSet<_> = served.values().flatten().map(String::as_str).chain(["fault"]).collect();
    let mut wrong = Vec::new();
    for expression in &asked {
        if let Err(error) = prometheus.query(machine, expression) {
            wrong.push(format!("{error}: {expression}"));
        }
        let names = promql::names(expression);
        wrong.extend(names.labels.iter().filter(|it| !labels.contains(it.as_str())).map(|it| format!("label {it}")));
        wrong.extend(names.selectors.iter().filter(|it| !known(&it.metric)).map(|it| format!("metric {}", it.metric)));
        for selector in names.selectors {
            let Some(labels) = served.get(&selector.metric).filter(|labels| !labels.is_empty()) else { continue };
            for (label, texts) in selector.matchers {
                if !labels.contains(&label) {
                    wrong.push(format!("label {label} of {}", selector.metric));
                }
                // Each of the reasons and statuses that are asked for by name is one.
                let known = match label.as_str() {
                    "reason" => Reason::ALL.map(Reason::as_str).to_vec(),
                    "status" => Status::ALL.map(Status::as_str).to_vec(),
                    _ => continue,
                };
                let unknown = texts.split('|').filter(|text| !known.contains(text));
                wrong.extend(unknown.map(|text| format!("{label} {text} of {}", selector.metric)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
