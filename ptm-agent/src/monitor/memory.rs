//! What one monitor hands to the next across a restart of the agent: how each port came to its verdict.
//!
//! Not verdicts but what they rest on is kept. The next monitor takes it up where the last one left off and judges for
//! itself: a cable that was pulled meanwhile, or a plan that was changed, shows at once, and an unchanged port has the
//! verdict it had, without an event. Only time is lenient: a neighbor that was not heard since, maybe because nobody
//! listened, holds for one TTL from the restart. Restarts one upon the other don't prolong that, but for the time
//! between an agent that ended in order and the next, in which nobody can have listened.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use ptm_common::IfIndex;
use serde::{Deserialize, Serialize};

use super::judge::Silence;
use super::{MAX_NEIGHBORS, Reason};
use crate::lldp;
use crate::plan::Expectation;
use crate::time::BootTime;

/// The longest name of an interface, bytes (`IFNAMSIZ` less its NUL).
const LONGEST_NAME: usize = 15;

/// The longest that a neighbor can ask to be remembered: a TTL has 16 bits (802.1AB-2016 §8.5.4).
const LONGEST_TTL: Duration = Duration::from_secs(u16::MAX as u64);

/// How one port came to its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortMemory {
    /// The interface's name: 1 to 15 bytes.
    pub name: Box<str>,
    /// Its index: with another one it is another interface, and nothing of this counts.
    pub ifindex: IfIndex,
    pub(super) carrier: bool,
    /// As the kernel counted them: if it counts more now, another cable may be in.
    pub(super) carrier_losses: u32,
    /// Stands for the expectation by which it was judged; `None`: the plan did not name the port.
    pub(super) expectation: Option<u64>,
    pub(super) reason: Option<Reason>,
    pub(super) changed_at: Option<BootTime>,
    pub(super) silence: Silence,
    pub(super) last_ttl_secs: u16,
    pub(super) back_until: Option<BootTime>,
    pub(super) lost_at: BootTime,
    pub(super) unconfirmed_until: Option<BootTime>,
    pub(super) neighbors: Vec<NeighborMemory>,
}

/// One neighbor of a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NeighborMemory {
    #[serde(with = "hexadecimal")]
    pub(super) lldpdu: Box<[u8]>,
    pub(super) first_heard: BootTime,
    pub(super) changed_at: BootTime,
    pub(super) last_heard: BootTime,
    pub(super) doubted: bool,
    /// It was not heard since an earlier restart already: that one's deadline stays.
    pub(super) unconfirmed_until: Option<BootTime>,
}

/// Memory that no monitor can have left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} of a port `{}`", port.escape_debug())]
pub struct Unsound {
    port: Box<str>,
    what: &'static str,
}

impl PortMemory {
    /// Whether a monitor can have left this, before `now` and in this boot. It comes from a file.
    pub fn check(&self, now: BootTime) -> Result<(), Unsound> {
        let unsound = |what| Err(Unsound { port: self.name.clone(), what });
        if !(1..=LONGEST_NAME).contains(&self.name.len()) {
            return unsound("impossible name");
        }
        if self.neighbors.len() > MAX_NEIGHBORS {
            return unsound("too many neighbors");
        }
        if self.changed_at.is_some_and(|at| at > now) || self.lost_at > now {
            return unsound("a time yet to come");
        }
        let deadlines = self.neighbors.iter().map(|neighbor| neighbor.unconfirmed_until);
        if deadlines.chain([self.back_until, self.unconfirmed_until]).flatten().any(|at| at > now + LONGEST_TTL) {
            return unsound("a deadline too far off");
        }
        for neighbor in &self.neighbors {
            if neighbor.first_heard.max(neighbor.changed_at).max(neighbor.last_heard) > now {
                return unsound("a time yet to come in a neighbor");
            }
            if !lldp::decode(&neighbor.lldpdu).is_ok_and(|pdu| !pdu.is_shutdown()) {
                return unsound("a malformed LLDPDU");
            }
        }
        Ok(())
    }

    /// For so long no agent ran after this was left: who is unconfirmed had no chance to be heard, and has that much
    /// longer.
    pub fn put_off(&mut self, away: Duration) {
        let deadlines = self.neighbors.iter_mut().map(|neighbor| &mut neighbor.unconfirmed_until);
        for deadline in deadlines.chain([&mut self.unconfirmed_until]).flatten() {
            *deadline = *deadline + away;
        }
    }
}

/// A number that stands for an expectation. Another release of the agent, or of its compiler, may give another one:
/// then the port is judged as after a change of the plan, which costs only how it came to be silent.
pub(super) fn digest(expectation: &Expectation) -> u64 {
    let mut hasher = DefaultHasher::new();
    expectation.hash(&mut hasher);
    hasher.finish()
}

/// Bytes as text of two digits a byte.
mod hexadecimal {
    use serde::de::Error;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let text: String = digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect();
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<[u8]>, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let byte = |&[high, low]: &[u8; 2]| u8::try_from(digit(high)? * 16 + digit(low)?).ok();
        let bytes = pairs.iter().map(byte).collect::<Option<_>>().filter(|_| rest.is_empty());
        bytes.ok_or_else(|| D::Error::custom("expected two hexadecimal digits a byte"))
    }
}
