//! Why the kernel half can't be loaded or attached, in sentences that name the way out.

use std::error::Error;
use std::fs;
use std::io;

use aya::EbpfError;
use aya::maps::MapError;
use aya::programs::ProgramError;
use aya::programs::tc::TcError;
use aya::programs::xdp::XdpError;
use aya::util::KernelVersion;
use thiserror::Error;

/// What [`super::Capture`] needs, and the bits of `linux/capability.h` of which one suffices: for `CAP_BPF` (5.8) it
/// may be the old `CAP_SYS_ADMIN`.
const CAPABILITIES: [(&str, u64); 3] =
    [("CAP_BPF", 1 << 39 | 1 << 21), ("CAP_NET_ADMIN", 1 << 12), ("CAP_NET_RAW", 1 << 13)];

/// The kernel half can't be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The process lacks capabilities.
    #[error(
        "capturing LLDP needs {missing}, which this process lacks: run it as root, \
         or once `setcap cap_bpf,cap_net_admin,cap_net_raw+ep` on the program"
    )]
    Privilege {
        /// What is missing, as `CAP_BPF, CAP_NET_RAW`.
        missing: String,
        /// What the kernel refused first. Not its `source`: the sentence says all that a user has to know.
        refused: Box<Refused>,
    },
    /// It has the capabilities and may not all the same.
    #[error(
        "the kernel forbids eBPF to this process although it has the capabilities: \
         in a container start it with `--privileged` or on the host; else a security module (`dmesg`) is in the way"
    )]
    Forbidden(Box<Refused>),
    /// The kernel lacks something.
    #[error(
        "capturing LLDP needs Linux 6.1 or later with CONFIG_BPF_SYSCALL; this is {release}: boot a kernel that has both"
    )]
    Kernel {
        /// The running kernel's version.
        release: String,
        /// What the kernel didn't know.
        refused: Box<Refused>,
    },
    /// None of these: a mistake in the program or a kernel that nobody has tried.
    #[error("the kernel does not take the capture program; please report this, with the verifier's words")]
    Rejected(#[source] Box<Refused>),
}

impl LoadError {
    /// Finds out what the refusal means.
    pub(super) fn explain(refused: Refused) -> Self {
        let refused = Box::new(refused);
        let missing = missing_capabilities();
        let release = KernelVersion::current().ok();
        let too_old = release.is_some_and(|release| release < KernelVersion::new(6, 1, 0));
        match errno(&*refused) {
            Some(libc::EPERM | libc::EACCES) if !missing.is_empty() => {
                Self::Privilege { missing: missing.join(", "), refused }
            }
            Some(libc::EPERM) => Self::Forbidden(refused),
            error if too_old || error == Some(libc::ENOSYS) => {
                let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
                Self::Kernel { release: release.trim_end().to_owned(), refused }
            }
            _ => Self::Rejected(refused),
        }
    }
}

/// The step of loading that failed.
#[derive(Debug, Error)]
pub enum Refused {
    /// The packet socket for the multicast groups, or polling the ring buffer.
    #[error("no packet socket or no poll of the ring buffer")]
    Io(#[from] io::Error),
    /// Reading the object, or creating its maps.
    #[error(transparent)]
    Object(#[from] EbpfError),
    /// Loading a program: the verifier.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Opening a map.
    #[error(transparent)]
    Map(#[from] MapError),
    /// Opening the kernel half's log.
    #[error(transparent)]
    Log(#[from] aya_log::Error),
    /// The object lacks a map that it should have.
    #[error("the embedded object has no map {0}")]
    NoMap(&'static str),
}

/// A port can't be attached.
#[derive(Debug, Error)]
pub enum AttachError {
    /// There is no such interface (any more) in this network namespace.
    #[error("the interface is gone")]
    Gone,
    /// XDP takes one program a device, and there is one.
    #[error("XDP is taken by program {program}: end what loaded it, or use the hook tc")]
    Occupied {
        /// Its name and id, as `xdp_dispatcher (id 12)`.
        program: String,
    },
    /// A bond or team above it has an XDP program, which excludes one below.
    #[error("an interface above this one has an XDP program, which excludes one here: use the hook tc")]
    UpperOccupied,
    /// The LLDP multicast groups can't be joined.
    #[error("the LLDP multicast groups can't be joined")]
    Multicast(#[source] io::Error),
    /// The kernel refuses for another reason.
    #[error("the kernel does not attach the capture program")]
    Refused(#[source] ProgramError),
}

/// The number of the operating system's error at the root of an aya error.
pub(super) fn program_errno(error: &ProgramError) -> Option<i32> {
    match error {
        ProgramError::NetlinkError(error)
        | ProgramError::TcError(TcError::NetlinkError(error))
        | ProgramError::XdpError(XdpError::NetlinkError(error)) => error.raw_os_error(),
        ProgramError::TcError(TcError::IoError(error)) => error.raw_os_error(),
        error => errno(error),
    }
}

fn errno(error: &(dyn Error + 'static)) -> Option<i32> {
    std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref::<io::Error>())
        .and_then(io::Error::raw_os_error)
}

fn missing_capabilities() -> Vec<&'static str> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(u64::MAX);
    CAPABILITIES.into_iter().filter(|(_, bits)| effective & bits == 0).map(|(name, _)| name).collect()
}
