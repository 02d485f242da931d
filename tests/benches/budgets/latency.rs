//! How long after a frame was put on the wire the control socket tells of the new verdict; beside it, in turns, a bare
//! program, and lldpd for the same frames.

use std::io::{Read, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use ptm_agent::control::SOCKET;
use ptm_agent::control::codec::{self, Kind};
use ptm_agent::control::record::Record;
use ptm_tests::{Machine, USUAL_TTL, wait};

use crate::agents::{self, FAR, NODE};
use crate::floor::Floor;
use crate::ports::Wires;
use crate::table::{Table, median, quantile};

const MEDIAN_BUDGET: Duration = Duration::from_micros(80);
const TAIL_BUDGET: Duration = Duration::from_micros(300);

const FRAMES: usize = 1_000;
/// lldpd is slower.
const FRAMES_BESIDE_LLDPD: usize = 200;
/// Between two frames: on a real port nobody is still awake from the last one.
const PAUSE: Duration = Duration::from_millis(3);
/// After this a frame counts as lost.
const PATIENCE: Duration = Duration::from_secs(2);

const BARE: &str = "a bare program between two sockets";

/// Where the bare program is.
const FLOOR: &str = "leaf2";

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    let mut fabric = agents::machines(&[NODE, FLOOR, FAR], &agents::plan(1))?;
    let wire = Wires::make(&mut fabric, NODE, FAR, 1)?;
    let floor_wire = Wires::make(&mut fabric, FLOOR, FAR, 1)?;
    let mut floor = Floor::start(fabric.node(FLOOR)?.machine(), "swp1")?;
    floor.copies.set_read_timeout(Some(PATIENCE))?;
    let node = fabric.node(NODE)?;
    node.start_agent(&[])?;
    agents::await_ports(node, 1)?;
    let mut notifications = subscribe(node.machine())?;

    let mut frames = frames();
    let (mut agent, mut bare) = (Vec::new(), Vec::new());
    for frame in frames.by_ref().take(FRAMES) {
        thread::sleep(PAUSE);
        bare.push(answer(&floor_wire, &frame, &mut floor.copies)?);
        thread::sleep(PAUSE);
        agent.push(answer(&wire, &frame, &mut notifications)?);
    }
    let (middle, tail) = (median(&mut agent), quantile(&mut agent, 0.99));
    table.judge("frame on the wire → notification, median", "≤ 80 µs", &micros(middle), middle <= MEDIAN_BUDGET);
    table.compare(BARE, &ratio(median(&mut bare), middle));
    table.judge("frame on the wire → notification, 99th percentile", "≤ 300 µs", &micros(tail), tail <= TAIL_BUDGET);
    table.compare(BARE, &ratio(quantile(&mut bare, 0.99), tail));

    node.start_lldpd(USUAL_TTL)?;
    wait::until("lldpd to answer", wait::PATIENCE, || node.lldpd_neighbors())?;
    let watch = Watch::start(node.machine())?;
    let (mut agent, mut lldpd) = (Vec::new(), Vec::new());
    // It does not tell when it begins to watch.
    for frame in frames.by_ref().take(20) {
        answer(&wire, &frame, &mut notifications)?;
        if watch.said.recv_timeout(Duration::from_millis(200)).is_ok() {
            break;
        }
    }
    for frame in frames.by_ref().take(FRAMES_BESIDE_LLDPD) {
        thread::sleep(PAUSE);
        // What came since its last answer belongs to the frame before.
        watch.said.try_iter().for_each(drop);
        let sent = Instant::now();
        agent.push(answer(&wire, &frame, &mut notifications)?);
        lldpd.push(watch.said.recv_timeout(PATIENCE).context("lldpd says nothing of a frame")? - sent);
    }
    let both = |values: &mut [Duration]| format!("{} / {}", micros(median(values)), micros(quantile(values, 0.99)));
    table.compare("beside lldpd, median / 99th percentile", &both(&mut agent));
    table.compare("`lldpcli watch` for the same frames", &both(&mut lldpd));
    Ok(())
}

/// Frames of which each turns the verdict: the right neighbor, then a wrong one.
fn frames() -> impl Iterator<Item = Vec<u8>> {
    (0..).map(|number| agents::announcement(0, (number % 2 == 1_u32).then_some("spine9")))
}

/// Sends a frame and waits for something to be said of it.
fn answer(wire: &Wires, frame: &[u8], from: &mut impl Read) -> Result<Duration> {
    let mut said = [0; 16 * 1_024];
    let sent = Instant::now();
    wire.send(0, frame)?;
    let length = from.read(&mut said).context("nothing is said of a frame")?;
    let taken = sent.elapsed();
    if length == 0 {
        bail!("the program that is measured has gone");
    }
    Ok(taken)
}

/// A client of the control socket that has its first answer behind it.
fn subscribe(machine: &Machine) -> Result<UnixStream> {
    let mut stream = machine.enter(|| UnixStream::connect_addr(&SocketAddr::from_abstract_name(SOCKET)?))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut message = Vec::new();
    let command = Record::new().with("cmd", "get-status");
    codec::encode(&mut message, Kind::Command, 0, "bench", &command.encode());
    stream.write_all(&message)?;
    let mut answer = [0; 16 * 1_024];
    let length = stream.read(&mut answer).context("the agent does not answer")?;
    // One port, so one message; a notification comes only with a frame.
    if length == 0 {
        bail!("the agent has gone");
    }
    Ok(stream)
}

/// `lldpcli watch`, and when it said something. Dropping it ends it.
struct Watch {
    child: Child,
    said: Receiver<Instant>,
}

impl Watch {
    fn start(machine: &Machine) -> Result<Self> {
        let mut command = Command::new("lldpcli");
        command.args(["-u", "/run/lldpd.socket", "watch"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = machine.enter(move || command.spawn())?;
        let mut stdout = child.stdout.take().expect("piped above");
        let (tell, said) = mpsc::channel();
        thread::spawn(move || {
            let mut text = [0; 16 * 1_024];
            while stdout.read(&mut text).is_ok_and(|length| length > 0) && tell.send(Instant::now()).is_ok() {}
        });
        Ok(Self { child, said })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Either fails only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn micros(time: Duration) -> String {
    format!("{:.0} µs", time.as_secs_f64() * 1e6)
}

/// What another program takes, and how many times as long the agent.
fn ratio(other: Duration, agent: Duration) -> String {
    format!("{}; the agent takes {:.1} times as long", micros(other), agent.as_secs_f64() / other.as_secs_f64())
}
