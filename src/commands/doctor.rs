//! `guardrun doctor`: what this machine can enforce, found out by doing it.

mod through;

use crate::cli::{Doctor, General};
use crate::exit::{Exit, Verdict};
use crate::outcome::{Lack, Step};
use crate::policy::Hold;
use crate::report::{self, Finding, Findings, Unfenced, Voice};
use crate::values::Level;
use crate::{audit, contain, fence, host, plan, registry, run};

pub(super) fn doctor(voice: &Voice, general: &General, options: &Doctor) -> Exit {
    if let Some(chain) = &options.through {
        return through::through(voice, general, chain);
    }
    let findings = match find_out() {
        Ok(findings) => findings,
        Err(error) => {
            report::failure(voice, Verdict::Lost, &format!("could not look: {error:#}"));
            return Verdict::Lost.into();
        }
    };
    let printed = report::findings(voice, &findings);
    match options.at_least {
        Some(wanted) if !findings.can(wanted) => Verdict::CannotContain.into(),
        _ => printed,
    }
}

fn find_out() -> anyhow::Result<Findings> {
    let privilege = host::privilege();
    let name = format!("guardrun-{}", run::fresh_id()?);
    // First: the probe of a level may move this process into a scope, in which it is in the way of controllers.
    let ceilings = contain::probe_ceilings(&name);
    let levels: Vec<Finding> = Level::STRONGEST_FIRST
        .into_iter()
        .map(|level| {
            let tried = contain::probe(level, &name, privilege.may_make_namespaces);
            let lack = tried
                .err()
                .map(|(step, errno)| host::lack(level, step, errno));
            Finding { level, lack }
        })
        .collect();
    let has = |level: &Level| {
        levels
            .iter()
            .any(|finding| finding.level == *level && finding.lack.is_none())
    };
    let auto = plan::ladder(&Hold::default(), privilege)
        .into_iter()
        .find(has);
    let records =
        registry::directory(std::env::var_os("XDG_RUNTIME_DIR")).map_err(|error| error.to_string());
    // It has nothing to do with a level; the words about the step are the same at each.
    let lacking = |step: Step, error: std::io::Error| {
        let errno = error.raw_os_error().unwrap_or(0);
        let Lack { what, remedy, .. } = host::lack(Level::Subreaper, step, errno);
        Unfenced { what, remedy }
    };
    let fence = fence::probe().err();
    let fence = fence.map(|error| lacking(Step::Fence, error));
    let audit = audit::probe().err();
    let audit = audit.map(|error| lacking(Step::Trace, error));
    Ok(Findings {
        fence,
        audit,
        kernel: host::kernel(),
        auto,
        levels,
        ceilings,
        records,
    })
}
