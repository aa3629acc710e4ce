//! One short file for each subcommand: gather, call, report, exit.

mod about;
mod doctor;
mod gather;
mod run;

use crate::cli::{Action, Cli};
use crate::exit::Exit;
use crate::gate::Request;
use crate::report::Voice;

/// Does what the command line asks for.
pub fn dispatch(cli: Cli) -> Exit {
    let (voice, general) = (Voice::new(&cli.general), &cli.general);
    match cli.action {
        None => {
            let request = Request::Command {
                argv: cli.command,
                suite: cli.run.suite.clone(),
            };
            run::run(&voice, general, &cli.run, &request)
        }
        Some(Action::Run(suite)) => {
            let request = Request::Suite {
                name: suite.name,
                extra: suite.args,
            };
            run::run(&voice, general, &suite.options, &request)
        }
        Some(Action::Doctor(options)) => doctor::doctor(&voice, &options),
        Some(Action::About { topic }) => about::about(&voice, topic),
        Some(Action::Completions { shell }) => about::completions(shell),
        Some(Action::Man) => about::man(),
        Some(_) => Exit::Code(2),
    }
}
