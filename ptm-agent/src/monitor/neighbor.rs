//! The neighbors of one port: whom LLDP has announced there, and until when it holds.

use std::sync::Arc;
use std::time::Duration;

use crate::lldp::{self, Lldpdu};
use crate::monitor::memory::NeighborMemory;
use crate::monitor::{Heard, judge};
use crate::time::BootTime;

/// How many neighbors one port remembers.
///
/// A port on a cable has one, a few behind a hub, a phone or a VM host. The bound keeps whoever sends LLDPDUs with
/// ever new identities from filling memory (802.1AB-2016 §9.2.7.7.5 calls it *too many neighbors*).
pub const MAX_NEIGHBORS: usize = 16;

/// One neighbor on one port, as its last good LLDPDU described it.
///
/// The LLDPDU is kept whole and decoded again where it is shown: one copy of everything the neighbor said, and a frame
/// that repeats it is recognised by comparing bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbor {
    /// A well-formed LLDPDU without padding: `lldp::decode` took it before it came here.
    lldpdu: Arc<[u8]>,
    first_heard: BootTime,
    changed_at: BootTime,
    last_heard: BootTime,
    ttl: u16,
    /// The port lost carrier at about the time of the last LLDPDU: it may have come through another cable.
    pub(super) doubted: bool,
    /// It is known from before a restart of the agent and was not heard since: until when it holds unless it is.
    unconfirmed_until: Option<BootTime>,
}

impl Neighbor {
    /// `certain`: the LLDPDU came through the present cable.
    pub(super) fn new(pdu: &Lldpdu<'_>, at: BootTime, certain: bool) -> Self {
        let lldpdu = pdu.as_bytes().into();
        Self {
            lldpdu,
            first_heard: at,
            changed_at: at,
            last_heard: at,
            ttl: pdu.ttl,
            doubted: !certain,
            unconfirmed_until: None,
        }
    }

    /// What the neighbor said last.
    pub fn pdu(&self) -> Lldpdu<'_> {
        lldp::decode(&self.lldpdu).expect("only decoded LLDPDUs are kept")
    }

    /// When this neighbor (chassis ID and port ID) was first heard on the port.
    pub const fn first_heard(&self) -> BootTime {
        self.first_heard
    }

    /// When what it says last changed.
    pub const fn changed_at(&self) -> BootTime {
        self.changed_at
    }

    /// When its last LLDPDU came in.
    pub const fn last_heard(&self) -> BootTime {
        self.last_heard
    }

    /// How long its last LLDPDU holds: 1 to 65,535 seconds.
    pub const fn ttl(&self) -> Duration {
        Duration::from_secs(self.ttl as u64)
    }

    /// Whether it is known from before the agent's restart, and LLDP has not confirmed it yet.
    pub const fn is_cached(&self) -> bool {
        self.unconfirmed_until.is_some()
    }

    /// When it ages out unless it is heard again.
    pub(super) fn expires_at(&self) -> BootTime {
        self.unconfirmed_until.unwrap_or_else(|| self.last_heard + self.ttl())
    }

    pub(super) fn memory(&self) -> NeighborMemory {
        let Self { lldpdu, first_heard, changed_at, last_heard, ttl: _, doubted, unconfirmed_until } = self.clone();
        NeighborMemory { lldpdu: (*lldpdu).into(), first_heard, changed_at, last_heard, doubted, unconfirmed_until }
    }

    /// A neighbor from before a restart, which is at `now`. It holds for one TTL from then, as nobody may have listened
    /// when it spoke; but restarts one upon the other don't add up. `None`: its LLDPDU is none.
    pub(super) fn recall(memory: NeighborMemory, now: BootTime) -> Option<Self> {
        let NeighborMemory { lldpdu, first_heard, changed_at, last_heard, doubted, unconfirmed_until } = memory;
        let ttl = lldp::decode(&lldpdu).ok()?.ttl;
        let until = unconfirmed_until.unwrap_or(now + Duration::from_secs(ttl.into()));
        let lldpdu = lldpdu.into();
        Some(Self { lldpdu, first_heard, changed_at, last_heard, ttl, doubted, unconfirmed_until: Some(until) })
    }

    /// True if `lldpdu` repeats, byte for byte, what this neighbor said last.
    ///
    /// Zeros behind it change nothing: they are padding, or an End TLV.
    pub(super) fn repeats(&self, lldpdu: &[u8]) -> bool {
        lldpdu.strip_prefix(&*self.lldpdu).is_some_and(|rest| rest.iter().all(|&byte| byte == 0))
    }

    /// True if `pdu` comes from the same neighbor: chassis ID and port ID, the MSAP identifier (802.1AB-2016 §3.3).
    pub(super) fn is_sender_of(&self, pdu: &Lldpdu<'_>) -> bool {
        let own = self.pdu();
        own.chassis_id == pdu.chassis_id && own.port_id == pdu.port_id
    }

    /// It said the same once more.
    pub(super) fn refresh(&mut self, at: BootTime, certain: bool) -> Heard {
        self.last_heard = self.last_heard.max(at);
        let settled = self.doubted && certain;
        if !settled && self.unconfirmed_until.is_none() {
            return Heard::Refreshed;
        }
        self.doubted &= !certain;
        self.unconfirmed_until = None;
        Heard::Confirmed
    }

    pub(super) fn replace(&mut self, pdu: &Lldpdu<'_>, at: BootTime, certain: bool) {
        let Self { first_heard, doubted, .. } = *self;
        *self = Self { first_heard, doubted: doubted && !certain, ..Self::new(pdu, at, certain) };
    }

    /// The node it says it is: its system name, else its chassis ID. Hostile text, not escaped.
    pub fn node(&self) -> String {
        let pdu = self.pdu();
        match pdu.system_name.filter(|name| !name.as_bytes().is_empty()) {
            Some(name) => judge::plain(name).into_owned(),
            None => pdu.chassis_id.to_string(),
        }
    }
}
