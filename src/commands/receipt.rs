//! The receipts of a run: what the repository is at before it, and one for each suite that it was when it is over.
//!
//! git is asked before anything is forked and after everything is gone, never while the run goes on.

use crate::exit::{Exit, Verdict};
use crate::gate::Owed;
use crate::host::git::{self, Repository};
use crate::host::{self, origin, receipts};
use crate::outcome::{Attempt, Class, Ending, Outcome, Proved};
use crate::plan::Plan;
use crate::policy::text::shortened;
use crate::receipt::{Ended, Host, Ledgered, Look, Opened, PolicyOf, Receipt, Tested};
use crate::report::{self, Voice};
use crate::sys::procfs;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many arguments of a command are kept, and how much of each, in characters.
const ARGUMENTS: (usize, usize) = (100, 1000);
/// How much of the other texts is kept, in characters.
const LONGEST: usize = 1000;

/// What is known before a run.
pub(super) struct Before {
    place: PathBuf,
    repository: Option<Repository>,
    look: Look,
    gates: Vec<Opened>,
}

/// Looks at the repository; None where the run is of no suite, or there is no place for a receipt.
pub(super) fn before(plan: &Plan) -> Option<Before> {
    let root = plan.root.as_ref().filter(|_| !plan.owed.is_empty())?;
    let repository = git::find(root);
    let place = receipts::place(&plan.receipts, root, repository.as_ref())?;
    let gates = plan.opened.iter().map(|open| Opened {
        gate: open.gate.clone(),
        variable: open.variable.clone(),
        origin: origin::of(&open.variable, Path::new("/proc")).to_string(),
    });
    Some(Before {
        place,
        look: look(plan, repository.as_ref()),
        gates: gates.collect(),
        repository,
    })
}

/// git looks at every file, which takes a while in a large repository. A suite that has nothing to prove does not pay for it.
fn look(plan: &Plan, repository: Option<&Repository>) -> Look {
    match repository {
        Some(repository) if plan.owed.iter().any(Owed::owes_anything) => repository.look(),
        Some(repository) => {
            repository.look_at_commit("the suite has nothing to prove, so git was not asked")
        }
        None => Look::unknown("they are in no git repository"),
    }
}

/// Writes the receipts of a run that came about. That one cannot be written is told; where the suite had to be executed, it turns a
/// pass into `unproven`, because the place that was to leave proof has left none.
pub(super) fn after(
    voice: &Voice,
    plan: &Plan,
    before: &Before,
    outcome: &Outcome,
    mut ending: Ending,
    earlier: &[Attempt],
) -> Ending {
    if outcome.started.is_none() || ending.class == Class::NotStarted {
        return ending;
    }
    let look_after = look(plan, before.repository.as_ref());
    let (mut failure, mut written): (Option<io::Error>, Vec<PathBuf>) = (None, Vec::new());
    for owed in &plan.owed {
        let receipt = Receipt {
            suite: owed.suite.clone(),
            required: owed.required,
            proof: tested(&ending, &owed.suite),
            tree: before.look.until(&look_after),
            ..general(plan, before, outcome, &ending, earlier)
        };
        match receipts::write(&before.place, &receipt) {
            Ok(file) => written.push(file),
            Err(error) => failure = Some(error),
        }
    }
    if let Some(error) = failure {
        let text = format!(
            "could not write the run's receipt into {}: {error}",
            before.place.display()
        );
        report::unwritten(voice, &text);
        if plan.owed.iter().any(|owed| owed.required) && ending.exit == Exit::Code(0) {
            // One of another suite of the same run would say that it passed.
            for file in written {
                let _ = fs::remove_file(file);
            }
            ending.add(Verdict::Unproven, "left no receipt");
        }
    }
    ending
}

/// Everything that is the same for each suite of a run.
fn general(
    plan: &Plan,
    before: &Before,
    outcome: &Outcome,
    ending: &Ending,
    earlier: &[Attempt],
) -> Receipt {
    let words = plan.command.iter().take(ARGUMENTS.0);
    let verdicts = ending.verdicts.iter();
    Receipt {
        receipt: Receipt::SHAPE,
        guardrun: env!("CARGO_PKG_VERSION").to_owned(),
        run: plan.run.clone(),
        suite: String::new(),
        command: words
            .map(|word| shortened(&word.to_string_lossy(), ARGUMENTS.1))
            .collect(),
        policy: PolicyOf {
            file: receipts::name_of(plan.policy.as_deref(), before.repository.as_ref()),
            sha256: plan.receipts.policy.clone(),
        },
        gates: before.gates.clone(),
        required: false,
        commit: before.look.commit.clone(),
        tree: before.look.tree.clone(),
        level: outcome.level,
        fence: outcome.fenced.class,
        passed: ending.exit == Exit::Code(0) && ending.verdicts.is_empty(),
        class: ending.class.name().to_owned(),
        end: outcome.end.name().to_owned(),
        exit: match ending.exit {
            Exit::Code(code) => Ended::Code(code),
            Exit::Signal(number) => Ended::Signal(number),
        },
        verdicts: verdicts.map(|verdict| verdict.name().to_owned()).collect(),
        cause: shortened(&ending.cause, LONGEST),
        proof: None,
        ledger: outcome.ledger.as_ref().map(|ledger| Ledgered {
            ran: ledger.ran as u64,
            failed_prerequisite: ledger.failed_prerequisite as u64,
            stopped: ledger.stopped as u64,
        }),
        attempts: earlier.len() as u32 + 1,
        started: outcome.started.unwrap_or_default().to_string(),
        elapsed_seconds: outcome.elapsed.as_secs_f64(),
        host: Host {
            name: procfs::text("/proc/sys/kernel/hostname")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            kernel: host::kernel(),
            uid: nix::unistd::geteuid().as_raw(),
        },
    }
}

fn tested(ending: &Ending, suite: &str) -> Option<Tested> {
    let Proved {
        counted,
        counts,
        problems,
        ..
    } = ending.proof.iter().find(|proved| proved.suite == suite)?;
    Some(Tested {
        counted: *counted,
        executed: counts.executed,
        passed: counts.passed,
        failed: counts.failed,
        skipped: counts.skipped,
        cached: counts.cached,
        errors: counts.errors,
        problems: problems
            .iter()
            .map(|problem| problem.name.to_owned())
            .collect(),
    })
}
