//! A cable is moved, and the page that somebody looks at shows it.

use std::time::{SystemTime, UNIX_EPOCH};

use ptm_tests::{Browser, Cable, Look, Page, scenario};
use serde::Deserialize;

use crate::{AGENT, MappedRing, QUIET, assert_untroubled, await_drawn, open};

/// From an agent's event to what is drawn.
const BUDGET_MS: i128 = 1_000;

/// Notes each change of what is drawn, and each event as the server tells it to anybody.
const WATCH: &str = "(async () => {
    const { cursor } = await (await fetch('/api/v1/topology')).json();
    window.drawn = [];
    window.told = [];
    const last = new Map();
    const look = () => {
        for (const { dataset: { cable, status } } of document.querySelectorAll('svg [data-cable][data-status]')) {
            if (last.get(cable) === status) continue;
            last.set(cable, status);
            drawn.push({ cable, status, at: Date.now() });
        }
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
    const source = new EventSource(`/api/v1/events?after=${cursor}`);
    source.addEventListener('port', ({ data }) => {
        const { time, node, port, verdict } = JSON.parse(data);
        told.push({ end: `${node}:${port}`, status: verdict?.status, at: Date.parse(time) });
    });
    await new Promise((open) => source.addEventListener('open', open));
})()";

#[derive(Debug, Deserialize)]
struct Drawn {
    cable: String,
    status: String,
    at: u64,
}

#[derive(Debug, Deserialize)]
struct Told {
    end: String,
    status: Option<String>,
    at: u64,
}

#[test]
fn a_moved_cable_turns_red_within_a_second_and_green_again() {
    if !scenario::may_run("a moved cable on the page") {
        return;
    }
    let _alone = QUIET.write();
    let mut ring = MappedRing::start();
    let on_wall = Browser::start(ring.map.machine()).unwrap();
    let map = open(&on_wall, &ring.map.url(), Look::DESK);
    let vm1 = Browser::start(ring.fabric.node("vm1").unwrap().machine()).unwrap();
    let agent = open(&vm1, AGENT, Look::DESK);
    for page in [&map, &agent] {
        page.evaluate::<()>(WATCH).unwrap();
    }

    for status in ["fail", "pass"] {
        let before = now();
        ring.exchange();
        let hands_off = now();
        for (name, page) in [("map", &map), ("agent's page", &agent)] {
            await_drawn(page, ring.moved(), status);
            for cable in ring.moved() {
                let (event, drawn) = moments(page, cable, status, before);
                let since = |moment: u64| i128::from(drawn) - i128::from(moment);
                println!(
                    "{name}: {} drawn `{status}` {} ms after the event, {} ms after hands were off the cables",
                    cable.name(),
                    since(event),
                    since(hands_off)
                );
                assert!(since(event) <= BUDGET_MS, "{name}: {} was drawn `{status}` late", cable.name());
            }
        }
        if status == "fail" {
            // The README's picture, docs/map.png, is a copy of this one.
            map.click("[data-finding][data-kind=exchange] button").unwrap();
            map.move_mouse(0.0, 0.0).unwrap();
            map.screenshot("map").unwrap();
        }
        // Every end is heard where it now is before hands reach for it once more.
        ring.map.await_cables(ring.moved(), status).unwrap();
    }
    // Nobody reloaded anything, and the cables that nobody touched were never drawn otherwise.
    for page in [&map, &agent] {
        let drawn: Vec<Drawn> = page.evaluate("drawn").unwrap();
        let moved: Vec<_> = ring.moved().iter().map(Cable::name).collect();
        let wrong: Vec<_> = drawn.iter().filter(|it| !moved.contains(&it.cable) && it.status != "pass").collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_untroubled(page);
    }
    // Who opens the page only now reads there what happened.
    for (browser, url) in [(&on_wall, ring.map.url().as_str()), (&vm1, AGENT)] {
        let late = open(browser, url, Look::DESK);
        for status in ["fail", "pass"] {
            late.wait_for_element(&format!("#history li[data-of='vm1:eth1'][data-status={status}]")).unwrap();
        }
    }
}

/// When a cable was first drawn red since `from`, or last green, and when the event was for which it was: the first at
/// either of its ends, or the last.
fn moments(page: &Page<'_>, cable: &Cable, status: &str, from: u64) -> (u64, u64) {
    let told: Vec<Told> = page.evaluate("told").unwrap();
    let drawn: Vec<Drawn> = page.evaluate("drawn").unwrap();
    let Cable(one, other) = cable;
    let ends = [one.to_string(), other.to_string()];
    let of_cable = |it: &&Told| it.at >= from && it.status.as_deref() == Some(status) && ends.contains(&it.end);
    let mut events = told.iter().filter(of_cable).map(|it| it.at);
    let as_such = |it: &&Drawn| it.at >= from && it.status == status && it.cable == cable.name();
    let mut changes = drawn.iter().filter(as_such).map(|it| it.at);
    let found =
        if status == "fail" { (events.next(), changes.next()) } else { (events.next_back(), changes.next_back()) };
    let (Some(event), Some(change)) = found else { panic!("{}: told {told:?}, drawn {drawn:?}", cable.name()) };
    (event, change)
}

/// Milliseconds since 1970, as `Date.now()` has them.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}
