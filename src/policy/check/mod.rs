//! From what is written to what is meant: everything that a policy must be besides well-formed.
//!
//! Each check either makes a value of the model or an error with its place. None is a warning: a rule that is
//! doubtful is not used.

mod allowed;
mod ceilings;
mod duration;
mod environment;
mod exceptions;
mod fence;
mod hold;
mod idle;
mod junit;
mod keys;
mod lines;
mod lock;
mod loosening;
mod proof;
mod receipts;
mod retry;

use super::environment::EnvironmentRules;
use super::error::PolicyError;
use super::model::{Gate, Note, Pattern, Policy, Suite, Unmatched};
use super::source::Source;
use super::text::{nearest, printable};
use super::variables::{Unfit, unfit_as_gate};
use super::written;
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use toml::Spanned;

type Checked<T> = Result<T, PolicyError>;

/// What is said to be at risk where the policy does not say.
const GENERAL_RISK: &str = "everything that this user runs on this machine: real processes compete with it for memory, \
     ports and sockets, and what they leave behind stays";

/// Judges what is written. `absolute` is the file that the policy remembers having come from.
pub(super) fn check(
    source: &Source,
    absolute: &Path,
    today: Date,
    file: &written::File,
) -> Checked<Policy> {
    let (unmatched, unmatched_place) = unmatched(source, file.unmatched.as_ref())?;
    let (defaults, defaults_said) = hold::defaults(source, &file.defaults)?;
    let mut policy = Policy {
        file: Some(absolute.to_owned()),
        gates: gates(source, &file.gate)?,
        suites: Vec::new(),
        unmatched,
        unmatched_place,
        defaults,
        defaults_said,
        notes: Vec::new(),
        exceptions: Vec::new(),
        receipts: receipts::receipts(source, file.receipts.as_ref())?,
    };
    let written = file.defaults.environment.as_ref();
    policy.defaults.environment =
        environment::rules(source, &policy.gates, written, &EnvironmentRules::default())?;
    for (name, written) in &file.suite.0 {
        let suite = suite(source, today, &mut policy, name, written)?;
        policy.suites.push(suite);
    }
    exceptions::in_force(source, today, &mut policy, &file.dangerously_allow_check)?;
    no_two_suites_say_the_same(source, &policy, file)?;
    lines::examples_hold(source, &policy, file)?;
    Ok(policy)
}

fn unmatched(
    source: &Source,
    written: Option<&Spanned<String>>,
) -> Checked<(Unmatched, super::place::Place)> {
    let Some(written) = written else {
        return Ok((Unmatched::Hold, source.place(&(0..0))));
    };
    let meaning = match written.get_ref().as_str() {
        "hold" => Unmatched::Hold,
        "refuse" => Unmatched::Refuse,
        other => {
            let what = format!(
                "`{}` is nothing that can become of a command",
                printable(other)
            );
            return Err(PolicyError::at(source, written.span(), what)
                .did_you_mean(nearest(other, ["hold", "refuse"]))
                .hint(r#"write unmatched = "hold" or unmatched = "refuse""#));
        }
    };
    Ok((meaning, source.place(&written.span())))
}

fn gates(
    source: &Source,
    written: &written::Table<written::Gate>,
) -> Checked<BTreeMap<String, Gate>> {
    let mut gates = BTreeMap::new();
    let mut by_variable: HashMap<&str, &Spanned<String>> = HashMap::new();
    for (name, written) in &written.0 {
        check_name(source, name, "gate")?;
        check_variable(source, &written.env)?;
        if let Some(other) = by_variable.insert(written.env.get_ref(), name) {
            let what = format!(
                "{} opens the gate `{}` already",
                written.env.get_ref(),
                other.get_ref()
            );
            return Err(PolicyError::at(source, written.env.span(), what)
                .see(&source.place(&other.span()), "the other gate is here")
                .hint("give each gate a variable of its own, so that opening one opens no other"));
        }
        let risk = written.risk.as_ref();
        let gate = Gate {
            name: name.get_ref().clone(),
            env: written.env.get_ref().clone(),
            why: sentence(source, &written.why, "why")?,
            risk: risk.map_or(Ok(GENERAL_RISK.to_owned()), |risk| {
                sentence(source, risk, "risk")
            })?,
            place_to_run: sentence(source, &written.place_to_run, "where")?,
            place: source.place(&name.span()),
        };
        gates.insert(gate.name.clone(), gate);
    }
    Ok(gates)
}

fn check_variable(source: &Source, env: &Spanned<String>) -> Checked<()> {
    let Some(unfit) = unfit_as_gate(env.get_ref()) else {
        return Ok(());
    };
    let name = printable(env.get_ref());
    let what = match unfit {
        Unfit::NotAName => format!("`{name}` is not the name of an environment variable"),
        Unfit::Generic => format!("{name} cannot open a gate: it is set for other reasons"),
        Unfit::Agent => {
            format!("{name} cannot open a gate: a coding agent sets it for all that it runs")
        }
        Unfit::Own => format!("{name} cannot open a gate: guardrun gives it a meaning of its own"),
    };
    let hint = match unfit {
        Unfit::NotAName => "use letters, digits and underscores, and begin with no digit",
        _ => "name the variable for the suite and for nothing else, such as MYPROJECT_DAEMON_TESTS",
    };
    Err(PolicyError::at(source, env.span(), what).hint(hint))
}

fn suite(
    source: &Source,
    today: Date,
    policy: &mut Policy,
    name: &Spanned<String>,
    written: &written::Suite,
) -> Checked<Suite> {
    check_name(source, name, "suite")?;
    let gate = written
        .gate
        .as_ref()
        .map(|gate| known_gate(source, policy, gate));
    let gate = gate.transpose()?;
    let command = written
        .command
        .as_ref()
        .map(|words| lines::command(source, words));
    let command = command.transpose()?;
    let patterns = lines::patterns(source, name, written, command.as_deref())?;
    let mut notes: Vec<Note> = Vec::new();
    let in_force = loosening::in_force(source, today, name.get_ref(), written, &mut notes)?;
    let (hold, said) = hold::of_suite(source, policy, name, written, &in_force, &mut notes)?;
    let hold = super::model::Hold {
        fence: fence::of_suite(source, &policy.defaults, written, &in_force)?,
        ..hold
    };
    policy.notes.append(&mut notes);
    Ok(Suite {
        name: name.get_ref().clone(),
        place: source.place(&name.span()),
        gate,
        command,
        patterns,
        hold,
        said,
        loosenings: in_force.loosenings,
        proof: proof::proof(source, written.proof.as_ref(), written.required.as_ref())?,
        required: written.required.as_ref().is_some_and(|it| *it.get_ref()),
    })
}

fn known_gate(source: &Source, policy: &Policy, written: &Spanned<String>) -> Checked<String> {
    let name = written.get_ref();
    if policy.gates.contains_key(name) {
        return Ok(name.clone());
    }
    let what = format!("there is no gate `{}`", printable(name));
    let known = policy.gates.keys().map(String::as_str);
    Err(PolicyError::at(source, written.span(), what)
        .did_you_mean(nearest(name, known))
        .hint("describe the gate in a table of its own: [gate.NAME] with env, why and where"))
}

/// The same pattern in two suites is a tie for every command line that it matches, so it is told at once and
/// not to the one who happens to run such a command. Within one suite it is a slip.
fn no_two_suites_say_the_same(
    source: &Source,
    policy: &Policy,
    file: &written::File,
) -> Checked<()> {
    let mut seen: HashMap<&[String], (&Suite, &Pattern)> = HashMap::new();
    for (suite, (name, written)) in policy.suites.iter().zip(&file.suite.0) {
        for (at, pattern) in suite.patterns.iter().enumerate() {
            let Some((other, first)) = seen.insert(&pattern.words, (suite, pattern)) else {
                continue;
            };
            let span = lines::span_of_pattern(name, written, at);
            let shown = printable(&pattern.text);
            let what = if other.name == suite.name {
                format!("`{shown}` is in this list twice")
            } else {
                format!("`{shown}` is the suite `{}` already", other.name)
            };
            return Err(PolicyError::at(source, span, what)
                .see(&first.place, "it is first said here")
                .hint("a command line belongs to one suite; take it from one of them, or make one more specific"));
        }
    }
    Ok(())
}

/// Names are typed on command lines and printed in messages, so they are kept to what needs no quoting.
fn check_name(source: &Source, name: &Spanned<String>, of_what: &str) -> Checked<()> {
    let bytes = name.get_ref().as_bytes();
    let good = bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes
            .iter()
            .all(|&b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if good {
        return Ok(());
    }
    let what = format!(
        "`{}` cannot be the name of a {of_what}",
        printable(name.get_ref())
    );
    Err(PolicyError::at(source, name.span(), what)
        .hint("use letters, digits, `-` and `_`, and begin with a letter or a digit"))
}

/// A text that a person has to have written, because a refusal is made of it.
fn sentence(source: &Source, text: &Spanned<String>, key: &str) -> Checked<String> {
    // A text made of marks that take no room would be as empty to whoever reads the refusal.
    let visible = text.get_ref().chars().any(|c| c.is_alphanumeric());
    if visible {
        return Ok(text.get_ref().trim().to_owned());
    }
    Err(
        PolicyError::at(source, text.span(), format!("`{key}` says nothing"))
            .hint("write the sentence that you would tell the person or the agent who is refused"),
    )
}
