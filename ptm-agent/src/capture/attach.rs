//! The wrapper around aya's ways to attach: the only place that knows their signatures.
//!
//! TCX and XDP are attached by links of the kernel, which end with this process however it ends. clsact (kernels before
//! 6.6) has no such thing: a filter and the qdisc it hangs in stay after `kill -9`. So ours have a fixed place, where
//! the next one to start finds and removes them, whatever it attaches itself. That place has room for one agent a
//! network namespace, which is how many there are.

use std::fmt;

use aya::Ebpf;
use aya::programs::tc::{NlOptions, SchedClassifierLink, TcAttachOptions, TcError, TcHandle, qdisc_add_clsact};
use aya::programs::xdp::{XdpLink, XdpMode};
use aya::programs::{LinkOrder, ProgramError, SchedClassifier, TcAttachType, Xdp, loaded_programs};

use super::error::program_errno;
use ptm_common::IfIndex;

use super::{AttachError, HookChoice, Options, program, rtnl, sys};

/// Before all other filters: one that ends the chain would hide LLDP from us.
const PRIORITY: u16 = 1;
/// Our filter in a clsact qdisc that was there. `PT` is for PTM; a handle is free to choose.
const GUEST: TcHandle = TcHandle::new(0x5054, 1);
/// Our filter in a clsact qdisc that we made, and remove with it.
const OWNER: TcHandle = TcHandle::new(0x5054, 2);

/// The hook and mode that a port really got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachPoint {
    /// Traffic control, by a link of the kernel (6.6).
    Tcx,
    /// Traffic control, by a filter in the clsact qdisc.
    Clsact,
    /// XDP in the network driver.
    XdpNative,
    /// XDP in the kernel's general receive path, for drivers without XDP.
    XdpGeneric,
}

impl AttachPoint {
    /// The hook: `tc` or `xdp`.
    pub const fn hook(self) -> &'static str {
        match self {
            Self::Tcx | Self::Clsact => "tc",
            Self::XdpNative | Self::XdpGeneric => "xdp",
        }
    }

    /// How it sits there: `tcx` or `clsact`, `native` or `generic`.
    pub const fn mode(self) -> &'static str {
        match self {
            Self::Tcx => "tcx",
            Self::Clsact => "clsact",
            Self::XdpNative => "native",
            Self::XdpGeneric => "generic",
        }
    }
}

impl fmt::Display for AttachPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.hook(), self.mode())
    }
}

/// An attached program. Detaches when dropped.
pub(super) struct Attachment {
    point: AttachPoint,
    _link: Link,
}

#[expect(dead_code, reason = "held for their drop")]
enum Link {
    Tcx(SchedClassifierLink),
    Clsact(SchedClassifierLink, Option<OwnClsact>),
    Xdp(XdpLink),
}

impl Attachment {
    pub(super) fn point(&self) -> AttachPoint {
        self.point
    }
}

/// Attaches the loaded program to an interface of this thread's network namespace.
pub(super) fn attach(ebpf: &mut Ebpf, options: &Options, ifindex: IfIndex) -> Result<Attachment, AttachError> {
    let attached = by_name(ifindex, |name| Ok(remove_leftover(ifindex, name))).and_then(|clsact| match options.hook {
        HookChoice::Auto | HookChoice::Tc => attach_tc(ebpf, options.tcx, ifindex, clsact),
        HookChoice::Xdp => attach_xdp(ebpf, ifindex),
    });
    attached.map_err(|error| explain(error, options.hook, ifindex))
}

/// Removes the filter of a killed predecessor; gives the qdisc if that was its too.
fn remove_leftover(ifindex: IfIndex, name: &str) -> Option<OwnClsact> {
    let remove = |handle| {
        let link = SchedClassifierLink::attached(name, TcAttachType::Ingress, PRIORITY, handle, None);
        // Where there is nothing to remove, the kernel says so, and that is fine.
        link.is_ok_and(|link| aya::programs::Link::detach(link).is_ok())
    };
    remove(GUEST);
    remove(OWNER).then(|| OwnClsact(ifindex))
}

fn attach_tc(
    ebpf: &mut Ebpf,
    tcx: bool,
    ifindex: IfIndex,
    mut clsact: Option<OwnClsact>,
) -> Result<Attachment, ProgramError> {
    let program: &mut SchedClassifier = program(ebpf, "ptm_tc")?;
    if tcx {
        let attached = by_name(ifindex, |name| {
            let order = TcAttachOptions::TcxOrder(LinkOrder::first());
            let link = program.attach_with_options(name, TcAttachType::Ingress, order)?;
            program.take_link(link)
        });
        match attached {
            // Kernels before 6.6 don't know this kind of link.
            Err(error) if program_errno(&error) == Some(libc::EINVAL) => {}
            attached => return attached.map(|link| Attachment { point: AttachPoint::Tcx, _link: Link::Tcx(link) }),
        }
    }
    by_name(ifindex, |name| {
        match qdisc_add_clsact(name) {
            Ok(()) => clsact = Some(OwnClsact(ifindex)),
            Err(TcError::NetlinkError(error)) if error.raw_os_error() == Some(libc::EEXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let handle = if clsact.is_some() { OWNER } else { GUEST };
        let filter = TcAttachOptions::Netlink(NlOptions { priority: PRIORITY, handle, classid: None });
        let link = program.attach_with_options(name, TcAttachType::Ingress, filter)?;
        let link = Link::Clsact(program.take_link(link)?, clsact.take());
        Ok(Attachment { point: AttachPoint::Clsact, _link: link })
    })
}

/// A clsact qdisc that we made. Dropped after our filter, it goes unless somebody else uses it by now.
struct OwnClsact(IfIndex);

impl Drop for OwnClsact {
    fn drop(&mut self) {
        if let Err(error) = rtnl::remove_empty_clsact(self.0) {
            tracing::debug!(ifindex = self.0, %error, "the clsact qdisc stays");
        }
    }
}

fn attach_xdp(ebpf: &mut Ebpf, ifindex: IfIndex) -> Result<Attachment, ProgramError> {
    let program: &mut Xdp = program(ebpf, "ptm_xdp")?;
    // Asked for by name, one after the other: left the choice, the kernel takes generic XDP and doesn't tell.
    let (link, point) = match program.attach_to_if_index(ifindex, XdpMode::Driver) {
        Ok(link) => (link, AttachPoint::XdpNative),
        Err(native) => {
            let link = program.attach_to_if_index(ifindex, XdpMode::Skb)?;
            tracing::debug!(ifindex, error = %native, "no native XDP, generic then");
            (link, AttachPoint::XdpGeneric)
        }
    };
    Ok(Attachment { point, _link: Link::Xdp(program.take_link(link)?) })
}

/// Calls something of aya that takes an interface by name, so that it means the interface of that index.
///
/// Names move: if this one belonged to another interface while it was used, what was attached is dropped and it is
/// tried again with the new name.
fn by_name<T>(ifindex: IfIndex, mut attach: impl FnMut(&str) -> Result<T, ProgramError>) -> Result<T, ProgramError> {
    loop {
        let name = sys::interface_name(ifindex).map_err(TcError::IoError)?;
        let attached = attach(&name);
        if sys::interface_index(&name) == Some(ifindex) {
            return attached;
        }
    }
}

fn explain(error: ProgramError, hook: HookChoice, ifindex: IfIndex) -> AttachError {
    match (program_errno(&error), hook) {
        (Some(libc::ENODEV | libc::ENXIO), _) => AttachError::Gone,
        (Some(libc::EBUSY | libc::EEXIST), HookChoice::Xdp) => match rtnl::xdp_program(ifindex) {
            Ok(Some(id)) => AttachError::Occupied { program: describe(id) },
            _ => AttachError::UpperOccupied,
        },
        _ => AttachError::Refused(error),
    }
}

/// The name of a loaded program, as far as we may know it (`CAP_SYS_ADMIN`), and its id.
fn describe(id: u32) -> String {
    let program = loaded_programs().filter_map(Result::ok).find(|program| program.id() == id);
    let name = program.as_ref().and_then(|program| program.name_as_str()).unwrap_or("of unknown name");
    format!("{name} (id {id})")
}
