//! The names of the columns, the original's and ours: the server writes them, `ptmctl` reads them.
//!
//! zebra takes a column for any key that begins with the column's name. So no column of a row may be a proper prefix
//! of a key that zebra looks up (`cmd_status`, `port`, `cbl status`, `state`, `peer`, `local`, `vrf`); a test sees to
//! it. In an error answer `cmd` does stand for `cmd_status`, and zebra drops the message, as it should.

/// The command; in answers of success or failure repeated from the request.
pub const CMD: &str = "cmd";
/// `pass` or `fail`: whether the command could be done. Its presence ends an answer.
pub const CMD_STATUS: &str = "cmd_status";
/// The sentence that goes with it.
pub const CMD_EXT_STATUS: &str = "cmd_ext_status";

/// The interface's name.
pub const PORT: &str = "port";
/// `pass`, `fail` or `N/A`.
pub const CABLE_STATUS: &str = "cbl status";
/// `node:port` of the plan.
pub const EXPECTED: &str = "exp nbr";
/// `node:port` of LLDP, or `no-info`.
pub const OBSERVED: &str = "act nbr";
/// The neighbor's system name.
pub const SYSTEM_NAME: &str = "sysname";
/// The neighbor's port ID.
pub const PORT_ID: &str = "portID";
/// The neighbor's port description, in a port's row.
pub const PORT_DESCRIPTION: &str = "portDescr";
/// The neighbor's port description, in a neighbor's row.
pub const NEIGHBOR_PORT_DESCRIPTION: &str = "port descr";
/// What the plan compares: `IfName` or `PortDescr`.
pub const MATCH_ON: &str = "match on";
/// How long ago the verdict, or what LLDP says, last changed: `5m:59s`.
pub const LAST_UPDATE: &str = "last upd";

/// The verdict's reason, kebab-case. Ours from here on.
pub const REASON: &str = "reason";
/// In a notification: the reason until now.
pub const BEFORE: &str = "reason before";
/// The reason in a sentence, with the evidence.
pub const EXPLANATION: &str = "explanation";
/// `yes` if the verdict is from before the agent's restart and LLDP has not confirmed it yet, else `no`.
pub const CACHED: &str = "cached";
/// What to do about it.
pub const ADVICE: &str = "advice";
/// The field that differs.
pub const FIELD: &str = "differs in";
/// What the plan has for that field.
pub const FIELD_EXPECTED: &str = "differs exp";
/// What LLDP has for it.
pub const FIELD_OBSERVED: &str = "differs act";
/// Seconds since the last change, as `last upd` but a number.
pub const CHANGED: &str = "changed secs";
/// The kernel's interface index.
pub const IFINDEX: &str = "ifindex";
/// `up` or `down`: whether the link has carrier.
pub const CARRIER: &str = "carrier";
/// Where frames are captured: `tc` or `xdp`.
pub const HOOK: &str = "hook";
/// How it is attached there.
pub const MODE: &str = "hook mode";
/// Why nothing is captured.
pub const CAPTURE_ERROR: &str = "capture error";
/// 802.1AB `statsFramesInTotal`.
pub const FRAMES_IN: &str = "frames in";
/// 802.1AB `statsFramesDiscardedTotal`.
pub const FRAMES_DISCARDED: &str = "frames discarded";
/// 802.1AB `statsFramesInErrorsTotal`.
pub const FRAMES_IN_ERROR: &str = "frames in error";
/// 802.1AB `statsTLVsDiscardedTotal`.
pub const TLVS_DISCARDED: &str = "TLVs discarded";
/// 802.1AB `statsTLVsUnrecognizedTotal`.
pub const TLVS_UNRECOGNIZED: &str = "TLVs unrecognized";
/// 802.1AB `statsAgeoutsTotal`.
pub const AGEOUTS: &str = "ageouts";
/// The neighbor's chassis ID.
pub const CHASSIS_ID: &str = "chassisID";
/// The neighbor's system description.
pub const SYSTEM_DESCRIPTION: &str = "sysdescr";
/// The neighbor's management addresses, separated by blanks.
pub const MANAGEMENT_ADDRESSES: &str = "mgmt addresses";
/// For how many seconds its last LLDPDU held when it came.
pub const TTL: &str = "ttl secs";
/// Seconds since its last LLDPDU came.
pub const HEARD: &str = "heard secs";
/// `yes` if the port's verdict rests on this neighbor, else `no`.
pub const DECIDES: &str = "decides";

/// What is wrong with the topology file on disk, while the plan from before stays in force: in the record that ends an
/// answer of ours, and in the account of the plan.
pub const PLAN_ERROR: &str = "plan error";
/// One problem of the topology file, in one line.
pub const PROBLEM: &str = "problem";
/// The topology file that is in force.
pub const PLAN_FILE: &str = "plan file";
/// This machine's name in it.
pub const PLAN_NODE: &str = "plan node";
/// Seconds since it was put in force.
pub const PLAN_LOADED: &str = "loaded secs";
/// Milliseconds that reading it took.
pub const PLAN_TOOK: &str = "load msecs";
/// Links of the whole plan.
pub const PLAN_LINKS: &str = "links";
/// Nodes of the whole plan.
pub const PLAN_NODES: &str = "nodes";
/// Ports of this machine that the plan names.
pub const PLAN_PORTS: &str = "planned ports";
/// Seconds since the topology file was first found broken.
pub const PLAN_BROKEN: &str = "broken secs";

/// The columns of ours whose values are whole numbers.
pub const NUMBERS: [&str; 16] = [
    PLAN_LOADED,
    PLAN_TOOK,
    PLAN_LINKS,
    PLAN_NODES,
    PLAN_PORTS,
    PLAN_BROKEN,
    CHANGED,
    IFINDEX,
    FRAMES_IN,
    FRAMES_DISCARDED,
    FRAMES_IN_ERROR,
    TLVS_DISCARDED,
    TLVS_UNRECOGNIZED,
    AGEOUTS,
    TTL,
    HEARD,
];

/// The columns of ours whose values are words.
const WORDS: [&str; 20] = [
    REASON,
    BEFORE,
    EXPLANATION,
    ADVICE,
    FIELD,
    FIELD_EXPECTED,
    FIELD_OBSERVED,
    CACHED,
    CARRIER,
    HOOK,
    MODE,
    CAPTURE_ERROR,
    CHASSIS_ID,
    SYSTEM_DESCRIPTION,
    MANAGEMENT_ADDRESSES,
    DECIDES,
    PLAN_ERROR,
    PROBLEM,
    PLAN_FILE,
    PLAN_NODE,
];

/// Whether the original does not have this column. In JSON ours alone are null where there is nothing to say.
pub fn is_ours(column: &str) -> bool {
    WORDS.contains(&column) || NUMBERS.contains(&column)
}

/// The columns of the original's newest release in a row about a port.
pub const PORTS: [&str; 9] =
    [PORT, CABLE_STATUS, EXPECTED, OBSERVED, SYSTEM_NAME, PORT_ID, PORT_DESCRIPTION, MATCH_ON, LAST_UPDATE];
