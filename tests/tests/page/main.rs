//! The live map as a person has it before them: in a real Chromium, of real agents that hear a real lldpd.

mod connection;
mod hostile;
mod keyboard;
mod large;
mod live;
mod looks;

use std::path::Path;
use std::sync::RwLock;

use ptm_tests::scenario::{RING, speaking_ring};
use ptm_tests::{Browser, Cable, Cabling, Fabric, Look, Machine, Map, Page, Troubles, USUAL_PORT, USUAL_TTL};
use tempfile::TempDir;

/// Who measures times writes, so that no other browser of these tests runs meanwhile; who does not reads.
static QUIET: RwLock<()> = RwLock::new(());

/// Where an agent serves its own page, seen from its machine.
const AGENT: &str = "http://127.0.0.1:10786/";

/// Where the map's machine has its plan.
const PLAN: &str = "/run/ptm/topology.dot";

/// The ring, its map on a machine of its own, and nothing else: every cable is green on the map.
struct MappedRing {
    map: Map,
    fabric: Fabric,
    cables: Vec<Cable>,
    sockets: TempDir,
}

impl MappedRing {
    fn start() -> Self {
        let sockets = tempfile::tempdir().unwrap();
        let fabric = speaking_ring(USUAL_TTL).unwrap();
        let map = start_map(RING, sockets.path());
        let cables = Cabling::from_plan(RING).unwrap().cables;
        let mut ring = Self { map, fabric, cables, sockets };
        for node in ["vm1", "vm2", "vm3", "vm4"] {
            ring.start_agent(node);
        }
        ring.map.await_cables(&ring.cables, "pass").unwrap();
        ring
    }

    /// Starts an agent that serves its page on its machine, and the map.
    fn start_agent(&mut self, node: &str) {
        let socket = Map::socket(self.sockets.path(), node);
        let agent = ["--listen", &socket, "--listen", "127.0.0.1:10786"];
        self.fabric.node(node).unwrap().start_agent(&agent).unwrap();
    }

    /// The two cables in vm1, of the ring's four.
    fn moved(&self) -> &[Cable] {
        &self.cables[..2]
    }

    /// Exchanges them, or puts them back.
    fn exchange(&mut self) {
        self.fabric.exchange("vm1:eth1", "vm1:eth2").unwrap();
    }
}

/// Starts the map of a plan on a machine of its own, and of the agents that listen in this folder.
fn start_map(plan: &str, sockets: &Path) -> Map {
    let machine = Machine::start("wall").unwrap();
    machine.run(&["ip", "link", "set", "lo", "up"]).unwrap();
    machine.write(PLAN, plan).unwrap();
    Map::start(machine, USUAL_PORT, Path::new(PLAN), sockets).unwrap()
}

/// Opens a page and waits until it shows what the server says, and that this is now.
fn open<'b>(browser: &'b Browser, url: &str, look: Look) -> Page<'b> {
    let page = browser.open(url, look).unwrap();
    page.wait_for_element("body[data-connection=live]").unwrap();
    page.wait_for_element("[data-cable]").unwrap();
    page
}

/// Waits until cables are drawn with this status.
fn await_drawn(page: &Page<'_>, cables: &[Cable], status: &str) {
    for cable in cables {
        page.wait_for_element(&drawn(cable, status)).unwrap();
    }
}

fn drawn(cable: &Cable, status: &str) -> String {
    format!("svg [data-cable=\"{}\"][data-status={status}]", cable.name())
}

/// Nothing at all went wrong on a page.
#[track_caller]
fn assert_untroubled(page: &Page<'_>) {
    assert_eq!(page.troubles().unwrap(), Troubles::default());
}

/// Nothing stands in the way of who can't see a page as it is now, or not all of it, as far as axe-core can tell.
#[track_caller]
fn assert_accessible(page: &Page<'_>) {
    assert_eq!(page.violations().unwrap(), Vec::<String>::new());
}
