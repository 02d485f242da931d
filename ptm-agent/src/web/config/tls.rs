//! `tls_server_config`: from its settings to rustls'.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::ring::{self, cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion, version};
use serde::Deserialize;

use super::{Problem, read};

/// Which clients TLS lets in: those that a connection was opened by are to hold as long as it is used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clients {
    auth_type: String,
    authority: Option<String>,
}

/// What a configuration makes of its settings.
#[derive(Debug)]
pub(super) struct Tls {
    pub(super) config: ServerConfig,
    /// The server's own.
    pub(super) certificate: CertificateDer<'static>,
    pub(super) clients: Clients,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TlsSettings {
    cert: Option<String>,
    cert_file: Option<PathBuf>,
    key: Option<String>,
    key_file: Option<PathBuf>,
    client_auth_type: String,
    client_ca: Option<String>,
    client_ca_file: Option<PathBuf>,
    client_allowed_sans: Vec<String>,
    min_version: Option<String>,
    max_version: Option<String>,
    cipher_suites: Vec<String>,
    curve_preferences: Vec<String>,
    /// Go ignores it, and rustls keeps to the client's order among suites that are all good.
    #[serde(rename = "prefer_server_cipher_suites")]
    _prefer_server_cipher_suites: bool,
}

/// Go's names of what rustls has of TLS 1.2. Those of TLS 1.3 can't be chosen, here as there.
const SUITES: [(&str, SupportedCipherSuite); 6] = [
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

const CURVES: [(&str, &dyn SupportedKxGroup); 3] =
    [("X25519", kx_group::X25519), ("CurveP256", kx_group::SECP256R1), ("CurveP384", kx_group::SECP384R1)];

impl TlsSettings {
    /// The files that it names.
    pub(super) fn files(&self, directory: &Path) -> impl Iterator<Item = PathBuf> {
        let named = [&self.cert_file, &self.key_file, &self.client_ca_file];
        named.into_iter().flatten().map(|file| directory.join(file))
    }

    /// Where the server's certificate is, if that is a file of its own.
    pub(super) fn certificate_file(&self, directory: &Path) -> Option<PathBuf> {
        self.cert_file.as_ref().filter(|file| !file.as_os_str().is_empty()).map(|file| directory.join(file))
    }

    /// What rustls makes of it; files are relative to `directory`.
    pub(super) fn build(&self, directory: &Path) -> Result<Tls, Problem> {
        let certificates =
            pem(directory, "cert", self.cert.as_deref(), self.cert_file.as_deref())?.ok_or_else(|| {
                problem("cert_file", "must name the server's certificate, with those between it and the CA")
            })?;
        let chain = certificates_of(&certificates, "cert_file")?;
        let certificate = chain[0].clone();
        let key = pem(directory, "key", self.key.as_deref(), self.key_file.as_deref())?
            .ok_or_else(|| problem("key_file", "must name the certificate's private key"))?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| {
            problem(
                "key_file",
                format!("has no private key in PEM that can be read, one without a passphrase: {error}"),
            )
        })?;
        let provider = Arc::new(self.provider()?);
        let authority = pem(directory, "client_ca", self.client_ca.as_deref(), self.client_ca_file.as_deref())?;
        let client_verifier = self.client_verifier(authority.as_deref(), &provider)?;
        let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&self.versions()?);
        let builder = builder.map_err(|error| {
            problem("cipher_suites", format!("nothing is left to choose from with these versions: {error}"))
        })?;
        let mut config = builder
            .with_client_cert_verifier(client_verifier)
            .with_single_cert(chain, key)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => problem(
                    "key_file",
                    "is not the key of the certificate in cert_file; the server's own certificate must be the first there",
                ),
                error => problem("cert_file", format!("can't be used: {error}")),
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let clients = Clients { auth_type: self.client_auth_type.clone(), authority };
        Ok(Tls { config, certificate, clients })
    }

    fn provider(&self) -> Result<CryptoProvider, Problem> {
        let mut provider = ring::default_provider();
        if !self.cipher_suites.is_empty() {
            let chosen = chosen("cipher_suites", &self.cipher_suites, &SUITES)?;
            provider.cipher_suites.retain(|suite| suite.tls13().is_some() || chosen.contains(suite));
        }
        if !self.curve_preferences.is_empty() {
            provider.kx_groups = chosen("curve_preferences", &self.curve_preferences, &CURVES)?;
        }
        Ok(provider)
    }

    fn versions(&self) -> Result<Vec<&'static SupportedProtocolVersion>, Problem> {
        const VERSIONS: [(&str, &SupportedProtocolVersion); 2] =
            [("TLS12", &version::TLS12), ("TLS13", &version::TLS13)];
        let index = |field, value: &Option<String>, default| match value.as_deref() {
            None => Ok(default),
            Some("TLS10" | "TLS11") if field == "min_version" => {
                Err(problem(field, "TLS before 1.2 is not spoken here: TLS12 or TLS13"))
            }
            Some(name) => VERSIONS
                .iter()
                .position(|(version, _)| *version == name)
                .ok_or_else(|| problem(field, format!("is `{name}` and may be TLS12 or TLS13"))),
        };
        let (min, max) = (index("min_version", &self.min_version, 0)?, index("max_version", &self.max_version, 1)?);
        if min > max {
            return Err(problem("max_version", "is below min_version"));
        }
        Ok(VERSIONS[min..=max].iter().map(|(_, version)| *version).collect())
    }

    fn client_verifier(
        &self,
        authority: Option<&str>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, Problem> {
        if !self.client_allowed_sans.is_empty() {
            let advice = "is not supported; let a CA of its own sign the clients' certificates (client_ca_file)";
            return Err(problem("client_allowed_sans", advice));
        }
        let optional = match (self.client_auth_type.as_str(), &authority) {
            ("" | "NoClientCert", None) => return Ok(WebPkiClientVerifier::no_client_auth()),
            // As exporter-toolkit has it: a CA that is not used is a mistake.
            ("" | "NoClientCert", Some(_)) => {
                return Err(problem(
                    "client_auth_type",
                    "must be RequireAndVerifyClientCert for client_ca_file to count",
                ));
            }
            ("VerifyClientCertIfGiven", _) => true,
            ("RequireAndVerifyClientCert", _) => false,
            ("RequestClientCert" | "RequireAnyClientCert", _) => {
                let advice = "asks for certificates without looking at them, which is not supported: \
                              RequireAndVerifyClientCert and client_ca_file";
                return Err(problem("client_auth_type", advice));
            }
            (other, _) => {
                let problem = problem(
                    "client_auth_type",
                    format!(
                        "is `{other}` and may be NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert"
                    ),
                );
                return Err(problem);
            }
        };
        let authority = authority.ok_or_else(|| problem("client_ca_file", "must name the CA of the clients"))?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates_of(authority, "client_ca_file")? {
            let added = roots.add(certificate);
            added
                .map_err(|error| problem("client_ca_file", format!("has a certificate that is of no use: {error}")))?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        let builder = if optional { builder.allow_unauthenticated() } else { builder };
        builder.build().map_err(|error| problem("client_ca_file", error.to_string()))
    }
}

fn problem(field: &str, advice: impl Into<String>) -> Problem {
    Problem::field(format!("tls_server_config.{field}"), advice)
}

/// What stands in the file itself, or in one that it names.
fn pem(directory: &Path, field: &str, inline: Option<&str>, file: Option<&Path>) -> Result<Option<String>, Problem> {
    let (inline, file) = (inline.filter(|text| !text.is_empty()), file.filter(|path| !path.as_os_str().is_empty()));
    match (inline, file) {
        (Some(_), Some(_)) => Err(problem(field, format!("and {field}_file are both given; take one of them out"))),
        (Some(text), None) => Ok(Some(text.into())),
        (None, Some(file)) => read(&directory.join(file)).map(Some),
        (None, None) => Ok(None),
    }
}

fn certificates_of(pem: &str, field: &str) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(problem(field, "has no certificate in PEM (`-----BEGIN CERTIFICATE-----`)")),
        Err(error) => Err(problem(field, format!("has no certificate in PEM that can be read: {error}"))),
    }
}

fn chosen<T: Copy>(field: &str, names: &[String], table: &[(&str, T)]) -> Result<Vec<T>, Problem> {
    let find = |name: &String| {
        let found = table.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let known: Vec<_> = table.iter().map(|(known, _)| *known).collect();
            problem(field, format!("has `{name}`, which is not supported; there are {}", known.join(", ")))
        })
    };
    names.iter().map(find).collect()
}
