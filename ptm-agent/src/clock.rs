//! The kernel's boot clock, on which frames are stamped and verdicts age, and what its moments are on the wall clock.

use std::time::{Duration, SystemTime};

use crate::time::BootTime;

/// Now, on `CLOCK_BOOTTIME`.
pub fn now() -> BootTime {
    let now = nix::time::ClockId::CLOCK_BOOTTIME.now().expect("Linux has CLOCK_BOOTTIME since 2.6.39");
    let nanos = now.tv_sec().unsigned_abs() * 1_000_000_000 + now.tv_nsec().unsigned_abs();
    BootTime::from_nanos(nanos)
}

/// The wall clock as a distance from the boot clock.
///
/// The distance is kept as long as it is nearly right: the same moment, told twice, must be the same to the millisecond,
/// though the two clocks are never read at once and one of them is being slewed.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    boot: SystemTime,
}

/// How far off the distance may be.
const TOLERANCE: Duration = Duration::from_millis(500);

impl WallClock {
    /// The wall clock as it is now.
    pub fn read() -> Self {
        Self::at(SystemTime::now(), now())
    }

    /// Follows the wall clock if somebody has set it.
    pub fn refresh(&mut self) {
        *self = self.unless_set(Self::read());
    }

    fn unless_set(self, now: Self) -> Self {
        let (Ok(off) | Err(off)) = now.boot.duration_since(self.boot).map_err(|error| error.duration());
        if off > TOLERANCE { now } else { self }
    }

    /// The wall clock that shows `wall` at that moment.
    pub fn at(wall: SystemTime, boot: BootTime) -> Self {
        Self { boot: wall - Duration::from_nanos(boot.as_nanos()) }
    }

    /// What the wall clock shows, or showed, at that moment.
    pub fn time(&self, at: BootTime) -> SystemTime {
        self.boot + Duration::from_nanos(at.as_nanos())
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const NOON: Duration = Duration::from_hours(12);

    fn wall(since_1970: Duration, since_boot: Duration) -> WallClock {
        WallClock::at(UNIX_EPOCH + since_1970, BootTime::default() + since_boot)
    }

    #[test]
    fn a_moment_stays_the_same_while_the_clock_is_slewed_and_moves_when_it_is_set() {
        let (boot, clock) = (Duration::from_hours(1), wall(NOON, Duration::from_hours(1)));
        let at = BootTime::default() + boot + Duration::from_secs(1);
        assert_eq!(clock.time(at), UNIX_EPOCH + NOON + Duration::from_secs(1));
        // Twelve hours, a little less and a little more.
        for millis in [43_199_600, 43_199_999, 43_200_001, 43_200_400] {
            let slewed = clock.unless_set(wall(Duration::from_millis(millis), boot));
            assert_eq!(slewed.time(at), clock.time(at), "{millis} ms");
        }
        for set in [43_198, 43_202].map(Duration::from_secs) {
            assert_eq!(clock.unless_set(wall(set, boot)).time(at), UNIX_EPOCH + set + Duration::from_secs(1));
        }
    }
}
