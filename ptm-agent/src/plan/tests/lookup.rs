//! One node's plan, the directory, and the order of ports.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::{good, plan_of};
use crate::plan::{Endpoint, MatchType, natural_order};

const RING: &str = include_str!("../../../../examples/ring.dot");

#[test]
fn a_node_of_the_ring_expects_its_two_neighbors() {
    let plan = plan_of(RING, "vm1");
    assert_eq!(plan.node(), "vm1");
    let expected: Vec<(&str, &str, Option<&str>)> = plan
        .expectations()
        .iter()
        .map(|expectation| (&*expectation.port, &*expectation.far_node, expectation.far_port.as_deref()))
        .collect();
    assert_eq!(expected, [("eth1", "vm2", Some("eth1")), ("eth2", "vm4", Some("eth2"))]);
}

#[test]
fn expectations_are_in_the_order_in_which_people_count() {
    let plan = plan_of("graph { a:swp10 -- b:1 a:swp2 -- c a:eth0 -- d:1 e1:9 -- a:swp1 a -- f:1 a:x -- a:y }", "a");
    let expected: Vec<(&str, &str, Option<&str>)> =
        plan.expectations().iter().map(|e| (&*e.port, &*e.far_node, e.far_port.as_deref())).collect();
    assert_eq!(
        expected,
        [
            ("eth0", "d", Some("1")),
            ("swp1", "e1", Some("9")),
            ("swp2", "c", None),
            ("swp10", "b", Some("1")),
            ("x", "a", Some("y")),
            ("y", "a", Some("x")),
        ]
    );
}

#[test]
fn the_directory_knows_every_endpoint() {
    let plan = plan_of("graph { a:1 -- b:2 c:1 -- d lonely b:1 -- a:2 }", "lonely");
    assert!(plan.expectations().is_empty());
    let cases = [
        ("a", "1", Some(Endpoint { node: "b", port: "2" })),
        ("b", "2", Some(Endpoint { node: "a", port: "1" })),
        ("b", "1", Some(Endpoint { node: "a", port: "2" })),
        ("c", "1", None),
        ("d", "1", None),
        ("a", "3", None),
        ("lonely", "1", None),
        ("nobody", "1", None),
    ];
    for (node, port, far) in cases {
        assert_eq!(plan.far_end(node, port), far, "{node}:{port}");
    }
    assert_eq!(plan.directory().node_count(), 5);
    assert_eq!(plan.directory().link_count(), 3);
    assert_eq!(plan.far_end("a", "1").map(|far| far.to_string()), Some("b:2".to_owned()));
}

#[test]
fn a_neighbor_is_found_however_it_calls_itself() {
    let plan = plan_of(
        "graph { a:1 -- Leaf1:1  a:2 -- \"spine1.example.com\":1  a:3 -- \"spine2.a.com\":1  a:4 -- \"spine2.b.com\":1 \
         a:5 -- \"10.0.0.1\":1 }",
        "a",
    );
    let cases: [(&str, &[&str]); 10] = [
        ("Leaf1", &["Leaf1"]),
        ("LEAF1", &["Leaf1"]),
        ("leaf1.example.com", &["Leaf1"]),
        ("spine1", &["spine1.example.com"]),
        ("Spine1.Example.com", &["spine1.example.com"]),
        ("spine2.b.com", &["spine2.b.com"]),
        ("spine2", &["spine2.a.com", "spine2.b.com"]),
        ("10.0.0.1", &["10.0.0.1"]),
        ("10.0.0.2", &[]),
        ("leaf10", &[]),
    ];
    for (host, nodes) in cases {
        assert_eq!(plan.nodes_called(host), nodes, "{host}");
    }
    assert_eq!(plan.node_at("10.0.0.1".parse().expect("an address")), None, "nodes are named by host name");
}

#[test]
fn a_node_is_found_by_address_however_it_is_spelt() {
    let plan = plan_of(
        "graph { hostidtype=ipaddr \"10.0.0.1\":1 -- \"2001:DB8:0:0::2\":1  \"10.0.0.1\":2 -- leaf1:1 }",
        "10.0.0.1",
    );
    let cases = [
        ("10.0.0.1", Some("10.0.0.1")),
        ("::ffff:10.0.0.1", Some("10.0.0.1")),
        ("2001:db8::2", Some("2001:DB8:0:0::2")),
        ("2001:db8::3", None),
    ];
    for (address, node) in cases {
        assert_eq!(plan.node_at(address.parse().expect("an address")), node, "{address}");
    }
    assert_eq!(plan.nodes_called("leaf1.example.com"), ["leaf1"]);
}

#[test]
fn an_unknown_node_is_told_the_nearest() {
    let plan = "graph { Leaf1:1 -- \"spine1.example.com\":1  spine2:1 -- \"other.example.com\":1 }";
    let cases = [
        ("leaf1", "cannot find node leaf1; did you mean Leaf1?"),
        ("spine1", "cannot find node spine1; did you mean spine1.example.com?"),
        ("spine2.example.net", "cannot find node spine2.example.net; did you mean spine2?"),
        ("spien2", "cannot find node spien2; did you mean spine2?"),
        ("quite-another", "cannot find node quite-another"),
        ("", "cannot find node "),
        ("evil\n\u{1b}[31m", "cannot find node evil\\n\\u{1b}[31m"),
    ];
    for (node, message) in cases {
        assert_eq!(good(plan).plan_for(node).expect_err("not in the plan").to_string(), message);
    }
}

#[test]
fn a_link_written_twice_counts_once() {
    let plan =
        plan_of("graph { a:1 -- b:1 [LLDP=\"match_type=portdescr\"] b:1 -- a:1 [LLDP=\"MATCH_TYPE=portdescr\"] }", "a");
    assert_eq!(plan.expectations().len(), 1);
    assert_eq!(plan.expectations()[0].match_type, MatchType::PortDescr);
    assert_eq!(plan.directory().link_count(), 1);
}

#[test]
fn natural_order_counts() {
    let sorted = [
        "",
        "01",
        "1",
        "2",
        "10",
        "Ethernet1/9",
        "Ethernet1/10",
        "Ethernet2/1",
        "eth0",
        "swp",
        "swp1",
        "swp1s0",
        "swp1s10",
        "swp2",
        "swp10",
        "swp99999999999999999999998",
        "swp99999999999999999999999",
        "é",
    ];
    for (index, a) in sorted.iter().enumerate() {
        for (other, b) in sorted.iter().enumerate() {
            assert_eq!(natural_order(a, b), index.cmp(&other), "{a} {b}");
        }
    }
}

proptest! {
    #[test]
    fn natural_order_is_a_total_order(names in prop::collection::vec("[a0-9]{0,6}", 3)) {
        let [a, b, c] = [&names[0], &names[1], &names[2]];
        prop_assert_eq!(natural_order(a, b), natural_order(b, a).reverse());
        prop_assert_eq!(natural_order(a, b) == Ordering::Equal, a == b);
        if natural_order(a, b).is_le() && natural_order(b, c).is_le() {
            prop_assert!(natural_order(a, c).is_le());
        }
    }
}
