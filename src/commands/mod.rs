//! One short file for each subcommand: gather, call, report, exit.

mod about;
mod assert;
mod attempts;
mod audit;
mod check;
mod doctor;
pub mod explain;
mod gather;
pub mod init;
mod logs;
mod prove;
mod ps;
mod ratchet;
mod reap;
mod receipt;
mod room;
mod run;
mod self_test;
mod verify;

use crate::cli::{Action, Cli, SchemaOf};
use crate::exit::{Exit, Verdict};
use crate::gate::Request;
use crate::policy::SCHEMA;
use crate::report::{self, Voice};

/// Does what the command line asks for.
pub fn dispatch(cli: Cli) -> Exit {
    let (voice, general) = (Voice::new(&cli.general), &cli.general);
    if let Err(wrong) = report::start_log() {
        report::failure(&voice, Verdict::Usage, &wrong);
        return Verdict::Usage.into();
    }
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
        Some(Action::Audit(options)) => audit::audit(&voice, general, options),
        Some(Action::Assert(options)) => assert::assert(&voice, general, &options),
        Some(Action::Doctor(options)) => doctor::doctor(&voice, general, &options),
        Some(Action::Ps(options)) => ps::ps(&voice, &options),
        Some(Action::Logs(options)) => logs::logs(&voice, &options),
        Some(Action::Reap(options)) => reap::reap(&voice, &options),
        Some(Action::About { topic }) => about::about(&voice, topic),
        Some(Action::Completions { shell }) => about::completions(shell),
        Some(Action::Man) => about::man(),
        Some(Action::Explain(options)) => explain::command(&voice, general, options),
        Some(Action::Init(options)) => init::command(&voice, &options),
        Some(Action::Check(options)) => check::check(&voice, general, &options),
        Some(Action::Ratchet(options)) => ratchet::command(&voice, general, &options),
        Some(Action::SelfTest) => self_test::command(&voice),
        Some(Action::Verify(options)) => verify::command(&voice, general, &options),
        Some(Action::Schema { of }) => report::data(match of {
            SchemaOf::Policy => SCHEMA,
            SchemaOf::Report => report::SCHEMA,
            SchemaOf::Check => report::CHECK_SCHEMA,
            SchemaOf::Audit => crate::audit::SCHEMA,
            SchemaOf::Receipt => crate::receipt::SCHEMA,
            SchemaOf::Verified => crate::receipt::VERIFIED_SCHEMA,
        }),
    }
}
