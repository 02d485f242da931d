//! Asks the agent whether each cable is where the plan says.

use std::io::{self, Write as _};
use std::process::ExitCode;

use ptm_agent::control::SOCKET;
use ptm_agent::ptmctl::args::Args;
use ptm_agent::ptmctl::{self, Failure, Terminal};

fn main() -> ExitCode {
    let args = Args::read(std::env::args_os()).unwrap_or_else(|wrong| wrong.exit());
    let terminal = Terminal::of_stdout(args.color);
    let code = match ptmctl::run(&args, SOCKET, terminal, &mut io::stdout().lock()) {
        Ok(code) => code,
        // Whoever reads the output has seen enough, as with `ptmctl | head`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "ptmctl: {failure}");
            failure.exit_code()
        }
    };
    code.into()
}
