//! `/api/v1/events`: one reader of the event stream, who has a place in the history and no queue.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::counters::StreamClient;
use super::history::{Cursor, Forgotten, History, Next};

/// A browser that lost the stream connects again after two seconds; it is sent at once, so that the answer's head is
/// not held back either.
const HELLO: &[u8] = b"retry: 2000\n\n";
const CHANGED: &[u8] = b"event: changed\ndata: {}\n\n";
const RESET: &[u8] = b"event: reset\ndata: {}\n\n";
const ALIVE: &[u8] = b"event: alive\ndata: {}\n\n";

/// `alive` is sent when nothing else was for so long. Whoever hears nothing for three times this gives the connection up.
const QUIET: Duration = Duration::from_secs(5);

/// `changed` is sent at most this often.
const BETWEEN_CHANGES: Duration = Duration::from_secs(1);

/// The messages for one reader, from `after` on; `None`: from now on.
pub(super) fn messages(
    history: &Arc<History>,
    after: Option<Result<Cursor, Forgotten>>,
    client: StreamClient,
) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let now = Instant::now();
    let reader = Reader {
        news: history.news(),
        place: after.unwrap_or_else(|| Ok(history.cursor())),
        history: Arc::clone(history),
        next_change: now,
        quiet_until: now,
        greeted: false,
        _client: client,
    };
    unfold(Some(reader), |reader: Option<Reader>| async move {
        let mut reader = reader?;
        let message = reader.next().await;
        // After a reset there is nothing that could follow.
        let more = message != RESET;
        Some((Ok(message), more.then_some(reader)))
    })
}

#[derive(Debug)]
struct Reader {
    history: Arc<History>,
    news: watch::Receiver<()>,
    /// What he has, and how many changes he knows of.
    place: Result<Cursor, Forgotten>,
    /// When he may be told again that something changed.
    next_change: Instant,
    /// When he is told that the server lives, unless something else comes first.
    quiet_until: Instant,
    greeted: bool,
    /// Counted as long as he is there.
    _client: StreamClient,
}

impl Reader {
    async fn next(&mut self) -> Bytes {
        let message = self.wait().await;
        self.quiet_until = Instant::now() + QUIET;
        message
    }

    async fn wait(&mut self) -> Bytes {
        if !self.greeted {
            self.greeted = true;
            return Bytes::from_static(HELLO);
        }
        loop {
            // Before the look, so that what comes after it wakes.
            self.news.mark_unchanged();
            let found = self.place.and_then(|place| Ok((place, self.history.after(place)?)));
            let (place, changes) = match found {
                Ok((place, Next::Event(entry))) => {
                    self.place = Ok(Cursor { changes: place.changes, ..entry.cursor });
                    return entry.message;
                }
                Ok((place, Next::End { changes })) => (place, changes),
                Err(Forgotten) => return Bytes::from_static(RESET),
            };
            let now = Instant::now();
            let change_due = (place.changes != Some(changes)).then_some(self.next_change);
            if change_due.is_some_and(|due| due <= now) {
                self.place = Ok(Cursor { changes: Some(changes), ..place });
                self.next_change = now + BETWEEN_CHANGES;
                return Bytes::from_static(CHANGED);
            }
            if self.quiet_until <= now {
                return Bytes::from_static(ALIVE);
            }
            let wake = change_due.map_or(self.quiet_until, |due| due.min(self.quiet_until));
            tokio::select! {
                // The history, and with it the sender, is held here.
                _ = self.news.changed() => {}
                () = sleep_until(wake) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
