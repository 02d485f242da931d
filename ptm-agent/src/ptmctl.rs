//! `ptmctl`: asks the agent over the control socket and shows what it says.
//!
//! Blocking, without a runtime: it has one connection and nothing else to do. It speaks the protocol that everybody
//! speaks, so it also works against an original ptmd, which tells less. What it prints is escaped here, whoever sent
//! it.

pub mod args;

mod check;
mod connection;
mod explain;
mod json;
mod listen;
mod plan;
mod reload;
mod table;

use std::io::{self, Write};

use self::args::{Args, Verb};
use self::connection::Connection;
use crate::control::column;
use crate::control::record::Record;
use crate::escape::shown;

/// Why `ptmctl` could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody listens on the socket.
    #[error(
        "no agent runs in this network namespace; start it with `systemctl start ptm-agent`, \
         or see it at work with `cargo xtask demo`"
    )]
    NoAgent,
    /// The agent ended, or disconnected us.
    #[error("the agent closed the connection: it was stopped or restarted; ask again")]
    Gone,
    /// Somebody listens, and says nothing.
    #[error("the agent does not answer: it hangs or is overloaded; see `journalctl -u ptm-agent`")]
    Silent,
    /// The answer began, and its end never came.
    #[error("the agent stopped in the middle of its answer; see `journalctl -u ptm-agent`")]
    CutOff,
    /// What comes is not the protocol.
    #[error("what answers on the control socket does not speak the PTM protocol: {0}")]
    Desync(#[from] crate::control::codec::Desync),
    /// The connection broke.
    #[error("the connection to the agent broke: {0}")]
    Broken(#[source] io::Error),
    /// The agent says why it can't answer.
    #[error("{}", shown(.0.get(column::CMD_EXT_STATUS).unwrap_or("the agent refused, without a reason")))]
    Refused(Box<Record>),
    /// The daemon does not know a command of ours.
    #[error(
        "the daemon knows no `{0}`: it is an original ptmd, or an older ptm-agent; \
         to have it read its topology file again, send it SIGUSR1 (`pkill -USR1 -x ptmd`)"
    )]
    Unsupported(&'static str),
    /// The port is not among those that an old daemon listed.
    #[error("the daemon knows no port {}", shown(.0))]
    NoPort(String),
    /// The plan to be checked can't be read.
    #[error("cannot read {file}: {source}")]
    Unreadable {
        /// As given.
        file: String,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// Standard output does not take what is printed.
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
}

impl Failure {
    /// The exit code: 2 for no answer, 1 for an answer that says no.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) | Self::Unsupported(_) | Self::NoPort(_) | Self::Unreadable { .. } | Self::Output(_) => 1,
            Self::NoAgent | Self::Gone | Self::Silent | Self::CutOff | Self::Desync(_) | Self::Broken(_) => 2,
        }
    }
}

/// Does what `args` ask for against the control socket called `socket`, printing to `out`. Returns the exit code.
pub fn run(args: &Args, socket: &str, out: &mut dyn Write) -> Result<u8, Failure> {
    match &args.verb {
        Some(Verb::Check { file }) => check::check(file, out),
        Some(Verb::Explain { port }) => {
            let mut connection = Connection::open(socket)?;
            let (row, neighbors) = explain::ask(&mut connection, port)?;
            let text = if args.json { json::explained(&row, &neighbors) } else { explain::explain(&row, &neighbors) };
            print(out, &text)
        }
        Some(Verb::Plan) => plan::plan(&mut Connection::open(socket)?, args.json, out),
        Some(Verb::Reload) => reload::reload(&mut Connection::open(socket)?, args.json, out),
        None if args.listen => match listen::listen(&mut Connection::open(socket)?, args.json, out)? {},
        None => {
            let module = if args.lldp { "lldp" } else { "" };
            let mut connection = Connection::open(socket)?;
            let rows = match connection.get_status(module, None) {
                // Scripts that read the original's JSON find a refusal there.
                Err(Failure::Refused(why)) if args.json => {
                    print(out, &json::rows(std::slice::from_ref(&why)))?;
                    return Err(Failure::Refused(why));
                }
                rows => rows?,
            };
            let text = match (args.json, args.lldp) {
                (true, _) => json::rows(&rows),
                (false, true) => table::neighbors(&rows, args.detail),
                (false, false) => table::ports(&rows, args.detail),
            };
            let plan_error = connection.plan_error().map(plan::warning).unwrap_or_default();
            if args.json {
                // Not among the rows, where a program would look for ports.
                let _ = io::stderr().write_all(plan_error.as_bytes());
                return print(out, &text);
            }
            let gap = if plan_error.is_empty() { "" } else { "\n" };
            print(out, &(text + gap + &plan_error))
        }
    }
}

fn print(out: &mut dyn Write, text: &str) -> Result<u8, Failure> {
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Output)?;
    Ok(0)
}

#[cfg(test)]
mod tests;
