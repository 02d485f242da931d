//! Hook scripts that write down how they were run.

use crate::{FabricError, Machine};

/// Where each machine has its hooks.
pub(crate) const FOLDER: &str = "/run/ptm/hooks";

const RECORD: &str = "/run/ptm/hooks.record";

/// One run of a hook, in the words of its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookRun {
    /// `if-topo-pass` or `if-topo-fail`.
    pub hook: String,
    /// `PTM_PORT`.
    pub port: String,
    /// `PTM_CBL`.
    pub cable: String,
    /// `PTM_REASON`.
    pub reason: String,
    /// `PTM_EXPNBR`.
    pub expected: String,
    /// `PTM_ACTNBR`.
    pub observed: String,
}

/// Puts both hooks on `machine`, with an empty record.
pub(crate) fn install(machine: &Machine) -> Result<(), FabricError> {
    // One `printf`, which is one write to a file opened for appending: hooks of several ports run side by side.
    let script = format!(
        "#!/bin/sh\n\
         printf '%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' \"${{0##*/}}\" \"$PTM_PORT\" \"$PTM_CBL\" \"$PTM_REASON\" \
         \"$PTM_EXPNBR\" \"$PTM_ACTNBR\" >> {RECORD}\n"
    );
    machine.write(RECORD, "")?;
    for hook in ["if-topo-pass", "if-topo-fail"] {
        machine.write_script(&format!("{FOLDER}/{hook}"), &script)?;
    }
    Ok(())
}

/// Every run so far, in order.
pub(crate) fn runs(machine: &Machine) -> Result<Vec<HookRun>, FabricError> {
    let record = machine.read(RECORD)?;
    Ok(record.lines().filter_map(parse).collect())
}

fn parse(line: &str) -> Option<HookRun> {
    let fields: Vec<_> = line.split('\t').map(str::to_owned).collect();
    let [hook, port, cable, reason, expected, observed] = fields.try_into().ok()?;
    Some(HookRun { hook, port, cable, reason, expected, observed })
}
