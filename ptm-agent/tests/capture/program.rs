//! What the programs do with a frame, by `BPF_PROG_TEST_RUN`: no interface, no noise.

use std::process::Command;
use std::time::Duration;

use ptm_agent::capture::{Capture, Hook, Options, Subject};
use ptm_common::Counters;

use crate::captured::Captured;
use crate::support::{TC, XDP, boot_ns, ethernet, frames, isolated, lldp};

const TCX_NEXT: u32 = u32::MAX;
const XDP_PASS: u32 = 2;

const VLAN: u16 = 0x8100;
const SERVICE: u16 = 0x88a8;

/// Both hooks, with what each answers to every packet.
const HOOKS: [(Options, Hook, u32); 2] = [(TC, Hook::Tc, TCX_NEXT), (XDP, Hook::Xdp, XDP_PASS)];

#[test]
fn lldp_is_captured_plain_and_behind_one_or_two_tags() {
    isolated(async || {
        for (options, hook, pass) in HOOKS {
            let mut capture = Capture::load(options).unwrap();
            for tags in [&[][..], &[VLAN], &[SERVICE], &[SERVICE, VLAN], &[VLAN, VLAN]] {
                let frame = lldp(tags, 200, 7);
                let before = boot_ns();
                assert_eq!(capture.test_run(Subject::Inspector, &frame, 1).unwrap().verdict, pass);
                let captured = frames(&mut capture, 1).await.remove(0);
                assert_eq!(captured.bytes, frame, "{hook:?} {tags:x?}");
                assert_eq!(captured.wire_len, 200);
                assert_eq!(captured.hook, hook);
                assert!((before..=boot_ns()).contains(&captured.boot_ns), "{captured:?}");
            }
            assert_eq!(capture.counters(), Counters { seen: 5, captured: 5, ..Counters::default() });
        }
    });
}

#[test]
fn other_packets_pass_unseen() {
    let foreign = [
        ethernet(&[], 0x0800, 60, 0),
        ethernet(&[], 0x86dd, 1_514, 0),
        ethernet(&[VLAN], 0x0800, 64, 0),
        ethernet(&[SERVICE, VLAN], 0x0800, 68, 0),
        // Three tags are one more than anybody sends; the next two end within their tags.
        lldp(&[SERVICE, VLAN, VLAN], 200, 0),
        ethernet(&[], VLAN, 14, 0),
        ethernet(&[], VLAN, 17, 0),
        ethernet(&[VLAN], VLAN, 21, 0),
        // 802.3: a length where the EtherType would be.
        ethernet(&[], 0x0026, 60, 0),
    ];
    isolated(async || {
        for (options, hook, pass) in HOOKS {
            let mut capture = Capture::load(options).unwrap();
            for frame in &foreign {
                let run = capture.test_run(Subject::Inspector, frame, 1).unwrap();
                assert_eq!(run.verdict, pass, "{hook:?} {:x?}", &frame[..14]);
            }
            assert_eq!(capture.counters(), Counters::default(), "{hook:?}");
        }
    });
}

#[test]
fn a_frame_is_cut_at_1600_bytes_and_counted() {
    isolated(async || {
        for (options, ..) in HOOKS {
            let mut capture = Capture::load(options).unwrap();
            // 14: nothing behind the header. The kernel runs no test on less.
            for (len, truncated) in [(14, 0), (15, 0), (60, 0), (1_599, 0), (1_600, 0), (1_601, 1), (3_000, 2)] {
                let frame = lldp(&[], 3_000, 0)[..len].to_vec();
                capture.test_run(Subject::Inspector, &frame, 1).unwrap();
                let captured = frames(&mut capture, 1).await.remove(0);
                assert_eq!(captured.bytes, frame[..len.min(1_600)]);
                assert_eq!(captured.wire_len as usize, len);
                assert_eq!(capture.counters().truncated, truncated);
            }
        }
    });
}

#[test]
fn a_jumbo_frame_in_fragments_is_cut_too() {
    isolated(async || {
        let mut capture = Capture::load(XDP).unwrap();
        let frame = lldp(&[], 9_000, 0);
        capture.test_run(Subject::Inspector, &frame, 1).unwrap();
        let captured = frames(&mut capture, 1).await.remove(0);
        assert_eq!((captured.wire_len, captured.bytes.as_slice()), (9_000, &frame[..1_600]));
    });
}

#[test]
fn a_full_ring_loses_frames_and_says_so() {
    isolated(async || {
        for (options, ..) in HOOKS {
            let mut capture = Capture::load(Options { ring_bytes: 4_096, ..options }).unwrap();
            for number in 0..100 {
                capture.test_run(Subject::Inspector, &lldp(&[], 224, number), 1).unwrap();
            }
            // 224 bytes and 32 around them: 16 fill the ring, but the kernel keeps one byte free.
            let full = Counters { seen: 100, captured: 15, ring_full: 85, truncated: 0 };
            assert_eq!(capture.counters(), full);
            let first = frames(&mut capture, 15).await;
            assert_eq!(first[14].bytes, lldp(&[], 224, 14));

            capture.test_run(Subject::Inspector, &lldp(&[], 224, 100), 1).unwrap();
            assert_eq!(frames(&mut capture, 1).await[0].bytes, lldp(&[], 224, 100));
        }
    });
}

#[test]
fn a_burst_of_1100_frames_waits_in_the_ring() {
    isolated(async || {
        for (options, ..) in HOOKS {
            let mut capture = Capture::load(options).unwrap();
            for number in 0..1_100 {
                capture.test_run(Subject::Inspector, &lldp(&[], 440, number), 1).unwrap();
            }
            assert_eq!(capture.counters().ring_full, 0);
            let captured = frames(&mut capture, 1_100).await;
            for (number, frame) in (0..).zip(&captured) {
                assert_eq!(frame.bytes, lldp(&[], 440, number));
            }
        }
    });
}

#[test]
fn a_drain_takes_no_more_than_its_budget_and_ready_answers_again() {
    isolated(async || {
        let mut capture = Capture::load(TC).unwrap();
        for number in 0..5 {
            capture.test_run(Subject::Inspector, &lldp(&[], 60, number), 1).unwrap();
        }
        let mut taken = Vec::new();
        while taken.iter().sum::<usize>() < 5 {
            capture.ready().await.unwrap();
            taken.push(capture.drain(2, |_| {}));
        }
        assert_eq!(taken, [2, 2, 1]);
        assert_eq!(capture.drain(2, |_| {}), 0);
    });
}

#[test]
fn the_kernel_half_speaks_only_when_told_to() {
    isolated(async || {
        for (options, ..) in HOOKS {
            for log in [false, true] {
                let spoken = Captured::default();
                let _guard = tracing::subscriber::set_default(spoken.subscriber());
                let mut capture = Capture::load(Options { log, ring_bytes: 4_096, ..options.clone() }).unwrap();
                for _ in 0..3 {
                    capture.test_run(Subject::Inspector, &lldp(&[], 1_500, 0), 1).unwrap();
                }
                frames(&mut capture, 2).await;
                let spoken = spoken.text();
                assert_eq!(spoken.contains("LLDP frame of 1500 bytes on interface 1"), log, "{spoken}");
                assert_eq!(spoken.contains("ring buffer full: LLDP frame of 1500 bytes"), log, "{spoken}");
            }
        }
    });
}

#[test]
fn a_foreign_packet_costs_next_to_nothing() {
    isolated(async || {
        for (options, hook, _) in HOOKS {
            let mut capture = Capture::load(options).unwrap();
            for (what, frame) in
                [("IPv4", ethernet(&[], 0x0800, 64, 0)), ("IPv4, one tag", ethernet(&[VLAN], 0x0800, 68, 0))]
            {
                let [mut nothing, mut inspector] = [Duration::MAX; 2];
                // The budget is 3 ns over nothing. The rest, and further rounds, are for a machine busy with something
                // else: the best of each counts.
                for round in 1.. {
                    nothing = nothing.min(capture.test_run(Subject::Nothing, &frame, 100_000).unwrap().duration);
                    inspector = inspector.min(capture.test_run(Subject::Inspector, &frame, 100_000).unwrap().duration);
                    if round >= 10 && inspector < nothing + Duration::from_nanos(10) {
                        break;
                    }
                    assert!(round < 1_000, "{hook:?}, {what}: {inspector:?}, {nothing:?} for doing nothing");
                }
                println!("{hook:?}, {what}: {inspector:?}, of them {nothing:?} for a program that does nothing");
            }
        }
    });
}

/// The sentence tells a user what to do, so it must name what is missing and nothing else.
#[test]
fn a_missing_capability_is_named() {
    isolated(async || {
        let plan = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/ring.dot");
        let every = ["bpf", "net_admin", "net_raw"];
        for (missing, hook) in every.into_iter().flat_map(|missing| [(missing, "tc"), (missing, "xdp")]) {
            let bounds = every.iter().filter(|name| **name != missing).map(|name| format!(",+{name}"));
            let bounds = format!("-all{}", bounds.collect::<String>());
            let mut command = Command::new("setpriv");
            command.args(["--bounding-set", &bounds, "--inh-caps", &bounds]).arg(env!("CARGO_BIN_EXE_ptm-agent"));
            command.args(["--config", plan, "--node", "vm1", "--hook", hook]);
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(1));
            let sentence = format!(
                "ptm-agent: capturing LLDP needs CAP_{}, which this process lacks: run it as root, \
                 or once `setcap cap_bpf,cap_net_admin,cap_net_raw+ep` on the program\n",
                missing.to_uppercase()
            );
            assert_eq!(String::from_utf8(output.stderr).unwrap(), sentence, "{hook}");
        }
    });
}
