//! What a neighbor is: the system capabilities TLV (802.1AB-2016 8.5.8).

use std::fmt;

use super::TlvError;
use super::reader::Reader;

/// What the neighbor can do, and which of it is switched on. `Display`: `Bridge on, Router off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// What it can do: bit 0 other … bit 10 two-port MAC relay (802.1AB-2016 table 8-4).
    pub system: u16,
    /// What is switched on: a subset of `system`.
    pub enabled: u16,
}

impl Capabilities {
    /// The bits' names from bit 0 on, as lldpcli shows them.
    const NAMES: [&'static str; 11] =
        ["Other", "Repeater", "Bridge", "Wlan", "Router", "Tel", "Docsis", "Station", "CVLAN", "SVLAN", "TPMR"];

    pub(super) fn decode(value: &[u8]) -> Result<Self, TlvError> {
        let mut reader = Reader(value);
        let (system, enabled) = (reader.u16()?, reader.u16()?);
        // 8.5.8.3: what is enabled must be there, else the TLV is in error.
        if enabled & !system == 0 { Ok(Self { system, enabled }) } else { Err(TlvError::Contradiction) }
    }

    /// Each capability that is there: lldpcli's name of it, and whether it is enabled. Bits that the standard doesn't
    /// define have no name and are left out.
    pub fn iter(self) -> impl Iterator<Item = (&'static str, bool)> {
        Self::NAMES
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| self.system >> bit & 1 == 1)
            .map(move |(bit, name)| (name, self.enabled >> bit & 1 == 1))
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, is_enabled)) in self.iter().enumerate() {
            write!(f, "{}{name} {}", if i == 0 { "" } else { ", " }, if is_enabled { "on" } else { "off" })?;
        }
        Ok(())
    }
}
