//! Requests, and what becomes of them.

use super::*;

fn verdict(method: &str, uri: &str, headers: &[(&str, &str)], local: bool) -> Result<(), Refusal> {
    let names = Names::new(&["Switch.Example.com".to_owned()]);
    names.qualified.set("leaf1.fabric.example".to_owned()).unwrap();
    let header = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
    };
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter().map(header) {
        map.append(name, value);
    }
    let (method, uri) = (method.parse().unwrap(), uri.parse().unwrap());
    admit(Asked { method: &method, uri: &uri, headers: &map, has_body: false, local }, &names)
}

fn host(host: &str) -> Result<(), Refusal> {
    verdict("GET", "/", &[("host", host)], false)
}

#[test]
fn the_server_goes_by_addresses_its_names_and_no_other() {
    for ours in [
        "127.0.0.1:10786",
        "192.0.2.7",
        "[::1]:10786",
        "[2001:db8::1]",
        "localhost",
        "LOCALHOST:10786",
        "localhost.",
        "switch.example.com:443",
        "leaf1",
        "leaf1.fabric.example",
        &node_name(),
    ] {
        assert_eq!(host(ours), Ok(()), "{ours}");
    }
    for theirs in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "switch",
        "fabric.example",
        "user@localhost",
        "",
        "[::1",
        "a b",
    ] {
        assert_eq!(host(theirs), Err(Refusal::Host), "{theirs}");
    }
    assert!(Refusal::Host.to_string().contains("--web-host"));
}

#[test]
fn a_host_is_said_once() {
    assert_eq!(verdict("GET", "/", &[], false), Err(Refusal::NoHost));
    assert_eq!(verdict("GET", "/", &[("host", "localhost"), ("host", "localhost")], false), Err(Refusal::Host));
    // The target counts before the header.
    assert_eq!(verdict("GET", "http://evil.example/", &[("host", "localhost")], false), Err(Refusal::Host));
    assert_eq!(verdict("GET", "http://localhost/", &[("host", "localhost")], false), Ok(()));
    // By a Unix socket there is no name to ask by.
    assert_eq!(verdict("GET", "/", &[], true), Ok(()));
    assert_eq!(verdict("GET", "/", &[("host", "whatever")], true), Ok(()));
}

#[test]
fn other_sites_may_link_here_and_not_fetch() {
    let from = |site, mode| {
        verdict("GET", "/", &[("host", "localhost"), ("sec-fetch-site", site), ("sec-fetch-mode", mode)], false)
    };
    assert_eq!(from("cross-site", "cors"), Err(Refusal::CrossSite));
    assert_eq!(from("cross-site", "no-cors"), Err(Refusal::CrossSite));
    assert_eq!(from("cross-site", "navigate"), Ok(()));
    assert_eq!(from("same-origin", "cors"), Ok(()));
    assert_eq!(from("none", "navigate"), Ok(()));
}

#[test]
fn nothing_is_written() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "PROPFIND"] {
        assert_eq!(verdict(method, "/", &[("host", "localhost")], false), Err(Refusal::Method), "{method}");
    }
    assert_eq!(verdict("HEAD", "/", &[("host", "localhost")], false), Ok(()));
}
