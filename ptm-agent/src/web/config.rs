//! TLS and basic authentication, by the `web-config.yml` of Prometheus' exporters.
//!
//! The format is [exporter-toolkit's](https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md).
//! What rustls can't do is an error that says so: nobody is to believe in a protection that is not there.

mod auth;
mod certificate;
mod live;
mod tls;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use axum::http::{HeaderName, HeaderValue};
use rustls::ServerConfig;
use serde::Deserialize;

pub(super) use self::auth::{Auth, Credentials, Verdict};
use self::certificate::Validity;
pub(super) use self::live::{Admission, Live};
use self::tls::{Clients, Tls, TlsSettings};

/// Why a web-config.yml can't be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the web configuration {} (--web-config)", file.display())]
pub struct ConfigError {
    file: PathBuf,
    #[source]
    problem: Problem,
}

/// What is wrong with it.
#[derive(Debug, thiserror::Error)]
enum Problem {
    /// It, or a file that it names, can't be read.
    #[error("cannot read {}, which must be a file that the server's user may read", what.display())]
    Read { what: PathBuf, source: io::Error },
    /// It is no YAML, or not of this form.
    #[error("{0}; the format is that of Prometheus' exporters, see their \"web configuration\"")]
    Form(String),
    /// A field's value can't be used.
    #[error("{field}: {advice}")]
    Field { field: String, advice: String },
}

/// What a file asks for, ready for use.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) tls: Option<Arc<ServerConfig>>,
    /// Whom that lets in; `None`: there is no TLS.
    clients: Option<Clients>,
    /// Of the certificate that it shows.
    pub(super) validity: Option<Validity>,
    pub(super) auth: Auth,
    /// Headers for each answer besides ours.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// The files that it was made of.
    pub(super) files: Vec<PathBuf>,
    /// There is nothing in the file, not even that it asks for nothing.
    is_blank: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    tls_server_config: Option<TlsSettings>,
    http_server_config: HttpSettings,
    basic_auth_users: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HttpSettings {
    /// Clients of HTTP/2 speak HTTP/1.1, too.
    #[serde(rename = "http2")]
    _http2: Option<bool>,
    headers: BTreeMap<String, String>,
}

impl Problem {
    fn field(field: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Field { field: field.into(), advice: advice.into() }
    }
}

impl Config {
    /// Reads a web-config.yml and the files that it names.
    pub(super) fn read(file: &Path) -> Result<Self, ConfigError> {
        Self::try_read(file).map_err(|problem| ConfigError { file: file.to_owned(), problem })
    }

    /// Whether a connection that was opened by `before` could be opened now.
    pub(super) fn admits_connection_of(&self, before: &Self) -> bool {
        self.clients == before.clients
    }

    fn try_read(file: &Path) -> Result<Self, Problem> {
        let text = read(file)?;
        let Settings { tls_server_config, http_server_config, basic_auth_users } = parse(&text)?;
        let mut config = Self {
            auth: Auth::new(basic_auth_users)?,
            headers: http_server_config.headers()?,
            files: vec![file.to_owned()],
            tls: None,
            clients: None,
            validity: None,
            is_blank: text.trim().is_empty(),
        };
        if let Some(settings) = tls_server_config {
            let directory = file.parent().unwrap_or(Path::new(""));
            config.files.extend(settings.files(directory));
            let Tls { config: tls, certificate, clients } = settings.build(directory)?;
            (config.tls, config.clients) = (Some(Arc::new(tls)), Some(clients));
            config.validity = Validity::of(&certificate);
            if let Some(trouble) = config.validity.and_then(|validity| validity.trouble(SystemTime::now())) {
                let place = settings.certificate_file(directory).unwrap_or_else(|| file.to_owned());
                tracing::warn!("the certificate in {} {trouble}", place.display());
            }
        }
        Ok(config)
    }
}

fn read(file: &Path) -> Result<String, Problem> {
    fs::read_to_string(file).map_err(|source| Problem::Read { what: file.to_owned(), source })
}

fn parse(text: &str) -> Result<Settings, Problem> {
    // Without the lines concerned: there may be a key in them, and the log is no place for it.
    let options = serde_saphyr::options! { with_snippet: false };
    // A file of comments asks for nothing, as with exporters.
    let settings: Option<Settings> = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| Problem::Form(error.render_with_formatter(&serde_saphyr::UserMessageFormatter)))?;
    Ok(settings.unwrap_or_default())
}

impl HttpSettings {
    /// The headers that exporter-toolkit allows, and no others.
    fn headers(self) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
        const ALLOWED: [&str; 5] = [
            "Content-Security-Policy",
            "Strict-Transport-Security",
            "X-Content-Type-Options",
            "X-Frame-Options",
            "X-XSS-Protection",
        ];
        let header = |(name, value): (String, String)| {
            let field = format!("http_server_config.headers.{name}");
            if !ALLOWED.contains(&name.as_str()) {
                return Err(Problem::field(field, format!("may be one of {}", ALLOWED.join(", "))));
            }
            if name == "X-Content-Type-Options" && value != "nosniff" {
                return Err(Problem::field(field, "can only be `nosniff`, which it is anyway; leave it out"));
            }
            let value = HeaderValue::try_from(value);
            let value = value.map_err(|_| Problem::field(field, "is no value of an HTTP header"))?;
            Ok((HeaderName::try_from(name).expect("a name of ours"), value))
        };
        self.headers.into_iter().map(header).collect()
    }
}

#[cfg(test)]
mod tests;
