//! `--watch` into a pipe, against an agent that comes and goes. On a terminal: `ptm-tests`' scenarios.

use std::cell::Cell;
use std::sync::mpsc;

use super::*;

/// Takes what is printed, a write at a time, and holds up the printing until the test has it.
struct Pages(mpsc::SyncSender<String>);

impl Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Once the test has seen enough, the output is closed.
        let page = String::from_utf8_lossy(bytes).into_owned();
        self.0.send(page).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `ptmctl` until the test no longer takes what it prints.
pub(super) fn start(socket: String, args: &'static str) -> (mpsc::Receiver<String>, std::thread::JoinHandle<Failure>) {
    let (sender, pages) = mpsc::sync_channel(0);
    let watching = std::thread::spawn(move || {
        let args = Args::try_parse_from(["ptmctl"].into_iter().chain(args.split_whitespace())).unwrap();
        run(&args, &socket, Terminal::default(), &mut Pages(sender)).unwrap_err()
    });
    (pages, watching)
}

#[test]
fn a_change_is_shown_at_once_and_an_agent_that_goes_is_waited_for() {
    let (name, listener) = listen();
    let (change, changes) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        // The first agent tells of a change when the test says so, and goes after its second answer.
        let is_second = Cell::new(false);
        serve(&listener, true, |message, stream| {
            write(stream, Answer::new(&Command::read(message).unwrap().unwrap(), all(), []));
            if is_second.replace(true) {
                stream.shutdown(std::net::Shutdown::Both).unwrap();
            } else {
                changes.recv().unwrap();
                send(stream, Kind::Notification, "port,cbl status\neth1,fail\n");
            }
        });
        serve(&listener, true, |message, stream| {
            write(stream, Answer::new(&Command::read(message).unwrap().unwrap(), [passing()], []));
        });
    });

    // An hour: it is not the clock that brings the second page.
    let (pages, _) = start(name, "--watch 3600");
    let host = crate::host::node_name();
    let first = pages.recv_timeout(PATIENCE).unwrap();
    let (head, table) = first.split_once("\n\n").unwrap();
    assert!(
        head.starts_with(&format!("{host}  ")) && head.ends_with(" UTC  3 ports: 1 pass, 1 fail, 1 no-info"),
        "{head}"
    );
    assert!(table.contains("\neth1   fail    vm2:eth1"), "{table}");
    change.send(()).unwrap();
    let second = pages.recv_timeout(PATIENCE).unwrap();
    assert!(second.starts_with('\n') && second.ends_with(table), "{second}");

    let old = pages.recv_timeout(PATIENCE).unwrap();
    assert!(old.contains("no agent runs here; waiting for it\nOLD, seen at ") && old.ends_with(table), "{old}");
    let new = pages.recv_timeout(PATIENCE).unwrap();
    assert!(new.contains(" UTC  1 port: 1 pass, 0 fail, 0 no-info\n") && !new.contains("OLD"), "{new}");
}

#[test]
fn every_view_can_be_watched_and_a_closed_output_ends_it() {
    let views = [
        ("--watch -d", "3 ports: 1 pass, 1 fail, 1 no-info", "wrong-node"),
        ("--watch -l", "1 neighbor", "vm4"),
        ("explain eth1 --watch", "1 port: 0 pass, 1 fail, 0 no-info", "Captured by"),
        ("--watch -b", "", "No BFD sessions . Check connections"),
        ("explain eth9 --watch", "", "Port eth9 is not in the topology file"),
    ];
    // Side by side, as each picture takes a second.
    let views = views.map(|(args, summary, text)| (start(agent(), args), summary, text));
    for _ in 0..2 {
        for ((pages, _), summary, text) in &views {
            let page = pages.recv_timeout(PATIENCE).unwrap();
            let (head, body) = page.trim_start().split_once("\n\n").unwrap();
            assert!(head.ends_with(summary) && body.contains(text), "{page}");
        }
    }
    // All outputs are closed before the first is waited for.
    let watching = views.map(|((_, watching), ..)| watching);
    for watching in watching {
        assert!(matches!(watching.join().unwrap(), Failure::Output(_)));
    }
}

#[test]
fn a_missing_agent_is_told_of_once() {
    let (pages, _) = start("ptmctl-test/nobody".to_owned(), "--watch");
    let page = pages.recv_timeout(PATIENCE).unwrap();
    assert!(page.ends_with("no agent runs here; waiting for it\n"), "{page:?}");
    // More than two attempts.
    assert!(pages.recv_timeout(Duration::from_millis(2_500)).is_err());
}
