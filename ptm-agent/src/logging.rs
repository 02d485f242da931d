//! The agent's log: standard error, one line an entry, fit for the journal.

use std::error::Error;
use std::io::{self, IsTerminal};
use std::iter;
use std::str::FromStr;

use tracing_subscriber::filter::LevelFilter;

/// How much to log. ptmd's level names are taken besides tracing's, in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(LevelFilter);

/// A level name that is neither ptmd's nor tracing's.
#[derive(Debug, thiserror::Error)]
#[error("unknown log level `{0}`: use one of CRIT, ERR, WARN, INFO, DEBUG, TRACE or OFF")]
pub struct UnknownLevel(String);

impl Level {
    /// Whether debugging messages are wanted.
    pub fn is_debug(self) -> bool {
        self.0 >= LevelFilter::DEBUG
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, UnknownLevel> {
        let filter = match name.to_ascii_uppercase().as_str() {
            "OFF" => LevelFilter::OFF,
            // tracing has nothing above an error.
            "CRIT" | "ERR" | "ERROR" => LevelFilter::ERROR,
            "WARN" | "WARNING" => LevelFilter::WARN,
            "INFO" => LevelFilter::INFO,
            "DEBUG" => LevelFilter::DEBUG,
            "TRACE" => LevelFilter::TRACE,
            _ => return Err(UnknownLevel(name.to_owned())),
        };
        Ok(Self(filter))
    }
}

/// An error and its causes in one line.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Starts logging to standard error: without time stamps under systemd, whose journal has its own, and in colour on a
/// terminal only.
pub fn start(Level(filter): Level) {
    let log = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(filter)
        .with_target(false)
        .with_ansi(io::stderr().is_terminal());
    if std::env::var_os("JOURNAL_STREAM").is_some() {
        log.without_time().init();
    } else {
        log.init();
    }
}

#[cfg(test)]
pub(crate) mod captured;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ptmd_level_names_are_taken() {
        let cases = [
            ("CRIT", LevelFilter::ERROR),
            ("err", LevelFilter::ERROR),
            ("WARN", LevelFilter::WARN),
            ("Info", LevelFilter::INFO),
            ("DEBUG", LevelFilter::DEBUG),
        ];
        for (name, filter) in cases {
            assert_eq!(name.parse::<Level>().expect("known"), Level(filter), "{name}");
        }
        let error = "loud".parse::<Level>().expect_err("unknown").to_string();
        assert_eq!(error, "unknown log level `loud`: use one of CRIT, ERR, WARN, INFO, DEBUG, TRACE or OFF");
    }
}
