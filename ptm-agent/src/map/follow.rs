//! Follows one agent: asks for its state, then for its events from there on, again and again.
//!
//! One task an agent, and nothing that two of them wait for but the lock on [`Shared`], which nobody keeps across a
//! wait. Neither one that hangs nor one that floods holds up another: the first has time limits, of the second no more
//! is read than [`Pace`] lets through, and TCP holds the rest back.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::agents::Target;
use super::client::{Answer, Client, Failure, TimeLimits, Whole};
use super::merge::AgentId;
use super::shared::Shared;
use super::sse::{Malformed, Message, Parser};
use crate::api::{PortEvent, Reach};

/// The longest message of an agent's event stream, in bytes. One verdict has a few hundred, all escaped a few thousand.
const LONGEST_MESSAGE: usize = 16 * 1024;

/// How large an agent's state may be: so much, and so much a port of its node. An honest verdict has some 600 bytes, and
/// some 8,000 if the neighbor says nothing that need not be escaped. One that is larger than usual needs a place.
const USUAL_ANSWER: Size = Size { whole: 64 * 1024, port: 1024 };
const LONGEST_ANSWER: Size = Size { whole: 512 * 1024, port: 10 * 1024 };

/// The longest cursor. Ours have some 35 bytes.
const LONGEST_CURSOR: usize = 100;

/// Events that an agent may tell a second for long, and, besides two for each of its ports, at once.
const EVENTS_A_SECOND: f64 = 50.0;
const EVENTS_AT_ONCE: usize = 64;

/// How long things may take, and how soon they are tried again.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Of one request.
    pub limits: TimeLimits,
    /// How long an event stream may be silent. An agent says that it is alive every 5 s.
    pub silence: Duration,
    /// Between two requests for a whole state.
    pub refetch: Duration,
    /// Before the second attempt, doubled with each further one up to the longest; less up to a half, by chance.
    pub first_retry: Duration,
    /// As long as it waits at most.
    pub longest_retry: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            limits: TimeLimits { connect: seconds(5), head: seconds(5), answer: seconds(15) },
            silence: seconds(15),
            refetch: Duration::from_millis(500),
            first_retry: Duration::from_millis(250),
            longest_retry: seconds(15),
        }
    }
}

/// Follows an agent until the task is aborted. `plan` tells that the map's plan is another one.
pub async fn follow(
    shared: Arc<Shared>,
    client: Arc<Client>,
    (id, target): (AgentId, Target),
    times: Times,
    mut plan: watch::Receiver<u64>,
) {
    let mut follower = Follower { shared, client, id, target, times, doubted: false };
    let mut attempt = 0;
    loop {
        plan.mark_unchanged();
        let begun = Instant::now();
        tokio::select! {
            Failure { reach, detail } = follower.session() => follower.shared.lost(id, reach, detail),
            Ok(()) = plan.changed() => continue,
        }
        // One that went well for long enough is no reason to be slow.
        attempt = if begun.elapsed() >= times.longest_retry { 0 } else { attempt + 1 };
        sleep(backoff(attempt, RandomState::new().hash_one(id), times)).await;
    }
}

/// How long to wait before the next attempt; `dice`: chance, that not all try at the same time.
fn backoff(attempt: u32, dice: u64, times: Times) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let whole = times.first_retry.saturating_mul(1 << doublings).min(times.longest_retry);
    let permille = u32::try_from(dice % 500).unwrap_or(0);
    whole * (1_000 - permille) / 1_000
}

struct Follower {
    shared: Arc<Shared>,
    client: Arc<Client>,
    id: AgentId,
    target: Target,
    times: Times,
    /// Its last event stream opened and said nothing. Its state is shown no more before the next one says something:
    /// else it would be up for a while again and again.
    doubted: bool,
}

impl Follower {
    /// Follows the agent as long as nothing is wrong.
    async fn session(&mut self) -> Failure {
        loop {
            let next = Instant::now() + self.times.refetch;
            match self.round().await {
                Ok(()) => sleep_until(next).await,
                Err(failure) => return failure,
            }
        }
    }

    /// Asks for everything, and reads events from there on until the agent gives reason to ask again.
    async fn round(&mut self) -> Result<(), Failure> {
        let (client, address) = (&self.client, &self.target.address);
        let ports = self.shared.ports_of(self.id);
        let lengths = [USUAL_ANSWER, LONGEST_ANSWER].map(|size| size.of(ports));
        let json = client.get_all(address, "/api/v1/topology", lengths).await?;
        let Place { cursor } = serde_json::from_slice(&json.bytes).map_err(|_| not_an_answer())?;
        if !is_cursor(&cursor) {
            return Err(Failure::new(Reach::Invalid, "its answer has no cursor of an agent"));
        }
        let path = format!("/api/v1/events?after={cursor}");
        // An agent is not up before both work.
        let stream = client.get(address, &path, "text/event-stream").await?;
        let mut answer = Some(json);
        if !std::mem::replace(&mut self.doubted, true) {
            self.believe(&mut answer)?;
        }
        self.read(stream, answer, Pace::new(EVENTS_AT_ONCE + 2 * ports)).await
    }

    /// Takes the answer, unless it was taken. Only now are values made of it, and at once what is kept: of a hostile
    /// one they may be many times as large.
    fn believe(&self, answer: &mut Option<Whole>) -> Result<(), Failure> {
        let Some(json) = answer.take() else { return Ok(()) };
        self.shared.answer(self.id, serde_json::from_slice(&json.bytes).map_err(|_| not_an_answer())?)
    }

    async fn read(
        &mut self,
        Answer { mut body, _connection }: Answer,
        mut answer: Option<Whole>,
        mut pace: Pace,
    ) -> Result<(), Failure> {
        let mut parser = Parser::new(LONGEST_MESSAGE);
        let mut deadline = Instant::now() + self.times.silence;
        loop {
            let Ok(frame) = timeout_at(deadline, body.frame()).await else {
                let seconds = self.times.silence.as_secs();
                return Err(Failure::new(Reach::Hanging, format!("it says nothing for {seconds} s")));
            };
            let frame = frame.ok_or_else(|| Failure::new(Reach::Unreachable, "it ended the connection"))?;
            let frame = frame.map_err(|_| Failure::new(Reach::Unreachable, "it broke off"))?;
            let Some(piece) = frame.data_ref() else { continue };
            let mut piece = &piece[..];
            let malformed = |error: Malformed| Failure::new(Reach::Invalid, error.to_string());
            while let Some(message) = parser.next(&mut piece).map_err(malformed)? {
                self.doubted = false;
                self.believe(&mut answer)?;
                if self.take(message, &mut pace).await? {
                    return Ok(());
                }
                // A message counts, not a byte: one that trickles hangs.
                deadline = Instant::now() + self.times.silence;
            }
        }
    }

    /// Takes a message; whether it asks for the whole state to be fetched again.
    async fn take(&self, Message { event, data }: Message, pace: &mut Pace) -> Result<bool, Failure> {
        match event.as_str() {
            "port" => {
                let event: PortEvent = serde_json::from_str(&data).map_err(|_| {
                    Failure::new(Reach::Invalid, "an event of it is not an agent's: no JSON, or another")
                })?;
                sleep(pace.wait(Instant::now())).await;
                self.shared.event(self.id, event)?;
                Ok(false)
            }
            "changed" | "reset" => Ok(true),
            // `alive`, and what a later version may say besides.
            _ => Ok(false),
        }
    }
}

/// Of an answer, in bytes: so many, and so many a port of its node.
#[derive(Clone, Copy)]
struct Size {
    whole: usize,
    port: usize,
}

impl Size {
    const fn of(self, ports: usize) -> usize {
        self.whole + ports * self.port
    }
}

/// Of an answer, what is needed before it is believed.
#[derive(Deserialize)]
struct Place {
    cursor: String,
}

fn not_an_answer() -> Failure {
    Failure::new(Reach::Invalid, "its answer is not an agent's: no JSON, or another")
}

/// It goes into a request: nothing but what ours consist of.
fn is_cursor(text: &str) -> bool {
    let ours = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    !text.is_empty() && text.len() <= LONGEST_CURSOR && text.bytes().all(ours)
}

/// How fast events are taken: a number at once, and then so many a second.
#[derive(Debug)]
struct Pace {
    most: f64,
    tokens: f64,
    last: Option<Instant>,
}

impl Pace {
    fn new(at_once: usize) -> Self {
        let most = u32::try_from(at_once).map_or(f64::MAX, f64::from);
        Self { most, tokens: most, last: None }
    }

    /// Takes one; how long to wait before it counts.
    fn wait(&mut self, now: Instant) -> Duration {
        let passed = self.last.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        self.last = Some(now);
        self.tokens = (self.tokens + passed.as_secs_f64() * EVENTS_A_SECOND).min(self.most) - 1.0;
        if self.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-self.tokens / EVENTS_A_SECOND) }
    }
}

#[cfg(test)]
mod tests;
