//! `guardrun -- COMMAND…` and `guardrun run SUITE`: judge, draw the plan, do it, say how it went.

use super::gather::{self, Policies};
use super::room;
use crate::cli::{General, RunOptions};
use crate::exit::{Exit, Verdict};
use crate::gate::{self, Grant, Judgement, Request};
use crate::ledger::Ledger;
use crate::plan::{self, Given, Plan};
use crate::policy::Policy;
use crate::report::{self, HumanListener, Voice};
use crate::{host, outcome, registry, run};

/// Runs what the request asks for, if the policy allows it.
pub(super) fn run(
    voice: &Voice,
    general: &General,
    options: &RunOptions,
    request: &Request,
) -> Exit {
    let policies = match gather::policies(voice, general) {
        Ok(policies) => policies,
        Err(exit) => return exit,
    };
    let grant = match permission(voice, &policies, options, request) {
        Ok(grant) => grant,
        Err(exit) => return exit,
    };
    report::before(voice, &policies.first, &grant);
    let mut plan = match run::fresh_id() {
        Ok(id) => {
            let given = Given {
                environment: &gather::environment(),
                processors: host::processors(),
            };
            plan::draw(grant, id, host::privilege(), given)
        }
        Err(error) => return lost(voice, &error),
    };
    if options.dry_run {
        return report::dry_run(voice, &plan);
    }
    // A report that cannot be written is found out before anything runs, not after an hour.
    let report = match options
        .report
        .as_deref()
        .map(report::File::create)
        .transpose()
    {
        Ok(report) => report,
        Err(error) => {
            report::failure(voice, Verdict::Usage, &error.to_string());
            return Verdict::Usage.into();
        }
    };
    if let Err(exit) = room::wait(voice, &plan) {
        return exit;
    }
    let ledger = ledger(voice, &plan.run);
    plan.ledger = ledger.as_ref().map(|ledger| ledger.path().to_owned());
    carry_out(voice, &plan, ledger.as_ref(), report)
}

/// Permission by the policy that describes the run, if the repository's own does not refuse it.
pub(super) fn permission(
    voice: &Voice,
    policies: &Policies,
    options: &RunOptions,
    request: &Request,
) -> Result<Grant, Exit> {
    let grant = judge(voice, &policies.first, request)?;
    if let Some(overruled) = &policies.overruled {
        let request = Request::Command {
            argv: grant.argv().to_vec(),
            suite: None,
        };
        let _: Grant = judge(voice, overruled, &request)?;
    }
    grant.tighten(options).map_err(|loosening| {
        report::failure(voice, Verdict::Usage, &loosening.to_string());
        Verdict::Usage.into()
    })
}

fn judge(voice: &Voice, policy: &Policy, request: &Request) -> Result<Grant, Exit> {
    match gate::judge(policy, request, &gather::environment()) {
        Ok(Judgement::Allowed(grant)) => Ok(grant),
        Ok(Judgement::Refused(refusal)) => {
            report::refusal(voice, &refusal);
            Err(Verdict::Refused.into())
        }
        Err(unjudged) => {
            report::failure(voice, unjudged.verdict(), &unjudged.to_string());
            Err(unjudged.verdict().into())
        }
    }
}

/// The ledger for the gates inside the suite. A run without one is held none the worse; whoever asks for proof will miss it.
fn ledger(voice: &Voice, run: &str) -> Option<Ledger> {
    let made = registry::directory(std::env::var_os("XDG_RUNTIME_DIR"))
        .and_then(|directory| Ledger::create(&directory, run));
    made.inspect_err(|error| report::trouble(voice, &format!("there is no ledger: {error}")))
        .ok()
}

fn carry_out(
    voice: &Voice,
    plan: &Plan,
    ledger: Option<&Ledger>,
    report: Option<report::File>,
) -> Exit {
    let in_passing = voice.in_passing();
    let mut outcome = match run::run(plan, &mut HumanListener { voice: &in_passing }) {
        Ok(outcome) => outcome,
        Err(error) => return lost(voice, &error),
    };
    outcome.ledger = ledger.and_then(|ledger| ledger.tally().ok()).map(Box::new);
    let ending = outcome::explain(&outcome, plan.hold.leaks);
    report::ending(voice, plan, &outcome, &ending);
    if let Some(report) = report {
        report.write(voice, plan, &outcome, &ending);
    }
    ending.exit
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
