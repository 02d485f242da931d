//! What a hook prints, line by line to the log, and no more of it than anybody would read.

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::time::{Duration, sleep};

use super::environment::log_line;

/// Lines of one run that are logged.
pub(super) const MAX_LINES: usize = 100;

/// Bytes of one line that are logged.
pub(super) const MAX_LINE: usize = 512;

/// Once nothing more is logged the rest is still read, lest the hook block or die of a closed pipe, but slowly: one
/// that never stops printing must not keep the agent busy.
const PAUSE: Duration = Duration::from_millis(10);

const READ_LEN: usize = 16 * 1024;

/// The pipe at a hook's standard output and standard error, in the order in which it wrote to them.
#[derive(Debug)]
pub(super) struct Output {
    reader: pipe::Receiver,
    lines: Lines,
}

impl Output {
    pub(super) fn new(reader: pipe::Receiver) -> Self {
        Self { reader, lines: Lines::default() }
    }

    /// Reads until nobody holds the other end any more. Cancel-safe.
    pub(super) async fn read_to_end(&mut self, mut log: impl FnMut(&str)) {
        let mut buffer = vec![0; READ_LEN];
        // An error ends it like the end of the file does: a pipe has no other errors to tell of.
        while let Ok(n @ 1..) = self.reader.read(&mut buffer).await {
            self.lines.take(&buffer[..n], &mut log);
            if self.lines.is_full() {
                sleep(PAUSE).await;
            }
        }
    }

    /// Logs an unfinished last line, and how much was left out.
    pub(super) fn finish(self, log: impl FnMut(&str)) {
        self.lines.finish(log);
    }
}

/// Splits and bounds.
#[derive(Debug, Default)]
pub(super) struct Lines {
    unfinished: Vec<u8>,
    logged: usize,
    left_out: usize,
}

impl Lines {
    pub(super) fn take(&mut self, bytes: &[u8], mut log: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.is_full() {
                self.left_out += piece.len();
                continue;
            }
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            let (kept, over) = text.split_at(text.len().min(MAX_LINE - self.unfinished.len()));
            self.unfinished.extend_from_slice(kept);
            self.left_out += over.len();
            if text.len() < piece.len() {
                self.end_line(&mut log);
            }
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.logged >= MAX_LINES
    }

    pub(super) fn finish(mut self, mut log: impl FnMut(&str)) {
        if !self.unfinished.is_empty() {
            self.end_line(&mut log);
        }
        if self.left_out > 0 {
            log(&format!("({} more bytes of output are not shown)", self.left_out));
        }
    }

    fn end_line(&mut self, mut log: impl FnMut(&str)) {
        log(&log_line(&self.unfinished));
        self.unfinished.clear();
        self.logged += 1;
    }
}

#[cfg(test)]
mod tests;
