//! What the kernel half costs a packet that isn't LLDP: the same run of it and of a program that does nothing, in turns
//! (`BPF_PROG_TEST_RUN`).

use anyhow::Result;
use ptm_agent::capture::{Capture, HookChoice, Options, Subject};

use crate::table::Table;

const BUDGET_NS: f64 = 3.0;
const ROUNDS: usize = 51;
const PACKETS_A_ROUND: u32 = 200_000;

pub(crate) fn measure(table: &mut Table) -> Result<()> {
    // Loading registers the ring buffer with a runtime.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _context = runtime.enter();
    for (hook, name) in [(HookChoice::Tc, "tc"), (HookChoice::Xdp, "xdp")] {
        let mut capture = Capture::load(Options { hook, ..Options::default() })?;
        for (packet, kind) in [(ipv4(&[]), "IPv4"), (ipv4(&[0x81, 0, 0, 100]), "IPv4 in a VLAN")] {
            let (mut nothing, mut difference) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                let empty = nanoseconds(&mut capture, Subject::Nothing, &packet)?;
                difference.push(nanoseconds(&mut capture, Subject::Inspector, &packet)? - empty);
                nothing.push(empty);
            }
            let (difference, nothing) = (middle(&mut difference), middle(&mut nothing));
            table.judge(
                &format!("cost on a packet that isn't LLDP ({kind}), {name}"),
                "≤ 3 ns",
                &format!("{difference:.1} ns over an empty program's {nothing:.1}"),
                difference <= BUDGET_NS,
            );
        }
    }
    Ok(())
}

/// How long one packet takes, by the kernel's clock: ours would count what it does around the runs, 20 ms for XDP.
fn nanoseconds(capture: &mut Capture, subject: Subject, packet: &[u8]) -> Result<f64> {
    Ok(capture.test_run(subject, packet, PACKETS_A_ROUND)?.duration.as_secs_f64() * 1e9)
}

/// The mean of the middle half: the kernel gives whole nanoseconds, so a median would too.
#[expect(clippy::cast_precision_loss, reason = "a few dozen")]
fn middle(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = &values[values.len() / 4..values.len() - values.len() / 4];
    middle.iter().sum::<f64>() / middle.len() as f64
}

/// The shortest Ethernet frame with an IPv4 packet in it, behind this tag.
fn ipv4(tag: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x02; 12];
    packet.extend(tag);
    packet.extend([0x08, 0x00, 0x45]);
    packet.resize(60, 0);
    packet
}
