//! `ptmctl`: asks the agent over the control socket and shows what it says.
//!
//! Blocking, without a runtime: it has one connection and nothing else to do. It speaks the protocol that everybody
//! speaks, so it also works against an original ptmd, which tells less. What it prints is escaped here, whoever sent
//! it.

pub mod args;

mod check;
mod colour;
mod connection;
mod explain;
mod json;
mod listen;
mod plan;
mod reload;
mod screen;
mod table;
mod tally;
mod view;
mod watch;

use std::io::{self, Write};

use self::args::{Args, Showing, Verb};
pub use self::colour::{Terminal, When};
use self::connection::Connection;
use self::view::View;
use self::watch::Watch;
use crate::control::column;
use crate::control::record::Record;
use crate::escape::shown;

/// Why `ptmctl` could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody listens on the socket.
    #[error(
        "no agent runs in this network namespace; `systemctl status ptm-agent` says why, \
         `systemctl start ptm-agent` starts it"
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
    /// The port is not among those that were listed.
    #[error("there is no port `{}`; `ptmctl` lists those that are known", shown(.0))]
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

/// Does what `args` ask for against the control socket called `socket`, printing to `out`, which is a `terminal` or
/// not. Returns the exit code.
pub fn run(args: &Args, socket: &str, terminal: Terminal, out: &mut dyn Write) -> Result<u8, Failure> {
    let show = |view, showing, out| show(view, showing, args.json, socket, terminal, out);
    match &args.verb {
        Some(Verb::Check { file }) => check::check(file, terminal.paint, out),
        Some(Verb::Explain { port, showing }) => show(View::Port(port), *showing, out),
        Some(Verb::Plan) => plan::plan(&mut Connection::open(socket)?, args.json, out),
        Some(Verb::Reload) => reload::reload(&mut Connection::open(socket)?, args.json, out),
        None if args.listen => match listen::listen(&mut Connection::open(socket)?, args.json, terminal.paint, out)? {},
        None if args.lldp => show(View::Neighbors { detail: args.detail }, args.showing, out),
        None if args.bfd => show(View::Sessions, args.showing, out),
        None => show(View::Ports { detail: args.detail }, args.showing, out),
    }
}

fn show(
    view: View<'_>,
    Showing { watch, exit_code }: Showing,
    json: bool,
    socket: &str,
    terminal: Terminal,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    if let Some(every) = watch {
        match Watch::new(view, every, socket, terminal, out).run()? {}
    }
    let picture = match view.ask(&mut Connection::open(socket)?) {
        // Scripts that read the original's JSON find a refusal there.
        Err(Failure::Refused(why)) if json && !matches!(view, View::Port(_)) => {
            print(out, &json::rows(std::slice::from_ref(&why)))?;
            return Err(Failure::Refused(why));
        }
        picture => picture?,
    };
    let verdict = u8::from(exit_code && !picture.is_good());
    if json {
        // Not among the rows, where a program would look for ports.
        let _ = io::stderr().write_all(picture.warning().as_bytes());
    }
    conclude(out, &if json { picture.json() } else { picture.text(terminal.paint) }, verdict)
}

/// Prints what there is to say and returns the exit code, which stays what it is if whoever reads has seen enough.
fn conclude(out: &mut dyn Write, text: &str, code: u8) -> Result<u8, Failure> {
    match print(out, text) {
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(code),
        printed => printed.map(|_| code),
    }
}

fn print(out: &mut dyn Write, text: &str) -> Result<u8, Failure> {
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Output)?;
    Ok(0)
}

#[cfg(test)]
mod tests;
