//! What agents are asked with: whom to trust, and a password. Read again when an agent is to be asked and the files are
//! others than they were; what can't be used leaves in force what was read before.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::logging::with_causes;
use crate::plan_watch::Identity;

/// Where Debian has the certificates that its administrator trusts.
pub const SYSTEM_CA: &str = "/etc/ssl/certs/ca-certificates.crt";

/// How long a password may be that still is one.
const LONGEST_PASSWORD: usize = 4 * 1024;

/// With what agents are asked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whom to trust, as PEM; `None`: [`SYSTEM_CA`].
    pub ca: Option<PathBuf>,
    /// The user of basic authentication, and the file with the password.
    pub login: Option<(String, PathBuf)>,
}

/// Why agents can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// There are no certificates to trust.
    #[error("cannot read certificates of authorities from {}; --agents-ca names a PEM file with those of the agents", path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The password can't be read.
    #[error("cannot read the password from {}; --agents-password-file names a file with it in its first line", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What the files that [`Options`] name have in them.
pub(super) struct Keys {
    /// `None`: there is nobody to trust.
    tls: Kept<Option<TlsConnector>>,
    authorization: Option<Kept<HeaderValue>>,
    user: String,
}

/// Something that was read from a file.
struct Kept<T> {
    path: PathBuf,
    /// The file as it was when it was last read, well or not.
    identity: Option<Identity>,
    value: T,
}

impl Keys {
    /// Reads the files for the first time.
    pub(super) fn read(Options { ca, login }: &Options) -> Result<Self, OptionsError> {
        let path = ca.as_deref().unwrap_or(Path::new(SYSTEM_CA));
        let tls = Kept::read(path, |path| match connector(path) {
            Ok(connector) => Ok(Some(connector)),
            // Those of the system are not missed before an agent is asked by TLS.
            Err(_) if ca.is_none() => Ok(None),
            Err(error) => Err(error),
        })?;
        let (user, file) = login.clone().unzip();
        let user = user.unwrap_or_default();
        let authorization = file.map(|file| Kept::read(&file, |file| authorization(&user, file))).transpose()?;
        Ok(Self { tls, authorization, user })
    }

    /// What they have in them now: the trust in authorities, and the value of the `Authorization` header.
    pub(super) fn current(&mut self) -> (Option<TlsConnector>, Option<HeaderValue>) {
        let Self { tls, authorization: login, user } = self;
        tls.look(|path| connector(path).map(Some));
        if let Some(login) = login {
            login.look(|file| authorization(user, file));
        }
        (tls.value.clone(), login.as_ref().map(|login| login.value.clone()))
    }
}

impl<T> Kept<T> {
    fn read(path: &Path, read: impl FnOnce(&Path) -> Result<T, OptionsError>) -> Result<Self, OptionsError> {
        // Before it is read: what is written meanwhile is another version.
        let identity = Identity::of(&[path.to_owned()]);
        Ok(Self { path: path.to_owned(), identity, value: read(path)? })
    }

    /// Reads it again if it is another than it was.
    fn look(&mut self, read: impl FnOnce(&Path) -> Result<T, OptionsError>) {
        let Self { path, identity, value } = self;
        let now = Identity::of(slice::from_ref(path));
        // A pipe has what it has once.
        if now == *identity || fs::metadata(&*path).is_ok_and(|file| !file.is_file()) {
            return;
        }
        *identity = now;
        match read(path) {
            Ok(read) => {
                tracing::info!("{}: read again, in force", path.display());
                *value = read;
            }
            Err(error) => tracing::warn!("what was read before stays in force: {}", with_causes(&error)),
        }
    }
}

fn connector(path: &Path) -> Result<TlsConnector, OptionsError> {
    let fail = |source| OptionsError::Ca { path: path.to_owned(), source };
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(fail)?.collect::<Result<Vec<_>, _>>().map_err(fail)?;
    let mut roots = RootCertStore::empty();
    // A system's bundle may have one that webpki does not take.
    if roots.add_parsable_certificates(certificates).0 == 0 {
        return Err(fail(pem::Error::NoItemsFound));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("ring has TLS 1.2 and 1.3").with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn authorization(user: &str, file: &Path) -> Result<HeaderValue, OptionsError> {
    let fail = |source| OptionsError::Password { path: file.to_owned(), source };
    let text = fs::read_to_string(file).map_err(fail)?;
    let password = text.lines().next().unwrap_or_default();
    if password.is_empty() || password.len() > LONGEST_PASSWORD {
        return Err(fail(io::Error::other("its first line is empty, or too long to be one")));
    }
    let token = STANDARD.encode(format!("{user}:{password}"));
    let mut value = HeaderValue::from_str(&format!("Basic {token}")).expect("base64 can stand in a header");
    // Shown nowhere, not for debugging either.
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::logging::captured::Captured;

    #[test]
    fn a_file_is_read_again_when_it_changed_and_what_is_broken_leaves_the_one_before() {
        let log = Captured::default();
        let _log = tracing::subscriber::set_default(log.subscriber());
        let folder = tempfile::tempdir().unwrap();
        let [ca, password] = ["ca.pem", "password"].map(|name| folder.path().join(name));
        let made = std::process::Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a"])
            .args(["-keyout", "/dev/null", "-out"])
            .arg(&ca)
            .output();
        assert!(made.expect("openssl, which `cargo xtask setup` brings").status.success());
        fs::write(&password, "old\n").unwrap();
        // What was written in this very tick of the kernel's clock would be read once more.
        let written = fs::metadata(&password).unwrap();
        let tick = || nix::time::ClockId::CLOCK_REALTIME_COARSE.now().unwrap();
        while (tick().tv_sec(), tick().tv_nsec()) <= (written.ctime(), written.ctime_nsec()) {
            std::thread::yield_now();
        }
        let login = Some(("map".to_owned(), password.clone()));
        let mut keys = Keys::read(&Options { ca: Some(ca.clone()), login }).unwrap();
        // Trust has nothing to be told apart by but its place in memory.
        let mut now = || {
            let (tls, authorization) = keys.current();
            (Arc::as_ptr(tls.unwrap().config()), authorization.unwrap())
        };
        let basic = |password: &str| format!("Basic {}", STANDARD.encode(format!("map:{password}")));
        let (trust, authorization) = now();
        assert_eq!(authorization, basic("old"));

        fs::write(&password, "new\n").unwrap();
        assert_eq!(now(), (trust, basic("new").parse().unwrap()), "the password, and not what is trusted");
        fs::write(&password, "").unwrap();
        assert_eq!(now().1, basic("new"), "an empty one is none");
        fs::remove_file(&password).unwrap();
        assert_eq!(now().1, basic("new"), "nor is one that is gone");
        let pem = fs::read(&ca).unwrap();
        fs::write(&ca, "nobody").unwrap();
        assert_eq!(now().0, trust, "nobody to trust is not what is meant");
        fs::write(&ca, pem).unwrap();
        let (again, _) = now();
        assert_ne!(again, trust);

        let log = log.text();
        let told = ["password: read", "password from", "password from", "authorities from", "ca.pem: read"];
        assert_eq!(log.lines().count(), told.len(), "{log}");
        assert!(log.lines().zip(told).all(|(line, told)| line.contains(told)), "{log}");
        assert!(!log.contains("new"), "no password: {log}");
    }

    #[test]
    fn a_pipe_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, "secret\n").unwrap()
        });
        let login = Some(("map".to_owned(), pipe));
        let mut keys = Keys::read(&Options { login, ..Options::default() }).unwrap();
        writer.join().unwrap();
        assert!(keys.current().1.is_some());
    }
}
