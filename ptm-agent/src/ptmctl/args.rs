//! The command line, and the parts of its help that also stand in the man page.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser, Subcommand, ValueHint};

use super::colour::When;
use crate::escape::shown;

/// Is each cable of this machine plugged where the plan says?
///
/// Without arguments: one line a port, and below it why a port fails and what to do.
#[derive(Debug, Default, Parser)]
#[command(name = "ptmctl", version, max_term_width = 100)]
#[command(after_help = "`--help` tells of verdicts, JSON, exit status and environment.", after_long_help = after_long_help())]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Args {
    /// More columns: reason, system name, port ID and description
    #[arg(short, long, visible_alias = "details")]
    pub detail: bool,
    /// The neighbors that LLDP tells of, whether planned or not
    #[arg(short, long)]
    pub lldp: bool,
    /// The BFD sessions of an original ptmd; ptm-agent runs none and says so
    #[arg(short, long, conflicts_with = "lldp")]
    pub bfd: bool,
    /// JSON: everything that is known, for programs
    #[arg(short, long, global = true)]
    pub json: bool,
    /// Print every change as it happens, until the agent ends
    #[arg(long, conflicts_with_all = ["detail", "lldp", "bfd"])]
    pub listen: bool,
    /// How it is shown.
    #[command(flatten)]
    pub showing: Showing,
    /// Colours: on a terminal only, always, or never
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, global = true, visible_alias = "colour")]
    pub color: When,
    /// What else to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What goes with every view of verdicts.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Showing {
    /// Show it again at each change, and at least every SECONDS, until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "1", value_parser = seconds)]
    #[arg(conflicts_with_all = ["json", "exit_code"])]
    pub watch: Option<Duration>,
    /// Exit with 0 only if each planned port that there is something to check on passes, else with 1
    #[arg(long)]
    pub exit_code: bool,
}

/// What can be done besides showing the status.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Everything that is known about one port
    Explain {
        /// The interface's name
        #[arg(value_hint = ValueHint::Other)]
        port: String,
        /// How it is shown.
        #[command(flatten)]
        showing: Showing,
    },
    /// Which plan is in force, since when, and what is wrong with the topology file now
    Plan,
    /// Have the agent read its topology file again, and tell what changed, or every problem; for root
    Reload,
    /// Read a topology file and report every problem in it, without an agent; exit with 1 if there are errors
    Check {
        /// The file; `-` for standard input
        #[arg(value_hint = ValueHint::FilePath)]
        file: String,
    },
}

impl Args {
    /// Reads a command line, the program's name first.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(words).map_err(with_way_out)?.consistent()
    }

    /// The arguments, unless some of them would be taken no notice of beside the others.
    fn consistent(self) -> Result<Self, clap::Error> {
        let Self { detail, lldp, bfd, json, listen, showing: Showing { watch, exit_code }, color: _, verb } = &self;
        let flags = [
            ("--detail", *detail),
            ("--lldp", *lldp),
            ("--bfd", *bfd),
            ("--listen", *listen),
            ("--watch", watch.is_some()),
            ("--exit-code", *exit_code),
            ("--json", *json),
        ];
        let first = |names: &[&str]| flags.iter().find(|(name, is_set)| *is_set && names.contains(name));
        let (odd, what) = match verb {
            Some(Verb::Explain { .. }) => {
                if let Some((flag, _)) = first(&["--watch", "--exit-code"]) {
                    return Err(wrong(&format!("`{flag}` goes after the port: `ptmctl explain PORT {flag}`")));
                }
                (first(&["--detail", "--lldp", "--bfd", "--listen"]), "`explain`, which tells everything")
            }
            Some(Verb::Plan | Verb::Reload) => {
                (flags.iter().find(|(name, is_set)| *is_set && *name != "--json"), "this verb")
            }
            Some(Verb::Check { .. }) => (flags.iter().find(|(_, is_set)| *is_set), "`check`, which asks no agent"),
            None if *listen => (first(&["--watch", "--exit-code"]), "`--listen`"),
            None if *lldp => (first(&["--exit-code"]), "`--lldp`: it is about ports"),
            None if *bfd => (first(&["--exit-code"]), "`--bfd`: it is about cables"),
            None => (None, ""),
        };
        match odd {
            Some((flag, _)) => Err(wrong(&format!("`{flag}` does not go with {what}"))),
            None => Ok(self),
        }
    }
}

/// What is no verb is most likely a port.
fn with_way_out(mut error: clap::Error) -> clap::Error {
    if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) {
        let tip = format!("if `{0}` is a port, everything about it: `ptmctl explain {0}`", shown(word));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

fn wrong(sentence: &str) -> clap::Error {
    Args::command().error(ErrorKind::ArgumentConflict, sentence)
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u32>() {
        Ok(seconds @ 1..) => Ok(Duration::from_secs(seconds.into())),
        _ => Err("a whole number of seconds, at least 1, or nothing; \
                  other words go before `--watch`: `ptmctl explain PORT --watch`"
            .to_owned()),
    }
}

/// What the help says after the flags, and the man page in sections of its own: a title, and a paragraph or a list, whose
/// items are lines with two blanks between item and text.
pub const NOTES: [(&str, &str); 5] = [
    (
        "VERDICTS",
        "\
pass: match  the expected neighbor is there
fail: wrong-node  a neighbor, and it is another node
fail: wrong-port  the right node, another of its ports
fail: aged-out  the neighbor fell silent: its TTL is over
fail: left  the neighbor said goodbye
fail: link-down  there was a neighbor, and carrier was lost
no-info: silent  link up, never heard anybody
no-info: down  never up since the agent started
no-info: absent  the plan names a port that this machine does not have
no-info: unchecked  the plan gives no far port
no-info: unplanned  a neighbor on a port that the plan does not name",
    ),
    (
        "JSON",
        "\
--json prints an object of rows, numbered from \"0\", with the names of the protocol's columns as keys, as the \
original's did. The original's columns are strings, \"N/A\" where there is nothing to say; ours are null there, and \
numbers where they count. --lldp gives a row a neighbor; explain PORT {\"port\": ROW, \"neighbors\": ROWS}; --listen an \
object a line and change; plan and reload an object. A refusal is a row with cmd_status \"fail\" and the sentence in \
cmd_ext_status. ptmctl.schema.json and ptmctl-json.md, which come with the documentation, describe every key.",
    ),
    (
        "EXIT STATUS",
        "\
0  answered; with --exit-code: each planned port that there is something to check on passes
1  refused, or the output can't be written; with --exit-code also: a port fails or has no verdict
2  no answer, or the command line is wrong",
    ),
    (
        "ENVIRONMENT",
        "\
NO_COLOR  if set and not empty, no colours, unless --color says otherwise
TERM  where it is dumb or not set, no colours, and --watch prints one view after the other",
    ),
    (
        "EXAMPLES",
        "\
ptmctl  every planned port, and what to do where one fails
ptmctl explain swp1  all that is known of one port
ptmctl --watch  the same table, kept up to date
ptmctl --exit-code > /dev/null || alert  a check for a script
ptmctl check ptm.dot  every mistake in a plan, before it goes out
ptmctl reload  have the agent read its plan now, and tell the result",
    ),
];

/// The items of a note that is a list.
pub fn items(text: &str) -> Option<Vec<(&str, &str)>> {
    text.lines().map(|line| line.split_once("  ")).collect()
}

fn after_long_help() -> String {
    let mut out = String::new();
    for (title, text) in NOTES {
        let _ = writeln!(out, "{title}:");
        let Some(items) = items(text) else {
            let _ = writeln!(out, "  {text}\n");
            continue;
        };
        let widest = items.iter().map(|(item, _)| item.len()).max().unwrap_or(0);
        for (item, text) in items {
            let _ = writeln!(out, "  {item:widest$}  {text}");
        }
        out.push('\n');
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests;
