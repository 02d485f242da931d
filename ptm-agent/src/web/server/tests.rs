//! The server on real sockets, before clients that are slow, many, malformed or not who they should be.

mod slow;

use std::cell::Cell;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::*;
use crate::PATIENCE;
use crate::web::counters::Counts;
use crate::web::fake::{FakeSite, port_event};

struct Running {
    server: Server,
    site: Arc<FakeSite>,
    counters: Arc<Counters>,
}

fn arguments(listen: &str) -> Arguments {
    Arguments { listen: vec![listen.parse().unwrap()], web_config: None, web_host: Vec::new() }
}

fn start_with(arguments: &Arguments, limits: Limits, site: FakeSite) -> Running {
    let (site, counters) = (Arc::new(site), Arc::default());
    let server = Server::start(arguments, limits, Arc::clone(&site), Arc::clone(&counters)).unwrap();
    Running { server, site, counters }
}

fn start(limits: Limits) -> Running {
    start_with(&arguments("127.0.0.1:0"), limits, FakeSite::new())
}

impl Running {
    fn connect(&self) -> TcpStream {
        let [Address::Tcp(at)] = self.server.addresses() else { panic!("one TCP address") };
        let stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// The whole answer, with its head.
    fn ask(&self, request: &str) -> String {
        ask(self.connect(), request)
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    /// Waits until the counts are as they should be.
    fn await_counts(&self, what: &str, wanted: impl Fn(&Counts) -> bool) {
        let started = Instant::now();
        while !wanted(&self.counters.counts()) {
            assert!(started.elapsed() < PATIENCE, "{what}: {:?}", self.counters.counts());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn ask(mut stream: impl io::Read + io::Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // Cut off where the server closed before it had read everything.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn refused(counts: &Counts, why: RefusedRequest) -> u64 {
    counts.requests_refused.iter().find(|(name, _)| *name == why.as_str()).unwrap().1
}

#[test]
fn every_answer_protects_the_browser() {
    let running = start(Limits::default());
    let request = |line: &str| running.ask(&format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    for (answer, status) in [
        (request("GET /"), "200"),
        (request("GET /api/v1/topology"), "200"),
        (request("GET /metrics"), "200"),
        (request("HEAD /api/v1/status"), "200"),
        (request("GET /nothing"), "404"),
        (request("POST /api/v1/topology"), "405"),
        (request("OPTIONS /api/v1/topology"), "405"),
        (running.ask("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"), "421"),
        (running.ask("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), "400"),
        (running.ask("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"), "413"),
        (running.ask("GET / HTTP/1.1\r\nHost: ::1\r\nConnection: close\r\n\r\n"), "421"),
    ] {
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        let head = answer.split_once("\r\n\r\n").unwrap().0.to_ascii_lowercase();
        for line in [
            "content-security-policy: default-src 'none'; script-src 'self'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cross-origin-resource-policy: same-origin",
            "cross-origin-opener-policy: same-origin",
            "cache-control: no-",
        ] {
            assert_eq!(head.matches(line).count(), 1, "{line} in {answer}");
        }
        assert!(!head.contains("access-control"), "{answer}");
    }
    let answer = request("POST /");
    assert!(answer.to_ascii_lowercase().contains("allow: get, head"), "{answer}");
    let answer = request("HEAD /api/v1/status");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    let counts = running.counters.counts();
    let of = |why| refused(&counts, why);
    assert_eq!((of(RefusedRequest::Method), of(RefusedRequest::Host)), (4, 3));
}

#[test]
fn a_connection_serves_one_request_after_the_other() {
    let running = start(Limits::default());
    let mut stream = running.connect();
    for _ in 0..2 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\nok\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
    }
    assert_eq!(running.counters.counts().connections, 1);
}

#[test]
fn the_head_of_the_event_stream_is_not_the_stream() {
    let running = start(Limits::default());
    let head = running.ask("HEAD /api/v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("text/event-stream"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    running.await_counts("no reader", |counts| counts.stream_clients == 0);
}

#[test]
fn what_might_be_two_requests_is_none() {
    let running = start(Limits::default());
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for framing in ["Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 0\r\nContent-Length: 51"] {
        let request = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n0\r\n\r\n{smuggled}");
        let answer = running.ask(&request);
        assert!(answer.starts_with("HTTP/1.1 4") && !answer.contains("ok\n"), "{framing}: {answer}");
    }
}

#[test]
fn a_place_is_for_one_and_free_when_he_leaves() {
    let running = start(Limits { connections: 2, ..Limits::default() });
    let inside = [running.connect(), running.connect()];
    running.await_counts("both in", |counts| counts.connections == 2);
    assert_eq!(running.get("/healthz"), "");
    drop(inside);
    running.await_counts("both out", |counts| counts.connections == 0);
    assert!(running.get("/healthz").ends_with("ok\n"));
    assert_eq!(running.counters.counts().connections_refused[0], ("too-many", 1));
}

#[test]
fn what_is_no_request_is_told_so() {
    let running = start(Limits::default());
    let long = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    assert!(running.ask(&long).starts_with("HTTP/1.1 431 "), "a head that is too long");
    assert!(running.ask("what?\r\n\r\n").starts_with("HTTP/1.1 400 "), "no HTTP");
    running.await_counts("counted", |counts| refused(counts, RefusedRequest::Malformed) == 2);
}

#[test]
fn who_does_not_read_the_stream_is_let_go_and_who_does_is_not() {
    let limits = Limits { unread: Duration::from_millis(200), ..Limits::default() };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http");
    let running = start_with(&arguments(&format!("unix:{}", path.display())), limits, FakeSite::new());
    let request = b"GET /api/v1/events HTTP/1.1\r\n\r\n";
    let mut stuck = UnixStream::connect(&path).unwrap();
    stuck.write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: whatever\r\n\r\n").unwrap();
    let mut reader = UnixStream::connect(&path).unwrap();
    reader.set_read_timeout(Some(PATIENCE)).unwrap();
    reader.write_all(request).unwrap();
    running.await_counts("both in", |counts| counts.stream_clients == 2);
    let (mut number, mut buffer) = (0, vec![0; 1 << 16]);
    while running.counters.counts().stream_clients_dropped == 0 {
        number += 1;
        running.site.history().push(&port_event(number));
        // Up to this event, so that it falls behind by none.
        let (wanted, mut read) = (format!("swp{number}\""), String::new());
        while !read.contains(&wanted) {
            let length = reader.read(&mut buffer).unwrap();
            assert!(length > 0, "the reader was let go after {number}");
            read.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    }
    running.await_counts("one left", |counts| counts.stream_clients == 1 && counts.connections == 1);
}

#[test]
fn an_agent_that_hangs_is_not_waited_for() {
    let running = start(Limits { answer: Duration::from_millis(200), ..Limits::default() });
    running.site.hangs.store(true, Ordering::Relaxed);
    let answer = running.get("/api/v1/topology");
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    assert!(running.get("/healthz").ends_with("ok\n"));
    assert_eq!(refused(&running.counters.counts(), RefusedRequest::Timeout), 1);
}

#[test]
fn the_end_closes_streams_and_removes_the_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http");
    let running = start_with(&arguments(&format!("unix:{}", path.display())), Limits::default(), FakeSite::new());
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    running.await_counts("in", |counts| counts.stream_clients == 1);
    drop(running.server);
    assert!(!path.exists());
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(String::from_utf8(rest).unwrap().contains("retry:"));
}

/// A file with the user `prometheus`, whose password is `secret`.
fn with_password(folder: &tempfile::TempDir, more: &str) -> PathBuf {
    let file = folder.path().join("web-config.yml");
    let digest = bcrypt::hash("secret", 4).unwrap();
    fs::write(&file, format!("basic_auth_users:\n  prometheus: {digest}\n{more}")).unwrap();
    file
}

#[test]
fn a_password_is_asked_for_wherever_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let more = "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=1\n";
    let file = with_password(&folder, more);
    let arguments = Arguments { web_config: Some(file.clone()), ..arguments("127.0.0.1:0") };
    let running = start_with(&arguments, Limits::default(), FakeSite::new());
    // `base64` of `prometheus:secret`, `prometheus:wrong`, `nobody:secret`.
    let with = |encoded: &str, path: &str| {
        let authorization = format!("Authorization: Basic {encoded}");
        running.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}\r\nConnection: close\r\n\r\n"))
    };
    for _ in 0..2 {
        let right = with("cHJvbWV0aGV1czpzZWNyZXQ=", "/metrics");
        assert!(right.starts_with("HTTP/1.1 200 "), "{right}");
        assert!(right.to_ascii_lowercase().contains("strict-transport-security: max-age=1"), "{right}");
    }
    for wrong in ["cHJvbWV0aGV1czp3cm9uZw==", "bm9ib2R5OnNlY3JldA==", "", "%%", "c2VjcmV0"] {
        for path in ["/", "/metrics", "/healthz", "/api/v1/events", "/nothing"] {
            let answer = with(wrong, path);
            assert!(answer.starts_with("HTTP/1.1 401 "), "{wrong}: {answer}");
            assert!(answer.to_ascii_lowercase().contains("www-authenticate: basic realm="), "{answer}");
        }
    }
    assert!(running.get("/").starts_with("HTTP/1.1 401 "), "none");
    assert_eq!(refused(&running.counters.counts(), RefusedRequest::Unauthorized), 26);
}

/// A file with these users, each with the password `secret`.
fn write_users(file: &Path, users: &[&str]) {
    let user = |user: &&str| format!("  {user}: {}\n", bcrypt::hash("secret", 4).unwrap());
    let users: Vec<_> = users.iter().map(user).collect();
    fs::write(file, if users.is_empty() { String::new() } else { format!("basic_auth_users:\n{}", users.concat()) })
        .unwrap();
}

#[test]
fn who_may_not_ask_any_more_reads_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("web-config.yml");
    write_users(&file, &[]);
    let arguments = Arguments { web_config: Some(file.clone()), ..arguments("127.0.0.1:0") };
    let running = start_with(&arguments, Limits::default(), FakeSite::new());
    let ask_as = |user: &str| {
        let encoded = BASE64.encode(format!("{user}:secret"));
        let mut stream = running.connect();
        let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {encoded}\r\n");
        stream.write_all(format!("{request}Connection: close\r\n\r\n").as_bytes()).unwrap();
        stream
    };
    // From when he is greeted on he is told of everything.
    let read_as = |user: &str| {
        let (mut stream, mut read) = (ask_as(user), Vec::new());
        while !read.ends_with(b"retry: 2000\n\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            read.extend(byte);
        }
        stream
    };
    // The number of the event that is told to the one reader, and not to the other any more.
    let number = Cell::new(0);
    let tell_until_end = |mut stays: Option<&mut TcpStream>, goes: &mut TcpStream| {
        let started = Instant::now();
        loop {
            assert!(started.elapsed() < PATIENCE, "it is told of {} events", number.get());
            number.set(number.get() + 1);
            running.site.history().push(&port_event(number.get()));
            let wanted = format!("swp{}\"", number.get());
            let is_told = |stream: &mut TcpStream| {
                let (mut read, mut buffer) = (String::new(), [0; 4_096]);
                while !read.contains(&wanted) {
                    match stream.read(&mut buffer).unwrap() {
                        0 => return false,
                        length => read.push_str(&String::from_utf8_lossy(&buffer[..length])),
                    }
                }
                true
            };
            assert!(stays.as_deref_mut().is_none_or(is_told), "who may ask reads on");
            if !is_told(goes) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    };
    let mut nobody = read_as("nobody");
    write_users(&file, &["one", "other"]);
    tell_until_end(None, &mut nobody);
    let (mut one, mut other) = (read_as("one"), read_as("other"));
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.lines().filter(|line| !line.contains("one:")).collect::<Vec<_>>().join("\n")).unwrap();
    tell_until_end(Some(&mut other), &mut one);
    let mut refused = String::new();
    ask_as("one").read_to_string(&mut refused).unwrap();
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    // The same password, digested once more: who has it can ask again.
    write_users(&file, &["other"]);
    tell_until_end(None, &mut other);
    running.await_counts("all out", |counts| counts.stream_clients == 0);
}

#[test]
fn a_connection_in_the_clear_ends_when_tls_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("web-config.yml");
    fs::write(&file, "{}").unwrap();
    let arguments = Arguments { web_config: Some(file.clone()), ..arguments("127.0.0.1:0") };
    let running = start_with(&arguments, Limits::default(), FakeSite::new());
    let mut stream = running.connect();
    let is_answered = |stream: &mut TcpStream| {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"ok\n") {
            let mut byte = [0];
            match stream.read(&mut byte) {
                Ok(1) => answer.extend(byte),
                _ => return false,
            }
        }
        true
    };
    assert!(is_answered(&mut stream));
    let made = Command::new("openssl")
        .current_dir(folder.path())
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.crt"])
        .output();
    assert!(made.expect("openssl, which `cargo xtask setup` brings").status.success());
    fs::write(&file, "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n").unwrap();
    let started = Instant::now();
    while is_answered(&mut stream) {
        assert!(started.elapsed() < PATIENCE, "it is answered in the clear");
        thread::sleep(Duration::from_millis(10));
    }
    assert!(!is_answered(&mut running.connect()), "nor is another");
}

#[test]
fn a_configuration_that_can_not_be_used_is_no_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = with_password(&folder, "tls_server_confg: {}\n");
    let arguments = Arguments { web_config: Some(file), ..arguments("127.0.0.1:0") };
    let error = Server::start(&arguments, Limits::default(), Arc::new(FakeSite::new()), Arc::default()).unwrap_err();
    let error = crate::logging::with_causes(&error);
    assert!(error.contains("web-config.yml (--web-config): ") && error.contains("tls_server_confg"), "{error}");
}
