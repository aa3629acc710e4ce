//! From what the walk has seen to what is wrong with the lanes.

use super::finding::{Finding, See};
use super::piece::Spot;
use super::tree::Tree;
use super::walk::{Fate, Hit, OptIn, Remark, Starter};
use crate::policy::rule::Rule;
use crate::policy::text::shortened;
use crate::policy::{Gate, Policy, Suite};

/// How many lines that come near a lane are named.
const NAMED: usize = 5;

/// What is wrong with the lanes of each gated suite.
pub(super) fn findings(
    policy: &Policy,
    file: &str,
    tree: &dyn Tree,
    hits: &[Hit],
    remarks: &[Remark],
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, suite) in policy.suites.iter().enumerate() {
        let Some(gate) = policy.gate_of(suite) else {
            continue;
        };
        let own: Vec<&Hit> = hits.iter().filter(|hit| hit.suite == at).collect();
        let lanes: Vec<&Hit> = own.iter().copied().filter(|hit| !is_typed(hit)).collect();
        let opens: Vec<&Hit> = lanes
            .iter()
            .copied()
            .filter(|hit| hit.held && matches!(hit.opt_in, OptIn::Set | OptIn::FromCi))
            .collect();
        let judged = Judged {
            suite,
            gate,
            tree,
            file,
        };
        found.extend(opens.iter().flat_map(|hit| judged.lane(hit)));
        found.extend(lanes.iter().filter_map(|hit| judged.near(hit)));
        found.extend(own.iter().filter_map(|hit| judged.typed(hit)));
        let live: Vec<&&Hit> = opens.iter().filter(|hit| hit.way.off.is_none()).collect();
        found.extend(judged.all(&live, &lanes, remarks));
    }
    found
}

fn is_typed(hit: &Hit) -> bool {
    matches!(hit.way.starter, Starter::Recipe | Starter::Nobody)
}

struct Judged<'a> {
    suite: &'a Suite,
    gate: &'a Gate,
    tree: &'a dyn Tree,
    file: &'a str,
}

impl Judged<'_> {
    fn finding(&self, rule: Rule, spot: &Spot, what: String) -> Finding {
        let mut finding = Finding::new(rule, &spot.file, spot.line, what).at_spot(self.tree, spot);
        finding.suite = Some(self.suite.name.clone());
        finding.gate = Some(self.gate.name.clone());
        finding
    }

    /// One that opens the gate.
    fn lane(&self, hit: &Hit) -> Vec<Finding> {
        let name = &self.suite.name;
        let mut found = Vec::new();
        if let Fate::Lost(lost) = &hit.way.fate {
            let (spot, why) = &**lost;
            let what = format!("the status of `{name}` is thrown away: {why}");
            let mut finding = self
                .finding(Rule::StatusThrownAway, spot, what)
                .hint("let the failure through: write `set -euo pipefail`, and nothing that turns a failure into a success");
            finding
                .see
                .extend(see(&hit.spot, spot, "here the suite is run"));
            found.push(finding);
        }
        if let Some(off) = &hit.way.off {
            let what = format!("the lane of `{name}` never runs: this is never true");
            let mut finding = self
                .finding(Rule::UnreachableLane, off, what)
                .hint("switch it on again, or take it out");
            finding
                .see
                .extend(see(&hit.spot, off, "here the suite would be run"));
            found.push(finding);
        }
        if let Some(ci) = &hit.way.ci {
            let what = format!("`{name}` runs only where this says that it is CI");
            let mut finding = self.finding(Rule::ThroughCi, ci, what).hint(format!(
                "run it wherever {} is 1, and set that in the lane itself",
                self.gate.env
            ));
            finding
                .see
                .extend(see(&hit.spot, ci, "here the suite is run"));
            found.push(finding);
        }
        if !hit.required {
            let what = format!("nothing asks here that tests of `{name}` are executed");
            let finding = self
                .finding(Rule::NotRequired, &hit.spot, what)
                .hint("add --require or GUARDRUN_REQUIRE=1 in this lane, or `required = true` and a `proof` to the suite");
            found.push(finding);
        }
        found
    }

    /// One that comes near it.
    fn near(&self, hit: &Hit) -> Option<Finding> {
        let (name, env) = (&self.suite.name, &self.gate.env);
        match (&hit.opt_in, hit.held) {
            (OptIn::Other(value), _) => {
                let what = format!(
                    "{env} is `{}` where `{name}` runs, and not 1",
                    shortened(value, 40)
                );
                Some(
                    self.finding(Rule::NotOne, &hit.spot, what)
                        .hint(format!("write {env}=1")),
                )
            }
            (OptIn::Set | OptIn::FromCi, false) => {
                let what = format!("`{name}` runs here with {env}, and not under guardrun");
                Some(self.finding(Rule::RunsBare, &hit.spot, what).hint(format!(
                    "write guardrun run {name}, or put `guardrun --` before the command"
                )))
            }
            (OptIn::Unknown, true) => {
                let what = format!("whether {env} is 1 where `{name}` runs is not understood");
                Some(
                    self.finding(Rule::NotUnderstood, &hit.spot, what)
                        .hint(format!("write {env}=1 as it stands")),
                )
            }
            _ => None,
        }
    }

    /// One that runs when one types no name.
    fn typed(&self, hit: &Hit) -> Option<Finding> {
        let opens = hit.opt_in == OptIn::Set && matches!(hit.way.starter, Starter::Nobody);
        opens.then(|| {
            let what = format!(
                "what runs without a name opens the gate `{}` for `{}`",
                self.gate.name, self.suite.name
            );
            self.finding(Rule::DefaultOpens, &hit.spot, what)
                .hint("put a recipe before it that starts nothing, and leave this one to be named")
        })
    }

    /// All of them together.
    fn all(&self, live: &[&&Hit], lanes: &[&Hit], remarks: &[Remark]) -> Option<Finding> {
        let (name, env) = (&self.suite.name, &self.gate.env);
        let Some(first) = live.first() else {
            let what = format!("no lane of CI opens the suite `{name}`");
            let spot = Spot::new(&self.file.into(), self.suite.place.line, "");
            let mut finding = self.finding(Rule::NoLane, &spot, what).hint(format!(
                "let a step of CI run: {env}=1 guardrun run {name} --require"
            ));
            for hit in lanes.iter().take(NAMED) {
                let what = match (&hit.opt_in, hit.held, &hit.way.off) {
                    (_, _, Some(_)) => "runs here in a lane that is switched off".to_owned(),
                    (OptIn::NotSet, held, _) => {
                        let how = if held {
                            "under guardrun"
                        } else {
                            "without guardrun"
                        };
                        format!("runs here {how}, and {env} does not reach it")
                    }
                    (OptIn::Other(value), ..) => {
                        format!("runs here with {env}={}", shortened(value, 40))
                    }
                    (OptIn::Unknown, ..) => {
                        format!("runs here, and whether {env} is 1 is not understood")
                    }
                    (_, false, _) => format!("runs here with {env}=1, and without guardrun"),
                    _ => continue,
                };
                finding.see.push(See {
                    file: hit.spot.file.to_string(),
                    line: hit.spot.line,
                    what,
                });
            }
            let unclear = remarks.iter().filter(|it| it.rule == Rule::NotUnderstood);
            for remark in unclear.take(NAMED) {
                finding.see.push(See {
                    file: remark.spot.file.to_string(),
                    line: remark.spot.line,
                    what: "this is not understood, and may be the lane".to_owned(),
                });
            }
            finding.see.sort();
            finding.see.dedup();
            return Some(finding);
        };
        let by_hand = |hit: &Hit| match &hit.way.starter {
            Starter::Hand(spot) => Some(spot.clone()),
            _ => None,
        };
        let alone: Vec<&&&Hit> = live.iter().filter(|hit| by_hand(hit).is_none()).collect();
        if alone.is_empty() {
            let spot = by_hand(first)?;
            let what = format!("`{name}` is run only when somebody starts this by hand");
            let finding = self
                .finding(Rule::OnlyByHand, &spot, what)
                .hint("let a push, a pull request or a schedule start it as well");
            return Some(finding);
        }
        let conditions: Option<Vec<&Spot>> =
            alone.iter().map(|hit| hit.way.condition.as_ref()).collect();
        let spot = *conditions?.first()?;
        let what = format!("`{name}` is run only under this condition");
        let finding = self
            .finding(Rule::ConditionalLane, spot, what)
            .hint("see to it that it holds for every change, or give the suite a lane without one");
        Some(finding)
    }
}

fn see(spot: &Spot, from: &Spot, what: &str) -> Option<See> {
    (spot != from).then(|| See {
        file: spot.file.to_string(),
        line: spot.line,
        what: what.to_owned(),
    })
}
