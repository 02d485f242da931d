//! The command line.

use clap::{Parser, Subcommand};

/// Is each cable of this machine plugged where the plan says?
///
/// Without arguments: one line a port, and below it why a port fails and what to do.
#[derive(Debug, Default, Parser)]
#[command(name = "ptmctl", version, args_conflicts_with_subcommands = true, after_long_help = JSON)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Args {
    /// More columns: reason, system name, port ID and description.
    #[arg(short, long, visible_alias = "details")]
    pub detail: bool,
    /// The neighbors that LLDP tells of, whether planned or not.
    #[arg(short, long, conflicts_with = "listen")]
    pub lldp: bool,
    /// JSON: everything that is known, for programs.
    #[arg(short, long, global = true)]
    pub json: bool,
    /// Prints every change as it happens, until the agent ends.
    #[arg(long)]
    pub listen: bool,
    /// What else to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What can be done besides showing the status.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Everything that is known about one port.
    Explain {
        /// The interface's name.
        port: String,
    },
    /// Which plan is in force, since when, and what is wrong with the topology file now.
    Plan,
    /// Has the agent read its topology file again, and tells what changed, or every problem. For root.
    Reload,
    /// Reads a topology file and reports every problem in it, without an agent. Exits with 1 if there are errors.
    Check {
        /// The file; `-` for standard input.
        file: String,
    },
}

const JSON: &str = "\
JSON:
  As the original's: an object of rows, numbered from \"0\", with the names of
  the protocol's columns as keys. The original's columns are strings, \"N/A\"
  where there is nothing to say:
    port, cbl status (pass, fail, N/A), exp nbr, act nbr, sysname, portID,
    portDescr, match on, last upd
  Ours are null where there is nothing to say, and numbers where they count:
    reason, explanation, advice, differs in, differs exp, differs act,
    cached (yes: from before the agent's restart, not confirmed since),
    changed secs, ifindex, carrier (up, down), hook, hook mode, capture error,
    frames in, frames discarded, frames in error, TLVs discarded,
    TLVs unrecognized, ageouts
  With --lldp a row is a neighbor:
    port, sysname, portID, port descr, match on, last upd; chassisID, sysdescr,
    mgmt addresses, ttl secs, heard secs,
    decides (yes: the port's verdict rests on it)
  explain PORT gives {\"port\": ROW, \"neighbors\": ROWS}.
  --listen gives an object a line and change:
    time (UTC), port, cbl status, exp nbr, act nbr, reason, reason before,
    explanation, advice
  plan gives an object: plan file, plan node, loaded secs, load msecs, links,
  nodes, planned ports, broken secs, plan error, problems (a list of lines).
  reload gives an object: cmd_status, cmd_ext_status, problems.
  A refusal is a row with cmd_status \"fail\" and the sentence in cmd_ext_status.

Exit status: 0 answered, 1 refused, 2 no answer.";
