//! Three who watch the same cables through restarts and reloads: zebra, a hook, `ptmctl --listen`. They must agree.

use std::time::Duration;

use ptm_tests::scenario;
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, Frame, HookRun, Kind, PortReport, Process, Seen, USUAL_TTL, Zebra};

/// The ring, one port of vm1 being cabled to `far`, and vm1's port `eth3`, on which a neighbor is played by hand.
fn plan(far: &str) -> String {
    format!(
        "graph G {{\n  vm1:eth1 -- {far}\n  vm1:eth2 -- vm4:eth2\n  vm1:eth3 -- probe:eth1\n  vm2:eth2 -- vm3:eth2\n  \
         vm3:eth1 -- vm4:eth1\n}}\n"
    )
}

/// What somebody was told of a port, as a status and a reason, or of a status alone.
///
/// zebra and a hook know no more than a status; they hear of its changes, to and from `N/A` but a hook, for which
/// there is none. `--listen` hears of changes of the reason too. So a record is reduced to the changes of the status,
/// beginning with the first one known, and `N/A` counts only as what comes between two others.
///
/// What somebody asked for or was told when it connected may repeat what it knew: that is no change. But nobody is
/// told *unasked* what it knows: such a repetition stays in the record and lets the comparison fail, as do a change
/// that one of the three missed, one that only one of them saw, another order, a hook that ran again after a restart.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes(Vec<String>);

impl Changes {
    fn asked(&mut self, status: &str) {
        if self.0.last().is_none_or(|last| last != status) {
            self.told(status);
        }
    }

    fn told(&mut self, status: &str) {
        self.0.push(status.to_owned());
    }

    fn without_gaps(mut self) -> Vec<String> {
        self.0.retain(|status| matches!(status.as_str(), "pass" | "fail"));
        self.0
    }
}

/// zebra's record of a port.
fn of_zebra(record: &[Seen], of: &str) -> Vec<String> {
    let mut changes = Changes::default();
    for seen in record {
        match seen {
            Seen::Cable { kind: Kind::Response, port, status } if port == of => changes.asked(status),
            Seen::Cable { kind: Kind::Notification, port, status } if port == of => changes.told(status),
            _ => (),
        }
    }
    changes.without_gaps()
}

/// A hook's record of a port.
fn of_hooks(record: &[HookRun], of: &str) -> Vec<String> {
    let mut changes = Changes::default();
    record.iter().filter(|run| run.port == of).for_each(|run| changes.told(&run.cable));
    changes.without_gaps()
}

/// What `--listen` has, line by line, and between two of its processes what was there when the second began.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    /// A port's status and reason at a process's beginning.
    Began { port: String, status: String, reason: String },
    /// A line.
    Line { port: String, status: String, reason: String },
}

/// The record of `--listen` of a port.
fn of_listener(record: &[Heard], of: &str) -> Vec<String> {
    let mut changes = Changes::default();
    let mut last = None;
    for heard in record {
        match heard {
            Heard::Began { port, status, reason } if port == of => {
                changes.asked(status);
                last = Some(reason);
            }
            Heard::Line { port, status, reason } if port == of => {
                // Another reason for the same status is news to it alone.
                if last == Some(reason) {
                    changes.told(status);
                } else {
                    changes.asked(status);
                }
                last = Some(reason);
            }
            _ => (),
        }
    }
    changes.without_gaps()
}

/// A `ptmctl --listen` that is started anew whenever the agent is.
struct Listener {
    process: Process,
    record: Vec<Heard>,
}

impl Listener {
    /// Starts it. Asks what is there only once it is known to hear, so that no change falls between.
    fn start(fabric: &mut Fabric) -> Self {
        let mut listener = Self { process: fabric.node("vm1").unwrap().listen().unwrap(), record: Vec::new() };
        listener.begin(fabric);
        listener
    }

    /// Goes on with the record in a new process.
    fn start_again(&mut self, fabric: &mut Fabric) {
        self.process.wait(PATIENCE).unwrap();
        self.catch_up();
        self.process = fabric.node("vm1").unwrap().listen().unwrap();
        self.begin(fabric);
    }

    fn begin(&mut self, fabric: &mut Fabric) {
        let mut wire = fabric.wire("vm1:eth3").unwrap();
        let vm1 = fabric.node("vm1").unwrap();
        let mut ttls = [120, 0].into_iter().cycle();
        wait::until("ptmctl --listen to hear", PATIENCE, || {
            let frame = Frame::empty(9).mandatory(9, "eth1", ttls.next().unwrap_or_default()).system_name(b"probe");
            wire.send(&frame.end()).map_err(|e| e.to_string())?;
            if self.process.log().contains("eth3") { Ok(()) } else { Err("nothing yet") }.map_err(str::to_owned)
        })
        .unwrap();
        let began = |it: PortReport| Heard::Began { port: it.port, status: it.status, reason: it.reason };
        self.record.extend(vm1.reports().unwrap().into_iter().map(began));
    }

    /// Takes what the process printed: `TIME PORT STATUS REASON: …`.
    fn catch_up(&mut self) {
        for line in self.process.new_lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            // Its last words, when the agent goes, are about no port.
            if let [_, port @ ("eth1" | "eth2"), status, reason, ..] = words[..] {
                let status = if status == "no-info" { "N/A" } else { status };
                let (port, status, reason) = (port.into(), status.into(), reason.trim_end_matches(':').into());
                self.record.push(Heard::Line { port, status, reason });
            }
        }
    }
}

fn await_reason(fabric: &mut Fabric, port: &str, reason: &str) {
    fabric.node("vm1").unwrap().await_reason(port, reason).unwrap();
}

fn reasons(fabric: &mut Fabric) -> Vec<(String, String)> {
    let reports = fabric.node("vm1").unwrap().reports().unwrap();
    reports.into_iter().filter(|it| it.port != "eth3").map(|it| (it.port, it.reason)).collect()
}

fn write_plan(fabric: &mut Fabric, text: &str) {
    fabric.node("vm1").unwrap().machine().write("/run/ptm/topology.dot", text).unwrap();
}

/// What `ptmctl reload` exits with.
fn reload(fabric: &mut Fabric) -> Option<i32> {
    fabric.node("vm1").unwrap().ptmctl(&["reload"]).unwrap().status.code()
}

/// Restarts the agent, by `kill -9` or SIGTERM. Whatever the ports are, at no moment must anybody hear otherwise.
fn restart(fabric: &mut Fabric, kill: bool, zebra: &mut Zebra, listener: &mut Listener) {
    let before = reasons(fabric);
    let vm1 = fabric.node("vm1").unwrap();
    let statuses = vm1.reports().unwrap().into_iter().filter(|it| it.port != "eth3");
    let answers: Vec<_> = statuses.map(|it| Seen::answered(&it.port, &it.status)).collect();
    if kill {
        vm1.kill_agent();
    } else {
        vm1.agent().unwrap().terminate().unwrap();
    }
    vm1.start_agent(&[]).unwrap();
    vm1.await_agent().unwrap();
    assert_eq!(reasons(fabric), before, "at once what they were");
    listener.start_again(fabric);

    let wanted: Vec<_> = [Seen::Connected].into_iter().chain(answers.clone()).collect();
    let seen = zebra.await_seen(&wanted).unwrap();
    let mut cables = seen.into_iter().filter(|seen| matches!(seen, Seen::Cable { port, .. } if port != "eth3"));
    assert!(cables.all(|cable| answers.contains(&cable)), "{:?}", zebra.record());
}

#[test]
fn zebra_a_hook_and_a_listener_agree_through_restarts_and_reloads() {
    if !scenario::may_run("three records") {
        return;
    }
    let right = plan("vm2:eth1");
    let mut fabric = Fabric::from_plan(&right).unwrap();
    for node in fabric.nodes().filter(|node| node.name() != "probe") {
        node.start_lldpd(USUAL_TTL).unwrap();
    }
    fabric.node("vm1").unwrap().start_agent(&[]).unwrap();
    await_reason(&mut fabric, "eth1", "match");
    await_reason(&mut fabric, "eth2", "match");
    let mut zebra = Zebra::start(fabric.node("vm1").unwrap().machine(), Duration::from_millis(100)).unwrap();
    zebra.await_seen(&["eth1", "eth2"].map(|port| Seen::answered(port, "pass"))).unwrap();
    let mut listener = Listener::start(&mut fabric);

    // A cable is pulled and put back.
    fabric.unplug("vm1:eth1").unwrap();
    await_reason(&mut fabric, "eth1", "link-down");
    fabric.plug(&["vm1:eth1", "vm2:eth1"]).unwrap();
    await_reason(&mut fabric, "eth1", "match");
    zebra.await_seen(&[Seen::notified("eth1", "pass")]).unwrap();

    // The agent is restarted while all pass.
    for kill in [false, true] {
        restart(&mut fabric, kill, &mut zebra, &mut listener);
        assert!(zebra.record().iter().rev().take_while(|it| !matches!(it, Seen::Disconnected(_))).all(|it| !matches!(
            it,
            Seen::Interface { port, .. } if port != "eth3"
        )));
    }

    // Another plan: the cable that is there is the wrong one now, and again so after a restart. Not by `kill -9`, which
    // may come before what is so new was written down.
    write_plan(&mut fabric, &plan("vm3:eth7"));
    await_reason(&mut fabric, "eth1", "wrong-node");
    zebra.await_seen(&[Seen::notified("eth1", "fail")]).unwrap();
    restart(&mut fabric, false, &mut zebra, &mut listener);

    // A broken plan changes nothing; the one that mends it does, at once.
    write_plan(&mut fabric, "graph G {\n  vm1:eth1 -- vm2:eth1\n  vm1:eth2 --\n");
    let before = reasons(&mut fabric);
    assert_eq!(reload(&mut fabric), Some(1));
    assert_eq!(reasons(&mut fabric), before);
    write_plan(&mut fabric, &right);
    assert_eq!(reload(&mut fabric), Some(0));
    await_reason(&mut fabric, "eth1", "match");
    assert_eq!(reload(&mut fabric), Some(0), "the same plan once more, which is no news to anybody");

    // The end of every record.
    for port in ["eth1", "eth2"] {
        fabric.unplug(&format!("vm1:{port}")).unwrap();
        zebra.await_seen(&[Seen::notified(port, "fail")]).unwrap();
    }
    let expected = [("eth1", &["pass", "fail", "pass", "fail", "pass", "fail"][..]), ("eth2", &["pass", "fail"])];
    wait::until("the three records to agree", PATIENCE, || {
        listener.catch_up();
        let hooks = fabric.node("vm1").and_then(|vm1| vm1.hook_runs()).map_err(|e| e.to_string())?;
        for (port, expected) in expected {
            let zebra = of_zebra(&zebra.record(), port);
            let (hooks, listener) = (of_hooks(&hooks, port), of_listener(&listener.record, port));
            if [&zebra, &hooks, &listener].iter().any(|record| *record != expected) {
                return Err(format!("{port}, {expected:?}:\nzebra {zebra:?}\nhooks {hooks:?}\nlisten {listener:?}"));
            }
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_record_that_differs_is_seen_to() {
    let listener = |heard: &[(&str, &str, &str)]| {
        let heard = heard.iter().map(|&(kind, status, reason)| {
            let (port, status, reason) = ("eth1".to_owned(), status.to_owned(), reason.to_owned());
            match kind {
                "began" => Heard::Began { port, status, reason },
                _ => Heard::Line { port, status, reason },
            }
        });
        of_listener(&heard.collect::<Vec<_>>(), "eth1")
    };
    let hooks = |statuses: &[&str]| {
        let run = |cable: &&str| HookRun {
            hook: format!("if-topo-{cable}"),
            port: "eth1".into(),
            cable: (*cable).into(),
            reason: String::new(),
            expected: String::new(),
            observed: String::new(),
        };
        of_hooks(&statuses.iter().map(run).collect::<Vec<_>>(), "eth1")
    };
    let (answered, notified) = (|status| Seen::answered("eth1", status), |status| Seen::notified("eth1", status));

    // The same history as each of them has it: a failure with two reasons, a restart, no information, a pass.
    let zebra =
        of_zebra(&[answered("pass"), notified("fail"), answered("fail"), notified("N/A"), notified("pass")], "eth1");
    assert_eq!(zebra, ["pass", "fail", "pass"]);
    assert_eq!(hooks(&["pass", "fail", "pass"]), zebra);
    let history = [
        ("began", "pass", "match"),
        ("line", "fail", "link-down"),
        ("line", "fail", "wrong-node"),
        ("began", "fail", "wrong-node"),
        ("line", "N/A", "absent"),
        ("line", "pass", "match"),
    ];
    assert_eq!(listener(&history), zebra);

    // News that is none.
    assert_ne!(of_zebra(&[answered("pass"), notified("pass")], "eth1"), ["pass"]);
    assert_ne!(hooks(&["pass", "pass"]), ["pass"]);
    assert_ne!(listener(&[("began", "pass", "match"), ("line", "pass", "match")]), ["pass"]);
    // A gap that one of them did not see.
    assert_ne!(of_zebra(&[answered("pass"), answered("N/A"), notified("pass")], "eth1"), hooks(&["pass"]));
}
