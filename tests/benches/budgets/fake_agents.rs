//! Agents of a large fabric that are none: they answer the map as agents do, and say of their ports what they are told.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::stream::{self, Stream};
use ptm_agent::api::{self, Kind, PortEvent, Timestamp, Topology, Verdict};
use ptm_agent::monitor::Reason;
use ptm_tests::{Cable, Cabling, Endpoint};
use tokio::net::UnixListener;
use tokio::sync::broadcast;

/// More than are sent before anybody reads.
const QUEUE: usize = 1_024;

/// The agents of all machines of a plan. Their thread ends with the process.
pub(crate) struct FakeAgents {
    agents: BTreeMap<String, Arc<Agent>>,
}

struct Agent {
    topology: Mutex<Topology>,
    events: broadcast::Sender<PortEvent>,
}

impl FakeAgents {
    /// Starts them, each at its socket in the folder `sockets`. All their ports pass. `plan`: the file that has `cabling`.
    pub(crate) fn start(cabling: &Cabling, plan: &Path, sockets: &Path) -> Result<Self> {
        let file = api::Plan {
            file: plan.display().to_string(),
            sha256: sha256(plan)?,
            since: SystemTime::now().into(),
            load_seconds: 0.001,
            nodes: cabling.nodes.len(),
            links: cabling.cables.len(),
            failure: None,
        };
        let agent = |node: &String| {
            let topology = Mutex::new(topology(node, cabling, &file));
            (node.clone(), Arc::new(Agent { topology, events: broadcast::Sender::new(QUEUE) }))
        };
        let agents: BTreeMap<_, _> = cabling.nodes.iter().map(agent).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        for (node, agent) in &agents {
            let router = Router::new()
                .route("/api/v1/topology", get(answer))
                .route("/api/v1/events", get(tell))
                .with_state(Arc::clone(agent));
            let _within = runtime.enter();
            let socket = UnixListener::bind(sockets.join(format!("{node}.sock")))?;
            runtime.spawn(async move { axum::serve(socket, router).await });
        }
        thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        Ok(Self { agents })
    }

    /// Lets a port have another verdict; gives the time of the event, in milliseconds since 1970.
    pub(crate) fn turn(&self, end: &Endpoint, reason: Reason) -> Result<u64> {
        let agent = self.agents.get(&end.node).context("no such agent")?;
        let time = Timestamp::from(SystemTime::now());
        let mut topology = agent.topology.lock().expect("nobody panics with it locked");
        let mut ends = topology.links.iter_mut().map(|link| &mut link.ends[0]);
        let known = ends.find(|known| known.port.as_deref() == Some(&end.port)).context("no such port")?;
        let verdict = known.verdict.as_mut().context("every port has one")?;
        let before = Some(verdict.reason);
        **verdict = Verdict { status: reason.status(), reason, since: Some(time), ..*verdict.clone() };
        let event = PortEvent {
            time,
            node: end.node.clone(),
            port: end.port.clone(),
            planned: true,
            before,
            after: Some(reason),
            verdict: Some(verdict.clone()),
        };
        agent.events.send(event).context("the map does not listen")?;
        Ok(time.unix_millis())
    }
}

async fn answer(State(agent): State<Arc<Agent>>) -> Json<Topology> {
    Json(agent.topology.lock().expect("nobody panics with it locked").clone())
}

async fn tell(State(agent): State<Arc<Agent>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let numbered = (1_u64.., agent.events.subscribe());
    let stream = stream::unfold(numbered, |(mut numbers, mut events)| async {
        let event = events.recv().await.ok()?;
        let id = format!("0-{:x}", numbers.next()?);
        let event = Event::default().event("port").id(id).json_data(event).expect("plain data");
        Some((Ok(event), (numbers, events)))
    });
    let alive = Event::default().event("alive").data("{}");
    Sse::new(stream).keep_alive(KeepAlive::new().event(alive).interval(Duration::from_secs(5)))
}

/// What the agent of `node` answers while all is well.
fn topology(node: &str, cabling: &Cabling, plan: &api::Plan) -> Topology {
    let own = cabling.cables.iter().filter_map(|Cable(one, other)| match node {
        _ if one.node == node => Some((one, other)),
        _ if other.node == node => Some((other, one)),
        _ => None,
    });
    let end = |end: &Endpoint, verdict| api::End { node: end.node.clone(), port: Some(end.port.clone()), verdict };
    let links: Vec<_> = own
        .map(|(near, far)| {
            let verdict = Verdict {
                status: Reason::Match.status(),
                reason: Reason::Match,
                cached: false,
                carrier: Some(true),
                since: Some(plan.since),
                expected: Some(far.to_string()),
                observed: Some(far.to_string()),
                difference: None,
                explanation: format!("{far} is there, as the plan says"),
                advice: None,
            };
            api::Link { ends: [end(near, Some(verdict.into())), end(far, None)] }
        })
        .collect();
    let far_nodes = links.iter().map(|link| &link.ends[1].node);
    let names = std::iter::once(node).chain(far_nodes.map(String::as_str));
    let nodes = names.map(|name| api::Node { name: name.to_owned(), function: None, agent: None }).collect();
    let server = api::Server {
        kind: Kind::Agent,
        node: Some(node.to_owned()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        time: plan.since,
    };
    let [cursor, oldest] = ["0-0", "0-0"].map(str::to_owned);
    Topology { server, cursor, oldest, plan: plan.clone(), nodes, links, unplanned: Vec::new() }
}

fn sha256(file: &Path) -> Result<String> {
    let output = Command::new("sha256sum").arg(file).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split(' ').next().context("sha256sum prints nothing")?.to_owned())
}
