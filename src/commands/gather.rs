//! What every command that judges needs: the policy that holds here, and the environment.

use crate::cli::General;
use crate::exit::{Exit, Verdict};
use crate::gate::Environment;
use crate::policy::{self, Policy, Reader};
use crate::report::{self, Voice};
use std::path::PathBuf;

/// The policy that holds in the working directory. An error has been said.
pub(super) fn policy(voice: &Voice, general: &General) -> Result<Policy, Exit> {
    let cwd = working_directory();
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let home = std::env::home_dir();
    let reader = Reader {
        uid: nix::unistd::geteuid().as_raw(),
        today,
        cwd,
    };
    let found = policy::find(&reader.cwd, home.as_deref(), general.policy.as_deref());
    let read = found.and_then(|file| file.map(|file| policy::read(&reader, &file)).transpose());
    read.map(|policy| policy.unwrap_or_else(Policy::built_in))
        .map_err(|error| {
            report::failure(voice, Verdict::BadPolicy, &error.to_string());
            Exit::from(Verdict::BadPolicy)
        })
}

/// The environment of this process, as data.
pub(super) fn environment() -> Environment {
    std::env::vars_os().collect()
}

/// The working directory; where it has been deleted, the root, so that no policy below it is taken for the project's.
fn working_directory() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"))
}
