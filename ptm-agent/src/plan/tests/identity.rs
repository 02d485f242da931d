//! Which node a machine is: a table of what plans say and machines call themselves.

use std::cell::Cell;
use std::net::IpAddr;

use super::good;
use crate::plan::{Machine, short_host_name};

/// A machine, and whether its resolver was asked.
struct Named {
    host: &'static str,
    qualified: Option<&'static str>,
    addresses: &'static [&'static str],
    resolved: Cell<bool>,
}

impl Machine for Named {
    fn host_name(&self) -> String {
        self.host.to_owned()
    }

    fn qualified_name(&self) -> Option<String> {
        self.resolved.set(true);
        self.qualified.map(str::to_owned)
    }

    fn addresses(&self) -> Vec<IpAddr> {
        self.addresses.iter().map(|address| address.parse().expect("an address")).collect()
    }
}

/// The node that a machine is, or why none; and whether the resolver was asked.
fn own_node(plan: &str, given: Option<&str>, machine: (&'static str, Option<&'static str>)) -> (String, bool) {
    own_node_with(plan, given, machine, &[])
}

fn own_node_with(
    plan: &str,
    given: Option<&str>,
    (host, qualified): (&'static str, Option<&'static str>),
    addresses: &'static [&'static str],
) -> (String, bool) {
    let machine = Named { host, qualified, addresses, resolved: Cell::new(false) };
    let node = match good(plan).own_node(given, &machine) {
        Ok(node) => node.to_owned(),
        Err(why) => why.to_string(),
    };
    (node, machine.resolved.get())
}

#[test]
fn by_host_name() {
    const SHORT: &str = "graph { sw1:1 -- sw2:1 }";
    const LONG: &str = "graph { \"sw1.a.com\":1 -- sw2:1 }";
    const BOTH: &str = "graph { \"sw1.a.com\":1 -- sw1:1 }";
    const FQDN: &str = "graph { hostnametype=fqdn \"sw1.a.com\":1 -- sw2:1 }";
    let qualified = Some("sw1.a.com");
    let cases = [
        (SHORT, None, ("sw1", None), "sw1"),
        (SHORT, None, ("sw1.a.com", None), "sw1"),
        (LONG, None, ("sw1.a.com", None), "sw1.a.com"),
        (BOTH, None, ("sw1.a.com", None), "sw1"),
        (LONG, None, ("sw1", qualified), "cannot find node sw1; did you mean sw1.a.com?"),
        (FQDN, None, ("sw1", qualified), "sw1.a.com"),
        (FQDN, None, ("sw1.a.com", None), "sw1.a.com"),
        (FQDN, None, ("sw2", Some("sw2.a.com")), "sw2"),
        (FQDN, None, ("sw1", None), "cannot find node sw1; did you mean sw1.a.com?"),
        // What is given goes before everything, as it is.
        (SHORT, Some("sw2"), ("sw1", None), "sw2"),
        (SHORT, Some("sw2.a.com"), ("sw1", None), "cannot find node sw2.a.com; did you mean sw2?"),
        (FQDN, Some("sw2"), ("sw1", qualified), "sw2"),
    ];
    for (plan, given, machine, expected) in cases {
        let (node, resolved) = own_node(plan, given, machine);
        assert_eq!(node, expected, "{plan} {given:?} {machine:?}");
        assert_eq!(resolved, plan == FQDN && given.is_none(), "the resolver is asked where the plan wants it");
    }
}

#[test]
fn by_address() {
    const PLAN: &str = "graph { hostidtype=ipaddr \"10.0.0.1\":1 -- \"2001:DB8::2\":1  \"10.0.0.3\":1 -- leaf4:1 }";
    let cases: [(Option<&str>, &str, &'static [&str], &str); 12] = [
        (None, "x", &["192.0.2.1", "10.0.0.1"], "10.0.0.1"),
        (None, "x", &["2001:db8::2"], "2001:DB8::2"),
        (None, "x", &["::ffff:10.0.0.3"], "10.0.0.3"),
        // By its name, if that is in the plan and none of its addresses is.
        (None, "leaf4.a.com", &["192.0.2.1"], "leaf4"),
        (None, "leaf4", &["10.0.0.1"], "10.0.0.1"),
        (None, "leaf4", &[], "leaf4"),
        (
            None,
            "x",
            &["192.0.2.1", "2001:db8::9"],
            "No Hostname/MgmtIP found: the plan names nodes by address, and has none of this machine's: 192.0.2.1, \
             2001:db8::9",
        ),
        (
            None,
            "x",
            &[],
            "No Hostname/MgmtIP found: the plan names nodes by address, and this machine has none but loopback and \
             link-local ones",
        ),
        (None, "x", &["10.0.0.3", "10.0.0.1"], "several nodes are this machine: 10.0.0.1, 10.0.0.3"),
        (Some("10.0.0.3"), "x", &["10.0.0.3", "10.0.0.1"], "10.0.0.3"),
        (Some("2001:db8:0::2"), "x", &[], "2001:DB8::2"),
        (Some("10.0.0.4"), "x", &["10.0.0.1"], "cannot find node 10.0.0.4; did you mean 10.0.0.1?"),
    ];
    for (given, host, addresses, expected) in cases {
        let (node, resolved) = own_node_with(PLAN, given, (host, None), addresses);
        assert_eq!(node, expected, "{given:?} {host} {addresses:?}");
        assert!(!resolved);
    }
}

#[test]
fn a_long_list_of_addresses_is_cut() {
    const MANY: [&str; 10] = [
        "10.1.0.0", "10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6", "10.1.0.7", "10.1.0.8",
        "10.1.0.9",
    ];
    let plan = "graph { hostidtype=ipaddr \"10.0.0.1\":1 -- \"10.0.0.2\":1 }";
    let (why, _) = own_node_with(plan, None, ("x", None), &MANY);
    assert!(why.ends_with("10.1.0.6, 10.1.0.7 and 2 more"), "{why}");
}

#[test]
fn an_address_is_not_cut_at_its_dot() {
    let cases = [
        ("sw1", "sw1"),
        ("sw1.example.com", "sw1"),
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1.example.com", "10"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("", ""),
        (".com", ""),
    ];
    for (name, short) in cases {
        assert_eq!(short_host_name(name), short, "{name}");
    }
}
