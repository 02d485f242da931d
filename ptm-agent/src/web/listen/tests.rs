//! Sockets, opened where something is already.

use std::time::Instant;

use super::*;
use crate::PATIENCE;

fn unix(path: &Path) -> Address {
    Address::Unix(path.to_owned())
}

fn error(address: &Address) -> String {
    open(address).unwrap_err().to_string()
}

#[test]
fn a_socket_left_behind_is_replaced_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http");
    drop(StdUnixListener::bind(&path).unwrap());
    // A process that another test is starting holds a copy of the socket until it executes its program.
    let start = Instant::now();
    while StdUnixStream::connect(&path).is_ok() {
        assert!(start.elapsed() < PATIENCE, "nobody listens there any more");
    }
    let (_socket, file) = open(&unix(&path)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    assert!(error(&unix(&path)).contains("another server listens there"));
    drop(file);
    assert!(!path.exists(), "removed at the end");
}

#[test]
fn what_is_anothers_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http");
    fs::write(&path, "precious").unwrap();
    assert!(error(&unix(&path)).contains("no socket is there"));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    fs::remove_file(&path).unwrap();

    let (_socket, file) = open(&unix(&path)).unwrap();
    fs::remove_file(&path).unwrap();
    let _another = StdUnixListener::bind(&path).unwrap();
    drop(file);
    assert!(path.exists(), "it is another's by now");
}

#[test]
fn errors_say_what_to_do() {
    let missing = error(&unix(Path::new("/nowhere/at/all/http")));
    assert!(missing.contains("mkdir -p /nowhere/at/all"), "{missing}");
    let in_a_file = error(&unix(Path::new("/dev/null/http")));
    assert!(in_a_file.contains("directory is not there"), "{in_a_file}");
    let long = error(&unix(Path::new(&format!("/{}", "a".repeat(107)))));
    assert!(long.contains("too long"), "{long}");
    let (socket, _) = open(&"127.0.0.1:0".parse().unwrap()).unwrap();
    let Socket::Tcp(listener) = socket else { panic!("asked for TCP") };
    let at = listener.local_addr().unwrap();
    let in_use = error(&Address::Tcp(at));
    assert!(in_use.contains(&format!("sport = :{}", at.port())), "{in_use}");
}

#[test]
fn an_address_that_no_interface_has_yet_is_listened_at() {
    let (socket, _) = open(&"192.0.2.1:0".parse().unwrap()).unwrap();
    let Some(Address::Tcp(at)) = socket.address() else { panic!("asked for TCP") };
    assert!(at.ip().to_string() == "192.0.2.1" && at.port() != 0, "{at}");
    assert!(error(&Address::Tcp(at)).contains("in use"));
}

#[test]
fn places_are_shared_out_by_address_and_by_network_of_ipv6() {
    let peer = |text: &str| Peer::at(text.parse().unwrap());
    assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
    assert_eq!(peer("192.0.2.1"), peer("::ffff:192.0.2.1"));
    assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:1"));
    assert_ne!(peer("2001:db8::1"), peer("2001:db8:0:1::1"));
    assert_eq!(peer("::1"), Peer::Address("::1".parse().unwrap()));
}
