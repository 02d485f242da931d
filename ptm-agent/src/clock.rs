//! The kernel's boot clock, on which frames are stamped and verdicts age.

use crate::time::BootTime;

/// Now, on `CLOCK_BOOTTIME`.
pub fn now() -> BootTime {
    let now = nix::time::ClockId::CLOCK_BOOTTIME.now().expect("Linux has CLOCK_BOOTTIME since 2.6.39");
    let nanos = now.tv_sec().unsigned_abs() * 1_000_000_000 + now.tv_nsec().unsigned_abs();
    BootTime::from_nanos(nanos)
}
