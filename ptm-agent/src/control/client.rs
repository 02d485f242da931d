//! One connected client: its bytes in, its outbox out. The owner of the `Control` and the client's own task share it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::{fmt, io};

use tokio::net::UnixStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::Answer;
use super::codec::{Decoder, Incoming, Kind};
use super::peer::Peer;
use super::refusal::Refusal;
use super::request::Command;
use super::server::{ClientId, Limits};

/// A client, shared by its task and the owner of the `Control`.
#[derive(Debug)]
pub(super) struct Client {
    id: ClientId,
    /// Who it is.
    pub(super) peer: Peer,
    stream: UnixStream,
    limits: Limits,
    /// Counts malformed messages of all clients.
    malformed: Arc<AtomicU64>,
    outbox: Mutex<Outbox>,
    /// Something is in the outbox that could not be written at once.
    left_over: Notify,
    /// The outbox may have been emptied of answers.
    answered: Notify,
}

/// What still has to be written.
#[derive(Debug, Default)]
struct Outbox {
    pieces: VecDeque<Piece>,
    /// Bytes of the first piece that are written already.
    written: usize,
    /// Bytes written since it connected.
    taken: u64,
    /// Notifications among the pieces.
    announced: usize,
    /// Pieces of answers among the pieces.
    answers: usize,
    /// A command is with the owner, who has not answered it yet.
    owed: bool,
}

#[derive(Debug)]
struct Piece {
    bytes: Arc<[u8]>,
    is_answer: bool,
}

/// Why a client is no longer served.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ending {
    /// It closed the connection.
    #[error("left")]
    Left,
    /// It sent what can't be read on.
    #[error("sent what is no message")]
    Malformed,
    /// It began a message and did not go on.
    #[error("left a message unfinished")]
    Unfinished,
    /// It let its notifications pile up, or took nothing of an answer for too long.
    #[error("does not read what it is sent")]
    Slow,
    /// The connection broke.
    #[error("connection broken: {0}")]
    Broken(#[from] io::Error),
}

impl Client {
    pub(super) fn new(id: ClientId, peer: Peer, stream: UnixStream, limits: Limits, malformed: Arc<AtomicU64>) -> Self {
        let (outbox, left_over, answered) = Default::default();
        Self { id, peer, stream, limits, malformed, outbox, left_over, answered }
    }

    /// Puts an answer into the outbox and writes what can be written. Its length has no bound of its own: a client has
    /// at most one answer in the outbox, because its next command is not read before.
    pub(super) fn answer(&self, answer: Answer) -> io::Result<()> {
        let mut outbox = self.outbox();
        for bytes in answer.into_pieces() {
            outbox.answers += 1;
            outbox.pieces.push_back(Piece { bytes, is_answer: true });
        }
        outbox.owed = false;
        self.write(outbox)
    }

    /// Puts a notification into the outbox and writes what can be written.
    pub(super) fn announce(&self, bytes: &Arc<[u8]>) -> Result<(), Ending> {
        let mut outbox = self.outbox();
        if outbox.announced >= self.limits.unread_notifications {
            return Err(Ending::Slow);
        }
        outbox.announced += 1;
        outbox.pieces.push_back(Piece { bytes: Arc::clone(bytes), is_answer: false });
        Ok(self.write(outbox)?)
    }

    /// Writes the outbox as far as the socket takes it, in the caller's time: for a client that reads, that is all,
    /// and saves it the way over its task.
    fn write(&self, mut outbox: MutexGuard<'_, Outbox>) -> io::Result<()> {
        while let Some(piece) = outbox.pieces.front() {
            match self.stream.try_write(&piece.bytes[outbox.written..]) {
                Ok(written) => outbox.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.left_over.notify_one();
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        if outbox.is_answered() {
            self.answered.notify_one();
        }
        Ok(())
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().expect("nobody panics with the outbox locked")
    }

    /// Serves the client until it ends.
    pub(super) async fn serve(&self, commands: mpsc::Sender<(ClientId, Command)>) -> Ending {
        let Err(ending) = tokio::select! {
            ended = self.read_in(commands) => ended,
            ended = self.write_out() => ended,
        };
        ending
    }

    /// Writes what [`Client::write`] had to leave.
    async fn write_out(&self) -> Result<Infallible, Ending> {
        loop {
            self.left_over.notified().await;
            while !self.outbox().pieces.is_empty() {
                self.stream.writable().await?;
                self.write(self.outbox())?;
            }
        }
    }

    /// Reads commands and hands them to the owner, one at a time: the next is read when the answer to the last is
    /// written. So what a client can make the agent hold is bounded, and its answers come in the order of its
    /// commands, whoever gives them.
    async fn read_in(&self, commands: mpsc::Sender<(ClientId, Command)>) -> Result<Infallible, Ending> {
        let mut decoder = Decoder::new(self.limits.body);
        let mut unfinished_at = None;
        loop {
            let (cmdid, command) = match decoder.decode() {
                Ok(None) => {
                    // A client that closed its sending half and still wants its answer has it by now.
                    self.read_some(&mut decoder, &mut unfinished_at).await?;
                    continue;
                }
                Ok(Some(incoming)) => understand(&incoming, self.limits.body),
                Err(desync) => {
                    self.refuse(0, &desync.into())?;
                    self.settled().await?;
                    return Err(Ending::Malformed);
                }
            };
            unfinished_at = None;
            match command {
                Ok(Some(command)) => {
                    self.outbox().owed = true;
                    // An error means that the owner is gone, and this task is about to be.
                    let _ = commands.send((self.id, command)).await;
                }
                Ok(None) => self.count_malformed("not a command"),
                Err(refusal) => self.refuse(cmdid, &refusal)?,
            }
            self.settled().await?;
        }
    }

    /// Answers what could not be read as a command.
    fn refuse(&self, cmdid: u16, why: &Refusal) -> io::Result<()> {
        self.count_malformed(why);
        self.answer(Answer::to_malformed(cmdid, why))
    }

    fn count_malformed(&self, why: impl fmt::Display) {
        self.malformed.fetch_add(1, Ordering::Relaxed);
        // Whoever sends nonsense all day is not to fill the log with it.
        tracing::debug!(client = %self.id, peer = %self.peer, "control client sent what is no command: {why}");
    }

    /// Reads what is there, or waits for it; but not longer than the client's patience since the first byte of a
    /// message.
    async fn read_some(&self, decoder: &mut Decoder, unfinished_at: &mut Option<Instant>) -> Result<(), Ending> {
        if decoder.is_at_boundary() {
            *unfinished_at = None;
            self.stream.readable().await?;
        } else {
            let since = *unfinished_at.get_or_insert_with(Instant::now);
            timeout_at(since + self.limits.patience, self.stream.readable())
                .await
                .map_err(|_| Ending::Unfinished)??;
        }
        // Not held across the wait: a thousand idle clients need no thousand buffers.
        let mut buffer = [0; 2_048];
        match self.stream.try_read(&mut buffer) {
            Ok(0) => Err(Ending::Left),
            Ok(length) => {
                decoder.push(&buffer[..length]);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until every command is answered and every answer written; but not for a client that takes nothing of its
    /// answer, which may be large and would be kept for it.
    async fn settled(&self) -> Result<(), Ending> {
        let mut before = None;
        loop {
            let taken = {
                let outbox = self.outbox();
                if outbox.is_answered() {
                    return Ok(());
                }
                // None while the owner owes the answer: that is not the client's fault.
                (outbox.answers > 0).then_some(outbox.taken)
            };
            if taken.is_some() && taken == before {
                return Err(Ending::Slow);
            }
            before = taken;
            if timeout(self.limits.patience, self.answered.notified()).await.is_err() {
                // It may have been the agent that did nothing all the while.
                self.write(self.outbox())?;
            }
        }
    }
}

/// What a message asks for, and the number that its answer echoes; `limit` is what a body may have, bytes.
pub(super) fn understand(incoming: &Incoming, limit: usize) -> (u16, Result<Option<Command>, Refusal>) {
    match *incoming {
        Incoming::Message(ref message) => (message.cmdid, Command::read(message)),
        Incoming::TooLong { kind: Kind::Command, cmdid, length } => (cmdid, Err(Refusal::TooLong { length, limit })),
        Incoming::TooLong { cmdid, .. } => (cmdid, Ok(None)),
    }
}

impl Outbox {
    fn is_answered(&self) -> bool {
        !self.owed && self.answers == 0
    }

    /// Takes note that `written` further bytes of the first piece are out.
    fn advance(&mut self, written: usize) {
        self.taken += written as u64;
        self.written += written;
        let Some(piece) = self.pieces.pop_front_if(|piece| self.written == piece.bytes.len()) else {
            return;
        };
        self.written = 0;
        if piece.is_answer {
            self.answers -= 1;
        } else {
            self.announced -= 1;
        }
    }
}
