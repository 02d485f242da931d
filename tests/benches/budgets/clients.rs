//! A thousand clients of the real agent's control socket, a hundred of which never read, while verdicts keep changing.

use std::io::{self, Read as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream as StdStream};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use ptm_agent::control::SOCKET;
use ptm_agent::control::codec::{self, Decoder, Incoming, Kind, LONGEST_BODY, Message};
use ptm_agent::control::record::Record;
use ptm_agent::open_files;
use tokio::net::UnixStream;
use tokio::task::LocalSet;
use tokio::time::timeout;

use crate::agents::{self, FAR, NODE, megabytes};
use crate::audience::{Audience, wrong_name};
use crate::ports::Wires;
use crate::table::Table;

const MEMORY_BUDGET: u64 = 64_000_000;

const READERS: usize = 900;
const STUCK: usize = 100;
const EVENTS: usize = 10_000;
/// Events that are on their way to the slowest reader. Less than what a socket holds, so that the agent's queues are
/// for those who don't read.
const WINDOW: usize = 200;
/// Several times what it takes.
const LIMIT: Duration = Duration::from_mins(5);

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    open_files::raise()?;
    let mut fabric = agents::machines(&[NODE, FAR], &agents::plan(1))?;
    let wires = Wires::make(&mut fabric, NODE, FAR, 1)?;
    let node = fabric.node(NODE)?;
    node.start_agent(&[])?;
    agents::await_ports(node, 1)?;
    let clients: io::Result<Vec<_>> = node.machine().enter(|| (0..READERS + STUCK).map(|_| connect()).collect());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Outcome { heard, trouble, stuck, taken } = LocalSet::new().block_on(&runtime, play(clients?, &wires))?;
    let agent = node.agent().expect("started above");
    let peak = agents::peak_resident(agent.pid())?;
    // What the log still owes it tells at the end.
    agent.terminate()?;
    let in_log = told_of(&agent.log());

    let everything = READERS * EVENTS;
    let mut measured = format!("{heard} in {:.1} s", taken.as_secs_f64());
    measured.extend(trouble.map(|trouble| format!("; {trouble}")));
    table.judge(
        "1,000 clients, 10,000 events: heard in order by the 900 that read",
        &format!("{everything}, every one"),
        &measured,
        heard == everything,
    );
    #[expect(clippy::cast_precision_loss, reason = "millions")]
    let rate = heard as f64 / taken.as_secs_f64();
    table.compare(
        &format!("frames sent at most {WINDOW} ahead of the slowest reader"),
        &format!("{rate:.0} notifications a second"),
    );
    let disconnected = stuck.iter().filter(|end| **end == End::Disconnected).count();
    table.judge(
        "the 100 that never read",
        "disconnected, told of in the log",
        &format!("{disconnected} disconnected, {in_log} told of"),
        disconnected == STUCK && in_log == STUCK,
    );
    let memory = format!("{:.1} MB", megabytes(peak));
    table.judge("peak resident memory of the agent (VmHWM)", "< 64 MB", &memory, peak < MEMORY_BUDGET);
    Ok(())
}

/// How many clients the log tells of: of some in a line each, of the others together.
fn told_of(log: &str) -> usize {
    let more = |line: &str| line.split_once("control clients: ")?.1.split(' ').next()?.parse::<usize>().ok();
    log.matches("does not read what it is sent").count() + log.lines().filter_map(more).sum::<usize>()
}

fn connect() -> io::Result<StdStream> {
    let stream = StdStream::connect_addr(&SocketAddr::from_abstract_name(SOCKET)?)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

struct Outcome {
    /// Notifications that readers got, each the next one.
    heard: usize,
    /// Why not all, if it is known.
    trouble: Option<String>,
    /// How those ended that do not read.
    stuck: Vec<End>,
    /// From the first frame to the last notification.
    taken: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Disconnected,
    StillConnected,
}

async fn play(clients: Vec<StdStream>, wires: &Wires) -> Result<Outcome> {
    let audience = Rc::new(Audience::new(READERS, check));
    let mut stuck = Vec::new();
    for (number, stream) in clients.into_iter().enumerate() {
        // Every tenth, so that they are spread over the agent's tables.
        if number % ((READERS + STUCK) / STUCK) == 0 {
            let stream = UnixStream::from_std(stream)?;
            ask(&stream, &Record::new().with("cmd", "get-status")).await?;
            // Its answer is there, so it gets notifications from now on. It is not read.
            stream.readable().await?;
            stuck.push(stream);
        } else {
            let mut reader = Reader { stream: UnixStream::from_std(stream)?, decoder: Decoder::new(LONGEST_BODY) };
            reader.subscribe().await?;
            let audience = Rc::clone(&audience);
            tokio::task::spawn_local(async move {
                let Err(trouble) = reader.listen(&audience).await;
                audience.give_up(&trouble);
            });
        }
    }

    let started = Instant::now();
    let ended = timeout(LIMIT, audience.tell(wires, EVENTS, WINDOW)).await.context("it takes too long").flatten();
    let taken = started.elapsed();
    let stuck = stuck.into_iter().map(end_of).collect::<Result<_>>()?;
    Ok(Outcome { heard: audience.heard(), trouble: ended.err().map(|error| format!("{error:#}")), stuck, taken })
}

/// Whether this is the notification that the frame of this number made.
fn check(number: usize, body: &[u8]) -> Result<()> {
    let record = Record::read_all(str::from_utf8(body)?).pop().context("a notification without a row")?;
    let (status, observed) = match wrong_name(number) {
        None => ("pass", "spine1:swp1".to_owned()),
        Some(name) => ("fail", format!("{name}:swp1")),
    };
    let is = [record.get("port"), record.get("cbl status"), record.get("act nbr")];
    ensure!(is == [Some("swp1"), Some(status), Some(&observed)], "event {number} reads {record:?}");
    Ok(())
}

/// A client that reads whatever comes.
struct Reader {
    stream: UnixStream,
    decoder: Decoder,
}

impl Reader {
    /// Asks for our columns, which tell events apart, and reads the answer to its end.
    async fn subscribe(&mut self) -> Result<()> {
        ask(&self.stream, &Record::new().with("cmd", "get-status").with("more", "yes").with("end", "yes")).await?;
        loop {
            let Message { kind, body, .. } = self.next().await?;
            ensure!(kind == Kind::Response, "a notification before the first frame");
            if Record::read_all(str::from_utf8(&body)?).pop().is_some_and(|row| row.get("cmd_status").is_some()) {
                return Ok(());
            }
        }
    }

    /// Tells the audience of every event, until something is wrong.
    async fn listen(mut self, audience: &Audience) -> Result<std::convert::Infallible> {
        for number in 0.. {
            let Message { kind, body, .. } = self.next().await?;
            ensure!(kind == Kind::Notification, "an answer that nobody asked for");
            audience.hear(number, &body)?;
        }
        unreachable!("the range has no end")
    }

    async fn next(&mut self) -> Result<Message> {
        loop {
            match self.decoder.decode()? {
                Some(Incoming::Message(message)) => return Ok(message),
                Some(too_long) => bail!("{too_long:?}"),
                None => self.stream.readable().await?,
            }
            let mut buffer = [0; 16 * 1_024];
            match self.stream.try_read(&mut buffer) {
                Ok(0) => bail!("the agent disconnects a reader"),
                Ok(length) => self.decoder.push(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Reads what a client that did not read can still read.
fn end_of(stream: UnixStream) -> Result<End> {
    let mut stream = stream.into_std()?;
    let mut decoder = Decoder::new(LONGEST_BODY);
    let mut buffer = [0; 16 * 1_024];
    let end = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break End::Disconnected,
            Ok(length) => decoder.push(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break End::StillConnected,
            Err(error) => return Err(error.into()),
        }
        while decoder.decode()?.is_some() {}
    };
    ensure!(decoder.is_at_boundary(), "a message was cut off");
    Ok(end)
}

async fn ask(stream: &UnixStream, command: &Record) -> Result<()> {
    let mut message = Vec::new();
    codec::encode(&mut message, Kind::Command, 0, "bench", &command.encode());
    stream.writable().await?;
    let written = stream.try_write(&message)?;
    ensure!(written == message.len(), "the agent's socket is full before the first answer");
    Ok(())
}
