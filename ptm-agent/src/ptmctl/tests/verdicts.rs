//! What `ptmctl` says by its exit status, by colours, and of verdicts that are older than the agent.

use super::*;

/// An agent with these ports.
fn agent_with(rows: Vec<PortRow>) -> String {
    daemon(true, move |command, stream| write(stream, Answer::new(command, rows.clone(), [])))
}

fn port(reason: Reason) -> PortRow {
    PortRow { reason, planned: reason != Reason::Unplanned, ..passing() }
}

#[test]
fn the_exit_status_is_the_verdict_where_that_is_asked_for() {
    for reason in Reason::ALL {
        let good = matches!(reason, Reason::Match | Reason::Unchecked | Reason::Unplanned);
        for view in ["--exit-code", "--exit-code -d", "--exit-code -j"] {
            let (_, result) = ptmctl(&agent_with(vec![port(Reason::Match), port(reason)]), view);
            assert_eq!(result.unwrap(), u8::from(!good), "{reason}");
        }
        let (_, result) = ptmctl(&agent_with(vec![port(reason)]), "explain eth3 --exit-code");
        assert_eq!(result.unwrap(), u8::from(!good), "{reason}");
        assert_eq!(ptmctl(&agent_with(vec![port(reason)]), "").1.unwrap(), 0, "{reason}");
    }
    let none = ptmctl(&agent_with(Vec::new()), "--exit-code").1.unwrap_err();
    assert_eq!(none.exit_code(), 1);
    assert_eq!(ptmctl("ptmctl-test/nobody", "--exit-code").1.unwrap_err().exit_code(), 2);
}

/// An output whose reader has left.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_exit_status_stays_the_verdict_if_nobody_reads_the_output() {
    let args = Args::try_parse_from(["ptmctl", "--exit-code"]).unwrap();
    assert_eq!(run(&args, &agent(), Terminal::default(), &mut Closed).unwrap(), 1);
}

fn coloured(args: &str) -> String {
    let args = Args::try_parse_from(["ptmctl", "--color=always"].into_iter().chain(args.split_whitespace())).unwrap();
    let mut out = Vec::new();
    run(&args, &agent(), Terminal::of_stdout(args.color), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn colours_change_nothing_but_colours() {
    for args in ["", "-d", "-l -d", "-j"] {
        let coloured = coloured(args);
        let mut plain = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, after)) = rest.split_once("\x1b[") {
            plain += before;
            rest = after.split_once('m').expect("a colour's sequence ends").1;
        }
        assert_eq!(plain + rest, output(&agent(), args), "{args}");
        assert_eq!(coloured.contains('\x1b'), args != "-j");
    }
    assert!(coloured("").contains("\x1b[1m\x1b[31mfail\x1b[0m    vm2:eth1"), "{:?}", coloured(""));
}

/// An agent that has not heard again what it knows from before its restart, but on eth4.
fn restarted() -> String {
    daemon(true, |_, stream| {
        for row in ["eth3,pass,match,yes", "eth2,N/A,absent,yes", "eth4,pass,match,no"] {
            send(stream, Kind::Response, &format!("port,cbl status,reason,cached\n{row}\n"));
        }
        send(stream, Kind::Response, "cmd_status,cmd_ext_status\npass,3 rows\n");
    })
}

#[test]
fn a_verdict_from_before_the_restart_is_told_apart() {
    let table = output(&restarted(), "");
    assert!(
        table.ends_with(
            "no-info: absent (this machine has no such port): eth2\n\
             cached: eth3 eth2: from before the agent's restart, not yet confirmed by LLDP\n\
             `ptmctl explain PORT` tells more.\n"
        ),
        "{table}"
    );
    let text = output(&restarted(), "explain eth3");
    assert!(text.contains("  Cached        from before the agent's restart, not yet confirmed by LLDP\n"), "{text}");
    assert!(!output(&restarted(), "explain eth4").contains("Cached"));
    let rows: serde_json::Value = serde_json::from_str(&output(&restarted(), "-j")).unwrap();
    assert_eq!((&rows["0"]["cached"], &rows["2"]["cached"]), (&"yes".into(), &"no".into()));
}

#[test]
fn a_name_that_no_field_can_hold_is_looked_up_as_it_is() {
    for name in ["eth,1", "eth\"1\"", "eth\u{202e}1"] {
        let agent = agent_with(vec![passing(), PortRow { port: name.to_owned(), ..passing() }]);
        let args = Args::try_parse_from(["ptmctl", "explain", name, "--json"]).unwrap();
        let mut out = Vec::new();
        run(&args, &agent, Terminal::default(), &mut out).unwrap();
        let explained: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(explained["port"]["port"], name);
    }
    for name in ["", " eth3", "eth3,eth1", "eth3\ncmd", "N/A"] {
        let args = Args::try_parse_from(["ptmctl", "explain", name]).unwrap();
        let failure = run(&args, &agent_with(vec![passing()]), Terminal::default(), &mut Vec::new()).unwrap_err();
        assert!(matches!(&failure, Failure::NoPort(it) if it == name), "{name:?}: {failure}");
    }
}

#[test]
fn an_agent_that_does_not_accept_is_given_up() {
    let (name, listener) = listen();
    nix::sys::socket::listen(&listener, nix::sys::socket::Backlog::new(0).unwrap()).unwrap();
    // One waits to be accepted; the next waits for a place to wait.
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _waiting = UnixStream::connect_addr(&address).unwrap();
    assert!(matches!(impatient(&name), Err(Failure::Silent)));
}

#[test]
fn an_agent_that_only_notifies_is_given_up() {
    let chatty = daemon(true, |_, stream| {
        while stream.write_all(b"  26,   2,   1,   0,             ptm\nport,cbl status\nswp1,pass\n").is_ok() {
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    assert!(matches!(impatient(&chatty), Err(Failure::Silent)));
}
