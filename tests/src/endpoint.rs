//! One end of a cable, as people write it: `vm1:eth1`.

use std::fmt;
use std::str::FromStr;

use crate::FabricError;

/// A port of a machine. Written `node:port`, where the node's name has no colon.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// The machine's name, which is its host name too.
    pub node: String,
    /// The interface's name on that machine.
    pub port: String,
}

impl Endpoint {
    /// The port `port` of the machine `node`.
    ///
    /// Fails where the kernel would refuse the port as the name of an interface (`dev_valid_name`: 1–15 bytes, neither
    /// `.` nor `..`, without `/`, `:` and blanks).
    pub fn new(node: &str, port: &str) -> Result<Self, FabricError> {
        let forbidden = |b: u8| b == b'/' || b == b':' || b.is_ascii_whitespace();
        let valid = (1..=15).contains(&port.len()) && port != "." && port != ".." && !port.bytes().any(forbidden);
        if !valid {
            return Err(FabricError::NotAnInterfaceName { node: node.into(), port: port.into() });
        }
        Ok(Self { node: node.into(), port: port.into() })
    }
}

impl FromStr for Endpoint {
    type Err = FabricError;

    fn from_str(text: &str) -> Result<Self, FabricError> {
        let (node, port) = text.split_once(':').ok_or_else(|| FabricError::NoSuchPort(text.into()))?;
        Self::new(node, port)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.node, self.port)
    }
}
