//! One short file for each subcommand: gather, call, report, exit.

mod run;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::report::Voice;

/// Does what the command line asks for.
pub fn dispatch(cli: Cli) -> Exit {
    let voice = Voice::new(&cli.general);
    match cli.action {
        None => run::command(&voice, &cli.general, &cli.run, cli.command),
        Some(_) => Exit::Code(2),
    }
}
