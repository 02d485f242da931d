//! Three who watch the same cables through restarts and reloads: zebra, a hook, `ptmctl --listen`. They must agree.

use std::time::Duration;

use ptm_tests::scenario;
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Fabric, Frame, HookRun, Kind, PortReport, Process, Seen, USUAL_TTL, Zebra};

/// The ring, with another neighbor than its own for vm1's `eth1` if need be, and a third port there, `eth3`, on which a
/// neighbor is played by hand.
fn plan(far: &str) -> String {
    format!(
        "graph G {{\n  vm1:eth1 -- {far}\n  vm1:eth2 -- vm4:eth2\n  vm1:eth3 -- probe:eth1\n  vm2:eth2 -- vm3:eth2\n  \
         vm3:eth1 -- vm4:eth1\n}}\n"
    )
}

/// One entry of somebody's record of a port: a status.
enum Entry<'a> {
    /// What it was told because it asked: it may know that already.
    Answer(&'a str),
    /// What it was told unasked.
    News(&'a str),
}

/// What makes the three records comparable: the changes between `pass` and `fail`, beginning with the first that is
/// known.
///
/// A hook hears of nothing else. To zebra and `--listen` there is `N/A` too, which counts as what comes between two
/// others. Who connects again is told what there is, which is no change if it was so before. But who is told unasked
/// what it knows already has heard of a change that was none: that stays in its record, as does the run of a hook
/// without a change. So two records differ when one of them has a change more, a change less, or another order.
fn changes<'a>(record: impl IntoIterator<Item = Entry<'a>>) -> Vec<&'a str> {
    let mut changes = Vec::new();
    for entry in record {
        match entry {
            Entry::Answer(status) if changes.last() == Some(&status) => (),
            Entry::Answer(status) | Entry::News(status) => changes.push(status),
        }
    }
    changes.retain(|status| matches!(*status, "pass" | "fail"));
    changes
}

/// zebra's record of a port.
fn of_zebra<'a>(record: &'a [Seen], of: &str) -> Vec<&'a str> {
    changes(record.iter().filter_map(|seen| match seen {
        Seen::Cable { kind: Kind::Response, port, status } if port == of => Some(Entry::Answer(status)),
        Seen::Cable { kind: Kind::Notification, port, status } if port == of => Some(Entry::News(status)),
        _ => None,
    }))
}

/// The hooks' record of a port.
fn of_hooks<'a>(record: &'a [HookRun], of: &str) -> Vec<&'a str> {
    changes(record.iter().filter(|run| run.port == of).map(|run| Entry::News(&run.cable)))
}

/// What the agent says of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    port: String,
    status: String,
    reason: String,
}

impl From<PortReport> for Verdict {
    fn from(report: PortReport) -> Self {
        Self { port: report.port, status: report.status, reason: report.reason }
    }
}

/// What `--listen` has: its lines, and before those of each process what there was when it began.
#[derive(Debug)]
enum Heard {
    Began(Verdict),
    Line(Verdict),
}

/// The listener's record of a port.
fn of_listener<'a>(record: &'a [Heard], of: &str) -> Vec<&'a str> {
    let mut known = None;
    changes(record.iter().filter_map(|heard| {
        let (Heard::Began(verdict) | Heard::Line(verdict)) = heard;
        if verdict.port != of {
            return None;
        }
        // It alone hears of another reason for the same status.
        let other_reason = known.replace(&verdict.reason).is_some_and(|known| *known != verdict.reason);
        match heard {
            Heard::Line(Verdict { status, .. }) if !other_reason => Some(Entry::News(status)),
            Heard::Began(Verdict { status, .. }) | Heard::Line(Verdict { status, .. }) => Some(Entry::Answer(status)),
        }
    }))
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
        self.record.extend(vm1.reports().unwrap().into_iter().map(|report| Heard::Began(report.into())));
    }

    /// Takes what the process printed: `TIME PORT STATUS REASON: …`.
    fn catch_up(&mut self) {
        for line in self.process.new_lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            // Its last words, when the agent goes, are about no port.
            if let [_, port @ ("eth1" | "eth2"), status, reason, ..] = words[..] {
                let status = if status == "no-info" { "N/A" } else { status };
                let reason = reason.trim_end_matches(':');
                let verdict = Verdict { port: port.into(), status: status.into(), reason: reason.into() };
                self.record.push(Heard::Line(verdict));
            }
        }
    }
}

fn await_reason(fabric: &mut Fabric, port: &str, reason: &str) {
    fabric.node("vm1").unwrap().await_reason(port, reason).unwrap();
}

/// What the agent says now of the ports whose records are compared.
fn verdicts(fabric: &mut Fabric) -> Vec<Verdict> {
    let reports = fabric.node("vm1").unwrap().reports().unwrap();
    reports.into_iter().filter(|it| it.port != "eth3").map(Verdict::from).collect()
}

fn write_plan(fabric: &mut Fabric, text: &str) {
    fabric.node("vm1").unwrap().machine().write("/run/ptm/topology.dot", text).unwrap();
}

/// What `ptmctl reload` exits with.
fn reload(fabric: &mut Fabric) -> Option<i32> {
    fabric.node("vm1").unwrap().ptmctl(&["reload"]).unwrap().status.code()
}

/// Restarts the agent, by `kill -9` or SIGTERM, and waits until zebra has its answers for eth1 and eth2 again. Gives
/// all that it saw of these two meanwhile.
fn restart(fabric: &mut Fabric, kill: bool, zebra: &mut Zebra, listener: &mut Listener) -> Vec<Seen> {
    let before = verdicts(fabric);
    let vm1 = fabric.node("vm1").unwrap();
    if kill {
        vm1.kill_agent();
    } else {
        vm1.agent().unwrap().terminate().unwrap();
    }
    vm1.start_agent(&[]).unwrap();
    vm1.await_agent().unwrap();
    assert_eq!(verdicts(fabric), before, "at once what they were");
    listener.start_again(fabric);

    let answers: Vec<_> = before.iter().map(|it| Seen::answered(&it.port, &it.status)).collect();
    let mut seen = zebra.await_seen(&answers).unwrap();
    let is_compared =
        |seen: &Seen| matches!(seen, Seen::Cable { port, .. } | Seen::Interface { port, .. } if port != "eth3");
    seen.retain(is_compared);
    seen
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
    zebra.await_seen(&[Seen::interface("eth1", true)]).unwrap();

    // The agent is restarted while all pass: no failure, no event, no interface that moves, at no moment.
    for kill in [false, true] {
        let seen = restart(&mut fabric, kill, &mut zebra, &mut listener);
        assert_eq!(seen, ["eth1", "eth2"].map(|port| Seen::answered(port, "pass")));
    }

    // Another plan: the cable that is there is the wrong one now, and again so after a restart. Not by `kill -9`, which
    // may come before what is so new was written down.
    write_plan(&mut fabric, &plan("vm3:eth7"));
    await_reason(&mut fabric, "eth1", "wrong-node");
    zebra.await_seen(&[Seen::interface("eth1", false)]).unwrap();
    let seen = restart(&mut fabric, false, &mut zebra, &mut listener);
    // Without an agent zebra holds nothing down.
    let (up, down) = (Seen::interface("eth1", true), Seen::interface("eth1", false));
    assert_eq!(seen, [up, Seen::answered("eth1", "fail"), down, Seen::answered("eth2", "pass")]);

    // A broken plan changes nothing; the one that mends it does, at once.
    write_plan(&mut fabric, "graph G {\n  vm1:eth1 -- vm2:eth1\n  vm1:eth2 --\n");
    let before = verdicts(&mut fabric);
    assert_eq!(reload(&mut fabric), Some(1));
    assert_eq!(verdicts(&mut fabric), before);
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
    let seen = zebra.stop();
    wait::until("the three records to agree", PATIENCE, || {
        listener.catch_up();
        let runs = fabric.node("vm1").and_then(|vm1| vm1.hook_runs()).map_err(|e| e.to_string())?;
        for (port, expected) in expected {
            let (zebra, hooks) = (of_zebra(&seen, port), of_hooks(&runs, port));
            let listener = of_listener(&listener.record, port);
            if [&zebra, &hooks, &listener].iter().any(|record| *record != expected) {
                return Err(format!("{port}, {expected:?}:\nzebra {zebra:?}\nhooks {hooks:?}\nlisten {listener:?}"));
            }
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_record_that_differs_shows() {
    let verdict =
        |status: &str, reason: &str| Verdict { port: "eth1".into(), status: status.into(), reason: reason.into() };
    let began = |status, reason| Heard::Began(verdict(status, reason));
    let line = |status, reason| Heard::Line(verdict(status, reason));
    let (answered, notified) = (|status| Seen::answered("eth1", status), |status| Seen::notified("eth1", status));
    let run = |status: &str| HookRun {
        hook: format!("if-topo-{status}"),
        port: "eth1".into(),
        cable: status.into(),
        reason: "N/A".into(),
        expected: "N/A".into(),
        observed: "N/A".into(),
    };

    // The same history as each of them has it: a failure with two reasons, a restart, no information, a failure.
    let common = ["pass", "fail", "fail"];
    let zebra = [answered("pass"), notified("fail"), answered("fail"), notified("N/A"), notified("fail")];
    assert_eq!(of_zebra(&zebra, "eth1"), common);
    assert_eq!(of_hooks(&["pass", "fail", "fail"].map(run), "eth1"), common);
    let listener = [
        began("pass", "match"),
        line("fail", "link-down"),
        line("fail", "wrong-node"),
        began("fail", "wrong-node"),
        line("N/A", "absent"),
        line("fail", "wrong-node"),
    ];
    assert_eq!(of_listener(&listener, "eth1"), common);

    // News that is none stays.
    let twice = ["pass", "pass"];
    assert_eq!(of_zebra(&[answered("pass"), notified("pass")], "eth1"), twice);
    assert_eq!(of_hooks(&twice.map(run), "eth1"), twice);
    assert_eq!(of_listener(&[began("pass", "match"), line("pass", "match")], "eth1"), twice);
    // And so does a moment without a verdict, for those who saw it.
    assert_eq!(of_zebra(&[answered("pass"), answered("N/A"), notified("pass")], "eth1"), twice);
}
