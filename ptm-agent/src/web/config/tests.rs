//! Configurations as exporters take them, and what is said of others.

use std::process::Command;
use std::sync::mpsc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::poll;
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;

use super::*;
use crate::logging::captured::Captured;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, text: &str) -> Result<Config, ConfigError> {
        Config::read(&self.write("web-config.yml", text))
    }

    /// A self-signed certificate and its key, `NAME.crt` and `NAME.key`, for two days.
    fn certificate(&self, name: &str) {
        self.certificate_for(name, 2);
    }

    fn certificate_for(&self, name: &str, days: u32) {
        let made = Command::new("openssl")
            .current_dir(self.0.path())
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                &days.to_string(),
            ])
            .args(["-subj", "/CN=localhost", "-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")])
            .output()
            .expect("openssl, which `cargo xtask setup` brings");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    fn complaint(&self, text: &str) -> String {
        crate::logging::with_causes(&self.read(text).unwrap_err())
    }
}

const DIGEST: &str = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

#[test]
fn nothing_asks_for_nothing() {
    let folder = Folder::new();
    for text in ["", "\n", "# nothing yet\n", "{}\n", "tls_server_config:\n", "basic_auth_users: {}\n"] {
        let config = folder.read(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert!(config.tls.is_none() && config.auth.is_open() && config.headers.is_empty(), "{text:?}");
    }
}

#[test]
fn what_exporters_take_is_taken() {
    let folder = Folder::new();
    folder.certificate("server");
    let files = "  cert_file: server.crt\n  key_file: server.key\n";
    let clients = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.crt\n";
    for more in [
        "",
        clients,
        "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: server.crt\n",
        "  client_auth_type: NoClientCert\n",
        "  min_version: TLS12\n  max_version: TLS12\n",
        "  min_version: TLS13\n  prefer_server_cipher_suites: true\n",
        "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n  curve_preferences: [CurveP256, X25519]\n",
    ] {
        let text = format!("tls_server_config:\n{files}{more}http_server_config:\n  http2: false\n");
        let config = folder.read(&text).unwrap_or_else(|error| panic!("{more}: {error}"));
        assert!(config.tls.is_some());
        assert_eq!(config.files.len(), 3 + usize::from(more.contains("client_ca_file")));
    }
    let indented = |name: &str| fs::read_to_string(folder.0.path().join(name)).unwrap().replace('\n', "\n    ");
    let inline = format!("  cert: |\n    {}\n  key: |\n    {}\n", indented("server.crt"), indented("server.key"));
    assert!(folder.read(&format!("tls_server_config:\n{inline}")).unwrap().tls.is_some());
    assert!(!folder.read(&format!("basic_auth_users:\n  a: {DIGEST}\n")).unwrap().auth.is_open());
}

#[test]
fn a_certificate_that_ends_soon_is_told_of_and_of_others_nothing_is() {
    let folder = Folder::new();
    folder.certificate("server");
    let log = Captured::default();
    let log_before = tracing::subscriber::set_default(log.subscriber());
    let text = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
    let not_after = folder.read(text).unwrap().validity.unwrap().not_after;
    let two_days = Duration::from_hours(48);
    let left = not_after.duration_since(SystemTime::now()).unwrap();
    assert!(left <= two_days && left + Duration::from_mins(5) > two_days, "{left:?}");
    let place = folder.0.path().join("server.crt");
    let told = log.text();
    assert!(
        told.contains(&format!("WARN ptm_agent::web::config: the certificate in {} ends at 2", place.display())),
        "{told}"
    );
    folder.certificate_for("server", 100);
    folder.read(text).unwrap();
    folder.read("basic_auth_users: {}\n").unwrap();
    assert_eq!(log.text(), told);
    drop(log_before);
}

#[test]
fn what_is_wrong_is_named_with_its_file_and_field() {
    let folder = Folder::new();
    folder.certificate("server");
    folder.certificate("other");
    folder.write("empty", "");
    let tls = |more: &str| format!("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  {more}\n");
    let cases = [
        ("tls_server_confg: {}", "tls_server_confg"),
        (&tls("clientauth: x"), "clientauth"),
        ("- a", "web configuration"),
        ("tls_server_config:\n  key_file: server.key", "cert_file: must name"),
        ("tls_server_config:\n  cert_file: server.crt", "key_file: must name"),
        ("tls_server_config:\n  cert_file: gone\n  key_file: server.key", "/gone"),
        ("tls_server_config:\n  cert_file: empty\n  key_file: server.key", "cert_file: has no certificate in PEM"),
        ("tls_server_config:\n  cert_file: server.crt\n  key_file: empty", "key_file: has no private key in PEM"),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: other.key",
            "key_file: is not the key of the certificate",
        ),
        (&tls("cert: x"), "both given"),
        (&tls("min_version: TLS10"), "min_version: TLS before 1.2"),
        (&tls("max_version: TLS11"), "max_version: is `TLS11`"),
        (&tls("min_version: TLS13\n  max_version: TLS12"), "max_version: is below"),
        (&tls("client_auth_type: RequireAnyClientCert"), "client_auth_type"),
        (&tls("client_auth_type: Whatever"), "client_auth_type: is `Whatever`"),
        (&tls("client_auth_type: RequireAndVerifyClientCert"), "client_ca_file: must name"),
        (&tls("client_ca_file: server.crt"), "client_auth_type: must be"),
        (&tls("client_allowed_sans: [a]"), "client_allowed_sans: is not supported"),
        (&tls("cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]"), "cipher_suites: has `TLS_RSA_WITH_AES_128_CBC_SHA`"),
        (&tls("curve_preferences: [CurveP521]"), "curve_preferences: has `CurveP521`"),
        ("basic_auth_users:\n  admin: secret", "basic_auth_users.admin: is no bcrypt digest"),
        (&format!("basic_auth_users:\n  admin: {}", DIGEST.replace("$10$", "$31$")), "costs 31"),
        ("http_server_config:\n  headers:\n    Server: x", "headers.Server: may be one of"),
        ("http_server_config:\n  headers:\n    X-Frame-Options: \"a\\nb\"", "X-Frame-Options: is no value"),
    ];
    for (text, expected) in cases {
        let complaint = folder.complaint(text);
        assert!(complaint.contains(expected) && complaint.contains("web-config.yml"), "{text}: {complaint}");
        assert_eq!(complaint.lines().count(), 1, "{complaint}");
    }
    let gone = Config::read(Path::new("/nowhere/web-config.yml")).unwrap_err().to_string();
    assert!(gone.contains("/nowhere/web-config.yml"), "{gone}");
}

#[test]
fn a_complaint_does_not_show_what_is_secret() {
    let folder = Folder::new();
    for text in [
        "tls_server_config:\n  key: [sesame]\n",
        "tls_server_config: sesame\n",
        "basic_auth_users: sesame\n",
        "basic_auth_users: [sesame]\n",
        "basic_auth_users:\n  admin: sesame\n",
        "basic_auth_users:\n  admin: [sesame]\n",
        "basic_auth_users:\n  admin: {sesame: 1}\n",
        "basic_auth_users:\n  admin: \"sesame\n",
        "basic_auth_users:\n  admin: *sesame\n",
        "basic_auth_users:\n  admin: !sesame a\n",
        "sesame",
    ] {
        let complaint = folder.complaint(text);
        assert!(!complaint.contains("sesame"), "{text}: {complaint}");
    }
}

#[test]
fn what_changes_counts_and_what_breaks_does_not() {
    let folder = Folder::new();
    folder.certificate("server");
    let text = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
    let live = Live::open(Some(&folder.write("web-config.yml", text))).unwrap();
    let start = Instant::now();
    let at = |second| live.current(start + Duration::from_secs(second));
    let first = at(2);
    assert!(Arc::ptr_eq(&first, &at(4)), "the same files");
    // A renewal that is half done: the certificate is the new one, the key is not.
    let renew = |suffix: &str| {
        let [from, to] = ["other", "server"].map(|name| folder.0.path().join(format!("{name}.{suffix}")));
        fs::rename(from, to).unwrap();
    };
    folder.certificate("other");
    renew("crt");
    assert!(Arc::ptr_eq(&first, &at(6)), "what was in force stays");
    renew("key");
    assert!(Arc::ptr_eq(&first, &at(6)), "not looked at before a second is over");
    let second = at(8);
    assert!(!Arc::ptr_eq(first.tls.as_ref().unwrap(), second.tls.as_ref().unwrap()));
    folder.write("web-config.yml", &format!("basic_auth_users:\n  a: {DIGEST}\n"));
    let third = at(10);
    assert!(third.tls.is_none() && !third.auth.is_open(), "the file as a whole");
    fs::remove_file(folder.0.path().join("web-config.yml")).unwrap();
    assert!(Arc::ptr_eq(&third, &at(12)), "one that is gone");
    folder.write("web-config.yml", "");
    assert!(Arc::ptr_eq(&third, &at(14)), "one that is about to be written");
    folder.write("web-config.yml", "{}");
    assert!(at(16).auth.is_open(), "who means it says so");
}

#[test]
fn what_is_missing_is_awaited() {
    let folder = Folder::new();
    let file = folder.write("web-config.yml", "{}\n");
    let live = Live::open(Some(&file)).unwrap();
    let start = Instant::now();
    let has_tls = |second| live.current(start + Duration::from_secs(second)).tls.is_some();
    folder.write("web-config.yml", "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n");
    assert!(!has_tls(2));
    folder.certificate("server");
    assert!(has_tls(4));
}

fn auth() -> Auth {
    let digest = bcrypt::hash("secret", 4).unwrap();
    Auth::new(BTreeMap::from([("prometheus".to_owned(), digest)])).unwrap()
}

fn credentials(user: &str, password: &str) -> Credentials {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    Credentials::from_header(format!("bAsIc {encoded}").as_bytes()).unwrap()
}

#[tokio::test]
async fn the_right_password_opens_and_others_do_not() {
    let auth = auth();
    // The second time without bcrypt.
    for _ in 0..2 {
        assert_eq!(auth.check(Some(credentials("prometheus", "secret"))).await, Verdict::Welcome);
        assert_eq!(auth.check(Some(credentials("prometheus", "Secret"))).await, Verdict::Wrong);
    }
    assert_eq!(auth.check(Some(credentials("nobody", "secret"))).await, Verdict::Wrong);
    assert_eq!(auth.check(Some(credentials("prometheus", ""))).await, Verdict::Wrong);
    assert_eq!(auth.check(Some(credentials("prometheus", &"x".repeat(73)))).await, Verdict::Wrong);
    assert_eq!(auth.check(None).await, Verdict::Wrong);
    assert!(Credentials::from_header(b"Bearer abc").is_none());
}

#[test]
fn wrong_passwords_do_not_keep_out_who_is_known() {
    let auth = auth();
    Builder::new_current_thread().max_blocking_threads(1).build().unwrap().block_on(async {
        assert_eq!(auth.check(Some(credentials("prometheus", "secret"))).await, Verdict::Welcome);
        // No check comes to its end as long as this is there.
        let (go_on, wait) = mpsc::channel::<()>();
        drop(spawn_blocking(move || wait.recv()));
        let mut waiting = Vec::new();
        for _ in 0..100 {
            let mut guess = Box::pin(auth.check(Some(credentials("nobody", "guess"))));
            match poll!(guess.as_mut()) {
                Poll::Pending => waiting.push(guess),
                Poll::Ready(told) => assert_eq!(told, Verdict::Busy),
            }
        }
        assert_eq!(waiting.len(), 16, "are checked, the others are told to wait");
        assert_eq!(auth.check(Some(credentials("prometheus", "secret"))).await, Verdict::Welcome);
        drop(go_on);
        for guess in waiting {
            assert_eq!(guess.await, Verdict::Wrong);
        }
    });
}
