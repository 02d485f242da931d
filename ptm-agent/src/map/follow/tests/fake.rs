//! Agents of all kinds, as far as one can tell them apart by HTTP.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::api::Topology;
use crate::map::fixtures::{account, answer, port_event};
use crate::monitor::Reason;

/// What an agent is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Answers, and tells of each change of its port `1`.
    Good,
    /// As good, but says `reset` instead of the first event.
    Restarted,
    /// Takes connections and ends them.
    Dies,
    /// Dies within its answer, which had no length.
    DiesWithin,
    /// Dies within its answer, before the end that was promised.
    BreaksOff,
    /// Dies after the head of its event stream.
    DiesAfter,
    /// Takes connections and says nothing.
    HangsBefore,
    /// Hangs within its answer.
    HangsWithin,
    /// Hangs after its answer, before the event stream.
    HangsBeforeEvents,
    /// Hangs in the event stream.
    HangsAfter,
    /// Says each byte of its answer after a while.
    Trickles,
    /// The same in the event stream.
    TricklesEvents,
    NotHttp,
    NotJson,
    /// Its answer has a cursor and nothing else of an agent's.
    NotAnAgent,
    /// Its events are no JSON.
    EventsNotJson,
    /// Its answer has no end.
    EndlessAnswer,
    /// The head of its answer has no end.
    EndlessHead,
    /// A line of its event stream has no end.
    EndlessLine,
    /// Its cursor would be more than one header line.
    EvilCursor,
    OtherPlan,
    OtherNode,
    /// Tells events of another node.
    EventsOfOthers,
    /// Asks for a password.
    Closed,
    /// Says that it has no time.
    Busy,
    /// Says `changed` all the time.
    AlwaysChanged,
    /// Tells events as fast as they are taken.
    Floods,
}

/// Serves at a Unix socket as the agent of `node`, whose port `1` has the verdict in `port`.
pub(super) async fn serve(path: impl AsRef<Path>, node: &'static str, kind: Kind, port: watch::Receiver<Reason>) {
    let listener = UnixListener::bind(path).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let port = port.clone();
        tokio::spawn(async move {
            // Whoever asks may go at any time.
            let _ = one(stream, node, kind, port).await;
        });
    }
}

async fn one(
    mut stream: UnixStream,
    node: &'static str,
    kind: Kind,
    mut port: watch::Receiver<Reason>,
) -> std::io::Result<()> {
    match kind {
        Kind::Dies => return Ok(()),
        Kind::HangsBefore => return forever(stream).await,
        Kind::EndlessHead => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").await?;
            loop {
                stream.write_all(&[b'x'; 1_024]).await?;
            }
        }
        _ => {}
    }
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    match kind {
        Kind::NotHttp => return stream.write_all(b"220 mail.example.net ESMTP\r\n\r\n").await,
        Kind::Closed => return stream.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").await,
        Kind::Busy => {
            let busy = b"HTTP/1.1 503 Service Unavailable\r\n\r\n{\"error\": \"no time\\u202e\"}";
            return stream.write_all(busy).await;
        }
        _ => {}
    }
    let ok = match kind {
        Kind::HangsBeforeEvents if head.contains("/events") => "",
        Kind::BreaksOff => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        _ => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
    };
    stream.write_all(ok.as_bytes()).await?;
    if head.starts_with("GET /api/v1/topology HTTP/1.1\r\n") {
        let json = serde_json::to_vec(&state(node, kind, *port.borrow_and_update())).unwrap();
        return match kind {
            Kind::DiesWithin => stream.write_all(&json[..40]).await,
            Kind::HangsWithin => {
                stream.write_all(&json[..40]).await?;
                forever(stream).await
            }
            Kind::BreaksOff => stream.write_all(b"400\r\n{").await,
            Kind::Trickles => trickle(stream, &json).await,
            Kind::NotJson => stream.write_all(b"<script>alert(1)</script>").await,
            Kind::NotAnAgent => stream.write_all(b"{\"cursor\": \"1-0\"}").await,
            Kind::EndlessAnswer => loop {
                stream.write_all(&[b' '; 1_024]).await?;
            },
            _ => stream.write_all(&json).await,
        };
    }
    assert!(head.starts_with("GET /api/v1/events?after=1-0 HTTP/1.1\r\n"), "{head}");
    match kind {
        Kind::DiesAfter => Ok(()),
        Kind::HangsAfter | Kind::HangsBeforeEvents => forever(stream).await,
        Kind::TricklesEvents => trickle(stream, &[b':'; 1_000]).await,
        Kind::EventsNotJson => say(&mut stream, "port", "{").await,
        Kind::EndlessLine => loop {
            stream.write_all(&[b'x'; 1_024]).await?;
        },
        Kind::EventsOfOthers => tell(&mut stream, "good", Reason::WrongNode).await,
        Kind::AlwaysChanged => say(&mut stream, "changed", "{}").await,
        Kind::Floods => loop {
            tell(&mut stream, node, Reason::Left).await?;
            tell(&mut stream, node, Reason::Match).await?;
        },
        Kind::Restarted if *port.borrow() == Reason::Match => {
            port.changed().await.unwrap();
            say(&mut stream, "reset", "{}").await
        }
        _ => loop {
            tokio::select! {
                changed = port.changed() => {
                    // Killed: its connections end with it.
                    if changed.is_err() {
                        return Ok(());
                    }
                    let reason = *port.borrow_and_update();
                    tell(&mut stream, node, reason).await?;
                }
                () = sleep(Duration::from_millis(100)) => say(&mut stream, "alive", "{}").await?,
            }
        },
    }
}

fn state(node: &str, kind: Kind, reason: Reason) -> Topology {
    let mut state = answer(if kind == Kind::OtherNode { "another" } else { node }, &[("1", reason)]);
    match kind {
        Kind::OtherPlan => state.plan = account("another"),
        Kind::EvilCursor => "1-0 HTTP/1.1\r\nX: y".clone_into(&mut state.cursor),
        _ => {}
    }
    state
}

async fn tell(stream: &mut UnixStream, node: &str, reason: Reason) -> std::io::Result<()> {
    let event = port_event(node, "1", Some(reason));
    say(stream, "port", &serde_json::to_string(&event).unwrap()).await
}

async fn say(stream: &mut UnixStream, event: &str, data: &str) -> std::io::Result<()> {
    stream.write_all(format!("event: {event}\ndata: {data}\n\n").as_bytes()).await
}

async fn trickle(mut stream: UnixStream, bytes: &[u8]) -> std::io::Result<()> {
    for &byte in bytes {
        stream.write_u8(byte).await?;
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

async fn forever(mut stream: UnixStream) -> std::io::Result<()> {
    // Until the other side goes.
    while stream.read(&mut [0; 1_024]).await? > 0 {}
    Ok(())
}
