//! What a client asks for: the body of a command, understood.
//!
//! Pure. The original's commands and arguments, and three arguments of our own that an original daemon ignores:
//! `end=yes` asks for a message that ends the answer, `more=yes` for our columns (and values percent-encoded where the
//! original replaces), `port=NAME` for one port only. Two commands are ours, `reload` and `get-plan`; an original daemon
//! says `Command Unsupported` to them. Their answers always have an end, and values percent-encoded.

use super::codec::{Kind, Message};
use super::record::Record;
use super::refusal::Refusal;

/// Commands that concern BFD sessions, which this agent does not run.
const BFD_COMMANDS: [&str; 5] =
    ["start-bfd-sess", "stop-bfd-sess", "reg-bfd-client", "dereg-bfd-client", "get-bfd-client"];

/// A command as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What it asks for.
    pub request: Request,
    /// To be echoed in the answer's header.
    pub(super) cmdid: u16,
    /// The command's own columns and values, which an answer of success or failure repeats.
    pub(super) asked: Record,
}

/// What a command asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `get-status`.
    GetStatus(GetStatus),
    /// One of the BFD commands: known, and refused.
    Bfd,
    /// `reload`: reads the topology file again.
    Reload,
    /// `get-plan`: how the plan stands.
    GetPlan,
    /// Anything else.
    Unknown,
}

/// The arguments of `get-status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetStatus {
    /// `module`: about what.
    pub about: About,
    /// `detail=yes`: the original's further columns.
    pub detail: bool,
    /// `more=yes`: our own columns as well, and ports that the plan does not name. From then on the client gets them
    /// with its notifications too, and a notification for each change of reason, not of cable status alone.
    pub more: bool,
    /// `end=yes`: a message with `cmd_status=pass` ends the answer, so that nobody has to wait for silence.
    pub end: bool,
    /// `port=NAME`: only this port.
    pub port: Option<String>,
}

/// What `get-status` tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// No `module`, or one that the original does not know either: the ports.
    Ports,
    /// `module=lldp`: the neighbors.
    Neighbors,
    /// `module=bfd`: BFD sessions, of which there are none.
    BfdSessions,
}

impl Command {
    /// Reads a client's message. `Ok(None)` is a message that is no command: it is dropped without an answer, because
    /// an answer to an answer could go back and forth for ever.
    pub fn read(message: &Message) -> Result<Option<Self>, Refusal> {
        if message.kind != Kind::Command {
            return Ok(None);
        }
        let body = str::from_utf8(&message.body).map_err(|_| Refusal::NotText)?;
        let asked = Record::read_all(body).into_iter().next().ok_or(Refusal::NoCommand)?;
        let request = match asked.get("cmd").ok_or(Refusal::NoCommand)? {
            "get-status" => Request::GetStatus(GetStatus::read(&asked)),
            "reload" => Request::Reload,
            "get-plan" => Request::GetPlan,
            command if BFD_COMMANDS.contains(&command) => Request::Bfd,
            _ => Request::Unknown,
        };
        Ok(Some(Self { request, cmdid: message.cmdid, asked }))
    }

    /// Whether the command is one of the protocol's; a client that sent one gets notifications.
    pub fn is_known(&self) -> bool {
        self.request != Request::Unknown
    }
}

impl GetStatus {
    fn read(asked: &Record) -> Self {
        let yes = |argument| asked.get(argument).is_some_and(|value| value.eq_ignore_ascii_case("yes"));
        let about = match asked.get("module").map(str::to_ascii_lowercase).as_deref() {
            Some("lldp") => About::Neighbors,
            Some("bfd") => About::BfdSessions,
            _ => About::Ports,
        };
        let port = asked.known("port").map(str::to_owned);
        Self { about, detail: yes("detail"), more: yes("more"), end: yes("end"), port }
    }
}

#[cfg(test)]
mod tests;
