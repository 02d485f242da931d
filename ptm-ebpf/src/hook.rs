//! What the two hooks give to the inspector: one trait, two contexts of the kernel behind it.
#![expect(clippy::cast_possible_truncation, reason = "the kernel's types are wider than their values")]

use aya_ebpf::EbpfContext as _;
use aya_ebpf::helpers::generated::{bpf_skb_load_bytes, bpf_xdp_get_buff_len, bpf_xdp_load_bytes};
use aya_ebpf::programs::{TcContext, XdpContext};
use ptm_common::Hook;

/// Where the `EtherType` stands in a frame without a VLAN tag.
const ETHERTYPE: u32 = 12;

/// A packet at a hook.
pub(crate) trait Packet {
    /// Which hook this is.
    const HOOK: Hook;

    /// The outermost `EtherType` that is still in the bytes, in network byte order; 0 if there is none.
    fn ethertype(&self) -> u16;

    /// Whether the kernel has taken a VLAN tag out of the bytes.
    fn tag_popped(&self) -> bool;

    /// The 16 bits at `offset` of the frame, in network byte order; `None` behind its end.
    fn u16_at(&self, offset: u32) -> Option<u16>;

    /// Length of the frame in bytes, Ethernet header included.
    fn len(&self) -> u32;

    /// The interface that it came in on.
    fn ifindex(&self) -> u32;

    /// Copies the first `len` bytes of the frame; whether there were as many.
    ///
    /// # Safety
    /// `to` has room for `len` bytes.
    unsafe fn load(&self, to: *mut u8, len: u32) -> bool;
}

impl Packet for TcContext {
    const HOOK: Hook = Hook::Tc;

    fn ethertype(&self) -> u16 {
        // The kernel has parsed the Ethernet header (`eth_type_trans`), popped the outermost VLAN tag
        // (`skb_vlan_untag`) and keeps the EtherType behind it here: not a byte of the packet is touched.
        // SAFETY: the kernel hands over a valid context.
        (unsafe { (*self.skb.skb).protocol }) as u16
    }

    fn tag_popped(&self) -> bool {
        // SAFETY: the kernel hands over a valid context.
        unsafe { (*self.skb.skb).vlan_present != 0 }
    }

    fn u16_at(&self, offset: u32) -> Option<u16> {
        read(self.data(), self.data_end(), offset).or_else(|| {
            // What a network card put into fragments can be had by copy only, which takes 15 ns.
            let mut value = [0; 2];
            // SAFETY: `value` has room for 2 bytes.
            let missing =
                unsafe { bpf_skb_load_bytes(self.as_ptr().cast_const(), offset, value.as_mut_ptr().cast(), 2) };
            (missing == 0).then(|| u16::from_ne_bytes(value))
        })
    }

    fn len(&self) -> u32 {
        self.skb.len()
    }

    fn ifindex(&self) -> u32 {
        // SAFETY: the kernel hands over a valid context.
        unsafe { (*self.skb.skb).ifindex }
    }

    unsafe fn load(&self, to: *mut u8, len: u32) -> bool {
        // SAFETY: as the caller promises.
        unsafe { bpf_skb_load_bytes(self.as_ptr().cast_const(), 0, to.cast(), len) == 0 }
    }
}

impl Packet for XdpContext {
    const HOOK: Hook = Hook::Xdp;

    fn ethertype(&self) -> u16 {
        self.u16_at(ETHERTYPE).unwrap_or(0)
    }

    fn tag_popped(&self) -> bool {
        false
    }

    fn u16_at(&self, offset: u32) -> Option<u16> {
        read(self.data(), self.data_end(), offset)
    }

    fn len(&self) -> u32 {
        // More than `data_end - data` when the frame lies in several buffers.
        // SAFETY: the kernel hands over a valid context.
        (unsafe { bpf_xdp_get_buff_len(self.ctx) }) as u32
    }

    fn ifindex(&self) -> u32 {
        self.ingress_ifindex() as u32
    }

    unsafe fn load(&self, to: *mut u8, len: u32) -> bool {
        // SAFETY: as the caller promises.
        unsafe { bpf_xdp_load_bytes(self.ctx, 0, to.cast(), len) == 0 }
    }
}

/// Reads 16 bits of the packet in place, if they lie between these addresses.
fn read(data: usize, data_end: usize, offset: u32) -> Option<u16> {
    let start = data + offset as usize;
    if start + size_of::<u16>() > data_end {
        return None;
    }
    // SAFETY: the kernel hands over the addresses, its verifier checks that nothing behind `data_end` is read, and
    // Ethernet headers begin at even addresses; where the machine minds (`NET_IP_ALIGN`), the verifier checks that too.
    Some(unsafe { (start as *const u16).read() })
}
