//! That it loads, and how it looks.

use ptm_tests::{Browser, Look, Page, scenario};

use crate::{AGENT, MappedRing, PLAN, QUIET, assert_accessible, assert_untroubled, await_drawn, open};

#[test]
fn pages_of_agent_and_map_load_from_their_server_alone_and_without_an_error() {
    if !scenario::may_run("the pages in a browser") {
        return;
    }
    let _beside = QUIET.read();
    let mut ring = MappedRing::start();
    let on_wall = Browser::start(ring.map.machine()).unwrap();
    let page = open(&on_wall, &ring.map.url(), Look::DESK);
    page.wait_for_element("body[data-view=map]").unwrap();
    await_drawn(&page, &ring.cables, "pass");
    for node in ["vm1", "vm2", "vm3", "vm4"] {
        page.wait_for_element(&format!("svg [data-node={node}]")).unwrap();
    }
    page.screenshot("map-all-pass").unwrap();
    assert_accessible(&page);
    page.click("#tab-table").unwrap();
    page.click("#legend summary").unwrap();
    assert_accessible(&page);
    page.click("[data-tool=view]").unwrap();
    page.wait_for_element("body[data-view=matrix]").unwrap();
    page.screenshot("map-matrix").unwrap();
    assert_accessible(&page);
    assert_untroubled(&page);

    // A plan that is broken on disk is told to who looks and to who listens.
    ring.map.machine().write(PLAN, "graph {").unwrap();
    page.wait_for_element("#plan-failure:not([hidden])").unwrap();
    let told = "document.getElementById('live').textContent.includes('The plan can’t be used')";
    page.wait_for::<bool>("the broken plan to be read out", told).unwrap();
    page.screenshot("map-broken-plan").unwrap();
    assert_accessible(&page);

    // An agent's own page has its own cables, and its machine in the middle of its neighbors.
    let browser = Browser::start(ring.fabric.node("vm1").unwrap().machine()).unwrap();
    let page = open(&browser, AGENT, Look::DESK);
    page.wait_for_element("body[data-view=agent]").unwrap();
    await_drawn(&page, ring.moved(), "pass");
    let cables: usize = page.evaluate("document.querySelectorAll('svg [data-cable]').length").unwrap();
    assert_eq!(cables, 2);
    page.screenshot("agent-all-pass").unwrap();
    assert_accessible(&page);
    assert_untroubled(&page);
}

#[test]
fn a_page_fits_a_phone_and_obeys_who_prefers_the_dark() {
    if !scenario::may_run("the page on a phone and in the dark") {
        return;
    }
    let _beside = QUIET.read();
    let mut ring = MappedRing::start();
    ring.exchange();
    let browser = Browser::start(ring.map.machine()).unwrap();
    for (name, look) in [
        ("map-light", Look::DESK),
        ("map-dark", Look { dark: true, ..Look::DESK }),
        ("map-phone", Look::PHONE),
        ("map-phone-dark", Look { dark: true, ..Look::PHONE }),
    ] {
        let page = open(&browser, &ring.map.url(), look);
        await_drawn(&page, ring.moved(), "fail");
        page.screenshot(name).unwrap();
        let (wide, window): (f64, f64) =
            page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]").unwrap();
        assert!(wide <= window && window <= f64::from(look.width), "{name}: {wide} of {window} CSS pixels");
        assert_eq!(is_dark(&page), look.dark, "{name}");
        assert_accessible(&page);
        page.wait_for_element("[data-finding][data-kind=exchange]").unwrap();
        page.click("[data-finding] button").unwrap();
        page.wait_for_element("#details[data-pinned]").unwrap();
        assert_accessible(&page);
        assert_untroubled(&page);
    }
    let browser = Browser::start(ring.fabric.node("vm1").unwrap().machine()).unwrap();
    let page = open(&browser, AGENT, Look::PHONE);
    await_drawn(&page, ring.moved(), "fail");
    page.screenshot("agent-phone").unwrap();
    let overflow: f64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").unwrap();
    assert!(overflow <= 0.0, "{overflow} CSS pixels too wide");
}

/// Whether the page's background is nearer to black than to white.
fn is_dark(page: &Page<'_>) -> bool {
    page.evaluate(
        "(() => {
            const of = (element) => getComputedStyle(element).backgroundColor;
            const clear = (colour) => /rgba\\(.*, 0\\)/.test(colour);
            const colour = clear(of(document.body)) ? of(document.documentElement) : of(document.body);
            const canvas = new OffscreenCanvas(1, 1).getContext('2d');
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
            if (a !== 255) throw new Error(`no background: ${colour}`);
            return (r + g + b) / 3 < 128;
        })()",
    )
    .unwrap()
}
