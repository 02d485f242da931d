//! What a person is told to do about a port that is not as planned.

use super::*;

#[test]
fn exchanged_cables_name_each_other() {
    let mut bench = Bench::all_up();
    bench.hear(1, says("r3", "swp1"));
    assert_eq!(bench.advice("swp1"), "r3:swp1 belongs on swp2; move the cable from swp1 to swp2");
    bench.hear(2, says("r1", "swp1"));
    assert_eq!(
        bench.advice("swp1"),
        "r3:swp1 belongs on swp2; move the cable from swp1 to swp2 (swp1 and swp2 are exchanged)"
    );
    assert_eq!(
        bench.advice("swp2"),
        "r1:swp1 belongs on swp1; move the cable from swp2 to swp1 (swp2 and swp1 are exchanged)"
    );
    assert_eq!(bench.explanation("swp1"), "expected r1:swp1, found r3:swp1: the system name is `r3`, not `r1`");
}

#[test]
fn advice_says_which_end_to_move() {
    let cases = [
        (says("r1", "swp9"), "at r1, move the cable from swp9 to swp1"),
        (says("r4", "swp7"), "r4:swp7 belongs on r3:swp2, not on this machine's swp1"),
        (says("nobody", "swp1"), "the plan does not know this neighbor; connect swp1 to r1:swp1"),
        (says("r1", "swp1"), ""),
    ];
    for (neighbor, advice) in cases {
        let mut bench = Bench::all_up();
        bench.hear(1, neighbor);
        assert_eq!(bench.advice("swp1"), advice, "{neighbor:?}");
    }
}

#[test]
fn a_silent_port_says_where_to_look() {
    let bench = Bench::all_up();
    let advice = "see whether r1 sends LLDP at the other end; a host needs a daemon for it, such as lldpd";
    assert_eq!((bench.reason("swp1"), &*bench.advice("swp1")), (Some(Reason::Silent), advice));
}

#[test]
fn a_port_that_lost_carrier_says_where_to_look() {
    let mut bench = Bench::all_up();
    bench.hear(1, says("r1", "swp1"));
    bench.link(1, "swp1", false);
    let advice = "see that the cable is plugged in at both ends, and that r1:swp1 is up";
    assert_eq!((bench.reason("swp1"), &*bench.advice("swp1")), (Some(Reason::LinkDown), advice));
    // Carrier is back: now it is to be waited for.
    bench.link(1, "swp1", true);
    assert_eq!((bench.reason("swp1"), &*bench.advice("swp1")), (Some(Reason::LinkDown), ""));
}

#[test]
fn a_neighbor_that_sends_its_mac_as_port_id_is_told_from_a_wrong_cable() {
    let mut bench = Bench::all_up();
    let mut bytes = lldpdu(Says { description: "swp1", ..says("r1", "xxxxxx") });
    // Port ID subtype 3, a MAC address of six bytes, in the place of the interface name `xxxxxx`.
    let at = bytes.windows(7).position(|window| window == b"\x05xxxxxx").expect("the port ID");
    bytes[at..at + 7].copy_from_slice(&[3, 2, 0, 0, 0, 0, 1]);
    bench.monitor.lldpdu(1, &bytes, bench.now);
    assert_eq!(bench.reason("swp1"), Some(Reason::WrongPort));
    assert_eq!(
        bench.advice("swp1"),
        "the cable is right: the neighbor sends its MAC 02:00:00:00:00:01 as port ID and `swp1` as description; \
         use match_type=portdescr, or set its port ID to the interface name"
    );
}
