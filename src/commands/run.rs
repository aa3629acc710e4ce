//! `guardrun -- COMMAND…` and `guardrun run SUITE`: judge, draw the plan, do it, say how it went.

use super::gather::{self, Policies};
use super::prove;
use super::room;
use crate::cli::{General, RunOptions};
use crate::exit::{Exit, Verdict};
use crate::gate::{self, Grant, Judgement, Request};
use crate::plan::{self, Given, Plan};
use crate::policy::Policy;
use crate::report::{self, HumanListener, Voice};
use crate::{host, outcome, run};

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
    let plan = match run::fresh_id() {
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
    match room::wait(voice, &plan) {
        Ok(()) => carry_out(voice, &plan, report),
        Err(exit) => exit,
    }
}

/// Permission by the policy that describes the run, if the repository's own does not refuse it.
fn permission(
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

fn carry_out(voice: &Voice, plan: &Plan, report: Option<report::File>) -> Exit {
    let before = prove::before(plan);
    let in_passing = voice.in_passing();
    let outcome = match run::run(plan, &mut HumanListener { voice: &in_passing }) {
        Ok(outcome) => outcome,
        Err(error) => return lost(voice, &error),
    };
    let ending = outcome::explain(&outcome, plan.hold.leaks);
    let ending = prove::after(plan, &outcome, ending, &before);
    report::ending(voice, plan, &outcome, &ending);
    if let Some(report) = report {
        report.write(voice, plan, &outcome, &ending);
    }
    ending.exit
}

/// Something of guardrun's own failed before or beside the run; the keeper ends whatever was started.
fn lost(voice: &Voice, error: &anyhow::Error) -> Exit {
    report::failure(
        voice,
        Verdict::Lost,
        &format!("could not do the run: {error:#}"),
    );
    Verdict::Lost.into()
}
