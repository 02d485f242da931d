//! A network namespace per test, frames to send, and a deadline on every wait.

use std::fs;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ptm_agent::capture::{Capture, Frame, Hook, HookChoice, Options};
use ptm_common::IfIndex;

/// How long something may take that takes a moment: generous, so that a loaded machine is no failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a test in a network namespace of its own: the thread enters it, programs that it starts inherit it, and it ends
/// with the thread. Without root the test is left out, loudly.
#[expect(clippy::explicit_write, reason = "libtest swallows what a passing test prints, but not what it writes")]
pub(crate) fn isolated(test: impl AsyncFnOnce()) {
    // One at a time: a process that another test starts inherits our file descriptors up to its exec, and what is
    // attached by a link stays attached as long as any is open.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: takes no pointer; the namespace of this thread alone changes.
    if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        writeln!(io::stderr(), "LEFT OUT: {name}: it needs root").unwrap();
        return;
    }
    // Without IPv6, which would send packets and join groups at times of its own.
    let _ = fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test());
}

pub(crate) const TC: Options = Options { hook: HookChoice::Tc, tcx: true, ring_bytes: 512 << 10, log: false };
pub(crate) const CLSACT: Options = Options { tcx: false, ..TC };
pub(crate) const XDP: Options = Options { hook: HookChoice::Xdp, ..TC };

/// Runs a program of iproute2 and gives what it prints.
pub(crate) fn run(command: &str) -> String {
    let mut words = command.split_whitespace();
    let output = Command::new(words.next().unwrap()).args(words).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A cable in this namespace: what is sent on `far` comes in on `port`, whose index it gives.
pub(crate) fn cable() -> IfIndex {
    run("ip link add port type veth peer name far");
    run("ip link set port up");
    run("ip link set far up");
    // One learns of its carrier later than the other, and looks different until then.
    for end in ["port", "far"] {
        wait_for_carrier(end);
    }
    ifindex("port")
}

/// Waits until the kernel has noticed a carrier; until then it throws away what is sent.
pub(crate) fn wait_for_carrier(interface: &str) {
    until("a carrier", || run(&format!("ip link show {interface}")).contains("state UP"));
}

/// Waits for what the kernel does in its own time.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn ifindex(name: &str) -> IfIndex {
    let name = std::ffi::CString::new(name).unwrap();
    // SAFETY: `name` is a string with a final 0.
    let ifindex = unsafe { libc::if_nametoindex(name.as_ptr()) };
    assert_ne!(ifindex, 0, "no interface {name:?}");
    ifindex
}

/// Sends a frame as it is.
pub(crate) fn send(interface: &str, frame: &[u8]) {
    send_all(interface, [frame]);
}

/// Sends frames as they are, over one packet socket: closing one takes the kernel 10 ms.
#[expect(clippy::cast_possible_truncation, reason = "small constants that libc has in wider types")]
pub(crate) fn send_all<F: AsRef<[u8]>>(interface: &str, frames: impl IntoIterator<Item = F>) {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_ifindex: ifindex(interface).cast_signed(),
        sll_halen: 6,
        sll_protocol: 0,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_addr: [0; 8],
    };
    // SAFETY: takes no pointer.
    let socket = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    // SAFETY: it is open, else this panics, and nobody else's.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    for frame in frames {
        let frame = frame.as_ref();
        let (len, to) = (size_of_val(&address) as u32, (&raw const address).cast());
        // SAFETY: the pointers are to values that live on, with their lengths.
        let sent = unsafe { libc::sendto(socket.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0, to, len) };
        assert_eq!(sent, frame.len().cast_signed(), "{}", io::Error::last_os_error());
    }
}

/// An LLDP frame of `len` bytes behind these tags' `EtherType`s, with bytes that tell it from others.
pub(crate) fn lldp(tags: &[u16], len: usize, number: u16) -> Vec<u8> {
    ethernet(tags, 0x88cc, len, number)
}

pub(crate) fn ethernet(tags: &[u16], ethertype: u16, len: usize, number: u16) -> Vec<u8> {
    let mut frame = vec![0x01, 0x80, 0xc2, 0, 0, 0x0e, 0x02, 0, 0, 0, 0, 1];
    for tag in tags {
        frame.extend(tag.to_be_bytes());
        frame.extend([0, 0]);
    }
    frame.extend(ethertype.to_be_bytes());
    frame.extend(number.to_be_bytes());
    frame.resize(len, 0x5a);
    frame
}

/// A frame that was captured, kept.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Captured {
    pub(crate) ifindex: IfIndex,
    pub(crate) boot_ns: u64,
    pub(crate) wire_len: u32,
    pub(crate) hook: Hook,
    pub(crate) bytes: Vec<u8>,
}

impl From<Frame<'_>> for Captured {
    fn from(frame: Frame<'_>) -> Self {
        let Frame { boot_ns, ifindex, wire_len, hook, bytes } = frame;
        Self { ifindex, boot_ns, wire_len, hook, bytes: bytes.to_vec() }
    }
}

/// Waits until `count` frames are there; fails if there are more.
pub(crate) async fn frames(capture: &mut Capture, count: usize) -> Vec<Captured> {
    let mut frames = Vec::new();
    let wait = async {
        while frames.len() < count {
            capture.ready().await.unwrap();
            capture.drain(64, |frame| frames.push(Captured::from(frame)));
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, wait).await.is_ok();
    assert!(in_time, "{} of {count} frames; {:?}", frames.len(), capture.counters());
    assert_eq!(frames.len(), count);
    frames
}

/// Now, on the clock of the kernel half.
pub(crate) fn boot_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a value that lives on.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now) };
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}
