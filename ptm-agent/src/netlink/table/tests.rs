use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::super::{Kind, OperState};
use super::*;

fn link(ifindex: IfIndex, name: &str) -> Link {
    Link {
        ifindex,
        name: name.into(),
        kind: Kind::Veth,
        admin_up: true,
        carrier: true,
        oper_state: OperState::Up,
        carrier_losses: 0,
        mac: Some([2, 0, 0, 0, 0, u8::try_from(ifindex).unwrap()]),
        mtu: 1500,
    }
}

fn table_of(links: impl IntoIterator<Item = Link>) -> Table {
    let mut table = Table::default();
    for link in links {
        table.apply(LinkEvent::Present(link), &mut VecDeque::new()).unwrap();
    }
    table
}

fn snapshot_of(links: impl IntoIterator<Item = Link>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    links.into_iter().for_each(|link| snapshot.apply(LinkEvent::Present(link)));
    snapshot
}

fn differences(table: &mut Table, snapshot: Snapshot) -> Vec<LinkEvent> {
    let mut events = VecDeque::new();
    table.replace(snapshot, &mut events);
    events.into()
}

/// Someone who applies the differences, and insists on the invariant.
fn follow(seen: &mut BTreeMap<IfIndex, Link>, events: impl IntoIterator<Item = LinkEvent>) {
    for event in events {
        match event {
            LinkEvent::Present(link) => {
                assert!(
                    seen.values().all(|other| other.name != link.name || other.ifindex == link.ifindex),
                    "two interfaces named {}",
                    link.name
                );
                seen.insert(link.ifindex, link);
            }
            LinkEvent::Gone(ifindex) => {
                assert!(seen.remove(&ifindex).is_some(), "{ifindex} left without having been there");
            }
        }
    }
}

#[test]
fn nothing_new_is_no_difference() {
    let mut table = table_of([link(1, "swp1"), link(2, "swp2")]);
    assert_eq!(differences(&mut table, snapshot_of([link(1, "swp1"), link(2, "swp2")])), []);
    let mut events = VecDeque::new();
    table.apply(LinkEvent::Present(link(2, "swp2")), &mut events).unwrap();
    table.apply(LinkEvent::Gone(7), &mut events).unwrap();
    assert_eq!(events, []);
}

#[test]
fn name_is_handed_on_after_it_was_left() {
    let mut table = table_of([link(1, "a"), link(2, "b"), link(3, "c")]);
    assert_eq!(
        differences(&mut table, snapshot_of([link(1, "b"), link(2, "c"), link(3, "d")])),
        [LinkEvent::Present(link(3, "d")), LinkEvent::Present(link(2, "c")), LinkEvent::Present(link(1, "b"))]
    );
}

#[test]
fn names_swapped_behind_the_back_cost_one_of_them_a_new_start() {
    let mut table = table_of([link(1, "a"), link(2, "b")]);
    assert_eq!(
        differences(&mut table, snapshot_of([link(1, "b"), link(2, "a")])),
        [LinkEvent::Gone(1), LinkEvent::Present(link(2, "a")), LinkEvent::Present(link(1, "b"))]
    );
}

#[test]
fn index_used_again_is_another_interface() {
    let old = Link { carrier_losses: 4, ..link(1, "swp1") };
    let renamed = Link { name: "swp9".into(), ..old.clone() };
    let flapped = Link { carrier_losses: 5, ..old.clone() };
    let down = Link { carrier: false, admin_up: false, oper_state: OperState::Down, ..flapped.clone() };
    for same in [renamed, flapped, down] {
        assert_eq!(differences(&mut table_of([old.clone()]), snapshot_of([same.clone()])), [LinkEvent::Present(same)]);
    }
    let other_mac = Link { mac: Some([2; 6]), ..old.clone() };
    let other_kind = Link { kind: Kind::Nic, ..old.clone() };
    let count_restarted = Link { carrier_losses: 0, ..old.clone() };
    for other in [other_mac, other_kind, count_restarted] {
        assert_eq!(
            differences(&mut table_of([old.clone()]), snapshot_of([other.clone()])),
            [LinkEvent::Gone(1), LinkEvent::Present(other)]
        );
    }
}

#[test]
fn index_seen_to_leave_during_the_dump_is_another_interface_though_it_looks_the_same() {
    let mut snapshot = snapshot_of([link(1, "swp1")]);
    snapshot.apply(LinkEvent::Gone(1));
    snapshot.apply(LinkEvent::Present(link(1, "swp1")));
    assert_eq!(
        differences(&mut table_of([link(1, "swp1")]), snapshot),
        [LinkEvent::Gone(1), LinkEvent::Present(link(1, "swp1"))]
    );
}

#[test]
fn incomplete_snapshot_removes_only_what_is_known_to_have_left() {
    let mut table = table_of([link(1, "swp1"), link(2, "swp2"), link(3, "swp3")]);
    let mut snapshot = snapshot_of([link(1, "swp1")]);
    snapshot.incomplete = true;
    snapshot.apply(LinkEvent::Gone(3));
    assert_eq!(differences(&mut table, snapshot), [LinkEvent::Gone(3)]);
}

#[test]
fn name_that_another_still_holds_calls_for_a_dump() {
    let mut table = table_of([link(1, "a"), link(2, "b")]);
    let mut events = VecDeque::new();
    assert_eq!(table.apply(LinkEvent::Present(link(2, "a")), &mut events), Err(NameTaken));
    assert_eq!(events, []);
    assert_eq!(table.get(2), Some(&link(2, "b")));
}

#[test]
fn two_of_one_name_in_a_snapshot_leave_the_holder_in_place() {
    let mut table = table_of([link(1, "a")]);
    assert_eq!(
        differences(&mut table, snapshot_of([link(1, "a"), link(2, "a"), link(3, "c")])),
        [LinkEvent::Present(link(3, "c"))]
    );
}

/// Up to eight interfaces under eight indices with eight names, each name once.
fn links() -> impl Strategy<Value = BTreeMap<IfIndex, Link>> {
    let names = Just(["a", "b", "c", "d", "e", "f", "g", "h"]).prop_shuffle();
    (names, btree_map(1_u32..=8, (0_u32..2, any::<bool>()), 0..=8)).prop_map(|(names, links)| {
        let pairs = links.into_iter().zip(names);
        pairs
            .map(|((i, (losses, carrier)), name)| (i, Link { carrier_losses: losses, carrier, ..link(i, name) }))
            .collect()
    })
}

proptest! {
    #[test]
    fn following_the_differences_leads_to_the_snapshot(states in vec(links(), 1..6)) {
        let mut table = Table::default();
        let mut seen = BTreeMap::new();
        for state in states {
            let events = differences(&mut table, snapshot_of(state.values().cloned()));
            follow(&mut seen, events);
            prop_assert_eq!(&seen, &state);
            prop_assert_eq!(table.iter().cloned().collect::<Vec<_>>(), state.into_values().collect::<Vec<_>>());
        }
    }

    /// Any messages, also ones that contradict each other because some between them were lost.
    #[test]
    fn no_series_of_messages_gives_two_interfaces_one_name(
        messages in vec((1_u32..=4, prop::option::of("[a-d]"), any::<bool>()), 0..40)
    ) {
        let mut table = Table::default();
        let mut seen = BTreeMap::new();
        let mut snapshot = Snapshot { incomplete: true, ..Snapshot::default() };
        for (ifindex, name, in_order) in messages {
            let message = name.map_or(LinkEvent::Gone(ifindex), |name| LinkEvent::Present(link(ifindex, &name)));
            let mut events = VecDeque::new();
            if in_order {
                let _: Result<(), NameTaken> = table.apply(message, &mut events);
            } else {
                snapshot.apply(message);
                let next = Snapshot { incomplete: true, ..Snapshot::default() };
                table.replace(std::mem::replace(&mut snapshot, next), &mut events);
            }
            follow(&mut seen, events);
        }
        prop_assert_eq!(table.iter().cloned().collect::<Vec<_>>(), seen.into_values().collect::<Vec<_>>());
    }
}
