//! How many lines of the log clients may cause: as the kernel limits its own (`printk_ratelimit`).
//!
//! Pure. Whoever may connect can be refused in a loop, some ten thousand times a second. journald takes 10,000 lines in
//! 30 seconds from a service and then drops what comes, of the cabling too.

use std::time::Duration;

use tokio::time::Instant;

/// Lets so many lines through in so long, and counts the others.
#[derive(Debug)]
pub(crate) struct RateLimit {
    burst: u32,
    interval: Duration,
    /// When the present interval began: with the first line after the one before.
    began: Option<Instant>,
    /// Lines let through in it.
    passed: u32,
    /// Lines kept back and not yet told of.
    withheld: u64,
}

impl RateLimit {
    pub(crate) fn new(burst: u32, interval: Duration) -> Self {
        Self { burst, interval, began: None, passed: 0, withheld: 0 }
    }

    /// Whether one more line may be written; if not, it counts as withheld.
    pub(crate) fn admits(&mut self, now: Instant) -> bool {
        if self.end().is_none_or(|end| now >= end) {
            (self.began, self.passed) = (Some(now), 0);
        }
        let admitted = self.passed < self.burst;
        self.passed += u32::from(admitted);
        self.withheld += u64::from(!admitted);
        admitted
    }

    /// When it is to be told how many were withheld: at the end of the interval, if any were.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.end().filter(|_| self.withheld > 0)
    }

    /// How many were withheld since this was last asked.
    pub(crate) fn take_withheld(&mut self) -> u64 {
        std::mem::take(&mut self.withheld)
    }

    fn end(&self) -> Option<Instant> {
        self.began.map(|began| began + self.interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_in_so_long_and_the_others_are_counted() {
        let start = Instant::now();
        let mut limit = RateLimit::new(2, Duration::from_mins(1));
        let admits = |limit: &mut RateLimit, second| limit.admits(start + Duration::from_secs(second));
        // An interval begins with a line, not with the clock.
        assert_eq!([100, 101, 102, 159].map(|second| admits(&mut limit, second)), [true, true, false, false]);
        let end = start + Duration::from_secs(160);
        assert_eq!(limit.due(), Some(end));
        assert_eq!((limit.take_withheld(), limit.take_withheld(), limit.due()), (2, 0, None));
        // Told of early, the interval goes on.
        assert!(!admits(&mut limit, 159));
        assert_eq!(limit.due(), Some(end));
        // A new interval, and what the one before withheld is still to be told of.
        assert_eq!([160, 161, 162].map(|second| admits(&mut limit, second)), [true, true, false]);
        assert_eq!((limit.due(), limit.take_withheld()), (Some(start + Duration::from_secs(220)), 2));
    }

    #[test]
    fn a_few_lines_now_and_then_are_all_let_through() {
        let start = Instant::now();
        let mut limit = RateLimit::new(2, Duration::from_mins(1));
        for line in 0..100 {
            assert!(limit.admits(start + Duration::from_secs(31) * line), "line {line}");
            assert_eq!(limit.due(), None);
        }
    }
}
