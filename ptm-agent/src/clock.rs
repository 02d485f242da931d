//! The kernel's boot clock, on which frames are stamped and verdicts age, and what its moments are on the wall clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

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

    /// The wall clock as it is now, unless it is where this one says.
    pub fn refresh(&mut self) {
        let now = Self::read();
        let (Ok(off) | Err(off)) = now.boot.duration_since(self.boot).map_err(|error| error.duration());
        if off > TOLERANCE {
            *self = now;
        }
    }

    /// The wall clock that shows `wall` at that moment.
    pub fn at(wall: SystemTime, boot: BootTime) -> Self {
        Self { boot: wall.checked_sub(Duration::from_nanos(boot.as_nanos())).unwrap_or(UNIX_EPOCH) }
    }

    /// What the wall clock shows, or showed, at that moment.
    pub fn time(&self, at: BootTime) -> SystemTime {
        self.boot + Duration::from_nanos(at.as_nanos())
    }
}
