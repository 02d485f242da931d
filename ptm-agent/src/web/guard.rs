//! What a request must be before anything is done for it, and what each answer says to browsers.
//!
//! Pure. There is nothing to write here, so what is at stake is that a page of another site reads the cabling with the
//! browser of somebody who may. A browser lets it do so only if the page's site is ours by name: hence the look at the
//! name (DNS rebinding), and no CORS header ever.

use std::net::IpAddr;
use std::sync::OnceLock;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::counters::RefusedRequest;
use crate::host::node_name;

/// On every answer.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Puts them there.
pub(super) fn protect(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("only GET and HEAD are answered: nothing can be changed here")]
    Method,
    #[error("a request has no body here")]
    Body,
    #[error("the request says no host: HTTP/1.1 asks for a Host header")]
    NoHost,
    #[error(
        "this server does not know itself by that name; if it is right, start it with --web-host NAME \
         (PTM_WEB_HOST), or ask by the address"
    )]
    Host,
    #[error("a page of another site may not ask this server")]
    CrossSite,
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Body => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoHost => StatusCode::BAD_REQUEST,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::CrossSite => StatusCode::FORBIDDEN,
        }
    }

    /// How it is counted.
    pub(super) fn counted(self) -> RefusedRequest {
        match self {
            Self::Method | Self::Body => RefusedRequest::Method,
            Self::NoHost | Self::Host => RefusedRequest::Host,
            Self::CrossSite => RefusedRequest::CrossSite,
        }
    }
}

/// The names by which browsers may call this server, besides addresses and `localhost`.
#[derive(Debug)]
pub(super) struct Names {
    /// As [`plain`] makes them.
    given: Vec<String>,
    /// What the resolver calls this machine, once it has said so.
    pub(super) qualified: OnceLock<String>,
}

impl Names {
    pub(super) fn new(given: &[String]) -> Self {
        Self { given: given.iter().map(|name| plain(name)).collect(), qualified: OnceLock::new() }
    }

    fn include(&self, name: &str) -> bool {
        let name = plain(name);
        let is = |known: &str| {
            let known = known.to_ascii_lowercase();
            !name.is_empty() && (name == known || Some(name.as_str()) == known.split('.').next())
        };
        name == "localhost"
            || self.given.contains(&name)
            // Asked each time: it may be given another name.
            || is(&node_name())
            || self.qualified.get().is_some_and(|known| is(known))
    }
}

/// A name as it is compared: in lower case, and without the dot that may end it.
fn plain(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// A request's outer side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) has_body: bool,
    /// Whether it came by a Unix socket: no browser does, and there is no name to call it by.
    pub(super) local: bool,
}

/// Whether a request may be answered, as far as can be seen from outside of it.
pub(super) fn admit(asked: Asked<'_>, names: &Names) -> Result<(), Refusal> {
    let Asked { method, uri, headers, has_body, local } = asked;
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(Refusal::Method);
    }
    if has_body {
        return Err(Refusal::Body);
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !local {
        // RFC 9112 3.2.2: a host in the request's target counts before the header.
        let host = uri.authority().map(Authority::as_str).or_else(|| header("host")).ok_or(Refusal::NoHost)?;
        if headers.get_all(header::HOST).iter().count() > 1 || !is_ours(host, names) {
            return Err(Refusal::Host);
        }
    }
    // A link on another site may lead here; what is fetched behind a page's back may not.
    if header("sec-fetch-site") == Some("cross-site") && header("sec-fetch-mode") != Some("navigate") {
        return Err(Refusal::CrossSite);
    }
    Ok(())
}

fn is_ours(host: &str, names: &Names) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    address.parse::<IpAddr>().is_ok() || names.include(host)
}

#[cfg(test)]
mod tests;
