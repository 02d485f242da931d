//! Who is let in: so many connections, and so many of one peer's, so that nobody keeps Prometheus out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::counters::{Connection, Counters, RefusedConnection};
use super::listen::Peer;

/// The places and who has them.
#[derive(Debug)]
pub(super) struct Door {
    places: usize,
    places_of_peer: usize,
    inside: Mutex<Inside>,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Inside {
    count: usize,
    of_peer: HashMap<Peer, usize>,
}

/// A place; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    door: Arc<Door>,
    peer: Peer,
    _counted: Connection,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.door.inside();
        inside.count -= 1;
        if let Entry::Occupied(mut of_peer) = inside.of_peer.entry(self.peer) {
            *of_peer.get_mut() -= 1;
            if *of_peer.get() == 0 {
                of_peer.remove();
            }
        }
    }
}

impl Door {
    /// So many places, of which one peer may have so many.
    pub(super) fn new(places: usize, places_of_peer: usize, counters: Arc<Counters>) -> Arc<Self> {
        Arc::new(Self { places, places_of_peer, inside: Mutex::default(), counters })
    }

    /// A place, if there is one. Who gets none is counted.
    pub(super) fn admit(self: &Arc<Self>, peer: Peer) -> Result<Place, RefusedConnection> {
        let mut inside = self.inside();
        let of_peer = inside.of_peer.get(&peer).copied().unwrap_or(0);
        let refused = if inside.count >= self.places {
            RefusedConnection::TooMany
        } else if of_peer >= self.places_of_peer {
            RefusedConnection::TooManyOfPeer
        } else {
            inside.count += 1;
            inside.of_peer.insert(peer, of_peer + 1);
            return Ok(Place { door: Arc::clone(self), peer, _counted: self.counters.connection() });
        };
        self.counters.refuse_connection(refused);
        Err(refused)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[test]
    fn one_peer_does_not_fill_the_house_and_places_are_given_back() {
        let counters = Arc::new(Counters::default());
        let door = Door::new(4, 3, Arc::clone(&counters));
        let [one, other] = [1, 2].map(|last| Peer::Address(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))));
        let mut ours: Vec<_> = (0..3).map(|_| door.admit(one).unwrap()).collect();
        assert_eq!(door.admit(one).unwrap_err(), RefusedConnection::TooManyOfPeer);
        let theirs = door.admit(other).unwrap();
        assert_eq!(door.admit(Peer::User(0)).unwrap_err(), RefusedConnection::TooMany);
        assert_eq!(counters.counts().connections, 4);
        ours.pop();
        let again = door.admit(one).unwrap();
        drop((ours, theirs, again));
        let counts = counters.counts();
        assert_eq!((counts.connections, door.inside().of_peer.len()), (0, 0));
        assert_eq!(&counts.connections_refused[..2], [("too-many", 1), ("too-many-of-peer", 1)]);
    }
}
