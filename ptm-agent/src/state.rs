//! The memory across restarts: what the monitor knows, in a file, for the next agent of this boot.
//!
//! What is in it and how it counts is [`crate::monitor`]'s; here it is written whole or not at all (a new file, renamed
//! over the old one), at most once a second, off the runtime's thread, and read with suspicion. Nothing is flushed to
//! the disk: a file that a power loss spoils is from another boot.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::future;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::geteuid;
use serde::{Deserialize, Serialize};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use crate::logging::with_causes;
use crate::monitor::{PortMemory, Unsound};
use crate::time::BootTime;

/// Where the file lies, if not told otherwise: gone with the next boot, as what is in it would be.
pub const DEFAULT_DIRECTORY: &str = "/run/ptm";

const FILE: &str = "verdicts.json";

/// The form of the file. Another one is another agent's.
const VERSION: u32 = 1;

/// Between two writes.
const PAUSE: Duration = Duration::from_secs(1);

/// After one that failed: a full disk is not asked every second.
const RETRY: Duration = Duration::from_mins(1);

/// A thousand ports with a crowd of neighbors on each, and some more. It bounds what is read at the start.
const LONGEST: u64 = 64 * 1024 * 1024;

/// How long the last write may take when the agent ends.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    version: u32,
    here: Here,
    /// When the agent ended; `None`: it did not, or was killed.
    ended: Option<BootTime>,
    ports: Vec<PortMemory>,
}

/// Where times and interface indices mean something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Here {
    /// `/proc/sys/kernel/random/boot_id`.
    boot: String,
    /// The network namespace's cookie: never used twice in a boot.
    network_namespace: u64,
}

/// Why a file is not gone by.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("it can't be read")]
    Unreadable(#[from] io::Error),
    #[error("it belongs to another user, or others may write to it")]
    NotOurs,
    #[error("it is longer than any that this agent writes")]
    TooLong,
    #[error("it is damaged")]
    Damaged(#[from] serde_json::Error),
    #[error("it is of version {0}, which this agent doesn't know")]
    OtherVersion(u32),
    #[error("it is from another boot or another network namespace")]
    Elsewhere,
    #[error(transparent)]
    Unsound(#[from] Unsound),
}

/// Writes the monitor's memory down.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    here: Here,
    /// The revision that is in the file, or is being written; `None`: none of this agent's.
    saved: Option<u64>,
    writing: Option<JoinHandle<io::Result<()>>>,
    /// When the last write began.
    began: Option<BootTime>,
    /// The last write failed, and the log has it.
    failing: bool,
}

impl State {
    /// Opens the memory in `directory`, which is made if need be, and gives what an agent before this one has left there
    /// for this boot, this network namespace and this user; nothing where there is none or it can't be trusted, which
    /// the log has.
    pub fn open(directory: &Path, now: BootTime) -> (Self, Vec<PortMemory>) {
        let path = directory.join(FILE);
        let here = Here::find();
        let memory = read(&path, &here, now).unwrap_or_else(|error| {
            match &error {
                Unusable::Unreadable(error) if error.kind() == io::ErrorKind::NotFound => {}
                Unusable::Elsewhere => tracing::info!("verdicts of {} don't count: {error}", path.display()),
                _ => tracing::warn!("verdicts of {} are ignored: {}", path.display(), with_causes(&error)),
            }
            Vec::new()
        });
        (Self { path, here, saved: None, writing: None, began: None, failing: false }, memory)
    }

    /// When this revision of the memory should be written; `None`: it is, or one is being written.
    pub fn due(&self, revision: u64) -> Option<BootTime> {
        let is_due = self.writing.is_none() && self.saved != Some(revision);
        let pause = if self.failing { RETRY } else { PAUSE };
        is_due.then(|| self.began.map_or(BootTime::default(), |began| began + pause))
    }

    /// Begins to write. Must be called within a tokio runtime, and only when it is [due](Self::due).
    pub fn save(&mut self, revision: u64, memory: impl Iterator<Item = PortMemory>, now: BootTime) {
        (self.saved, self.began) = (Some(revision), Some(now));
        self.begin(memory, None);
    }

    fn begin(&mut self, memory: impl Iterator<Item = PortMemory>, ended: Option<BootTime>) {
        let saved = Saved { version: VERSION, here: self.here.clone(), ended, ports: memory.collect() };
        let path = self.path.clone();
        self.writing = Some(spawn_blocking(move || write(&path, &saved)));
    }

    /// Waits until the write under way has ended, for ever if there is none. Cancel safe.
    pub async fn written(&mut self) {
        let Some(writing) = &mut self.writing else { return future::pending().await };
        let result = writing.await;
        self.writing = None;
        // The runtime ends: no result, and nobody to ask for one.
        let Ok(result) = result else { return };
        match &result {
            Err(error) if !self.failing => tracing::warn!(
                "cannot keep verdicts in {}, so a restart will forget them: {error}; name another directory with --state-dir",
                self.path.display()
            ),
            Ok(()) if self.failing => tracing::info!("verdicts are kept in {} again", self.path.display()),
            Ok(()) | Err(_) => {}
        }
        self.failing = result.is_err();
        if self.failing {
            self.saved = None;
        }
    }

    /// Writes for the last time, and that it is, but does not wait long for a disk that hangs.
    pub async fn close(mut self, memory: impl Iterator<Item = PortMemory>, now: BootTime) {
        let last = async {
            if self.writing.is_some() {
                self.written().await;
            }
            self.begin(memory, Some(now));
            self.written().await;
        };
        if timeout(LAST_WRITE, last).await.is_err() {
            tracing::warn!("the last verdicts could not be kept: the disk takes too long");
        }
    }
}

impl Here {
    fn find() -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self { boot: boot.trim().to_owned(), network_namespace: network_namespace().unwrap_or_default() }
    }
}

/// The cookie of the calling thread's network namespace (`SO_NETNS_COOKIE`, Linux 5.14).
fn network_namespace() -> io::Result<u64> {
    let socket = UnixDatagram::unbound()?;
    let mut cookie = 0_u64;
    let mut length: libc::socklen_t = 8;
    // SAFETY: the socket is open, and the kernel writes at most `length` bytes into `cookie`, which has as many.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut length,
        )
    };
    if result == 0 { Ok(cookie) } else { Err(io::Error::last_os_error()) }
}

fn read(path: &Path, here: &Here, now: BootTime) -> Result<Vec<PortMemory>, Unusable> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() || about.uid() != geteuid().as_raw() || about.mode() & 0o022 != 0 {
        return Err(Unusable::NotOurs);
    }
    if about.len() > LONGEST {
        return Err(Unusable::TooLong);
    }
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text)?;
    let Saved { version, here: there, ended, mut ports } = serde_json::from_slice(&text).map_err(|error| {
        // A later agent's file may look different altogether.
        match serde_json::from_slice::<Version>(&text) {
            Ok(Version { version }) if version != VERSION => Unusable::OtherVersion(version),
            _ => error.into(),
        }
    })?;
    if version != VERSION {
        return Err(Unusable::OtherVersion(version));
    }
    if there != *here {
        return Err(Unusable::Elsewhere);
    }
    let away = ended.map_or(Duration::ZERO, |ended| now.since(ended));
    for port in &mut ports {
        port.check(now)?;
        port.put_off(away);
    }
    Ok(ports)
}

/// The one field that every version has.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

fn write(path: &Path, saved: &Saved) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o755).create(directory)?;
    }
    let new = path.with_extension("json.new");
    // One that an agent that was killed has left.
    if let Err(error) = fs::remove_file(&new)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let written = write_whole(&new, saved).and_then(|()| fs::rename(&new, path));
    // Half a file would only help to keep a full disk full.
    written.inspect_err(|_| drop(fs::remove_file(&new)))
}

fn write_whole(path: &Path, saved: &Saved) -> io::Result<()> {
    let mut file = BufWriter::new(create(path)?);
    serde_json::to_writer(&mut file, saved)?;
    file.write_all(b"\n")?;
    file.into_inner()?;
    Ok(())
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests;
