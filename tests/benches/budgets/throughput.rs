//! From a record of the ring buffer to the verdict, in this process on one core: what the agent does with a frame.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use ptm_agent::lldp::ethernet;
use ptm_agent::monitor::{Heard, Link, Monitor};
use ptm_agent::plan;
use ptm_agent::time::BootTime;
use ptm_common::Frame;

use crate::agents::{self, NODE};
use crate::table::{Table, median};

const BUDGET: f64 = 1e6;
const PORTS: usize = 1_024;
const ROUNDS: usize = 31;
/// Each port is heard so many times a round.
const PASSES: u64 = 50;
/// As many as the agent takes at a time before it looks at its timers.
const BATCH: usize = 512;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let same = [records(None), records(None)];
    let changing = [records(Some("spine9999")), records(None)];
    let mut monitor = monitor()?;
    let mut now = BootTime::from_nanos(1_000_000_000);
    let mut run = |passes: &[Vec<Vec<u8>>; 2]| -> f64 {
        let started = Instant::now();
        for pass in 0..PASSES {
            take(&mut monitor, &passes[usize::from(pass % 2 == 1)], &mut now);
        }
        #[expect(clippy::cast_precision_loss, reason = "thousands")]
        let frames = (PORTS as u64 * PASSES) as f64;
        frames / started.elapsed().as_secs_f64()
    };
    let (mut repeated, mut changed) = (Vec::new(), Vec::new());
    // In turns, so that a slow second of the machine hits both.
    for _ in 0..ROUNDS {
        repeated.push(run(&same));
        changed.push(run(&changing));
    }
    let (repeated, changed) = (median(&mut repeated), median(&mut changed));
    let speed = |frames: f64| format!("{:.2} million a second, {:.0} ns each", frames / 1e6, 1e9 / frames);
    table.judge("frames from ring to verdict, repeated", "≥ 1 million a second", &speed(repeated), repeated >= BUDGET);
    table.compare("each turns its port's verdict", &speed(changed));
    Ok(())
}

fn monitor() -> Result<Monitor> {
    let (topology, _) = plan::read(&agents::plan(PORTS));
    let mut monitor = Monitor::new(topology.plan_for(NODE)?);
    for port in 1..=PORTS {
        let (ifindex, name) = (u32::try_from(port)?, format!("swp{port}"));
        monitor.link(Link { ifindex, name: &name, carrier: true, carrier_losses: 0 }, BootTime::default());
    }
    Ok(monitor)
}

/// One record for each port, as the kernel half writes them, from a neighbor of this name or the expected one.
fn records(name: Option<&str>) -> Vec<Vec<u8>> {
    let record = |port: usize| {
        let frame = agents::announcement(port, name);
        let number = |number: usize| u32::try_from(number).expect("a thousand ports, hundreds of bytes");
        let (ifindex, length) = (number(port + 1), number(frame.len()));
        let mut record = 0_u64.to_ne_bytes().to_vec();
        for field in [ifindex, length, length, ptm_common::Hook::Tc as u32] {
            record.extend(field.to_ne_bytes());
        }
        record.extend(frame);
        record
    };
    (0..PORTS).map(record).collect()
}

fn take(monitor: &mut Monitor, records: &[Vec<u8>], now: &mut BootTime) {
    for batch in records.chunks(BATCH) {
        for record in batch {
            *now = *now + Duration::from_micros(1);
            let frame = Frame::parse(black_box(record)).expect("a record as the kernel half writes it");
            let lldpdu = ethernet::lldpdu(frame.bytes).expect("an LLDP frame");
            let heard = monitor.lldpdu(frame.ifindex, lldpdu, *now);
            assert!(matches!(heard, Heard::Changed | Heard::Refreshed), "{heard:?}");
        }
        monitor.tick(*now);
        while let Some(event) = monitor.poll_event() {
            black_box(event);
        }
    }
}
