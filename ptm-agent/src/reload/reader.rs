//! Reads the topology file for every reason there is, one reading at a time, off the runtime's thread.

use std::future::pending;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::logging::with_causes;
use crate::plan_file::{self, DEFAULT_PATHS, PlanFile, PlanFileError};
use crate::plan_watch::{self, Identity, PlanWatch};

/// Where the plan is, and under which name it knows this machine.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The topology file; `None`: the first of [`DEFAULT_PATHS`] that is there.
    pub file: Option<PathBuf>,
    /// This machine's name in it; `None`: its own. The map has none.
    pub node: Option<String>,
    /// Whether warnings go to a terminal, in colour.
    pub colour: bool,
}

/// A topology file that was read, well or not.
#[derive(Debug)]
pub struct Loaded<T> {
    /// What it says, or why it can't be used.
    pub result: Result<Usable<T>, PlanFileError>,
    /// Whether it has warnings.
    pub has_warnings: bool,
    /// How long reading it took.
    pub took: Duration,
    /// Which reading this was: it serves all who asked for this one or an earlier one.
    pub number: u64,
    /// What the file was before it was read.
    identity: Option<Identity>,
}

/// A topology file that may be put in force.
#[derive(Debug)]
pub struct Usable<T> {
    /// The file.
    pub file: PathBuf,
    /// Its SHA-256 as `sha256sum` prints it.
    pub sha256: String,
    /// What is needed of it.
    pub plan: T,
}

/// Takes out of a file what is needed of it. May block.
pub type Take<T> = fn(&Source, PlanFile) -> Result<T, PlanFileError>;

/// The signals that ask for a reading. Caught from the moment this is made: until then they end the process.
#[derive(Debug)]
pub struct Signals {
    hangup: Signal,
    user1: Signal,
}

impl Signals {
    /// Catches them. Needs a tokio runtime.
    pub fn catch() -> io::Result<Self> {
        Ok(Self { hangup: signal(SignalKind::hangup())?, user1: signal(SignalKind::user_defined1())? })
    }

    async fn recv(&mut self) {
        tokio::select! {
            _ = self.hangup.recv() => {}
            _ = self.user1.recv() => {}
        }
    }
}

/// Owns the watch on the file and the reading under way.
#[derive(Debug)]
pub struct Reader<T> {
    source: Arc<Source>,
    take: Take<T>,
    signals: Signals,
    /// `None`: the file can't be watched, and the log says so.
    pub(super) watch: Option<PlanWatch>,
    /// The reading under way; there is one at most.
    pub(super) reading: Option<JoinHandle<Loaded<T>>>,
    /// How many were begun.
    begun: u64,
    /// It was asked for again since it began: what is read may be older than that. One more reading serves them all.
    again: bool,
}

impl<T: Send + 'static> Reader<T> {
    /// Reads the topology file for the first time, in place, and watches it from then on. Warnings go to standard
    /// error. Needs a tokio runtime.
    pub fn start(
        source: Source,
        take: Take<T>,
        signals: Signals,
    ) -> Result<(Self, Usable<T>, Duration), PlanFileError> {
        let Loaded { result, has_warnings: _, took, number: _, identity } = source.load(take);
        let usable = result?;
        let watch = PlanWatch::open(source.paths(), identity);
        let watch = watch.inspect_err(|error| {
            tracing::warn!(
                "changes of the topology file go unnoticed, `ptmctl reload` and SIGHUP tell of them: {}",
                with_causes(error)
            );
        });
        let source = Arc::new(source);
        let reader = Self { source, take, signals, watch: watch.ok(), reading: None, begun: 0, again: false };
        Ok((reader, usable, took))
    }

    /// Asks for a reading that begins from now on; gives its number.
    pub fn request(&mut self) -> u64 {
        if self.reading.is_some() {
            self.again = true;
            return self.begun + 1;
        }
        self.begin();
        self.begun
    }

    fn begin(&mut self) {
        self.again = false;
        self.begun += 1;
        let (source, take) = (Arc::clone(&self.source), self.take);
        self.reading = Some(spawn_blocking(move || source.load_again(take)));
    }

    /// Waits for a reading to end, and begins one for every reason there is. Cancel safe.
    pub async fn next(&mut self) -> Loaded<T> {
        loop {
            let Self { signals, watch, reading, .. } = self;
            tokio::select! {
                loaded = ended(reading) => {
                    self.reading = None;
                    let mut loaded = loaded.unwrap_or_else(|| {
                        Loaded::failed(PlanFileError::Panicked { path: self.source.paths().swap_remove(0) })
                    });
                    loaded.number = self.begun;
                    if let Some(watch) = &mut self.watch {
                        watch.was_read(loaded.identity.clone());
                    }
                    if self.again {
                        self.begin();
                    }
                    return loaded;
                }
                () = plan_watch::changed(watch, "the topology file") => self.request(),
                () = signals.recv() => self.request(),
            };
        }
    }
}

impl Source {
    /// Where to look, in this order.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.file.as_ref().map_or_else(|| DEFAULT_PATHS.map(PathBuf::from).to_vec(), |file| vec![file.clone()])
    }

    /// Reads it once more: **blocks**. A pipe may be read at the start; now it would wait for a writer, maybe for ever,
    /// and every later reading with it.
    fn load_again<T>(&self, take: Take<T>) -> Loaded<T> {
        match self.paths().into_iter().find(|path| path.exists()).filter(|path| !path.is_file() && !path.is_dir()) {
            Some(path) => {
                let source = io::Error::other("a pipe or a device, which can't be read again; put a file in its place");
                Loaded::failed(PlanFileError::Unreadable { path, source })
            }
            None => self.load(take),
        }
    }

    /// **Blocks**: on the file, and on the resolver where the plan names nodes in full.
    fn load<T>(&self, take: Take<T>) -> Loaded<T> {
        let begin = Instant::now();
        // Before the file is read: what changes from here on makes it another.
        let identity = Identity::of(&self.paths());
        let file = plan_file::load(self.file.as_deref(), self.colour);
        let has_warnings = file.as_ref().is_ok_and(|file| !file.warnings.is_empty());
        let result = file.and_then(|file| {
            // As at the start, where a person may sit. Nobody reads a closed standard error.
            let _ = io::stderr().write_all(file.warnings.as_bytes());
            let (path, sha256) = (file.path.clone(), file.sha256.clone());
            Ok(Usable { file: path, sha256, plan: take(self, file)? })
        });
        Loaded { result, has_warnings, took: begin.elapsed(), number: 0, identity }
    }
}

impl<T> Loaded<T> {
    fn failed(error: PlanFileError) -> Self {
        Self { result: Err(error), has_warnings: false, took: Duration::ZERO, number: 0, identity: None }
    }
}

/// The end of a reading; `None`: it panicked.
async fn ended<T>(reading: &mut Option<JoinHandle<Loaded<T>>>) -> Option<Loaded<T>> {
    match reading {
        Some(reading) => reading.await.ok(),
        None => pending().await,
    }
}
