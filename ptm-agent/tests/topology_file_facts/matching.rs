//! What is said above and below the table: where the file lies, what overrides what, what is compared.

use ptm_agent::monitor::Reason;
use ptm_agent::plan::MatchType;
use ptm_agent::plan_file::DEFAULT_PATHS;

use super::{Neighbor, SW2, expectation, links, plan_of, reason, verdict_on};

/// Where: `/etc/ptm.d/topology.dot` (ptmd 3.0), `/etc/cumulus/ptm.dot` (the first design).
#[test]
fn the_file_lies_where_ptmd_looks_for_it() {
    assert_eq!(DEFAULT_PATHS, ["/etc/ptm.d/topology.dot", "/etc/cumulus/ptm.dot"]);
}

/// The same file on every node: the two samples, and each node's part of them.
#[test]
fn samples_are_read_and_each_node_finds_itself() {
    let first = "digraph G {
      graph [hostidtype=\"hostname\", version=\"1:0\", date=\"04/12/2013\"];
      edge  [dir=none, notify=\"log\"];
      rut:swp1 -> r1:swp1;
      rut:swp2 -> r3:swp1;
    }";
    assert_eq!(links(first), ["r1:swp1 rut:swp1", "r3:swp1 rut:swp2"]);
    assert_eq!(plan_of(first, "rut").expectations().len(), 2);
    assert_eq!(plan_of(first, "r3").expectations().len(), 1);

    let second = "graph G {
      hostnametype=\"hostname\"
      LLDP=\"\"
      B1=\"upMinTx=250, detectMult=4\"
      L1=\"match_type=portdescr\"
      \"switch1\":\"swp1\" -- \"switch2\":\"swp41\"
      \"switch1\":\"swp2\" -- \"switch2\":\"swp42\" [LLDP=\"match_type=portdescr\", BFD=\"upMinTx=400\"]
      \"switch1\":\"swp3\" -- \"switch2\":\"swp43\" [LLDP=\"lldptmpl=L1\", BFD=\"bfdtmpl=B1\"]
      \"sw1.domain.com\":\"swp1\" -- \"switch2\":\"port 41\"
    }";
    let plan = plan_of(second, "switch1");
    let match_types: Vec<MatchType> = plan.expectations().iter().map(|expectation| expectation.match_type).collect();
    assert_eq!(match_types, [MatchType::IfName, MatchType::PortDescr, MatchType::PortDescr]);
    assert_eq!(&*plan_of(second, "switch2").expectations()[0].port, "port 41");
}

/// Both `graph`/`--` and `digraph`/`->`; a cable has no direction, whichever is used.
#[test]
fn a_cable_has_no_direction() {
    for text in
        ["graph G { sw1:swp1 -- sw2:swp2 }", "digraph G { sw1:swp1 -> sw2:swp2 }", "digraph G { sw2:swp2 -> sw1:swp1 }"]
    {
        assert_eq!(reason(text, SW2), Reason::Match, "{text}");
        assert_eq!(plan_of(text, "sw2").expectations()[0].far_node.as_ref(), "sw1", "{text}");
    }
}

/// An edge's own value overrides `edge [...]` defaults, which override the graph's; the defaults hold for the edges after
/// them, inside their subgraph.
#[test]
fn an_edges_value_overrides_defaults_which_override_the_graphs() {
    use MatchType::{Any, IfName, PortDescr};
    let cases = [
        ("LLDP=\"match_type=portdescr\" sw1:swp1 -- sw2:swp2", PortDescr),
        ("LLDP=\"match_type=portdescr\" edge [LLDP=\"match_type=any\"] sw1:swp1 -- sw2:swp2", Any),
        (
            "LLDP=\"match_type=portdescr\" edge [LLDP=\"match_type=any\"] sw1:swp1 -- sw2:swp2 [LLDP=\"match_type=ifname\"]",
            IfName,
        ),
        ("sw1:swp1 -- sw2:swp2 edge [LLDP=\"match_type=any\"]", IfName),
        ("subgraph s { edge [LLDP=\"match_type=any\"] } sw1:swp1 -- sw2:swp2", IfName),
        ("subgraph s { edge [LLDP=\"match_type=any\"] sw1:swp1 -- sw2:swp2 }", Any),
        // A list that says nothing leaves the graph's in force.
        ("LLDP=\"match_type=portdescr\" sw1:swp1 -- sw2:swp2 [LLDP=\"\"]", PortDescr),
    ];
    for (body, match_type) in cases {
        assert_eq!(expectation(&format!("graph G {{ {body} }}")).match_type, match_type, "{body}");
    }
}

/// A template replaces the whole list, and is looked up among the graph's attributes.
#[test]
fn a_template_replaces_the_whole_list() {
    let text =
        "graph G { L1=\"match_hostname=fqdn\" sw1:swp1 -- sw2:swp2 [LLDP=\"lldptmpl=L1, match_type=portdescr\"] }";
    assert_eq!(expectation(text).match_type, MatchType::IfName);
    let subgraph = "graph G { subgraph s { L1=\"match_type=any\" } sw1:swp1 -- sw2:swp2 [LLDP=\"lldptmpl=L1\"] }";
    assert!(super::told(subgraph)[0].contains("there is no template `L1`"));
}

/// Keys inside a list are case-insensitive; separators are commas and blanks.
#[test]
fn keys_are_case_insensitive_and_separated_by_commas_and_blanks() {
    for list in [
        "MATCH_TYPE=portdescr",
        "match_hostname=fqdn,Match_Type=PortDescr",
        " ,\tmatch_hostname=fqdn  match_type = portdescr , ",
    ] {
        let text = format!("graph G {{ sw1:swp1 -- sw2:swp2 [LLDP=\"{list}\"] }}");
        assert_eq!(super::told(&text), [""; 0], "{list}");
        assert_eq!(expectation(&text).match_type, MatchType::PortDescr, "{list}");
    }
}

/// An edge whose far end has no port: the check is skipped for that port.
#[test]
fn an_edge_without_far_port_is_not_checked() {
    let text = "graph G { sw1:swp1 -- host1 }";
    let verdict = verdict_on(text, "sw1", SW2);
    assert_eq!((verdict.reason, &*verdict.observed, &*verdict.advice), (Reason::Unchecked, "sw2:swp2", ""));
    assert!(plan_of(text, "host1").expectations().is_empty(), "host1 has no port to check");
}

/// `a:p1 -- a:p2`, both ends on one node, is legal: two ports of this node.
#[test]
fn both_ends_on_one_node_are_two_of_its_ports() {
    let text = "graph G { sw1:swp1 -- sw1:swp2 }";
    let plan = plan_of(text, "sw1");
    let ends: Vec<(&str, Option<&str>)> =
        plan.expectations().iter().map(|expectation| (&*expectation.port, expectation.far_port.as_deref())).collect();
    assert_eq!(ends, [("swp1", Some("swp2")), ("swp2", Some("swp1"))]);
    assert_eq!(reason(text, Neighbor { name: "sw1", ..SW2 }), Reason::Match);
    assert_eq!(reason(text, Neighbor { name: "sw1", port_id: Some("swp3"), ..SW2 }), Reason::WrongPort);
    assert_eq!(reason(text, SW2), Reason::WrongNode);
}

/// `match_type=ifname` compares with the LLDP port ID, `portdescr` with the port description.
#[test]
fn ifname_is_the_port_id_and_portdescr_the_description() {
    let named = |port: &str, match_type: &str| {
        format!("graph G {{ sw1:swp1 -- sw2:\"{port}\" [LLDP=\"match_type={match_type}\"] }}")
    };
    let cases = [
        ("swp2", "ifname", Reason::Match),
        ("to sw1", "ifname", Reason::WrongPort),
        ("to sw1", "portdescr", Reason::Match),
        ("swp2", "portdescr", Reason::WrongPort),
        ("swp2", "any", Reason::Match),
        ("to sw1", "any", Reason::Match),
        ("swp3", "any", Reason::WrongPort),
    ];
    for (port, match_type, expected) in cases {
        assert_eq!(reason(&named(port, match_type), SW2), expected, "{port} {match_type}");
    }
}

/// `match_hostname=hostname` compares the part before the first dot.
#[test]
fn hostname_is_the_part_before_the_first_dot() {
    for node in ["sw2", "sw2.a.com", "SW2.b.com"] {
        let text = format!("graph G {{ sw1:swp1 -- \"{node}\":swp2 }}");
        for name in ["sw2", "sw2.a.com"] {
            assert_eq!(reason(&text, Neighbor { name, ..SW2 }), Reason::Match, "{node} {name}");
        }
        assert_eq!(reason(&text, Neighbor { name: "sw20.a.com", ..SW2 }), Reason::WrongNode, "{node}");
    }
}

/// A Linux host with lldpd sends its MAC as port ID: a match on `ifname` then fails though the cable is right, and the
/// reason says so.
#[test]
fn a_mac_as_port_id_is_told_from_a_wrong_cable() {
    let host = Neighbor { port_id: None, description: "eth1", ..SW2 };
    let verdict = verdict_on("graph G { sw1:swp1 -- sw2:eth1 }", "sw1", host);
    assert_eq!(verdict.reason, Reason::WrongPort);
    assert!(verdict.explanation.contains("the port ID is `02:00:00:00:00:02`, not `eth1`"), "{}", verdict.explanation);
    for said in ["its MAC 02:00:00:00:00:02 as port ID", "`eth1` as description", "match_type=portdescr"] {
        assert!(verdict.advice.contains(said), "{said}: {}", verdict.advice);
    }
    for match_type in ["portdescr", "any"] {
        let text = format!("graph G {{ sw1:swp1 -- sw2:eth1 [LLDP=\"match_type={match_type}\"] }}");
        assert_eq!(reason(&text, host), Reason::Match, "{match_type}");
    }
}
