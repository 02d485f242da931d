//! The values of the HTTP API: what an agent and the map answer, what the page shows, what the map reads of agents.
//!
//! Pure. Text that came by LLDP is in here as [`shown`](crate::escape::shown) leaves it: readable, with what deceives
//! written out. JSON does the rest. What is read of another agent is hostile until it is decoded, and bounded by who
//! reads it.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};

use crate::monitor::{Reason, Status};

/// `GET /api/v1/topology`: the plan's cables as far as the server knows them, and what is said of their ends.
///
/// An agent answers with its own cables, its own end first; the map with all of the plan, in which it shares each link
/// (`L`) with its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Topology<L = Link> {
    /// Who answers.
    pub server: Server,
    /// The place in the event stream that this answer is as of: `/api/v1/events?after=CURSOR` goes on from here.
    pub cursor: String,
    /// The oldest place in the event stream that can still be had: from here on the events up to `cursor` are those that
    /// led to this answer.
    pub oldest: String,
    /// The plan, and what is wrong with its file.
    pub plan: Plan,
    /// The machines.
    pub nodes: Vec<Node>,
    /// The plan's cables.
    pub links: Vec<L>,
    /// Ports with a neighbor that the plan does not name.
    pub unplanned: Vec<End>,
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// An agent, or the map of many.
    pub kind: Kind,
    /// The agent's name in the plan; none for the map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Its version.
    pub version: String,
    /// The time there, when it answered.
    pub time: Timestamp,
}

/// What a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An agent: speaks for one machine.
    Agent,
    /// The map: shows what many agents say.
    Map,
}

/// The plan in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The topology file.
    pub file: String,
    /// The SHA-256 of the file, as `sha256sum` prints it: 64 hexadecimal digits.
    pub sha256: String,
    /// When it was put in force.
    pub since: Timestamp,
    /// How long reading it took, in seconds.
    pub load_seconds: f64,
    /// Nodes of the whole plan.
    pub nodes: usize,
    /// Links of the whole plan.
    pub links: usize,
    /// Why the file as it is now can't be used; none if it is what is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<PlanFailure>,
}

/// Why the file on disk is not what is in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanFailure {
    /// Since when.
    pub since: Timestamp,
    /// In one line.
    pub error: String,
    /// Each of its problems in one line, twenty-one at most.
    pub problems: Vec<String>,
}

/// A machine of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What the plan says it is (`function`), such as `spine`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// On the map: how its agent stands. None where the map was told of no agent, and in an agent's own answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentState>,
}

/// How an agent stands, as the map sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentState {
    /// What is the matter, or that nothing is.
    pub state: Reach,
    /// Where it is asked: a URL, or `unix:` and a path. Without user and password.
    pub address: String,
    /// More on it in a sentence; empty if all is well.
    pub detail: String,
}

/// Whether the map gets what it needs of an agent. Of one that is not `up` the map shows no verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// It was not heard yet.
    Connecting,
    /// It answers, and its plan is the map's.
    Up,
    /// It can't be connected to, or broke off.
    Unreachable,
    /// It is connected and says nothing.
    Hanging,
    /// What it says is no answer of an agent, or of another node than it is asked as.
    Invalid,
    /// Its plan is another than the map's.
    OtherPlan,
}

impl Reach {
    /// Every one of them.
    pub const ALL: [Self; 6] =
        [Self::Connecting, Self::Up, Self::Unreachable, Self::Hanging, Self::Invalid, Self::OtherPlan];

    /// The word for it, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Up => "up",
            Self::Unreachable => "unreachable",
            Self::Hanging => "hanging",
            Self::Invalid => "invalid",
            Self::OtherPlan => "other-plan",
        }
    }
}

/// A cable of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Its ends. In an agent's answer the first is the agent's own.
    pub ends: [End; 2],
}

/// An end of a cable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// The machine.
    pub node: String,
    /// The port; none where the plan gives none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// What that machine's agent says of it; none where it is not known here. Boxed, as a map of many cables may know
    /// nothing of most of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Box<Verdict>>,
}

/// What an agent says of one of its ports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// `pass`, `fail` or `no-info`.
    pub status: Status,
    /// Why.
    pub reason: Reason,
    /// Whether it is from before the agent's restart and LLDP has not confirmed it yet.
    pub cached: bool,
    /// Whether the link has carrier; none where there is no interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<bool>,
    /// When the verdict, or what LLDP says on the port, last changed; none: never that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The expected far end, `node:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The neighbor that is there, `node:port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<String>,
    /// In which field that one is not the expected one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
    /// The reason in a sentence.
    pub explanation: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// A field in which the neighbor is not the expected one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The field's name.
    pub field: String,
    /// The plan's value.
    pub expected: String,
    /// LLDP's value.
    pub observed: String,
}

/// An event of the stream: one verdict changed. Of the events with an ID, `port` is the kind that an agent sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortEvent {
    /// When.
    pub time: Timestamp,
    /// The machine.
    pub node: String,
    /// The port.
    pub port: String,
    /// Whether the plan names it.
    pub planned: bool,
    /// The verdict until then; none: it had none.
    pub before: Option<Reason>,
    /// The verdict from then on; none: it has none any more.
    pub after: Option<Reason>,
    /// The same in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Box<Verdict>>,
}

/// An event of the map's stream: an agent is reached no longer, or again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentEvent {
    /// When.
    pub time: Timestamp,
    /// The machine.
    pub node: String,
    /// How its agent stands from then on.
    pub agent: AgentState,
}

/// `GET /api/v1/status`: the sum of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Who answers.
    pub server: Server,
    /// The plan, and what is wrong with its file.
    pub plan: Plan,
    /// How many ports have each status. On the map: of the plan's ports, as far as agents tell.
    pub ports: Count,
    /// The ports that fail.
    pub failing: Vec<End>,
    /// On the map: the machines whose agents it was told of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<Vec<Node>>,
}

/// How many ports have each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Count {
    /// The expected neighbor is there.
    pub pass: usize,
    /// It is not.
    pub fail: usize,
    /// Nothing is known, or there is nothing to check.
    pub no_info: usize,
}

impl Count {
    /// Counts one more.
    pub fn add(&mut self, status: Status) {
        let one = match status {
            Status::Pass => &mut self.pass,
            Status::Fail => &mut self.fail,
            Status::NoInfo => &mut self.no_info,
        };
        *one += 1;
    }
}

/// `GET /api/v1/ports/NAME`: everything that is known of one port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortDetail {
    /// Who answers.
    pub server: Server,
    /// The port, its machine and its verdict.
    #[serde(flatten)]
    pub end: End,
    /// The other end by the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub far: Option<End>,
    /// What of the neighbor the plan compares: `IfName`, `PortDescr` or `Any`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_on: Option<String>,
    /// The interface; none: this machine has none of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<Interface>,
    /// Who is heard there, sixteen at most.
    pub neighbors: Vec<Neighbor>,
}

/// The interface of a port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interface {
    /// Its index.
    pub ifindex: u32,
    /// Where and how frames are captured, such as `tc (tcx)`; none: not yet, or it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<String>,
    /// Why they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_error: Option<String>,
    /// 802.1AB's counters, by the names of `docs/metrics.md` without prefix and `_total`.
    pub counters: std::collections::BTreeMap<String, u64>,
}

/// Somebody heard on a port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbor {
    /// Its chassis ID.
    pub chassis_id: String,
    /// Its port ID.
    pub port_id: String,
    /// Its port description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_description: Option<String>,
    /// Its system name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_name: Option<String>,
    /// Its system description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_description: Option<String>,
    /// Its management addresses.
    pub management_addresses: Vec<String>,
    /// How long its last LLDPDU holds, in seconds.
    pub ttl_seconds: u64,
    /// When that came.
    pub heard: Timestamp,
    /// When what it says last changed.
    pub since: Timestamp,
    /// Whether the port's verdict rests on it.
    pub decides: bool,
}

/// Any answer that is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What happened, and what to do.
    pub error: String,
}

/// A moment of the wall clock to the millisecond, in JSON as RFC 3339 has it: `2026-11-21T14:30:05.123Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Milliseconds since 1970.
    pub const fn unix_millis(self) -> u64 {
        self.0
    }
}

impl From<SystemTime> for Timestamp {
    /// What lies before 1970 is taken for its beginning.
    fn from(time: SystemTime) -> Self {
        let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Self(u64::try_from(millis).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 3339 ends with the year 9999; the clock of a machine may be set to anything.
        const LAST: u64 = 253_402_300_799_999;
        let time = UNIX_EPOCH + Duration::from_millis(self.0.min(LAST));
        humantime::format_rfc3339_millis(time).fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text).map(Self::from).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_written_as_rfc_3339_and_read_again() {
        let time = Timestamp::from(UNIX_EPOCH + Duration::from_micros(1_795_271_405_123_900));
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(json, r#""2026-11-21T14:30:05.123Z""#);
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
        for wrong in [r#""yesterday""#, r#""2026-11-21""#, "1795271405", r#""""#] {
            assert!(serde_json::from_str::<Timestamp>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn any_time_can_be_written() {
        for millis in [0, 253_402_300_799_999, u64::MAX] {
            assert!(Timestamp(millis).to_string().ends_with('Z'));
        }
        assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_secs(1)).unix_millis(), 0);
    }

    #[test]
    fn statuses_and_reasons_are_spelt_as_everywhere() {
        for status in Status::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }
}
