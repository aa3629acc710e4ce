//! `guardrun -- COMMAND…` and `guardrun run SUITE`.

use crate::cli::{General, LevelChoice, RunOptions};
use crate::exit::{Exit, Verdict};
use crate::plan::{self, Plan};
use crate::policy::{Hold, Leaks};
use crate::report::{self, HumanListener, Voice};
use crate::values::Level;
use crate::{host, outcome, run};
use std::ffi::OsString;

pub(super) fn command(
    voice: &Voice,
    _general: &General,
    options: &RunOptions,
    command: Vec<OsString>,
) -> Exit {
    let mut hold = Hold::default();
    hold.level = match options.level {
        None | Some(LevelChoice::Auto) => None,
        Some(LevelChoice::Namespace) => Some(Level::Namespace),
        Some(LevelChoice::Cgroup) => Some(Level::Cgroup),
        Some(LevelChoice::Subreaper) => Some(Level::Subreaper),
    };
    hold.timeout = options.timeout;
    hold.grace = options.grace.unwrap_or(hold.grace);
    hold.outlive_parent = options.outlive_parent;
    let ladder = plan::ladder(&hold, host::privilege());
    let plan = Plan {
        run: plan::new_run_id(),
        suite: None,
        command,
        removed: Vec::new(),
        hold,
        ladder,
    };
    match run::run(&plan, &mut HumanListener { voice }) {
        Err(error) => {
            report::failure(
                voice,
                Verdict::Lost,
                &format!("could not set up the run: {error}"),
            );
            Verdict::Lost.into()
        }
        Ok(outcome) => {
            let ending = outcome::explain(&outcome, Leaks::Fail);
            report::ending(voice, &plan, &outcome, &ending);
            if let Some(path) = &options.report {
                let _ = report::write(path, &plan, &outcome, &ending);
            }
            ending.exit
        }
    }
}
