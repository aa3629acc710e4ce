//! `guardrun doctor --through 'PREFIX…'`: a canary goes through the same chain of commands as a suite would, held like any run,
//! and says what of its environment arrived.

use crate::cli::{General, RunOptions};
use crate::commands::{attempts, gather, run as runs};
use crate::exit::{Exit, Verdict};
use crate::gate::{KEEPER, OPENED, Request};
use crate::host::canary::{self, STAND_IN};
use crate::ledger::{self, Ledger};
use crate::plan::Given;
use crate::registry::{self, MARK};
use crate::report::{self, Account, HumanListener, Voice};
use crate::run::{Front, Locks};
use crate::sys::capture::Capture;
use crate::{host, outcome, plan, run};
use std::ffi::OsString;

/// How much of what the chain says is looked at.
const HEARD: u64 = 1 << 20;

pub(super) fn through(voice: &Voice, general: &General, chain: &str) -> Exit {
    let wrong = |text: &str| {
        report::failure(voice, Verdict::Usage, text);
        Exit::from(Verdict::Usage)
    };
    let chain = match shell_words::split(chain) {
        Ok(chain) if !chain.is_empty() => chain,
        Ok(_) => {
            return wrong(
                "--through has no words\nhint: give it what stands before the runner, as in --through 'sudo -u ci'",
            );
        }
        Err(error) => {
            return wrong(&format!(
                "--through cannot be split into words: {error}\nhint: look at its quotes"
            ));
        }
    };
    let policies = match gather::policies(voice, general) {
        Ok(policies) => policies,
        Err(exit) => return exit,
    };
    let gates: Vec<String> = policies
        .first
        .gates
        .values()
        .map(|gate| gate.env.clone())
        .collect();
    let own = [MARK, KEEPER, OPENED, ledger::PATH];
    let names: Vec<&str> = own
        .into_iter()
        .chain(gates.iter().map(String::as_str))
        .collect();
    let sung = canary::command(&chain, &names);
    // What the chain itself is has to pass the gates like any command, without the words that go before it here.
    let request = |words: &[String]| Request::Command {
        argv: words.iter().map(OsString::from).collect(),
        suite: None,
    };
    let options = RunOptions::default();
    if let Err(exit) = runs::permission(voice, &policies, &options, &request(&sung)) {
        return exit;
    }
    let opened = gates.join(",");
    let mut words = vec!["env".to_owned(), format!("{OPENED}={opened}")];
    words.extend(gates.iter().map(|gate| format!("{gate}={STAND_IN}")));
    words.extend(sung);
    let grant = match runs::permission(voice, &policies, &options, &request(&words)) {
        Ok(grant) => grant,
        Err(exit) => return exit,
    };
    let mut plan = match run::fresh_id() {
        Ok(id) => {
            let given = Given {
                environment: &gather::environment(),
                processors: host::processors(),
            };
            plan::draw(grant, id, host::privilege(), given)
        }
        Err(error) => return attempts::lost(voice, &error),
    };
    let ledger = registry::directory(std::env::var_os("XDG_RUNTIME_DIR"))
        .and_then(|directory| Ledger::create(&directory, &plan.run))
        .ok();
    plan.ledger = ledger.as_ref().map(|ledger| ledger.path().to_owned());
    let capture = match Capture::start() {
        Ok(capture) => capture,
        Err(error) => return attempts::lost(voice, &error.into()),
    };
    let mut front = Front::default();
    // A canary disturbs nobody, so it needs no lock.
    let locks = Locks::default();
    let outcome = run::run(&plan, &locks, &mut front, &mut HumanListener { voice });
    front.give_signals_back();
    let said = capture.finish(HEARD);
    let (outcome, said) = match (outcome, said) {
        (Ok(outcome), Ok(said)) => (outcome, said),
        (Err(error), _) => return attempts::lost(voice, &error),
        (_, Err(error)) => return attempts::lost(voice, &error.into()),
    };
    let path = plan.ledger.as_ref().and_then(|path| path.to_str());
    let sent: Vec<(&str, Option<&str>)> = names
        .iter()
        .map(|name| {
            let value = match *name {
                MARK => Some(plan.run.as_str()),
                // The suite sees another number than guardrun does.
                KEEPER => None,
                OPENED => Some(opened.as_str()),
                ledger::PATH => path,
                _ => Some(STAND_IN),
            };
            (*name, value)
        })
        .collect();
    let passage = canary::listen(&chain, &String::from_utf8_lossy(&said), &sent);
    if !passage.heard {
        // Why nothing was heard is in how it ended.
        let ending = outcome::explain(&outcome, plan.hold.leaks);
        let account = Account {
            plan: &plan,
            outcome: &outcome,
            ending: &ending,
            earlier: &[],
        };
        report::ending(voice, &account);
    }
    match (report::answer(voice, &passage), passage.is_whole()) {
        (printed, true) => printed,
        (_, false) => Verdict::Refused.into(),
    }
}
