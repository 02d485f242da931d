//! The configuration as its files are now: read again when they change, so that a renewed certificate counts without a
//! restart, and that a user who is taken out is out.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Config, ConfigError};
use crate::logging::with_causes;

/// The files are looked at, at most this often, when somebody connects or asks.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What tells one version of a file from another; `None`: it is not there.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

/// A configuration and the files that it comes from.
#[derive(Debug)]
pub(crate) struct Live {
    /// `None`: there is nothing to read.
    file: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    config: Arc<Config>,
    /// The files as they were when they were last read, well or not.
    stamps: Vec<Stamp>,
    looked: Instant,
    /// Why they can't be used as they are. It may be mended where no file of the configuration in force is: a certificate
    /// that is missing comes, or may be read.
    failure: Option<String>,
}

impl Live {
    /// Reads it for the first time.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, ConfigError> {
        let config = file.map_or_else(|| Ok(Config::default()), Config::read)?;
        let (stamps, config) = (stamps(&config.files), Arc::new(config));
        let state = State { stamps, config, looked: Instant::now(), failure: None };
        Ok(Self { file: file.map(Path::to_owned), state: Mutex::new(state) })
    }

    /// The configuration now. One that can't be used leaves the one before in force, and the log says so.
    pub(crate) fn current(&self, now: Instant) -> Arc<Config> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = &self.file else { return Arc::clone(&state.config) };
        if now.saturating_duration_since(state.looked) >= BETWEEN_LOOKS {
            state.looked = now;
            state.look(file);
        }
        Arc::clone(&state.config)
    }
}

/// What somebody was let in by who gets an answer without end.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    live: Arc<Live>,
    config: Arc<Config>,
    user: Option<String>,
}

impl Admission {
    /// `user`: as whom `config` let him in, if it has users.
    pub(crate) fn new(live: &Arc<Live>, config: &Arc<Config>, user: Option<&str>) -> Self {
        Self { live: Arc::clone(live), config: Arc::clone(config), user: user.map(str::to_owned) }
    }

    /// Whether he would be let in now as he was then.
    pub(crate) fn holds(&self) -> bool {
        let now = self.live.current(Instant::now());
        let Self { config: before, user, live: _ } = self;
        Arc::ptr_eq(&now, before) || now.admits_connection_of(before) && now.auth.knows(user.as_deref(), &before.auth)
    }
}

impl State {
    fn look(&mut self, file: &Path) {
        // Before they are read: what is written meanwhile is another version.
        let stamps = stamps(&self.config.files);
        if stamps == self.stamps && self.failure.is_none() {
            return;
        }
        self.stamps = stamps;
        let read = match Config::read(file) {
            // Somebody is writing it, most likely: for a second the server would be open to everybody.
            Ok(config) if config.is_blank => Err(format!("{} is empty; `{{}}` in it asks for nothing", file.display())),
            read => read.map_err(|error| with_causes(&error)),
        };
        match read {
            Ok(config) => {
                tracing::info!("{}: read again, in force", file.display());
                if config.files != self.config.files {
                    self.stamps = self::stamps(&config.files);
                }
                self.config = Arc::new(config);
                self.failure = None;
            }
            Err(failure) => {
                if self.failure.as_ref() != Some(&failure) {
                    tracing::warn!("what was in force stays, for the new one can't be used: {failure}");
                }
                self.failure = Some(failure);
            }
        }
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |file: &PathBuf| {
        let metadata = fs::metadata(file).ok()?;
        Some((metadata.dev(), metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
    };
    files.iter().map(stamp).collect()
}
