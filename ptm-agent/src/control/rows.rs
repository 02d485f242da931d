//! The rows of an answer: plain data in, columns out.
//!
//! Pure, and ignorant of the monitor: `from_monitor` fills these.

mod plan;

use std::time::Duration;

use ptm_common::IfIndex;

pub use self::plan::PlanRow;
use super::column;
use super::record::{Cleaning, NOTHING, Record};
use super::request::GetStatus;
use crate::monitor::{Reason, Statistics, Status};
use crate::time::Age;

/// One port, for `get-status`.
///
/// Without `more=yes` it has the columns of the original's newest release, 3.0, which prints none about BFD: zebra
/// looks only `port` and `cbl status` up, `ptmctl.py` prints whatever columns come, and no client is known that reads
/// the `BFD …` columns of older releases, which could say nothing but `N/A` here.
#[derive(Clone, Debug)]
pub struct PortRow {
    /// The interface's name.
    pub port: String,
    /// Whether the plan names the port. Others are shown only with `more=yes`.
    pub planned: bool,
    /// The verdict.
    pub reason: Reason,
    /// The expected far end, `node:port`.
    pub expected: Option<String>,
    /// The same in its parts: the node, and its port if the plan gives one.
    pub far: Option<(String, Option<String>)>,
    /// The neighbor that the verdict rests on, `node:port`.
    pub observed: Option<String>,
    /// Its system name.
    pub system_name: Option<String>,
    /// Its port ID.
    pub port_id: Option<String>,
    /// Its port description.
    pub port_description: Option<String>,
    /// What the plan compares: `IfName` or `PortDescr`.
    pub match_on: Option<&'static str>,
    /// Whether the verdict is from before the agent's restart and LLDP has not confirmed it yet.
    pub cached: bool,
    /// How long ago the verdict, or what LLDP says on the port, last changed.
    pub changed: Option<Duration>,
    /// The reason in a sentence.
    pub explanation: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// How the neighbor differs from the expected one.
    pub difference: Option<Difference>,
    /// The interface; `None`: this machine has none of that name.
    pub interface: Option<Interface>,
}

/// A field in which the neighbor is not the expected one.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The field's name.
    pub field: String,
    /// The plan's value.
    pub expected: String,
    /// LLDP's value.
    pub observed: String,
}

/// The interface of a port.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Its index.
    pub ifindex: IfIndex,
    /// Whether the link has carrier.
    pub carrier: bool,
    /// Where and how frames are captured, or why they are not; `None`: not attached yet.
    pub capture: Option<Result<Attachment, String>>,
    /// 802.1AB's counters.
    pub counters: Statistics,
}

/// Where the kernel half sits on an interface.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// `tc` or `xdp`.
    pub hook: String,
    /// How it is attached there, as the capture names it.
    pub mode: String,
}

/// One neighbor, for `get-status` with `module=lldp`.
#[derive(Clone, Debug)]
pub struct NeighborRow {
    /// The interface's name.
    pub port: String,
    /// The neighbor's system name.
    pub system_name: Option<String>,
    /// Its port ID.
    pub port_id: String,
    /// Its port description.
    pub port_description: Option<String>,
    /// What the plan compares on this port: `IfName` or `PortDescr`.
    pub match_on: Option<&'static str>,
    /// How long ago what it says last changed.
    pub changed: Duration,
    /// Its chassis ID.
    pub chassis_id: String,
    /// Its system description.
    pub system_description: Option<String>,
    /// Its management addresses.
    pub management_addresses: Vec<String>,
    /// How long its last LLDPDU held when it came.
    pub ttl: Duration,
    /// How long ago that was.
    pub heard: Duration,
    /// Whether the port's verdict rests on it.
    pub decides: bool,
}

/// A change of a port's verdict, for a notification. `None` as a reason: the port has no verdict.
#[derive(Clone, Debug)]
pub struct Change {
    /// The interface's name.
    pub port: String,
    /// The verdict until now.
    pub before: Option<Reason>,
    /// The verdict from now on.
    pub after: Option<Reason>,
    /// The expected far end, `node:port`.
    pub expected: Option<String>,
    /// The neighbor that is there, `node:port`.
    pub observed: Option<String>,
    /// The verdict in a sentence.
    pub explanation: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl PortRow {
    /// The columns that `asked` asks for.
    pub fn record(&self, asked: &GetStatus) -> Record {
        let mut record = verdict(&self.port, Some(self.reason));
        if asked.detail {
            record = record
                .with(column::EXPECTED, or_nothing(self.expected.as_deref()))
                .with(column::OBSERVED, self.observed.as_deref().unwrap_or("no-info"))
                .with(column::SYSTEM_NAME, or_nothing(self.system_name.as_deref()))
                .with(column::PORT_ID, or_nothing(self.port_id.as_deref()))
                .with(column::PORT_DESCRIPTION, or_nothing(self.port_description.as_deref()))
                .with(column::MATCH_ON, or_nothing(self.match_on))
                .with(column::LAST_UPDATE, self.changed.map_or_else(|| NOTHING.to_owned(), age));
        }
        if asked.more { self.with_ours(record) } else { record }
    }

    fn with_ours(&self, record: Record) -> Record {
        let difference = |get: fn(&Difference) -> &str| or_nothing(self.difference.as_ref().map(get)).to_owned();
        let interface = self.interface.as_ref();
        let attached = interface.and_then(|interface| interface.capture.as_ref());
        let (attachment, error) = match attached {
            Some(Ok(attachment)) => (Some(attachment), None),
            Some(Err(error)) => (None, Some(error.as_str())),
            None => (None, None),
        };
        let count = |get: fn(&Statistics) -> u64| {
            interface.map_or_else(|| NOTHING.to_owned(), |interface| get(&interface.counters).to_string())
        };
        record
            .cleaned_by(Cleaning::Escape)
            .with(column::REASON, self.reason.as_str())
            .with(column::EXPLANATION, &self.explanation)
            .with(column::ADVICE, or_nothing(self.advice.as_deref()))
            .with(column::FIELD, difference(|difference| &difference.field))
            .with(column::FIELD_EXPECTED, difference(|difference| &difference.expected))
            .with(column::FIELD_OBSERVED, difference(|difference| &difference.observed))
            .with(column::CACHED, if self.cached { "yes" } else { "no" })
            .with(column::CHANGED, self.changed.map_or_else(|| NOTHING.to_owned(), seconds))
            .with(column::IFINDEX, interface.map_or_else(|| NOTHING.to_owned(), |it| it.ifindex.to_string()))
            .with(column::CARRIER, or_nothing(interface.map(|it| if it.carrier { "up" } else { "down" })))
            .with(column::HOOK, or_nothing(attachment.map(|it| it.hook.as_str())))
            .with(column::MODE, or_nothing(attachment.map(|it| it.mode.as_str())))
            .with(column::CAPTURE_ERROR, or_nothing(error))
            .with(column::FRAMES_IN, count(|it| it.frames_in))
            .with(column::FRAMES_DISCARDED, count(|it| it.frames_discarded))
            .with(column::FRAMES_IN_ERROR, count(|it| it.frames_in_error))
            .with(column::TLVS_DISCARDED, count(|it| it.tlvs_discarded))
            .with(column::TLVS_UNRECOGNIZED, count(|it| it.tlvs_unrecognized))
            .with(column::AGEOUTS, count(|it| it.ageouts))
    }
}

impl NeighborRow {
    /// The columns that `asked` asks for.
    pub fn record(&self, asked: &GetStatus) -> Record {
        let record = Record::new()
            .with(column::PORT, &self.port)
            .with(column::SYSTEM_NAME, or_nothing(self.system_name.as_deref()))
            .with(column::PORT_ID, &self.port_id)
            .with(column::NEIGHBOR_PORT_DESCRIPTION, or_nothing(self.port_description.as_deref()))
            .with(column::MATCH_ON, or_nothing(self.match_on))
            .with(column::LAST_UPDATE, age(self.changed));
        if !asked.more {
            return record;
        }
        record
            .cleaned_by(Cleaning::Escape)
            .with(column::CHASSIS_ID, &self.chassis_id)
            .with(column::SYSTEM_DESCRIPTION, or_nothing(self.system_description.as_deref()))
            .with(column::MANAGEMENT_ADDRESSES, self.management_addresses.join(" "))
            .with(column::TTL, seconds(self.ttl))
            .with(column::HEARD, seconds(self.heard))
            .with(column::DECIDES, if self.decides { "yes" } else { "no" })
    }
}

impl Change {
    /// The columns of a notification; `None`: nothing of it concerns a client that did not ask for our columns,
    /// because the cable status is what it was.
    pub fn record(&self, more: bool) -> Option<Record> {
        let record = verdict(&self.port, self.after);
        if more {
            let reason = |reason: Option<Reason>| or_nothing(reason.map(Reason::as_str));
            let record = record
                .cleaned_by(Cleaning::Escape)
                .with(column::EXPECTED, or_nothing(self.expected.as_deref()))
                .with(column::OBSERVED, self.observed.as_deref().unwrap_or("no-info"))
                .with(column::REASON, reason(self.after))
                .with(column::BEFORE, reason(self.before))
                .with(column::EXPLANATION, &self.explanation)
                .with(column::ADVICE, or_nothing(self.advice.as_deref()));
            return Some(record);
        }
        (cable_status(self.before) != cable_status(self.after)).then_some(record)
    }
}

/// The two columns that zebra reads.
fn verdict(port: &str, reason: Option<Reason>) -> Record {
    Record::new().with(column::PORT, port).with(column::CABLE_STATUS, cable_status(reason))
}

/// The protocol's spelling of a status; without a verdict there is no information either.
fn cable_status(reason: Option<Reason>) -> &'static str {
    match reason.map(Reason::status) {
        Some(Status::Pass) => "pass",
        Some(Status::Fail) => "fail",
        Some(Status::NoInfo) | None => NOTHING,
    }
}

fn or_nothing(value: Option<&str>) -> &str {
    value.unwrap_or(NOTHING)
}

fn age(duration: Duration) -> String {
    Age(duration).to_string()
}

fn seconds(duration: Duration) -> String {
    duration.as_secs().to_string()
}

#[cfg(test)]
pub(crate) mod tests;
