//! The table "what is written in it", row by row.

use std::net::IpAddr;

use ptm_agent::monitor::Reason;
use ptm_agent::plan::{self, HostIdType, HostnameType, Machine, MatchNode, MatchType, Notify, Unidentified};

use super::{Neighbor, SW2, expectation, links, plan_of, reason, told, verdict_on};

/// A machine called `sw1`, in the domain `a.com` and at 10.0.0.1.
struct Sw1;

impl Machine for Sw1 {
    fn host_name(&self) -> String {
        "sw1".to_owned()
    }

    fn qualified_name(&self) -> Option<String> {
        Some("sw1.a.com".to_owned())
    }

    fn addresses(&self) -> Vec<IpAddr> {
        vec![IpAddr::from([192, 0, 2, 1]), IpAddr::from([10, 0, 0, 1])]
    }
}

fn own_node(text: &str) -> Result<String, Unidentified> {
    plan::read(text).0.own_node(None, &Sw1).map(str::to_owned)
}

/// Row `graph | hostidtype | hostname, ipaddr`: nodes are named by host name, or by management address.
#[test]
fn row_hostidtype() {
    const BY_NAME: &str = "graph G { sw1:swp1 -- sw2:swp2 }";
    const BY_ADDRESS: &str = "graph G { hostidtype=\"ipaddr\" \"10.0.0.1\":swp1 -- \"10.0.0.2\":swp2 }";
    assert_eq!(plan_of(BY_NAME, "sw1").host_id_type(), HostIdType::Hostname);
    assert_eq!(plan_of(&BY_ADDRESS.replace("ipaddr", "IPAddr"), "10.0.0.1").host_id_type(), HostIdType::IpAddr);
    // This node, and the neighbor.
    assert_eq!(own_node(BY_NAME), Ok("sw1".to_owned()));
    assert_eq!(own_node(BY_ADDRESS), Ok("10.0.0.1".to_owned()));
    let verdict = verdict_on(BY_ADDRESS, "10.0.0.1", SW2);
    assert_eq!((verdict.reason, &*verdict.observed), (Reason::Match, "10.0.0.2:swp2"));
    assert_eq!(verdict_on(BY_ADDRESS, "10.0.0.1", Neighbor { address: "10.0.0.3", ..SW2 }).reason, Reason::WrongNode);
    assert_eq!(reason(BY_NAME, Neighbor { address: "10.0.0.3", ..SW2 }), Reason::Match);
    // Nobody in the plan: the original's words.
    let nobody = own_node("graph G { hostidtype=\"ipaddr\" \"10.0.0.5\":swp1 -- \"10.0.0.6\":swp1 }");
    assert!(nobody.expect_err("not in the plan").to_string().starts_with("No Hostname/MgmtIP found"));
}

/// Row `graph | hostnametype | hostname, fqdn`: this node looks itself up by the part before the first dot, or whole.
#[test]
fn row_hostnametype() {
    const BOTH: &str = "sw1:swp1 -- \"sw1.a.com\":swp1";
    assert_eq!(plan::read("graph G {}").0.hostname_type(), HostnameType::Hostname);
    assert_eq!(own_node(&format!("graph G {{ {BOTH} }}")), Ok("sw1".to_owned()));
    assert_eq!(own_node(&format!("graph G {{ hostnametype=\"hostname\" {BOTH} }}")), Ok("sw1".to_owned()));
    assert_eq!(own_node(&format!("graph G {{ hostnametype=\"fqdn\" {BOTH} }}")), Ok("sw1.a.com".to_owned()));
}

/// Row `graph, edge | LLDP`, key `match_type`: `ifname` or `portdescr`, and our `any`.
#[test]
fn row_lldp_match_type() {
    let with = |list: &str| format!("graph G {{ sw1:swp1 -- sw2:swp2 [LLDP=\"{list}\"] }}");
    assert_eq!(expectation("graph G { sw1:swp1 -- sw2:swp2 }").match_type, MatchType::IfName);
    assert_eq!(expectation(&with("match_type=ifname")).match_type, MatchType::IfName);
    assert_eq!(expectation(&with("match_type=portdescr")).match_type, MatchType::PortDescr);
    assert_eq!(expectation(&with("match_type=any")).match_type, MatchType::Any);
    let graph = "graph G { LLDP=\"match_type=portdescr\" sw1:swp1 -- sw2:swp2 }";
    assert_eq!(expectation(graph).match_type, MatchType::PortDescr);
    let wrong = told(&with("match_type=mac"));
    assert!(wrong[0].contains("`match_type` is `ifname`, `portdescr` or `any`"), "{wrong:?}");
}

/// Row `graph, edge | LLDP`, key `match_hostname`: `hostname` or `fqdn`.
#[test]
fn row_lldp_match_hostname() {
    let with = |list: &str| format!("graph G {{ sw1:swp1 -- \"sw2.a.com\":swp2 [LLDP=\"{list}\"] }}");
    assert_eq!(expectation(&with("")).match_node, MatchNode::Hostname);
    assert_eq!(expectation(&with("match_hostname=hostname")).match_node, MatchNode::Hostname);
    assert_eq!(expectation(&with("match_hostname=fqdn")).match_node, MatchNode::Fqdn);
    assert_eq!(reason(&with(""), SW2), Reason::Match);
    assert_eq!(reason(&with("match_hostname=fqdn"), SW2), Reason::WrongNode);
    assert_eq!(reason(&with("match_hostname=fqdn"), Neighbor { name: "sw2.a.com", ..SW2 }), Reason::Match);
}

/// Row `graph, edge | LLDP`, key `lldptmpl`: the list is a graph attribute of that name.
#[test]
fn row_lldp_lldptmpl() {
    let text = "graph G { L1=\"match_type=portdescr\" sw1:swp1 -- sw2:swp2 [LLDP=\"lldptmpl=L1\"] }";
    assert_eq!(expectation(text).match_type, MatchType::PortDescr);
    let whole = "graph G { L1=\"match_type=portdescr\" LLDP=\"lldptmpl=L1\" sw1:swp1 -- sw2:swp2 }";
    assert_eq!(expectation(whole).match_type, MatchType::PortDescr);
    let missing = told(&text.replace("lldptmpl=L1", "lldptmpl=L2"));
    assert!(missing[0].contains("there is no template `L2`") && missing[0].contains("`L1`"), "{missing:?}");
}

/// Row `graph, edge | BFD`: its keys with values like their defaults, absent, and empty. The agent runs no BFD: lists
/// are checked, so that a plan that is right here is right for whoever runs it.
#[test]
fn row_bfd() {
    let with = |list: &str| format!("graph G {{ sw1:swp1 -- sw2:swp2 [BFD=\"{list}\"] }}");
    let defaults = ["upMinTx=300", "requiredMinRx=300", "detectMult=3", "echoSupport=0", "echoMinRx=50"];
    for list in
        [&defaults[..], &["slowMinTx=2000", "afi=v4", "afi=v6", "afi=both", "", "UPMINTX=250, DETECTMULT=4"]].concat()
    {
        assert_eq!(told(&with(list)), [""; 0], "{list}");
        assert_eq!(told(&format!("graph G {{ BFD=\"{list}\" sw1:swp1 -- sw2:swp2 }}")), [""; 0], "{list}");
    }
    for list in ["upMinTx=fast", "detectMult=0", "echoSupport=2", "afi=v5"] {
        assert!(told(&with(list))[0].contains("is no value of"), "{list}");
    }
    // It changes nothing about the cable.
    assert_eq!(expectation(&with("upMinTx=250")), expectation("graph G { sw1:swp1 -- sw2:swp2 }"));
}

/// Row `graph, edge | BFD`, key `bfdtmpl`.
#[test]
fn row_bfd_bfdtmpl() {
    let text = "graph G { B1=\"upMinTx=250, detectMult=4\" sw1:swp1 -- sw2:swp2 [BFD=\"bfdtmpl=B1\"] }";
    assert_eq!(told(text), [""; 0]);
    assert!(told(&text.replace("bfdtmpl=B1", "bfdtmpl=B2"))[0].contains("there is no template `B2`"));
    assert!(told(&text.replace("detectMult=4", "detectMult=400"))[0].contains("`400` is no value of `detectMult`"));
}

/// Row `graph | any other name`: a template, whatever it says, until a list names it.
#[test]
fn row_any_other_name_is_a_template() {
    let text = "graph G { anything=\"match_type=portdescr\" other=\"no list at all\" \
                sw1:swp1 -- sw2:swp2 [LLDP=\"lldptmpl=anything\"] }";
    assert_eq!(told(text), [""; 0]);
    assert_eq!(expectation(text).match_type, MatchType::PortDescr);
    assert!(told(&text.replace("lldptmpl=anything", "lldptmpl=other"))[0].contains("has no value"));
}

/// Row `graph | version, date`: informational.
#[test]
fn row_version_and_date() {
    let text = "graph G { graph [version=\"1:0\", date=\"04/12/2013\"]; sw1:swp1 -- sw2:swp2 }";
    assert_eq!(told(text), [""; 0]);
    assert_eq!(expectation(text), expectation("graph G { sw1:swp1 -- sw2:swp2 }"));
}

/// Row `edge | notify | log`: what a change does on this link; `hook` and `none` are ours.
#[test]
fn row_notify() {
    let with = |value: &str| format!("graph G {{ sw1:swp1 -- sw2:swp2 [notify=\"{value}\"] }}");
    assert_eq!(expectation("graph G { sw1:swp1 -- sw2:swp2 }").notify, Notify::Log);
    assert_eq!(expectation("graph G { edge [notify=\"none\"] sw1:swp1 -- sw2:swp2 }").notify, Notify::None);
    for (value, notify) in [("log", Notify::Log), ("Hook", Notify::Hook), ("NONE", Notify::None)] {
        assert_eq!(told(&with(value)), [""; 0]);
        assert_eq!(expectation(&with(value)).notify, notify);
        assert_eq!(reason(&with(value), SW2), Reason::Match, "verdicts don't depend on it");
    }
    // Another tool's value: said, and no reason to refuse the plan.
    assert_eq!(
        told(&with("snmp")),
        ["topology.dot:1:40: warning: `snmp` is no value of `notify`; `notify` is `log`, `hook` or `none`"]
    );
    assert_eq!(expectation(&with("snmp")).notify, Notify::Log);
}

/// Row `edge | dir, left_mac, right_mac, …`: drawing, or other tools' business.
#[test]
fn row_dir_left_mac_right_mac() {
    let text = "digraph G { edge [dir=none, color=red]
        sw1:swp1 -> sw2:swp2 [left_mac=\"00:03:00:11:11:01\", right_mac=\"00:03:00:11:11:02\", whatever=<b>] }";
    assert_eq!(told(text), [""; 0]);
    assert_eq!(links(text), ["sw1:swp1 sw2:swp2"]);
}

/// Row `node | function, os, memory, …`: other tools'; `function` tells the tier.
#[test]
fn row_function_os_memory() {
    let text = "graph G { sw1 [function=\"leaf\" os=\"cumulus-vx\" memory=\"512\" config=\"./helper.sh\"]
        sw2 [function=\"spine\"] sw1:swp1 -- sw2:swp2  sw2:swp3 -- host1:eth1 }";
    assert_eq!(told(text), [""; 0]);
    let plan = plan_of(text, "sw1");
    let function = |node: &str| plan.directory().node(node).expect("a node").function.map(str::to_owned);
    assert_eq!(function("sw1").as_deref(), Some("leaf"));
    assert_eq!(function("sw2").as_deref(), Some("spine"));
    assert_eq!(function("host1"), None);
}
