//! What every command that judges needs: the policy that holds here, and the environment.

use crate::cli::General;
use crate::exit::{Exit, Verdict};
use crate::gate::Environment;
use crate::policy::{self, Policy, PolicyError, Reader};
use crate::report::{self, Voice};
use std::path::{Path, PathBuf};

/// The policies that hold in the working directory, each of whose gates must be open.
pub(super) struct Policies {
    /// The one that describes the run: of `--policy`, or found, or the built-in one.
    pub(super) first: Policy,
    /// The repository's own, where `--policy` names another. It does not lose its gates to a command line.
    pub(super) overruled: Option<Policy>,
}

/// The policies that hold here. An error has been said.
pub(super) fn policies(voice: &Voice, general: &General) -> Result<Policies, Exit> {
    let cwd = working_directory();
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let reader = Reader {
        uid: nix::unistd::geteuid().as_raw(),
        today,
        cwd,
    };
    read(&reader, general.policy.as_deref()).map_err(|error| {
        report::failure(voice, Verdict::BadPolicy, &error.to_string());
        Exit::from(Verdict::BadPolicy)
    })
}

fn read(reader: &Reader, named: Option<&Path>) -> Result<Policies, PolicyError> {
    let home = std::env::home_dir();
    let found = policy::find(&reader.cwd, home.as_deref(), None)?;
    let named = policy::find(&reader.cwd, home.as_deref(), named)?;
    let overruled = found.filter(|found| Some(found) != named.as_ref());
    Ok(Policies {
        first: named
            .map(|file| policy::read(reader, &file))
            .transpose()?
            .unwrap_or_else(Policy::built_in),
        overruled: overruled
            .map(|file| policy::read(reader, &file))
            .transpose()?,
    })
}

/// The environment of this process, as data.
pub(super) fn environment() -> Environment {
    std::env::vars_os().collect()
}

/// The working directory; where it has been deleted, the root, so that no policy below it is taken for the project's.
pub(super) fn working_directory() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"))
}
