//! Servers come and go; a page that is open says so, and goes on by itself.

use ptm_tests::{Browser, Cable, Look, scenario};

use crate::{AGENT, MappedRing, QUIET, assert_accessible, await_drawn, open};

/// Gone as soon as the page is loaded again.
const MARK: &str = "window.mark = 'of this load'; null";

#[test]
fn a_page_says_that_its_agent_is_gone_and_goes_on_with_the_next() {
    if !scenario::may_run("a page across a restart of its agent") {
        return;
    }
    let _beside = QUIET.read();
    let mut ring = MappedRing::start();
    let browser = Browser::start(ring.fabric.node("vm1").unwrap().machine()).unwrap();
    let page = open(&browser, AGENT, Look::DESK);
    await_drawn(&page, ring.moved(), "pass");
    page.evaluate::<()>(MARK).unwrap();

    ring.fabric.node("vm1").unwrap().kill_agent();
    page.wait_for_element("body[data-connection=lost]").unwrap();
    let told = page.aria("header").unwrap() + &page.aria("#banners").unwrap();
    assert!(told.to_lowercase().contains("lost"), "{told}");
    page.screenshot("connection-lost").unwrap();
    assert_accessible(&page);

    // What happens meanwhile is not missed.
    ring.exchange();
    ring.start_agent("vm1");
    page.wait_for_element("body[data-connection=live]").unwrap();
    await_drawn(&page, ring.moved(), "fail");
    ring.exchange();
    await_drawn(&page, ring.moved(), "pass");
    assert_eq!(page.evaluate::<String>("window.mark").unwrap(), "of this load");
    assert_eq!(page.troubles().unwrap().exceptions, Vec::<String>::new());
}

#[test]
fn the_map_shows_an_agent_that_died_and_what_the_others_say() {
    if !scenario::may_run("an agent that died, on the map") {
        return;
    }
    let _beside = QUIET.read();
    let mut ring = MappedRing::start();
    let browser = Browser::start(ring.map.machine()).unwrap();
    let page = open(&browser, &ring.map.url(), Look::DESK);
    await_drawn(&page, &ring.cables, "pass");
    page.evaluate::<()>(MARK).unwrap();

    ring.fabric.node("vm1").unwrap().kill_agent();
    page.wait_for_element("svg [data-node=vm1][data-agent=unreachable]").unwrap();
    // A cable is green only if both its ends say so.
    await_drawn(&page, ring.moved(), "no-info");
    page.wait_for_element("[data-finding][data-kind=agent]").unwrap();
    let told = page.aria("#findings").unwrap();
    assert!(told.contains("The agent of vm1 is unreachable"), "{told}");
    page.screenshot("map-agent-gone").unwrap();
    assert_accessible(&page);

    // It holds up nobody: the cables between the others are green, and one of them turns red.
    let others: Vec<Cable> = ring.cables[2..].to_vec();
    await_drawn(&page, &others, "pass");
    let ends = ring.fabric.unplug("vm3:eth1").unwrap();
    await_drawn(&page, &others[1..], "fail");
    let ends: Vec<_> = ends.iter().map(ToString::to_string).collect();
    ring.fabric.plug(&ends.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
    await_drawn(&page, &others, "pass");

    ring.start_agent("vm1");
    await_drawn(&page, &ring.cables, "pass");
    page.wait_for_element("svg [data-node=vm1][data-agent=up]").unwrap();
    assert_eq!(page.evaluate::<String>("window.mark").unwrap(), "of this load");
    assert_eq!(page.troubles().unwrap().exceptions, Vec::<String>::new());
}
