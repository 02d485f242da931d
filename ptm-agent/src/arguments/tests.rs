use clap::CommandFactory as _;

use super::*;
use crate::ptmctl::args::items;

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(line.split_whitespace())
}

fn map(line: &str) -> MapArguments {
    match parse(line).unwrap().verb {
        Some(Verb::Map(map)) => *map,
        None => panic!("{line}: it is the map's"),
    }
}

#[test]
fn the_command_line_is_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn the_agent_and_the_map_listen_at_ports_of_their_own() {
    let listen = |web: &web::Arguments| web.addresses().map(ToString::to_string).collect::<Vec<_>>();
    let agent = parse("ptm-agent -c x").unwrap();
    assert!(agent.verb.is_none());
    assert_eq!(listen(&agent.web), ["127.0.0.1:10786"]);
    assert_eq!(listen(&map("ptm-agent map --agents a").web), ["127.0.0.1:10787"]);
    let both = map("ptm-agent map --agents a --listen [::]:80,unix:/run/map.sock --listen none");
    assert_eq!(listen(&both.web), ["[::]:80", "unix:/run/map.sock"]);
}

#[test]
fn each_note_of_the_man_pages_is_a_list_or_a_paragraph() {
    for (title, text) in NOTES.iter().chain(&MAP_NOTES) {
        assert!(items(text).is_some() || !text.contains('\n'), "{title}");
    }
}

#[test]
fn the_map_s_flags_are_its_own_and_complete() {
    let arguments = map("ptm-agent map -c p.dot --agents f --agents-user u --agents-password-file pw -l DEBUG");
    assert_eq!(arguments.config, Some("p.dot".into()));
    assert!(arguments.log.is_debug());
    for (line, word) in [
        ("ptm-agent map", "--agents <FILE|LIST>"),
        ("ptm-agent map --agents a --hook tc", "--hook"),
        ("ptm-agent --hook tc map --agents a", "map"),
        ("ptm-agent map --agents a --agents-user u", "--agents-password-file"),
        ("ptm-agent map --agents a --agents-password-file f", "--agents-user"),
    ] {
        let error = parse(line).unwrap_err().to_string();
        assert!(error.contains(word), "{line}: {error}");
    }
}
