//! The inspector: is it LLDP, and if so, into the ring buffer. Generic over the hook.

use core::hint::black_box;
use core::ptr::from_ref;

use aya_ebpf::helpers::bpf_ktime_get_boot_ns;
use aya_ebpf::helpers::generated::bpf_ringbuf_output;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{PerCpuArray, RingBuf};
use aya_log_ebpf::{debug, warn};
use ptm_common::{Counters, ETHERTYPE_LLDP, ETHERTYPE_SERVICE_VLAN, ETHERTYPE_VLAN, Header, MAX_CAPTURED, Record};

use crate::hook::Packet;

const ETHERNET_HEADER: u32 = 14;
const LLDP: u16 = ETHERTYPE_LLDP.to_be();
const VLAN: u16 = ETHERTYPE_VLAN.to_be();
const SERVICE_VLAN: u16 = ETHERTYPE_SERVICE_VLAN.to_be();

#[expect(clippy::cast_possible_truncation, reason = "it is 1,600")]
const MOST: u32 = MAX_CAPTURED as u32;

/// Captured frames. The user half chooses the size when it loads the program.
#[map]
static FRAMES: RingBuf = RingBuf::with_byte_size(4_096, 0);

/// One set of counters a CPU.
#[map]
static COUNTERS: PerCpuArray<Counters> = PerCpuArray::with_max_entries(1, 0);

/// Where a record is put together, one a CPU: the hooks run with soft interrupts off, so none comes in between.
///
/// From here the ring buffer gets exactly the record's length. Reserving in it would be one copy less but asks for a
/// constant size, 1,600 bytes for a frame of 200, and a ring eight times as large for the same burst.
#[map]
static SCRATCH: PerCpuArray<Record> = PerCpuArray::with_max_entries(1, 0);

/// Captures the packet if it is LLDP, plain or behind one or two VLAN tags.
pub(crate) fn inspect<P: Packet>(packet: &P) {
    if is_lldp(packet) {
        capture(packet);
    }
}

fn is_lldp<P: Packet>(packet: &P) -> bool {
    match packet.ethertype() {
        LLDP => true,
        VLAN | SERVICE_VLAN => match packet.u16_at(16) {
            Some(LLDP) => true,
            Some(VLAN | SERVICE_VLAN) => !packet.tag_popped() && packet.u16_at(20) == Some(LLDP),
            _ => false,
        },
        _ => false,
    }
}

fn capture<P: Packet>(packet: &P) {
    let (Some(counters), Some(record)) = (COUNTERS.get_ptr_mut(0), SCRATCH.get_ptr_mut(0)) else {
        return;
    };
    // SAFETY: an array map's entry 0 exists, and this CPU's copy is ours alone until the program ends.
    let counters = unsafe { &mut *counters };
    counters.seen += 1;

    let wire_len = packet.len();
    // The verifier must see both bounds of the length in the instructions. rustc knows the upper one from `min` and
    // would leave the comparison out.
    let captured_len = black_box(wire_len.min(MOST));
    if captured_len > MOST {
        return;
    }
    let ifindex = packet.ifindex();
    // SAFETY: the helper takes no argument.
    let boot_ns = unsafe { bpf_ktime_get_boot_ns() };
    let header = Header { boot_ns, ifindex, wire_len, captured_len, hook: P::HOOK as u32 };
    // SAFETY: as above.
    let bytes = unsafe {
        (*record).header = header;
        &raw mut (*record).bytes
    };
    // The lower bound: a comparison of its own, for rustc would fold the two into a subtraction, of which the verifier
    // learns nothing; just before its use, for otherwise the length may be kept on the stack from before the
    // comparison; and not with 0, for the verifier of 6.1 learns nothing from `!= 0`. What has an EtherType has a header.
    let load_len = black_box(captured_len);
    if load_len < ETHERNET_HEADER {
        return;
    }
    // SAFETY: `bytes` has room for `MAX_CAPTURED` bytes.
    if !unsafe { packet.load(bytes.cast(), load_len) } {
        return;
    }

    let len = size_of::<Header>() as u64 + u64::from(captured_len);
    // SAFETY: the record is initialized for `len` bytes.
    let full = unsafe { bpf_ringbuf_output(from_ref(&FRAMES).cast_mut().cast(), record.cast(), len, 0) };
    if full != 0 {
        counters.ring_full += 1;
        warn!(packet, "ring buffer full: LLDP frame of {} bytes on interface {} lost", wire_len, ifindex);
        return;
    }
    counters.captured += 1;
    if wire_len > captured_len {
        counters.truncated += 1;
    }
    debug!(packet, "LLDP frame of {} bytes on interface {}", wire_len, ifindex);
}
