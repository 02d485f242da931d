//! Time as the monitor knows it: an argument, never read here.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment on the kernel's boot clock (`CLOCK_BOOTTIME`): nanoseconds since boot, suspended time included.
///
/// The kernel half stamps each frame with it (`bpf_ktime_get_boot_ns`), so capture and timers need no conversion,
/// and a machine that slept knows that its neighbors' TTLs ran on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootTime(u64);

impl BootTime {
    /// The moment `ns` nanoseconds after boot.
    pub const fn from_nanos(ns: u64) -> Self {
        Self(ns)
    }

    /// Nanoseconds since boot.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for BootTime {
    type Output = Self;

    /// Saturates at the end of time, 584 years after boot.
    fn add(self, rhs: Duration) -> Self {
        let ns = u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(ns))
    }
}

/// `ptmctl`'s way to print an age: `5m:59s`, `2h:10m: 5s`, `3d: 2h:10m` (facts: the original's `last upd`).
#[derive(Clone, Copy, Debug)]
pub struct Age(pub Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0.as_secs();
        let (days, hours, minutes, seconds) = (s / 86_400, s / 3_600 % 24, s / 60 % 60, s % 60);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{seconds}s"),
            (0, 0, _) => write!(f, "{minutes}m:{seconds:2}s"),
            (0, _, _) => write!(f, "{hours}h:{minutes:2}m:{seconds:2}s"),
            _ => write!(f, "{days}d:{hours:2}h:{minutes:2}m:{seconds:2}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_reads_as_the_original_prints_it() {
        let cases = [(0, "0s"), (359, "5m:59s"), (7_805, "2h:10m: 5s"), (266_405, "3d: 2h: 0m: 5s")];
        for (seconds, text) in cases {
            assert_eq!(Age(Duration::from_secs(seconds)).to_string(), text);
        }
    }
}
