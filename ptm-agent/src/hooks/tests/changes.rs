//! From what happens on a port to what its hooks are told.

use std::collections::HashSet;

use super::*;
use crate::lldp::encode::Builder;
use crate::lldp::{ChassisId, ChassisIdSubtype, PortId, PortIdSubtype, Text};
use crate::monitor::{Link, Monitor};
use crate::plan;
use crate::time::BootTime;

/// What happens on the port of a case, which is interface 1.
enum Step {
    Up,
    LinkLost,
    Gone,
    /// A neighbor says its name, its port and its TTL in seconds; its chassis is always the same.
    Hear(&'static str, &'static str, u16),
    /// Seconds.
    Wait(u64),
}

/// One run in the words of its environment: `PTM_CBL`, `PTM_REASON`, `PTM_ACTNBR`.
type Told = (&'static str, &'static str, &'static str);

/// The runs for a history of one port, and the port's reason at its end.
fn runs(port: &str, history: &[Step]) -> (Vec<Run>, Option<Reason>) {
    let (topology, _) = plan::read("graph { me:swp1 -- r1:swp7  me:swp2 -- r2 }");
    let mut monitor = Monitor::new(topology.plan_for("me").unwrap());
    let mut now = BootTime::from_nanos(1);
    for step in history {
        let link = |carrier| Link { ifindex: 1, name: port, carrier, carrier_losses: 0 };
        match *step {
            Step::Up => monitor.link(link(true), now),
            Step::LinkLost => monitor.link(link(false), now),
            Step::Gone => monitor.link_gone(1, now),
            Step::Hear(name, far_port, ttl) => {
                let chassis_id = ChassisId::new(ChassisIdSubtype::Local, b"chassis").unwrap();
                let port_id = PortId::new(PortIdSubtype::InterfaceName, far_port.as_bytes()).unwrap();
                let name = Text::new(name.as_bytes()).unwrap();
                monitor.lldpdu(1, &Builder::new(chassis_id, port_id, ttl).system_name(name).finish(), now);
            }
            Step::Wait(seconds) => {
                now = now + Duration::from_secs(seconds);
                monitor.tick(now);
            }
        }
    }
    let events = std::iter::from_fn(|| monitor.poll_event());
    let runs = events.filter_map(|event| Run::for_event(&event)).collect();
    (runs, monitor.report(port).map(|report| report.reason))
}

#[test]
fn every_change_of_status_is_told_with_its_own_values() {
    use Step::{Gone, Hear, LinkLost, Up, Wait};
    const RIGHT: Step = Hear("r1", "swp7", 120);
    const PASS: Told = ("pass", "match", "r1:swp7");
    let cases: &[(&str, &[Step], Reason, &[Told])] = &[
        ("swp1", &[Up, RIGHT], Reason::Match, &[PASS]),
        ("swp1", &[Up, RIGHT, RIGHT, Wait(60), RIGHT], Reason::Match, &[PASS]),
        ("swp1", &[Up, Hear("r9", "swp7", 120)], Reason::WrongNode, &[("fail", "wrong-node", "r9:swp7")]),
        ("swp1", &[Up, Hear("r1", "swp8", 120)], Reason::WrongPort, &[("fail", "wrong-port", "r1:swp8")]),
        // The neighbor takes another name, and its old one again.
        (
            "swp1",
            &[Up, RIGHT, Hear("r9", "swp7", 120), RIGHT],
            Reason::Match,
            &[PASS, ("fail", "wrong-node", "r9:swp7"), PASS],
        ),
        ("swp1", &[Up, RIGHT, Wait(121)], Reason::AgedOut, &[PASS, ("fail", "aged-out", "N/A")]),
        ("swp1", &[Up, RIGHT, Hear("r1", "swp7", 0)], Reason::Left, &[PASS, ("fail", "left", "N/A")]),
        ("swp1", &[Up, RIGHT, LinkLost], Reason::LinkDown, &[PASS, ("fail", "link-down", "N/A")]),
        ("swp1", &[Up, RIGHT, LinkLost, Up, RIGHT], Reason::Match, &[PASS, ("fail", "link-down", "N/A"), PASS]),
        // Cables exchanged: it failed already, and goes on failing.
        (
            "swp1",
            &[Up, RIGHT, LinkLost, Up, Hear("r9", "swp7", 120)],
            Reason::WrongNode,
            &[PASS, ("fail", "link-down", "N/A")],
        ),
        ("swp1", &[Up], Reason::Silent, &[]),
        ("swp1", &[LinkLost], Reason::Down, &[]),
        ("swp1", &[], Reason::Absent, &[]),
        // From a verdict to none; and from none to the same verdict as before, which is a change again.
        ("swp1", &[Up, RIGHT, Gone], Reason::Absent, &[PASS]),
        ("swp1", &[Up, RIGHT, Gone, Up, RIGHT], Reason::Match, &[PASS, PASS]),
        ("swp2", &[Up, Hear("r2", "swp1", 120)], Reason::Unchecked, &[]),
        ("swp9", &[Up, Hear("r2", "swp1", 120)], Reason::Unplanned, &[]),
    ];
    for (port, history, reason, expected) in cases {
        let (runs, last) = runs(port, history);
        assert_eq!(last, Some(*reason));
        let told: Vec<Told> = expected.to_vec();
        assert_eq!(runs.len(), told.len(), "{reason}: {runs:?}");
        for (run, (cable, why, observed)) in runs.iter().zip(told) {
            assert_eq!(run.hook(), format!("if-topo-{cable}"));
            let bfd = ["STATUS", "PEER", "LOCAL", "TYPE", "DOWNDIAG"].map(|what| (format!("PTM_BFD{what}"), "N/A"));
            let ptm = [("PORT", *port), ("CBL", cable), ("EXPNBR", "r1:swp7"), ("ACTNBR", observed), ("REASON", why)];
            let wanted: HashSet<_> =
                ptm.map(|(what, value)| (format!("PTM_{what}"), value)).into_iter().chain(bfd).collect();
            let variables = environment::variables(run);
            let variables = variables.iter().filter(|(name, _)| name.starts_with("PTM_"));
            let told: HashSet<_> = variables.map(|(name, value)| ((*name).to_owned(), value.as_str())).collect();
            assert_eq!(told, wanted);
        }
    }
    let reasons: HashSet<Reason> = cases.iter().map(|case| case.2).collect();
    assert_eq!(reasons, HashSet::from(Reason::ALL), "no reason is forgotten");
}
