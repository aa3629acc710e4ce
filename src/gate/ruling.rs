//! What the policy says of a request, whether or not its gates are open.
//!
//! Judging and explaining both begin here, so that an explanation cannot tell another story than the judgement.

use super::request::{Request, Unjudged};
use crate::policy::{Candidate, Hold, Place, Policy, Said, Suite};
use std::ffi::OsString;

/// What the policy says of one request.
#[derive(Debug)]
pub struct Ruling<'p> {
    /// What is to be run; never empty.
    pub argv: Vec<OsString>,
    /// The suite that the request names.
    pub named: Option<&'p Suite>,
    /// The suite that the command line is, by the pattern that says so.
    pub matched: Option<Candidate<'p>>,
    /// The line of the policy that decides.
    pub place: &'p Place,
    /// How it is held: as the stricter of the two suites says.
    pub hold: Hold,
    /// Where that is said.
    pub said: Said,
}

impl<'p> Ruling<'p> {
    /// Looks the request up in the policy.
    pub fn of(policy: &'p Policy, request: &Request) -> Result<Ruling<'p>, Unjudged> {
        let (argv, named) = resolve(policy, request)?;
        let matched = policy.suite_for(&argv).map_err(|tie| Unjudged::tie(&tie))?;
        let (hold, said) = match (named, matched.map(|found| found.suite)) {
            (Some(one), Some(two)) if one.name != two.name => one.strictest(two),
            (Some(suite), _) | (None, Some(suite)) => (suite.hold.clone(), suite.said.clone()),
            (None, None) => (policy.defaults.clone(), policy.defaults_said.clone()),
        };
        Ok(Ruling {
            argv,
            named,
            matched,
            place: match (named, matched) {
                (Some(named), _) => &named.place,
                (None, Some(found)) => &found.pattern.place,
                (None, None) => &policy.unmatched_place,
            },
            hold,
            said,
        })
    }

    /// The suite that it is run as.
    pub fn suite(&self) -> Option<&'p Suite> {
        self.named.or(self.matched.map(|found| found.suite))
    }

    /// The suites whose gates it needs: the named one, and the one that the command line is.
    pub fn concerned(&self) -> Vec<&'p Suite> {
        let mut suites: Vec<&Suite> = self.named.into_iter().collect();
        if let Some(found) = self.matched
            && self
                .named
                .is_none_or(|named| named.name != found.suite.name)
        {
            suites.push(found.suite);
        }
        suites
    }
}

/// What is to be run, and the suite that was named for it.
fn resolve<'p>(
    policy: &'p Policy,
    request: &Request,
) -> Result<(Vec<OsString>, Option<&'p Suite>), Unjudged> {
    match request {
        Request::Command { argv, .. } if argv.is_empty() => Err(Unjudged::no_command()),
        Request::Command { argv, suite } => {
            let named = suite.as_deref().map(|name| known_suite(policy, name));
            Ok((argv.clone(), named.transpose()?))
        }
        Request::Suite { name, extra } => {
            let suite = known_suite(policy, name)?;
            let Some(command) = &suite.command else {
                return Err(Unjudged::suite_without_command(suite));
            };
            let own = command.iter().map(OsString::from);
            Ok((own.chain(extra.iter().cloned()).collect(), Some(suite)))
        }
    }
}

fn known_suite<'p>(policy: &'p Policy, name: &str) -> Result<&'p Suite, Unjudged> {
    policy
        .suite(name)
        .ok_or_else(|| Unjudged::unknown_suite(policy, name))
}
