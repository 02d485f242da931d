//! Reading plans: `ptmctl check` beside Graphviz on the same file, and what a large plan leaves in the agent.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::mem::MaybeUninit;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::unistd::Pid;

use crate::agents::{self, NODE, Resident, megabytes};
use crate::table::Table;

const TIME_BUDGET: Duration = Duration::from_millis(500);
const PEAK_BUDGET: u64 = 150_000_000;

/// Ports of a leaf; as many of a spine.
const RADIX: usize = 64;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (links, name) in [(10_000, "10,000"), (100_000, "100,000"), (1_000_000, "1,000,000")] {
        let file = folder.path().join("plan.dot");
        write_plan(&file, links)?;
        let ptmctl = best(|| run(Command::new(ptm_tests::program("ptmctl")?).arg("check").arg(&file)))?;
        let count = "BEG_G { printf(\"%d nodes, %d links\\n\", nNodes($G), nEdges($G)) }";
        // It takes seconds: once has to do.
        let graphviz = run(Command::new("gvpr").arg(count).arg(&file))?;
        if links == 1_000_000 {
            table.judge(
                &format!("a plan of {name} links: time"),
                "≤ 0.5 s",
                &ptmctl.time(),
                ptmctl.elapsed <= TIME_BUDGET,
            );
            table.compare("Graphviz (gvpr)", &graphviz.time());
            table.judge(
                &format!("a plan of {name} links: peak memory"),
                "≤ 150 MB",
                &ptmctl.memory(),
                ptmctl.peak <= PEAK_BUDGET,
            );
            table.compare("Graphviz (gvpr)", &graphviz.memory());
        } else {
            table.compare(&format!("a plan of {name} links"), &format!("{}, {}", ptmctl.time(), ptmctl.memory()));
            table.compare("Graphviz (gvpr)", &format!("{}, {}", graphviz.time(), graphviz.memory()));
        }
    }
    let large = resident(&std::fs::read_to_string(folder.path().join("plan.dot"))?)?;
    let small = resident(&agents::plan(RADIX))?;
    table.compare(
        "stays in an agent with 64 planned ports",
        &format!("{:.1} MB; {:.1} MB with its 64 links alone", megabytes(large.all), megabytes(small.all)),
    );
    Ok(())
}

/// A fabric of leaves and spines, each leaf with [`RADIX`] links.
fn write_plan(file: &Path, links: usize) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(file)?);
    writeln!(out, "graph fabric {{")?;
    for link in 0..links {
        let (leaf, port) = (link / RADIX, link % RADIX);
        let (spine, spine_port) = (leaf / RADIX * RADIX + port, leaf % RADIX);
        writeln!(
            out,
            "  \"leaf{}\":\"swp{}\" -- \"spine{}\":\"swp{}\"",
            leaf + 1,
            port + 1,
            spine + 1,
            spine_port + 1
        )?;
    }
    writeln!(out, "}}")?;
    out.flush()
}

/// What a program took.
#[derive(Clone, Copy)]
struct Taken {
    elapsed: Duration,
    /// Most bytes that were resident at a time.
    peak: u64,
    /// What we had ourselves, which the kernel counts up to the moment in which the new program begins: the peak is not
    /// less.
    least: u64,
}

impl Taken {
    fn time(self) -> String {
        format!("{:.3} s", self.elapsed.as_secs_f64())
    }

    fn memory(self) -> String {
        format!("{}{:.0} MB", if self.peak > self.least * 11 / 10 { "" } else { "≤ " }, megabytes(self.peak))
    }
}

/// The fastest of five runs.
fn best(mut run: impl FnMut() -> Result<Taken>) -> Result<Taken> {
    let runs = (0..5).map(|_| run()).collect::<Result<Vec<_>>>()?;
    Ok(runs.into_iter().min_by_key(|run| run.elapsed).expect("five runs"))
}

/// Runs a program that must succeed.
fn run(command: &mut Command) -> Result<Taken> {
    // Makes the peak of our own memory what we have now.
    std::fs::write("/proc/self/clear_refs", "5").context("cannot reset the peak of our own memory")?;
    let least = Resident::now(Pid::this())?.all;
    let started = Instant::now();
    let child = command.stdout(Stdio::null()).spawn().with_context(|| format!("cannot run {command:?}"))?;
    let (mut status, mut usage) = (0, MaybeUninit::<libc::rusage>::zeroed());
    // SAFETY: the pointers are to values of the right types, and the child is ours and not waited for otherwise.
    let pid = unsafe { libc::wait4(child.id().cast_signed(), &raw mut status, 0, usage.as_mut_ptr()) };
    let elapsed = started.elapsed();
    ensure!(pid > 0, "cannot wait for {command:?}: {}", io::Error::last_os_error());
    ensure!(status == 0, "{command:?} ended with status {status}");
    // SAFETY: the call succeeded and has filled it in; and all zeros are one, too.
    let usage = unsafe { usage.assume_init() };
    Ok(Taken { elapsed, peak: usage.ru_maxrss.unsigned_abs() * 1_024, least })
}

/// What stays in an agent that runs on this plan and has no port.
fn resident(plan: &str) -> Result<Resident> {
    let mut fabric = agents::machines(&[NODE], plan)?;
    let node = fabric.node(NODE)?;
    node.start_agent(&[])?;
    node.await_agent()?;
    Resident::settled(node.agent().expect("started above").pid())
}
