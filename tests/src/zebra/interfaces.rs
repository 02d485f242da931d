//! What a cable's status does to an interface.

use std::collections::BTreeMap;

/// The interfaces of which a cable's status is known, by name, and whether it is `pass`.
///
/// An interface whose cable nobody has spoken of is up.
#[derive(Debug, Default)]
pub(super) struct Interfaces(BTreeMap<String, bool>);

impl Interfaces {
    /// Hears a status. Gives whether the interface goes up or down with it, if it does either.
    pub(super) fn hear(&mut self, port: &str, status: &str) -> Option<bool> {
        let pass = match status {
            "pass" => true,
            "fail" => false,
            _ => return None,
        };
        let was_up = self.0.insert(port.to_owned(), pass).unwrap_or(true);
        (was_up != pass).then_some(pass)
    }

    /// Forgets every status, as zebra does when it loses the daemon. Gives the interfaces that go up with it.
    pub(super) fn forget(&mut self) -> impl Iterator<Item = String> {
        std::mem::take(&mut self.0).into_iter().filter_map(|(port, pass)| (!pass).then_some(port))
    }
}
