//! What a run has to prove: what was there before it, and what its reports show after it.

use crate::host::reports::{self, Before};
use crate::outcome::{Ending, Outcome, Proved};
use crate::plan::Plan;
use crate::proof::{self, Heard, Seen, Subject};
use std::collections::HashMap;

/// What was there before a run, for each suite that owes a proof.
pub(super) fn before(plan: &Plan) -> Vec<Option<Before>> {
    let noted = plan.owed.iter().map(|owed| {
        let (root, rules) = (plan.root.as_ref()?, owed.proof.as_ref()?);
        Some(reports::before(root, rules))
    });
    noted.collect()
}

/// What listens to the suite, each with the number of the suite that owes it.
pub(super) fn listeners(plan: &Plan, before: &[Option<Before>]) -> Vec<(usize, Heard)> {
    let pairs = plan.owed.iter().zip(before).enumerate();
    let listener = pairs.filter_map(|(at, (owed, before))| {
        let heard = reports::listen(owed.proof.as_ref()?, before.as_ref()?)?;
        Some((at, heard))
    });
    listener.collect()
}

/// The ending with what was proved. To be called while the run's ledger is still there. A suite that was ended had no chance to prove anything.
pub(super) fn after(
    plan: &Plan,
    outcome: &Outcome,
    ending: Ending,
    before: &[Option<Before>],
    heard: Vec<(usize, Heard)>,
) -> Ending {
    let Some(passed) = outcome.ended_by_itself() else {
        return ending;
    };
    let ledger = plan.ledger.as_deref().map(|file| (file, plan.run.as_str()));
    let mut proof = Vec::new();
    let mut heard: HashMap<usize, Heard> = heard.into_iter().collect();
    for (at, (owed, before)) in plan.owed.iter().zip(before).enumerate() {
        let subject = Subject {
            suite: &owed.suite,
            gated: owed.gated,
            required: owed.required,
            passed,
        };
        let (seen, judged) = match (&owed.proof, &plan.root) {
            (Some(rules), Some(root)) => {
                let seen =
                    reports::look_and_hear(root, rules, before.as_ref(), ledger, heard.remove(&at));
                let judged = proof::judge(&subject, rules, &seen);
                (seen, judged)
            }
            _ => (Seen::default(), proof::nothing_to_judge(&subject)),
        };
        if owed.proof.is_some() || !judged.problems.is_empty() || !judged.notes.is_empty() {
            proof.push(Proved::new(&owed.suite, &seen, judged));
        }
    }
    ending.proved(outcome, proof)
}
