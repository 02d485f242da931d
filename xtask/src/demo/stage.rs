//! What is to be seen in the demo: the machines, their tables, cables that are exchanged, events.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{Cable, Cabling, Endpoint, Fabric, Node, PortReport, Process, USUAL_TTL, program};

/// A running fabric and what is known of it.
pub(super) struct Stage {
    fabric: Fabric,
    cabling: Cabling,
}

impl Stage {
    /// Builds the fabric and starts lldpd and the agent on each machine.
    pub(super) fn start(cabling: Cabling, plan: &str) -> Result<Self> {
        let started = Instant::now();
        let mut fabric = Fabric::build(&cabling, plan)?;
        for node in fabric.nodes() {
            node.start_agent(&[])?;
            node.start_lldpd(USUAL_TTL)?;
        }
        println!("Cabled, lldpd and ptm-agent started on each ({}).", seconds(started));
        Ok(Self { fabric, cabling })
    }

    /// Shows each machine's table as soon as it is complete. Whether every cabled port passes.
    pub(super) fn show_tables(&mut self) -> Result<bool> {
        let started = Instant::now();
        // A machine without a cable has no table.
        let mut waiting: BTreeSet<String> = ends(&self.cabling).map(|end| end.node.clone()).collect();
        let mut passing = 0;
        while !waiting.is_empty() {
            let late = started.elapsed() > PATIENCE;
            for node in self.fabric.nodes().filter(|node| waiting.contains(node.name())).collect::<Vec<_>>() {
                match node.reports() {
                    Ok(reports) if late || reports.iter().all(settled) => {
                        waiting.remove(node.name());
                        heading(&format!("{}: ptmctl ({} after the start)", node.name(), seconds(started)));
                        print!("{}", node.ptmctl(&[])?.stdout);
                        let passes =
                            |end: &&Endpoint| reports.iter().any(|it| it.port == end.port && it.status == "pass");
                        passing += ends(&self.cabling).filter(|end| end.node == node.name()).filter(passes).count();
                    }
                    Err(reason) if late => bail!("{} does not answer: {reason}", node.name()),
                    Ok(_) | Err(_) => {}
                }
            }
            pause()?;
        }
        let ports = self.cabling.cables.len() * 2;
        println!("\n{passing} of {ports} ports pass.");
        Ok(passing == ports)
    }

    /// Exchanges two cables of the first machine that has two, shows what is found, and puts them back.
    /// Whether the exchange was found and the cables pass again.
    pub(super) fn miswire(&mut self) -> Result<bool> {
        let pair = two_ports_of_one_machine(&self.cabling).context("no machine of this plan has two cables")?;
        let [one, other] = &pair;
        // The two first, then the far ends of their cables.
        let mut touched = vec![one.clone(), other.clone()];
        for Cable(left, right) in &self.cabling.cables {
            for (near, far) in [(left, right), (right, left)] {
                if [one, other].contains(&near) && !touched.contains(far) {
                    touched.push(far.clone());
                }
            }
        }

        heading(&format!("Exchanging the cables in {one} and {other}"));
        let started = Instant::now();
        let hooks_before = self.hook_counts()?;
        self.fabric.exchange(&one.to_string(), &other.to_string())?;
        let found = self.await_status(&touched, "fail", |report| report.reason != "link-down")?;
        println!("Found after {}.", seconds(started));
        self.show(&touched)?;
        self.show_hooks(&hooks_before, &touched)?;

        heading("Putting them back");
        let started = Instant::now();
        self.fabric.exchange(&one.to_string(), &other.to_string())?;
        self.await_status(&touched, "pass", |_| true)?;
        println!("All pass again after {}.", seconds(started));
        self.show(&touched)?;
        Ok(found[..2].iter().all(|report| report.advice.is_some()))
    }

    /// Follows the events of every machine until it is interrupted.
    pub(super) fn follow(&mut self) -> Result<()> {
        heading("Events, until Ctrl-C");
        println!("Look around from another terminal, as root:");
        let ptmctl = program("ptmctl")?;
        for node in self.fabric.nodes() {
            println!("  {}: nsenter -t {} -n -m -u {}", node.name(), node.machine().tid(), ptmctl.display());
        }
        let listeners = self.fabric.nodes().map(|node| Ok((node.name().to_owned(), node.listen()?)));
        let mut listeners: Vec<(String, Process)> = listeners.collect::<Result<_>>()?;
        while pause().is_ok() {
            for (name, listener) in &mut listeners {
                for line in listener.new_lines() {
                    println!("{name}  {line}");
                }
            }
        }
        Ok(())
    }

    /// What the programs on the machines printed last.
    pub(super) fn account(&mut self) -> String {
        self.fabric.account()
    }

    /// Waits until each of `ends` has `status` in a way that `counts`.
    fn await_status(
        &mut self,
        ends: &[Endpoint],
        status: &str,
        counts: impl Fn(&PortReport) -> bool,
    ) -> Result<Vec<PortReport>> {
        let mut found = Vec::new();
        for end in ends {
            let node = self.fabric.node(&end.node)?;
            let report = wait::until(format!("{end} to be `{status}`"), PATIENCE, || {
                let reports = node.reports()?;
                let report = reports.iter().find(|it| it.port == end.port && it.status == status && counts(it));
                report.cloned().ok_or_else(|| format!("{reports:?}"))
            })?;
            found.push(report);
        }
        Ok(found)
    }

    /// Shows the tables of the machines that `ends` are on.
    fn show(&mut self, ends: &[Endpoint]) -> Result<()> {
        let names: BTreeSet<_> = ends.iter().map(|end| end.node.as_str()).collect();
        for name in names {
            heading(&format!("{name}: ptmctl"));
            print!("{}", self.fabric.node(name)?.ptmctl(&[])?.stdout);
        }
        Ok(())
    }

    fn hook_counts(&mut self) -> Result<Vec<(String, usize)>> {
        let counts = self.fabric.nodes().map(|node| Ok((node.name().to_owned(), node.hook_runs()?.len())));
        counts.collect()
    }

    /// Shows the hooks that ran since `before`, once `if-topo-fail` has for each of `ends`.
    fn show_hooks(&mut self, before: &[(String, usize)], ends: &[Endpoint]) -> Result<()> {
        heading("Hooks that ran");
        for (name, count) in before {
            let node: &Node = self.fabric.node(name)?;
            let ports: Vec<_> = ends.iter().filter(|end| end.node == *name).collect();
            let runs = wait::until(format!("hooks to run on {name}"), PATIENCE, || {
                let runs = node.hook_runs().map_err(|e| e.to_string())?.split_off(*count);
                let ran = |end: &&Endpoint| runs.iter().any(|run| run.port == end.port && run.hook == "if-topo-fail");
                if ports.iter().all(ran) { Ok(runs) } else { Err(format!("{runs:?}")) }
            })?;
            for run in runs {
                let (hook, port, reason) = (run.hook, run.port, run.reason);
                println!("{name}  {hook}  {port}  {reason}: expected {}, observed {}", run.expected, run.observed);
            }
        }
        Ok(())
    }
}

/// Both ends of every cable.
fn ends(cabling: &Cabling) -> impl Iterator<Item = &Endpoint> {
    cabling.cables.iter().flat_map(|Cable(one, other)| [one, other])
}

/// The first two ports of the first machine that has two cables.
pub(super) fn two_ports_of_one_machine(cabling: &Cabling) -> Option<[Endpoint; 2]> {
    cabling.nodes.iter().find_map(|node| {
        let mut ports = ends(cabling).filter(|end| end.node == *node).cloned();
        Some([ports.next()?, ports.next()?])
    })
}

/// Whether there is nothing more to wait for on a port: it is judged, or can't be.
fn settled(report: &PortReport) -> bool {
    !matches!(report.reason.as_str(), "silent" | "down")
}

fn heading(text: &str) {
    println!("\n== {text}");
}

fn seconds(since: Instant) -> String {
    format!("{:.1} s", since.elapsed().as_secs_f32())
}

/// Waits a little; the error is that it was interrupted.
fn pause() -> Result<(), ptm_tests::FabricError> {
    std::thread::sleep(Duration::from_millis(50));
    if wait::interrupted() { Err(ptm_tests::FabricError::Interrupted) } else { Ok(()) }
}
