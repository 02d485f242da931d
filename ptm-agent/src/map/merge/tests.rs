//! What the map shows, as tables of what agents say; and that no agent speaks for another, whatever it says.

use proptest::prelude::*;

use super::answers::status;
use super::*;
use crate::api::Count;
use crate::map::fixtures::{RING, START, account, answer, at, port_event, said, target, verdict};
use crate::monitor::Status;
use crate::plan;

/// A map of the ring, and its agents.
struct Scene {
    merge: Merge,
    ids: Vec<AgentId>,
}

impl Scene {
    fn new(targets: &[Target]) -> Self {
        let (topology, _) = plan::read(RING);
        let mut merge = Merge::new(account("ours"), topology.directory(), at(0));
        let ids = merge.set_agents(targets, at(0)).into_iter().map(|(id, _)| id).collect();
        Self { merge, ids }
    }

    /// With an agent for each of the ring's nodes, all up, all ports matching.
    fn passing() -> Self {
        let mut scene = Self::new(&["a", "b", "c"].map(|node| target(Some(node), node)));
        for (index, node) in ["a", "b", "c"].into_iter().enumerate() {
            scene.answer(index, answer(node, &[("1", Reason::Match), ("2", Reason::Match)])).unwrap();
        }
        scene.events();
        scene
    }

    fn answer(&mut self, agent: usize, answer: Topology) -> Result<(), Invalid> {
        self.merge.answer(self.ids[agent], answer, at(2))
    }

    fn event(&mut self, agent: usize, event: PortEvent) -> Result<(), Invalid> {
        self.merge.event(self.ids[agent], event, at(2))
    }

    /// What happened since the last call, in words.
    fn events(&mut self) -> Vec<String> {
        let reason = |reason: Option<Reason>| reason.map_or("-", Reason::as_str);
        let event = |event| match event {
            Event::Port(event) => {
                format!("{}:{} {} > {}", event.node, event.port, reason(event.before), reason(event.after))
            }
            Event::Agent(AgentEvent { node, agent, .. }) => format!("{node} {}", agent.state.as_str()),
        };
        std::iter::from_fn(|| self.merge.poll_event()).map(event).collect()
    }

    /// Every end with its verdict: `a:1=match`.
    fn verdicts(&mut self) -> String {
        let topology = self.merge.topology(START, START, at(3));
        let mut ends: Vec<String> = topology
            .links
            .iter()
            .flat_map(|link| &link.ends)
            .map(|end| {
                let reason = end.verdict.as_ref().map_or("-", |verdict| verdict.reason.as_str());
                format!("{}:{}={reason}", end.node, end.port.as_deref().unwrap_or("-"))
            })
            .collect();
        ends.sort();
        ends.join(" ")
    }

    fn agents(&self) -> String {
        self.merge.agents().map(|(name, reach)| format!("{name} {}", reach.as_str())).collect::<Vec<_>>().join(", ")
    }

    fn detail(&mut self, name: &str) -> String {
        let nodes = &self.merge.topology(START, START, at(3)).nodes;
        nodes.iter().find(|node| node.name == name).unwrap().agent.clone().unwrap().detail
    }
}

#[test]
fn every_agent_s_verdicts_make_the_plan_s_cables() {
    let mut scene = Scene::passing();
    assert_eq!(scene.verdicts(), "a:1=match a:2=match b:1=match b:2=match c:1=match c:2=match");
    scene.event(0, port_event("a", "1", Some(Reason::WrongNode))).unwrap();
    scene.event(0, port_event("a", "1", Some(Reason::WrongNode))).unwrap();
    scene.event(1, port_event("b", "1", None)).unwrap();
    assert_eq!(scene.events(), ["a:1 match > wrong-node", "b:1 match > -"], "none twice");
    assert_eq!(scene.verdicts(), "a:1=wrong-node a:2=match b:1=- b:2=match c:1=match c:2=match");
    let summary = scene.merge.summary(at(3));
    assert_eq!(summary.ports, Count { pass: 4, fail: 1, no_info: 0 });
    assert_eq!(summary.failing.iter().map(|end| &*end.node).collect::<Vec<_>>(), ["a"]);
    assert_eq!(summary.agents.unwrap().len(), 3);
    let detail = scene.merge.port("a:1", at(3)).unwrap();
    assert_eq!(detail.end.verdict.unwrap().reason, Reason::WrongNode);
    assert_eq!(detail.far.unwrap().node, "b");
    assert!(scene.merge.port("a:9", at(3)).is_none() && scene.merge.port("a", at(3)).is_none());
}

#[test]
fn a_cable_passes_only_if_both_ends_do_and_fails_if_one_does() {
    let pass = Some(Reason::Match);
    let cases = [
        (pass, pass, Status::Pass),
        (pass, None, Status::NoInfo),
        (pass, Some(Reason::Silent), Status::NoInfo),
        (pass, Some(Reason::LinkDown), Status::Fail),
        (Some(Reason::Absent), Some(Reason::WrongPort), Status::Fail),
        (None, Some(Reason::AgedOut), Status::Fail),
        (None, None, Status::NoInfo),
    ];
    let end = |reason: Option<Reason>| End {
        node: "n".to_owned(),
        port: None,
        verdict: reason.map(|reason| verdict(reason, "n").into()),
    };
    for (one, other, expected) in cases {
        assert_eq!(status(&Link { ends: [end(one), end(other)] }), expected, "{one:?} {other:?}");
        assert_eq!(status(&Link { ends: [end(other), end(one)] }), expected, "{other:?} {one:?}");
    }
}

#[test]
fn an_agent_that_is_lost_has_no_verdicts_and_one_that_is_back_has_new_ones() {
    let mut scene = Scene::passing();
    for reach in [Reach::Unreachable, Reach::Hanging, Reach::Invalid] {
        scene.merge.lost(scene.ids[0], reach, "why".to_owned(), at(4));
        scene.merge.lost(scene.ids[0], reach, "why".to_owned(), at(5));
        assert_eq!(scene.events(), [format!("a {}", reach.as_str())], "told once");
        assert_eq!(scene.verdicts(), "a:1=- a:2=- b:1=match b:2=match c:1=match c:2=match");
        // What is still on its way from before counts no more.
        scene.event(0, port_event("a", "1", Some(Reason::Match))).unwrap();
        assert_eq!(scene.merge.cables(), Count { pass: 1, fail: 0, no_info: 2 });
        scene.answer(0, answer("a", &[("1", Reason::Match), ("2", Reason::Silent)])).unwrap();
        assert_eq!(scene.events(), ["a up"], "no event a port: readers fetch everything again");
        assert!(scene.merge.take_changed());
        assert_eq!(scene.verdicts(), "a:1=match a:2=silent b:1=match b:2=match c:1=match c:2=match");
    }
}

#[test]
fn who_stays_up_is_told_of_what_a_new_answer_changes() {
    let mut scene = Scene::passing();
    scene.merge.take_changed();
    let version = scene.merge.version();
    scene.answer(0, answer("a", &[("1", Reason::Match), ("2", Reason::Match)])).unwrap();
    assert!(scene.events().is_empty() && !scene.merge.take_changed() && scene.merge.version() == version);
    scene.answer(0, answer("a", &[("2", Reason::Left)])).unwrap();
    assert_eq!(scene.events(), ["a:1 match > -", "a:2 match > left"]);
    let mut cached = answer("a", &[("2", Reason::Left)]);
    cached.links[0].ends[0].verdict.as_mut().unwrap().cached = true;
    scene.answer(0, cached).unwrap();
    assert!(scene.events().is_empty() && scene.merge.take_changed(), "no event, and yet another answer");
}

#[test]
fn a_copy_stays_as_it_was_and_shares_the_links_that_do_not_change() {
    let mut scene = Scene::passing();
    let copy = scene.merge.topology(START, START, at(3));
    scene.event(0, port_event("a", "1", Some(Reason::Left))).unwrap();
    let later = scene.merge.topology(START, START, at(3));
    let reason = |whole: &Whole| whole.links[0].ends[0].verdict.as_ref().map(|verdict| verdict.reason);
    assert_eq!((reason(&copy), reason(&later)), (Some(Reason::Match), Some(Reason::Left)));
    let shared = copy.links.iter().zip(&later.links).map(|(one, other)| Arc::ptr_eq(one, other));
    assert_eq!(shared.collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn what_no_agent_of_that_node_says_is_invalid_and_nothing_of_it_is_shown() {
    let good = || answer("a", &[("1", Reason::Match), ("2", Reason::Match)]);
    let with = |change: fn(&mut Topology)| {
        let mut answer = good();
        change(&mut answer);
        answer
    };
    let cases = [
        (answer("b", &[("1", Reason::Match)]), "it says it is b, not a"),
        (with(|a| a.server.kind = Kind::Map), "a map answers there"),
        (with(|a| a.server.node = None), "does not say which node"),
        (with(|a| a.links[1].ends[0].node = "b".to_owned()), "speaks for another node, b"),
        (with(|a| a.links[1].ends[0].port = Some("9".to_owned())), "judges the port 9"),
        (with(|a| a.links[1].ends[0].port = None), "nothing, or not which port"),
        (with(|a| a.links[1].ends[0].verdict = None), "nothing, or not which port"),
        (
            with(|a| a.links[1].ends[0].verdict.as_mut().unwrap().status = Status::Fail),
            "it says that `match` is `fail`",
        ),
        (with(|a| a.links = vec![a.links[0].clone(); 3]), "more cables"),
        (with(|a| a.unplanned = vec![said("c", "7", Reason::Unplanned)]), "speaks for another node, c"),
        (with(|a| a.unplanned = vec![said("a", "7", Reason::Match)]), "judges the port 7"),
        (with(|a| a.unplanned = vec![said("a", "1", Reason::Unplanned)]), "calls the port 1 unplanned"),
    ];
    for (lie, why) in cases {
        let mut scene = Scene::passing();
        let error = scene.answer(0, lie).unwrap_err().to_string();
        assert!(error.contains(why) && scene.detail("a") == error, "{why}: {error}");
        assert_eq!(scene.agents(), "a invalid, b up, c up");
        assert_eq!(scene.verdicts(), "a:1=- a:2=- b:1=match b:2=match c:1=match c:2=match");
        scene.answer(0, good()).unwrap();
        assert_eq!(scene.agents(), "a up, b up, c up", "it may mend its ways");
    }
}

#[test]
fn an_event_that_is_not_of_that_node_is_invalid_and_one_of_another_plan_waits_for_that() {
    let mut two_things = port_event("a", "1", Some(Reason::Silent));
    two_things.after = Some(Reason::Match);
    for (event, why) in
        [(port_event("b", "1", Some(Reason::Left)), "it tells of another node, b"), (two_things, "says two things")]
    {
        let mut scene = Scene::passing();
        assert!(scene.event(0, event).unwrap_err().to_string().contains(why));
        assert_eq!(scene.agents(), "a invalid, b up, c up");
        assert_eq!(scene.verdicts(), "a:1=- a:2=- b:1=match b:2=match c:1=match c:2=match");
    }
    let mut scene = Scene::passing();
    let mut unplanned = port_event("a", "1", Some(Reason::Unplanned));
    for event in [port_event("a", "9", Some(Reason::Match)), unplanned.clone()] {
        scene.event(0, event).unwrap();
    }
    assert!(scene.events().is_empty());
    unplanned.port = "9".to_owned();
    scene.event(0, unplanned).unwrap();
    assert_eq!(scene.events(), ["a:9 - > unplanned"]);
    let topology = scene.merge.topology(START, START, at(3));
    assert_eq!((topology.unplanned.len(), &*topology.unplanned[0].node), (1, "a"));
    assert!(scene.merge.port("a:9", at(3)).unwrap().far.is_none());
    scene.event(0, PortEvent { planned: false, ..port_event("a", "9", None) }).unwrap();
    assert!(scene.merge.topology(START, START, at(3)).unplanned.is_empty());
}

#[test]
fn ports_that_the_plan_does_not_name_are_kept_in_a_bounded_number() {
    let mut scene = Scene::passing();
    let mut many = answer("a", &[]);
    many.unplanned = (0..1_000).map(|port| said("a", &format!("x{port}"), Reason::Unplanned)).collect();
    scene.answer(0, many).unwrap();
    for port in 0..1_000 {
        scene.event(0, port_event("a", &format!("y{port}"), Some(Reason::Unplanned))).unwrap();
    }
    assert_eq!(scene.merge.topology(START, START, at(3)).unplanned.len(), MOST_UNPLANNED);
}

#[test]
fn text_is_shown_bounded_and_without_what_deceives() {
    let mut scene = Scene::passing();
    let mut long = answer("a", &[("1", Reason::WrongNode)]);
    let verdict = long.links[0].ends[0].verdict.as_mut().unwrap();
    verdict.observed = Some("\u{202e}".repeat(10_000));
    verdict.explanation = "é".repeat(10_000);
    scene.answer(0, long).unwrap();
    let shown = scene.merge.port("a:1", at(3)).unwrap().end.verdict.unwrap();
    let observed = shown.observed.unwrap();
    assert!(observed.starts_with("\\u{202e}") && observed.len() < 310, "{observed}");
    assert!(shown.explanation.ends_with('…') && shown.explanation.len() <= 1_003);
}

#[test]
fn another_plan_is_no_news_of_ours_until_it_is_ours() {
    let mut scene = Scene::passing();
    let mut other = answer("a", &[("1", Reason::Match)]);
    other.plan = account("0123456789abcdef");
    scene.answer(0, other.clone()).unwrap();
    assert_eq!(scene.events(), ["a other-plan"]);
    assert!(scene.detail("a").contains("0123456789ab…") && scene.detail("a").contains("ours"));
    assert_eq!(scene.verdicts(), "a:1=- a:2=- b:1=match b:2=match c:1=match c:2=match");

    // The map's plan follows: now the others are behind, and its ports are the new ones.
    let (topology, _) = plan::read("graph { a:1 -- b:7; a:3 -- d:1 }");
    scene.merge.set_plan(account("0123456789abcdef"), topology.directory(), at(5));
    assert_eq!(scene.events(), ["b other-plan", "c other-plan"]);
    assert_eq!(scene.verdicts(), "a:1=- a:3=- b:7=- d:1=-");
    scene.answer(0, other).unwrap();
    assert_eq!(scene.verdicts(), "a:1=match a:3=- b:7=- d:1=-");
    // c is in the plan no more: it stays visible, by its address, until its agent is dropped from the list.
    assert_eq!(scene.agents(), "a up, b other-plan, http://c:10786 other-plan");
    let kept = ["a", "b"].map(|node| target(Some(node), node));
    assert!(scene.merge.set_agents(&kept, at(6)).is_empty());
    assert_eq!(scene.agents(), "a up, b other-plan");
}

#[test]
fn the_same_plan_read_again_changes_no_verdict_and_a_broken_one_only_says_so() {
    let mut scene = Scene::passing();
    let failure = |since| PlanFailure { since: at(since), error: "broken".to_owned(), problems: Vec::new() };
    scene.merge.plan_failed(failure(5));
    scene.merge.plan_failed(failure(6));
    assert_eq!(scene.merge.plan().failure, Some(failure(5)), "since it is broken");
    let (topology, _) = plan::read(RING);
    scene.merge.set_plan(account("ours"), topology.directory(), at(7));
    assert_eq!(scene.merge.plan().failure, None);
    assert!(scene.events().is_empty());
    assert_eq!(scene.merge.cables().pass, 3);
}

#[test]
fn an_agent_without_a_name_says_it_itself_and_the_first_one_keeps_it() {
    let mut scene = Scene::new(&[target(None, "one"), target(None, "two"), target(None, "three")]);
    assert_eq!(
        scene.agents(),
        "http://one:10786 connecting, http://two:10786 connecting, http://three:10786 connecting"
    );
    assert_eq!(scene.merge.topology(START, START, at(3)).nodes.len(), 6, "they are to be seen all the same");
    scene.answer(0, answer("a", &[("1", Reason::Match)])).unwrap();
    let error = scene.answer(1, answer("a", &[("1", Reason::Left)])).unwrap_err().to_string();
    assert_eq!(error, "it says it is a, and so does the one at http://one:10786");
    assert!(scene.answer(2, answer("z", &[])).unwrap_err().to_string().contains("z, which the plan does not name"));
    assert_eq!(scene.events(), ["a up", "http://two:10786 invalid", "http://three:10786 invalid"]);
    assert!(scene.verdicts().starts_with("a:1=match"));
    assert_eq!(scene.merge.topology(START, START, at(3)).nodes.len(), 5);

    // Another machine got its address: it is that one from now on, and the node is free.
    scene.answer(0, answer("b", &[("1", Reason::Match)])).unwrap();
    assert!(scene.verdicts().starts_with("a:1=- a:2=- b:1=match"));
    scene.answer(1, answer("a", &[("1", Reason::Left)])).unwrap();
    assert!(scene.verdicts().starts_with("a:1=left a:2=- b:1=match"));

    // The list says now who is a: what was only claimed goes.
    let given = [target(None, "one"), target(None, "two"), target(Some("a"), "four")];
    let new = scene.merge.set_agents(&given, at(8));
    assert_eq!(new.len(), 1);
    assert!(scene.verdicts().starts_with("a:1=- a:2=- b:1=match"));
    assert_eq!(scene.agents(), "b up, http://two:10786 invalid, a connecting");
}

#[test]
fn who_is_taken_from_the_list_is_forgotten() {
    let mut scene = Scene::passing();
    scene.merge.set_agents(&[target(Some("b"), "b")], at(4));
    assert_eq!(scene.verdicts(), "a:1=- a:2=- b:1=match b:2=match c:1=- c:2=-");
    assert_eq!(scene.agents(), "b up");
    scene.answer(0, answer("a", &[("1", Reason::Match)])).unwrap();
    scene.event(2, port_event("c", "1", Some(Reason::Match))).unwrap();
    scene.merge.lost(scene.ids[0], Reach::Hanging, String::new(), at(5));
    assert_eq!(scene.verdicts(), "a:1=- a:2=- b:1=match b:2=match c:1=- c:2=-", "too late");
    assert!(scene.merge.topology(START, START, at(5)).nodes[0].agent.is_none());
}

/// Something that an agent, by its number, says or suffers.
#[derive(Clone, Debug)]
enum Step {
    Answer(usize, String, Vec<(String, String, Reason)>, bool),
    Event(usize, String, String, bool, Option<Reason>),
    Lost(usize, usize),
    Plan(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let name = || prop::sample::select(vec!["a", "b", "c", "z"]).prop_map(str::to_owned);
    let port = || prop::sample::select(vec!["1", "2", "9"]).prop_map(str::to_owned);
    let reason = || prop::sample::select(Reason::ALL.to_vec());
    prop_oneof![
        4 => (0_usize..5, name(), prop::collection::vec((name(), port(), reason()), 0..3), any::<bool>())
            .prop_map(|(agent, node, ends, own)| Step::Answer(agent, node, ends, own)),
        4 => (0_usize..5, name(), port(), any::<bool>(), prop::option::of(reason()))
            .prop_map(|(agent, node, port, planned, after)| Step::Event(agent, node, port, planned, after)),
        1 => (0_usize..5, 0..Reach::ALL.len()).prop_map(|(agent, reach)| Step::Lost(agent, reach)),
        1 => any::<bool>().prop_map(Step::Plan),
    ]
}

proptest! {
    /// Each verdict carries the number of the agent that gave it.
    #[test]
    fn whatever_is_said_a_node_has_verdicts_only_from_the_agent_that_is_up_for_it(
        steps in prop::collection::vec(step(), 0..60)
    ) {
        // Two that were given with their node, three that say who they are.
        let targets =
            [target(Some("a"), "0"), target(Some("b"), "1"), target(None, "2"), target(None, "3"), target(None, "4")];
        let mut scene = Scene::new(&targets);
        let texts = [RING, "graph { a:1 -- b:9; b:2 -- c:2 }"];
        for step in steps {
            match step {
                Step::Answer(agent, node, ends, own) => {
                    let mut lie = answer(&node, &[]);
                    for (of, port, reason) in ends {
                        let of = if own { node.clone() } else { of };
                        let mut end = said(&of, &port, reason);
                        end.verdict = Some(verdict(reason, &agent.to_string()).into());
                        if reason == Reason::Unplanned {
                            lie.unplanned.push(end);
                        } else {
                            lie.links.push(Link { ends: [end.clone(), end] });
                        }
                    }
                    let _ = scene.answer(agent, lie);
                }
                Step::Event(agent, node, port, planned, after) => {
                    let verdict = after.map(|reason| verdict(reason, &agent.to_string()).into());
                    let event = PortEvent { planned, verdict, ..port_event(&node, &port, after) };
                    let _ = scene.event(agent, event);
                }
                Step::Lost(agent, reach) if Reach::ALL[reach] != Reach::Up => {
                    scene.merge.lost(scene.ids[agent], Reach::ALL[reach], "lost".to_owned(), at(4));
                }
                Step::Lost(..) => {}
                Step::Plan(other) => {
                    let (topology, _) = plan::read(texts[usize::from(other)]);
                    let sha256 = if other { "other" } else { "ours" };
                    scene.merge.set_plan(account(sha256), topology.directory(), at(5));
                }
            }
            let speakers: HashMap<Box<str>, usize> = scene.ids.iter().enumerate().filter_map(|(number, id)| {
                let agent = &scene.merge.agents[id];
                Some((agent.node.clone().filter(|_| agent.is_up())?, number))
            }).collect();
            for (number, id) in scene.ids.iter().enumerate() {
                let agent = &scene.merge.agents[id];
                if let (Some(given), Some(node)) = (&agent.target.node, &agent.node) {
                    prop_assert_eq!(given, node, "agent {} speaks for the node it was given for", number);
                }
            }
            let topology = scene.merge.topology(START, START, at(6));
            let ends = topology.links.iter().flat_map(|link| &link.ends).chain(&topology.unplanned);
            for end in ends.filter(|end| end.verdict.is_some()) {
                let by = end.verdict.as_ref().unwrap();
                let speaker = speakers.get(&*end.node).map(usize::to_string);
                prop_assert_eq!(speaker.as_ref(), Some(&by.explanation));
                prop_assert_eq!(by.status, by.reason.status());
            }
        }
    }
}
