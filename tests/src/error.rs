//! What can go wrong with a fabric, told so that the text alone is enough to act on.

use std::fmt;
use std::io;
use std::time::Duration;

/// Why a fabric could not be built or did not do what was asked of it.
///
/// Its `Debug` is its `Display` with the causes below it: tests unwrap these, and the text has lines to be read.
#[derive(thiserror::Error)]
pub enum FabricError {
    /// A system call or a program's start failed.
    #[error("{machine}: could not {doing}{}", advice(source))]
    System {
        /// The machine on which it happened.
        machine: String,
        /// What was being done, as a verb with its object.
        doing: String,
        /// The kernel's answer.
        #[source]
        source: io::Error,
    },
    /// A program ended with another status than 0.
    #[error("{machine}: `{command}` ended with {status}\n{output}")]
    Failed {
        /// The machine on which it ran.
        machine: String,
        /// The command line.
        command: String,
        /// Its exit status, or that it was killed because it hung.
        status: String,
        /// What it printed on both streams.
        output: String,
    },
    /// Something that was waited for did not come.
    #[error("waited {} s for {what}; last seen: {last}", within.as_secs_f32())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// For how long.
        within: Duration,
        /// Why it was not there at the last look.
        last: String,
    },
    /// [`crate::wait::interrupt`] was called.
    #[error("interrupted")]
    Interrupted,
    /// Graphviz could not read the plan.
    #[error("Graphviz cannot read the plan: {0}")]
    Plan(String),
    /// The plan names a port that no interface can be named after.
    #[error(
        "{node}:{port}: `{port}` cannot be the name of an interface (1 to 15 bytes, no blank, `/` or `:`), so no Linux \
         machine can play this one; try a copy of the plan in which the port has another name"
    )]
    NotAnInterfaceName {
        /// The machine.
        node: String,
        /// Its port.
        port: String,
    },
    /// No such machine in this fabric.
    #[error("no machine `{0}` in this fabric")]
    NoSuchNode(String),
    /// No such port in this fabric, or no cable in it.
    #[error("no port `{0}` in this fabric, or no cable in it")]
    NoSuchPort(String),
    /// A browser could not do what it was told.
    #[error("the browser on {machine} could not `{doing}`: {said}")]
    Browser {
        /// The machine on which it runs.
        machine: String,
        /// What it was told.
        doing: String,
        /// What it said to that.
        said: String,
    },
    /// The map did not start.
    #[error("the map did not start\n{0}")]
    Map(String),
    /// One of our programs is not there.
    #[error("{0} is not there: `cargo build` makes it, `cargo xtask test` and `cargo xtask demo` do so by themselves")]
    NotBuilt(String),
}

impl FabricError {
    /// The error of a system call on `machine`; `doing` is a verb with its object.
    pub(crate) fn system(machine: &str, doing: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::System { machine: machine.into(), doing: doing.into(), source: source.into() }
    }
}

fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => " (a fabric needs root)",
        io::ErrorKind::NotFound => " (`cargo xtask setup` brings the programs that a fabric needs)",
        _ => "",
    }
}

impl fmt::Debug for FabricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
