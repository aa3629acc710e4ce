//! `[defaults.environment]` and `[suite.NAME.environment]`.
//!
//! No rule may touch the variable of a gate, in either direction. One that sets it would open the gate from the file that
//! describes it, and one that takes it away would have the tests of an allowed suite skip themselves, and be green.

use super::Checked;
use crate::policy::environment::{EnvironmentRules, EnvironmentSaid, NameGlob};
use crate::policy::error::PolicyError;
use crate::policy::managers::{self, MANAGERS, Manager};
use crate::policy::model::Gate;
use crate::policy::place::Place;
use crate::policy::source::Source;
use crate::policy::text::{nearest, printable};
use crate::policy::variables::is_a_name;
use crate::policy::written;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// More workers than any machine is meant to have; a larger number is a slip.
const MOST_WORKERS: i64 = 65_535;

/// Variables that are no directory of the suite's own, however private.
const NO_DIRECTORIES: [&str; 3] = ["PATH", "PWD", "OLDPWD"];

/// What is written, over what holds without it: each key that is there replaces the one below.
pub(super) fn rules(
    source: &Source,
    gates: &BTreeMap<String, Gate>,
    written: Option<&written::Environment>,
    base: &EnvironmentRules,
) -> Checked<EnvironmentRules> {
    let Some(written) = written else {
        return Ok(base.clone());
    };
    let check = Check { source, gates };
    let remove = written.remove.as_ref();
    let only = written.only.as_ref();
    let set = written.set.as_ref();
    let private = written.private.as_ref();
    let hide = written.hide.as_ref();
    let workers = written.workers.as_ref();
    check.nothing_is_said_twice(written)?;
    let (below, said) = (base.clone(), base.said.clone());
    Ok(EnvironmentRules {
        remove: remove.map_or(Ok(below.remove), |list| check.removed(list.get_ref()))?,
        only: only.map_or(Ok(below.only), |list| {
            check.globs(list.get_ref()).map(|list| vec![list])
        })?,
        set: set.map_or(Ok(below.set), |table| check.set(table.get_ref()))?,
        private: private.map_or(Ok(below.private), |list| check.private(list.get_ref()))?,
        hide: hide.map_or(Ok(below.hide), |list| check.hidden(list.get_ref()))?,
        workers: workers.map_or(Ok(below.workers), |number| check.workers(number).map(Some))?,
        said: EnvironmentSaid {
            remove: check.place(remove).or(said.remove),
            only: check.place(only).or(said.only),
            set: check.place(set).or(said.set),
            private: check.place(private).or(said.private),
            hide: check.place(hide).or(said.hide),
            workers: check.place(workers).or(said.workers),
        },
    })
}

struct Check<'a> {
    source: &'a Source,
    gates: &'a BTreeMap<String, Gate>,
}

impl Check<'_> {
    fn place<T>(&self, written: Option<&Spanned<T>>) -> Option<Place> {
        written.map(|written| self.source.place(&written.span()))
    }

    fn error(&self, span: Range<usize>, what: String) -> PolicyError {
        PolicyError::at(self.source, span, what)
    }

    fn globs(&self, list: &[Spanned<String>]) -> Checked<Vec<NameGlob>> {
        list.iter().map(|written| self.glob(written)).collect()
    }

    fn glob(&self, written: &Spanned<String>) -> Checked<NameGlob> {
        let text = written.get_ref();
        let shown = printable(text);
        if text.is_empty() || text.contains(['=', '\0']) {
            let what = format!("`{shown}` is no name of a variable, and no glob over names");
            return Err(self
                .error(written.span(), what)
                .hint("write names such as \"TMUX\", or globs such as \"LC_*\""));
        }
        if text.len() > 255 {
            let what = "the name is longer than any variable's".to_owned();
            return Err(self
                .error(written.span(), what)
                .hint("write a shorter glob"));
        }
        NameGlob::parse(text).map_err(|problem| {
            let what = format!("`{shown}` is not a glob: {}", problem.kind());
            self.error(written.span(), what)
                .hint("write names such as \"TMUX\", or globs such as \"LC_*\"")
        })
    }

    fn removed(&self, list: &[Spanned<String>]) -> Checked<Vec<NameGlob>> {
        for written in list {
            let name = written.get_ref();
            if let Some(gate) = self.gate_of(name) {
                let what = format!(
                    "{name} opens the gate `{}` and is not to be removed",
                    gate.name
                );
                return Err(self
                    .error(written.span(), what)
                    .see(&gate.place, "the gate is here")
                    .hint("take it out: a suite that does not need the gate does not get its variable anyway"));
            }
            self.is_not_own(written)?;
        }
        self.globs(list)
    }

    fn set(&self, table: &written::Table<Spanned<String>>) -> Checked<Vec<(String, String)>> {
        let mut variables = Vec::new();
        for (name, value) in &table.0 {
            self.is_a_name(name)?;
            if let Some(gate) = self.gate_of(name.get_ref()) {
                let what = format!(
                    "{} opens the gate `{}`, and a policy opens no gate",
                    name.get_ref(),
                    gate.name
                );
                return Err(self
                    .error(name.span(), what)
                    .see(&gate.place, "the gate is here")
                    .hint("take it out; whoever runs the suite sets it, in a place that is meant for it"));
            }
            self.is_not_own(name)?;
            if value.get_ref().contains('\0') {
                let what = format!("the value of {} has a NUL byte in it", name.get_ref());
                return Err(self
                    .error(value.span(), what)
                    .hint("no program could be given that; take the byte out"));
            }
            variables.push((name.get_ref().clone(), value.get_ref().clone()));
        }
        Ok(variables)
    }

    fn private(&self, list: &[Spanned<String>]) -> Checked<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        for written in list {
            let name = written.get_ref();
            self.is_a_name(written)?;
            self.is_not_own(written)?;
            if let Some(gate) = self.gate_of(name) {
                let what = format!("{name} opens the gate `{}` and is no directory", gate.name);
                return Err(self
                    .error(written.span(), what)
                    .see(&gate.place, "the gate is here")
                    .hint("take it out"));
            }
            if NO_DIRECTORIES.contains(&name.as_str()) {
                let what = format!("{name} cannot be a private directory");
                return Err(self.error(written.span(), what).hint(
                    "name variables such as TMPDIR, HOME or XDG_RUNTIME_DIR, which a suite writes to",
                ));
            }
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        Ok(names)
    }

    fn hidden(&self, list: &[Spanned<String>]) -> Checked<Vec<&'static Manager>> {
        let mut found: Vec<&'static Manager> = Vec::new();
        for written in list {
            let known = || MANAGERS.iter().map(|manager| manager.name);
            let Some(manager) = managers::find(written.get_ref()) else {
                let what = format!(
                    "`{}` is nothing that can be hidden",
                    printable(written.get_ref())
                );
                let all: Vec<_> = known().collect();
                return Err(self
                    .error(written.span(), what)
                    .did_you_mean(nearest(written.get_ref(), known()))
                    .hint(format!(
                        "what can be hidden is {}; `remove` takes away any other variable",
                        all.join(", ")
                    )));
            };
            if !found.contains(&manager) {
                found.push(manager);
            }
        }
        Ok(found)
    }

    fn workers(&self, written: &Spanned<i64>) -> Checked<u32> {
        let number = *written.get_ref();
        match u32::try_from(number) {
            Ok(workers @ 1..) if number <= MOST_WORKERS => Ok(workers),
            _ => Err(self
                .error(written.span(), format!("{number} is no number of workers"))
                .hint("write how many may work at once, from 1 on, or leave `workers` out")),
        }
    }

    /// One table that says two things of one variable is a slip, and which of them was meant is not guessed.
    fn nothing_is_said_twice(&self, written: &written::Environment) -> Checked<()> {
        let list = |list: &Option<Spanned<Vec<Spanned<String>>>>| -> Vec<(String, Range<usize>)> {
            let items = list.iter().flat_map(|list| list.get_ref());
            items
                .map(|item| (item.get_ref().clone(), item.span()))
                .collect()
        };
        let set = written.set.iter().flat_map(|table| &table.get_ref().0);
        let set: Vec<_> = set
            .map(|(name, _)| (name.get_ref().clone(), name.span()))
            .collect();
        let (remove, private) = (list(&written.remove), list(&written.private));
        for (one, two, what) in [
            (&set, &private, "set here, and made a private directory"),
            (&set, &remove, "set here, and removed"),
            (
                &private,
                &remove,
                "made a private directory here, and removed",
            ),
        ] {
            for (name, span) in one {
                if let Some((_, other)) = two.iter().find(|(other, _)| other == name) {
                    return Err(self
                        .error(span.clone(), format!("{} is {what}", printable(name)))
                        .see(&self.source.place(other), "the other is here")
                        .hint("keep one of the two"));
                }
            }
        }
        Ok(())
    }

    fn gate_of(&self, name: &str) -> Option<&Gate> {
        self.gates.values().find(|gate| gate.env == name)
    }

    fn is_a_name(&self, written: &Spanned<String>) -> Checked<()> {
        if is_a_name(written.get_ref()) {
            return Ok(());
        }
        let what = format!(
            "`{}` is not the name of an environment variable",
            printable(written.get_ref())
        );
        Err(self
            .error(written.span(), what)
            .hint("use letters, digits and underscores, and begin with no digit"))
    }

    fn is_not_own(&self, written: &Spanned<String>) -> Checked<()> {
        if !written.get_ref().starts_with("GUARDRUN_") {
            return Ok(());
        }
        let what = format!("{} is guardrun's own", printable(written.get_ref()));
        Err(self
            .error(written.span(), what)
            .hint("take it out: the rules for the environment are for the variables of others"))
    }
}
