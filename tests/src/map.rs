//! The map of a fabric, `ptm-agent map`, and what it says of the plan's cables.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::machine::command;
use crate::wait::{self, PATIENCE};
use crate::{Cable, Endpoint, FabricError, Machine, Process, program};

/// Where agents and map listen unless told otherwise.
pub const USUAL_PORT: u16 = 10_786;

/// A running map. Dropping it ends it.
pub struct Map {
    process: Process,
    machine: Machine,
    address: SocketAddr,
}

/// The ends of a cable, and the status that the map has of each, if it has one.
type Ends = [(Endpoint, Option<String>); 2];

impl Map {
    /// Starts a map on `machine`, at this port of its own addresses, of the agents that listen in the folder `sockets` as
    /// [`Map::socket`] says, and waits until it answers.
    pub fn start(machine: Machine, port: u16, plan: &Path, sockets: &Path) -> Result<Self, FabricError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut map = command(&[program("ptm-agent")?]);
        map.arg("map").arg("-c").arg(plan).arg("--listen").arg(address.to_string());
        map.arg("--agents").arg(format!("unix:{}/{{node}}.sock", sockets.display()));
        let mut map = Self { process: machine.spawn(map)?, machine, address };
        let Self { process, machine, address } = &mut map;
        let answered = wait::until("the map to answer", PATIENCE, || match process.ended() {
            // Nothing more will come, so waiting for it has an end.
            Some(_) => Ok(Err(process.account())),
            None => get(machine, *address, "/healthz").map(|_| Ok(())),
        })?;
        answered.map(|()| map).map_err(FabricError::Map)
    }

    /// Where the agent of `node` is to listen, as its option `--listen` takes it.
    pub fn socket(sockets: &Path, node: &str) -> String {
        format!("unix:{}/{node}.sock", sockets.display())
    }

    /// Where its page is.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The machine on which it runs.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Waits until each of these cables has this status on the map: `pass` if both its ends say so, `fail` if one does.
    pub fn await_cables(&self, cables: &[Cable], status: &str) -> Result<(), FabricError> {
        wait::until(format!("cables to be `{status}` on the map"), PATIENCE, || {
            let links = self.cables().map_err(|error| error.to_string())?;
            let is = |Cable(one, other): &Cable| {
                let both = |ends: &Ends| [one, other].iter().all(|end| ends.iter().any(|(it, _)| it == *end));
                links.iter().any(|ends| both(ends) && status_of(ends) == status)
            };
            if cables.iter().all(is) { Ok(()) } else { Err(format!("{links:?}")) }
        })
    }

    fn cables(&self) -> io::Result<Vec<Ends>> {
        let topology: Topology = serde_json::from_str(&get(&self.machine, self.address, "/api/v1/topology")?)?;
        let end = |End { node, port, verdict }| {
            let port = Endpoint { node, port: port.unwrap_or_default() };
            (port, verdict.map(|Verdict { status }| status))
        };
        Ok(topology.links.into_iter().map(|link| link.ends.map(end)).collect())
    }
}

/// The status of a cable, from those of its ends.
fn status_of(ends: &Ends) -> &'static str {
    let statuses = ends.each_ref().map(|(_, status)| status.as_deref());
    match statuses {
        [Some("fail"), _] | [_, Some("fail")] => "fail",
        [Some("pass"), Some("pass")] => "pass",
        _ => "no-info",
    }
}

/// The body of what is answered at `path` by a server on `machine`, if that is a success.
fn get(machine: &Machine, address: SocketAddr, path: &str) -> io::Result<String> {
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    machine.enter(move || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.split_once("\r\n\r\n") {
            Some((head, body)) if head.split(' ').nth(1) == Some("200") => Ok(body.to_owned()),
            _ => Err(io::Error::other(answer)),
        }
    })
}

#[derive(Deserialize)]
struct Topology {
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    ends: [End; 2],
}

#[derive(Deserialize)]
struct End {
    node: String,
    port: Option<String>,
    verdict: Option<Verdict>,
}

#[derive(Deserialize)]
struct Verdict {
    status: String,
}
