use clap::CommandFactory as _;

use super::*;
use crate::monitor::Reason;

fn parse(args: &str) -> Result<Args, String> {
    let args = ["ptmctl"].into_iter().chain(args.split_whitespace());
    Args::read(args.map(OsString::from)).map_err(|error| error.to_string())
}

#[test]
fn the_command_line_is_consistent() {
    Args::command().debug_assert();
    for wrong in [
        "-l --listen",
        "-l -b",
        "-d explain eth1",
        "explain",
        "check",
        "check file --watch",
        "--watch --json",
        "--watch --exit-code",
        "--listen --watch",
        "--lldp --exit-code",
        "--bfd --exit-code",
        "--listen --exit-code",
        "--json check file",
        "explain eth1 --watch --json",
        "--watch 0",
        "--color sometimes",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
    for (wrong, way_out) in [
        ("explain --watch eth1", "`ptmctl explain PORT --watch`"),
        ("--watch=1 explain eth1", "`ptmctl explain PORT --watch`"),
        ("--exit-code explain eth1", "`ptmctl explain PORT --exit-code`"),
        ("eth1", "tip: if `eth1` is a port, everything about it: `ptmctl explain eth1`"),
        ("--watch explain eth1", "`ptmctl explain eth1`"),
        ("-d explain eth1", "`--detail` does not go with `explain`"),
    ] {
        let error = parse(wrong).unwrap_err();
        assert!(error.contains(way_out), "{error}");
    }
    for right in
        ["--json explain eth1", "explain eth1 --json", "--color never explain eth1", "-l -d -j", "--exit-code -j"]
    {
        assert!(parse(right).is_ok(), "{right}");
    }
}

#[test]
fn watching_takes_seconds_or_none() {
    let watch = |args| parse(args).unwrap().showing.watch.map(|every| every.as_secs());
    assert_eq!(
        [watch(""), watch("--watch"), watch("--watch 5"), watch("--watch=7 -l")],
        [None, Some(1), Some(5), Some(7)]
    );
    let Some(Verb::Explain { port, showing }) = parse("explain eth1 --watch 2").unwrap().verb else { panic!() };
    assert_eq!((port.as_str(), showing.watch), ("eth1", Some(Duration::from_secs(2))));
}

#[test]
fn help_tells_what_scripts_need() {
    let help = Args::command().render_long_help().to_string();
    for word in ["0  answered", "NO_COLOR", "ptmctl.schema.json", "--details", "--exit-code"] {
        assert!(help.contains(word), "{word} in {help}");
    }
    for reason in Reason::ALL {
        let verdict = format!("\n  {}: {reason}  ", reason.status().as_str(), reason = reason.as_str());
        assert!(help.contains(&verdict), "{verdict} in {help}");
    }
    for (title, text) in NOTES {
        // Of many lines only lists are: a paragraph's would be broken twice.
        assert!(items(text).is_some() || !text.contains('\n'), "{title}");
    }
}
