//! Agents of all kinds, followed for real, over Unix sockets, TCP and TLS.

mod fake;

use std::collections::HashMap;
use std::fs;

use tempfile::TempDir;
use tokio::runtime::Builder;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;
use crate::PATIENCE;
use crate::api;
use crate::clock::WallClock;
use crate::lldp::{ChassisId, ChassisIdSubtype, PortId, PortIdSubtype, Text, encode};
use crate::map::agents::Address;
use crate::map::client::Options;
use crate::map::fixtures::{START, account, at};
use crate::map::merge::{Merge, Whole};
use crate::monitor::{Link, Monitor, Reason};
use crate::plan;
use crate::snapshot::port_event;
use crate::time::BootTime;

use self::fake::Kind;

/// For agents that time is to pass for: short, so that a test of what takes too long is short, too.
fn hasty() -> Times {
    let ms = Duration::from_millis;
    Times {
        limits: TimeLimits { connect: ms(1_000), head: ms(500), answer: ms(700) },
        silence: ms(700),
        refetch: ms(20),
        first_retry: ms(10),
        longest_retry: ms(100),
    }
}

/// For the others: a busy machine makes none of them late.
fn patient() -> Times {
    let hour = Duration::from_hours(1);
    Times { limits: TimeLimits { connect: hour, head: hour, answer: hour }, silence: hour, ..hasty() }
}

/// A map, and fake agents: each is a node of its own, with one port.
struct Scene {
    folder: TempDir,
    shared: Arc<Shared>,
    /// How each agent was seen to stand.
    seen: HashMap<String, Vec<(Reach, String)>>,
    plans: watch::Sender<u64>,
    /// Each agent's task, and its port's verdict.
    agents: HashMap<&'static str, (JoinHandle<()>, watch::Sender<Reason>)>,
}

impl Scene {
    fn new(nodes: &[&str]) -> Self {
        let links: Vec<_> = nodes.iter().map(|node| format!("\"{node}\":1 -- hub:\"{node}\";")).collect();
        let links = links.concat();
        let (topology, _) = plan::read(&format!("graph {{ {links} }}"));
        let shared = Arc::new(Shared::new(Merge::new(account("ours"), topology.directory(), at(0)), Arc::default()));
        let (folder, plans) = (TempDir::new().unwrap(), watch::Sender::new(0));
        Self { folder, shared, seen: HashMap::new(), plans, agents: HashMap::new() }
    }

    fn address(&self, node: &str) -> Address {
        Address::Unix(self.folder.path().join(node))
    }

    fn start(&mut self, node: &'static str, kind: Kind) {
        let (port, reason) = watch::channel(Reason::Match);
        let path = self.folder.path().join(node);
        self.agents.insert(node, (tokio::spawn(fake::serve(path, node, kind, reason)), port));
    }

    fn kill(&mut self, node: &str) {
        let (task, _port) = self.agents.remove(node).unwrap();
        task.abort();
        fs::remove_file(self.folder.path().join(node)).unwrap();
    }

    fn set(&self, node: &str, reason: Reason) {
        self.agents[node].1.send(reason).unwrap();
    }

    /// Follows these agents, some with little patience.
    fn follow(&self, nodes: &[&str], is_hasty: impl Fn(&str) -> bool) {
        let clients =
            [patient(), hasty()].map(|times| Arc::new(Client::new(&Options::default(), times.limits).unwrap()));
        let targets: Vec<_> =
            nodes.iter().map(|&node| Target { node: Some(node.into()), address: self.address(node) }).collect();
        for agent in self.shared.change(|merge, now| merge.set_agents(&targets, now)) {
            let is_hasty = agent.1.node.as_deref().is_some_and(&is_hasty);
            let (shared, client) = (Arc::clone(&self.shared), Arc::clone(&clients[usize::from(is_hasty)]));
            let times = if is_hasty { hasty() } else { patient() };
            tokio::spawn(follow(shared, client, agent, times, self.plans.subscribe()));
        }
    }

    fn topology(&self) -> Whole {
        self.shared.change(|merge, now| merge.topology(START, START, now))
    }

    /// The verdict on a node's port.
    fn reason(&self, node: &str) -> Option<Reason> {
        let topology = self.topology();
        let mut ends = topology.links.iter().flat_map(|link| &link.ends).filter(|end| end.node == node);
        ends.find_map(|end| Some(end.verdict.as_ref()?.reason))
    }

    /// Looks how the agents stand; remembers each new state.
    fn look(&mut self) -> HashMap<String, api::AgentState> {
        let nodes = self.topology().nodes.into_iter().filter_map(|node| Some((node.name, node.agent?)));
        let states: HashMap<_, _> = nodes.collect();
        for (name, state) in &states {
            let seen = self.seen.entry(name.clone()).or_default();
            let now = (state.state, state.detail.clone());
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        states
    }

    async fn until(&mut self, what: &str, mut condition: impl FnMut(&mut Self) -> bool) {
        let wait = async {
            while !condition(self) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let came = timeout(PATIENCE, wait).await.is_ok();
        assert!(came, "{what}: {:?}", self.look());
    }

    async fn until_up(&mut self, node: &str) {
        self.until("up", |scene| scene.look()[node].state == Reach::Up).await;
    }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test);
    runtime.shutdown_background();
}

#[test]
fn bad_agents_show_as_such_and_a_good_one_beside_them_stays_live() {
    let cases: &[(&str, Kind, Reach, &str)] = &[
        ("dies", Kind::Dies, Reach::Unreachable, "it broke off before it answered"),
        ("dies-within", Kind::DiesWithin, Reach::Invalid, "no JSON"),
        ("breaks-off", Kind::BreaksOff, Reach::Unreachable, "it broke off in its answer"),
        ("dies-after", Kind::DiesAfter, Reach::Unreachable, "it ended the connection"),
        ("hangs-before", Kind::HangsBefore, Reach::Hanging, "it is connected and says nothing"),
        ("hangs-within", Kind::HangsWithin, Reach::Hanging, "its answer is not complete"),
        ("hangs-events", Kind::HangsBeforeEvents, Reach::Hanging, "it is connected and says nothing"),
        ("hangs-after", Kind::HangsAfter, Reach::Hanging, "it says nothing for"),
        ("trickles", Kind::Trickles, Reach::Hanging, "its answer is not complete"),
        ("trickles-events", Kind::TricklesEvents, Reach::Hanging, "it says nothing for"),
        ("not-http", Kind::NotHttp, Reach::Invalid, "is not HTTP"),
        ("not-json", Kind::NotJson, Reach::Invalid, "no JSON"),
        ("not-an-agent", Kind::NotAnAgent, Reach::Invalid, "no JSON, or another"),
        ("events-not-json", Kind::EventsNotJson, Reach::Invalid, "an event of it"),
        ("endless-answer", Kind::EndlessAnswer, Reach::Invalid, "its answer has more than"),
        ("endless-head", Kind::EndlessHead, Reach::Invalid, "is not HTTP"),
        ("endless-line", Kind::EndlessLine, Reach::Invalid, "too long"),
        ("evil-cursor", Kind::EvilCursor, Reach::Invalid, "no cursor"),
        ("other-plan", Kind::OtherPlan, Reach::OtherPlan, "another than the map's (SHA-256 another…, the map's ours…)"),
        ("other-node", Kind::OtherNode, Reach::Invalid, "it says it is another, not other-node"),
        ("of-others", Kind::EventsOfOthers, Reach::Invalid, "it tells of another node, good"),
        ("closed", Kind::Closed, Reach::Invalid, "give --agents-user"),
        ("busy", Kind::Busy, Reach::Unreachable, "it answers 503: no time\\u{202e}"),
        ("absent", Kind::Good, Reach::Unreachable, "cannot connect: No such file or directory"),
        ("hangs-for-ever", Kind::HangsBefore, Reach::Connecting, ""),
        ("always-changed", Kind::AlwaysChanged, Reach::Up, ""),
        ("floods", Kind::Floods, Reach::Up, ""),
    ];
    run(async {
        let mut nodes = vec!["good"];
        nodes.extend(cases.iter().map(|(node, ..)| *node));
        let mut scene = Scene::new(&nodes);
        scene.start("good", Kind::Good);
        for &(node, kind, ..) in cases.iter().filter(|(node, ..)| *node != "absent") {
            scene.start(node, kind);
        }
        // Those that are not to be seen hanging have all the time of the world; also one that does hang: whoever waited
        // for it would never get on.
        let hangs = |node: &str| cases.iter().any(|&(name, _, reach, _)| name == node && reach == Reach::Hanging);
        scene.follow(&nodes, hangs);
        scene.until_up("good").await;
        let mut waiting: Vec<_> = cases.iter().collect();
        let started = Instant::now();
        for round in 0.. {
            // All the while the good one's news arrives.
            let reason = if round % 2 == 0 { Reason::WrongNode } else { Reason::Match };
            scene.set("good", reason);
            scene.until("the good one's news", |scene| scene.reason("good") == Some(reason)).await;
            scene.look();
            let is_as = |seen: &(Reach, String), reach, detail: &str| seen.0 == reach && seen.1.contains(detail);
            waiting
                .retain(|(node, _, reach, detail)| !scene.seen[*node].iter().any(|seen| is_as(seen, *reach, detail)));
            if waiting.is_empty() && started.elapsed() > 4 * hasty().silence {
                break;
            }
            assert!(started.elapsed() < 2 * PATIENCE, "{waiting:?}: {:?}", scene.seen);
            sleep(Duration::from_millis(10)).await;
        }
        // It is not up again and again because its answer is one.
        assert!(scene.seen["hangs-after"].iter().filter(|(reach, _)| *reach == Reach::Up).count() <= 1);
        assert!(scene.seen["good"].iter().all(|(reach, _)| matches!(reach, Reach::Connecting | Reach::Up)));
        let states = scene.look();
        for link in &scene.topology().links {
            for end in &link.ends {
                let is_up = states.get(&end.node).is_some_and(|agent| agent.state == Reach::Up);
                assert!(end.verdict.is_none() || is_up, "{end:?}");
            }
        }
    });
}

#[test]
fn of_a_flood_no_more_is_taken_than_is_fair() {
    let mut pace = Pace::new(10);
    let begun = Instant::now();
    let mut now = begun;
    let mut waited = Duration::ZERO;
    for number in 0..110 {
        let wait = pace.wait(now);
        assert!(number >= 10 || wait.is_zero(), "so many at once");
        waited += wait;
        now += wait;
    }
    // The hundred after the first ten, at fifty a second.
    assert!((1_900..2_100).contains(&waited.as_millis()), "{waited:?}");
    let later = now + Duration::from_mins(1);
    assert!((0..10).all(|_| pace.wait(later).is_zero()) && !pace.wait(later).is_zero(), "no more is saved up");
}

#[test]
fn whatever_neighbors_say_an_honest_agent_s_event_is_short_enough() {
    let mut longest = 0;
    for said in [vec![b'\\'; 255], vec![1; 255], vec![b'"'; 255], vec![0xff; 255], "\u{202e}".repeat(85).into_bytes()] {
        // Names as long as the plan's may well be.
        let name = "n".repeat(63);
        let plan = format!("graph {{ \"{name}\":swp1 -- \"{}\":\"{name}\" }}", name.replace('n', "m"));
        let (topology, _) = plan::read(&plan);
        let mut monitor = Monitor::new(topology.plan_for(&name).unwrap());
        let now = BootTime::from_nanos(1_000_000_000);
        monitor.link(Link { ifindex: 1, name: "swp1", carrier: true, carrier_losses: 0 }, now);
        let chassis_id = ChassisId::new(ChassisIdSubtype::Local, &said).unwrap();
        let port_id = PortId::new(PortIdSubtype::InterfaceName, &said).unwrap();
        let text = Text::new(&said).unwrap();
        let pdu = encode::Builder::new(chassis_id, port_id, 120).port_description(text).system_name(text).finish();
        monitor.lldpdu(1, &pdu, now);
        let wall = WallClock::at(std::time::UNIX_EPOCH + Duration::from_secs(1_795_271_405), now);
        while let Some(event) = monitor.poll_event() {
            let json = serde_json::to_string(&port_event(&event, &name, &wall)).unwrap();
            longest = longest.max(json.len());
        }
    }
    // In the answer there are the names of both ends besides.
    assert!((500..=LONGEST_MESSAGE.min(LONGEST_ANSWER.port) - 1_024).contains(&longest), "{longest}");
}

#[test]
fn an_agent_that_is_killed_is_lost_and_found_again() {
    run(async {
        let mut scene = Scene::new(&["a", "b"]);
        scene.start("a", Kind::Good);
        scene.start("b", Kind::Good);
        scene.follow(&["a", "b"], |_| false);
        scene.until_up("a").await;
        scene.until_up("b").await;
        scene.kill("a");
        scene.until("lost", |scene| scene.look()["a"].state == Reach::Unreachable).await;
        assert_eq!((scene.reason("a"), scene.reason("b")), (None, Some(Reason::Match)));
        scene.start("a", Kind::Good);
        scene.until_up("a").await;
        scene.set("a", Reason::AgedOut);
        scene.until("its news", |scene| scene.reason("a") == Some(Reason::AgedOut)).await;
    });
}

#[test]
fn on_reset_the_state_is_fetched_again_and_the_agent_stays_up() {
    run(async {
        let mut scene = Scene::new(&["a"]);
        scene.start("a", Kind::Restarted);
        scene.follow(&["a"], |_| false);
        scene.until_up("a").await;
        scene.set("a", Reason::WrongPort);
        scene
            .until("the news", |scene| {
                scene.look()["a"].state == Reach::Up && scene.reason("a") == Some(Reason::WrongPort)
            })
            .await;
        scene.set("a", Reason::Match);
        scene.until("the next news", |scene| scene.reason("a") == Some(Reason::Match)).await;
        assert_eq!(scene.seen["a"].iter().filter(|(reach, _)| *reach != Reach::Connecting).count(), 1, "always up");
    });
}

#[test]
fn attempts_are_made_further_and_further_apart_and_not_all_at_once() {
    let wait = |attempt, dice| backoff(attempt, dice, Times::default()).as_millis();
    assert_eq!([1, 2, 3, 7, 100].map(|attempt| wait(attempt, 0)), [250, 500, 1_000, 15_000, 15_000]);
    assert_eq!((wait(0, 0), wait(2, 250)), (250, 375));
    assert!((0..1_000).all(|dice| (7_500..=15_000).contains(&wait(9, dice))));
}

#[test]
fn a_cursor_is_ours_or_none() {
    assert!(is_cursor("1f-0a") && is_cursor("1a2b-3-c"));
    for text in ["", "1 2", "1-0\r\n", "1-0&x", "é", &"1".repeat(101)] {
        assert!(!is_cursor(text), "{text:?}");
    }
}
