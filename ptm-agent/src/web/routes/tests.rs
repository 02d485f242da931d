//! Paths and their answers, without a socket; and the description of them.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

use axum::http::Request;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::web::config::Live;
use crate::web::fake::{FakeSite, port_event};
use crate::web::history::{Event, Next};

async fn get_from(site: &Arc<FakeSite>, path: &str, headers: &[(&str, &str)]) -> Response {
    let router = router(Shared { site: Arc::clone(site), counters: Arc::default() });
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    request.extensions_mut().insert(Arc::new(Client::default()));
    let live = Arc::new(Live::open(None).unwrap());
    let config = live.current(Instant::now());
    request.extensions_mut().insert(Admission::new(&live, &config, None));
    router.oneshot(request).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

async fn get_json(site: &Arc<FakeSite>, path: &str) -> (StatusCode, Value) {
    let response = get_from(site, path, &[]).await;
    (response.status(), serde_json::from_str(&text(response).await).unwrap())
}

#[tokio::test]
async fn metrics_are_in_the_format_that_is_asked_for() {
    let site = Arc::new(FakeSite::new());
    let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    for (accept, expected) in [(prometheus, "application/openmetrics-text"), ("*/*", "text/plain")] {
        let response = get_from(&site, "/metrics", &[("accept", accept)]).await;
        assert!(response.headers()["content-type"].to_str().unwrap().starts_with(expected), "{accept}");
        assert_eq!(text(response).await, site.metrics);
    }
}

#[tokio::test]
async fn what_is_not_there_says_so_as_json() {
    let site = Arc::new(FakeSite::new());
    for path in [
        "/nothing",
        "/api",
        "/api/v1/nothing",
        "/api/v1/ports/swp9",
        "/api/v1/ports/%ff",
        "/assets/nothing.js",
        "/assets/%ff",
        "/assets/../page.rs",
    ] {
        let (status, value) = get_json(&site, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(!value["error"].as_str().unwrap().is_empty());
    }
    let (status, value) = get_json(&site, "/api/v1/events?after=1-0&after=1-1").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(value["error"].as_str().unwrap().contains("once"));
}

#[tokio::test]
async fn a_port_goes_by_its_name_as_a_url_writes_it() {
    let site = Arc::new(FakeSite::new());
    for (path, name) in [("swp1", "swp1"), ("swp%31", "swp1"), ("Ethernet1%2F1", "Ethernet1/1")] {
        let (status, value) = get_json(&site, &format!("/api/v1/ports/{path}")).await;
        assert_eq!((status, &value["port"]), (StatusCode::OK, &json!(name)), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_agent_hangs_is_not_ready() {
    let site = Arc::new(FakeSite::new());
    assert_eq!(get_from(&site, "/readyz", &[]).await.status(), StatusCode::OK);
    site.hangs.store(true, std::sync::atomic::Ordering::Relaxed);
    let (status, value) = get_json(&site, "/readyz").await;
    assert_eq!((status, &value["error"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("no answer within 1 s")));
    assert_eq!(get_from(&site, "/healthz", &[]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_header_counts_before_the_query_for_where_the_stream_goes_on() {
    let site = Arc::new(FakeSite::new());
    let start = site.history().cursor();
    site.history().push(&port_event(1));
    let first = site.history().cursor();
    site.history().push(&port_event(2));
    let path = format!("/api/v1/events?after={start}");
    for (headers, expected) in [
        (&[][..], "swp1"),
        (&[("last-event-id", first.to_string().as_str())], "swp2"),
        (&[("last-event-id", "?")], "reset"),
    ] {
        let mut body = get_from(&site, &path, headers).await.into_body();
        let _hello = body.frame().await.unwrap();
        let message = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(str::from_utf8(&message).unwrap().contains(expected), "{message:?}");
    }
}

#[test]
fn the_description_has_every_path_and_no_other() {
    let description: Value = serde_json::from_str(OPENAPI).unwrap();
    let described: BTreeSet<_> = description["paths"].as_object().unwrap().keys().cloned().collect();
    let there = routes::<FakeSite>().map(|(path, _)| path.replace("{*", "{"));
    assert_eq!(described, BTreeSet::from(there));
}

/// Lets `jsonschema` say whether each value is what the description's schema of that name describes. All at once: it
/// takes a while to start.
fn check(values: &[(&str, Value)]) {
    let description: Value = serde_json::from_str(OPENAPI).unwrap();
    let items: Vec<_> =
        values.iter().map(|(name, _)| json!({ "$ref": format!("#/components/schemas/{name}") })).collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "prefixItems": items, "components": description["components"],
    });
    let instance: Vec<_> = values.iter().map(|(_, value)| value).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, value: Value| {
        let path = folder.path().join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path
    };
    let (schema, instance) = (file("schema.json", schema), file("instance.json", json!(instance)));
    match Command::new("jsonschema").arg("--instance").args([&instance, &schema]).output() {
        Ok(said) => assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout)),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "LEFT OUT: answers before a validator: jsonschema: {error}");
        }
    }
}

#[tokio::test]
async fn answers_are_as_described() {
    let site = Arc::new(FakeSite::new());
    let (_, topology) = get_json(&site, "/api/v1/topology").await;
    let (_, summary) = get_json(&site, "/api/v1/status").await;
    let (_, detail) = get_json(&site, "/api/v1/ports/swp1").await;
    let (_, refused) = get_json(&site, "/api/v1/ports/swp9").await;
    let start = site.history().cursor();
    site.history().push(&port_event(1));
    let Ok(Next::Event(entry)) = site.history().after(start) else { panic!("one was pushed") };
    let message = str::from_utf8(&entry.message).unwrap();
    let event = message.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let agent = json!({ "state": "other-plan", "address": "unix:/run/x", "detail": "?" });
    let agent = json!({ "time": "2026-11-21T14:30:05.123Z", "node": "leaf1", "agent": agent });
    let Event::Agent(agent) = Event::Agent(serde_json::from_value(agent).unwrap()) else { unreachable!("made so") };
    check(&[
        ("Topology", topology),
        ("Summary", summary),
        ("PortDetail", detail),
        ("Refused", refused),
        ("PortEvent", serde_json::from_str(event).unwrap()),
        ("AgentEvent", serde_json::to_value(agent).unwrap()),
        ("Nothing", json!({})),
    ]);
}
