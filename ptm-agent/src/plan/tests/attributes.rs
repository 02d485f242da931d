//! The attributes of the facts' table, their defaults, scopes and templates.

use super::{good, plan_of, told};
use crate::plan::{HostIdType, HostnameType, MatchNode, MatchType, Notify, PortNameType};

#[test]
fn the_graph_says_how_nodes_are_named() {
    use {HostIdType as Id, HostnameType as Name};
    let cases = [
        ("graph {}", Id::Hostname, Name::Hostname),
        ("graph { hostidtype=hostname hostnametype=hostname }", Id::Hostname, Name::Hostname),
        ("graph { hostidtype=ipaddr }", Id::IpAddr, Name::Hostname),
        ("graph { graph [hostidtype=\"ipaddr\", version=\"1:0\"] }", Id::IpAddr, Name::Hostname),
        ("graph { a:1 -- b:1; hostnametype=\"fqdn\" }", Id::Hostname, Name::Fqdn),
        ("graph { hostnametype=fqdn hostnametype=hostname }", Id::Hostname, Name::Hostname),
        ("graph { subgraph s { hostidtype=ipaddr } }", Id::Hostname, Name::Hostname),
    ];
    for (text, id, name) in cases {
        let topology = good(text);
        assert_eq!((topology.host_id_type(), topology.hostname_type()), (id, name), "{text}");
    }
}

#[test]
fn what_a_link_is_matched_by() {
    use {MatchNode as Node, MatchType as Type};
    let cases = [
        // Defaults, the graph's list, the edge's own.
        ("a:1 -- b:1", Type::IfName, Node::Hostname),
        ("LLDP=\"\" a:1 -- b:1", Type::IfName, Node::Hostname),
        ("LLDP=\"match_type=portdescr\" a:1 -- b:1", Type::PortDescr, Node::Hostname),
        ("a:1 -- b:1; LLDP=\"match_type=portdescr\"", Type::PortDescr, Node::Hostname),
        ("a:1 -- b:1 [LLDP=\"match_type=portdescr\"]", Type::PortDescr, Node::Hostname),
        ("LLDP=\"match_type=portdescr\" a:1 -- b:1 [LLDP=\"match_hostname=fqdn\"]", Type::IfName, Node::Fqdn),
        ("LLDP=\"match_type=portdescr\" a:1 -- b:1 [LLDP=\"\"]", Type::PortDescr, Node::Hostname),
        // Spelling of lists.
        ("LLDP=\"MATCH_TYPE=PortDescr match_hostname=fqdn\" a:1 -- b:1", Type::PortDescr, Node::Fqdn),
        ("LLDP=\" ,match_type = portdescr,,\tmatch_hostname= fqdn , \" a:1 -- b:1", Type::PortDescr, Node::Fqdn),
        ("a:1 -- b:1 [LLDP=\"match_type=\" + \"portdescr\"]", Type::PortDescr, Node::Hostname),
        ("a:1 -- b:1 [LLDP=\"match_type=ANY\"]", Type::Any, Node::Hostname),
        // Templates, before and after their use; each replaces the whole list.
        ("L1=\"match_type=portdescr\" a:1 -- b:1 [LLDP=\"lldptmpl=L1\"]", Type::PortDescr, Node::Hostname),
        ("a:1 -- b:1 [LLDP=\"LldpTmpl=L1\"] L1=\"match_hostname=fqdn\"", Type::IfName, Node::Fqdn),
        ("LLDP=\"lldptmpl=L1\" L1=\"match_type=portdescr\" a:1 -- b:1", Type::PortDescr, Node::Hostname),
        (
            "graph [L1=\"match_type=portdescr\"] LLDP=\"match_hostname=fqdn\" a:1 -- b:1 [LLDP=\"lldptmpl=L1\"]",
            Type::PortDescr,
            Node::Hostname,
        ),
        // Defaults of edges hold for what follows in their subgraph.
        ("edge [LLDP=\"match_type=portdescr\"] a:1 -- b:1", Type::PortDescr, Node::Hostname),
        ("a:1 -- b:1 edge [LLDP=\"match_type=portdescr\"]", Type::IfName, Node::Hostname),
        ("subgraph s { edge [LLDP=\"match_type=portdescr\"] a:1 -- b:1 }", Type::PortDescr, Node::Hostname),
        ("{ edge [LLDP=\"match_type=portdescr\"] } a:1 -- b:1", Type::IfName, Node::Hostname),
        ("edge [LLDP=\"match_type=portdescr\"] { a:1 -- b:1 }", Type::PortDescr, Node::Hostname),
        ("edge [LLDP=\"match_type=portdescr\"] a:1 -- b:1 [LLDP=\"match_type=ifname\"]", Type::IfName, Node::Hostname),
    ];
    for (body, match_type, match_node) in cases {
        let plan = plan_of(&format!("graph {{ {body} }}"), "a");
        let [expectation] = plan.expectations() else { panic!("{body}: {plan:?}") };
        assert_eq!((expectation.match_type, expectation.match_node), (match_type, match_node), "{body}");
        assert_eq!((expectation.port_name_type, expectation.notify), (PortNameType::Exact, Notify::Log));
    }
}

#[test]
fn nodes_named_by_address_are_matched_by_it() {
    use {HostIdType as Id, MatchNode as Node};
    let address = |text: &str| Node::Address(text.parse().expect("an address"));
    let cases = [
        ("hostidtype=ipaddr", "10.0.0.2", address("10.0.0.2")),
        ("hostidtype=ipaddr", "2001:DB8:0:0::2", address("2001:db8::2")),
        ("hostidtype=ipaddr", "::ffff:10.0.0.2", address("10.0.0.2")),
        // Matched by name: what is no address, and everything where nodes are named by host name.
        ("hostidtype=ipaddr", "leaf1", Node::Hostname),
        ("hostidtype=ipaddr", "10.0.0.256", Node::Hostname),
        ("hostidtype=ipaddr LLDP=\"match_hostname=fqdn\"", "leaf1", Node::Fqdn),
        ("hostidtype=ipaddr LLDP=\"match_hostname=fqdn\"", "10.0.0.2", address("10.0.0.2")),
        ("", "10.0.0.2", Node::Hostname),
    ];
    for (graph, node, expected) in cases {
        let plan = plan_of(&format!("graph {{ {graph} \"10.0.0.1\":1 -- \"{node}\":1 }}"), "10.0.0.1");
        assert_eq!(plan.expectations()[0].match_node, expected, "{graph} {node}");
        let id = if graph.is_empty() { Id::Hostname } else { Id::IpAddr };
        assert_eq!(plan.host_id_type(), id);
    }
}

#[test]
fn what_a_change_does_on_a_link() {
    let cases = [
        ("a:1 -- b:1", Notify::Log),
        ("a:1 -- b:1 [notify=log]", Notify::Log),
        ("a:1 -- b:1 [notify=\"\"]", Notify::Log),
        ("a:1 -- b:1 [notify=hook]", Notify::Hook),
        ("a:1 -- b:1 [notify=\"None\"]", Notify::None),
        ("edge [notify=none] a:1 -- b:1", Notify::None),
        ("edge [notify=none] a:1 -- b:1 [notify=hook]", Notify::Hook),
        ("{ edge [notify=none] } a:1 -- b:1", Notify::Log),
        // Not a value, and no reason to refuse the plan.
        ("a:1 -- b:1 [notify=mail]", Notify::Log),
    ];
    for (body, notify) in cases {
        assert_eq!(plan_of(&format!("graph {{ {body} }}"), "a").expectations()[0].notify, notify, "{body}");
    }
}

#[test]
fn the_graph_says_how_ports_are_compared() {
    let cases = [
        ("", PortNameType::Exact),
        ("portnametype=exact", PortNameType::Exact),
        ("portnametype=Normalized", PortNameType::Normalized),
        ("subgraph s { portnametype=normalized }", PortNameType::Exact),
    ];
    for (graph, expected) in cases {
        let plan = plan_of(&format!("graph {{ {graph} a:\"Eth1/1\" -- b:\"Eth1/2\" }}"), "a");
        assert_eq!(plan.expectations()[0].port_name_type, expected, "{graph}");
        let far = plan.far_end("b", "Ethernet1/2").map(|far| far.port);
        assert_eq!(far, (expected == PortNameType::Normalized).then_some("Eth1/1"), "{graph}");
        assert_eq!(plan.far_end("b", "Ethernet1/20"), None, "{graph}");
    }
}

#[test]
fn bfd_lists_are_checked() {
    let good_lists = [
        "",
        "upMinTx=250, detectMult=4",
        "requiredMinRx=300 echoSupport=1 echoMinRx=50",
        "slowMinTx=2000,afi=both",
        "UPMINTX=1",
        "bfdtmpl=B1",
        "afi=V6",
    ];
    for list in good_lists {
        assert_eq!(told(&format!("graph {{ B1=\"detectMult=3\" a:1 -- b:1 [BFD=\"{list}\"] }}")), [""; 0], "{list}");
    }
    let bad_lists = [
        ("upMinTx=fast", "error 1:34 `fast` is no value of `upMinTx`"),
        ("upMinTx=-1", "error 1:34 `-1` is no value of `upMinTx`"),
        ("upMinTx=+5", "error 1:34 `+5` is no value of `upMinTx`"),
        ("upMinTx=4294968", "error 1:34 `4294968` is no value of `upMinTx`"),
        ("detectMult=0", "error 1:37 `0` is no value of `detectMult`"),
        ("detectMult=256", "error 1:37 `256` is no value of `detectMult`"),
        ("detectMult=", "error 1:25 `` is no value of `detectMult`"),
        ("echoSupport=yes", "error 1:38 `yes` is no value of `echoSupport`"),
        ("afi=v5", "error 1:30 `v5` is no value of `afi`"),
        ("afi=v4 afi=v6", "error 1:33 `afi` stands twice in one list"),
        ("detectMul=3", "warning 1:26 unknown key `detectMul` is ignored"),
        ("bfdtmpl=B9", "error 1:34 there is no template `B9`"),
    ];
    for (list, expected) in bad_lists {
        let text = format!("graph {{ a:1 -- b:1 [BFD=\"{list}\"] }}");
        assert_eq!(told(&text), [expected], "{list}");
    }
}

#[test]
fn templates_are_checked_where_they_are_used() {
    let cases: [(&str, &[&str]); 6] = [
        ("T=\"whatever\" a:1 -- b:1", &[]),
        ("T=\"match_type=mac\" a:1 -- b:1 [LLDP=\"lldptmpl=T\"]", &["error 1:23 `mac` is no value of `match_type`"]),
        (
            "T=\"match_type=mac\" LLDP=\"lldptmpl=T\" a:1 -- b:1 [LLDP=\"lldptmpl=T\"]",
            &["error 1:23 `mac` is no value of `match_type`"],
        ),
        (
            "T=\"lldptmpl=U\" U=\"\" LLDP=\"lldptmpl=T\" a:1 -- b:1",
            &["error 1:12 a template cannot name another template"],
        ),
        (
            "T=\"\" LLDP=\"lldptmpl=T match_type=ifname\" a:1 -- b:1",
            &["warning 1:31 `match_type` beside a template has no effect"],
        ),
        ("subgraph s { T=\"\" } LLDP=\"lldptmpl=T\" a:1 -- b:1", &["error 1:44 there is no template `T`"]),
    ];
    for (body, expected) in cases {
        assert_eq!(told(&format!("graph {{ {body} }}")), expected, "{body}");
    }
}

#[test]
fn functions_tell_the_tier_as_graphviz_gives_defaults() {
    let topology = good(
        "graph {
           early
           subgraph spines { node [function=spine] s1; early }
           node [function=leaf]
           l1:1 -- s1:1
           l2 [function=\"border\"]
           l3 [function=\"\"]
         }",
    );
    let functions: Vec<(&str, Option<&str>)> =
        topology.directory().nodes().map(|node| (node.name, node.function)).collect();
    assert_eq!(
        functions,
        [("early", None), ("s1", Some("spine")), ("l1", Some("leaf")), ("l2", Some("border")), ("l3", None)]
    );
    assert_eq!(topology.directory().node("s1").and_then(|node| node.function), Some("spine"));
}
