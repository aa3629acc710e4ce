//! `guardrun check`: whether the policy is sound and CI really opens each gate. Reads files and runs nothing.

use super::gather;
use crate::check::{self, Warnings};
use crate::cli::{Check as Options, General};
use crate::exit::{Exit, Verdict};
use crate::host::repository::Repository;
use crate::plan;
use crate::report::{self, Checked, Github, Voice};

/// Checks the repository that the policy is in.
pub(super) fn check(voice: &Voice, general: &General, options: &Options) -> Exit {
    let policy = match gather::policies(voice, general) {
        Ok(policies) => policies.first,
        Err(exit) => return exit,
    };
    let Some(file) = &policy.file else {
        let text = "there is no policy here to check\nhint: `guardrun init` writes a first one";
        report::failure(voice, Verdict::BadPolicy, text);
        return Verdict::BadPolicy.into();
    };
    // A policy may be named by a path with `..` in it, and lie behind a link.
    let file = file.canonicalize().unwrap_or_else(|_| file.clone());
    let repository = Repository::around(&plan::root(&file));
    let shown = file.strip_prefix(repository.root()).unwrap_or(&file);
    let report = check::check(&policy, &shown.to_string_lossy(), &repository);
    let warnings = match options.strict {
        true => Warnings::Fail,
        false => Warnings::AreTold,
    };
    let checked = Checked {
        policy: &shown.to_string_lossy(),
        root: repository.root(),
        report: &report,
        warnings,
        cut_short: repository.cut_short,
    };
    let github = (!options.no_github).then(Github::here).flatten();
    report::checked(voice, &checked, github.as_ref())
}
