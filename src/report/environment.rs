//! What the policy makes of the suite's environment, for those who ask before a run: names of variables, and no value but
//! those that the policy itself writes.

use crate::plan::{By, SuiteEnvironment};
use crate::policy::text::shortened;
use serde::Serialize;

/// What becomes of the environment, in words.
#[derive(Debug, Serialize)]
pub struct EnvironmentView {
    /// What guardrun has and the suite would not get.
    pub removed: Vec<RemovedView>,
    /// What would get a value of the policy's.
    pub set: Vec<SetView>,
    /// What would get a private directory.
    pub private: Vec<PrivateView>,
}

/// A variable that goes.
#[derive(Debug, Serialize)]
pub struct RemovedView {
    /// Its name.
    pub name: String,
    /// The key that asks for it.
    pub by: String,
}

/// A variable that is set.
#[derive(Debug, Serialize)]
pub struct SetView {
    /// Its name.
    pub name: String,
    /// Its value, from the policy.
    pub value: String,
    /// The key that asks for it.
    pub by: String,
}

/// A variable that gets a private directory.
#[derive(Debug, Serialize)]
pub struct PrivateView {
    /// Its name.
    pub name: String,
    /// The key that asks for it.
    pub by: String,
}

impl EnvironmentView {
    /// Takes the view.
    pub fn of(environment: &SuiteEnvironment) -> EnvironmentView {
        let removed = environment.removed.iter().map(|(name, by)| RemovedView {
            name: name.to_string_lossy().into_owned(),
            by: word(*by),
        });
        let set = environment.set.iter().map(|(name, value, by)| SetView {
            name: name.clone(),
            value: value.clone(),
            by: word(*by),
        });
        let private = environment.private.iter().map(|variable| PrivateView {
            name: variable.name.clone(),
            by: word(variable.by),
        });
        EnvironmentView {
            removed: removed.collect(),
            set: set.collect(),
            private: private.collect(),
        }
    }

    /// The rows of a table for people: what happens, and to which variables.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let name = |name: &str| shortened(name, 60);
        let mut rows = Vec::new();
        let mut add = |title, names: Vec<String>| {
            if !names.is_empty() {
                rows.push((title, names.join(", ")));
            }
        };
        let removed = self.removed.iter();
        add(
            "takes away",
            removed
                .map(|it| format!("{} ({})", name(&it.name), it.by))
                .collect(),
        );
        let set = self.set.iter();
        add(
            "sets",
            set.map(|it| {
                format!(
                    "{}={} ({})",
                    name(&it.name),
                    shortened(&it.value, 60),
                    it.by
                )
            })
            .collect(),
        );
        let private = self.private.iter();
        add(
            "private",
            private
                .map(|it| format!("{} ({})", name(&it.name), it.by))
                .collect(),
        );
        rows
    }
}

/// The rows of a plan.
pub(super) fn rows(environment: &SuiteEnvironment) -> Vec<(&'static str, String)> {
    EnvironmentView::of(environment).rows()
}

fn word(by: By) -> String {
    match by {
        By::Hide(manager) => format!("hide {manager}"),
        other => other.key().to_owned(),
    }
}
