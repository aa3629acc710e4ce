//! Is the policy sound, and does CI really open each gate? Files as data in, findings out; nothing is run.
//!
//! ```text
//! policy ────────── soundness ──────────────────────────────┐
//! workflows, .gitlab-ci.yml, .ci/run ─┐                     │
//!    just, make, npm, scripts ── walk ┴─> hits ── lanes ────┼─> findings ── exceptions of the policy
//! .env, package.json, … ── armed, literal ──────────────────┘
//! ```
//!
//! It promises to say what it has not understood wherever an opt-in is set, and to take none of that for a lane: a gated suite is
//! green only when a lane was found that opens it.

mod armed;
mod finding;
mod github;
mod gitlab;
mod json;
mod lanes;
mod literal;
mod node;
mod piece;
mod shell;
mod soundness;
mod state;
mod tree;
mod walk;
mod yaml;

pub use finding::{Finding, See, Severity};
pub use tree::{Content, Tree};

use crate::policy::Policy;
use crate::policy::rule::Rule;
use piece::{Piece, Spot};
use state::{State, Value};
use std::collections::{BTreeMap, BTreeSet};
use walk::{JUSTFILES, Justfile, MAKEFILES, Makefile, Starter, Walker, Way};

/// Scripts that are lanes by their names alone.
const SCRIPTS: [&str; 3] = [".ci/run", "ci/run", "ci.sh"];

/// What was found, the gravest first.
#[derive(Debug)]
pub struct Report {
    /// Every finding, those with an exception included.
    pub findings: Vec<Finding>,
    /// How many gated suites there are.
    pub gated: usize,
    /// Whether there is anything of CI that is read here.
    pub ci: bool,
}

impl Report {
    /// Whether the check passes, also if warnings are to fail it.
    pub fn passes(&self, warnings: Warnings) -> bool {
        let fails = |finding: &Finding| match warnings {
            Warnings::AreTold => finding.fails(),
            Warnings::Fail => finding.excepted.is_none(),
        };
        !self.findings.iter().any(fails)
    }
}

/// What warnings mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warnings {
    /// They are told, and the check passes.
    AreTold,
    /// The check fails.
    Fail,
}

/// Checks a policy, which is in this file of the repository, and everything around it.
pub fn check(policy: &Policy, file: &str, tree: &dyn Tree) -> Report {
    let mut walker = Walker::new(policy, tree);
    let ci = lanes_of_ci(&mut walker);
    recipes(&mut walker, ci);
    let mut findings = soundness::findings(policy, file, tree);
    findings.extend(lanes::findings(
        policy,
        file,
        tree,
        &walker.hits,
        &walker.remarks,
    ));
    findings.extend(walker.remarks.iter().map(|remark| remarked(remark, tree)));
    findings.extend(walker.cut_short.as_ref().map(|cut| not_followed(cut, file)));
    findings.extend(armed_places(policy, tree));
    let mut findings = without_repeats(findings);
    except(policy, file, tree, &mut findings);
    findings.sort_by(|one, two| {
        let key = |it: &Finding| {
            (
                it.excepted.is_some(),
                it.severity,
                it.file.clone(),
                it.line,
                it.rule,
            )
        };
        key(one).cmp(&key(two))
    });
    Report {
        findings,
        gated: policy
            .suites
            .iter()
            .filter(|suite| suite.gate.is_some())
            .count(),
        ci,
    }
}

/// Follows what CI starts. Answers whether there is any of it.
fn lanes_of_ci(walker: &mut Walker<'_>) -> bool {
    let tagged = tagged_recipes(walker);
    let workflows = github::workflows(walker);
    let pipeline = gitlab::pipeline(walker);
    let mut scripts = false;
    for name in SCRIPTS {
        let Some(text) = walker.text(name) else {
            continue;
        };
        scripts = true;
        let first = text.lines().next().unwrap_or_default().to_owned();
        let mut state = at_root();
        state.stops_at_failure =
            first.starts_with("#!") && first.contains(" -") && first.contains('e');
        walker.script(
            &Piece::new(&name.into(), text, 1),
            &mut state,
            &Way::new(Starter::Ci),
        );
    }
    workflows || pipeline || scripts || tagged
}

/// Recipes that say of themselves that CI starts from them.
fn tagged_recipes(walker: &mut Walker<'_>) -> bool {
    let mut any = false;
    for justfile in justfiles(walker) {
        for recipe in justfile.recipes.iter().filter(|recipe| recipe.of_ci) {
            any = true;
            let way = Way::new(Starter::Ci);
            walker.recipe(&justfile, recipe, &[], &BTreeMap::new(), &at_root(), &way);
        }
    }
    any
}

/// The justfile of the root, and its modules.
fn justfiles(walker: &mut Walker<'_>) -> Vec<Justfile> {
    let mut found = Vec::new();
    for name in JUSTFILES {
        if let Some(text) = walker.text(name) {
            let justfile = Justfile::read(name, &text);
            let modules = walker.modules(&justfile);
            found.push(justfile);
            found.extend(modules);
        }
    }
    found
}

fn at_root() -> State {
    State {
        directory: Some(String::new()),
        ..State::default()
    }
}

/// Follows every recipe: as what somebody types, and where there is nothing of CI that is read, as a lane.
fn recipes(walker: &mut Walker<'_>, ci: bool) {
    let starter = |first: bool| match (ci, first) {
        (_, true) => Starter::Nobody,
        (true, false) => Starter::Recipe,
        (false, false) => Starter::Ci,
    };
    // The first one is looked at twice without CI: as what runs without a name, and as a lane.
    let starters = |first: bool| match (ci, first) {
        (false, true) => vec![Starter::Nobody, Starter::Ci],
        _ => vec![starter(first)],
    };
    for (number, justfile) in justfiles(walker).iter().enumerate() {
        for (name, value, line, exported) in &justfile.variables {
            if *exported {
                let spot = Spot::new(justfile.file(), *line, name);
                every_recipe_has(walker, name, value, &spot);
            }
        }
        for (at, recipe) in justfile.recipes.iter().enumerate() {
            // Without a name `just` runs the first recipe of the root's own.
            for starter in starters(number == 0 && at == 0 && !recipe.of_ci) {
                walker.recipe(
                    justfile,
                    recipe,
                    &[],
                    &BTreeMap::new(),
                    &at_root(),
                    &Way::new(starter),
                );
            }
        }
    }
    for name in MAKEFILES {
        let Some(text) = walker.text(name) else {
            continue;
        };
        let makefile = Makefile::read(name, &text);
        for variable in makefile.variables.iter().filter(|it| it.exported) {
            let spot = Spot::new(&name.into(), variable.line(), &variable.name);
            every_recipe_has(walker, &variable.name, &variable.plain(), &spot);
        }
        let first = makefile.first().map(|target| target.name.clone());
        for target in &makefile.targets {
            for starter in starters(first.as_ref() == Some(&target.name)) {
                walker.target(
                    &makefile,
                    &target.name,
                    &[],
                    "",
                    &at_root(),
                    &Way::new(starter),
                );
            }
        }
    }
    let packages = walker.tree.named("package.json");
    for path in packages {
        let Some(text) = walker.text(&path) else {
            continue;
        };
        let node = match json::read(&text) {
            Ok(node) => node,
            Err((line, why)) => {
                let spot = Spot::new(&path.as_str().into(), line, "");
                let what = format!("this file could not be read: {why}");
                walker.remark(Rule::Unreadable, spot, what, None);
                continue;
            }
        };
        let scripts = node
            .get("scripts")
            .map(node::Node::entries)
            .unwrap_or_default();
        for (name, script) in scripts {
            walker.package_script(
                &path,
                name,
                script,
                &[],
                &at_root(),
                &Way::new(starter(false)),
            );
        }
    }
}

/// A variable that a justfile or a Makefile gives to each of its recipes, the safe ones too.
fn every_recipe_has(walker: &mut Walker<'_>, name: &str, value: &Value, spot: &Spot) {
    let Some(gate) = walker.policy.gates.values().find(|gate| gate.env == name) else {
        return;
    };
    if value.text() == Some("1") {
        let what = format!("{name} is 1 for every recipe of this file");
        let gate = Some(gate.name.clone());
        walker.remark(Rule::ArmsWorkstation, spot.clone(), what, gate);
    }
}

fn not_followed(cut: &walk::Cut, file: &str) -> Finding {
    let what = match cut {
        walk::Cut::TooDeep(call) => {
            let call = crate::policy::text::shortened(call, 80);
            format!("the call {call} was not followed: it is deeper than calls are followed")
        }
        walk::Cut::TooMuch => {
            "there are more commands in the lanes than are followed, and the rest was not looked at"
                .to_owned()
        }
    };
    Finding::new(Rule::NotUnderstood, file, 1, what)
        .hint("call the suite from a shorter way: a step of its own is best")
}

fn remarked(remark: &walk::Remark, tree: &dyn Tree) -> Finding {
    let hint = match remark.rule {
        Rule::ThroughCi => "write the literal 1 in the lane itself, and look at no variable of CI",
        Rule::NotUnderstood => {
            "write it plainly, or look at it yourself and say so: [[dangerously-allow-check]]"
        }
        Rule::Unreadable => "mend it, or make it readable",
        Rule::UnknownSuite => "name one of the suites that `guardrun explain` shows",
        Rule::ArmsWorkstation => {
            "set it in front of the one command that needs it, in a recipe of its own"
        }
        _ => "look at it",
    };
    let mut finding = Finding::new(
        remark.rule,
        &remark.spot.file,
        remark.spot.line,
        remark.what.clone(),
    )
    .hint(hint)
    .at_spot(tree, &remark.spot);
    finding.gate = remark.gate.clone();
    finding
}

/// The opt-in where it arms every workstation.
fn armed_places(policy: &Policy, tree: &dyn Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for path in tree.paths() {
        let Some(place) = armed::place(path) else {
            continue;
        };
        let text = match tree.read(path) {
            Content::Text(text) => text,
            Content::Absent => continue,
            Content::Unreadable(why) => {
                let what = format!("this file could not be read: {why}");
                let finding = Finding::new(Rule::Unreadable, path, 1, what)
                    .hint("mend it, or make it readable");
                found.push(finding);
                continue;
            }
        };
        for gate in policy.gates.values() {
            for span in literal::places(&text, &gate.env, place.comment) {
                let what = format!("{} is set to 1 here, and {}", gate.env, place.arms);
                let hint = format!("take it out; {} is the place to run it", gate.place_to_run);
                let mut finding = Finding::new(Rule::ArmsWorkstation, path, 1, what)
                    .hint(hint)
                    .at_span(&text, span);
                finding.gate = Some(gate.name.clone());
                found.push(finding);
            }
        }
    }
    found
}

/// What two lanes have in common is said once.
fn without_repeats(findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut kept = findings;
    kept.retain(|it| {
        // That a variable is set by CI, and that a suite runs by it, is one thing on one line.
        let what = match it.rule {
            Rule::ThroughCi => it.gate.clone().unwrap_or_default(),
            _ => it.what.clone(),
        };
        seen.insert((it.rule, it.file.clone(), it.line, what))
    });
    kept
}

/// Notes for which findings the policy has an exception, and finds exceptions for nothing.
fn except(policy: &Policy, file: &str, tree: &dyn Tree, findings: &mut Vec<Finding>) {
    let mut unused = Vec::new();
    for exception in &policy.exceptions {
        let glob = crate::policy::glob::parse_glob(&exception.file).ok();
        let glob = glob.map(|glob| glob.compile_matcher());
        let mut used = false;
        for finding in findings.iter_mut().filter(|it| it.rule == exception.rule) {
            let in_file = finding.file == exception.file
                || glob
                    .as_ref()
                    .is_some_and(|glob| glob.is_match(&finding.file));
            let about = exception.suite.is_none()
                || exception.suite == finding.suite
                || exception.suite == finding.gate;
            if in_file && about {
                finding.excepted = Some(exception.reason.clone());
                used = true;
            }
        }
        if !used {
            let what = format!(
                "this exception from `{}` excepts nothing",
                exception.rule.name()
            );
            let finding = Finding::new(Rule::UnusedException, file, exception.place.line, what)
                .hint("take it out")
                .at_place(tree, &exception.place);
            unused.push(finding);
        }
    }
    findings.append(&mut unused);
}
