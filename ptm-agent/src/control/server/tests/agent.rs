//! The agent and its clients, for the tests.

use std::io::{self, Read as _, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tracing::subscriber::with_default;

use crate::PATIENCE;
use crate::control::codec::{self, Decoder, Incoming, Kind, LONGEST_BODY, Message};
use crate::control::record::Record;
use crate::control::rows::{self, Change};
use crate::control::{Answer, Control, Counters, Limits};
use crate::logging::captured::Captured;
use crate::monitor::Reason;

/// Limits within which a busy machine makes nobody late.
pub(super) fn limits() -> Limits {
    Limits { patience: Duration::from_hours(1), ..Limits::default() }
}

/// An agent with some ports `swp1`…, all of one verdict.
pub(super) struct Agent {
    pub(super) name: String,
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
    log: Captured,
}

enum Order {
    /// The verdict of port `swp1` changes; everybody is told. The number is in the explanation.
    Change(Reason, u32),
    Count(std_mpsc::Sender<Counters>),
}

impl Agent {
    pub(super) fn start(limits: Limits, ports: usize) -> Self {
        static NAMES: AtomicU32 = AtomicU32::new(0);
        let name = format!("ptm-test/{}/{}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
        let (orders, inbox) = mpsc::unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let control = runtime.block_on(async { Control::bind(&name, limits) }).unwrap();
        let log = Captured::default();
        // Each has one, also where nobody looks at it: what a thread without one meets first may be taken for disabled
        // in the others (tracing's cache of what is of interest to any subscriber).
        let logging = log.subscriber();
        let serve = move || with_default(logging, || runtime.block_on(run(control, inbox, ports)));
        let thread = std::thread::spawn(serve);
        Self { name, orders: Some(orders), thread: Some(thread), log }
    }

    pub(super) fn change(&self, reason: Reason, number: u32) {
        self.orders.as_ref().unwrap().send(Order::Change(reason, number)).unwrap();
    }

    pub(super) fn counters(&self) -> Counters {
        let (sender, counters) = std_mpsc::channel();
        self.orders.as_ref().unwrap().send(Order::Count(sender)).unwrap();
        counters.recv_timeout(PATIENCE).unwrap()
    }

    pub(super) fn wait_for(&self, condition: impl Fn(Counters) -> bool) {
        let start = Instant::now();
        while !condition(self.counters()) {
            assert!(start.elapsed() < PATIENCE, "{:?}", self.counters());
            std::thread::yield_now();
        }
    }

    /// Everything that it has logged so far.
    pub(super) fn log(&self) -> String {
        self.log.text()
    }

    /// Ends it, and gives everything that it has logged.
    pub(super) fn end(self) -> String {
        let log = self.log.clone();
        drop(self);
        log.text()
    }

    pub(super) fn client(&self) -> Client {
        let stream = UnixStream::connect_addr(&SocketAddr::from_abstract_name(&self.name).unwrap()).unwrap();
        Self::client_on(stream)
    }

    /// A client of another user, which only root can make.
    pub(super) fn client_of(&self, uid: u32) -> Client {
        let address = SocketAddr::from_abstract_name(&self.name).unwrap();
        let connected = std::thread::spawn(move || {
            // SAFETY: takes no pointer. The bare system call changes this thread's user alone, unlike libc's function.
            assert_eq!(unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) }, 0);
            UnixStream::connect_addr(&address).unwrap()
        });
        Self::client_on(connected.join().unwrap())
    }

    fn client_on(stream: UnixStream) -> Client {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client { stream, decoder: Decoder::new(LONGEST_BODY) }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.orders = None;
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

async fn run(mut control: Control, mut inbox: mpsc::UnboundedReceiver<Order>, ports: usize) {
    let (mut reason, mut number) = (Reason::Match, 0);
    loop {
        tokio::select! {
            (client, command) = control.next_request() => {
                let port = |n| rows::PortRow {
                    port: format!("swp{n}"),
                    reason,
                    explanation: number.to_string(),
                    ..rows::tests::miswired()
                };
                control.reply(client, Answer::new(&command, (1..=ports).map(port), [rows::tests::neighbor()]));
            }
            order = inbox.recv() => match order {
                Some(Order::Change(after, of_number)) => {
                    control.notify(&Change {
                        port: "swp1".to_owned(),
                        before: Some(reason),
                        after: Some(after),
                        expected: None,
                        observed: None,
                        explanation: of_number.to_string(),
                        advice: None,
                    });
                    (reason, number) = (after, of_number);
                }
                Some(Order::Count(counters)) => counters.send(control.counters()).unwrap(),
                None => return,
            },
        }
    }
}

pub(super) struct Client {
    pub(super) stream: UnixStream,
    pub(super) decoder: Decoder,
}

impl Client {
    pub(super) fn send(&mut self, body: &str) {
        self.stream.write_all(&command(body)).unwrap();
    }

    /// The next message; `None`: the agent closed the connection.
    pub(super) fn next(&mut self) -> Option<(Kind, Record)> {
        loop {
            if let Some(incoming) = self.decoder.decode().unwrap() {
                let Incoming::Message(Message { kind, body, .. }) = incoming else { panic!("{incoming:?}") };
                return Some((kind, Record::read_all(str::from_utf8(&body).unwrap()).remove(0)));
            }
            let mut buffer = [0; 4_096];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(length) => self.decoder.push(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
    }

    pub(super) fn expect(&mut self, kind: Kind, column: &str) -> String {
        let (is, record) = self.next().expect("a message");
        assert_eq!(is, kind, "{record:?}");
        record.get(column).unwrap_or_else(|| panic!("no {column} in {record:?}")).to_owned()
    }
}

pub(super) fn command(body: &str) -> Vec<u8> {
    let mut message = Vec::new();
    codec::encode(&mut message, Kind::Command, 0, "test", body);
    message
}
