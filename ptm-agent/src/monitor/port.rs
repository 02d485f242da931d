//! One interface as the monitor sees it: its link, its neighbors, its verdict.

use std::sync::Arc;
use std::time::Duration;

use ptm_common::IfIndex;

use crate::lldp::{self, Malformed};
use crate::monitor::judge::{self, Closeness, Silence};
use crate::monitor::memory::PortMemory;
use crate::monitor::neighbor::MAX_NEIGHBORS;
use crate::monitor::{Neighbor, Reason, Statistics};
use crate::plan::Expectation;
use crate::time::BootTime;

/// How late the kernel may be with the news of carrier that was lost and is back.
///
/// It gathers such news for up to a second (`net/core/link_watch.c`) and LLDP frames overtake them: when it tells of both
/// at once, whoever was heard within this time may have been heard before the loss or after it.
const NEWS_DELAY: Duration = Duration::from_millis(1_200);

/// News of a loss and of the return that are taken this close together waited for us together: the frames that came
/// after them wait too.
const TOGETHER: Duration = Duration::from_millis(10);

/// What became of an LLDPDU that the monitor was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A neighbor, or something about one, is new: the port was judged again.
    Changed,
    /// It repeats what its sender said before: the TTL runs anew.
    Refreshed,
    /// It does too, and its sender, known from before a restart of the agent or doubted, is certainly there.
    Confirmed,
    /// Its sender leaves: the port was judged again.
    Left,
    /// It was malformed and thrown away; what was known of the port stays. `first`: the first of its kind there.
    Malformed {
        /// What was wrong with it.
        error: Malformed,
        /// True once a port and kind, so that a log can say it once.
        first: bool,
    },
    /// The port has as many neighbors as it remembers, and this one isn't expected.
    TooMany,
    /// It came in before the link lost carrier, or on an interface that the monitor doesn't know.
    Stale,
}

#[derive(Clone, Debug)]
pub(super) struct Port {
    pub(super) ifindex: IfIndex,
    pub(super) name: Arc<str>,
    pub(super) carrier: bool,
    carrier_losses: u32,
    pub(super) neighbors: Vec<Neighbor>,
    pub(super) silence: Silence,
    /// The TTL of the neighbor that [`Silence`] is about.
    last_ttl: Duration,
    /// With carrier back after [`Silence::LinkLost`]: when it turns into [`Silence::AgedOut`].
    back_until: Option<BootTime>,
    /// When it became known that carrier was lost.
    lost_at: BootTime,
    /// A frame from longer than this before `lost_at` came before the loss, and does not count; one from within it may
    /// have.
    overtaking: Duration,
    /// Whether any of the neighbors is doubted.
    doubt: bool,
    /// How the port came to be silent is known from before a restart of the agent: until when somebody may still be
    /// heard who was not because nobody listened.
    unconfirmed_until: Option<BootTime>,
    /// The plan's word on this port: an index into its expectations.
    pub(super) expectation: Option<usize>,
    pub(super) reason: Option<Reason>,
    pub(super) changed_at: Option<BootTime>,
    pub(super) statistics: Statistics,
    /// The kinds of malformed LLDPDU met here, each once.
    malformed_kinds: Vec<&'static str>,
    /// The moment for which the monitor's timers hold this port.
    pub(super) timer: Option<BootTime>,
}

impl Port {
    pub(super) fn new(ifindex: IfIndex, name: &str, carrier: bool, carrier_losses: u32) -> Self {
        Self {
            ifindex,
            name: name.into(),
            carrier,
            carrier_losses,
            neighbors: Vec::new(),
            silence: Silence::NeverHeard,
            last_ttl: Duration::ZERO,
            back_until: None,
            lost_at: BootTime::default(),
            overtaking: Duration::ZERO,
            doubt: false,
            unconfirmed_until: None,
            expectation: None,
            reason: None,
            changed_at: None,
            statistics: Statistics::default(),
            malformed_kinds: Vec::new(),
            timer: None,
        }
    }

    /// What the next monitor is to know. `expectation` stands for the one that the port is judged by.
    pub(super) fn memory(&self, expectation: Option<u64>) -> PortMemory {
        PortMemory {
            name: (*self.name).into(),
            ifindex: self.ifindex,
            carrier: self.carrier,
            carrier_losses: self.carrier_losses,
            expectation,
            reason: self.reason,
            changed_at: self.changed_at,
            silence: self.silence,
            last_ttl_secs: u16::try_from(self.last_ttl.as_secs()).unwrap_or(u16::MAX),
            back_until: self.back_until,
            lost_at: self.lost_at,
            unconfirmed_until: self.unconfirmed_until,
            neighbors: self.neighbors.iter().map(Neighbor::memory).collect(),
        }
    }

    /// The port as a monitor left it before a restart, which is at `now`. `judged_so`: the plan still says of the port
    /// what it said then. If not, how it came to be silent belongs to the old plan; who is there does not.
    pub(super) fn recall(memory: PortMemory, judged_so: bool, now: BootTime) -> Self {
        let PortMemory {
            name,
            ifindex,
            carrier,
            carrier_losses,
            expectation: _,
            reason,
            changed_at,
            silence,
            last_ttl_secs,
            back_until,
            lost_at,
            unconfirmed_until,
            neighbors,
        } = memory;
        let last_ttl = Duration::from_secs(last_ttl_secs.into());
        let neighbors: Vec<_> = neighbors.into_iter().filter_map(|memory| Neighbor::recall(memory, now)).collect();
        let doubt = neighbors.iter().any(|neighbor| neighbor.doubted);
        let new = Self::new(ifindex, &name, carrier, carrier_losses);
        let port = Self { neighbors, last_ttl, lost_at, doubt, reason, changed_at, ..new };
        if !judged_so {
            return port;
        }
        let silent = port.neighbors.is_empty() && silence != Silence::NeverHeard;
        let unconfirmed_until = silent.then(|| unconfirmed_until.unwrap_or(now + last_ttl));
        Self { silence, back_until, unconfirmed_until, ..port }
    }

    /// Whether the interface of this index, which the kernel counts so many carrier losses of, must be another one than
    /// the one before a restart: the count never falls.
    pub(super) fn is_another_than(&self, carrier_losses: u32) -> bool {
        carrier_losses < self.carrier_losses
    }

    /// Whether the verdict rests on what was known before the agent's restart, not confirmed since. `neighbor`: whom it
    /// rests on. Without carrier there is nothing to confirm.
    pub(super) fn is_cached(&self, neighbor: Option<&Neighbor>) -> bool {
        self.carrier && neighbor.map_or(self.unconfirmed_until.is_some(), Neighbor::is_cached)
    }

    /// Takes the kernel's word on the link. Carrier that went and came back between two reports counts as lost: the
    /// cable may be another one.
    pub(super) fn set_link(&mut self, carrier: bool, carrier_losses: u32, now: BootTime) {
        let flapped = self.carrier && carrier && carrier_losses != self.carrier_losses;
        let lost = self.carrier && !carrier || flapped;
        let back = !self.carrier && carrier || flapped;
        if lost {
            self.remember_last_ttl();
            if !self.neighbors.is_empty() || self.silence != Silence::NeverHeard {
                self.silence = Silence::LinkLost;
            }
            (self.back_until, self.unconfirmed_until) = (None, None);
        }
        if lost && !carrier {
            // Nobody can have been heard since, for there is no carrier yet.
            self.neighbors.clear();
            (self.lost_at, self.overtaking) = (now, Duration::ZERO);
        } else if flapped || back && now < self.lost_at + TOGETHER {
            self.doubt_neighbors(now);
        }
        if back && self.silence == Silence::LinkLost && self.neighbors.is_empty() {
            self.back_until = Some(now + self.last_ttl);
        }
        self.carrier = carrier;
        self.carrier_losses = carrier_losses;
    }

    /// Lets go of who was heard before carrier was lost, and doubts who may have been.
    fn doubt_neighbors(&mut self, now: BootTime) {
        (self.lost_at, self.overtaking) = (now, NEWS_DELAY);
        self.neighbors.retain(|neighbor| neighbor.last_heard() + NEWS_DELAY >= now);
        for neighbor in &mut self.neighbors {
            neighbor.doubted = true;
        }
        self.doubt = !self.neighbors.is_empty();
    }

    /// Somebody was heard for certain over the present cable: who is still doubted was on the one before. True if there
    /// was such a one.
    fn settle_doubt(&mut self) -> bool {
        let before = self.neighbors.len();
        self.neighbors.retain(|neighbor| !neighbor.doubted);
        self.doubt = false;
        before != self.neighbors.len()
    }

    fn remember_last_ttl(&mut self) {
        self.last_ttl = self.neighbors.iter().map(Neighbor::ttl).max().unwrap_or(self.last_ttl);
    }

    /// Another expectation: what was remembered of the neighbors that went belongs to the old one.
    pub(super) fn expect(&mut self, expectation: Option<usize>) {
        self.expectation = expectation;
        self.silence = Silence::NeverHeard;
        self.back_until = None;
        self.unconfirmed_until = None;
    }

    pub(super) fn hear(&mut self, expectation: Option<&Expectation>, lldpdu: &[u8], at: BootTime) -> Heard {
        if at + self.overtaking < self.lost_at {
            return Heard::Stale;
        }
        self.statistics.frames_in += 1;
        let certain = at >= self.lost_at;
        let heard = self.take(expectation, lldpdu, at, certain);
        let known = matches!(heard, Heard::Changed | Heard::Refreshed | Heard::Confirmed);
        if known && certain && self.doubt && self.settle_doubt() { Heard::Changed } else { heard }
    }

    fn take(&mut self, expectation: Option<&Expectation>, lldpdu: &[u8], at: BootTime, certain: bool) -> Heard {
        // The usual case by far, a repetition, costs a comparison of bytes.
        if let Some(neighbor) = self.neighbors.iter_mut().find(|neighbor| neighbor.repeats(lldpdu)) {
            return neighbor.refresh(at, certain);
        }
        let pdu = match lldp::decode(lldpdu) {
            Ok(pdu) => pdu,
            Err(error) => {
                self.statistics.count_malformed();
                let first = !self.malformed_kinds.contains(&error.kind());
                if first {
                    self.malformed_kinds.push(error.kind());
                }
                return Heard::Malformed { error, first };
            }
        };
        self.statistics.count(&pdu);
        let known = self.neighbors.iter().position(|neighbor| neighbor.is_sender_of(&pdu));
        match (known, pdu.is_shutdown()) {
            (Some(known), true) => {
                self.remember_last_ttl();
                self.neighbors.remove(known);
                self.silence = Silence::Left;
                Heard::Left
            }
            // 802.1AB-2016 §9.2.7.7.2: the goodbye of somebody unknown changes nothing.
            (None, true) => Heard::Refreshed,
            // The same but for what stands behind its End TLV.
            (Some(known), false) if self.neighbors[known].repeats(pdu.as_bytes()) => {
                self.neighbors[known].refresh(at, certain)
            }
            (Some(known), false) => {
                self.neighbors[known].replace(&pdu, at, certain);
                Heard::Changed
            }
            (None, false) => self.admit(expectation, Neighbor::new(&pdu, at, certain)),
        }
    }

    fn admit(&mut self, expectation: Option<&Expectation>, newcomer: Neighbor) -> Heard {
        let matches = |neighbor: &Neighbor| {
            expectation.is_some_and(|expectation| judge::closeness(expectation, &neighbor.pdu()) == Closeness::Match)
        };
        if self.neighbors.len() >= MAX_NEIGHBORS {
            self.statistics.too_many_neighbors += 1;
            // A crowd of strangers must not keep the expected neighbor out.
            match self.neighbors.iter().position(|neighbor| !matches(neighbor)) {
                Some(stranger) if matches(&newcomer) => drop(self.neighbors.remove(stranger)),
                _ => return Heard::TooMany,
            }
        }
        self.doubt |= newcomer.doubted;
        self.neighbors.push(newcomer);
        (self.back_until, self.unconfirmed_until) = (None, None);
        Heard::Changed
    }

    /// Lets go of whom time has overtaken; true if that changed anything.
    pub(super) fn age(&mut self, now: BootTime) -> bool {
        let before = self.neighbors.len();
        if self.neighbors.iter().any(|neighbor| neighbor.expires_at() <= now) {
            self.remember_last_ttl();
            self.neighbors.retain(|neighbor| neighbor.expires_at() > now);
            self.silence = Silence::AgedOut;
            self.statistics.ageouts += (before - self.neighbors.len()) as u64;
        }
        let waited = self.back_until.is_some_and(|until| until <= now);
        if waited {
            self.back_until = None;
            self.silence = Silence::AgedOut;
        }
        self.unconfirmed_until = self.unconfirmed_until.filter(|&until| until > now);
        waited || before != self.neighbors.len()
    }

    /// When [`Port::age`] next has something to do.
    pub(super) fn deadline(&self) -> Option<BootTime> {
        let expiries = self.neighbors.iter().map(Neighbor::expires_at);
        expiries.chain(self.back_until).chain(self.unconfirmed_until).min()
    }
}
