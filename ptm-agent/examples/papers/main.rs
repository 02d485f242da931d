//! Writes what an installation has beside the programs, from their command lines: man pages, and completions for bash,
//! zsh and fish. `cargo xtask dist` runs it: `papers FOLDER`.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use ptm_agent::arguments::{self, Arguments};
use ptm_agent::ptmctl::args::{self, Args};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        let _ = writeln!(io::stderr(), "papers: say where to: papers FOLDER");
        return ExitCode::from(2);
    };
    match write(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "papers: cannot write to {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

/// Writes all of it into `folder`, which is made if need be.
fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (command, section, notes, see_also) in [
        (Args::command(), "1", args::NOTES.as_slice(), "ptm-agent(8)"),
        (Arguments::command(), "8", arguments::NOTES.as_slice(), "ptmctl(1)"),
    ] {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let name = command.get_name().to_owned();
            clap_complete::generate_to(shell, &mut command.clone(), name, folder)?;
        }
        let mut command = command.disable_help_subcommand(true);
        command.build();
        let verbs: Vec<_> = command.get_subcommands().cloned().collect();
        page(command, section, notes, see_also, folder)?;
        for verb in verbs {
            let is_map = verb.get_name() == "map";
            let (notes, see_also): (&[_], _) =
                if is_map { (&arguments::MAP_NOTES, "ptm-agent(8)") } else { (&[], "ptmctl(1)") };
            page(verb, section, notes, see_also, folder)?;
        }
    }
    Ok(())
}

fn page(command: Command, section: &str, notes: &[(&str, &str)], see_also: &str, folder: &Path) -> io::Result<()> {
    let has_verbs = command.has_subcommands();
    // An empty date would be left out, and what follows be taken for it; a date of today could not be made again.
    let man =
        Man::new(command).section(section).date(" ").source(concat!("PTM ", env!("CARGO_PKG_VERSION"))).manual("PTM");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_verbs {
        man.render_subcommands_section(&mut page)?;
    }
    for &(title, text) in notes {
        note(title, text).to_writer(&mut page)?;
    }
    note("SEE ALSO", see_also).to_writer(&mut page)?;
    fs::write(folder.join(man.get_filename()), page)
}

/// A section of a page: a list, or a paragraph.
fn note(title: &str, text: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    match args::items(text) {
        Some(items) => {
            for (item, text) in items {
                roff.control("TP", []);
                roff.text([bold(item)]);
                roff.text([roman(text)]);
            }
        }
        None => {
            roff.text([roman(text)]);
        }
    }
    roff
}

#[cfg(test)]
mod tests;
