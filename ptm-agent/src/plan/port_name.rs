//! Ports that vendors spell in more than one way: `Eth1/47` is `Ethernet1/47`.

/// The words by which systems call the kinds of their ports, each kind's in one line: the long form of the
/// configuration, the short one of tables, the three letters of Cisco's CDP table.
///
/// Left out, and so the same as themselves alone: `Fi` (five gigabits on Catalyst, fifty on IOS XR), and whatever
/// a user may type but no system prints (`e1/1`).
const KINDS: [&[&str]; 14] = [
    // Cisco NX-OS and IOS, Arista EOS (`Et`), Dell OS10, SONiC.
    &["ethernet", "eth", "et"],
    &["fastethernet", "fa", "fas"],
    // `GE`: HPE Comware, Huawei VRP.
    &["gigabitethernet", "gi", "gig", "ge"],
    // Catalyst's multigigabit ports.
    &["twogigabitethernet", "tw", "two"],
    // IOS and Dell OS9; IOS XR; HPE Comware and Huawei VRP, whose short form is `XGE`.
    &["tengigabitethernet", "te", "ten", "tengige", "ten-gigabitethernet", "xgigabitethernet", "xge"],
    // IOS XE; IOS XR and Dell OS9 (`TF`); HPE Comware.
    &["twentyfivegige", "twe", "tf", "twentyfivegigabitethernet", "twenty-fivegige", "wge"],
    &["fortygigabitethernet", "fo", "fortygige", "fge"],
    &["hundredgigabitethernet", "hu", "hundredgige", "hge"],
    // IOS XR.
    &["twohundredgige", "th", "twohundredgigabitethernet"],
    &["fourhundredgige", "fh", "fourhundredgigabitethernet"],
    &["mgmteth", "mg"],
    &["bundle-ether", "be"],
    // NX-OS (`mgmt0`), EOS.
    &["management", "ma", "mgmt"],
    // IOS, NX-OS, EOS; SONiC.
    &["port-channel", "po", "portchannel"],
];

/// Whether two names of ports mean the same port of a node: the same kind of port in its long or a short form, then
/// the same number. Case and blanks between the two don't count; of the number, every digit does (`1/1` is not `1/10`,
/// `01` is not `1`: no system writes a port both ways).
///
/// A name that is no kind and number is the same as itself, in any case. Juniper's `xe-0/0/1` is such a name: Junos has
/// one form only.
pub fn same_port_name(a: &str, b: &str) -> bool {
    let (a, b) = (PortName::new(a), PortName::new(b));
    a.kind.eq_ignore_ascii_case(b.kind) && a.number.eq_ignore_ascii_case(b.number)
}

/// A name in parts; two names are one port if their parts are the same in any case.
pub(super) struct PortName<'a> {
    /// The kind of port, in the form that stands first in [`KINDS`] if it is there.
    kind: &'a str,
    /// Slot, port, breakout: from the first digit on.
    number: &'a str,
}

impl<'a> PortName<'a> {
    pub(super) fn new(name: &'a str) -> Self {
        let word = name.len() - name.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '-').len();
        let (word, rest) = name.split_at(word);
        let number = rest.trim_start_matches([' ', '\t']);
        if word.is_empty() || !number.starts_with(|c: char| c.is_ascii_digit()) {
            return Self { kind: name, number: "" };
        }
        let kind = KINDS.iter().find(|forms| forms.iter().any(|form| form.eq_ignore_ascii_case(word)));
        Self { kind: kind.map_or(word, |forms| forms[0]), number }
    }

    /// One spelling for all names of a port.
    pub(super) fn spelling(&self) -> String {
        format!("{}{}", self.kind, self.number).to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests;
