//! The live map of 2,000 links in a real Chromium: how soon it is there, how fluid it stays, how soon it shows an event.
//!
//! Chromium draws by software here, on the cores that it shares with the map and with a hundred agents that are none.

use anyhow::{Result, ensure};
use ptm_agent::monitor::Reason;
use ptm_tests::{Browser, Cable, Cabling, Look, Machine, Map, Page, USUAL_PORT, quoted};

use crate::agents::{Resident, megabytes};
use crate::fake_agents::FakeAgents;
use crate::table::{Table, median, quantile};

const LEAVES: usize = 50;
const SPINES: usize = 40;
const LINKS: usize = LEAVES * SPINES;

const FIRST_PAINT_BUDGET: f64 = 1_000.0;
const COMPLETE_BUDGET: f64 = 2_000.0;
/// Three frames of 60 a second: rounded, as a display's clock is not a round number.
const FRAME_BUDGET: f64 = 50.0;
const EVENT_BUDGET: f64 = 1_000.0;
const MAP_BUDGET: u64 = 50_000_000;

/// Times that the page is loaded; the median counts.
const LOADS: usize = 5;
/// Events that are timed.
const EVENTS: usize = 50;
/// Steps in which the mouse pans, and in which its wheel zooms in and out again.
const STEPS: u32 = 120;

/// Notes when there are so many cables, from before the page's own scripts.
const WATCH: &str = "{
    const look = () => {
        if (document.querySelectorAll('svg [data-cable]').length >= LINKS) window.complete = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}";

/// Notes the time between frames.
const RECORD: &str = "(() => {
    window.frames_taken = [];
    let last = performance.now();
    const frame = (now) => {
        if (!window.frames_taken) return;
        frames_taken.push(now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    return null;
})()";

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let plan = folder.path().join("plan.dot");
    let cabling = Cabling::leaves_and_spines(LEAVES, SPINES);
    std::fs::write(&plan, cabling.to_plan())?;
    let agents = FakeAgents::start(&cabling, &plan, folder.path())?;
    let machine = Machine::start("wall")?;
    machine.run(&["ip", "link", "set", "lo", "up"])?;
    let mut map = Map::start(machine, USUAL_PORT, &plan, folder.path())?;
    map.await_cables(&cabling.cables, "pass")?;

    let browser = Browser::start(map.machine())?;
    let watch = WATCH.replace("LINKS", &LINKS.to_string());
    let (mut paints, mut completes) = (Vec::new(), Vec::new());
    for _ in 0..LOADS {
        let page = browser.open_with(&map.url(), Look::DESK, &watch)?;
        completes.push(page.wait_for::<f64>("every cable to be in the page", "window.complete")?);
        let paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime";
        paints.push(page.wait_for::<f64>("the first paint", paint)?);
        page.close()?;
    }
    let milliseconds = |value: f64| format!("{value:.0} ms");
    let (paint, complete) = (median(&mut paints), median(&mut completes));
    table.judge(
        "map of 2,000 links in Chromium: first paint",
        "≤ 1 s",
        &milliseconds(paint),
        paint <= FIRST_PAINT_BUDGET,
    );
    table.judge("the same: all links in the page", "≤ 2 s", &milliseconds(complete), complete <= COMPLETE_BUDGET);

    let page = browser.open_with(&map.url(), Look::DESK, &watch)?;
    page.wait_for::<f64>("every cable to be in the page", "window.complete")?;
    for (what, mut frames) in [("panning", pan(&page)?), ("zooming", zoom(&page)?)] {
        let (middle, slow) = (median(&mut frames), quantile(&mut frames, 0.95));
        let measured = format!("{slow:.0} ms; median {middle:.0} ms of {} frames", frames.len());
        table.judge(
            &format!("the same: time of a frame while {what}, 95th percentile"),
            "≤ 50 ms",
            &measured,
            slow.round() <= FRAME_BUDGET,
        );
    }

    let mut delays = delays(&page, &agents, &cabling)?;
    let (middle, longest) = (median(&mut delays), quantile(&mut delays, 1.0));
    let measured = format!("{longest:.0} ms; median {middle:.0} ms");
    table.judge(
        "the same: from an agent's event to the page, longest of 50",
        "≤ 1 s",
        &measured,
        longest <= EVENT_BUDGET,
    );

    let map = Resident::settled(map.process().pid())?.all;
    table.judge(
        "the same: resident memory of the map",
        "≤ 50 MB",
        &format!("{:.1} MB", megabytes(map)),
        map <= MAP_BUDGET,
    );
    table.compare("JavaScript's heap in the page", &format!("{:.1} MB", megabytes(page.heap()?)));
    Ok(())
}

/// The times between frames, in milliseconds, while the mouse drags the map about.
fn pan(page: &Page<'_>) -> Result<Vec<f64>> {
    let (x, y) = middle_of_map(page)?;
    page.move_mouse(x, y)?;
    page.mouse_button(true)?;
    let frames = record(page, |step| {
        let turn = f64::from(step) / f64::from(STEPS) * std::f64::consts::TAU * 2.0;
        Ok(page.move_mouse(x + turn.sin() * 150.0, y + (1.0 - turn.cos()) * 80.0)?)
    })?;
    page.mouse_button(false)?;
    Ok(frames)
}

/// The same while its wheel zooms in, and out again.
fn zoom(page: &Page<'_>) -> Result<Vec<f64>> {
    let (x, y) = middle_of_map(page)?;
    page.move_mouse(x, y)?;
    record(page, |step| Ok(page.wheel(if step < STEPS / 2 { -40.0 } else { 40.0 })?))
}

fn record(page: &Page<'_>, mut step: impl FnMut(u32) -> Result<()>) -> Result<Vec<f64>> {
    page.evaluate::<()>(RECORD)?;
    for number in 0..STEPS {
        step(number)?;
    }
    let frames: Vec<f64> =
        page.evaluate("(() => { const all = frames_taken; delete window.frames_taken; return all; })()")?;
    ensure!(frames.len() >= 10, "only {} frames", frames.len());
    Ok(frames)
}

/// A free spot of the map, near its middle.
fn middle_of_map(page: &Page<'_>) -> Result<(f64, f64)> {
    Ok(page.evaluate(
        "(() => { const { x, y, width, height } = document.querySelector('svg [data-cable]').closest('svg').getBoundingClientRect();
          return [x + width / 2, y + height / 2]; })()",
    )?)
}

/// How long after an agent's event the page shows it, in milliseconds: of cables that turn red one after the other.
fn delays(page: &Page<'_>, agents: &FakeAgents, cabling: &Cabling) -> Result<Vec<f64>> {
    let cables = cabling.cables.iter().step_by(LINKS / EVENTS);
    let delay = |cable: &Cable| {
        let id = quoted(&cable.name());
        page.evaluate::<()>(&format!(
            "window.shown = null;
             window.observer?.disconnect();
             window.observer = new MutationObserver(() => {{
                 const cable = document.querySelector(`svg [data-cable=\"${{CSS.escape({id})}}\"]`);
                 if (cable?.dataset.status === 'fail') window.shown ??= Date.now();
             }});
             observer.observe(document.body, {{ subtree: true, childList: true, attributes: true }});
             null"
        ))?;
        let sent = agents.turn(&cable.0, Reason::WrongNode)?;
        let shown: f64 = page.wait_for(format!("{} to turn red", cable.0), "window.shown")?;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in it")]
        let sent = sent as f64;
        Ok(shown - sent)
    };
    cables.map(delay).collect()
}
