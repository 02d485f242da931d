//! What is to be seen in the demo: the machines, their tables, cables that are exchanged, events.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ptm_tests::wait::{self, PATIENCE};
use ptm_tests::{
    Cable, Cabling, Endpoint, Fabric, FabricError, Machine, Map, Node, PortReport, Process, USUAL_PORT, USUAL_TTL,
    program,
};

/// How long exchanged cables stay where nobody can say that they were seen.
const SHOWN_FOR: Duration = Duration::from_secs(20);

/// A running fabric and what is known of it.
pub(super) struct Stage {
    map: Map,
    fabric: Fabric,
    cabling: Cabling,
}

impl Stage {
    /// Builds the fabric, starts lldpd and the agent on each machine, and here the map of them all, for which the agents
    /// listen in the folder `sockets`.
    pub(super) fn start(cabling: Cabling, plan: &Path, sockets: &Path) -> Result<Self> {
        let started = Instant::now();
        let mut fabric = Fabric::build(&cabling, &std::fs::read_to_string(plan)?)?;
        for node in fabric.nodes() {
            node.start_agent(&["--listen", &Map::socket(sockets, node.name())])?;
            node.start_lldpd(USUAL_TTL)?;
        }
        let map = Map::start(Machine::host()?, free_port()?, plan, sockets)?;
        println!("Cabled, lldpd and ptm-agent started on each ({}).", seconds(started));
        Ok(Self { map, fabric, cabling })
    }

    /// Says where the map is.
    pub(super) fn announce_map(&self) {
        heading(&format!("Live map of all machines: {}", self.map.url()));
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

    /// Exchanges two cables of the first machine that has two, shows what is found, and puts them back; not before they
    /// could be seen on the map, if somebody may be `watching`. Whether the exchange was found and the cables pass again.
    pub(super) fn miswire(&mut self, watching: bool) -> Result<bool> {
        let pair = two_ports_of_one_machine(&self.cabling).context("no machine of this plan has two cables")?;
        let [one, other] = &pair;
        let moved = |Cable(left, right): &&Cable| [one, other].iter().any(|end| [left, right].contains(end));
        let cables: Vec<Cable> = self.cabling.cables.iter().filter(moved).cloned().collect();
        // The two first, then the far ends of their cables.
        let mut touched = vec![one.clone(), other.clone()];
        for end in cables.iter().flat_map(|Cable(left, right)| [left, right]) {
            if !touched.contains(end) {
                touched.push(end.clone());
            }
        }

        heading(&format!("Exchanging the cables in {one} and {other}"));
        let started = Instant::now();
        let hooks_before = self.hook_counts()?;
        self.fabric.exchange(&one.to_string(), &other.to_string())?;
        let (found, tables) = self.await_status(&touched, "fail", |report| report.reason != "link-down")?;
        println!("Found after {}.", seconds(started));
        tables.iter().for_each(Table::show);
        self.show_hooks(&hooks_before, &touched)?;
        self.show_on_map(&cables, "fail", "red")?;
        if watching {
            self.await_spectator()?;
        }

        heading("Putting them back");
        let started = Instant::now();
        self.fabric.exchange(&one.to_string(), &other.to_string())?;
        let (_, tables) = self.await_status(&touched, "pass", |_| true)?;
        println!("All pass again after {}.", seconds(started));
        tables.iter().for_each(Table::show);
        self.show_on_map(&cables, "pass", "green")?;
        Ok(found[..2].iter().all(|report| report.advice.is_some()))
    }

    /// Waits until these cables have this status on the map, and says so.
    fn show_on_map(&self, cables: &[Cable], status: &str, colour: &str) -> Result<()> {
        self.map.await_cables(cables, status)?;
        let names: Vec<_> = cables.iter().map(|Cable(one, other)| format!("{one} -- {other}")).collect();
        println!("\nOn the map {colour}: {}", names.join(", "));
        Ok(())
    }

    /// Gives whoever looks at the map the time to do so.
    fn await_spectator(&self) -> Result<()> {
        println!("Watch it at {}", self.map.url());
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            println!("They are put back in {} s.", SHOWN_FOR.as_secs());
            let until = Instant::now() + SHOWN_FOR;
            while Instant::now() < until {
                pause()?;
            }
            return Ok(());
        }
        println!("Press Enter to put them back.");
        loop {
            pause()?;
            let mut keyboard = [PollFd::new(stdin.as_fd(), PollFlags::POLLIN)];
            if poll(&mut keyboard, PollTimeout::ZERO).is_ok_and(|ready| ready > 0) {
                stdin.read_line(&mut String::new())?;
                return Ok(());
            }
        }
    }

    /// Follows the events of every machine until it is interrupted.
    pub(super) fn follow(&mut self) -> Result<()> {
        self.announce_map();
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
        self.fabric.account() + &self.map.process().account()
    }

    /// Waits until each of `ends` has `status` in a way that `counts`; gives their reports and the tables of their machines.
    fn await_status(
        &mut self,
        ends: &[Endpoint],
        status: &str,
        counts: impl Fn(&PortReport) -> bool,
    ) -> Result<(Vec<PortReport>, Vec<Table>)> {
        let find = |fabric: &mut Fabric| -> Result<Vec<PortReport>, String> {
            let find_one = |end: &Endpoint| {
                let reports = fabric.node(&end.node).map_err(|e| e.to_string())?.reports()?;
                let report = reports.iter().find(|it| it.port == end.port && it.status == status && counts(it));
                report.cloned().ok_or_else(|| format!("{end}: {reports:?}"))
            };
            ends.iter().map(find_one).collect()
        };
        let names: BTreeSet<_> = ends.iter().map(|end| end.node.as_str()).collect();
        let Self { fabric, .. } = self;
        let found = wait::until(format!("all of these ports to be `{status}`"), PATIENCE, || {
            let reports = find(fabric)?;
            let table =
                |name: &&str| Ok(Table { of: (*name).to_owned(), text: fabric.node(name)?.ptmctl(&[])?.stdout });
            let tables = names.iter().map(table).collect::<Result<_, FabricError>>().map_err(|e| e.to_string())?;
            // Carrier that is reported late can change a verdict once more: the tables are of a moment in between.
            find(fabric)?;
            Ok::<_, String>((reports, tables))
        })?;
        Ok(found)
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

/// The usual port, or another if that one is taken.
fn free_port() -> Result<u16> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    Ok(bind(USUAL_PORT).or_else(|_| bind(0))?.local_addr()?.port())
}

/// What `ptmctl` prints on a machine.
struct Table {
    of: String,
    text: String,
}

impl Table {
    fn show(&self) {
        heading(&format!("{}: ptmctl", self.of));
        print!("{}", self.text);
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
fn pause() -> Result<(), FabricError> {
    std::thread::sleep(Duration::from_millis(50));
    if wait::interrupted() { Err(FabricError::Interrupted) } else { Ok(()) }
}
