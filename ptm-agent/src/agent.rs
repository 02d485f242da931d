//! The agent's one task: it owns everything, hands inputs to the monitor and carries its events out.
//!
//! ```text
//!  links.next() ──────► monitor.link, link_gone          ┌─► control.notify
//!  capture.ready() ───► monitor.lldpdu ──► poll_event() ─┼─► hooks.enqueue, log
//!  next_deadline() ───► monitor.tick                     └─► web.history
//!  control.next_request() ──► monitor.reports ──► control.reply
//!  reload.next() ───────────► monitor.set_plan
//!  web.next_query() ────────► Snapshot of everything
//!                             monitor.memory ──► state.save
//! ```
//!
//! Nothing here waits but the loop itself: replies, notifications and hook runs go into bounded queues of their owners.
//! As replies and notifications leave from the same task, in the order in which the monitor got there, no client can
//! see an older state after a newer one.

use std::collections::VecDeque;
use std::future::ready;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;
use std::{io, mem, thread};

use futures_util::FutureExt as _;
use prometheus_client::metrics::histogram::Histogram;
use ptm_common::IfIndex;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::capture::{self, AttachError, AttachPoint, Capture, HookChoice, LoadError};
use crate::clock::{self, WallClock};
use crate::control::rows::{Change, NeighborRow};
use crate::control::{self, Answer, BindError, ClientId, Command, Control, Limits, Refusal, Request};
use crate::escape::shown;
use crate::hooks::{self, Hooks, Run};
use crate::lldp::ethernet;
use crate::logging::with_causes;
use crate::metrics;
use crate::monitor::{Event, Heard, Link, Monitor, Reason, Report, Status};
use crate::netlink::{self, LinkEvent, Links, LinksError};
use crate::plan::{Notify, Plan};
use crate::reload::{Conclusion, Loaded, Reload};
use crate::resident;
use crate::snapshot::{self, Snapshot};
use crate::state::State;
use crate::time::BootTime;
use crate::web::{self, Web};

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
    /// The directory of the memory across restarts.
    pub state_dir: PathBuf,
    /// Where and how HTTP is served.
    pub web: web::Arguments,
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
    /// HTTP can't be served.
    #[error(transparent)]
    Web(#[from] web::StartError),
    /// Signals can't be caught.
    #[error("cannot catch signals")]
    Signals(#[source] io::Error),
}

/// A running agent.
pub struct Agent {
    monitor: Monitor,
    links: Links,
    capture: Capture,
    control: Control,
    hooks: Hooks,
    reload: Reload,
    state: State,
    web: Web,
    /// What moments of the boot clock are on the wall clock.
    wall: WallClock,
    /// From a frame in the kernel to the event that it caused, in seconds.
    latency: Histogram,
    /// The monitor's revision that readers of the event stream know of.
    told_revision: u64,
    /// Ports that capture does not listen on yet, in the order of their turn.
    to_attach: VecDeque<IfIndex>,
    terminate: Signal,
    interrupt: Signal,
}

impl Agent {
    /// Takes the control socket, loads the kernel half and judges every port for the first time. Ports are attached
    /// by [`Agent::run`]. `plan` is what `reload` read first.
    ///
    /// Must be called within a tokio runtime, in the network namespace to watch.
    pub async fn start(config: Config, plan: Plan, reload: Reload) -> Result<Self, StartError> {
        // First of all what a second agent on the same machine fails at, so that it touches no interface.
        let control = Control::bind(control::SOCKET, Limits::default())?;
        let terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
        let capture =
            Capture::load(capture::Options { hook: config.hook, log: config.kernel_log, ..Default::default() })?;
        let links = Links::open(netlink::Options::default()).await?;
        let web = Web::start(&config.web)?;
        let hooks = Hooks::new(hooks::Options { directory: config.hooks_dir, time_limit: config.hook_time_limit });
        let now = clock::now();
        let (state, memory) = State::open(&config.state_dir, now);
        let mut monitor = Monitor::new(plan);
        monitor.recall(memory, now);
        let mut agent = Self {
            monitor,
            links,
            capture,
            control,
            hooks,
            reload,
            state,
            web,
            wall: WallClock::read(),
            latency: metrics::latency(),
            told_revision: 0,
            to_attach: VecDeque::new(),
            terminate,
            interrupt,
        };
        agent.take_links();
        agent.monitor.links_told(clock::now());
        agent.publish();
        Ok(agent)
    }

    /// Watches until SIGTERM or SIGINT.
    pub async fn run(mut self) {
        let planned = self.monitor.plan().expectations().len();
        let (file, node) = (&self.reload.status().in_force.file, self.monitor.plan().node());
        tracing::info!(plan = ?file, node, planned_ports = planned, "watching the cabling");
        loop {
            let to_save = self.state.due(self.monitor.revision());
            let deadline = self.monitor.next_deadline().into_iter().chain(to_save).min();
            let until_deadline = deadline.map_or(Duration::MAX, |deadline| deadline.since(clock::now()));
            tokio::select! {
                event = self.links.next() => self.take_link(event),
                ready = self.capture.ready() => match ready {
                    Ok(()) => {
                        self.take_frames();
                    }
                    Err(error) => {
                        tracing::error!("cannot read captured frames: {error}");
                        break;
                    }
                },
                (client, command) = self.control.next_request() => self.answer(client, command),
                loaded = self.reload.next() => self.take_plan(loaded),
                query = self.web.next_query() => {
                    // Who gave up meanwhile needs none.
                    let _ = query.send(self.snapshot());
                }
                () = ready(()), if !self.to_attach.is_empty() => self.attach_next(),
                () = self.state.written() => {}
                () = sleep(until_deadline) => {}
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
            }
            let mut now = clock::now();
            // An agent that was held up, stopped or starved, finds both: that somebody's time is over, and the frames in
            // which they went on speaking. Time passes only up to where these are read.
            if self.monitor.next_deadline().is_some_and(|deadline| deadline <= now) {
                now = self.take_frames().unwrap_or(now);
            }
            self.monitor.tick(now);
            self.publish();
            self.keep();
            // Under a flood, or with ports to attach, there is always something ready; the runtime looks at sockets,
            // signals and timers only when the task yields.
            yield_now().await;
        }
        tracing::info!("ending");
        self.state.close(self.monitor.memory(), clock::now()).await;
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
                let netlink::Link { ifindex, name, carrier, carrier_losses, .. } = link;
                if !matches!(self.capture.port(ifindex), Some(Ok(_))) && !self.to_attach.contains(&ifindex) {
                    // The ports that the plan names are not to wait for the others.
                    if self.monitor.is_planned(&name) {
                        self.to_attach.push_front(ifindex);
                    } else {
                        self.to_attach.push_back(ifindex);
                    }
                }
                self.monitor.link(Link { ifindex, name: &name, carrier, carrier_losses }, clock::now());
            }
            LinkEvent::Present(_) => {}
            LinkEvent::Gone(ifindex) => {
                self.to_attach.retain(|&waiting| waiting != ifindex);
                self.capture.detach(ifindex);
                self.monitor.link_gone(ifindex, clock::now());
            }
        }
    }

    /// Listens on one more port. One a turn of the loop: the kernel takes some 16 ms for it (TCX waits for an RCU grace
    /// period), which adds up to seconds on a large switch, and whoever asks meanwhile gets an answer.
    fn attach_next(&mut self) {
        if let Some(link) = self.to_attach.pop_front().and_then(|ifindex| self.links.get(ifindex)) {
            match self.capture.attach(link.ifindex) {
                Ok(point) => tracing::debug!(port = %link.name, "listening at {point}"),
                Err(error) => tracing::warn!(port = %link.name, "cannot listen: {}", with_causes(error)),
            }
        }
        if self.to_attach.is_empty() {
            // From here on it only watches.
            resident::release_text();
            // A port's details show it. Once for all: at the start there are many, one after the other.
            self.web.history().changed();
        }
    }

    /// Takes the frames that wait, as far as one turn goes: if more may wait, gives the time of the last one taken.
    fn take_frames(&mut self) -> Option<BootTime> {
        // Carrier that was lost before these frames came must be known before they are judged.
        self.take_links();
        self.publish();
        let Self { capture, monitor, links, .. } = self;
        let mut last = BootTime::default();
        let taken = capture.drain(FRAMES_A_TURN, |frame| {
            last = BootTime::from_nanos(frame.boot_ns);
            let Some(lldpdu) = ethernet::lldpdu(frame.bytes) else { return };
            match monitor.lldpdu(frame.ifindex, lldpdu, last) {
                Heard::Malformed { error, first: true } => {
                    let port = links.get(frame.ifindex).map_or("?", |link| &*link.name);
                    tracing::warn!("{port}: a malformed LLDPDU was thrown away, what was known stays: {error}");
                }
                Heard::Changed
                | Heard::Refreshed
                | Heard::Confirmed
                | Heard::Left
                | Heard::Malformed { first: false, .. }
                | Heard::TooMany
                | Heard::Stale => {}
            }
        });
        self.publish_and(|agent, event| {
            agent.latency.observe(clock::now().since(event.at).as_secs_f64());
        });
        (taken == FRAMES_A_TURN).then_some(last)
    }

    /// Puts the plan of a topology file that was read again in force, if it is one, and tells those who asked.
    fn take_plan(&mut self, loaded: Loaded<Plan>) {
        let now = clock::now();
        let Conclusion { plan, result, askers } = self.reload.conclude(loaded, self.monitor.plan(), now);
        match plan {
            Some(plan) => self.monitor.set_plan(plan, now),
            // What is wrong with the file is shown, too.
            None => self.web.history().changed(),
        }
        // Before those who asked hear that it is done.
        self.publish();
        for (client, command) in askers {
            self.control.reply(client, Answer::to_reload(&command, &result));
        }
    }

    fn answer(&mut self, client: ClientId, command: Command) {
        let Self { monitor, capture, control, reload, .. } = self;
        let now = clock::now();
        match command.request {
            Request::Reload if control.has_our_rights(client) => return reload.ask(client, command),
            Request::Reload => return control.reply(client, Answer::refusal(&command, &Refusal::MayNotReload)),
            Request::GetPlan => {
                return control.reply(client, Answer::to_get_plan(&command, &reload.status().row(now)));
            }
            Request::GetStatus(_) | Request::Bfd | Request::Unknown => {}
        }
        let capture = |report: &Report<'_>| capture.port(report.ifindex?).map(captured);
        let ports = monitor.reports().map(|report| snapshot::port_row(&report, capture(&report), now));
        let neighbors = monitor.reports().flat_map(|report| NeighborRow::from_report(&report, now));
        control.reply(client, Answer::with_plan_error(&command, ports, neighbors, reload.status().error()));
    }

    /// Everything at this moment.
    fn snapshot(&mut self) -> Snapshot {
        let now = clock::now();
        self.wall.refresh();
        let Self { monitor, capture, control, hooks, reload, web, wall, latency, links, .. } = self;
        Snapshot {
            now,
            wall: *wall,
            cursor: web.history().cursor().to_string(),
            oldest: web.history().oldest().to_string(),
            plan: reload.status().clone(),
            monitor: monitor.clone(),
            captures: capture.ports().map(|(ifindex, port)| (ifindex, captured(port))).collect(),
            rows: OnceLock::new(),
            json: OnceLock::new(),
            kernel: capture.counters(),
            links: links.counters(),
            control: control.counters(),
            hooks: hooks.counters(),
            latency: latency.clone(),
        }
    }

    /// Writes what changed down for the next agent, when it is time.
    fn keep(&mut self) {
        let (revision, now) = (self.monitor.revision(), clock::now());
        if self.state.due(revision).is_some_and(|due| due <= now) {
            self.state.save(revision, self.monitor.memory(), now);
        }
    }

    /// Carries the monitor's events out.
    fn publish(&mut self) {
        self.publish_and(|_, _| {});
    }

    /// The same, with something to do besides for each event that is on its way.
    fn publish_and(&mut self, besides: impl Fn(&Self, &Event)) {
        let mut is_first = true;
        while let Some(mut event) = self.monitor.poll_event() {
            // As whoever asks is advised.
            event.advice = event.after.and_then(|reason| snapshot::advice(reason, &event.port, event.advice.take()));
            // Routing daemons first, the log last: its reader may be slow.
            self.control.notify(&Change::from(&event));
            besides(self, &event);
            if mem::take(&mut is_first) {
                // Who was told and is to run on this very processor runs now, not when all that follows is done, which
                // takes longer than the verdict did.
                thread::yield_now();
            }
            if let Some(run) = Run::for_event(&event) {
                self.hooks.enqueue(run);
            }
            self.wall.refresh();
            let node = self.monitor.plan().node();
            self.web.history().push(&web::Event::Port(snapshot::port_event(&event, node, &self.wall)));
            log(&event);
        }
        let revision = self.monitor.revision();
        if self.told_revision != revision {
            self.told_revision = revision;
            self.web.history().changed();
        }
    }
}

/// Where a port's frames are captured, or why they are not.
fn captured(port: Result<AttachPoint, &AttachError>) -> Result<AttachPoint, String> {
    port.map_err(|error| with_causes(error))
}

/// A change goes into the log as loud as it is bad, where the plan wants it there (`notify`). An event that takes a port
/// out of the plan finds no such wish any more: it is one for debugging in any case.
fn log(event: &Event) {
    let Event { port, before, after, explanation, advice, notify, .. } = event;
    let reason = |reason: &Option<Reason>| reason.map_or("nothing", Reason::as_str);
    let (before, now) = (reason(before), reason(after));
    let advice = advice.as_ref().map_or_else(String::new, |advice| format!("; {advice}"));
    // Text from LLDP: escaped, for a terminal may show it.
    let text = shown(&format!("{port}: {before} -> {now}: {explanation}{advice}"));
    let judged_before = matches!(event.before.map(Reason::status), Some(Status::Pass | Status::Fail));
    match (notify, after.map(Reason::status)) {
        (Notify::None, _) => {}
        (Notify::Log, Some(Status::Fail)) => tracing::warn!("{text}"),
        (Notify::Log, Some(Status::Pass)) => tracing::info!("{text}"),
        // Else the last that the log says of the port would not be true any more.
        (Notify::Log, Some(Status::NoInfo)) if judged_before => tracing::info!("{text}"),
        (Notify::Log, Some(Status::NoInfo) | None) | (Notify::Hook, _) => tracing::debug!("{text}"),
    }
}
