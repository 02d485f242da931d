//! The interfaces as they were last handed out, and the differences that bring them up to date.
//!
//! Pure: no socket, no clock. **Invariant: whoever applies the differences one by one never has two interfaces of one
//! name**, also while names are swapped; a name is given only after its holder left it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use ptm_common::IfIndex;

use super::{Link, LinkEvent};

#[derive(Debug, Default)]
pub(super) struct Table {
    links: BTreeMap<IfIndex, Link>,
    by_name: HashMap<Arc<str>, IfIndex>,
}

/// Another interface holds the name: a message that would tell of its new name was missed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NameTaken;

/// The interfaces as a dump gives them, corrected by the messages that arrived while it ran.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    links: BTreeMap<IfIndex, Link>,
    /// Indices whose former holder left, even if the index is in use again.
    gone: BTreeSet<IfIndex>,
    /// Interfaces may be missing that exist.
    pub(super) incomplete: bool,
}

impl Snapshot {
    /// Takes a message from the dump or, later, from the subscription.
    pub(super) fn apply(&mut self, message: LinkEvent) {
        match message {
            LinkEvent::Present(link) => {
                self.links.insert(link.ifindex, link);
            }
            LinkEvent::Gone(ifindex) => {
                self.links.remove(&ifindex);
                self.gone.insert(ifindex);
            }
        }
    }
}

impl Table {
    pub(super) fn get(&self, ifindex: IfIndex) -> Option<&Link> {
        self.links.get(&ifindex)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// Takes the next message of an unbroken series; what it changes goes to `events`.
    pub(super) fn apply(&mut self, message: LinkEvent, events: &mut VecDeque<LinkEvent>) -> Result<(), NameTaken> {
        match message {
            LinkEvent::Gone(ifindex) => self.remove(ifindex, events),
            LinkEvent::Present(link) => {
                if self.holder_of_name(&link).is_some() {
                    return Err(NameTaken);
                }
                self.insert(link, events);
            }
        }
        Ok(())
    }

    /// Brings the table to the state of a snapshot taken after messages may have been lost.
    pub(super) fn replace(&mut self, snapshot: Snapshot, events: &mut VecDeque<LinkEvent>) {
        let Snapshot { links, gone, incomplete } = snapshot;
        let is_over = |old: &Link| {
            gone.contains(&old.ifindex) || links.get(&old.ifindex).map_or(!incomplete, |new| new.is_another_than(old))
        };
        let over: Vec<IfIndex> = self.links.values().filter(|old| is_over(old)).map(|old| old.ifindex).collect();
        for ifindex in over {
            self.remove(ifindex, events);
        }

        let mut waiting: VecDeque<Link> =
            links.into_values().filter(|new| self.links.get(&new.ifindex) != Some(new)).collect();
        let mut passed_over = 0;
        while let Some(link) = waiting.pop_front() {
            match self.holder_of_name(&link) {
                None => {
                    self.insert(link, events);
                    passed_over = 0;
                }
                Some(_) if passed_over < waiting.len() => {
                    waiting.push_back(link);
                    passed_over += 1;
                }
                // All that wait want each other's names, and the temporary name that made it possible was missed:
                // one of them leaves and comes back.
                Some(holder) if waiting.iter().any(|other| other.ifindex == holder) => {
                    self.remove(holder, events);
                    waiting.push_front(link);
                    passed_over = 0;
                }
                // Two interfaces of one name can't be: one has moved on, and the message is still to come.
                Some(_) => passed_over = 0,
            }
        }
    }

    fn holder_of_name(&self, link: &Link) -> Option<IfIndex> {
        self.by_name.get(&link.name).copied().filter(|holder| *holder != link.ifindex)
    }

    fn insert(&mut self, link: Link, events: &mut VecDeque<LinkEvent>) {
        match self.links.insert(link.ifindex, link.clone()) {
            Some(old) if old == link => return,
            Some(old) if old.name != link.name => {
                self.by_name.remove(&old.name);
            }
            _ => {}
        }
        self.by_name.insert(Arc::clone(&link.name), link.ifindex);
        events.push_back(LinkEvent::Present(link));
    }

    fn remove(&mut self, ifindex: IfIndex, events: &mut VecDeque<LinkEvent>) {
        if let Some(old) = self.links.remove(&ifindex) {
            self.by_name.remove(&old.name);
            events.push_back(LinkEvent::Gone(ifindex));
        }
    }
}

#[cfg(test)]
mod tests;
