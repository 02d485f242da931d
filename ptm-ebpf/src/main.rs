//! PTM's kernel half: copies LLDP frames into a ring buffer, at the tc or the xdp hook, and lets every packet pass.
//!
//! **It never changes, holds or drops a packet**, and what isn't LLDP costs a few instructions: see [`inspect`].
//! Nothing in it asks for more than Linux 6.1.
#![cfg_attr(target_arch = "bpf", no_std, no_main)]
#![expect(clippy::needless_pass_by_value, reason = "the macros of aya hand the context over")]

mod hook;
mod inspect;

use aya_ebpf::bindings::xdp_action::XDP_PASS;
use aya_ebpf::macros::{classifier, xdp};
use aya_ebpf::programs::{TcContext, XdpContext};

/// What the classifier returns: `TCX_NEXT` at TCX (6.6), the next program of the chain decides; the same number is
/// `TC_ACT_UNSPEC` at clsact, go on with the next filter. 0 would end the chain for those after us.
const NEXT: i32 = -1;

/// Traffic control, ingress.
#[classifier]
fn ptm_tc(context: TcContext) -> i32 {
    inspect::inspect(&context);
    NEXT
}

/// XDP. With `frags`, for else a driver refuses it on an interface with a jumbo MTU.
#[xdp(frags)]
fn ptm_xdp(context: XdpContext) -> u32 {
    inspect::inspect(&context);
    XDP_PASS
}

/// Does nothing: what [`ptm_tc`] is measured against.
#[classifier]
fn ptm_tc_empty(_: TcContext) -> i32 {
    NEXT
}

/// Does nothing: what [`ptm_xdp`] is measured against.
#[xdp(frags)]
fn ptm_xdp_empty(_: XdpContext) -> u32 {
    XDP_PASS
}

/// The helpers that read time and packets are for programs under a licence compatible with the GPL.
#[cfg_attr(target_arch = "bpf", unsafe(link_section = "license"), unsafe(no_mangle))]
#[cfg_attr(not(target_arch = "bpf"), expect(dead_code, reason = "the kernel reads it"))]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // No panic is left in the code, else the verifier would refuse this loop.
    loop {}
}

#[cfg(not(target_arch = "bpf"))]
fn main() {}
