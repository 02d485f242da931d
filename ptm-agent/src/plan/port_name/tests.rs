//! What vendors print for one port is one port; nothing else is.

use proptest::prelude::*;

use super::*;

#[test]
fn long_and_short_forms_are_one_port() {
    let ports: &[&[&str]] = &[
        &["Ethernet1/47", "Eth1/47", "Et1/47", "ethernet 1/47", "Eth 1/47", "ETHERNET1/47"],
        &["GigabitEthernet0/1", "Gi0/1", "Gig 0/1", "gigabitethernet0/1", "GE0/1"],
        &["TenGigabitEthernet1/0/1", "Te1/0/1", "Ten 1/0/1", "TenGigE1/0/1", "Ten-GigabitEthernet1/0/1", "XGE1/0/1"],
        &["TwentyFiveGigE1/0/1", "Twe1/0/1", "TF1/0/1"],
        &["FortyGigabitEthernet1/1", "Fo1/1", "fortyGigE 1/1"],
        &["HundredGigE0/0/0/1", "Hu0/0/0/1", "HundredGigabitEthernet0/0/0/1"],
        &["FourHundredGigE0/0/0/1", "FH0/0/0/1"],
        &["MgmtEth0/RP0/CPU0/0", "Mg0/RP0/CPU0/0", "mg0/rp0/cpu0/0"],
        &["mgmt0", "Management0", "Ma0"],
        &["Po1", "port-channel1", "Port-Channel1", "PortChannel1", "Port-channel 1"],
        &["FastEthernet0/1", "Fa0/1"],
        &["TwoGigabitEthernet1/0/1", "Tw1/0/1"],
        &["swp1", "SWP1"],
        &["xe-0/0/1", "XE-0/0/1"],
    ];
    for (index, names) in ports.iter().enumerate() {
        for a in *names {
            for (other, names) in ports.iter().enumerate() {
                for b in *names {
                    assert_eq!(same_port_name(a, b), index == other, "{a} {b}");
                }
            }
        }
    }
}

#[test]
fn other_ports_stay_other_ports() {
    let others = [
        ("Ethernet1/1", "Ethernet1/10"),
        ("Ethernet1/1", "Ethernet1/01"),
        ("Ethernet1/1", "Ethernet11"),
        ("Ethernet1/1", "Ethernet1/1.1"),
        ("Gi0/1", "Te0/1"),
        ("Tw1/0/1", "Twe1/0/1"),
        // Junos.
        ("et-0/0/1", "Et0/0/1"),
        ("ge-0/0/1", "Gi0/0/1"),
        // Blanks count anywhere else.
        ("swp1 ", "swp1"),
        ("Ethernet1 /1", "Ethernet1/1"),
        // No number: no kind of port.
        ("mgmt", "Management"),
        ("Fi1/0/1", "FiveGigabitEthernet1/0/1"),
        ("", "1"),
    ];
    for (a, b) in others {
        assert!(!same_port_name(a, b), "{a} {b}");
    }
}

#[test]
fn no_word_is_of_two_kinds() {
    let mut words: Vec<&str> = KINDS.concat();
    words.sort_unstable();
    words.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1]));
}

/// A name as a port may have it, or something close to one.
fn name() -> impl Strategy<Value = String> {
    let word = prop_oneof![prop::sample::select(KINDS.concat()).prop_map(str::to_owned), "[a-eG-M-]{0,4}"];
    let spelled = (word, any::<bool>()).prop_map(|(word, upper)| if upper { word.to_uppercase() } else { word });
    (spelled, "[ \t]{0,2}", "[0-3]{0,2}(/[0-3]{1,2}){0,2}").prop_map(|(word, blanks, number)| word + &blanks + &number)
}

/// The digits of a name and what stands between them.
fn number(name: &str) -> &str {
    name.find(|c: char| c.is_ascii_digit()).map_or("", |at| &name[at..])
}

proptest! {
    #[test]
    fn names_of_one_port_are_an_equivalence(names in prop::collection::vec(name(), 3)) {
        let [a, b, c] = [&names[0], &names[1], &names[2]];
        prop_assert!(same_port_name(a, a));
        prop_assert_eq!(same_port_name(a, b), same_port_name(b, a));
        prop_assert!(!same_port_name(a, b) || !same_port_name(b, c) || same_port_name(a, c));
        prop_assert_eq!(same_port_name(a, b), PortName::new(a).spelling() == PortName::new(b).spelling());
    }

    #[test]
    fn different_numbers_are_different_ports(a in name(), b in name()) {
        prop_assert!(!same_port_name(&a, &b) || number(&a) == number(&b), "{} {}", a, b);
    }

    #[test]
    fn any_text_is_itself_and_in_any_case(a in any::<String>()) {
        prop_assert!(same_port_name(&a, &a) && same_port_name(&a, &a.to_ascii_uppercase()));
    }
}
