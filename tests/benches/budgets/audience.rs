//! Many who are to hear the same events of one agent, each in order and none twice.
//!
//! They are in this process, on one of two cores perhaps, with the kernel's work for them: so frames are sent only so
//! far ahead of the slowest reader. What is measured is the agent, not who is starved by the machine.

use std::cell::RefCell;

use anyhow::{Result, bail, ensure};
use tokio::sync::Notify;

use crate::agents;
use crate::ports::Wires;

/// The neighbor's name in this frame: the one that the plan expects (`None`) and a wrong one by turns, so that each
/// frame turns the verdict; wrong ones bear a number, so that a pair of events that is lost shows too.
pub(crate) fn wrong_name(number: usize) -> Option<String> {
    (number % 2 == 1).then(|| format!("wrong{number}"))
}

/// What all readers together have heard.
pub(crate) struct Audience {
    readers: usize,
    /// Whether this is the event that the frame of this number made.
    check: fn(usize, &[u8]) -> Result<()>,
    heard: RefCell<Heard>,
    news: Notify,
}

#[derive(Default)]
struct Heard {
    /// Each event as its first reader got it, and how many have it.
    events: Vec<(Vec<u8>, usize)>,
    /// So many events every reader has.
    by_all: usize,
    trouble: Option<String>,
}

impl Audience {
    pub(crate) fn new(readers: usize, check: fn(usize, &[u8]) -> Result<()>) -> Self {
        Self { readers, check, heard: RefCell::default(), news: Notify::new() }
    }

    /// Makes so many events, at most `window` ahead of the slowest reader, and waits until everybody has heard them.
    pub(crate) async fn tell(&self, wires: &Wires, events: usize, window: usize) -> Result<()> {
        for number in 0..events {
            self.has_heard((number + 1).saturating_sub(window)).await?;
            wires.send(0, &agents::announcement(0, wrong_name(number).as_deref()))?;
        }
        self.has_heard(events).await
    }

    /// A reader, who has all events before, has got event `number`.
    pub(crate) fn hear(&self, number: usize, body: &[u8]) -> Result<()> {
        let mut heard = self.heard.borrow_mut();
        if number == heard.events.len() {
            (self.check)(number, body)?;
            heard.events.push((body.to_owned(), 0));
        }
        let (event, readers) = &mut heard.events[number];
        ensure!(event == body, "event {number} reads otherwise for another reader");
        *readers += 1;
        if *readers == self.readers {
            heard.by_all = number + 1;
            self.news.notify_one();
        }
        Ok(())
    }

    /// A reader hears no more.
    pub(crate) fn give_up(&self, trouble: &anyhow::Error) {
        self.heard.borrow_mut().trouble.get_or_insert(format!("{trouble:#}"));
        self.news.notify_one();
    }

    /// Events that readers got, each the next one.
    pub(crate) fn heard(&self) -> usize {
        self.heard.borrow().events.iter().map(|(_, readers)| readers).sum()
    }

    /// Waits until every reader has got the first `count` events.
    async fn has_heard(&self, count: usize) -> Result<()> {
        loop {
            {
                let heard = self.heard.borrow();
                if let Some(trouble) = &heard.trouble {
                    bail!("{trouble}");
                }
                if heard.by_all >= count {
                    return Ok(());
                }
            }
            self.news.notified().await;
        }
    }
}
