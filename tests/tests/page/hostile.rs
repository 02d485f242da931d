//! A neighbor may call itself anything: it shows as text, and does nothing.

use ptm_tests::scenario::{self, RING};
use ptm_tests::{Browser, Fabric, Frame, Look, Map, Page, quoted};

use crate::{AGENT, QUIET, assert_untroubled, open, start_map};

/// What a neighbor calls itself, and what is to be read of it.
const NAMES: [(&[u8], &str); 6] = [
    (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
    (b"\"><img src=x onerror=alert(1)>", "\"><img src=x onerror=alert(1)>"),
    (b"</text></svg><svg onload=alert(1)>", "</text></svg><svg onload=alert(1)>"),
    // Turned right to left, it would read `vm2.safe`.
    ("vm2\u{202e}efas.".as_bytes(), "vm2\\u{202e}efas."),
    (b"vm2\xff\xfe", "vm2\\xff\\xfe"),
    (&[b'w'; 255], "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"),
];

#[test]
fn what_a_neighbor_calls_itself_shows_as_text_and_does_nothing() {
    if !scenario::may_run("hostile names on the page") {
        return;
    }
    let _beside = QUIET.read();
    let folder = tempfile::tempdir().unwrap();
    let mut fabric = Fabric::from_plan(RING).unwrap();
    let vm1 = fabric.node("vm1").unwrap();
    vm1.start_agent(&["--listen", &Map::socket(folder.path(), "vm1"), "--listen", "127.0.0.1:10786"]).unwrap();
    vm1.await_capture().unwrap();
    let map = start_map(RING, folder.path());

    let browsers = [Browser::start(vm1.machine()).unwrap(), Browser::start(map.machine()).unwrap()];
    let pages = [open(&browsers[0], AGENT, Look::DESK), open(&browsers[1], &map.url(), Look::PHONE)];
    let parts = pages.each_ref().map(parts);
    let mut wire = fabric.wire("vm1:eth1").unwrap();
    for (number, (name, text)) in NAMES.into_iter().enumerate() {
        // Its port ID is no better.
        let frame = Frame::empty(2).mandatory(2, "<b onclick=alert(2)>eth1", 120).system_name(name).end();
        wire.send(&frame).unwrap();
        for (page, which) in pages.iter().zip(["agent", "map"]) {
            let shown = format!("document.body.innerText.includes({})", quoted(text));
            page.wait_for::<bool>(format!("`{text}` on the {which}'s page"), &shown).unwrap();
            page.screenshot(&format!("hostile-{which}-{number}")).unwrap();
            let overflow: f64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").unwrap();
            assert!(overflow <= 0.0, "{text}: the {which}'s page is {overflow} CSS pixels too wide");
            let raw = "document.documentElement.outerHTML.includes('\\u202e')";
            assert!(!page.evaluate::<bool>(raw).unwrap(), "{text}: the {which}'s page has the character itself");
        }
    }
    for (page, parts) in pages.iter().zip(parts) {
        // What there is to click on bears the name, and so does what then is shown.
        page.click("[data-finding] button").unwrap();
        page.wait_for_element("[data-finding] [aria-pressed=true]").unwrap();
        assert_eq!(self::parts(page), parts);
        assert_untroubled(page);
    }
}

/// How many elements a page has that markup in a name could add: scripts, pictures, drawings, bold text with a handler.
fn parts(page: &Page<'_>) -> Vec<usize> {
    page.evaluate("['script', 'img', '#stage svg', '[onclick], [onload], [onerror]'].map((it) => document.querySelectorAll(it).length)")
        .unwrap()
}
