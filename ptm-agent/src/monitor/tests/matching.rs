//! What of a neighbor is compared with the plan, and what is said where only the comparison is at fault.

use super::*;
use crate::lldp::encode::Builder;
use crate::lldp::{ChassisId, ChassisIdSubtype, InterfaceNumber, ManagementAddress, PortId, PortIdSubtype, Text};

const MAC: [u8; 6] = [0x00, 0x1b, 0x21, 0x0a, 0x0b, 0x0c];

/// What a neighbor sends. Its chassis ID is its name, or a MAC address if that is empty.
#[derive(Clone, Copy, Debug)]
struct Sent {
    name: &'static str,
    port: Id,
    description: &'static str,
    addresses: &'static [&'static str],
    chassis_address: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
enum Id {
    Name(&'static str),
    Local(&'static str),
    Mac,
}

fn sent(name: &'static str, port: Id, description: &'static str) -> Sent {
    Sent { name, port, description, addresses: &[], chassis_address: None }
}

fn at(addresses: &'static [&'static str]) -> Sent {
    Sent { addresses, ..sent("r1", Id::Name("swp1"), "") }
}

/// An address with its family, as TLVs have it.
fn with_family(address: &str) -> Vec<u8> {
    match address.parse().expect("an address") {
        std::net::IpAddr::V4(address) => [&[1], &address.octets()[..]].concat(),
        std::net::IpAddr::V6(address) => [&[2], &address.octets()[..]].concat(),
    }
}

impl Sent {
    fn lldpdu(self) -> Vec<u8> {
        let text = |text: &'static str| Text::new(text.as_bytes()).expect("short");
        let chassis = self.chassis_address.map(with_family);
        let chassis = match (&chassis, self.name) {
            (Some(address), _) => ChassisId::new(ChassisIdSubtype::NetworkAddress, address),
            (None, "") => ChassisId::new(ChassisIdSubtype::MacAddress, &MAC),
            (None, name) => ChassisId::new(ChassisIdSubtype::Local, name.as_bytes()),
        };
        let port = match self.port {
            Id::Name(name) => PortId::new(PortIdSubtype::InterfaceName, name.as_bytes()),
            Id::Local(name) => PortId::new(PortIdSubtype::Local, name.as_bytes()),
            Id::Mac => PortId::new(PortIdSubtype::MacAddress, &MAC),
        };
        let mut builder = Builder::new(chassis.expect("short"), port.expect("short"), 120);
        if !self.description.is_empty() {
            builder = builder.port_description(text(self.description));
        }
        if !self.name.is_empty() {
            builder = builder.system_name(text(self.name));
        }
        for address in self.addresses {
            let address = with_family(address);
            let management = ManagementAddress::new(&address, InterfaceNumber::IfIndex(1), &[]);
            builder = builder.management_address(management.expect("short"));
        }
        builder.finish()
    }
}

/// `me` under this plan, with its ports `swp1`, `swp2`, … up, and what is heard on the first ones.
fn bench(plan: &str, node: &str, heard: &[Sent]) -> Bench {
    let (topology, _) = plan::read(plan);
    let plan = topology.plan_for(node).expect("the plan has this node");
    let mut bench = Bench { monitor: Monitor::new(plan), now: BootTime::from_nanos(1_000_000_000) };
    for ifindex in 1..=4 {
        bench.link(ifindex, &format!("swp{ifindex}"), true);
    }
    for (ifindex, sent) in (1..).zip(heard) {
        bench.monitor.lldpdu(ifindex, &sent.lldpdu(), bench.now);
    }
    bench
}

/// Reason and observed neighbor of `swp1`, with a single link to the given far end.
fn judged(graph: &str, far: &str, list: &str, sent: Sent) -> (Reason, String) {
    let plan = format!("graph {{ {graph} me:swp1 -- {far} [LLDP=\"{list}\"] }}");
    let bench = bench(&plan, "me", &[sent]);
    let report = bench.monitor.report("swp1").expect("a verdict");
    (report.reason, report.observed().expect("a neighbor"))
}

#[test]
fn any_one_of_port_id_description_and_mac_suffices() {
    use Reason::{Match, WrongNode, WrongPort};
    let mac_alone = sent("r1", Id::Mac, "");
    let lldpd_host = sent("r1", Id::Mac, "eth1");
    let cases = [
        ("eth1", sent("r1", Id::Name("eth1"), ""), Match, "r1:eth1"),
        ("eth1", sent("r1", Id::Name("eth1"), "uplink"), Match, "r1:eth1"),
        ("uplink", sent("r1", Id::Name("eth1"), "uplink"), Match, "r1:uplink"),
        ("eth1", lldpd_host, Match, "r1:eth1"),
        ("00:1b:21:0a:0b:0c", lldpd_host, Match, "r1:00:1b:21:0a:0b:0c"),
        ("00-1B-21-0A-0B-0C", lldpd_host, Match, "r1:00:1b:21:0a:0b:0c"),
        ("00-1B-21-0A-0B-0C", mac_alone, Match, "r1:00:1b:21:0a:0b:0c"),
        ("001b.210a.0b0c", mac_alone, Match, "r1:00:1b:21:0a:0b:0c"),
        ("001b.210a.0b0c", sent("r1", Id::Local("00:1B:21:0A:0B:0C"), ""), Match, "r1:00:1B:21:0A:0B:0C"),
        ("001b.210a.0b0d", mac_alone, WrongPort, "r1:00:1b:21:0a:0b:0c"),
        ("eth2", lldpd_host, WrongPort, "r1:eth1"),
        ("eth", sent("r1", Id::Name("eth1"), "eth10"), WrongPort, "r1:eth1"),
        ("eth1", sent("r2", Id::Name("eth1"), "eth1"), WrongNode, "r2:eth1"),
    ];
    for (port, sent, reason, observed) in cases {
        let found = judged("", &format!("r1:\"{port}\""), "match_type=any", sent);
        assert_eq!(found, (reason, observed.to_owned()), "{port} {sent:?}");
    }
    // The others keep to their field.
    assert_eq!(judged("", "r1:eth1", "match_type=ifname", lldpd_host).0, WrongPort);
    assert_eq!(judged("", "r1:\"001b.210a.0b0c\"", "match_type=ifname", lldpd_host).0, WrongPort);
    assert_eq!(judged("", "r1:eth1", "match_type=portdescr", sent("r1", Id::Name("eth1"), "x")).0, WrongPort);
}

#[test]
fn ports_are_compared_in_any_spelling_where_the_plan_says_so() {
    use Reason::{Match, WrongPort};
    let cases = [
        ("Eth1/47", "ifname", sent("r1", Id::Name("Ethernet1/47"), ""), Match),
        ("Ethernet1/47", "ifname", sent("r1", Id::Local("Eth1/47"), ""), Match),
        ("gigabitethernet 0/1", "portdescr", sent("r1", Id::Mac, "Gi0/1"), Match),
        ("Te1/1", "any", sent("r1", Id::Mac, "TenGigabitEthernet1/1"), Match),
        ("Eth1/4", "ifname", sent("r1", Id::Name("Ethernet1/47"), ""), WrongPort),
        ("Gi0/1", "ifname", sent("r1", Id::Name("TenGigabitEthernet0/1"), ""), WrongPort),
    ];
    for (port, match_type, sent, reason) in cases {
        let (far, list) = (format!("r1:\"{port}\""), format!("match_type={match_type}"));
        assert_eq!(judged("portnametype=normalized", &far, &list, sent).0, reason, "{port} {sent:?}");
        assert_eq!(judged("", &far, &list, sent).0, WrongPort, "letter by letter: {port} {sent:?}");
    }
}

#[test]
fn a_node_named_by_address_is_known_by_its_management_address() {
    use Reason::{Match, WrongNode, WrongPort};
    let by_chassis = Sent { chassis_address: Some("10.0.0.2"), ..at(&[]) };
    let cases = [
        ("10.0.0.2", at(&["10.0.0.2"]), Match, "10.0.0.2:swp1"),
        ("10.0.0.2", at(&["fe80::2", "10.0.0.2"]), Match, "10.0.0.2:swp1"),
        ("2001:DB8:0::2", at(&["2001:db8::2"]), Match, "2001:DB8:0::2:swp1"),
        ("10.0.0.2", at(&["::ffff:10.0.0.2"]), Match, "10.0.0.2:swp1"),
        ("10.0.0.2", by_chassis, Match, "10.0.0.2:swp1"),
        ("10.0.0.2", Sent { name: "", ..at(&["10.0.0.2"]) }, Match, "10.0.0.2:swp1"),
        ("10.0.0.2", Sent { port: Id::Name("swp9"), ..at(&["10.0.0.2"]) }, WrongPort, "10.0.0.2:swp9"),
        ("10.0.0.2", at(&["10.0.0.20", "10.0.0.3"]), WrongNode, "10.0.0.20:swp1"),
        ("10.0.0.2", at(&[]), WrongNode, "r1:swp1"),
        ("10.0.0.2", Sent { name: "10.0.0.2", ..at(&[]) }, WrongNode, "10.0.0.2:swp1"),
        // No address in the plan: by host name.
        ("r1", at(&["10.0.0.2"]), Match, "r1:swp1"),
    ];
    for (node, sent, reason, observed) in cases {
        let found = judged("hostidtype=ipaddr", &format!("\"{node}\":swp1"), "", sent);
        assert_eq!(found, (reason, observed.to_owned()), "{node} {sent:?}");
    }
    // Where nodes are named by host name, an address is one, and not cut at its dots.
    let named = |name| Sent { name, ..at(&["10.0.0.2"]) };
    assert_eq!(judged("", "\"10.0.0.2\":swp1", "", named("10.0.0.2")).0, Match);
    assert_eq!(judged("", "\"10.0.0.2\":swp1", "", named("10.0.0.3")).0, WrongNode);
    assert_eq!(judged("", "\"10.0.0.2\":swp1", "", named("r1")).0, WrongNode);
}

#[test]
fn neighbors_outside_the_plan_are_named_by_address_too() {
    let plan = "graph { hostidtype=ipaddr \"10.0.0.1\":swp1 -- \"10.0.0.2\" \"10.0.0.3\":swp7 -- \"10.0.0.4\":swp7 }";
    let far = Sent { port: Id::Name("swp7"), ..at(&["10.0.0.3"]) };
    let bench = bench(plan, "10.0.0.1", &[at(&["10.0.0.9"]), far]);
    let report = bench.monitor.report("swp1").expect("a verdict");
    assert_eq!((report.reason, report.observed().as_deref()), (Reason::Unchecked, Some("10.0.0.9:swp1")));
    let report = bench.monitor.report("swp2").expect("a verdict");
    assert_eq!((report.reason, report.observed().as_deref()), (Reason::Unplanned, Some("10.0.0.3:swp7")));
    assert_eq!(bench.advice("swp2"), "10.0.0.3:swp7 belongs on 10.0.0.4:swp7, not on this machine's swp2");
}

#[test]
fn the_evidence_says_what_was_compared() {
    let cases = [
        (
            "",
            "r1:swp1",
            "match_type=any",
            sent("r1", Id::Mac, "swp9"),
            "expected r1:swp1, found r1:swp9: the port ID or description is `00:1b:21:0a:0b:0c or swp9`, not `swp1`",
        ),
        (
            "",
            "r1:swp1",
            "match_type=any",
            sent("r1", Id::Name("swp9"), ""),
            "expected r1:swp1, found r1:swp9: the port ID or description is `swp9`, not `swp1`",
        ),
        (
            "hostidtype=ipaddr",
            "\"10.0.0.2\":swp1",
            "",
            at(&["10.0.0.3", "fe80::3"]),
            "expected 10.0.0.2:swp1, found 10.0.0.3:swp1: the management address is `10.0.0.3, fe80::3`, not `10.0.0.2`",
        ),
        (
            "hostidtype=ipaddr",
            "\"10.0.0.2\":swp1",
            "",
            at(&[]),
            "expected 10.0.0.2:swp1, found r1:swp1: the management address is not sent, not `10.0.0.2`",
        ),
    ];
    for (graph, far, list, sent, explanation) in cases {
        let plan = format!("graph {{ {graph} me:swp1 -- {far} [LLDP=\"{list}\"] }}");
        assert_eq!(bench(&plan, "me", &[sent]).explanation("swp1"), explanation);
    }
}

#[test]
fn advice_tells_a_setting_from_a_cable() {
    use Id::{Local, Mac, Name};
    let node = |name, port, description| sent(name, port, description);
    let cases = [
        (
            "",
            "r1:eth1",
            "",
            node("r1", Mac, "eth1"),
            "the cable is right: the neighbor sends its MAC 00:1b:21:0a:0b:0c as port ID and `eth1` as description; \
             use match_type=portdescr, or set its port ID to the interface name",
        ),
        // Junos sends the SNMP index of the interface.
        (
            "",
            "r1:\"ge-0/0/0\"",
            "",
            node("r1", Local("513"), "ge-0/0/0"),
            "the cable is right: the neighbor sends `513` as port ID and `ge-0/0/0` as description; \
             use match_type=portdescr, or set its port ID to the interface name",
        ),
        // A description may be anything; an interface's name as port ID is not wrong for it.
        ("", "r1:swp1", "", node("r1", Name("swp9"), "swp1"), "at r1, move the cable from swp9 to swp1"),
        (
            "",
            "r1:swp1",
            "match_type=portdescr",
            node("r1", Name("swp1"), "to me"),
            "the cable is right: the neighbor sends `swp1` as port ID and `to me` as description; \
             use match_type=ifname or match_type=any",
        ),
        (
            "",
            "r1:swp1",
            "match_type=portdescr",
            node("r1", Name("swp1"), ""),
            "the cable is right: the neighbor sends `swp1` as port ID and nothing as description; \
             use match_type=ifname or match_type=any",
        ),
        (
            "",
            "r1:\"001b.210a.0b0c\"",
            "",
            node("r1", Mac, "eth1"),
            "the cable is right: the plan's `001b.210a.0b0c` and the neighbor's port ID `00:1b:21:0a:0b:0c` are one \
             MAC address; write it as the neighbor does, or use match_type=any",
        ),
        (
            "",
            "r1:\"Eth1/47\"",
            "",
            node("r1", Name("Ethernet1/47"), ""),
            "the cable is right: the neighbor's `Ethernet1/47` is another spelling of `Eth1/47`; the plan would match \
             with portnametype=\"normalized\", or with the name as it is sent",
        ),
        (
            "",
            "r1:eth1",
            "match_type=any",
            node("r1", Mac, ""),
            "the neighbor sends its MAC 00:1b:21:0a:0b:0c as port ID and no description, which does not tell its ports \
             apart by name; set its port ID to the interface name",
        ),
        (
            "",
            "\"r7.example.com\":swp1",
            "match_hostname=fqdn",
            node("r7", Name("swp1"), ""),
            "the neighbor's name `r7` differs from `r7.example.com` in its domain only; if it is that machine, use \
             match_hostname=hostname, or write the name as it is sent",
        ),
        (
            "hostidtype=ipaddr",
            "\"10.0.0.2\":swp1",
            "",
            at(&[]),
            "the neighbor sends no management address, and the plan knows nodes by address; let it send its own \
             (lldpd: `configure system ip management pattern 10.0.0.2`)",
        ),
    ];
    for (graph, far, list, sent, advice) in cases {
        let plan = format!("graph {{ {graph} me:swp1 -- {far} [LLDP=\"{list}\"] }}");
        assert_eq!(bench(&plan, "me", &[sent]).advice("swp1"), advice);
    }
}

#[test]
fn a_machine_of_the_same_name_in_another_domain_is_another_machine() {
    let plan = "graph { LLDP=\"match_hostname=fqdn\" me:swp1 -- \"r1.a.com\":swp1  r9:swp5 -- \"r1.b.com\":swp1 }";
    let bench = bench(plan, "me", &[sent("r1.b.com", Id::Name("swp1"), "")]);
    assert_eq!(bench.reason("swp1"), Some(Reason::WrongNode));
    assert_eq!(bench.advice("swp1"), "r1.b.com:swp1 belongs on r9:swp5, not on this machine's swp1");
}

#[test]
fn exchanged_cables_are_found_however_neighbors_are_named() {
    let by_name = "graph { me:swp1 -- \"r1.example.com\":\"Eth1/1\"  me:swp2 -- R3:\"Eth1/1\" }";
    let (r1, r3) = (sent("r1", Id::Name("Eth1/1"), ""), sent("r3.example.com", Id::Name("Eth1/1"), ""));
    let advice =
        |near: &str| format!("{near} belongs on swp2; move the cable from swp1 to swp2 (swp1 and swp2 are exchanged)");
    assert_eq!(bench(by_name, "me", &[r3, r1]).advice("swp1"), advice("R3:Eth1/1"));

    let by_address = "graph { hostidtype=ipaddr portnametype=normalized
        me:swp1 -- \"10.0.0.1\":\"Eth1/1\"  me:swp2 -- \"2001:DB8::3\":\"Eth1/1\" }";
    let port = Id::Name("Ethernet1/1");
    let (r1, r3) = (Sent { port, ..at(&["10.0.0.1"]) }, Sent { port, ..at(&["fe80::1", "2001:db8::3"]) });
    assert_eq!(bench(by_address, "me", &[r3, r1]).advice("swp1"), advice("2001:DB8::3:Ethernet1/1"));
}

#[test]
fn both_ends_of_a_cable_may_be_here() {
    let plan = "graph { me:swp1 -- me:swp2  me:swp3 -- me:swp4 }";
    let me = |port| sent("me", Id::Name(port), "");
    let right = bench(plan, "me", &[me("swp2"), me("swp1")]);
    assert_eq!((right.reason("swp1"), right.reason("swp2")), (Some(Reason::Match), Some(Reason::Match)));
    // swp1 with swp3, and swp2 with swp4.
    let crossed = bench(plan, "me", &[me("swp3"), me("swp4"), me("swp1"), me("swp2")]);
    assert_eq!(crossed.reason("swp1"), Some(Reason::WrongPort));
    assert_eq!(
        crossed.advice("swp1"),
        "me:swp3 belongs on swp4; move the cable from swp1 to swp4 (swp1 and swp4 are exchanged)"
    );
}

#[test]
fn an_edge_without_far_port_says_where_its_node_belongs() {
    let plan = "graph { me:swp1 -- r1:swp1  me:swp2 -- host1  r1:swp9 -- r9:swp1 }";
    let host = sent("host1.example.com", Id::Mac, "eth0");
    let belongs = |port: &str| format!("host1 belongs on swp2; move the cable from {port} to swp2");
    let bench = bench(plan, "me", &[host, host, host, sent("r9", Id::Name("swp2"), "")]);
    assert_eq!((bench.reason("swp2"), bench.advice("swp2")), (Some(Reason::Unchecked), String::new()));
    assert_eq!((bench.reason("swp1"), bench.advice("swp1")), (Some(Reason::WrongNode), belongs("swp1")));
    assert_eq!((bench.reason("swp3"), bench.advice("swp3")), (Some(Reason::Unplanned), belongs("swp3")));
    // A node of the plan, by a port that is not in it.
    assert_eq!((bench.reason("swp4"), bench.advice("swp4")), (Some(Reason::Unplanned), String::new()));
    let other = self::bench(plan, "me", &[sent("r9", Id::Name("swp2"), "")]);
    assert_eq!(other.advice("swp1"), "the plan has no cable in r9:swp2; connect swp1 to r1:swp1");
}

#[test]
fn a_change_tells_what_the_plan_wants_done_about_it() {
    let plan = |list: &str| format!("graph {{ me:swp1 -- r1:swp1 [{list}] }}");
    let mut bench = bench(&plan("notify=none"), "me", &[sent("r1", Id::Name("swp1"), "")]);
    let notify = |bench: &mut Bench| -> Vec<(Option<Reason>, Notify)> {
        std::iter::from_fn(|| bench.monitor.poll_event()).map(|event| (event.after, event.notify)).collect()
    };
    assert_eq!(notify(&mut bench), [(Some(Reason::Silent), Notify::None), (Some(Reason::Match), Notify::None)]);
    // The new plan's wish holds, also for the change that it makes; nothing else changed, so there is none.
    bench.monitor.set_plan(plan_of(&plan("notify=hook")), bench.now);
    assert_eq!(notify(&mut bench), []);
    bench.link(1, "swp1", false);
    assert_eq!(notify(&mut bench), [(Some(Reason::LinkDown), Notify::Hook)]);
    // Out of the plan, nobody wishes anything any more.
    bench.monitor.set_plan(plan_of("graph { me:swp9 -- r1:swp9 }"), bench.now);
    assert_eq!(notify(&mut bench), [(None, Notify::Log), (Some(Reason::Absent), Notify::Log)]);
}

#[test]
fn another_way_to_compare_judges_anew() {
    let plan = |graph: &str| format!("graph {{ {graph} me:swp1 -- r1:\"Eth1/1\" }}");
    let mut bench = bench(&plan(""), "me", &[sent("r1", Id::Name("Ethernet1/1"), "")]);
    assert_eq!(bench.reason("swp1"), Some(Reason::WrongPort));
    bench.monitor.set_plan(plan_of(&plan("portnametype=normalized")), bench.now);
    assert_eq!(bench.reason("swp1"), Some(Reason::Match));
}

#[test]
fn the_description_is_compared_where_the_plan_says_so() {
    let mut bench = Bench::all_up();
    let by_mac = Says { description: "eth0", ..says("r6", "02:00:00:00:00:01") };
    bench.hear(4, by_mac);
    assert_eq!(bench.reason("swp4"), Some(Reason::Match));
    assert_eq!(bench.monitor.report("swp4").unwrap().observed().as_deref(), Some("r6:eth0"));
    bench.hear(4, Says { description: "eth1", ..by_mac });
    assert_eq!(bench.reason("swp4"), Some(Reason::WrongPort));
    assert_eq!(
        bench.explanation("swp4"),
        "expected r6:eth0, found r6:eth1: the port description is `eth1`, not `eth0`"
    );
}

#[test]
fn the_whole_host_name_is_compared_where_the_plan_says_so() {
    let mut bench = Bench::all_up();
    bench.hear(5, says("r7", "eth0"));
    assert_eq!(bench.reason("swp5"), Some(Reason::WrongNode));
    bench.hear(5, says("r7.Example.COM", "eth0"));
    assert_eq!(bench.reason("swp5"), Some(Reason::Match));
}
