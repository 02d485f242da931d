//! A port's verdict: a reason, and the status that follows from it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is said of a port: is its cable plugged where the plan says?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The expected neighbor is there.
    Pass,
    /// It is not, or no longer.
    Fail,
    /// Nothing is known, or there is nothing to check.
    NoInfo,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Pass, Self::Fail, Self::NoInfo];

    /// `pass`, `fail` or `no-info`: the spelling of every way out but the control socket's `cbl status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NoInfo => "no-info",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a port has the status it has. The status follows from it, so a verdict is a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The expected neighbor is there.
    Match,
    /// A neighbor, and it is another node.
    WrongNode,
    /// The right node, another of its ports.
    WrongPort,
    /// The neighbor fell silent: its TTL is over.
    AgedOut,
    /// The neighbor said goodbye (an LLDPDU with TTL 0).
    Left,
    /// Somebody was heard, then carrier was lost. Holds until somebody is heard again, or one TTL after carrier is back.
    LinkDown,
    /// The link is up and nobody was ever heard.
    Silent,
    /// The link has no carrier, and nobody was ever heard.
    Down,
    /// The plan names a port that this machine does not have.
    Absent,
    /// The plan gives no far port to check against.
    Unchecked,
    /// A neighbor on a port that the plan does not name.
    Unplanned,
}

impl Reason {
    /// Every reason, in the order of the documentation's table.
    pub const ALL: [Self; 11] = [
        Self::Match,
        Self::WrongNode,
        Self::WrongPort,
        Self::AgedOut,
        Self::Left,
        Self::LinkDown,
        Self::Silent,
        Self::Down,
        Self::Absent,
        Self::Unchecked,
        Self::Unplanned,
    ];

    /// The status that this reason stands for.
    pub const fn status(self) -> Status {
        match self {
            Self::Match => Status::Pass,
            Self::WrongNode | Self::WrongPort | Self::AgedOut | Self::Left | Self::LinkDown => Status::Fail,
            Self::Silent | Self::Down | Self::Absent | Self::Unchecked | Self::Unplanned => Status::NoInfo,
        }
    }

    /// The reason's name, kebab-case, the same at every way out.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::WrongNode => "wrong-node",
            Self::WrongPort => "wrong-port",
            Self::AgedOut => "aged-out",
            Self::Left => "left",
            Self::LinkDown => "link-down",
            Self::Silent => "silent",
            Self::Down => "down",
            Self::Absent => "absent",
            Self::Unchecked => "unchecked",
            Self::Unplanned => "unplanned",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
