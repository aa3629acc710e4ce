//! What would become of the environment, and which lines of the policy say so.

use super::NoteView;
use crate::gate::{Environment, Ruling};
use crate::host;
use crate::plan::{By, GateVariables, Given, SuiteEnvironment};
use crate::policy::{EnvironmentSaid, Place, Policy};
use crate::report::EnvironmentView;
use serde::Serialize;

/// What would become of the environment.
#[derive(Debug, Serialize)]
pub struct EnvironmentPart {
    /// What happens to which variable.
    #[serde(flatten)]
    pub view: EnvironmentView,
    /// The keys that the policy has for it, each with its line.
    pub said: Vec<SaidView>,
}

/// A key of the policy, and where it is.
#[derive(Debug, Serialize)]
pub struct SaidView {
    /// The key.
    pub key: &'static str,
    /// Where it is.
    pub place: String,
}

impl EnvironmentPart {
    /// Looks at what becomes of `given`, and what of it a person ought to be told.
    pub(super) fn of(
        policy: &Policy,
        ruling: &Ruling<'_>,
        given: &Environment,
    ) -> (EnvironmentPart, Vec<NoteView>) {
        let concerned = ruling.concerned();
        let gates = concerned.iter().filter_map(|suite| policy.gate_of(suite));
        let needed: Vec<_> = gates.map(|gate| gate.env.clone()).collect();
        let all = policy.gates.values().map(|gate| gate.env.clone());
        let others: Vec<_> = all.filter(|env| !needed.contains(env)).collect();
        let gates = GateVariables {
            needed: &needed,
            others: &others,
        };
        let given = Given {
            environment: given,
            processors: host::processors(),
        };
        let environment = SuiteEnvironment::draw(given, &ruling.hold, gates);
        let rules = &ruling.hold.environment;
        let notes = notes(&environment, &rules.said);
        let part = EnvironmentPart {
            view: EnvironmentView::of(&environment),
            said: said(&rules.said),
        };
        (part, notes)
    }

    /// The rows of the table for people.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = self.view.rows();
        if !self.said.is_empty() {
            let said = self.said.iter();
            let said: Vec<_> = said
                .map(|said| format!("{} ({})", said.key, said.place))
                .collect();
            rows.insert(0, ("variables", said.join(", ")));
        }
        rows
    }
}

/// It is legal to leave these out, and seldom meant.
fn notes(environment: &SuiteEnvironment, said: &EnvironmentSaid) -> Vec<NoteView> {
    let lost = |name: &str| {
        environment
            .removed
            .iter()
            .find(|(removed, _)| removed == name)
    };
    let missed = environment.missed().into_iter();
    let notes = missed.filter_map(|name| {
        let (_, by) = lost(name)?;
        let place = match by {
            By::Only => &said.only,
            _ => &said.remove,
        };
        let text = match name {
            "PATH" => "the suite gets no PATH; its command is found with guardrun's own, and nothing else is".to_owned(),
            name => format!("the suite gets no {name}"),
        };
        let place = place.as_ref().map(Place::to_string);
        Some(NoteView {
            place: place.unwrap_or_default(),
            text,
        })
    });
    notes.collect()
}

fn said(said: &EnvironmentSaid) -> Vec<SaidView> {
    let keys = [
        ("remove", &said.remove),
        ("only", &said.only),
        ("set", &said.set),
        ("private", &said.private),
        ("hide", &said.hide),
        ("workers", &said.workers),
    ];
    let views = keys.into_iter().filter_map(|(key, place)| {
        let place = place.as_ref()?.to_string();
        Some(SaidView { key, place })
    });
    views.collect()
}
