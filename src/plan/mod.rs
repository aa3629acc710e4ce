//! How a permitted run will be done: plain data, drawn before anything is started.

mod environment;
mod observe;
pub mod room;
mod workers;

pub use environment::{By, GateVariables, PrivateVariable, SuiteEnvironment};

use crate::gate::{Environment, Grant, OpenGate, Owed};
use crate::policy::Hold;
use crate::policy::receipts::Receipts;
use crate::values::Level;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Everything that is decided about a run before it starts. Made only from a [`Grant`], which it uses up.
#[expect(
    clippy::manual_non_exhaustive,
    reason = "the private field is there for this crate too"
)]
#[derive(Debug)]
pub struct Plan {
    /// The run's id, unique on this machine.
    pub run: String,
    /// The suite's name; None for a command that no suite describes.
    pub suite: Option<String>,
    /// The gates that had to be open.
    pub opened: Vec<OpenGate>,
    /// What to execute; never empty.
    pub command: Vec<OsString>,
    /// The file in which gates inside the suite note what they decide; None where there is no place for one.
    pub ledger: Option<PathBuf>,
    /// Environment variables that the suite does not get.
    pub removed: Vec<String>,
    /// What its environment will be.
    pub environment: SuiteEnvironment,
    /// How it is held.
    pub hold: Hold,
    /// The levels to try, in this order; never empty.
    pub ladder: Vec<Level>,
    /// What guardrun may do here.
    pub privilege: Privilege,
    /// What has to be proved afterwards.
    pub owed: Vec<Owed>,
    /// The directory from which the policy's paths count; None for the built-in policy.
    pub root: Option<PathBuf>,
    /// Whether everything that it starts is recorded.
    pub audit: Audit,
    /// The policy's file; None for the built-in policy.
    pub policy: Option<PathBuf>,
    /// Where its receipts are kept, and what the policy is known by in them.
    pub receipts: Receipts,
    /// Keeps a plan from being made without a grant.
    _granted: (),
}

/// Whether everything that a run starts is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audit {
    /// No: nobody traces it.
    No,
    /// Yes.
    Yes,
    /// Yes, and guardrun's standard output is for the record: what the suite writes to its own goes to standard error.
    OnStdout,
}

/// What guardrun itself was given, and passes on in part.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Its environment.
    pub environment: &'a Environment,
    /// How many processors it may use.
    pub processors: u32,
}

/// Draws the plan of a permitted run. `run` is a fresh id.
pub fn draw(grant: Grant, run: String, privilege: Privilege, given: Given<'_>) -> Plan {
    let needed: Vec<_> = grant
        .opened()
        .iter()
        .map(|open| open.variable.clone())
        .collect();
    let gates = GateVariables {
        needed: &needed,
        others: grant.removed_variables(),
    };
    Plan {
        environment: SuiteEnvironment::draw(given, grant.hold(), gates),
        run,
        suite: grant.suite().map(str::to_owned),
        opened: grant.opened().to_vec(),
        command: grant.argv().to_vec(),
        ledger: None,
        removed: grant.removed_variables().to_vec(),
        hold: grant.hold().clone(),
        ladder: ladder(grant.hold(), privilege),
        privilege,
        owed: grant.owed().to_vec(),
        root: grant.policy_file().map(root),
        audit: Audit::No,
        policy: grant.policy_file().map(Path::to_owned),
        receipts: grant.receipts().clone(),
        _granted: (),
    }
}

impl Plan {
    /// The plan of one more attempt at the same permitted run, under a fresh id. It uses up the plan of the last one.
    pub fn another_attempt(self, run: String) -> Plan {
        Plan { run, ..self }
    }

    /// Whether what the suite prints to its stdout is to be read for a proof.
    pub fn is_heard(&self) -> bool {
        let proofs = self.owed.iter().filter_map(|owed| owed.proof.as_ref());
        self.root.is_some() && proofs.into_iter().any(|proof| proof.stdout)
    }

    /// Where the suite writes its own JUnit report, as the policy says it, below its root.
    pub fn junit(&self) -> Option<PathBuf> {
        Some(self.root.as_ref()?.join(self.hold.junit.as_deref()?))
    }
}

/// The directory that a policy file is about: the one that it is in, or the one that holds the `.config` that it is in.
pub fn root(file: &Path) -> PathBuf {
    let inside = file.parent().unwrap_or(Path::new("/"));
    match inside.file_name() {
        Some(name) if name == ".config" => inside.parent().unwrap_or(inside).to_owned(),
        _ => inside.to_owned(),
    }
}

/// What the choice of a level depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privilege {
    /// Whether guardrun may make namespaces without a user namespace (CAP_SYS_ADMIN).
    pub may_make_namespaces: bool,
}

/// The levels to try, in order: the strongest first that the suite does not notice. A user namespace is noticed (sudo and
/// newuidmap fail in it, foreign files belong to nobody), so for an unprivileged caller it comes after the cgroup.
pub fn ladder(hold: &Hold, privilege: Privilege) -> Vec<Level> {
    let auto = match privilege.may_make_namespaces {
        true => [Level::Namespace, Level::Cgroup, Level::Subreaper],
        false => [Level::Cgroup, Level::Namespace, Level::Subreaper],
    };
    match hold.level {
        Some(level) => vec![level],
        None => auto
            .into_iter()
            .filter(|level| *level >= hold.at_least)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Privilege, ladder};
    use crate::policy::Hold;
    use crate::values::Level;

    const ROOT: Privilege = Privilege {
        may_make_namespaces: true,
    };
    const USER: Privilege = Privilege {
        may_make_namespaces: false,
    };

    #[test]
    fn the_strongest_level_that_the_suite_does_not_notice_comes_first() {
        let hold = Hold::default();
        assert_eq!(
            ladder(&hold, ROOT),
            [Level::Namespace, Level::Cgroup, Level::Subreaper]
        );
        assert_eq!(
            ladder(&hold, USER),
            [Level::Cgroup, Level::Namespace, Level::Subreaper]
        );
    }

    #[test]
    fn no_level_below_the_one_asked_for_is_tried() {
        let hold = Hold {
            at_least: Level::Cgroup,
            ..Hold::default()
        };
        assert_eq!(ladder(&hold, USER), [Level::Cgroup, Level::Namespace]);
        let hold = Hold {
            at_least: Level::Namespace,
            ..Hold::default()
        };
        assert_eq!(ladder(&hold, USER), [Level::Namespace]);
    }

    #[test]
    fn a_level_that_was_named_is_the_only_one() {
        let hold = Hold {
            level: Some(Level::Subreaper),
            ..Hold::default()
        };
        assert_eq!(ladder(&hold, ROOT), [Level::Subreaper]);
    }
}
