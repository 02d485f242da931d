//! The agent's one task: it owns everything, hands inputs to the monitor and carries its events out.
//!
//! ```text
//!  links.next() ──────► monitor.link, link_gone          ┌─► control.notify
//!  capture.ready() ───► monitor.lldpdu ──► poll_event() ─┼─► hooks.enqueue
//!  next_deadline() ───► monitor.tick                     └─► log
//!  control.next_request() ──► monitor.reports ──► control.reply
//! ```
//!
//! Nothing here waits but the loop itself: replies, notifications and hook runs go into bounded queues of their owners.
//! As replies and notifications leave from the same task, in the order in which the monitor got there, no client can
//! see an older state after a newer one.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt as _;
use ptm_common::IfIndex;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::capture::{self, AttachError, AttachPoint, Capture, HookChoice, LoadError};
use crate::clock;
use crate::control::rows::{Attachment, Change, NeighborRow, PortRow};
use crate::control::{self, Answer, BindError, ClientId, Command, Control, Limits};
use crate::escape::shown;
use crate::hooks::{self, Hooks, Run};
use crate::lldp::ethernet;
use crate::monitor::{Event, Heard, Link, Monitor, Reason, Report, Status};
use crate::netlink::{self, LinkEvent, Links, LinksError, driver, firmware_lldp_advice};
use crate::plan::Plan;
use crate::time::BootTime;

/// Frames taken from the ring before the loop looks at everything else again: about a millisecond's work.
const FRAMES_A_TURN: usize = 512;

/// How long running hooks may go on after the agent was told to end.
const HOOK_GRACE: Duration = Duration::from_secs(2);

/// How the agent runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the kernel half attaches.
    pub hook: HookChoice,
    /// The directory of `if-topo-pass` and `if-topo-fail`.
    pub hooks_dir: PathBuf,
    /// How long one of them may take.
    pub hook_time_limit: Duration,
    /// Whether the kernel half says what it does.
    pub kernel_log: bool,
}

/// Why the agent can't run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The control socket can't be opened: another agent may have it.
    #[error(transparent)]
    Control(#[from] BindError),
    /// The kernel half can't be loaded.
    #[error(transparent)]
    Capture(#[from] LoadError),
    /// The interfaces can't be watched.
    #[error(transparent)]
    Links(#[from] LinksError),
    /// Signals can't be caught.
    #[error("cannot catch SIGTERM")]
    Signals(#[source] io::Error),
}

/// A running agent.
pub struct Agent {
    monitor: Monitor,
    links: Links,
    capture: Capture,
    control: Control,
    hooks: Hooks,
    /// Ports still to be listened on.
    unattached: BTreeSet<IfIndex>,
    terminate: Signal,
    interrupt: Signal,
}

impl Agent {
    /// Takes the control socket, loads the kernel half and judges each port for the first time. [`Agent::run`] begins to
    /// listen on them.
    ///
    /// Must be called within a tokio runtime, in the network namespace to watch.
    pub async fn start(config: Config, plan: Plan) -> Result<Self, StartError> {
        // First of all what a second agent on the same machine fails at, so that it touches no interface.
        let control = Control::bind(control::SOCKET, Limits::default())?;
        let terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
        let capture =
            Capture::load(capture::Options { hook: config.hook, log: config.kernel_log, ..Default::default() })?;
        let links = Links::open(netlink::Options::default()).await?;
        let hooks = Hooks::new(hooks::Options { directory: config.hooks_dir, time_limit: config.hook_time_limit });
        let (monitor, unattached) = (Monitor::new(plan), BTreeSet::new());
        let mut agent = Self { monitor, links, capture, control, hooks, unattached, terminate, interrupt };
        agent.take_links();
        agent.publish();
        Ok(agent)
    }

    /// Watches until SIGTERM or SIGINT.
    pub async fn run(mut self) {
        let planned = self.monitor.plan().expectations().len();
        tracing::info!(node = self.monitor.plan().node(), planned_ports = planned, "watching the cabling");
        let mut took_frames = false;
        loop {
            let deadline = self.monitor.next_deadline();
            let until_deadline = deadline.map_or(Duration::MAX, |deadline| deadline.since(clock::now()));
            // Frames first: to look at everything else before would double their way to a verdict. But never twice in a
            // row, so that a flood of them holds nothing else up.
            let others_first = std::mem::replace(&mut took_frames, false);
            let hurried = others_first || !self.unattached.is_empty();
            tokio::select! {
                biased;
                ready = self.capture.ready(), if !others_first => match ready {
                    Ok(()) => {
                        self.take_frames();
                        took_frames = true;
                    }
                    Err(error) => {
                        tracing::error!("cannot read captured frames: {error}");
                        break;
                    }
                },
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                event = self.links.next() => self.take_link(event),
                (client, command) = self.control.next_request() => self.answer(client, &command),
                () = sleep(until_deadline) => {}
                () = yield_now(), if hurried => {}
            }
            self.monitor.tick(clock::now());
            self.publish();
            self.attach_next();
        }
        tracing::info!("ending");
        self.hooks.shut_down(HOOK_GRACE).await;
    }

    /// Takes every difference of the links that is known by now.
    fn take_links(&mut self) {
        while let Some(event) = self.links.next().now_or_never() {
            self.take_link(event);
        }
    }

    fn take_link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Present(link) if link.is_port() => {
                if !matches!(self.capture.port(link.ifindex), Some(Ok(_))) {
                    self.unattached.insert(link.ifindex);
                }
                let netlink::Link { ifindex, name, carrier, carrier_losses, .. } = link;
                self.monitor.link(Link { ifindex, name: &name, carrier, carrier_losses }, clock::now());
            }
            LinkEvent::Present(_) => {}
            LinkEvent::Gone(ifindex) => {
                self.unattached.remove(&ifindex);
                self.capture.detach(ifindex);
                self.monitor.link_gone(ifindex, clock::now());
            }
        }
    }

    /// Begins to listen on one more port. The kernel takes 10 ms for each (TCX waits for an RCU grace period): a thousand
    /// in a row would leave clients and frames alone for as many times as long.
    fn attach_next(&mut self) {
        let Some(ifindex) = self.unattached.pop_first() else { return };
        let port = self.links.get(ifindex).map(|link| &*link.name).unwrap_or_default();
        match self.capture.attach(ifindex) {
            Ok(point) => tracing::debug!(port, "listening at {point}"),
            Err(error) => tracing::warn!(port, "cannot listen: {error}"),
        }
    }

    fn take_frames(&mut self) {
        // Carrier that was lost before these frames came must be known before they are judged.
        self.take_links();
        let Self { capture, monitor, .. } = self;
        capture.drain(FRAMES_A_TURN, |frame| {
            let Some(lldpdu) = ethernet::lldpdu(frame.bytes) else { return };
            match monitor.lldpdu(frame.ifindex, lldpdu, BootTime::from_nanos(frame.boot_ns)) {
                Heard::Malformed { error, first: true } => {
                    tracing::warn!(ifindex = frame.ifindex, "malformed LLDPDU thrown away: {error}");
                }
                Heard::Changed
                | Heard::Refreshed
                | Heard::Left
                | Heard::Malformed { first: false, .. }
                | Heard::TooMany
                | Heard::Stale => {}
            }
        });
    }

    fn answer(&mut self, client: ClientId, command: &Command) {
        let Self { monitor, capture, control, .. } = self;
        let now = clock::now();
        let ports = monitor.reports().map(|report| {
            let attached = report.ifindex.and_then(|ifindex| capture.port(ifindex)).map(attachment);
            PortRow { advice: advice(&report), ..PortRow::from_report(&report, attached, now) }
        });
        let neighbors = monitor.reports().flat_map(|report| NeighborRow::from_report(&report, now));
        control.reply(client, Answer::new(command, ports, neighbors));
    }

    /// Carries the monitor's events out.
    fn publish(&mut self) {
        while let Some(event) = self.monitor.poll_event() {
            // Routing daemons first, the log last: its reader may be slow.
            self.control.notify(&Change::from(&event));
            if let Some(run) = hook_run(&event) {
                self.hooks.enqueue(run);
            }
            log(&event);
        }
    }
}

fn attachment(port: Result<AttachPoint, &AttachError>) -> Result<Attachment, String> {
    port.map(|point| Attachment { hook: point.hook().to_owned(), mode: point.mode().to_owned() })
        .map_err(ToString::to_string)
}

/// The monitor's advice; where it has none because nobody is heard, what the NIC's driver is known for.
fn advice(report: &Report<'_>) -> Option<String> {
    report.advice.clone().or_else(|| {
        let silent = report.reason == Reason::Silent;
        silent.then(|| firmware_lldp_advice(&driver(report.port)?, report.port)).flatten()
    })
}

/// A hook runs once a change of a port's status to pass or fail; a new reason for the same status is none.
fn hook_run(event: &Event) -> Option<Run> {
    let after = event.after?;
    let changed = event.before.map(Reason::status) != Some(after.status());
    changed.then(|| Run::new(event.port.clone(), after, event.expected.clone(), event.observed.clone())).flatten()
}

fn log(event: &Event) {
    let Event { port, before, after, explanation, advice, .. } = event;
    let reason = |reason: &Option<Reason>| reason.map_or("nothing", Reason::as_str);
    let (before, now) = (reason(before), reason(after));
    let advice = advice.as_ref().map_or_else(String::new, |advice| format!("; {advice}"));
    // Text from LLDP: escaped, for a terminal may show it.
    let text = shown(&format!("{port}: {before} -> {now}: {explanation}{advice}"));
    match after.map(Reason::status) {
        Some(Status::Fail) => tracing::warn!("{text}"),
        Some(Status::Pass) => tracing::info!("{text}"),
        Some(Status::NoInfo) | None => tracing::debug!("{text}"),
    }
}
