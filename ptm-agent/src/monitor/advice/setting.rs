//! A right cable that fails for how the plan compares, or for what the neighbor is set to send: what no cable moved
//! mends.

use crate::lldp::{Lldpdu, PortIdSubtype, Text};
use crate::monitor::compare::{self, PortField, is_port};
use crate::monitor::judge::{self, Closeness};
use crate::monitor::mac;
use crate::plan::{Expectation, MatchNode, MatchType, Plan, PortNameType, short_host_name};

pub(super) fn mends(plan: &Plan, expectation: &Expectation, pdu: &Lldpdu<'_>) -> Option<String> {
    let port = expectation.far_port.as_deref()?;
    match judge::closeness(expectation, pdu) {
        Closeness::Match => None,
        Closeness::WrongPort => of_port(expectation, port, pdu),
        Closeness::WrongNode => of_node(plan, expectation, pdu),
    }
}

fn of_port(expectation: &Expectation, port: &str, pdu: &Lldpdu<'_>) -> Option<String> {
    let id = pdu.port_id.to_string();
    let description = pdu.port_description.map(judge::plain).filter(|text| !text.is_empty());
    let is_mac = pdu.port_id.subtype() == PortIdSubtype::MacAddress;
    let sent = if is_mac {
        format!("the neighbor sends its MAC {id} as port ID")
    } else {
        format!("the neighbor sends `{id}` as port ID")
    };
    match expectation.match_type {
        MatchType::IfName if is_port(PortField::Mac, expectation, port, pdu) => Some(format!(
            "the cable is right: the plan's `{port}` and the neighbor's port ID `{id}` are one MAC address; \
             write it as the neighbor does, or use match_type=any"
        )),
        // A port ID that is an interface's name is more to be trusted than a description, which anybody may write.
        MatchType::IfName
            if pdu.port_id.subtype() != PortIdSubtype::InterfaceName
                && is_port(PortField::Description, expectation, port, pdu) =>
        {
            Some(format!(
                "the cable is right: {sent} and `{port}` as description; use match_type=portdescr, or set its port ID \
                 to the interface name"
            ))
        }
        MatchType::PortDescr if is_port(PortField::Id, expectation, port, pdu) => Some(format!(
            "the cable is right: {sent} and {} as description; use match_type=ifname or match_type=any",
            description.map_or_else(|| "nothing".to_owned(), |text| format!("`{text}`"))
        )),
        _ if expectation.port_name_type == PortNameType::Exact && matches_normalized(expectation, pdu) => {
            let found = compare::port_name(Some(expectation), pdu);
            Some(format!(
                "the cable is right: the neighbor's `{found}` is another spelling of `{port}`; the plan would match with \
                 portnametype=\"normalized\", or with the name as it is sent"
            ))
        }
        MatchType::IfName | MatchType::Any if is_mac && description.is_none() && !mac::is_address(port) => {
            Some(format!(
                "{sent} and no description, which does not tell its ports apart by name; set its port ID to the interface \
             name"
            ))
        }
        _ => None,
    }
}

fn matches_normalized(expectation: &Expectation, pdu: &Lldpdu<'_>) -> bool {
    let normalized = Expectation { port_name_type: PortNameType::Normalized, ..expectation.clone() };
    judge::closeness(&normalized, pdu) == Closeness::Match
}

fn of_node(plan: &Plan, expectation: &Expectation, pdu: &Lldpdu<'_>) -> Option<String> {
    let name = pdu.system_name.and_then(Text::to_str).unwrap_or_default();
    let expected = &*expectation.far_node;
    let known = plan.nodes_called(name);
    match expectation.match_node {
        MatchNode::Hostname => None,
        // Where the plan has a node of just that name, it is another machine.
        MatchNode::Fqdn => {
            let same = short_host_name(name).eq_ignore_ascii_case(short_host_name(expected))
                && !known.iter().any(|node| node.eq_ignore_ascii_case(name));
            same.then(|| {
                format!(
                    "the neighbor's name `{name}` differs from `{expected}` in its domain only; if it is that machine, \
                     use match_hostname=hostname, or write the name as it is sent"
                )
            })
        }
        MatchNode::Address(_) => {
            let unknown = compare::addresses(pdu).next().is_none() && known.is_empty();
            unknown.then(|| {
                format!(
                    "the neighbor sends no management address, and the plan knows nodes by address; let it send its own \
                     (lldpd: `configure system ip management pattern {expected}`)"
                )
            })
        }
    }
}
