//! Carrying out a plan: once, or as often as the policy lets it be tried, each attempt a whole run of its own; then telling
//! everybody who is to be told.

use super::prove;
use crate::exit::{Exit, Verdict};
use crate::ledger::Ledger;
use crate::outcome::{self, Attempt};
use crate::plan::Plan;
use crate::registry;
use crate::report::{self, Account, Github, HumanListener, Junit, Voice};
use crate::run::{self, Front};
use std::path::PathBuf;

/// Who is told of a run besides the one who reads stderr.
pub(super) struct Outputs {
    /// `--report`.
    pub(super) file: Option<report::File>,
    /// Where the suite writes its JUnit report.
    pub(super) junit: Option<PathBuf>,
    /// The step of GitHub Actions.
    pub(super) github: Option<Github>,
}

/// Runs, tells, and answers with how guardrun exits.
pub(super) fn carry_out(voice: &Voice, mut plan: Plan, outputs: Outputs) -> Exit {
    let mut front = Front::default();
    let mut earlier: Vec<Attempt> = Vec::new();
    let name = plan.suite.clone();
    let command = plan.command.clone();
    let could_not = |error: &anyhow::Error, file: Option<report::File>| {
        let exit = lost(voice, error);
        if let Some(file) = file {
            file.write_not_run(voice, name.as_deref(), &command, exit);
        }
        exit
    };
    let in_passing = voice.in_passing();
    loop {
        let junit = outputs.junit.clone().map(Junit::look);
        let before = prove::before(&plan);
        let ledger = ledger(voice, &plan.run);
        plan.ledger = ledger.as_ref().map(|ledger| ledger.path().to_owned());
        let mut outcome =
            match run::run(&plan, &mut front, &mut HumanListener { voice: &in_passing }) {
                Ok(outcome) => outcome,
                Err(error) => return could_not(&error, outputs.file),
            };
        let ending = outcome::explain(&outcome, plan.hold.leaks);
        let account = Account {
            plan: &plan,
            outcome: &outcome,
            ending: &ending,
            earlier: &earlier,
        };
        let made = earlier.len() as u32 + 1;
        let retry = plan.hold.retry.as_ref();
        if let Some(retry) = retry
            && outcome::is_to_be_tried_again(Some(retry), made, &outcome, &ending)
        {
            report::another_attempt(voice, &account, made, retry.times);
            earlier.push(Attempt {
                run: plan.run.clone(),
                started: outcome.started,
                elapsed: outcome.elapsed,
                ending,
            });
            plan = match run::fresh_id() {
                Ok(id) => plan.another_attempt(id),
                Err(error) => return could_not(&error, outputs.file),
            };
            continue;
        }
        // From here a signal ends guardrun as it ends any program, also while it reads reports of any size.
        front.give_signals_back();
        let tally = ledger.as_ref().and_then(|ledger| ledger.tally().ok());
        outcome.ledger = tally.map(Box::new);
        // Only a pass can turn out to be unproven, so what is tried again need not be looked at; and the reports are the suite's
        // own until guardrun writes one where one is missing.
        let ending = prove::after(&plan, &outcome, ending, &before);
        let account = Account {
            plan: &plan,
            outcome: &outcome,
            ending: &ending,
            earlier: &earlier,
        };
        report::ending(voice, &account);
        if let Some(Err(text)) = junit.map(|junit| junit.write(&plan, &outcome, &ending)) {
            report::unwritten(voice, &text);
        }
        if let Some(github) = outputs.github {
            github.ending(voice, &account);
        }
        if let Some(file) = outputs.file {
            file.write(voice, &account);
        }
        return ending.exit;
    }
}

/// The ledger for the gates inside the suite. A run without one is held none the worse; whoever asks for proof will miss it.
fn ledger(voice: &Voice, run: &str) -> Option<Ledger> {
    let made = registry::directory(std::env::var_os("XDG_RUNTIME_DIR"))
        .and_then(|directory| Ledger::create(&directory, run));
    made.inspect_err(|error| report::trouble(voice, &format!("there is no ledger: {error}")))
        .ok()
}

/// Something of guardrun's own failed before or beside the run; the keeper ends whatever was started.
pub(super) fn lost(voice: &Voice, error: &anyhow::Error) -> Exit {
    report::failure(
        voice,
        Verdict::Lost,
        &format!("could not do the run: {error:#}"),
    );
    Verdict::Lost.into()
}
