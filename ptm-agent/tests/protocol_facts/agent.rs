//! An agent of nothing but a control socket and a monitor, and a client that knows what the facts say.

use std::io::{self, Read as _, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use std::{iter, net, thread};

use ptm_agent::control::rows::{Change, NeighborRow, PortRow};
use ptm_agent::control::{Answer, Control, Limits, Refusal};
use ptm_agent::lldp::encode::Builder;
use ptm_agent::lldp::{ChassisId, ChassisIdSubtype, PortId, PortIdSubtype, Text};
use ptm_agent::monitor::{Link, Monitor};
use ptm_agent::plan;
use ptm_agent::time::BootTime;
use tokio::sync::mpsc;

/// `leaf1` has a neighbor of the plan on `swp1`, another one on `swp2`, and nobody on the others.
const PLAN: &str = "graph G {
    leaf1:swp1 -- spine1:swp7;
    leaf1:swp2 -- spine2:swp7;
    leaf1:swp3 -- spine3:swp7;
    leaf1:swp4 -- spine4:swp7 [LLDP=\"match_type=portdescr\"];
}";

/// What the agent knows.
pub(crate) struct World {
    pub(crate) monitor: Monitor,
    /// The time at which it is asked, in seconds.
    pub(crate) now: u64,
    /// Why there are no answers.
    pub(crate) refusal: Option<Refusal>,
}

impl World {
    /// The machine `leaf1` of a plan, with these ports up.
    pub(crate) fn new(plan: &str, ports: &[&str]) -> Self {
        let mut monitor = Monitor::new(plan::read(plan).0.plan_for("leaf1").unwrap());
        for (ifindex, name) in (1..).zip(ports) {
            monitor.link(Link { ifindex, name, carrier: true, carrier_losses: 0 }, at(0));
        }
        iter::from_fn(|| monitor.poll_event()).for_each(drop);
        Self { monitor, now: 10, refusal: None }
    }

    /// `leaf1` with one port, `swp1`, which is to see `swp7` of `spine1`, and sees nobody.
    pub(crate) fn with_one_port() -> Self {
        Self::new("graph G { leaf1:swp1 -- spine1:swp7; }", &["swp1"])
    }

    /// A neighbor says who it is, on the port of this number.
    pub(crate) fn hear(&mut self, port: u32, name: &[u8], port_id: &[u8], description: &[u8]) {
        let chassis = ChassisId::new(ChassisIdSubtype::Local, b"chassis").unwrap();
        let port_id = PortId::new(PortIdSubtype::InterfaceName, port_id).unwrap();
        let lldpdu = Builder::new(chassis, port_id, 65_535)
            .port_description(Text::new(description).unwrap())
            .system_name(Text::new(name).unwrap())
            .finish();
        self.monitor.lldpdu(port, &lldpdu, at(self.now));
    }
}

fn at(seconds: u64) -> BootTime {
    BootTime::default() + Duration::from_secs(seconds)
}

type Order = Box<dyn FnOnce(&mut World) + Send>;

/// It ends when it is dropped.
pub(crate) struct Agent {
    pub(crate) name: String,
    orders: Option<mpsc::UnboundedSender<(Order, std_mpsc::Sender<()>)>>,
    thread: Option<JoinHandle<()>>,
}

impl Agent {
    /// On the plan and with the neighbors that are described above.
    pub(crate) fn usual() -> Self {
        let mut world = World::new(PLAN, &["swp1", "swp2", "swp3", "swp4", "swp5"]);
        world.hear(1, b"spine1", b"swp7", b"to leaf1");
        world.hear(2, b"spine9", b"swp9", b"to leaf9");
        iter::from_fn(|| world.monitor.poll_event()).for_each(drop);
        Self::start(world)
    }

    /// On a plan of `leaf1:swp1` alone, whose cable is right.
    pub(crate) fn with_one_port() -> Self {
        let agent = Self::start(World::with_one_port());
        agent.change(|world| world.hear(1, b"spine1", b"swp7", b""));
        agent
    }

    pub(crate) fn start(world: World) -> Self {
        static NAMES: AtomicU32 = AtomicU32::new(0);
        let name = format!("ptm-facts/{}/{}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
        Self::start_as(name, Limits::default(), world)
    }

    pub(crate) fn start_as(name: String, limits: Limits, world: World) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let control = runtime.block_on(async { Control::bind(&name, limits) }).unwrap();
        let thread = thread::spawn(move || runtime.block_on(run(control, inbox, world)));
        Self { name, orders: Some(orders), thread: Some(thread) }
    }

    /// Changes what the agent knows; it has told of it when this returns.
    pub(crate) fn change(&self, order: impl FnOnce(&mut World) + Send + 'static) {
        let (done, told) = std_mpsc::channel();
        self.orders.as_ref().unwrap().send((Box::new(order), done)).ok().unwrap();
        told.recv().unwrap();
    }

    pub(crate) fn client(&self) -> Client {
        let stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(&self.name).unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Client { stream }
    }

    /// Everything that is answered to these bytes.
    pub(crate) fn answer(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.client().stream;
        stream.write_all(bytes).unwrap();
        stream.shutdown(net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    /// The bodies that are answered to a command of this body.
    pub(crate) fn ask(&self, body: &str) -> Vec<String> {
        let answer = self.answer(&command(body));
        let mut bytes = &answer[..];
        iter::from_fn(|| Message::read(&mut bytes)).map(|message| message.body).collect()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.orders = None;
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || thread::panicking());
    }
}

async fn run(
    mut control: Control,
    mut inbox: mpsc::UnboundedReceiver<(Order, std_mpsc::Sender<()>)>,
    mut world: World,
) {
    loop {
        tokio::select! {
            (client, command) = control.next_request() => {
                let (monitor, now) = (&world.monitor, at(world.now));
                let ports = monitor.reports().map(|report| PortRow::from_report(&report, None, now));
                let neighbors = monitor.reports().flat_map(|report| NeighborRow::from_report(&report, now));
                control.reply(client, match &world.refusal {
                    Some(refusal) => Answer::refusal(&command, refusal),
                    None => Answer::new(&command, ports, neighbors),
                });
            }
            order = inbox.recv() => {
                let Some((order, done)) = order else { return };
                order(&mut world);
                while let Some(event) = world.monitor.poll_event() {
                    control.notify(&Change::from(&event));
                }
                done.send(()).unwrap();
            }
        }
    }
}

/// A command, with `cmdid` 0 and zebra's name.
pub(crate) fn command(body: &str) -> Vec<u8> {
    format!("{:4},   2,   2,   0,{:>16.16}\n{body}", body.len(), "frr").into_bytes()
}

pub(crate) struct Client {
    pub(crate) stream: UnixStream,
}

impl Client {
    pub(crate) fn send(&mut self, body: &str) {
        self.stream.write_all(&command(body)).unwrap();
    }

    /// The next message; `None`: the agent closed the connection.
    pub(crate) fn next(&mut self) -> Option<Message> {
        Message::read(&mut self.stream)
    }
}

/// A message as the facts' table of the header has it.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) length: usize,
    pub(crate) version: u32,
    pub(crate) kind: u32,
    pub(crate) cmdid: u32,
    pub(crate) client: String,
    pub(crate) body: String,
}

impl Message {
    pub(crate) fn read(from: &mut impl io::Read) -> Option<Self> {
        let mut header = [0; 37];
        if from.read(&mut header[..1]).unwrap() == 0 {
            return None;
        }
        from.read_exact(&mut header[1..]).unwrap();
        let header = str::from_utf8(&header).unwrap().strip_suffix('\n').unwrap();
        let fields: Vec<&str> = header.split(',').collect();
        assert_eq!(fields.iter().map(|field| field.len()).collect::<Vec<_>>(), [4, 4, 4, 4, 16], "{header}");
        let number = |at: usize| fields[at].trim_start().parse::<u32>().unwrap();
        let length = usize::try_from(number(0)).unwrap();
        let mut body = vec![0; length];
        from.read_exact(&mut body).unwrap();
        let (client, body) = (fields[4].to_owned(), String::from_utf8(body).unwrap());
        Some(Self { length, version: number(1), kind: number(2), cmdid: number(3), client, body })
    }

    /// The value of a column.
    pub(crate) fn get(&self, column: &str) -> Option<&str> {
        let mut lines = self.body.lines().map(|line| line.split(','));
        let (columns, values) = (lines.next()?, lines.next()?);
        columns.zip(values).find(|(name, _)| *name == column).map(|(_, value)| value)
    }
}
