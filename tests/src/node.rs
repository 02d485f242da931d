//! A node of the fabric: a machine with lldpd and our agent on it.

use std::time::Duration;

use crate::wait::{self, PATIENCE};
use crate::{FabricError, HookRun, LldpdNeighbor, Machine, Output, PortReport, Process, hooks, lldpd, ptm};

/// A machine of the fabric and what runs on it.
pub struct Node {
    // Before the machine: fields are dropped in this order, and a program ends before the machine that it runs on.
    lldpd: Option<Process>,
    agent: Option<Process>,
    machine: Machine,
}

impl Node {
    pub(crate) fn start(name: &str, plan: &str) -> Result<Self, FabricError> {
        let machine = Machine::start(name)?;
        machine.run(&["ip", "link", "set", "lo", "up"])?;
        ptm::furnish(&machine, plan)?;
        Ok(Self { lldpd: None, agent: None, machine })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.machine.name()
    }

    /// The machine, to run whatever else on it.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Starts lldpd, whose frames will be good for `ttl`. One that runs is killed first.
    pub fn start_lldpd(&mut self, ttl: Duration) -> Result<(), FabricError> {
        self.lldpd = None;
        self.lldpd = Some(lldpd::start(&self.machine, ttl)?);
        Ok(())
    }

    /// Changes a setting of lldpd, which runs: what `lldpcli configure` takes.
    pub fn configure_lldpd(&self, setting: &str) -> Result<(), FabricError> {
        lldpd::configure(&self.machine, setting)
    }

    /// Ends lldpd as an administrator does: it says goodbye to its neighbors (TTL 0).
    pub fn stop_lldpd(&mut self) -> Result<(), FabricError> {
        self.lldpd.take().map_or(Ok(()), |mut lldpd| lldpd.terminate().map(drop))
    }

    /// Kills lldpd on the spot: it falls silent.
    pub fn kill_lldpd(&mut self) {
        self.lldpd.take().into_iter().for_each(Process::kill);
    }

    /// Whom lldpd here hears, in no order.
    pub fn lldpd_neighbors(&self) -> Result<Vec<LldpdNeighbor>, FabricError> {
        lldpd::neighbors(&self.machine)
    }

    /// Waits until lldpd here hears `system_name` and `port_id` on `local_port`.
    pub fn await_lldpd_neighbor(&self, local_port: &str, system_name: &str, port_id: &str) -> Result<(), FabricError> {
        let what = format!("lldpd on {} to hear {system_name}:{port_id} on {local_port}", self.name());
        wait::until(what, PATIENCE, || {
            let neighbors = self.lldpd_neighbors().map_err(|e| format!("{e:?}"))?;
            let is = |it: &LldpdNeighbor| {
                it.local_port == local_port && it.system_name == system_name && it.port_id == port_id
            };
            if neighbors.iter().any(is) { Ok(()) } else { Err(format!("{neighbors:?}")) }
        })
    }

    /// Starts our agent on this machine's plan and hooks, with `arguments` besides. One that runs is killed first.
    pub fn start_agent(&mut self, arguments: &[&str]) -> Result<(), FabricError> {
        self.agent = None;
        self.agent = Some(ptm::start_agent(&self.machine, arguments)?);
        Ok(())
    }

    /// Starts our agent without `--node`: it has to find out itself which node of the plan it is.
    pub fn start_unnamed_agent(&mut self, arguments: &[&str]) -> Result<(), FabricError> {
        self.agent = None;
        self.agent = Some(ptm::start_unnamed_agent(&self.machine, arguments)?);
        Ok(())
    }

    /// Runs our agent as [`Node::start_unnamed_agent`] does, where it is expected to end by itself.
    pub fn run_unnamed_agent(&self, arguments: &[&str]) -> Result<Output, FabricError> {
        ptm::run_unnamed_agent(&self.machine, arguments)
    }

    /// Runs our agent as [`Node::start_agent`] does, where it is expected to end by itself.
    pub fn run_agent(&self, arguments: &[&str]) -> Result<Output, FabricError> {
        ptm::run_agent(&self.machine, arguments)
    }

    /// The agent that runs here.
    pub fn agent(&mut self) -> Option<&mut Process> {
        self.agent.as_mut()
    }

    /// Kills the agent on the spot.
    pub fn kill_agent(&mut self) {
        self.agent.take().into_iter().for_each(Process::kill);
    }

    /// Runs `ptmctl` to its end.
    pub fn ptmctl(&self, arguments: &[&str]) -> Result<Output, FabricError> {
        ptm::ptmctl(&self.machine, arguments)
    }

    /// Runs `ptmctl --listen`, which goes on until it is dropped. [`Fabric::listen`](crate::Fabric::listen) waits until
    /// it hears.
    pub fn listen(&self) -> Result<Process, FabricError> {
        ptm::listen(&self.machine)
    }

    /// Every port's verdict now; the error says why it can't be known yet.
    pub fn reports(&self) -> Result<Vec<PortReport>, String> {
        ptm::reports(&self.machine)
    }

    /// Waits until the agent answers.
    pub fn await_agent(&mut self) -> Result<Vec<PortReport>, FabricError> {
        wait::until(format!("the agent on {} to answer", self.name()), PATIENCE, || self.reports())
    }

    /// Waits until the agent captures on every port that there is: no frame from here on is missed.
    pub fn await_capture(&self) -> Result<Vec<PortReport>, FabricError> {
        wait::until(format!("the agent on {} to capture", self.name()), PATIENCE, || {
            let reports = self.reports()?;
            let captures = reports.iter().all(|it| it.hook.is_some() || it.reason == "absent");
            if captures { Ok(reports) } else { Err(format!("{reports:?}")) }
        })
    }

    /// Waits until `port` has the verdict with this reason.
    pub fn await_reason(&self, port: &str, reason: &str) -> Result<PortReport, FabricError> {
        wait::until(format!("{}:{port} to be `{reason}`", self.name()), PATIENCE, || {
            let reports = self.reports()?;
            let found = reports.iter().find(|report| report.port == port && report.reason == reason);
            found.cloned().ok_or_else(|| format!("{reports:?}"))
        })
    }

    /// Every run of a hook so far, in order.
    pub fn hook_runs(&self) -> Result<Vec<HookRun>, FabricError> {
        hooks::runs(&self.machine)
    }

    /// How the programs here stand and what they printed last: for the report of a failure.
    pub(crate) fn account(&mut self) -> String {
        [&mut self.lldpd, &mut self.agent].into_iter().flatten().map(Process::account).collect()
    }
}
