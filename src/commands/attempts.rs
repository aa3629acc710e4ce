//! Carrying out a plan: once, or as often as the policy lets it be tried, each attempt a whole run of its own; then telling
//! everybody who is to be told.

use super::{prove, receipt};
use crate::exit::{Exit, Verdict};
use crate::ledger::Ledger;
use crate::outcome::{self, Attempt, End, Outcome};
use crate::plan::Plan;
use crate::registry;
use crate::report::{self, Account, Github, HumanListener, Junit, Voice};
use crate::run::{self, Front, Locks};
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

impl Outputs {
    /// Tells of a run that is over. `junit` is what lay where the suite's own report belongs, before it began.
    pub(super) fn tell(self, voice: &Voice, account: &Account<'_>, junit: Option<Junit>) {
        report::ending(voice, account);
        let written = junit.map(|junit| junit.write(account.plan, account.outcome, account.ending));
        if let Some(Err(text)) = written {
            report::unwritten(voice, &text);
        }
        if let Some(github) = self.github {
            github.ending(voice, account);
        }
        if let Some(file) = self.file {
            file.write(voice, account);
        }
    }

    /// Tells of a run that the policy allows and that did not come about.
    pub(super) fn not_run(self, voice: &Voice, plan: &Plan, exit: Exit) {
        if let Some(file) = self.file {
            file.write_not_run(voice, plan.suite.as_deref(), &plan.command, exit);
        }
        if let Some(github) = self.github {
            let name = plan.suite.as_deref().unwrap_or("the command");
            github.not_run(voice, name, exit);
        }
    }
}

/// Runs, tells, and answers with how guardrun exits. The locks are held from the first attempt to the end of the last; None
/// when the process that started guardrun died while they were waited for.
pub(super) fn carry_out(
    voice: &Voice,
    mut plan: Plan,
    locks: Option<Locks>,
    outputs: Outputs,
) -> Exit {
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
    let repository = receipt::before(&plan);
    loop {
        let junit = outputs.junit.clone().map(Junit::look);
        let before = prove::before(&plan);
        front.listen(prove::listeners(&plan, &before));
        let ledger = ledger(voice, &plan.run);
        plan.ledger = ledger.as_ref().map(|ledger| ledger.path().to_owned());
        let mut listener = HumanListener { voice: &in_passing };
        let outcome = match &locks {
            Some(locks) => run::run(&plan, locks, &mut front, &mut listener),
            None => Ok(Outcome::of_nothing(None, End::ParentDied, Vec::new())),
        };
        let mut outcome = match outcome {
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
            plan = match fresh_id(locks.as_ref()) {
                Ok(id) => plan.another_attempt(id),
                Err(error) => return could_not(&error, outputs.file),
            };
            continue;
        }
        // What could not be killed goes on keeping others off: the next holder finds it by what the lock says.
        if outcome.unkilled.is_empty()
            && let Some(locks) = locks
        {
            locks.release();
        }
        // From here a signal ends guardrun as it ends any program, also while it reads reports of any size.
        front.give_signals_back();
        let tally = ledger.as_ref().and_then(|ledger| ledger.tally().ok());
        outcome.ledger = tally.map(Box::new);
        // Only a pass can turn out to be unproven, so what is tried again need not be looked at; and the reports are the suite's
        // own until guardrun writes one where one is missing.
        let ending = prove::after(&plan, &outcome, ending, &before, front.heard());
        let ending = match &repository {
            Some(before) => receipt::after(voice, &plan, before, &outcome, ending, &earlier),
            None => ending,
        };
        let account = Account {
            plan: &plan,
            outcome: &outcome,
            ending: &ending,
            earlier: &earlier,
        };
        outputs.tell(voice, &account, junit);
        return ending.exit;
    }
}

/// The id of one more attempt, for which the locks are held from now on.
fn fresh_id(locks: Option<&Locks>) -> anyhow::Result<String> {
    let id = run::fresh_id()?;
    if let Some(locks) = locks {
        locks.go_on_as(&id)?;
    }
    Ok(id)
}

/// The ledger for the gates inside the suite. A run without one is held none the worse; whoever asks for proof will miss it.
pub(super) fn ledger(voice: &Voice, run: &str) -> Option<Ledger> {
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
