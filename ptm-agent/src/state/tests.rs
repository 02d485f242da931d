//! The file: written whole, at most once a second; read with suspicion.

use std::os::unix::fs::PermissionsExt as _;

use ptm_common::IfIndex;
use tempfile::TempDir;

use super::*;
use crate::lldp::encode::Builder;
use crate::lldp::{ChassisId, ChassisIdSubtype, PortId, PortIdSubtype};
use crate::monitor::{Link, Monitor};
use crate::plan;

fn at(millis: u64) -> BootTime {
    BootTime::default() + Duration::from_millis(millis)
}

/// What a monitor knows of this many ports with a neighbor on each.
fn memory(ports: IfIndex) -> Vec<PortMemory> {
    let mut monitor = Monitor::new(plan::read("graph { me:swp1 -- r1:swp1 }").0.plan_for("me").unwrap());
    for ifindex in 1..=ports {
        let name = format!("swp{ifindex}");
        monitor.link(Link { ifindex, name: &name, carrier: true, carrier_losses: 1 }, at(1));
        let chassis = ChassisId::new(ChassisIdSubtype::Local, b"r1").unwrap();
        let port = PortId::new(PortIdSubtype::InterfaceName, name.as_bytes()).unwrap();
        monitor.lldpdu(ifindex, &Builder::new(chassis, port, 120).finish(), at(2));
    }
    monitor.memory().collect()
}

/// An empty directory, and a state in it that has nothing to remember.
fn empty() -> (TempDir, State) {
    let directory = tempfile::tempdir().unwrap();
    let (state, remembered) = State::open(directory.path(), at(10));
    assert_eq!(remembered, []);
    (directory, state)
}

/// The text of a file with `memory` in it, as the agent writes it here and now.
fn text_of(memory: &[PortMemory]) -> String {
    let saved = Saved { version: VERSION, here: Here::find(), ended: None, ports: memory.to_vec() };
    serde_json::to_string(&saved).unwrap()
}

/// What is remembered of a file with this text, or why nothing is.
fn read_text(text: &[u8]) -> Result<Vec<PortMemory>, Unusable> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE);
    fs::write(&path, text).unwrap();
    read(&path, &Here::find(), at(10))
}

#[tokio::test]
async fn the_next_agent_reads_what_this_one_wrote() {
    let (directory, mut state) = empty();
    let memory = memory(3);
    state.save(1, memory.clone().into_iter(), at(10));
    state.written().await;
    let (_, mut remembered) = State::open(directory.path(), at(20));
    remembered.sort_by_key(|port| port.ifindex);
    let mut memory = memory;
    memory.sort_by_key(|port| port.ifindex);
    assert_eq!(remembered, memory);
    // Nothing but the file is left, and nobody else reads who the neighbors are.
    let files: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, [FILE]);
    assert_eq!(fs::metadata(directory.path().join(FILE)).unwrap().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_changes_is_written_at_most_once_a_second() {
    let (_directory, mut state) = empty();
    assert_eq!(state.due(7), Some(at(0)), "at once");
    state.save(7, memory(1).into_iter(), at(5_000));
    assert_eq!(state.due(8), None, "not while the last write goes on");
    state.written().await;
    assert_eq!(state.due(7), None, "nothing new");
    assert_eq!(state.due(8), Some(at(6_000)));
}

#[tokio::test]
async fn the_last_write_has_the_last_state_whatever_goes_on() {
    let (directory, mut state) = empty();
    state.save(1, memory(1).into_iter(), at(10));
    state.close(memory(2).into_iter(), at(11)).await;
    assert_eq!(State::open(directory.path(), at(20)).1.len(), 2);
}

#[tokio::test]
async fn a_reader_finds_a_whole_file_at_any_moment() {
    let (directory, mut state) = empty();
    state.save(0, memory(50).into_iter(), at(10));
    state.written().await;
    let path = directory.path().join(FILE);
    for revision in 1..100 {
        state.save(revision, memory(50 + u32::try_from(revision % 3).unwrap()).into_iter(), at(10));
        while state.writing.as_ref().is_some_and(|writing| !writing.is_finished()) {
            assert!(read(&path, &Here::find(), at(20)).unwrap().len() >= 50);
        }
        state.written().await;
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_costs_the_memory_only() {
    let directory = tempfile::tempdir().unwrap();
    // A file where a directory should be: that stops root, too.
    let blocked = directory.path().join("file");
    fs::write(&blocked, "").unwrap();
    let (mut state, remembered) = State::open(&blocked.join("ptm"), at(10));
    assert_eq!(remembered, []);
    state.save(1, memory(1).into_iter(), at(10));
    state.written().await;
    assert!(state.failing);
    assert_eq!((state.due(1), state.due(2)), (Some(at(60_010)), Some(at(60_010))), "tried again, but not at once");
    fs::remove_file(&blocked).unwrap();
    state.save(2, memory(1).into_iter(), at(60_010));
    state.written().await;
    assert!(!state.failing);
    assert_eq!(State::open(&blocked.join("ptm"), at(60_020)).1.len(), 1);
    assert_eq!(state.due(2), None);
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_behind() {
    let (directory, mut state) = empty();
    // The new file can be written but not be put in its place.
    fs::create_dir(directory.path().join(FILE)).unwrap();
    state.save(1, memory(1).into_iter(), at(10));
    state.written().await;
    assert!(state.failing);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn the_time_without_an_agent_is_no_silence_of_a_neighbor_unless_the_agent_was_killed() {
    let unconfirmed = || {
        let mut monitor = Monitor::new(plan::read("graph { me:swp1 -- r1:swp1 }").0.plan_for("me").unwrap());
        monitor.recall(memory(1), at(10));
        monitor.memory().collect::<Vec<_>>()
    };
    let (directory, mut state) = empty();
    state.save(1, unconfirmed().into_iter(), at(20));
    state.written().await;
    assert_eq!(State::open(directory.path(), at(5_020)).1, unconfirmed());
    state.close(unconfirmed().into_iter(), at(20)).await;
    let mut put_off = unconfirmed();
    put_off[0].put_off(Duration::from_secs(5));
    assert_ne!(put_off, unconfirmed());
    assert_eq!(State::open(directory.path(), at(5_020)).1, put_off);
}

#[test]
fn a_file_cut_anywhere_is_ignored() {
    let text = text_of(&memory(2));
    assert_eq!(read_text(text.as_bytes()).unwrap().len(), 2);
    for end in 0..text.len() {
        assert!(matches!(read_text(&text.as_bytes()[..end]), Err(Unusable::Damaged(_))), "{end}");
    }
}

#[test]
fn a_file_with_any_byte_overwritten_is_ignored_or_still_sound() {
    let text = text_of(&memory(1));
    for at in 0..text.len() {
        for byte in *b"\0 }\"9\xff" {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = byte;
            for port in read_text(&bytes).unwrap_or_default() {
                assert_eq!(port.check(self::at(10)), Ok(()));
            }
        }
    }
}

#[test]
fn a_file_from_elsewhere_is_ignored() {
    let ours = text_of(&memory(1));
    let Here { boot, network_namespace } = Here::find();
    assert!(boot.len() == 36 && network_namespace != 0, "{boot} {network_namespace}");
    let other_boot = ours.replace(&boot, "00000000-0000-0000-0000-000000000000");
    assert!(matches!(read_text(other_boot.as_bytes()), Err(Unusable::Elsewhere)));
    let other_network = ours.replace(&format!("_namespace\":{network_namespace}"), "_namespace\":77");
    assert!(matches!(read_text(other_network.as_bytes()), Err(Unusable::Elsewhere)));
    for other in [ours.replace("\"version\":1", "\"version\":2"), r#"{"version":2,"all":"else"}"#.to_owned()] {
        assert!(matches!(read_text(other.as_bytes()), Err(Unusable::OtherVersion(2))), "{other}");
    }
    let later = ours.replace("\"last_heard\":2000000", "\"last_heard\":2000000000000");
    assert!(matches!(read_text(later.as_bytes()), Err(Unusable::Unsound(_))), "{later}");
}

#[test]
fn a_file_that_others_may_write_is_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE);
    fs::write(&path, text_of(&memory(1))).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o622)).unwrap();
    assert!(matches!(read(&path, &Here::find(), at(10)), Err(Unusable::NotOurs)));
    // A link to it may lead anywhere.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(read(&link, &Here::find(), at(10)), Err(Unusable::Unreadable(_))));
    assert_eq!(read(&path, &Here::find(), at(10)).unwrap().len(), 1);
    fs::create_dir(directory.path().join("folder")).unwrap();
    assert!(matches!(read(&directory.path().join("folder"), &Here::find(), at(10)), Err(Unusable::NotOurs)));
}
