//! From a command and the rows to the bytes of its answer; from a change to those of a notification.
//!
//! Pure.

mod plan;

use std::sync::Arc;

pub use self::plan::ReloadFailed;
use super::codec::{self, Kind};
use super::column;
use super::record::{Cleaning, NOTHING, Record};
use super::refusal::Refusal;
use super::request::{About, Command, GetStatus, Request};
use super::rows::{Change, NeighborRow, PortRow};
use crate::words;

/// The daemon's name in its messages' headers.
const SENDER: &str = "ptm";

/// The longest run of messages written at once, bytes.
///
/// One write to a stream socket of at most half the send buffer becomes one buffer of the kernel, all or nothing
/// (`unix_stream_sendmsg`; the default send buffer is 208 KiB). So no message is ever torn, which a client that waits
/// 20 ms for the rest of one relies on, and a big answer still needs few writes.
const LONGEST_RUN: usize = 32 * 1024;

/// Whole messages, ready to be written: each piece in one go.
#[derive(Debug, Default)]
pub struct Answer {
    pieces: Vec<Arc<[u8]>>,
    open: Vec<u8>,
}

impl Answer {
    /// The answer to `command`. Only the rows that it asks for are taken from the iterators; both give theirs in the
    /// order in which they are to be shown.
    pub fn new(
        command: &Command,
        ports: impl IntoIterator<Item = PortRow>,
        neighbors: impl IntoIterator<Item = NeighborRow>,
    ) -> Self {
        Self::with_plan_error(command, ports, neighbors, None)
    }

    /// The same, while the topology file can't be used and the plan from before holds: what is wrong with it, for who
    /// asked for an end and our columns.
    pub fn with_plan_error(
        command: &Command,
        ports: impl IntoIterator<Item = PortRow>,
        neighbors: impl IntoIterator<Item = NeighborRow>,
        plan_error: Option<&str>,
    ) -> Self {
        let asked = match &command.request {
            Request::GetStatus(asked) => asked,
            Request::Bfd => return Self::refusal(command, &Refusal::NoBfd),
            // The first two have answers of their own; an owner that knows no plan has none.
            Request::Reload | Request::GetPlan | Request::Unknown => {
                return Self::refusal(command, &Refusal::Unsupported);
            }
        };
        let wanted = |port: &str| asked.port.as_deref().is_none_or(|only| only == port);
        match asked.about {
            About::Ports => {
                let rows = ports.into_iter().filter(|row| wanted(&row.port) && (row.planned || asked.more));
                Self::of_rows(command, asked, rows.map(|row| row.record(asked)), &Refusal::NoPorts, plan_error)
            }
            About::Neighbors => {
                let rows = neighbors.into_iter().filter(|row| wanted(&row.port));
                Self::of_rows(command, asked, rows.map(|row| row.record(asked)), &Refusal::NoNeighbors, plan_error)
            }
            About::BfdSessions => Self::refusal(command, &Refusal::NoBfdSessions),
        }
    }

    /// The answer that says why there is none.
    pub fn refusal(command: &Command, why: &Refusal) -> Self {
        let mut answer = Self::default();
        answer.close(command, "fail", &why.to_string());
        answer.finished()
    }

    /// The answer to what could not be read as a command.
    pub(super) fn to_malformed(cmdid: u16, why: &Refusal) -> Self {
        let record = Record::new().with(column::CMD_STATUS, "fail").with(column::CMD_EXT_STATUS, why.to_string());
        let mut answer = Self::default();
        answer.message(cmdid, &record);
        answer.finished()
    }

    fn of_rows(
        command: &Command,
        asked: &GetStatus,
        rows: impl Iterator<Item = Record>,
        none: &Refusal,
        plan_error: Option<&str>,
    ) -> Self {
        let mut answer = Self::default();
        let mut count = 0_usize;
        for row in rows {
            answer.message(command.cmdid, &row);
            count += 1;
        }
        let (status, sentence) = match (count, &asked.port) {
            (0, Some(port)) if asked.about == About::Ports => ("fail", Refusal::UnknownPort(port.clone()).to_string()),
            (0, _) => ("fail", none.to_string()),
            (_, _) if !asked.end => return answer.finished(),
            (_, _) => ("pass", words::count(count, "row")),
        };
        let end = closing(command, status, &sentence);
        let end = if asked.end && asked.more { ours(end, plan_error) } else { end };
        answer.message(command.cmdid, &end);
        answer.finished()
    }

    fn close(&mut self, command: &Command, status: &str, sentence: &str) {
        self.message(command.cmdid, &closing(command, status, sentence));
    }

    fn message(&mut self, cmdid: u16, record: &Record) {
        let body = record.encode();
        if self.open.len() + codec::HEADER_LEN + body.len() > LONGEST_RUN {
            self.end_piece();
        }
        codec::encode(&mut self.open, Kind::Response, cmdid, SENDER, &body);
    }

    fn end_piece(&mut self) {
        if !self.open.is_empty() {
            self.pieces.push(std::mem::take(&mut self.open).into());
        }
    }

    fn finished(mut self) -> Self {
        self.end_piece();
        self
    }

    /// The pieces, in order.
    pub fn into_pieces(self) -> Vec<Arc<[u8]>> {
        self.pieces
    }
}

/// Success or failure, in the protocol's form: the command's own columns, and two more.
fn closing(command: &Command, status: &str, sentence: &str) -> Record {
    command.asked.clone().with(column::CMD_STATUS, status).with(column::CMD_EXT_STATUS, sentence)
}

/// The same for readers of our own, with what is wrong with the topology file.
fn ours(closing: Record, plan_error: Option<&str>) -> Record {
    closing.with(column::PLAN_ERROR, plan_error.unwrap_or(NOTHING)).cleaned_by(Cleaning::Escape)
}

/// The notification of a change, for a client that knows our columns (`more`) or for any other; `None`: that client
/// gets none.
pub(super) fn notification(change: &Change, more: bool) -> Option<Arc<[u8]>> {
    let mut message = Vec::new();
    codec::encode(&mut message, Kind::Notification, 0, SENDER, &change.record(more)?.encode());
    Some(message.into())
}

#[cfg(test)]
mod tests;
