//! Loads the kernel half, attaches it to ports and hands over the LLDP frames it captures.
//!
//! It decides nothing: which ports, and what a frame means, is for others. It never waits: [`Capture::drain`] takes
//! what is there, at most as much as it is told to. Everything it does to the machine ends with it, also after
//! `kill -9`, except for what attach.rs says about clsact.

mod attach;
mod error;
mod multicast;
mod rtnl;
mod sys;
mod test_run;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;

use aya::maps::{MapData, PerCpuArray, RingBuf};
use aya::programs::{ProgramError, SchedClassifier, Xdp};
use aya::{Ebpf, EbpfLoader};
use aya_log::EbpfLogger;
use ptm_common::{Counters, IfIndex};
pub use ptm_common::{Frame, Hook};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

pub use self::attach::AttachPoint;
use self::attach::Attachment;
pub use self::error::{AttachError, LoadError, Refused};
use self::multicast::Groups;
pub use self::test_run::{Subject, TestRun};

/// The kernel half as build.rs built it.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/ptm-ebpf.o"));

/// Where to attach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HookChoice {
    /// What suits LLDP best, which is [`HookChoice::Tc`]: it works on every interface, beside any other program.
    #[default]
    Auto,
    /// Traffic control, ingress: TCX where the kernel has it (6.6), else clsact.
    Tc,
    /// XDP: native where the driver can, else generic.
    Xdp,
}

/// How to load the kernel half.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to attach.
    pub hook: HookChoice,
    /// Whether TCX may be used. Without it traffic control is clsact, as on kernels before 6.6.
    pub tcx: bool,
    /// Size of the ring buffer in bytes, a power of two and a multiple of the page size. Twice as much counts into the
    /// resident memory of this process, as the ring is mapped twice in a row. A frame takes its length and 32 to 39
    /// bytes; the default, 512 KiB, holds 1,100 frames of 444 bytes.
    pub ring_bytes: u32,
    /// Whether the kernel half says in the log, at level debug, what it does. Switched off, the verifier removes it.
    pub log: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { hook: HookChoice::Auto, tcx: true, ring_bytes: 512 << 10, log: false }
    }
}

/// The loaded kernel half and the ports that it listens on. Dropping it detaches everything.
pub struct Capture {
    ebpf: Ebpf,
    options: Options,
    frames: AsyncFd<RingBuf<MapData>>,
    counters: PerCpuArray<MapData, [u64; 4]>,
    log: Option<EbpfLogger<ToTracing>>,
    groups: Groups,
    ports: HashMap<IfIndex, Result<Attachment, AttachError>>,
}

impl Capture {
    /// Loads the program for the chosen hook. Nothing is attached yet.
    ///
    /// Needs `CAP_BPF`, `CAP_NET_ADMIN` and `CAP_NET_RAW`, a tokio runtime with I/O, and an open file for each port; see
    /// [`open_files`](crate::open_files).
    pub fn load(options: Options) -> Result<Self, LoadError> {
        sys::lift_memory_limit();
        let capture = Self::try_load(options).map_err(LoadError::explain);
        sys::release_freed_memory();
        capture
    }

    fn try_load(options: Options) -> Result<Self, Refused> {
        let groups = Groups::open()?;
        let (level, log_bytes) = if options.log { (aya_log::Level::Debug as u8, 128 << 10) } else { (0, 1) };
        let mut ebpf = EbpfLoader::new()
            // The kernel's BTF is for programs that read its structures; ours reads packets.
            .btf(None)
            .override_global(aya_log::LEVEL, &level, true)
            .map_max_entries("AYA_LOGS", log_bytes)
            .map_max_entries("FRAMES", options.ring_bytes)
            .load(OBJECT)?;
        match options.hook {
            HookChoice::Auto | HookChoice::Tc => program::<SchedClassifier>(&mut ebpf, "ptm_tc")?.load()?,
            HookChoice::Xdp => program::<Xdp>(&mut ebpf, "ptm_xdp")?.load()?,
        }
        let frames = RingBuf::try_from(ebpf.take_map("FRAMES").ok_or(Refused::NoMap("FRAMES"))?)?;
        // SAFETY: the ring buffer owns its map's file descriptor until it is dropped, and it is always the same.
        let frames = unsafe { AsyncFd::register_with_interest(frames, Interest::READABLE) }.map_err(io::Error::from)?;
        let counters = PerCpuArray::try_from(ebpf.take_map("COUNTERS").ok_or(Refused::NoMap("COUNTERS"))?)?;
        let log = options.log.then(|| EbpfLogger::init_with_logger(&mut ebpf, ToTracing)).transpose()?;
        Ok(Self { ebpf, options, frames, counters, log, groups, ports: HashMap::new() })
    }

    /// Listens on a port of this thread's network namespace: attaches the program and joins the LLDP multicast groups.
    ///
    /// A port that is attached already stays as it is. The answer, also why it failed, can be asked again of
    /// [`Capture::port`].
    ///
    /// For TCX the kernel takes an RCU grace period, some 10 to 30 ms for each port, and as long to detach; clsact and
    /// XDP take 0.2 ms. Whoever attaches many ports does other work in between.
    pub fn attach(&mut self, ifindex: IfIndex) -> Result<AttachPoint, &AttachError> {
        let Self { ebpf, options, groups, ports, .. } = self;
        let port = match ports.entry(ifindex) {
            Entry::Occupied(port) if port.get().is_ok() => port.into_mut(),
            entry => {
                let attached = attach::attach(ebpf, options, ifindex)
                    .and_then(|attachment| groups.join(ifindex).map(|()| attachment).map_err(AttachError::Multicast));
                entry.insert_entry(attached).into_mut()
            }
        };
        port.as_ref().map(Attachment::point)
    }

    /// Stops listening on a port. To be called too when the port is gone or has moved to another network namespace:
    /// an attached program follows its interface there and would go on delivering under the old index.
    pub fn detach(&mut self, ifindex: IfIndex) {
        if let Some(Ok(_)) = self.ports.remove(&ifindex) {
            self.groups.leave(ifindex);
        }
    }

    /// Which hook and mode a port got, or why none; `None` if nobody asked to attach it.
    pub fn port(&self, ifindex: IfIndex) -> Option<Result<AttachPoint, &AttachError>> {
        self.ports.get(&ifindex).map(|port| port.as_ref().map(Attachment::point))
    }

    /// Every interface that it was to listen on, and where it does, or why not.
    pub fn ports(&self) -> impl Iterator<Item = (IfIndex, Result<AttachPoint, &AttachError>)> {
        self.ports.iter().map(|(&ifindex, port)| (ifindex, port.as_ref().map(Attachment::point)))
    }

    /// What the kernel half has counted since it was loaded, over all CPUs and ports.
    pub fn counters(&self) -> Counters {
        let per_cpu = self.counters.get(&0, 0);
        per_cpu.map(|values| values.iter().copied().map(Counters::from).sum()).unwrap_or_default()
    }

    /// Waits until there may be frames. Nothing is lost if the wait is dropped.
    pub async fn ready(&mut self) -> io::Result<()> {
        self.frames.readable_mut().await?.retain_ready();
        Ok(())
    }

    /// Takes up to `budget` frames and gives each to `take`; says how many there were. Never waits.
    ///
    /// [`Capture::ready`] answers at once again as long as the budget was used up. It need not have answered before: there
    /// may be frames that the runtime does not know of yet.
    pub fn drain(&mut self, budget: usize, mut take: impl FnMut(Frame<'_>)) -> usize {
        let mut taken = 0;
        let mut take_all = |ring: &mut RingBuf<MapData>| {
            while taken < budget {
                let Some(item) = ring.next() else {
                    return Err(io::Error::from(io::ErrorKind::WouldBlock));
                };
                if let Some(frame) = Frame::parse(&item) {
                    take(frame);
                }
                taken += 1;
            }
            Ok(())
        };
        // The readiness ends when the ring was seen empty after it was reported, so no wake-up is lost. Where none was
        // reported, or the ring is empty now, a second look costs next to nothing.
        if self.frames.try_io_mut(Interest::READABLE, &mut take_all).is_err() {
            let _: io::Result<()> = take_all(self.frames.get_mut());
        }
        if let Some(log) = &mut self.log {
            log.flush();
        }
        taken
    }
}

/// The program of that name, of the type that it must have.
fn program<'a, P>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut P, ProgramError>
where
    &'a mut P: TryFrom<&'a mut aya::programs::Program, Error = ProgramError>,
{
    ebpf.program_mut(name).ok_or_else(|| ProgramError::InvalidName { name: name.to_owned() })?.try_into()
}

/// Passes on what the kernel half says; aya-log speaks the language of the `log` crate.
struct ToTracing;

impl log::Log for ToTracing {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        match record.level() {
            log::Level::Error | log::Level::Warn => tracing::warn!(target: "ptm_ebpf", "{}", record.args()),
            _ => tracing::debug!(target: "ptm_ebpf", "{}", record.args()),
        }
    }

    fn flush(&self) {}
}
