//! The sentences with which a command is refused, as users know them from the original.

use std::path::PathBuf;

/// Why a command has no rows for an answer. It becomes `cmd_ext_status`, `cmd_status` being `fail`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The plan could not be read.
    #[error("Topology file error [{}] [cannot open file]", .0.display())]
    CannotOpenFile(PathBuf),
    /// The plan does not have this node.
    #[error("Topology file error [{}] [cannot find node {node}]", file.display())]
    CannotFindNode {
        /// The topology file.
        file: PathBuf,
        /// This node's name.
        node: String,
    },
    /// This node does not know how it is called.
    #[error("No Hostname/MgmtIP found")]
    NoHostname,
    /// The plan has errors: a sentence of ours in the original's form.
    #[error("{0}")]
    UnusablePlan(String),
    /// `reload`, from somebody else than root and the agent's own user.
    #[error("Permission denied [only root and the agent's own user may reload the topology file; use sudo]")]
    MayNotReload,
    /// Nobody was heard on any port.
    #[error("No LLDP ports detected. Check connections")]
    NoNeighbors,
    /// `module=bfd`: there never are any.
    #[error("No BFD sessions . Check connections")]
    NoBfdSessions,
    /// A BFD command. The original would have started a session; saying yes would let a routing daemon trust it.
    #[error("BFD is not run by this agent; use a routing suite's own BFD daemon")]
    NoBfd,
    /// The command is none of the protocol's.
    #[error("Command Unsupported")]
    Unsupported,
    /// `port=NAME`: neither the plan nor LLDP knows it.
    #[error("Port {0} is not in the topology file and nobody was heard on it")]
    UnknownPort(String),
    /// The plan has this node, without any port.
    #[error("No ports of this node in the topology file")]
    NoPorts,
    /// No column `cmd`, or no line of values.
    #[error("Malformed message [a line of column names with cmd and a line of values are needed]")]
    NoCommand,
    /// The body is not UTF-8.
    #[error("Malformed message [not text]")]
    NotText,
    /// The header is none.
    #[error("Malformed message [{0}]")]
    Desync(#[from] super::codec::Desync),
    /// The body is longer than the agent takes.
    #[error("Message too long [{length} bytes, at most {limit}]")]
    TooLong {
        /// As the header announced it, bytes.
        length: usize,
        /// The longest that would have been taken, bytes.
        limit: usize,
    },
    /// As many clients as the agent takes are connected.
    #[error("Too many clients [{0} connected]")]
    TooManyClients(usize),
    /// As many clients as the agent takes from one user are connected.
    #[error("Too many clients of user {uid} [{connected} connected]")]
    TooManyClientsOfUser {
        /// The user's ID.
        uid: u32,
        /// How many it has connected.
        connected: usize,
    },
}
