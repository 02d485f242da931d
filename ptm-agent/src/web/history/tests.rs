//! The history against a plain list of everything that ever happened.

use proptest::prelude::*;

use super::*;
use crate::web::fake::port_event;

fn number(entry: &Entry) -> u64 {
    entry.cursor.number
}

proptest! {
    /// Readers who read at times of their own get every event once and in order, or are told that they can't.
    #[test]
    fn every_reader_gets_every_event_once_or_hears_of_the_gap(
        capacity in 1_usize..8,
        steps in prop::collection::vec((0_usize..4, 0_usize..3), 1..200),
    ) {
        let history = History::new(capacity);
        let mut pushed = 0_u64;
        let mut readers = [history.cursor(); 3];
        let mut read = [0_u64; 3];
        for (what, who) in steps {
            match what {
                0 | 1 => {
                    pushed += 1;
                    history.push(&port_event(usize::try_from(pushed).unwrap()));
                }
                2 => history.changed(),
                _ => {
                    let kept = pushed.saturating_sub(capacity as u64);
                    match history.after(readers[who]) {
                        Ok(Next::Event(entry)) => {
                            prop_assert_eq!(number(&entry), read[who] + 1);
                            let port = format!("\"port\":\"swp{}\"", read[who] + 1);
                            prop_assert!(str::from_utf8(&entry.message).unwrap().contains(&port));
                            (readers[who], read[who]) = (entry.cursor, number(&entry));
                        }
                        Ok(Next::End { .. }) => prop_assert_eq!(read[who], pushed),
                        Err(Forgotten) => {
                            prop_assert!(read[who] < kept, "read {} of {}, from {} on is kept", read[who], pushed, kept);
                            (readers[who], read[who]) = (history.cursor(), pushed);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_cursor_reads_as_it_is_written(instance: u64, number: u64, changes: Option<u64>) {
        let cursor = Cursor { instance, number, changes };
        prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
}

#[test]
fn what_is_no_place_of_this_history_is_forgotten() {
    let history = History::new(8);
    history.push(&port_event(1));
    let here = history.cursor();
    for elsewhere in [
        Cursor { instance: here.instance + 1, ..here },
        Cursor { number: 2, ..here },
        Cursor { changes: Some(1), ..here },
    ] {
        assert_eq!(history.after(elsewhere), Err(Forgotten), "{elsewhere}");
    }
    assert_eq!(history.after(here), Ok(Next::End { changes: 0 }));
    for text in ["", "-", "1", "1-", "x-1", "1-2-", "1-2-3-4", "1-99999999999999999"] {
        assert_eq!(text.parse::<Cursor>(), Err(Forgotten), "{text}");
    }
}

#[test]
fn from_the_oldest_place_on_everything_that_is_kept_can_be_had() {
    let history = History::new(4);
    assert_eq!((history.oldest(), history.after(history.oldest())), (history.cursor(), Ok(Next::End { changes: 0 })));
    for number in 1..=6 {
        history.push(&port_event(number));
    }
    history.changed();
    let Ok(Next::Event(first)) = history.after(history.oldest()) else { panic!("nothing behind {}", history.oldest()) };
    assert_eq!(number(&first), 3);
    // Who has the state of now is not told that something else changed.
    assert_eq!(history.oldest().changes, history.cursor().changes);
}

#[test]
fn long_events_push_others_out() {
    let history = History::new(1_000);
    let start = history.cursor();
    let mut event = port_event(1);
    if let Event::Port(event) = &mut event {
        event.node = "n".repeat(KEPT_BYTES / 10);
    }
    for _ in 0..9 {
        history.push(&event);
    }
    assert!(history.after(start).is_ok());
    history.push(&event);
    assert_eq!(history.after(start), Err(Forgotten));
    assert!(history.state().bytes <= KEPT_BYTES);
}
