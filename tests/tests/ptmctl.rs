//! `ptmctl` against a real agent: on a terminal, in scripts, and its JSON before a validator that is not ours.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;

use ptm_tests::scenario::{self, usual_ring};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, FabricError, Terminal, program};
use serde_json::{Value, json};

/// What stands on a terminal of this size.
struct Screen {
    rows: u16,
    columns: u16,
}

impl Screen {
    fn of(&self, terminal: &Terminal) -> vt100::Parser {
        let mut parser = vt100::Parser::new(self.rows, self.columns, 0);
        parser.process(&terminal.written());
        parser
    }

    /// Waits until the picture is as wanted and gives it. While it is drawn, its end is still that of the one before:
    /// what is wanted must tell them apart.
    fn until(&self, what: &str, terminal: &Terminal, wanted: impl Fn(&str) -> bool) -> String {
        self.until_drawn(what, terminal, |screen| wanted(&screen.contents())).screen().contents()
    }

    /// The same for what stands there besides text.
    fn until_drawn(&self, what: &str, terminal: &Terminal, wanted: impl Fn(&vt100::Screen) -> bool) -> vt100::Parser {
        wait::until(what, PATIENCE, || {
            let parser = self.of(terminal);
            if wanted(parser.screen()) { Ok(parser) } else { Err(parser.screen().contents()) }
        })
        .unwrap()
    }
}

#[test]
fn watching_on_a_terminal_shows_what_is_there_now() {
    if !scenario::may_run("ptmctl --watch on a terminal") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let size = Screen { rows: 24, columns: 100 };
    let start = |fabric: &mut Fabric, arguments: &[&str], size: &Screen| {
        Terminal::start(fabric.node("vm1").unwrap().machine(), arguments, size.rows, size.columns).unwrap()
    };
    // Only a change can bring the next picture.
    let mut terminal = start(&mut fabric, &["ptmctl", "--watch", "3600"], &size);
    let settings = terminal.settings().unwrap();
    let picture = size.until("the first picture", &terminal, |picture| picture.contains("eth2   pass"));
    let head = picture.lines().next().unwrap();
    assert!(head.starts_with("vm1  ") && head.ends_with(" UTC  2 ports: 2 pass, 0 fail, 0 no-info"), "{picture}");
    assert!(picture.contains("eth1   pass   vm2:eth1             vm2:eth1"), "{picture}");

    fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    size.until_drawn("both to be wrong, and red", &terminal, |screen| {
        let picture = screen.contents();
        let row = (0..size.rows).find(|&row| screen.contents_between(row, 0, row, 5) == "eth1 ");
        let status = row.and_then(|row| screen.cell(row, 7));
        status.is_some_and(|it| (it.contents(), it.fgcolor()) == ("f", vt100::Color::Idx(1)))
            && picture.matches("wrong-node").count() == 2
            && picture.contains("2 ports: 0 pass, 2 fail, 0 no-info")
            && picture.contains("move the cable from eth1 to eth2")
    });
    fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    // Shorter again, and nothing of the longer picture is left.
    size.until("both to pass, and nothing more", &terminal, |picture| {
        let last = picture.trim_end().lines().next_back();
        picture.contains("2 pass") && last.is_some_and(|last| last.starts_with("eth2   pass"))
    });

    let vm1 = fabric.node("vm1").unwrap();
    vm1.kill_agent();
    size.until("the agent to be missed", &terminal, |picture| {
        ["no agent runs here", "OLD, seen at ", "eth1   pass"].iter().all(|words| picture.contains(words))
    });
    vm1.start_agent(&[]).unwrap();
    let is_back = |picture: &str| {
        !picture.contains("OLD") && !picture.contains("no agent") && picture.contains("2 ports: 2 pass")
    };
    size.until("the agent to be back", &terminal, is_back);

    // Ctrl-C, as a person presses it.
    terminal.press(b"\x03").unwrap();
    let status = terminal.wait().unwrap();
    assert_eq!(status.signal(), Some(libc::SIGINT), "{status}");
    assert_eq!(terminal.settings().unwrap(), settings);
    // The cursor is seen, on the screen that it was on, below the picture, after ^C.
    size.until_drawn("the terminal to be as before", &terminal, |screen| {
        let (row, column) = screen.cursor_position();
        let below = column <= 2 && screen.contents_between(row, 2, size.rows, 0).trim().is_empty();
        let plain = (screen.fgcolor(), screen.bold()) == (vt100::Color::Default, false);
        below && plain && !screen.hide_cursor() && !screen.alternate_screen()
    });
}

#[test]
fn a_picture_is_cut_to_the_window() {
    if !scenario::may_run("ptmctl --watch in a small window") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let size = Screen { rows: 8, columns: 40 };
    let vm1 = fabric.node("vm1").unwrap().machine();
    let terminal = Terminal::start(vm1, &["ptmctl", "explain", "eth1", "--watch"], size.rows, size.columns).unwrap();
    let picture = size.until("the picture", &terminal, |picture| picture.trim_end().ends_with(" more"));
    let lines: Vec<_> = picture.lines().collect();
    assert!(lines.len() < usize::from(size.rows) && lines[0].starts_with("vm1  "), "{picture}");
    let last = lines.last().unwrap();
    assert!(last.starts_with("… ") && last.ends_with(" more"), "{picture}");

    // Of a table that is longer than the window, what is wrong and what to do is what one sees.
    let size = Screen { rows: 9, columns: 100 };
    let vm1 = fabric.node("vm1").unwrap().machine();
    let terminal = Terminal::start(vm1, &["ptmctl", "--watch"], size.rows, size.columns).unwrap();
    size.until("the table", &terminal, |picture| picture.contains("eth2   pass"));
    fabric.unplug("vm1:eth2").unwrap();
    size.until("the fault", &terminal, |picture| {
        let lines: Vec<_> = picture.lines().collect();
        matches!(lines[..], [head, _, fault, .., last] if head.ends_with("1 fail, 0 no-info")
            && fault.starts_with("eth2: link-down: ") && last.ends_with(" more"))
    });
}

#[test]
fn the_exit_status_tells_a_script_how_the_cables_are() {
    if !scenario::may_run("ptmctl --exit-code") {
        return;
    }
    let mut fabric = usual_ring().unwrap();
    let code =
        |fabric: &mut Fabric, arguments: &[&str]| fabric.node("vm1").unwrap().ptmctl(arguments).unwrap().status.code();
    assert_eq!(code(&mut fabric, &["--exit-code"]), Some(0));
    fabric.unplug("vm1:eth1").unwrap();
    fabric.node("vm1").unwrap().await_reason("eth1", "link-down").unwrap();
    assert_eq!(code(&mut fabric, &["--exit-code"]), Some(1));
    assert_eq!(code(&mut fabric, &["explain", "eth2", "--exit-code"]), Some(0));
    assert_eq!(code(&mut fabric, &[]), Some(0));
    fabric.node("vm1").unwrap().kill_agent();
    assert_eq!(code(&mut fabric, &["--exit-code"]), Some(2));
}

/// Something that is done to a fabric.
type Change = fn(&mut Fabric) -> Result<(), FabricError>;

/// Lets `jsonschema` say whether each of `instances` is what the definition `name` of our schema describes. All at once:
/// it takes a while to start.
fn are_valid(name: &str, instances: &[Value]) -> io::Result<Result<(), String>> {
    let mut schema: Value = serde_json::from_str(include_str!("../../docs/ptmctl.schema.json"))?;
    let whole = schema.as_object_mut().expect("a schema is an object");
    whole.remove("anyOf");
    whole.insert("type".to_owned(), json!("array"));
    whole.insert("items".to_owned(), json!({ "$ref": format!("#/$defs/{name}") }));
    let folder = tempfile::tempdir()?;
    let (schema_file, instance_file) = (folder.path().join("schema.json"), folder.path().join("instance.json"));
    fs::write(&schema_file, schema.to_string())?;
    fs::write(&instance_file, json!(instances).to_string())?;
    let said = Command::new("jsonschema").arg("--instance").args([&instance_file, &schema_file]).output()?;
    let complaint = || format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    Ok(if said.status.success() { Ok(()) } else { Err(complaint()) })
}

#[test]
fn what_is_printed_as_json_fits_its_schema() {
    if !scenario::may_run("ptmctl's JSON before a validator") {
        return;
    }
    if let Err(error) = are_valid("explained", &[]) {
        let _ =
            writeln!(io::stderr(), "LEFT OUT: ptmctl's JSON before a validator: jsonschema does not start: {error}");
        return;
    }
    let check = |name, instances: &[Value]| are_valid(name, instances).unwrap();
    let mut all = BTreeMap::<_, Vec<_>>::new();
    let mut fabric = usual_ring().unwrap();
    let mut listen = Command::new(program("ptmctl").unwrap());
    listen.args(["--listen", "--json"]);
    let listener = fabric.node("vm1").unwrap().machine().spawn(listen).unwrap();
    let printed = |fabric: &mut Fabric, arguments: &[&str]| -> Value {
        serde_json::from_str(&fabric.node("vm1").unwrap().ptmctl(arguments).unwrap().stdout).unwrap()
    };
    wait::until("the listener to hear", PATIENCE, || {
        fabric.replug("vm1:eth1").map_err(|error| format!("{error:?}"))?;
        if listener.log().is_empty() { Err("nothing heard".to_owned()) } else { Ok(()) }
    })
    .unwrap();
    let rounds: [Change; 4] = [
        |_| Ok(()),
        |fabric| {
            fabric.exchange("vm1:eth1", "vm1:eth2")?;
            fabric.node("vm1")?.await_reason("eth1", "wrong-node")?;
            fabric.node("vm1")?.await_reason("eth2", "wrong-node").map(drop)
        },
        |fabric| {
            fabric.remove_port("vm1:eth1")?;
            fabric.node("vm1")?.await_reason("eth1", "absent").map(drop)
        },
        // Nobody is heard any more: the neighbors are refused.
        |fabric| {
            fabric.remove_port("vm1:eth2")?;
            fabric.node("vm1")?.await_reason("eth2", "absent").map(drop)
        },
    ];
    for prepare in rounds {
        prepare(&mut fabric).unwrap();
        for (name, arguments) in [
            ("ports", &["--json"][..]),
            ("ports", &["--detail", "--json"]),
            ("neighbors", &["--lldp", "--json"]),
            ("sessions", &["--bfd", "--json"]),
            ("explained", &["explain", "eth1", "--json"]),
            ("plan", &["plan", "--json"]),
            ("reloaded", &["reload", "--json"]),
        ] {
            all.entry(name).or_default().push(printed(&mut fabric, arguments));
        }
    }
    let lines = wait::until("changes", PATIENCE, || {
        let lines = listener.log();
        if lines.matches("\"absent\"").count() == 2 && lines.ends_with('\n') { Ok(lines) } else { Err(lines) }
    });
    let changes = lines.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    all.insert("change", changes);
    let refused = all["neighbors"].last().unwrap();
    assert_eq!(refused["0"]["cmd_status"], "fail", "{refused}");
    for (name, instances) in all {
        assert!(!instances.is_empty(), "{name}");
        check(name, &instances).unwrap_or_else(|why| panic!("{name}: {why}\n{instances:#?}"));
    }

    // The validator does look.
    let mut ports = printed(&mut fabric, &["--json"]);
    ports["0"]["ifindex"] = json!("seven");
    assert!(check("ports", &[ports.clone()]).is_err());
    ports["0"]["ifindex"] = json!(7);
    assert_eq!(check("ports", &[ports.clone()]), Ok(()));
    ports["0"]["surprise"] = json!("x");
    assert!(check("ports", &[ports]).is_err());
}
