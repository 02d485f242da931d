//! Tells when the topology file may have changed, in whatever way: written in place, renamed over, reached through a
//! symbolic link that was swapped, as configuration tools and Kubernetes (`..data`) do.
//!
//! A watch on the file would stay with a file that is replaced. So every directory on the way to it is watched, through
//! every symbolic link, for what happens to the name by which the way goes on; after each event the way is found anew.
//! Not seen are changes without an event: another machine's on a network file system, and a mount over the file.
//! Nothing is read here.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::future::pending;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd, RawFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{self, Component, Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use nix::time::ClockId;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, sleep_until};

/// A change is told once nothing has happened for so long: editors and `cp` take several steps.
const QUIET: Duration = Duration::from_millis(100);

/// It is told after so long even if something goes on happening.
const LONGEST_UNREST: Duration = Duration::from_secs(1);

/// As many symbolic links as the kernel follows on one way (`MAXSYMLINKS`).
const MOST_LINKS: usize = 40;

/// What a watched directory tells of its entries. `IN_ATTRIB`: the file may have become readable, or got a new time.
const EVENTS: AddWatchFlags = AddWatchFlags::IN_ATTRIB
    .union(AddWatchFlags::IN_CLOSE_WRITE)
    .union(AddWatchFlags::IN_CREATE)
    .union(AddWatchFlags::IN_DELETE)
    .union(AddWatchFlags::IN_MOVED_FROM)
    .union(AddWatchFlags::IN_MOVED_TO)
    .union(AddWatchFlags::IN_ONLYDIR);

/// Which file lies at the end of the way, and which state of it, without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its place among the paths.
    path: usize,
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    /// It was changed in the very tick of the kernel's clock in which it was looked at: another change in that tick
    /// would leave the same times. Looked at later it is another identity.
    fresh: bool,
}

impl Identity {
    /// The first of `paths` at which there is a file.
    pub fn of(paths: &[PathBuf]) -> Option<Self> {
        // The clock from which the times of files come. Read first, so that a doubt remains rather than none.
        let tick = ClockId::CLOCK_REALTIME_COARSE.now().map_or((i64::MAX, 0), |now| (now.tv_sec(), now.tv_nsec()));
        let look = |(index, path)| fs::metadata(path).ok().map(|metadata| Self::new(index, &metadata, tick));
        paths.iter().enumerate().find_map(look)
    }

    fn new(path: usize, metadata: &Metadata, tick: (i64, i64)) -> Self {
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Self {
            path,
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed,
            fresh: changed >= tick,
        }
    }
}

/// Why the topology file can't be watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// This user has as many inotify instances as it may, or this process as many open files.
    #[error(
        "the limit of inotify instances is reached; raise it with `sysctl fs.inotify.max_user_instances=1024` and \
         restart ptm-agent"
    )]
    Limit(#[source] io::Error),
    /// Anything else.
    #[error("inotify is not to be had")]
    Unavailable(#[source] io::Error),
}

/// Watches for changes of the topology file.
#[derive(Debug)]
pub struct PlanWatch {
    inotify: AsyncFd<Kernel>,
    /// The file is the first of these that is there.
    paths: Vec<PathBuf>,
    /// The watched directories, and the names in them by which a way goes on.
    names: HashMap<WatchDescriptor, HashSet<OsString>>,
    /// What is known to the owner.
    known: Option<Identity>,
    /// Events came and nobody was told yet.
    unrest: Option<Unrest>,
    /// Some directory can't be watched, and the log says so.
    has_gaps: bool,
}

/// `AsyncFd` wants the descriptor by a trait that [`Inotify`] lacks.
#[derive(Debug)]
struct Kernel(Inotify);

impl AsRawFd for Kernel {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// When the first and the last event of a series came.
#[derive(Clone, Copy, Debug)]
struct Unrest {
    first: Instant,
    last: Instant,
}

impl Unrest {
    fn over_at(self) -> Instant {
        (self.last + QUIET).min(self.first + LONGEST_UNREST)
    }
}

impl PlanWatch {
    /// Watches for changes of the first of `paths` that is there, and for one that comes before it. `known`: the
    /// file's identity before it was last read; if it is another by now, that is a change. Needs a tokio runtime.
    pub fn open(paths: Vec<PathBuf>, known: Option<Identity>) -> Result<Self, WatchError> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).map_err(|errno| match errno {
            Errno::EMFILE | Errno::ENFILE => WatchError::Limit(errno.into()),
            errno => WatchError::Unavailable(errno.into()),
        })?;
        // SAFETY: `Kernel` owns its descriptor and closes it only when dropped; nothing here replaces it.
        let inotify = unsafe { AsyncFd::register_with_interest(Kernel(inotify), Interest::READABLE) }
            .map_err(|error| WatchError::Unavailable(error.into()))?;
        // A relative path is meant from where the agent was started; it never changes its directory.
        let paths = paths.into_iter().map(|path| path::absolute(&path).unwrap_or(path)).collect();
        let mut watch = Self { inotify, paths, names: HashMap::new(), known, unrest: None, has_gaps: false };
        watch.events_came();
        Ok(watch)
    }

    /// Tells that the file was read, and what it was before that: from then on this is what changes are compared with.
    pub fn was_read(&mut self, known: Option<Identity>) {
        self.known = known;
    }

    /// Waits until the file, having been quiet for a moment, is another than it was. An error means that no change
    /// will be told any more. Cancel safe.
    pub async fn changed(&mut self) -> io::Result<()> {
        loop {
            let patient = self.unrest.is_none_or(|unrest| Instant::now() < unrest.first + LONGEST_UNREST);
            tokio::select! {
                // What has happened already comes before the pause after it.
                biased;
                concerned = self.some_event_concerns_us(), if patient => if concerned? {
                    self.events_came();
                },
                () = over(self.unrest) => {
                    self.unrest = None;
                    let identity = Identity::of(&self.paths);
                    if identity != self.known {
                        self.known = identity;
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn some_event_concerns_us(&self) -> io::Result<bool> {
        let events = self.inotify.async_io(Interest::READABLE, |kernel| Ok(kernel.0.read_events()?)).await?;
        Ok(events.iter().any(|event| self.concerns_us(event)))
    }

    fn concerns_us(&self, InotifyEvent { wd, mask, name, .. }: &InotifyEvent) -> bool {
        // What was lost in an overflow may have been anything.
        mask.contains(AddWatchFlags::IN_Q_OVERFLOW)
            // Without a name it is about the directory itself: it was deleted, or its file system unmounted.
            || self.names.get(wd).is_some_and(|names| name.as_ref().is_none_or(|name| names.contains(name)))
    }

    fn events_came(&mut self) {
        let now = Instant::now();
        self.unrest = Some(Unrest { first: self.unrest.map_or(now, |unrest| unrest.first), last: now });
        self.follow();
    }

    /// Watches every directory on the ways to the files, and no others.
    fn follow(&mut self) {
        let inotify = &self.inotify.get_ref().0;
        let mut names = HashMap::<WatchDescriptor, HashSet<OsString>>::new();
        let mut gap = None;
        for path in &self.paths {
            walk(path, |directory, name| match inotify.add_watch(directory, EVENTS) {
                Ok(watch) => {
                    names.entry(watch).or_default().insert(name.to_owned());
                    true
                }
                // Not there, or not a directory: when one comes, the directory before tells.
                Err(Errno::ENOENT | Errno::ENOTDIR) => false,
                Err(errno) => {
                    gap = Some((directory.to_owned(), errno));
                    true
                }
            });
        }
        for left in self.names.keys().filter(|watch| !names.contains_key(watch)) {
            // The kernel drops the watch of a deleted directory by itself.
            let _ = inotify.rm_watch(*left);
        }
        self.names = names;
        if let Some((directory, errno)) = gap.as_ref().filter(|_| !self.has_gaps) {
            let way_out = if *errno == Errno::ENOSPC { "; raise fs.inotify.max_user_watches" } else { "" };
            tracing::warn!(
                "changes of the topology file may go unnoticed: cannot watch {}: {errno}{way_out}",
                directory.display()
            );
        }
        self.has_gaps = gap.is_some();
    }
}

/// Waits until the file, called `what` in the log, is another than it was; for ever where it is not watched. When no change
/// will be told any more, the log says so once. Cancel safe.
pub async fn changed(watch: &mut Option<PlanWatch>, what: &str) {
    if let Some(watching) = watch {
        match watching.changed().await {
            Ok(()) => return,
            Err(error) => tracing::warn!("changes of {what} go unnoticed from now on: {error}"),
        }
        *watch = None;
    }
    pending::<()>().await;
}

async fn over(unrest: Option<Unrest>) {
    match unrest {
        Some(unrest) => sleep_until(unrest.over_at()).await,
        None => pending().await,
    }
}

/// Goes to `path` name by name and through every symbolic link: tells each directory, none of them reached through a
/// link any more, and the name that is taken in it. Told *before* it is looked up, so that a watch set then misses no
/// change. Ends where `visit` says so.
fn walk(path: &Path, mut visit: impl FnMut(&Path, &OsStr) -> bool) {
    let mut directory = PathBuf::from("/");
    let mut rest = Vec::new();
    push_names(&mut rest, path);
    let mut links = 0;
    while let Some(name) = rest.pop() {
        if name == ".." {
            directory.pop();
            continue;
        }
        if !visit(&directory, &name) {
            return;
        }
        match fs::read_link(directory.join(&name)) {
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                if target.is_absolute() {
                    directory = PathBuf::from("/");
                }
                push_names(&mut rest, &target);
            }
            Ok(_) => return,
            // A directory, the file, or nothing.
            Err(_) => directory.push(name),
        }
    }
}

/// Puts the names of a path on the stack, its first on top.
fn push_names(stack: &mut Vec<OsString>, path: &Path) {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    stack.extend(names.rev());
}

#[cfg(test)]
mod tests;
