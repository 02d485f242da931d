//! A thousand readers of the real agent's event stream, a hundred of whom never read, while verdicts keep changing.

use std::convert::Infallible;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream as StdStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use ptm_agent::api::PortEvent;
use ptm_agent::monitor::Reason;
use ptm_agent::open_files;
use ptm_tests::Machine;
use ptm_tests::wait;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::timeout;

use crate::agents::{self, FAR, NODE, megabytes};
use crate::audience::{Audience, wrong_name};
use crate::ports::Wires;
use crate::table::Table;

const MEMORY_BUDGET: u64 = 64_000_000;

const READERS: usize = 900;
const STUCK: usize = 100;
const EVENTS: usize = 1_000;
/// Events that are on their way to the slowest reader: less than what the agent remembers.
const WINDOW: usize = 200;
/// Several times what it takes.
const LIMIT: Duration = Duration::from_mins(2);
/// The agent lets go of whoever takes nothing for ten seconds.
const UNTIL_DROPPED: Duration = Duration::from_secs(40);

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    open_files::raise()?;
    let mut fabric = agents::machines(&[NODE, FAR], &agents::plan(1))?;
    let wires = Wires::make(&mut fabric, NODE, FAR, 1)?;
    let node = fabric.node(NODE)?;
    node.start_agent(&[])?;
    agents::await_ports(node, 1)?;
    let mut clients: Vec<_> =
        node.machine().enter(|| (0..READERS + STUCK).map(|_| ask("/api/v1/events")).collect::<io::Result<_>>())?;
    let stuck = clients.split_off(READERS);
    wait::until("the agent to know all clients", LIMIT, || {
        let there = counted(node.machine(), "ptm_http_stream_clients")?;
        if there == READERS + STUCK { Ok(()) } else { Err(format!("{there} clients")) }
    })?;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Outcome { heard, trouble, taken } = LocalSet::new().block_on(&runtime, play(clients, &wires))?;
    let dropped = || counted(node.machine(), "ptm_http_stream_clients_dropped_total");
    // Fewer are a result, not a failure.
    let _ = wait::until("those who don't read to be let go", UNTIL_DROPPED, || {
        let dropped = dropped()?;
        if dropped >= STUCK { Ok(()) } else { Err(format!("{dropped}")) }
    });
    let dropped = dropped().map_err(anyhow::Error::msg)?;
    drop(stuck);
    let peak = agents::peak_resident(node.agent().expect("started above").pid())?;

    let everything = READERS * EVENTS;
    let mut measured = format!("{heard} in {:.1} s", taken.as_secs_f64());
    measured.extend(trouble.map(|trouble| format!("; {trouble}")));
    table.judge(
        "1,000 event streams, 1,000 events: heard in order by the 900 that read",
        &format!("{everything}, every one"),
        &measured,
        heard == everything,
    );
    #[expect(clippy::cast_precision_loss, reason = "a million")]
    let rate = heard as f64 / taken.as_secs_f64();
    table.compare(
        &format!("frames sent at most {WINDOW} ahead of the slowest reader"),
        &format!("{rate:.0} events a second"),
    );
    table.judge("the 100 that never read", "dropped and counted", &format!("{dropped} counted"), dropped == STUCK);
    let memory = format!("{:.1} MB", megabytes(peak));
    table.judge("peak resident memory of the agent (VmHWM)", "< 64 MB", &memory, peak < MEMORY_BUDGET);
    Ok(())
}

/// Sends a request, in HTTP/1.0: the answer is what comes until the end.
fn ask(path: &str) -> io::Result<StdStream> {
    let mut stream = StdStream::connect(("127.0.0.1", ptm_agent::web::DEFAULT_PORT))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    Ok(stream)
}

/// The value of a metric without labels.
fn counted(machine: &Machine, metric: &str) -> Result<usize, String> {
    let fetch = || {
        let mut answer = String::new();
        ask("/metrics")?.read_to_string(&mut answer)?;
        io::Result::Ok(answer)
    };
    let answer = machine.enter(fetch).map_err(|error| error.to_string())?;
    let value = answer.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' ')?.parse().ok());
    value.ok_or_else(|| format!("no {metric} in {answer}"))
}

struct Outcome {
    /// Events that readers got, each the next one.
    heard: usize,
    /// Why not all, if it is known.
    trouble: Option<String>,
    /// From the first frame to the last event.
    taken: Duration,
}

async fn play(readers: Vec<StdStream>, wires: &Wires) -> Result<Outcome> {
    let audience = Rc::new(Audience::new(READERS, check));
    for stream in readers {
        stream.set_nonblocking(true)?;
        let stream = BufReader::new(TcpStream::from_std(stream)?);
        let audience = Rc::clone(&audience);
        tokio::task::spawn_local(async move {
            let Err(trouble) = listen(stream, &audience).await;
            audience.give_up(&trouble);
        });
    }
    let started = Instant::now();
    let ended = timeout(LIMIT, audience.tell(wires, EVENTS, WINDOW)).await.context("it takes too long").flatten();
    Ok(Outcome {
        heard: audience.heard(),
        trouble: ended.err().map(|error| format!("{error:#}")),
        taken: started.elapsed(),
    })
}

/// Tells the audience of every event, until something is wrong.
async fn listen(mut stream: BufReader<TcpStream>, audience: &Audience) -> Result<Infallible> {
    let (mut number, mut kind, mut line) = (0, String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            bail!("the agent disconnects a reader");
        }
        if let Some(found) = line.strip_prefix("event: ") {
            kind = found.trim_end().to_owned();
        }
        match (kind.as_str(), line.strip_prefix("data: ")) {
            ("port", Some(data)) => {
                audience.hear(number, data.as_bytes())?;
                number += 1;
            }
            ("reset", _) => bail!("a reader fell behind"),
            _ => {}
        }
    }
}

/// Whether this is the event that the frame of this number made.
fn check(number: usize, data: &[u8]) -> Result<()> {
    let event: PortEvent = serde_json::from_slice(data)?;
    let (reason, observed) = match wrong_name(number) {
        None => (Reason::Match, "spine1:swp1".to_owned()),
        Some(name) => (Reason::WrongNode, format!("{name}:swp1")),
    };
    let is = (event.port.as_str(), event.after, event.verdict.and_then(|verdict| verdict.observed));
    ensure!(is == ("swp1", Some(reason), Some(observed)), "event {number} reads {is:?}");
    Ok(())
}
