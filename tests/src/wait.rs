//! Waiting for a condition, never for a time; every wait has a deadline and can be interrupted.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::FabricError;

/// How long a fabric waits for what should take a second or two: generous, so that a loaded machine is no failure.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Ends every wait, present and future, of this process with [`FabricError::Interrupted`]. For a signal handler.
pub fn interrupt() {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// Whether [`interrupt`] was called.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Looks with `probe` until it has what is waited for; its error says why not yet, and is told when time is up.
pub fn until<T, E: fmt::Display>(
    what: impl fmt::Display,
    within: Duration,
    mut probe: impl FnMut() -> Result<T, E>,
) -> Result<T, FabricError> {
    let deadline = Instant::now() + within;
    loop {
        let last = match probe() {
            Ok(found) => return Ok(found),
            Err(reason) => reason,
        };
        if interrupted() {
            return Err(FabricError::Interrupted);
        }
        if Instant::now() >= deadline {
            return Err(FabricError::TimedOut { what: what.to_string(), within, last: last.to_string() });
        }
        thread::sleep(PAUSE);
    }
}
