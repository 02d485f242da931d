//! A real lldpd on a machine: it speaks, and it hears.

use std::time::Duration;

use serde::Deserialize;

use crate::machine::command;
use crate::{FabricError, Machine, Process};

/// The TTL of LLDP in the field (802.1AB-2016 9.2.5: 30 s × 4, and one more second in later editions).
pub const USUAL_TTL: Duration = Duration::from_mins(2);

/// lldpd sends this often, whatever the TTL, so that no scenario waits for a frame. In milliseconds.
const INTERVAL_MS: u128 = 500;

const SOCKET: &str = "/run/lldpd.socket";

/// What lldpd knows of a neighbor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LldpdNeighbor {
    /// The port of this machine that heard it.
    pub local_port: String,
    /// Its system name.
    pub system_name: String,
    /// Its port ID.
    pub port_id: String,
}

/// Starts lldpd on every interface of `machine`, with the interface's name as port ID.
pub(crate) fn start(machine: &Machine, ttl: Duration) -> Result<Process, FabricError> {
    let hold = ttl.as_millis() / INTERVAL_MS;
    let configuration = format!(
        "configure lldp portidsubtype ifname\n\
         configure lldp tx-interval {INTERVAL_MS}ms\n\
         configure lldp tx-hold {hold}\n"
    );
    machine.write("/run/lldpd.conf", &configuration)?;
    // Where lldpd's unprivileged half is locked in; it does not make the folder itself.
    machine.write("/run/lldpd/.keep", "")?;
    // One that was killed leaves its socket behind, and the next would take that for a running one.
    machine.run(&["rm", "-f", SOCKET])?;
    // `-d` keeps it in the foreground, `-I *` makes it take veths for real ports, `-O` replaces the host's settings.
    machine.spawn(command(&["lldpd", "-d", "-u", SOCKET, "-I", "*", "-O", "/run/lldpd.conf"]))
}

/// Tells lldpd on `machine`, which runs, what `lldpcli configure` takes: `lldp portidsubtype macaddress`.
pub(crate) fn configure(machine: &Machine, setting: &str) -> Result<(), FabricError> {
    let arguments = ["lldpcli", "-u", SOCKET, "configure"];
    let arguments: Vec<&str> = arguments.into_iter().chain(setting.split(' ')).collect();
    machine.run(&arguments).map(drop)
}

/// Whom lldpd on `machine` hears, in no order.
pub(crate) fn neighbors(machine: &Machine) -> Result<Vec<LldpdNeighbor>, FabricError> {
    let json = machine.run(&["lldpcli", "-u", SOCKET, "-f", "json0", "show", "neighbors"])?;
    let answer: Answer = serde_json::from_str(&json).map_err(|e| FabricError::Failed {
        machine: machine.name().into(),
        command: "lldpcli".into(),
        status: e.to_string(),
        output: json,
    })?;
    Ok(answer.lldp.into_iter().flat_map(|lldp| lldp.interface).map(Interface::neighbor).collect())
}

/// lldpcli's `json0`: every element a list, also where there is one.
#[derive(Deserialize)]
struct Answer {
    lldp: Vec<Lldp>,
}

#[derive(Deserialize)]
struct Lldp {
    #[serde(default)]
    interface: Vec<Interface>,
}

#[derive(Deserialize)]
struct Interface {
    name: String,
    #[serde(default)]
    chassis: Vec<Chassis>,
    #[serde(default)]
    port: Vec<Port>,
}

#[derive(Deserialize)]
struct Chassis {
    #[serde(default)]
    name: Vec<Value>,
}

#[derive(Deserialize)]
struct Port {
    #[serde(default)]
    id: Vec<Value>,
}

#[derive(Deserialize)]
struct Value {
    value: String,
}

impl Interface {
    fn neighbor(self) -> LldpdNeighbor {
        let first = |values: Vec<Value>| values.into_iter().next().map(|it| it.value).unwrap_or_default();
        LldpdNeighbor {
            local_port: self.name,
            system_name: first(self.chassis.into_iter().flat_map(|chassis| chassis.name).collect()),
            port_id: first(self.port.into_iter().flat_map(|port| port.id).collect()),
        }
    }
}
