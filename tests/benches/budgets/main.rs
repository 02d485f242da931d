//! The budgets of PTM, measured: `cargo xtask bench` runs this, built for release, as root.
//!
//! Machines differ and are noisy, so whatever a number is to be compared with is measured beside it in the same run.

mod agents;
mod audience;
mod burst;
mod clients;
mod cost;
mod fake_agents;
mod floor;
mod latency;
mod memory;
mod page;
mod plans;
mod ports;
mod scrape;
mod streams;
mod table;
mod throughput;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use table::Table;

/// Measures what PTM has budgets for and prints both side by side
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
struct Arguments {
    /// What to measure; everything if not given
    lines: Vec<Line>,
    /// Exit with 1 if a budget is missed
    #[arg(long)]
    strict: bool,
    /// Be the bare program that latency is compared with
    #[arg(long, hide = true)]
    floor: bool,
    /// What `cargo bench` adds
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Line {
    /// Of a packet that isn't LLDP, at both hooks
    Cost,
    /// From a frame on the wire to the notification on the control socket
    Latency,
    /// 1,100 frames at once
    Burst,
    /// From the ring buffer to the verdict
    Throughput,
    /// Reading plans of up to a million links
    Plans,
    /// What stays resident, with 64 and with 1,024 ports
    Memory,
    /// 1,000 clients, of which 100 never read, and 10,000 events
    Clients,
    /// A scrape of 1,024 ports
    Scrape,
    /// 1,000 readers of the event stream, of whom 100 never read, and 1,000 events
    Streams,
    /// The live map of 2,000 links, in a browser
    Page,
}

fn main() -> Result<ExitCode> {
    let Arguments { lines, strict, floor, bench: _ } = Arguments::parse();
    if floor {
        floor::run()?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::begin();
    for &line in Line::value_variants() {
        if !lines.is_empty() && !lines.contains(&line) {
            continue;
        }
        match line {
            Line::Cost => cost::measure(&mut table)?,
            Line::Latency => latency::measure(&mut table)?,
            Line::Burst => burst::measure(&mut table)?,
            Line::Throughput => throughput::measure(&mut table)?,
            Line::Plans => plans::measure(&mut table)?,
            Line::Memory => memory::measure(&mut table)?,
            Line::Clients => clients::measure(&mut table)?,
            Line::Scrape => scrape::measure(&mut table)?,
            Line::Streams => streams::measure(&mut table)?,
            Line::Page => page::measure(&mut table)?,
        }
    }
    let missed = table.end();
    Ok(if strict && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
