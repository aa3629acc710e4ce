//! `guardrun -- COMMAND…` and `guardrun run SUITE`: judge, draw the plan, do it, say how it went.

use super::attempts::{self, Outputs};
use super::gather::{self, Policies};
use super::room;
use crate::cli::{General, RunOptions};
use crate::exit::{Exit, Verdict};
use crate::gate::{self, Grant, Judgement, Request};
use crate::plan::{self, Given, Plan};
use crate::policy::Policy;
use crate::report::{self, Github, HumanListener, Voice};
use crate::run::{Locks, Taken};
use crate::{host, run};

/// Runs what the request asks for, if the policy allows it.
pub(super) fn run(
    voice: &Voice,
    general: &General,
    options: &RunOptions,
    request: &Request,
) -> Exit {
    let github = (!options.no_github).then(Github::here).flatten();
    // A report that cannot be written is found out before anything runs, not after an hour.
    let path = options.report.as_deref().filter(|_| !options.dry_run);
    let file = match path.map(report::File::open).transpose() {
        Ok(file) => file,
        Err(error) => {
            report::failure(voice, Verdict::Usage, &error.to_string());
            return Verdict::Usage.into();
        }
    };
    match judged_run(voice, general, options, request) {
        Ok(plan) if options.dry_run => report::dry_run(voice, &plan),
        Ok(plan) => {
            let junit = options.junit.clone().or_else(|| plan.junit());
            let outputs = Outputs {
                file,
                junit,
                github,
            };
            match made_ready(voice, &plan) {
                Ok(locks) => attempts::carry_out(voice, plan, locks, outputs),
                Err(exit) => {
                    outputs.not_run(voice, &plan, exit);
                    exit
                }
            }
        }
        Err(exit) => {
            let (suite, command) = match request {
                Request::Command { argv, suite } => (suite.as_deref(), argv.as_slice()),
                Request::Suite { name, extra } => (Some(name.as_str()), extra.as_slice()),
            };
            if let Some(file) = file {
                file.write_not_run(voice, suite, command, exit);
            }
            if let Some(github) = github.filter(|_| !options.dry_run) {
                github.not_run(voice, suite.unwrap_or("the command"), exit);
            }
            exit
        }
    }
}

/// The plan of a run that the policy allows. Why there is none has been said.
pub(super) fn judged_run(
    voice: &Voice,
    general: &General,
    options: &RunOptions,
    request: &Request,
) -> Result<Plan, Exit> {
    let policies = gather::policies(voice, general)?;
    let grant = permission(voice, &policies, options, request)?;
    report::before(voice, &policies.first, &grant);
    let id = run::fresh_id().map_err(|error| attempts::lost(voice, &error))?;
    let given = Given {
        environment: &gather::environment(),
        processors: host::processors(),
    };
    Ok(plan::draw(grant, id, host::privilege(), given))
}

/// Everything that a run waits for before anything is started: its locks, and then room, since what the last holder of a lock
/// has used is free again. None when the process that started guardrun died meanwhile. Why it may not start has been said.
pub(super) fn made_ready(voice: &Voice, plan: &Plan) -> Result<Option<Locks>, Exit> {
    let locks = match run::take_locks(plan, &mut HumanListener { voice }) {
        Ok(Taken::All(locks)) => locks,
        Ok(Taken::Busy(busy)) => return Err(report::busy(voice, &busy)),
        Ok(Taken::ParentDied) => return Ok(None),
        Err(error) => return Err(report::no_lock(voice, &error)),
    };
    match room::wait(voice, plan) {
        Ok(()) => Ok(Some(locks)),
        Err(exit) => {
            locks.release();
            Err(exit)
        }
    }
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
