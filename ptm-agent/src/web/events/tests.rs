//! One reader, on a clock that only runs while everybody waits.

use std::pin::{Pin, pin};

use futures_util::StreamExt as _;
use tokio::time::advance;

use super::*;
use crate::web::counters::Counters;
use crate::web::fake::port_event;

type Messages = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>>;

struct Server {
    history: Arc<History>,
    counters: Arc<Counters>,
}

impl Server {
    fn start() -> Self {
        let history = Arc::new(History::new(4));
        let relay = Arc::clone(&history);
        tokio::spawn(async move { relay.relay().await });
        Self { history, counters: Arc::default() }
    }

    /// A reader, who was greeted.
    async fn reader(&self, after: Option<Result<Cursor, Forgotten>>) -> Messages {
        let client = self.counters.stream_client(10).unwrap();
        let mut messages: Messages = Box::pin(messages(&self.history, after, client));
        assert_eq!(next(&mut messages).await.unwrap(), "retry: 2000\n\n");
        messages
    }
}

async fn next(messages: &mut Messages) -> Option<String> {
    messages.next().await.map(|message| String::from_utf8(message.unwrap().to_vec()).unwrap())
}

/// The kind of the next message, and of an event its ID.
async fn next_kind(messages: &mut Messages) -> (String, Option<String>) {
    let message = next(messages).await.unwrap();
    let field = |name: &str| message.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
    assert!(message.ends_with("\n\n") && field("data: ").is_some(), "{message}");
    (field("event: ").unwrap(), field("id: "))
}

#[tokio::test(start_paused = true)]
async fn events_come_in_order_and_the_id_of_one_leads_to_the_next() {
    let server = Server::start();
    let mut messages = server.reader(None).await;
    for number in 1..=3 {
        server.history.push(&port_event(number));
    }
    let (kind, id) = next_kind(&mut messages).await;
    assert_eq!(kind, "port");
    let mut again = server.reader(Some(id.unwrap().parse())).await;
    for messages in [&mut messages, &mut again] {
        assert!(next(messages).await.unwrap().contains("swp2"));
        assert!(next(messages).await.unwrap().contains("swp3"));
    }
    // Whether he heard of all changes before the event is not known.
    assert_eq!(next_kind(&mut again).await, ("changed".to_owned(), None));
}

#[tokio::test(start_paused = true)]
async fn changes_are_told_once_a_second_at_most_and_none_is_missed() {
    let server = Server::start();
    let fetched = server.history.cursor();
    // Between the answer and the connection.
    server.history.changed();
    let mut messages = server.reader(Some(Ok(fetched))).await;
    let start = Instant::now();
    assert_eq!(next_kind(&mut messages).await.0, "changed");
    assert_eq!(start.elapsed(), Duration::ZERO);
    for _ in 0..50 {
        server.history.changed();
    }
    assert_eq!(next_kind(&mut messages).await.0, "changed");
    assert_eq!(start.elapsed().as_millis().div_ceil(10), 100);
    assert_eq!(next_kind(&mut messages).await.0, "alive");
}

#[tokio::test(start_paused = true)]
async fn alive_comes_when_nothing_else_did_for_five_seconds() {
    let server = Server::start();
    let mut messages = server.reader(None).await;
    let start = Instant::now();
    let seconds = |start: Instant| (start.elapsed().as_millis() + 500) / 1_000;
    assert_eq!((next_kind(&mut messages).await.0.as_str(), seconds(start)), ("alive", 5));
    advance(Duration::from_secs(3)).await;
    server.history.push(&port_event(1));
    assert_eq!((next_kind(&mut messages).await.0.as_str(), seconds(start)), ("port", 8));
    assert_eq!((next_kind(&mut messages).await.0.as_str(), seconds(start)), ("alive", 13));
}

#[tokio::test(start_paused = true)]
async fn who_fell_behind_begins_anew() {
    let server = Server::start();
    let mut messages = server.reader(None).await;
    for number in 1..=5 {
        server.history.push(&port_event(number));
    }
    assert_eq!(next_kind(&mut messages).await, ("reset".to_owned(), None));
    assert_eq!(next(&mut messages).await, None);
    let mut unknown = server.reader(Some(Err(Forgotten))).await;
    assert_eq!(next_kind(&mut unknown).await.0, "reset");
    drop((messages, unknown));
    assert_eq!(server.counters.counts().stream_clients, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_pushed_wakes_readers_by_one_call_of_the_relay() {
    let history = Arc::new(History::new(4));
    let mut news = history.news();
    history.push(&port_event(1));
    history.push(&port_event(2));
    assert!(!news.has_changed().unwrap(), "whoever pushes wakes no reader");
    let mut relay = pin!(history.relay());
    assert!(futures_util::poll!(relay.as_mut()).is_pending());
    assert!(news.has_changed().unwrap());
    news.mark_unchanged();
    assert!(futures_util::poll!(relay).is_pending());
    assert!(!news.has_changed().unwrap());
}

#[tokio::test(start_paused = true)]
async fn while_nobody_reads_the_relay_sleeps() {
    let history = History::new(4);
    history.push(&port_event(1));
    history.changed();
    let news = history.news();
    assert!(futures_util::poll!(pin!(history.relay())).is_pending());
    assert!(!news.has_changed().unwrap());
}
