//! The agent's HTTP server before its real clients: curl, Prometheus, and neighbors who want to be seen in a browser.

use std::process::Command;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use ptm_tests::scenario::{self, RING};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, Frame, Machine, Output, Process};
use serde_json::{Value, json};

const BASE: &str = "http://127.0.0.1:10786";
const FOLDER: &str = "/run/http";

/// The ring with an agent on vm1 that listens on its ports, and nobody who speaks.
fn agent_on_vm1(arguments: &[&str]) -> Fabric {
    let mut fabric = Fabric::from_plan(RING).unwrap();
    fabric.node("vm1").unwrap().start_agent(arguments).unwrap();
    fabric.node("vm1").unwrap().await_capture().unwrap();
    fabric
}

fn vm1(fabric: &mut Fabric) -> &Machine {
    fabric.node("vm1").unwrap().machine()
}

fn curl(machine: &Machine, arguments: &[&str]) -> Output {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "30"]).args(arguments);
    machine.output(command).unwrap()
}

/// The body of an answer, and its status.
fn get(machine: &Machine, arguments: &[&str]) -> (u16, String) {
    let output = curl(machine, &[&["--write-out", "\n%{http_code}"], arguments].concat());
    let (body, status) = output.stdout.rsplit_once('\n').unwrap_or_else(|| panic!("{output:?}"));
    (status.parse().unwrap(), body.to_owned())
}

fn get_json(machine: &Machine, path: &str) -> Value {
    let (status, body) = get(machine, &[&format!("{BASE}{path}")]);
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error} in {body}"))
}

/// What vm2 says on its port eth1 to vm1.
fn say(fabric: &Fabric, system_name: &[u8]) {
    let frame = Frame::empty(2).mandatory(2, "eth1", 120).system_name(system_name).end();
    fabric.wire("vm1:eth1").unwrap().send(&frame).unwrap();
}

#[test]
fn curl_gets_what_there_is_and_is_told_what_there_is_not() {
    if !scenario::may_run("HTTP with curl") {
        return;
    }
    let socket = format!("unix:{FOLDER}/socket");
    let mut fabric = Fabric::from_plan(RING).unwrap();
    vm1(&mut fabric).run(&["mkdir", FOLDER]).unwrap();
    // A socket that a killed agent left.
    let leave = format!("import socket; socket.socket(socket.AF_UNIX).bind('{FOLDER}/socket')");
    vm1(&mut fabric).run(&["python3", "-c", &leave]).unwrap();
    let listen = ["--listen", "127.0.0.1:10786", "--listen", &socket, "--web-host", "switch.example"];
    fabric.node("vm1").unwrap().start_agent(&listen).unwrap();
    fabric.node("vm1").unwrap().await_agent().unwrap();
    let machine = vm1(&mut fabric);
    wait::until("the agent to be ready", PATIENCE, || match get(machine, &[&format!("{BASE}/readyz")]) {
        (200, _) => Ok(()),
        (status, why) => Err(format!("{status}: {why}")),
    })
    .unwrap();

    for path in ["/", "/metrics", "/api/v1/status", "/api/v1/topology", "/api/v1/ports/eth1", "/healthz"] {
        let (status, body) = get(machine, &[&format!("{BASE}{path}")]);
        assert!(status == 200 && !body.is_empty(), "{path}: {status} {body}");
        let head = curl(machine, &["--head", &format!("{BASE}{path}")]).stdout.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200 ok\r\n") && head.contains("content-security-policy:"), "{head}");
    }
    for (arguments, status) in [
        (vec!["/nothing"], 404),
        (vec!["/api/v1/ports/eth9"], 404),
        (vec!["/api/v1/topology", "--request", "POST"], 405),
        (vec!["/api/v1/topology", "--data", "x"], 405),
        (vec!["/api/v1/topology", "--header", "Host: evil.example"], 421),
        (vec!["/api/v1/topology", "--header", "Host:"], 400),
        (vec!["/api/v1/topology", "--header", "Host: switch.example:80"], 200),
        (vec!["/api/v1/topology", "--header", "Host: vm1"], 200),
        (vec!["/api/v1/topology", "--header", "Sec-Fetch-Site: cross-site"], 403),
    ] {
        let url = format!("{BASE}{}", arguments[0]);
        let (answered, body) = get(machine, &[&[url.as_str()], &arguments[1..]].concat());
        assert_eq!(answered, status, "{arguments:?}: {body}");
        let says = |value: Value| value["error"].as_str().is_some_and(|error| !error.is_empty());
        assert!(status == 200 || says(serde_json::from_str(&body).unwrap()), "{arguments:?}: {body}");
    }
    let through_socket = ["--unix-socket", &format!("{FOLDER}/socket"), "http://whatever/api/v1/status"];
    assert_eq!(get(machine, &through_socket).0, 200);
    let mode = machine.run(&["stat", "--format", "%a", &format!("{FOLDER}/socket")]).unwrap();
    assert_eq!(mode.trim(), "660");

    fabric.node("vm1").unwrap().agent().unwrap().terminate().unwrap();
    assert!(vm1(&mut fabric).run(&["test", "-e", &format!("{FOLDER}/socket")]).is_err(), "removed at the end");
}

#[test]
fn an_agent_that_can_not_serve_does_not_start() {
    if !scenario::may_run("an agent that can't listen") {
        return;
    }
    let mut fabric = Fabric::from_plan(RING).unwrap();
    vm1(&mut fabric).write(&format!("{FOLDER}/web-config.yml"), "tls_server_config:\n  cert_file: gone.crt\n").unwrap();
    let config = format!("{FOLDER}/web-config.yml");
    for (arguments, expected) in [
        (&["--listen", "127.0.0.1:7000", "--listen", "127.0.0.1:7000"][..], "sport = :7000"),
        (&["--listen", "unix:/nowhere/http"], "mkdir -p /nowhere"),
        (&["--web-config", &config], "gone.crt"),
    ] {
        let Output { status, stderr, .. } = fabric.node("vm1").unwrap().run_agent(arguments).unwrap();
        assert!(!status.success() && stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_management_address_may_come_late() {
    if !scenario::may_run("an agent that listens at an address to come") {
        return;
    }
    let mut fabric = agent_on_vm1(&["--listen", "192.0.2.1:10786"]);
    let machine = vm1(&mut fabric);
    machine.run(&["ip", "address", "add", "192.0.2.1/32", "dev", "lo"]).unwrap();
    assert_eq!(get(machine, &["http://192.0.2.1:10786/healthz"]).0, 200);
}

#[test]
fn what_a_hostile_neighbor_calls_itself_is_text() {
    if !scenario::may_run("a hostile system name in the API") {
        return;
    }
    let mut fabric = agent_on_vm1(&[]);
    let longest = [b'x'; 255];
    let names: [(&[u8], String); 4] = [
        (b"<script>alert(1)</script>", "<script>alert(1)</script>".to_owned()),
        ("\u{202e}evil\u{200b}".as_bytes(), "\\u{202e}evil\\u{200b}".to_owned()),
        (b"a\xff\"\n\xc0b", String::new()),
        (&longest, "x".repeat(255)),
    ];
    for (name, shown) in names {
        // So that the next one makes an event.
        say(&fabric, b"vm2");
        fabric.node("vm1").unwrap().await_reason("eth1", "match").unwrap();
        let cursor = get_json(vm1(&mut fabric), "/api/v1/topology")["cursor"].as_str().unwrap().to_owned();
        say(&fabric, name);
        let machine = vm1(&mut fabric);
        let event = wait::until("the event", PATIENCE, || {
            let events = events_after(machine, &cursor);
            let event = events.iter().find(|(kind, _)| kind == "port");
            event.map(|(_, data)| data.clone()).ok_or_else(|| format!("{events:?}"))
        })
        .unwrap();
        let detail = get_json(machine, "/api/v1/ports/eth1");
        let neighbors = detail["neighbors"].as_array().unwrap();
        let system_name = neighbors.iter().find(|it| it["decides"] == true).unwrap()["system_name"].as_str().unwrap();
        if shown.is_empty() {
            assert!(system_name.starts_with('a') && system_name.ends_with('b'), "{system_name}");
        } else {
            assert_eq!(system_name, shown);
            assert_eq!(event["verdict"]["observed"], format!("{shown}:eth1"));
        }
        let deceives = |c: char| c.is_control() || ('\u{200b}'..='\u{202e}').contains(&c);
        let topology = get_json(machine, "/api/v1/topology");
        assert_eq!(topology["links"][0]["ends"][0]["verdict"]["observed"], event["verdict"]["observed"]);
        for text in [system_name, event["verdict"]["explanation"].as_str().unwrap()] {
            assert!(!text.contains(deceives), "{text:?}");
        }
        let open_metrics = ["--header", "Accept: application/openmetrics-text", &format!("{BASE}/metrics")];
        let (status, metrics) = get(machine, &open_metrics);
        assert!(status == 200 && metrics.ends_with("# EOF\n"), "{status}: {metrics}");
    }
}

/// What the event stream has from there on, as much as comes within half a second.
fn events_after(machine: &Machine, cursor: &str) -> Vec<(String, Value)> {
    let path = format!("{BASE}/api/v1/events?after={cursor}");
    let mut messages = messages(&curl(machine, &["--no-buffer", "--max-time", "0.5", &path]).stdout);
    messages.retain(|(kind, _)| kind != "alive");
    messages
}

/// The kind and the data of each message that is whole in what was read of an event stream.
fn messages(stream: &str) -> Vec<(String, Value)> {
    let whole = stream.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    let message = |text: &str| {
        let field = |name| text.lines().find_map(|line| line.strip_prefix(name));
        Some((field("event: ")?.to_owned(), serde_json::from_str(field("data: ")?).unwrap()))
    };
    whole.split("\n\n").filter_map(message).collect()
}

#[test]
fn readers_of_the_stream_hear_that_the_topology_file_is_broken_and_that_it_is_mended() {
    if !scenario::may_run("a broken topology file in the event stream") {
        return;
    }
    let mut fabric = agent_on_vm1(&[]);
    let machine = vm1(&mut fabric);
    let mut before = wait::until("nothing more to happen", PATIENCE, || {
        let before = get_json(machine, "/api/v1/topology");
        let events = events_after(machine, before["cursor"].as_str().unwrap());
        if events.is_empty() { Ok(before) } else { Err(format!("{events:?}")) }
    })
    .unwrap();
    for (text, is_broken) in [("graph { vm1:eth1 -- vm2:eth1; vm1:eth1 -- vm3:eth1 }", true), (RING, false)] {
        let cursor = before["cursor"].as_str().unwrap();
        machine.write("/run/ptm/topology.dot", text).unwrap();
        let events = wait::until("news", PATIENCE, || {
            let events = events_after(machine, cursor);
            if events.is_empty() { Err("nothing") } else { Ok(events) }
        })
        .unwrap();
        assert!(events.iter().all(|(kind, _)| kind == "changed"), "{events:?}");
        before = get_json(machine, "/api/v1/topology");
        assert_eq!(before["plan"]["failure"].is_object(), is_broken, "{}", before["plan"]);
    }
}

#[test]
fn real_answers_are_as_the_server_describes_them() {
    if !scenario::may_run("answers before a validator") {
        return;
    }
    let mut fabric = agent_on_vm1(&[]);
    let start = get_json(vm1(&mut fabric), "/api/v1/topology")["cursor"].as_str().unwrap().to_owned();
    let mut values = Vec::new();
    for name in ["vm2", "vm9"] {
        say(&fabric, name.as_bytes());
        let reason = if name == "vm2" { "match" } else { "wrong-node" };
        fabric.node("vm1").unwrap().await_reason("eth1", reason).unwrap();
        let machine = vm1(&mut fabric);
        for (schema, path) in [
            ("Topology", "/api/v1/topology"),
            ("Summary", "/api/v1/status"),
            ("PortDetail", "/api/v1/ports/eth1"),
            ("PortDetail", "/api/v1/ports/eth2"),
        ] {
            values.push((schema, get_json(machine, path)));
        }
    }
    let machine = vm1(&mut fabric);
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--no-buffer", &format!("{BASE}/api/v1/events?after={start}")]);
    let reader = machine.spawn(curl).unwrap();
    // When nothing has happened for 5 s.
    let events = wait::until("the server to say that it lives", PATIENCE, || {
        let mut events = messages(&reader.log());
        let end = events.iter().position(|(kind, _)| kind == "alive").ok_or_else(|| format!("{events:?}"))?;
        events.truncate(end + 1);
        Ok::<_, String>(events)
    })
    .unwrap();
    let mut kinds: Vec<_> = events.iter().map(|(kind, _)| kind.clone()).collect();
    // What comes of the two may be told at once, or again a second later.
    kinds.dedup_by(|one, other| one == other && one == "changed");
    assert_eq!(kinds, ["port", "port", "changed", "alive"]);
    let schema = |kind: &str| if kind == "port" { "PortEvent" } else { "Nothing" };
    values.extend(events.into_iter().map(|(kind, data)| (schema(&kind), data)));
    let (_, refused) = get(machine, &[&format!("{BASE}/api/v1/ports/eth9")]);
    values.push(("Refused", serde_json::from_str(&refused).unwrap()));

    let description = get_json(machine, "/api/v1/openapi.json");
    let items: Vec<_> =
        values.iter().map(|(name, _)| json!({ "$ref": format!("#/components/schemas/{name}") })).collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "prefixItems": items, "items": false, "components": description["components"],
    });
    let instance: Vec<_> = values.into_iter().map(|(_, value)| value).collect();
    let [schema_file, instance_file] = ["schema", "instance"].map(|name| format!("{FOLDER}/{name}.json"));
    machine.write(&schema_file, &schema.to_string()).unwrap();
    machine.write(&instance_file, &json!(instance).to_string()).unwrap();
    machine.run(&["jsonschema", "--instance", &instance_file, &schema_file]).unwrap();
}

const SECURE: &str = "https://localhost:10786";

/// A CA, and of it a certificate with this serial number, in place as a renewal puts it there.
fn certify(machine: &Machine, serial: u32) {
    let script = format!(
        "cd {FOLDER} && umask 077
         [ -e ca.crt ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
             -subj /CN=CA -keyout ca.key -out ca.crt
         openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
             -keyout new.key -out new.csr
         printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > extensions
         openssl x509 -req -in new.csr -CA ca.crt -CAkey ca.key -set_serial {serial} -days 2 \
             -extfile extensions -out new.crt
         mv new.key server.key && mv new.crt server.crt"
    );
    machine.run(&["sh", "-ec", &script]).unwrap();
}

/// vm1's agent behind TLS and the password `secret` of the user `prometheus`.
fn guarded_agent() -> Fabric {
    // `htpasswd -nbBC 4 prometheus secret`.
    let config = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  min_version: TLS12\n\
                  basic_auth_users:\n  prometheus: $2b$04$FPYzdZ3kMMmJx.MyGhhWgONvcsr2VbirO305/uebdZxSOSQ8LHMZG\n";
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let file = format!("{FOLDER}/web-config.yml");
    vm1(&mut fabric).write(&file, config).unwrap();
    certify(vm1(&mut fabric), 7);
    let node = fabric.node("vm1").unwrap();
    node.start_agent(&["--web-config", &file]).unwrap();
    node.await_agent().unwrap();
    fabric
}

#[test]
fn curl_needs_the_ca_and_the_password_and_sees_a_renewed_certificate() {
    if !scenario::may_run("TLS and basic authentication with curl") {
        return;
    }
    let mut fabric = guarded_agent();
    let machine = vm1(&mut fabric);
    let url = format!("{SECURE}/api/v1/status");
    let ca = format!("{FOLDER}/ca.crt");
    let trusting = |more: &[&str]| get(machine, &[&["--cacert", &ca, &url], more].concat()).0;
    assert_eq!(trusting(&["--user", "prometheus:secret"]), 200);
    assert_eq!(trusting(&["--user", "prometheus:secret", "--tlsv1.3"]), 200);
    assert_eq!(trusting(&["--user", "prometheus:secret", "--tls-max", "1.2"]), 200);
    assert_eq!(trusting(&["--user", "prometheus:wrong"]), 401);
    assert_eq!(trusting(&["--user", "nobody:secret"]), 401);
    assert_eq!(trusting(&[]), 401);
    let (_, metrics) = get(machine, &["--cacert", &ca, "--user", "prometheus:secret", &format!("{SECURE}/metrics")]);
    let not_after = metrics.lines().find(|line| line.starts_with("ptm_http_certificate_not_after_timestamp_seconds "));
    let not_after: f64 = not_after.and_then(|line| line.split(' ').nth(1)).expect("is told").parse().unwrap();
    let left = not_after - SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((0.0..=2.0 * 86_400.0).contains(&left), "{left}");
    let distrusting = curl(machine, &[&url, "--user", "prometheus:secret"]);
    assert_eq!(distrusting.status.code(), Some(60), "{distrusting:?}");
    let plain = curl(machine, &["http://localhost:10786/"]);
    assert!(!plain.status.success(), "{plain:?}");

    let serial = || curl(machine, &["--cacert", &ca, "--write-out", "%{certs}", "--head", &url]).stdout;
    assert!(serial().contains("Serial Number:07"), "{}", serial());
    certify(machine, 8);
    wait::until("the new certificate", PATIENCE, || {
        let said = serial();
        if said.contains("Serial Number:08") { Ok(()) } else { Err(said) }
    })
    .unwrap();
    // The whole file is read again: from now on, only who has a certificate of the CA.
    let clients = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  \
                   client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n";
    machine.write(&format!("{FOLDER}/web-config.yml"), clients).unwrap();
    let [certificate, key] = ["crt", "key"].map(|suffix| format!("{FOLDER}/server.{suffix}"));
    let as_client = ["--cacert", &ca, "--cert", &certificate, "--key", &key, &url];
    wait::until("the password to be forgotten", PATIENCE, || match get(machine, &as_client) {
        (200, _) => Ok(()),
        (status, _) => Err(status),
    })
    .unwrap();
    assert_eq!(get(machine, &["--cacert", &ca, &url]).0, 0, "without a certificate");
    // A renewal that went wrong.
    machine.write(&format!("{FOLDER}/server.crt"), "nothing").unwrap();
    let node = fabric.node("vm1").unwrap();
    wait::until("the log to tell", PATIENCE, || {
        let _ = curl(node.machine(), &["--cacert", &ca, &url]);
        let log = node.agent().unwrap().log();
        if log.contains("tls_server_config.cert_file: has no certificate") { Ok(()) } else { Err(log) }
    })
    .unwrap();
    // curl has no use for the broken one.
    let again = ["--cacert", &ca, "--write-out", "%{certs}", "--head", &url];
    assert!(curl(vm1(&mut fabric), &again).stdout.contains("Serial Number:08"), "what was in force stays");
}

/// Prometheus' value of `up` for each of its two jobs, `right` and `wrong`.
fn up(machine: &Machine) -> Result<[String; 2], String> {
    let (status, body) = get(machine, &["http://127.0.0.1:9090/api/v1/query?query=up"]);
    let answer: Value = serde_json::from_str(&body).map_err(|error| format!("{status} {error}: {body}"))?;
    let of = |job: &str| {
        let series = answer["data"]["result"].as_array().into_iter().flatten();
        let found = series.into_iter().find(|series| series["metric"]["job"] == job);
        Some(found?["value"][1].as_str()?.to_owned())
    };
    of("right").zip(of("wrong")).map(<[String; 2]>::from).ok_or(body.clone())
}

fn prometheus(machine: &Machine) -> Process {
    let job = |name: &str, password: &str| {
        format!(
            "- job_name: {name}\n  scheme: https\n  basic_auth: {{ username: prometheus, password: {password} }}\n  \
             tls_config: {{ ca_file: {FOLDER}/ca.crt, server_name: localhost }}\n  \
             static_configs: [{{ targets: ['127.0.0.1:10786'] }}]\n"
        )
    };
    let config = format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\nscrape_configs:\n{}{}",
        job("right", "secret"),
        job("wrong", "guess")
    );
    machine.write(&format!("{FOLDER}/prometheus.yml"), &config).unwrap();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={FOLDER}/prometheus.yml")).arg(format!("--storage.tsdb.path={FOLDER}/data"));
    command.arg("--web.listen-address=127.0.0.1:9090");
    machine.spawn(command).unwrap()
}

#[test]
fn prometheus_scrapes_through_tls_and_a_password() {
    if !scenario::may_run("Prometheus through TLS") {
        return;
    }
    let mut fabric = guarded_agent();
    let machine = vm1(&mut fabric);
    let prometheus = prometheus(machine);
    let found = wait::until("Prometheus to have scraped", PATIENCE, || {
        let found = up(machine)?;
        // Until both were scraped.
        if found == ["1", "0"] { Ok(found) } else { Err(format!("{found:?}")) }
    });
    assert!(found.is_ok(), "{found:?}\n{}", prometheus.log());
}

#[test]
fn who_reads_the_stream_hears_of_a_change_at_once_and_of_the_end() {
    if !scenario::may_run("the event stream") {
        return;
    }
    let mut fabric = agent_on_vm1(&[]);
    let mut command = Command::new("curl");
    command.args(["--silent", "--no-buffer", "--include", &format!("{BASE}/api/v1/events")]);
    let mut listener = vm1(&mut fabric).spawn(command).unwrap();
    let await_text = |listener: &Process, text: &str| {
        wait::until(format!("`{text}` in the stream"), PATIENCE, || {
            let log = listener.log();
            if log.contains(text) { Ok(()) } else { Err(log) }
        })
        .unwrap();
    };
    await_text(&listener, "text/event-stream");
    say(&fabric, b"vm2");
    await_text(&listener, "\"after\":\"match\"");
    await_text(&listener, "event: changed\n");
    // Two readers at a time make no difference to each other.
    let other = thread::scope(|scope| {
        let machine = vm1(&mut fabric);
        scope.spawn(|| curl(machine, &["--no-buffer", "--max-time", "1", &format!("{BASE}/api/v1/events")])).join()
    });
    assert!(!other.unwrap().stdout.contains("event: port"), "from now on only");
    fabric.node("vm1").unwrap().agent().unwrap().terminate().unwrap();
    listener.wait(PATIENCE).unwrap();
}
