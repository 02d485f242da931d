//! Fabrics of thousands of cables.

use ptm_tests::{Browser, Cabling, Look, scenario};

use crate::{QUIET, assert_accessible, assert_untroubled, start_map};

#[test]
fn two_thousand_cables_are_drawn_and_more_are_a_matrix() {
    if !scenario::may_run("2,000 cables on the page") {
        return;
    }
    let _beside = QUIET.read();
    for (leaves, spines, view) in [(50, 40, "map"), (60, 50, "matrix")] {
        // No agent is there: of the cables the map knows the plan.
        let nobody = tempfile::tempdir().unwrap();
        let map = start_map(&Cabling::leaves_and_spines(leaves, spines).to_plan(), nobody.path());
        let browser = Browser::start(map.machine()).unwrap();
        let page = browser.open(&map.url(), Look::DESK).unwrap();
        page.wait_for_element(&format!("body[data-connection=live][data-view={view}]")).unwrap();
        if view == "map" {
            let all = format!("document.querySelectorAll('svg [data-cable]').length === {}", leaves * spines);
            page.wait_for::<bool>("every cable to be drawn", &all).unwrap();
        }
        page.screenshot(&format!("large-{view}")).unwrap();
        // Of a drawing of lines a small one tells the same, in a fiftieth of the time.
        if view == "matrix" {
            assert_accessible(&page);
        }
        assert_untroubled(&page);
    }
}
