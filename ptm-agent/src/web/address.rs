//! Where the server listens, as the command line says it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use axum::http::uri::Authority;
use clap::{Args, ValueHint};

/// The port that the agent listens on unless told otherwise.
///
/// Prometheus' list of default port allocations has no port left between 9100 and 9999; this one lies beyond all that
/// it lists outside of that range.
pub const DEFAULT_PORT: u16 = 10_786;

/// The options about HTTP, of the agent and of the map.
// Named, as the name that clap makes up is taken: that of the agent's own.
#[derive(Clone, Debug, Args)]
#[group(id = "web")]
pub struct Arguments {
    /// Where metrics, API and live map are served: ADDRESS:PORT or unix:PATH; more than once for several, none for no
    /// place
    #[arg(long, value_name = "ADDRESS", default_values_t = [Address::default()], env = "PTM_LISTEN")]
    #[arg(value_delimiter = ',', action = clap::ArgAction::Append)]
    pub listen: Vec<Address>,
    /// TLS and basic authentication, in the format of Prometheus' exporters (web-config.yml)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, env = "PTM_WEB_CONFIG")]
    pub web_config: Option<PathBuf>,
    /// A name by which browsers may call the server, besides this machine's host name, localhost and addresses
    #[arg(long, value_name = "NAME", value_parser = host_name, value_delimiter = ',', env = "PTM_WEB_HOST")]
    pub web_host: Vec<String>,
}

impl Arguments {
    /// The places to listen at.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.listen.iter().filter(|address| **address != Address::None)
    }
}

/// A place to listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// An IP address and a port.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
    /// Nowhere.
    None,
}

impl Default for Address {
    fn default() -> Self {
        Self::Tcp(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT))
    }
}

/// What is no place to listen at.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error(
    "give an IP address and a port, such as 127.0.0.1:{DEFAULT_PORT} or [::1]:{DEFAULT_PORT}, or unix:PATH, or none"
)]
pub struct NotAnAddress;

/// What no browser puts into a Host header as the name.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("give a name alone, such as fabric.example.net, without http:// and without a port")]
struct NotAName;

fn host_name(text: &str) -> Result<String, NotAName> {
    let is_name = |text: &str| text.parse::<Authority>().is_ok_and(|authority| authority.host() == text);
    // A variable that is set to nothing asks for nothing.
    if text.is_empty() || is_name(text) { Ok(text.to_owned()) } else { Err(NotAName) }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        match (text, text.strip_prefix("unix:")) {
            ("none", _) => Ok(Self::None),
            (_, Some(path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            _ => text.parse().map(Self::Tcp).map_err(|_| NotAnAddress),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_server_is_what_browsers_put_into_the_host_header() {
        for name in ["fabric", "Fabric.example.net.", "xn--bcher-kva.example", "ptm_map", ""] {
            assert_eq!(host_name(name).unwrap(), name);
        }
        for text in ["http://fabric", "fabric:10787", "fabric/", "me@fabric", "fa bric", "*.example.net/x"] {
            assert!(host_name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_reads_as_it_is_written() {
        for text in ["127.0.0.1:10786", "[::1]:80", "0.0.0.0:0", "unix:/run/ptm/http", "none"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in ["", "localhost:80", "127.0.0.1", "10786", "unix:", "[::1]"] {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains("127.0.0.1:10786"), "{text}: {error}");
        }
    }
}
