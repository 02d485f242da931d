//! Without a mouse, and without looking: what is wrong and what to do about it.

use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Browser, Focused, Look, Page, scenario};

use crate::{MappedRing, QUIET, assert_untroubled, await_drawn, open};

/// More than there is to stop at before the drawing.
const MOST_TABS: usize = 40;

#[test]
fn evidence_and_advice_are_found_by_keyboard_alone() {
    if !scenario::may_run("the page by keyboard") {
        return;
    }
    let _beside = QUIET.read();
    let mut ring = MappedRing::start();
    ring.exchange();
    let browser = Browser::start(ring.map.machine()).unwrap();
    let page = open(&browser, &ring.map.url(), Look { still: true, ..Look::DESK });
    await_drawn(&page, ring.moved(), "fail");
    ring.map.await_cables(ring.moved(), "fail").unwrap();
    // Until both cables are heard in their new places, one of them may only be known to be out.
    page.wait_for_element("[data-finding][data-kind=exchange]").unwrap();

    // Who listens need not go there to be told.
    let told =
        "/exchanged: On vm1, swap the two plugs in eth1 and eth2/.test(document.getElementById('live').textContent)";
    page.wait_for::<bool>("the finding to be read out", told).unwrap();

    // The list of what is wrong: one finding for the two cables, told with what to do.
    let finding = tab_to(&page, "[data-finding]");
    assert_eq!(finding.role, "button");
    let told = finding.name.replace(['\u{2068}', '\u{2069}'], "");
    assert!(told.contains("eth1 and eth2 of vm1 are exchanged"), "{finding:?}");
    assert!(told.contains("swap the two plugs in eth1 and eth2"), "{finding:?}");
    assert_eq!(page.evaluate::<usize>("document.querySelectorAll('[data-finding]').length").unwrap(), 1);

    // Enter has the evidence of each end, and Escape puts it away.
    page.press("Enter").unwrap();
    let evidence = await_told(&page, "move the cable from eth1 to eth2", true);
    for words in ["vm1:eth1", "vm4:eth2", "expected", "the system name is `vm4`, not `vm2`"] {
        assert!(evidence.contains(words), "`{words}` in\n{evidence}");
    }
    page.screenshot("keyboard-evidence").unwrap();
    page.press("Escape").unwrap();
    await_told(&page, "move the cable from eth1 to eth2", false);

    // Who goes into the evidence and puts it away is where he was, and so is who does not move while it changes.
    page.press("Enter").unwrap();
    await_told(&page, "move the cable from eth1 to eth2", true);
    assert_eq!(tab_to(&page, "#details").name, "Close details");
    page.press("Enter").unwrap();
    await_told(&page, "move the cable from eth1 to eth2", false);
    assert!(page.evaluate::<bool>("document.activeElement.closest('[data-finding]') !== null").unwrap());
    ring.exchange();
    await_drawn(&page, ring.moved(), "pass");
    page.wait_for::<bool>("the focus to stay in the list", "document.activeElement.id === 'findings'").unwrap();
    ring.map.await_cables(ring.moved(), "pass").unwrap();

    // Who reads the table of all cables stays in his row, which changes and moves.
    let row = ring.moved()[1].name();
    let button = format!("document.querySelector('tr[data-row=\"{row}\"] button')");
    page.click("#tab-table").unwrap();
    page.evaluate::<()>(&format!("{button}.focus()")).unwrap();
    ring.exchange();
    await_drawn(&page, ring.moved(), "fail");
    page.wait_for_element(&format!("tr[data-row=\"{row}\"][data-status=fail]")).unwrap();
    assert!(page.evaluate::<bool>(&format!("document.activeElement === {button}")).unwrap());
    page.evaluate::<()>("document.getElementById('findings').focus()").unwrap();
    page.wait_for_element("[data-finding][data-kind=exchange]").unwrap();

    // The drawing: arrow keys go from cable to cable, the worst first, and each says what it is.
    let first = tab_to(&page, "svg [data-cable]");
    page.press("ArrowRight").unwrap();
    let second = page.focused().unwrap();
    assert_ne!(first, second);
    for cable in [&first, &second] {
        assert!(cable.name.contains("vm1") && cable.name.contains("fail"), "{cable:?}");
    }
    page.press("Enter").unwrap();
    await_told(&page, "move the cable from", true);
    assert_untroubled(&page);
}

/// Waits until a screen reader finds these words somewhere, or no longer; gives all that it finds.
fn await_told(page: &Page<'_>, words: &str, told: bool) -> String {
    wait::until(format!("`{words}` to be read out: {told}"), PATIENCE, || {
        let all = page.aria("body").map_err(|error| error.to_string())?;
        if all.contains(words) == told { Ok(all) } else { Err(all) }
    })
    .unwrap()
}

/// Presses Tab until the focus is within an element for this selector, where it is to be seen.
fn tab_to(page: &Page<'_>, selector: &str) -> Focused {
    let mut passed = Vec::new();
    for _ in 0..MOST_TABS {
        page.press("Tab").unwrap();
        let focused = page.focused().unwrap();
        let within = format!("document.activeElement.closest({}) !== null", ptm_tests::quoted(selector));
        if page.evaluate(&within).unwrap() {
            return focused;
        }
        let lost = focused.role == "RootWebArea" || focused.name.is_empty();
        assert!(!lost, "Tab leads to nothing that is called anything, {focused:?}, after {passed:#?}");
        passed.push(focused);
    }
    panic!("Tab does not lead to `{selector}`, but to {passed:#?}");
}
