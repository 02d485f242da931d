//! What the kernel half and the user half share: the frame record, the counters, the limits.
//!
//! Plain data with a fixed layout, no dependency that the kernel half can't build, no logic beyond reading a record.
#![no_std]

use core::iter::Sum;

#[cfg(test)]
mod tests;

/// `EtherType` of LLDP (802.1AB-2016 clause 7.4).
pub const ETHERTYPE_LLDP: u16 = 0x88cc;
/// `EtherType` of a customer VLAN tag (802.1Q), also of a priority tag.
pub const ETHERTYPE_VLAN: u16 = 0x8100;
/// `EtherType` of a service VLAN tag (802.1ad).
pub const ETHERTYPE_SERVICE_VLAN: u16 = 0x88a8;

/// Most bytes of a frame that are captured, Ethernet header included; a longer frame is cut.
///
/// An LLDPDU must fit one frame of the medium (802.1AB-2016 clause 8.2), which is 1,514 bytes and two tags on
/// Ethernet; jumbo LLDP is out of the standard.
pub const MAX_CAPTURED: usize = 1_600;

/// The kernel's index of a network interface in its network namespace: above 0, kept through renames.
pub type IfIndex = u32;

/// Where in the kernel a frame was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Hook {
    /// Traffic control, ingress: TCX or clsact. The kernel has taken the outermost VLAN tag out of the bytes.
    Tc = 1,
    /// XDP, native or generic: the bytes as they arrived.
    Xdp = 2,
}

impl Hook {
    const fn from_u32(value: u32) -> Option<Self> {
        match value {
            1 => Some(Self::Tc),
            2 => Some(Self::Xdp),
            _ => None,
        }
    }
}

/// What stands before a frame's bytes in the ring buffer; every field in the machine's byte order.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Header {
    /// Nanoseconds since boot, suspended time included (`bpf_ktime_get_boot_ns`).
    pub boot_ns: u64,
    /// The interface, by its index in the network namespace that it was attached in.
    pub ifindex: IfIndex,
    /// Length of the frame as the hook saw it, Ethernet header included.
    pub wire_len: u32,
    /// How many of its bytes follow, at most [`MAX_CAPTURED`].
    pub captured_len: u32,
    /// A [`Hook`].
    pub hook: u32,
}

/// A header and the room for the longest frame. The ring buffer holds only as much of it as the frame fills.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Record {
    /// What is known about the frame.
    pub header: Header,
    /// The frame from its destination address on.
    pub bytes: [u8; MAX_CAPTURED],
}

/// A captured frame, read in place from the ring buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Nanoseconds since boot, suspended time included, when the kernel half saw the frame.
    pub boot_ns: u64,
    /// The interface, by its index in the network namespace that it was attached in.
    pub ifindex: IfIndex,
    /// Length of the frame as the hook saw it; more than `bytes.len()` when the frame was cut.
    pub wire_len: u32,
    /// Where it was seen.
    pub hook: Hook,
    /// The frame from its destination address on, at most [`MAX_CAPTURED`] bytes.
    pub bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads one item of the ring buffer. `None` if it isn't a record of this version of the kernel half.
    pub fn parse(item: &'a [u8]) -> Option<Self> {
        let (boot_ns, rest) = item.split_first_chunk()?;
        let (ifindex, rest) = rest.split_first_chunk()?;
        let (wire_len, rest) = rest.split_first_chunk()?;
        let (captured_len, rest) = rest.split_first_chunk()?;
        let (hook, rest) = rest.split_first_chunk()?;
        let captured_len = usize::try_from(u32::from_ne_bytes(*captured_len)).ok()?;
        Some(Self {
            boot_ns: u64::from_ne_bytes(*boot_ns),
            ifindex: u32::from_ne_bytes(*ifindex),
            wire_len: u32::from_ne_bytes(*wire_len),
            hook: Hook::from_u32(u32::from_ne_bytes(*hook))?,
            bytes: rest.get(..captured_len)?,
        })
    }
}

/// What the kernel half counts, one set a CPU. `seen` less `captured` is what was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Counters {
    /// LLDP frames that came by.
    pub seen: u64,
    /// Of them, frames that went into the ring buffer.
    pub captured: u64,
    /// Of them, frames lost because the ring buffer was full.
    pub ring_full: u64,
    /// Of the captured ones, frames cut to [`MAX_CAPTURED`] bytes.
    pub truncated: u64,
}

impl From<[u64; 4]> for Counters {
    /// From the words as they lie in memory.
    fn from([seen, captured, ring_full, truncated]: [u64; 4]) -> Self {
        Self { seen, captured, ring_full, truncated }
    }
}

impl Sum for Counters {
    fn sum<I: Iterator<Item = Self>>(counters: I) -> Self {
        counters.fold(Self::default(), |sum, one| Self {
            seen: sum.seen + one.seen,
            captured: sum.captured + one.captured,
            ring_full: sum.ring_full + one.ring_full,
            truncated: sum.truncated + one.truncated,
        })
    }
}
