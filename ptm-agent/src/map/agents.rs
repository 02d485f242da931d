//! Which agents the map asks: what stands in `--agents`, on the command line or in a file.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hyper::Uri;
use hyper::http::uri::Authority;

use crate::escape::shown;
use crate::plan::{Directory, UnknownNode};
use crate::web::DEFAULT_PORT;

/// Stands for the name of each node of the plan in turn.
const NODE: &str = "{node}";

/// As long as an agents file may be: some 40 bytes a line for 100,000 agents.
const LONGEST_FILE: u64 = 4 * 1024 * 1024;

/// Where an agent is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// By TCP.
    Tcp {
        /// Whether by TLS (`https`).
        tls: bool,
        /// Host and port.
        authority: Authority,
    },
    /// By a Unix socket.
    Unix(PathBuf),
}

impl Address {
    /// The host, without the brackets of an IPv6 address; `None` for a Unix socket.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Tcp { authority, .. } => Some(authority.host().trim_start_matches('[').trim_end_matches(']')),
            Self::Unix(_) => None,
        }
    }

    /// The port; `None` for a Unix socket.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp { authority, .. } => Some(authority.port_u16().unwrap_or(DEFAULT_PORT)),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { tls, authority } => write!(f, "{}://{authority}", if *tls { "https" } else { "http" }),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for Address {
    type Err = AgentsError;

    fn from_str(text: &str) -> Result<Self, AgentsError> {
        let refuse = || AgentsError::NotAnAddress(text.into());
        if let Some(path) = text.strip_prefix("unix:") {
            let path = Path::new(path);
            return if path.is_absolute() { Ok(Self::Unix(path.into())) } else { Err(refuse()) };
        }
        let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = url.parse().map_err(|_| refuse())?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(refuse()),
        };
        let authority = uri.authority().ok_or_else(refuse)?;
        if authority.as_str().contains('@') {
            return Err(AgentsError::Password);
        }
        let bare = authority.port().is_none();
        // `host:` and `host:99999` have no port that counts.
        let spelt = authority.as_str().len() == authority.host().len() || authority.port_u16().is_some();
        if authority.host().is_empty() || !spelt || uri.path() != "/" || uri.query().is_some() {
            return Err(refuse());
        }
        let whole = if bare { format!("{authority}:{DEFAULT_PORT}") } else { authority.to_string() };
        Ok(Self::Tcp { tls, authority: whole.parse().map_err(|_| refuse())? })
    }
}

/// An agent to be asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The node that it must speak for; `None`: it will say.
    pub node: Option<Box<str>>,
    /// Where.
    pub address: Address,
}

/// Why `--agents` can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AgentsError {
    /// It names no agent.
    #[error(
        "no agent is named; give --agents FILE, or a list such as leaf1=leaf1:{DEFAULT_PORT} or http://{NODE}:{DEFAULT_PORT}"
    )]
    None,
    /// The file can't be read.
    #[error("cannot read the agents file {}; --agents names it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line of the file is wrong.
    #[error("{}:{line}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        source: Box<AgentsError>,
    },
    /// No address.
    #[error(
        "`{}` is no address of an agent: give HOST, HOST:PORT, http://HOST:PORT, https://HOST:PORT or unix:/PATH",
        shown(.0)
    )]
    NotAnAddress(Box<str>),
    /// An address with a user in it.
    #[error("an address must not have user and password in it; give --agents-user and --agents-password-file")]
    Password,
    /// The plan has no such node.
    #[error("{0}")]
    UnknownNode(UnknownNode),
    /// A node, or an address, twice.
    #[error("`{}` is there twice", shown(.0))]
    Twice(Box<str>),
}

/// What `--agents` says, before the plan is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agents {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    One(Target),
    /// An address with `{node}` in it: one for every node that no other entry names.
    Every(Box<str>),
}

/// Where the list of agents comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, which is read again when it changes.
    File(PathBuf),
    /// The command line.
    List(String),
}

impl From<&str> for Source {
    /// A file is what looks like a path (in an address a slash comes behind a colon), and what is there.
    fn from(text: &str) -> Self {
        let path = Path::new(text);
        let looks_like_a_path = text.starts_with(['/', '.']) || text.contains('/') && !text.contains(':');
        if looks_like_a_path || path.is_file() { Self::File(path.into()) } else { Self::List(text.into()) }
    }
}

impl Source {
    /// Where to look.
    pub fn paths(&self) -> Vec<PathBuf> {
        match self {
            Self::File(path) => vec![path.clone()],
            Self::List(_) => Vec::new(),
        }
    }

    /// Reads it. **Blocks**.
    pub fn read(&self) -> Result<Agents, AgentsError> {
        match self {
            Self::List(text) => Agents::from_list(text),
            Self::File(path) => {
                let unreadable = |source| AgentsError::Unreadable { path: path.clone(), source };
                // A pipe would wait for a writer, and a device may have no end.
                let metadata = fs::metadata(path).map_err(unreadable)?;
                if !metadata.is_file() || metadata.len() > LONGEST_FILE {
                    return Err(unreadable(io::Error::other("it is no file, or longer than 4 MiB")));
                }
                let text = fs::read_to_string(path).map_err(unreadable)?;
                Agents::from_file(&text).map_err(|(line, error)| match line {
                    0 => error,
                    line => AgentsError::Line { path: path.clone(), line, source: error.into() },
                })
            }
        }
    }
}

impl Agents {
    fn from_list(text: &str) -> Result<Self, AgentsError> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(entry);
        Self::new(entries.collect::<Result<_, _>>()?)
    }

    /// One a line; `#` begins a comment. An error comes with its line, 0 if it is about all of them.
    fn from_file(text: &str) -> Result<Self, (usize, AgentsError)> {
        let lines = (1..).zip(text.lines());
        let lines = lines.map(|(number, line)| (number, line.split('#').next().unwrap_or("").trim()));
        let entries = lines.filter(|(_, line)| !line.is_empty());
        let entries = entries.map(|(number, line)| entry(line).map_err(|error| (number, error)));
        Self::new(entries.collect::<Result<_, _>>()?).map_err(|error| (0, error))
    }

    fn new(entries: Vec<Entry>) -> Result<Self, AgentsError> {
        if entries.is_empty() { Err(AgentsError::None) } else { Ok(Self { entries }) }
    }

    /// Every agent of this plan, in order, and what is wrong with the entries that are left out.
    pub fn targets(&self, directory: &Directory) -> (Vec<Target>, Vec<AgentsError>) {
        let (mut targets, mut wrong) = (Vec::new(), Vec::new());
        let mut named: HashSet<Box<str>> = HashSet::new();
        let mut bare: HashSet<&Address> = HashSet::new();
        for entry in &self.entries {
            let Entry::One(target) = entry else { continue };
            let (new, what) = match &target.node {
                Some(node) => {
                    if directory.node(node).is_none() {
                        wrong.push(AgentsError::UnknownNode(UnknownNode::new(node, directory)));
                        continue;
                    }
                    (named.insert(node.clone()), node.clone())
                }
                None => (bare.insert(&target.address), target.address.to_string().into()),
            };
            if new {
                targets.push(target.clone());
            } else {
                wrong.push(AgentsError::Twice(what));
            }
        }
        for entry in &self.entries {
            let Entry::Every(pattern) = entry else { continue };
            for node in directory.nodes().map(|node| node.name).filter(|node| !named.contains(*node)) {
                match address_of(pattern, node) {
                    Ok(address) => targets.push(Target { node: Some(node.into()), address }),
                    Err(error) => wrong.push(error),
                }
            }
            // A second pattern has nothing left to stand for.
            named.extend(directory.nodes().map(|node| node.name.into()));
        }
        (targets, wrong)
    }
}

fn entry(text: &str) -> Result<Entry, AgentsError> {
    if text.contains(NODE) {
        // To be found wrong now, not with the first node.
        address_of(text, "node")?;
        return Ok(Entry::Every(text.into()));
    }
    let (node, address) = match text.split_once('=') {
        Some((node, address)) => (Some(node.trim().trim_matches('"')), address.trim()),
        None => (None, text),
    };
    if node == Some("") {
        return Err(AgentsError::NotAnAddress(text.into()));
    }
    Ok(Entry::One(Target { node: node.map(Into::into), address: address.parse()? }))
}

fn address_of(pattern: &str, node: &str) -> Result<Address, AgentsError> {
    let address = pattern.replace(NODE, node);
    // A node's name is one name, in a path as in a host name.
    if node.contains(['/', '\0']) || node == ".." {
        return Err(AgentsError::NotAnAddress(address.into()));
    }
    address.parse()
}

#[cfg(test)]
mod tests;
