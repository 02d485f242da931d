//! How long zebra waits before it tries to connect again, and when it stops trying.

/// The longest wait in seconds.
const LONGEST: u32 = 300;

/// The wait that is next.
#[derive(Debug)]
pub(super) struct Backoff(u32);

impl Backoff {
    pub(super) fn new() -> Self {
        Self(1)
    }

    /// A connection was made and lost: the seconds to wait before the next attempt.
    pub(super) fn lost(&mut self) -> u32 {
        *self = Self::new();
        self.0
    }

    /// An attempt failed: the seconds to wait before the next one, if there is to be one.
    pub(super) fn refused(&mut self) -> Option<u32> {
        if self.0 == LONGEST {
            return None;
        }
        self.0 = LONGEST.min(self.0 * 2);
        Some(self.0)
    }
}
