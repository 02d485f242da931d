//! Capture on interfaces, over a veth cable: attach, deliver, detach, and what happens to ports meanwhile.

use std::process::{Child, Command, Stdio};

use ptm_agent::capture::{AttachError, AttachPoint, Capture, Hook, Options};

use crate::support::{
    CLSACT, Captured, TC, XDP, cable, ethernet, frames, ifindex, isolated, lldp, run, send, send_all, until,
    wait_for_carrier,
};

const VLAN: u16 = 0x8100;

/// Every way to attach, on a veth.
const WAYS: [(Options, AttachPoint, Hook); 3] = [
    (TC, AttachPoint::Tcx, Hook::Tc),
    (CLSACT, AttachPoint::Clsact, Hook::Tc),
    (XDP, AttachPoint::XdpNative, Hook::Xdp),
];

#[test]
fn frames_arrive_from_the_wire() {
    isolated(async || {
        let port = cable();
        for (options, point, hook) in WAYS {
            let mut capture = Capture::load(options).unwrap();
            assert!(capture.port(port).is_none());
            assert_eq!(capture.attach(port).unwrap(), point);
            assert_eq!(capture.port(port).unwrap().unwrap(), point);
            send("far", &ethernet(&[], 0x0800, 60, 0));
            send("far", &lldp(&[], 300, 1));
            send("far", &lldp(&[], 60, 2));
            let captured = frames(&mut capture, 2).await;
            let expected = Captured { ifindex: port, wire_len: 300, hook, bytes: lldp(&[], 300, 1), ..captured[0] };
            assert_eq!(captured[0], expected);
            assert_eq!(captured[1].bytes, lldp(&[], 60, 2));
            assert!(captured[0].boot_ns < captured[1].boot_ns);
        }
    });
}

#[test]
fn auto_is_tc() {
    isolated(async || {
        let port = cable();
        let mut capture = Capture::load(Options::default()).unwrap();
        assert_eq!(capture.attach(port).unwrap(), AttachPoint::Tcx);
    });
}

#[test]
fn tagged_frames_arrive_from_the_wire() {
    isolated(async || {
        let port = cable();
        for (options, _, hook) in WAYS {
            let mut capture = Capture::load(options).unwrap();
            capture.attach(port).unwrap();
            // A priority tag, a priority tag in a service tag, and one tag too many.
            for tags in [&[VLAN][..], &[0x88a8, VLAN], &[0x88a8, VLAN, VLAN]] {
                send("far", &lldp(tags, 100, 0));
            }
            send("far", &lldp(&[], 100, 9));
            let bytes: Vec<_> = frames(&mut capture, 3).await.into_iter().map(|frame| frame.bytes).collect();
            let seen = match hook {
                Hook::Xdp => [lldp(&[VLAN], 100, 0), lldp(&[0x88a8, VLAN], 100, 0), lldp(&[], 100, 9)],
                // The kernel has taken the outermost tag out.
                Hook::Tc => [lldp(&[], 96, 0), lldp(&[VLAN], 96, 0), lldp(&[], 100, 9)],
            };
            assert_eq!(bytes, seen, "{hook:?}");
        }
    });
}

#[test]
fn xdp_is_generic_where_the_driver_has_none() {
    isolated(async || {
        cable();
        // It hears the LLDP groups only because we join them.
        run("ip link add upper link port type macvlan");
        run("ip link set upper up");
        let upper = ifindex("upper");
        let mut capture = Capture::load(XDP).unwrap();
        assert_eq!(capture.attach(upper).unwrap(), AttachPoint::XdpGeneric);
        send("far", &lldp(&[], 100, 0));
        assert_eq!(frames(&mut capture, 1).await[0].ifindex, upper);
    });
}

#[test]
fn xdp_takes_a_jumbo_mtu() {
    isolated(async || {
        let port = cable();
        run("ip link set port mtu 9000");
        run("ip link set far mtu 9000");
        let mut capture = Capture::load(XDP).unwrap();
        assert_eq!(capture.attach(port).unwrap(), AttachPoint::XdpNative);
        send("far", &lldp(&[], 9_000, 0));
        let captured = frames(&mut capture, 1).await.remove(0);
        assert_eq!((captured.wire_len, captured.bytes.len()), (9_000, 1_600));
    });
}

#[test]
fn a_burst_of_1100_frames_is_lost_nowhere() {
    isolated(async || {
        let port = cable();
        for (options, ..) in WAYS {
            let mut capture = Capture::load(options).unwrap();
            capture.attach(port).unwrap();
            // All of them before the first is read, but no more at a time than the cable itself holds: a busy kernel is
            // slow to take them out at its other end.
            for first in (0..1_100).step_by(100) {
                send_all("far", (first..first + 100).map(|number| lldp(&[], 400, number)));
                until("they came", || capture.counters().seen == u64::from(first) + 100);
            }
            for (number, frame) in (0..).zip(frames(&mut capture, 1_100).await) {
                assert_eq!(frame.bytes, lldp(&[], 400, number));
            }
        }
    });
}

#[test]
fn attached_twice_delivers_once() {
    isolated(async || {
        let port = cable();
        for (options, point, _) in WAYS {
            let mut capture = Capture::load(options).unwrap();
            assert_eq!(capture.attach(port).unwrap(), point);
            assert_eq!(capture.attach(port).unwrap(), point);
            send("far", &lldp(&[], 60, 1));
            send("far", &lldp(&[], 60, 2));
            assert_eq!(frames(&mut capture, 2).await[1].bytes, lldp(&[], 60, 2));
        }
    });
}

#[test]
fn a_detached_port_is_silent_and_as_it_was() {
    isolated(async || {
        let port = cable();
        let before = traces();
        for (options, ..) in WAYS {
            let mut capture = Capture::load(options).unwrap();
            capture.attach(port).unwrap();
            assert_ne!(traces(), before);
            capture.detach(port);
            assert_eq!(traces(), before);
            assert!(capture.port(port).is_none());
            send("far", &lldp(&[], 60, 1));

            capture.attach(port).unwrap();
            send("far", &lldp(&[], 60, 2));
            assert_eq!(frames(&mut capture, 1).await[0].bytes, lldp(&[], 60, 2));
            drop(capture);
            assert_eq!(traces(), before);
        }
    });
}

/// All that attaching leaves to be seen: qdiscs, filters, XDP and TCX programs (a `bpftool` we don't need), groups.
fn traces() -> String {
    let tcx = ptm_agent_tcx_programs();
    format!(
        "{}{}{}{}{tcx}",
        run("tc qdisc show dev port"),
        run("tc filter show dev port ingress"),
        run("ip -details link show port"),
        run("ip maddress show dev port"),
    )
}

fn ptm_agent_tcx_programs() -> usize {
    use aya::programs::{SchedClassifier, TcAttachType};
    SchedClassifier::query_tcx("port", TcAttachType::Ingress).unwrap().1.len()
}

#[test]
fn the_multicast_groups_are_joined() {
    isolated(async || {
        let port = cable();
        let mut capture = Capture::load(TC).unwrap();
        capture.attach(port).unwrap();
        let groups = run("ip maddress show dev port");
        for group in ["01:80:c2:00:00:00", "01:80:c2:00:00:03", "01:80:c2:00:00:0e"] {
            assert!(groups.contains(group), "{groups}");
        }
    });
}

#[test]
fn a_rename_and_a_flap_change_nothing() {
    isolated(async || {
        let port = cable();
        for (options, ..) in WAYS {
            let mut capture = Capture::load(options).unwrap();
            capture.attach(port).unwrap();
            run("ip link set port down");
            run("ip link set port name renamed");
            run("ip link set renamed up");
            wait_for_carrier("far");
            send("far", &lldp(&[], 60, 0));
            assert_eq!(frames(&mut capture, 1).await[0].ifindex, port);
            run("ip link set renamed down");
            run("ip link set renamed name port");
            run("ip link set port up");
        }
    });
}

#[test]
fn a_deleted_port_can_be_detached_and_comes_back_under_a_new_index() {
    isolated(async || {
        for (options, point, _) in WAYS {
            let old = cable();
            let mut capture = Capture::load(options).unwrap();
            capture.attach(old).unwrap();
            run("ip link delete port");
            assert!(matches!(capture.attach(old + 1_000), Err(AttachError::Gone)));
            assert!(matches!(capture.port(old + 1_000), Some(Err(AttachError::Gone))));
            capture.detach(old);

            let new = cable();
            assert_eq!(capture.attach(new).unwrap(), point);
            send("far", &lldp(&[], 60, 0));
            assert_eq!(frames(&mut capture, 1).await[0].ifindex, new);
            run("ip link delete port");
        }
    });
}

/// A process in a network namespace of its own, which lives as long as it does.
struct Elsewhere(Child);

impl Elsewhere {
    fn new() -> Self {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", "echo ready; exec sleep 600"]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut ready = [0; 5];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut ready).unwrap();
        Self(child)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_port_moved_to_another_namespace_is_let_go() {
    isolated(async || {
        for (options, point, _) in WAYS {
            let port = cable();
            run("ip link add other type veth peer name xother");
            let elsewhere = Elsewhere::new();
            let pid = elsewhere.0.id();
            let mut capture = Capture::load(options).unwrap();
            capture.attach(port).unwrap();
            run(&format!("ip link set port netns {pid}"));
            run(&format!("nsenter --net=/proc/{pid}/ns/net ip link set port up"));
            // What is attached by a link still delivers from there, under the old index. Hence this:
            capture.detach(port);
            send("far", &lldp(&[], 60, 1));

            assert!(matches!(capture.attach(port), Err(AttachError::Gone)), "{point}");
            run("ip link delete far");
            run("ip link delete other");
            let new = cable();
            capture.attach(new).unwrap();
            send("far", &lldp(&[], 60, 2));
            assert_eq!(frames(&mut capture, 1).await[0].bytes, lldp(&[], 60, 2));
            run("ip link delete port");
        }
    });
}

#[test]
fn others_in_the_chain_see_the_frame_too() {
    isolated(async || {
        let port = cable();
        // Behind both, a filter of the administrator, which counts.
        run("ip link add sink type ifb");
        run("tc qdisc add dev port clsact");
        let all = "protocol 0x88cc pref 10 u32 match u32 0 0";
        run(&format!("tc filter add dev port ingress {all} action mirred egress redirect dev sink"));
        for [one, other] in [[TC, TC], [TC, CLSACT], [XDP, TC], [XDP, CLSACT]] {
            let mut one = Capture::load(one).unwrap();
            let mut other = Capture::load(other).unwrap();
            one.attach(port).unwrap();
            other.attach(port).unwrap();
            send("far", &lldp(&[], 60, 0));
            frames(&mut one, 1).await;
            frames(&mut other, 1).await;
        }
        until("it counted all", || run("tc -statistics filter show dev port ingress").contains(" 4 pkt "));
    });
}

#[test]
fn a_qdisc_that_others_use_stays() {
    isolated(async || {
        let port = cable();
        // Theirs from the beginning, empty.
        run("tc qdisc add dev port clsact");
        let before = traces();
        let mut capture = Capture::load(CLSACT).unwrap();
        capture.attach(port).unwrap();
        drop(capture);
        assert_eq!(traces(), before);
        run("tc qdisc delete dev port clsact");

        // Ours, but somebody put a filter into it.
        let mut capture = Capture::load(CLSACT).unwrap();
        capture.attach(port).unwrap();
        run("tc filter add dev port egress pref 10 u32 match u32 0 0 action mirred egress redirect dev far");
        drop(capture);
        assert!(run("tc filter show dev port egress").contains("mirred"));
        assert_eq!(run("tc filter show dev port ingress"), "");
    });
}

#[test]
fn what_a_killed_predecessor_left_in_clsact_is_replaced() {
    isolated(async || {
        let port = cable();
        for qdisc_was_there in [false, true] {
            if qdisc_was_there {
                run("tc qdisc add dev port clsact");
            }
            let before = run("tc qdisc show dev port");
            for (successor, point, _) in WAYS {
                let mut killed = Capture::load(CLSACT).unwrap();
                killed.attach(port).unwrap();
                // A filter outlives its process just as it outlives this.
                std::mem::forget(killed);

                let mut capture = Capture::load(successor).unwrap();
                assert_eq!(capture.attach(port).unwrap(), point);
                let ours = usize::from(point == AttachPoint::Clsact);
                assert_eq!(run("tc filter show dev port ingress").matches("direct-action").count(), ours);
                send("far", &lldp(&[], 60, 0));
                frames(&mut capture, 1).await;
                drop(capture);
                assert_eq!(run("tc filter show dev port ingress"), "");
                assert_eq!(run("tc qdisc show dev port"), before, "after {point}");
            }
        }
    });
}

#[test]
fn a_taken_xdp_hook_is_named() {
    isolated(async || {
        let port = cable();
        let mut first = Capture::load(XDP).unwrap();
        first.attach(port).unwrap();
        let mut second = Capture::load(XDP).unwrap();
        let error = second.attach(port).unwrap_err().to_string();
        assert!(error.starts_with("XDP is taken by program ptm_xdp (id "), "{error}");
        assert!(matches!(second.port(port), Some(Err(AttachError::Occupied { .. }))));

        first.detach(port);
        assert_eq!(second.attach(port).unwrap(), AttachPoint::XdpNative);
    });
}

#[test]
fn xdp_of_an_interface_above_excludes_ours_below() {
    isolated(async || {
        let port = cable();
        run("ip link add upper link port type macvlan");
        let mut capture = Capture::load(XDP).unwrap();
        capture.attach(ifindex("upper")).unwrap();
        let error = capture.attach(port).unwrap_err();
        assert!(matches!(error, AttachError::UpperOccupied), "{error}");
    });
}
