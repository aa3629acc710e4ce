//! What would happen to one command.

use super::{EnvironmentPart, HoldView, NoteView};
use crate::gate::{Environment, GateState, Judgement, Refusal, Request, Ruling, Unjudged, judge};
use crate::host::origin::Origin;
use crate::policy::text::{printable, shortened};
use crate::policy::{Candidate, Matcher, Policy, Suite};
use serde::Serialize;
use std::fmt;

/// What would happen to one command, and why. `Display` is the text for people, with a final newline.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// The command, quoted for a shell.
    pub command: String,
    /// `allowed` or `refused`.
    pub verdict: &'static str,
    /// The suite that it would run as.
    pub suite: Option<String>,
    /// The line of the policy that decides.
    pub place: String,
    /// The pattern that matches, where one does.
    pub pattern: Option<PatternView>,
    /// Other patterns that match, and why they do not decide.
    pub also: Vec<LoserView>,
    /// The gates that it needs.
    pub gates: Vec<GateView>,
    /// How it would be held.
    pub hold: HoldView,
    /// What it would have to prove afterwards, one line for each suite that it is.
    pub proof: Vec<ProofView>,
    /// The loosenings that are in force for it.
    pub loosenings: Vec<LooseningView>,
    /// Gate variables that it would not see.
    pub removed_variables: Vec<String>,
    /// What would become of its environment besides.
    pub environment: EnvironmentPart,
    /// Why it would not run.
    pub refusal: Option<Refusal>,
    /// What the reader of the policy ought to know.
    pub notes: Vec<NoteView>,
}

/// A pattern and its suite.
#[derive(Debug, Serialize)]
pub struct PatternView {
    /// The suite that it belongs to.
    pub suite: String,
    /// As the policy writes it.
    pub pattern: String,
    /// Where it does.
    pub place: String,
}

/// A pattern that matches and does not decide.
#[derive(Debug, Serialize)]
pub struct LoserView {
    /// The pattern.
    #[serde(flatten)]
    pub pattern: PatternView,
    /// What the deciding one has over it.
    pub why: &'static str,
}

/// A gate that is needed.
#[derive(Debug, Serialize)]
pub struct GateView {
    /// Its name.
    pub gate: String,
    /// Its variable.
    pub variable: String,
    /// `open`, `unset` or `not-one`.
    pub state: &'static str,
    /// The end of a sentence that begins with the variable.
    pub text: String,
    /// Where the opt-in came from, for an open gate.
    pub origin: Option<Origin>,
    /// Where the policy describes the gate.
    pub place: String,
}

/// What a suite has to prove.
#[derive(Debug, Serialize)]
pub struct ProofView {
    /// The suite.
    pub suite: String,
    /// What is asked for, in one line.
    pub text: String,
    /// Whether the policy requires it wherever it is run.
    pub required: bool,
    /// Where the policy says so.
    pub place: String,
}

/// A loosening that is in force.
#[derive(Debug, Serialize)]
pub struct LooseningView {
    /// The key.
    pub key: &'static str,
    /// The reason given for it.
    pub reason: String,
    /// The last day on which it is in force.
    pub expires: Option<String>,
    /// Where the policy says so.
    pub place: String,
}

/// Explains a request. `origin` is asked where the value of an open gate's variable came from.
pub fn explain(
    policy: &Policy,
    request: &Request,
    environment: &Environment,
    origin: impl Fn(&str) -> Origin,
) -> Result<Explanation, Unjudged> {
    let ruling = Ruling::of(policy, request)?;
    let (verdict, removed_variables, refusal) = match judge(policy, request, environment)? {
        Judgement::Allowed(grant) => ("allowed", grant.removed_variables().to_vec(), None),
        Judgement::Refused(refusal) => ("refused", Vec::new(), Some(refusal)),
    };
    let concerned = ruling.concerned();
    let (changes, notes) = EnvironmentPart::of(policy, &ruling, environment);
    let command = ruling.argv.iter().map(|word| word.to_string_lossy());
    Ok(Explanation {
        command: shell_words::join(command),
        verdict,
        suite: ruling.suite().map(|suite| suite.name.clone()),
        place: ruling.place.to_string(),
        pattern: ruling.matched.as_ref().map(PatternView::of),
        also: losers(policy, &ruling),
        gates: gates(policy, &concerned, environment, origin),
        hold: HoldView::of(&ruling.hold, &ruling.said),
        proof: proofs(&concerned),
        loosenings: loosenings(&concerned),
        removed_variables,
        environment: changes,
        refusal,
        notes: NoteView::all(policy).into_iter().chain(notes).collect(),
    })
}

fn losers(policy: &Policy, ruling: &Ruling<'_>) -> Vec<LoserView> {
    let Some(winner) = &ruling.matched else {
        return Vec::new();
    };
    let candidates = Matcher::new(policy).candidates(&ruling.argv);
    let others = candidates.iter().skip(1).map(|loser| LoserView {
        pattern: PatternView::of(loser),
        why: why_it_loses(winner, loser),
    });
    others.collect()
}

/// What the winner has over a pattern that matches as well.
fn why_it_loses(winner: &Candidate<'_>, loser: &Candidate<'_>) -> &'static str {
    let (more, less) = (winner.specificity, loser.specificity);
    if more.literal_words > less.literal_words {
        "fewer literal words"
    } else if more.literal_characters > less.literal_characters {
        "fewer literal characters"
    } else if more.wildcards > less.wildcards {
        "more wildcards"
    } else {
        "the same suite, further down"
    }
}

fn gates(
    policy: &Policy,
    suites: &[&Suite],
    environment: &Environment,
    origin: impl Fn(&str) -> Origin,
) -> Vec<GateView> {
    let mut views: Vec<GateView> = Vec::new();
    for gate in suites.iter().filter_map(|suite| policy.gate_of(suite)) {
        if views.iter().any(|view| view.gate == gate.name) {
            continue;
        }
        let state = environment.gate(&gate.env);
        views.push(GateView {
            gate: gate.name.clone(),
            variable: gate.env.clone(),
            state: state.name(),
            text: state.to_string(),
            origin: (state == GateState::Open).then(|| origin(&gate.env)),
            place: gate.place.to_string(),
        });
    }
    views
}

fn proofs(suites: &[&Suite]) -> Vec<ProofView> {
    let views = suites.iter().filter_map(|suite| {
        let proof = suite.proof.as_ref()?;
        Some(ProofView {
            suite: suite.name.clone(),
            text: proof.to_string(),
            required: suite.required,
            place: proof.place.to_string(),
        })
    });
    views.collect()
}

/// The loosenings that count: where two suites are concerned, only what both have given up.
fn loosenings(suites: &[&Suite]) -> Vec<LooseningView> {
    let Some((first, rest)) = suites.split_first() else {
        return Vec::new();
    };
    let in_force = first.loosenings.iter().filter(|loosened| {
        rest.iter()
            .all(|other| other.loosened(loosened.key).is_some())
    });
    in_force
        .map(|loosened| LooseningView {
            key: loosened.key,
            reason: loosened.reason.clone(),
            expires: loosened.expires.map(|day| day.to_string()),
            place: loosened.place.to_string(),
        })
        .collect()
}

impl PatternView {
    fn of(candidate: &Candidate<'_>) -> PatternView {
        PatternView {
            suite: candidate.suite.name.clone(),
            pattern: candidate.pattern.text.clone(),
            place: candidate.pattern.place.to_string(),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "command    {}", shortened(&self.command, 200))?;
        match &self.suite {
            Some(suite) => writeln!(f, "suite      {suite}  ({})", self.place)?,
            None => writeln!(f, "suite      none  ({})", self.place)?,
        }
        if let Some(pattern) = &self.pattern {
            writeln!(
                f,
                "decided by `{}` of {}  ({})",
                printable(&pattern.pattern),
                pattern.suite,
                pattern.place
            )?;
        }
        for loser in &self.also {
            let PatternView {
                suite,
                pattern,
                place,
            } = &loser.pattern;
            writeln!(
                f,
                "not by     `{}` of {suite}  ({place}): {}",
                printable(pattern),
                loser.why
            )?;
        }
        for gate in &self.gates {
            write!(
                f,
                "gate       {}: {} {}",
                gate.gate, gate.variable, gate.text
            )?;
            if let Some(origin) = &gate.origin {
                write!(f, ", {origin}")?;
            }
            writeln!(f, "  ({})", gate.place)?;
        }
        self.write_hold(f)?;
        if !self.removed_variables.is_empty() {
            writeln!(f, "removed    {}", self.removed_variables.join(", "))?;
        }
        for (name, value) in self.environment.rows() {
            writeln!(f, "{name:<10} {value}")?;
        }
        for note in &self.notes {
            writeln!(f, "note       {}  ({})", note.text, note.place)?;
        }
        match &self.refusal {
            None => writeln!(f, "verdict    allowed"),
            Some(refusal) => writeln!(
                f,
                "verdict    {}",
                refusal.to_string().replace('\n', "\n           ")
            ),
        }
    }
}

impl Explanation {
    fn write_hold(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hold = &self.hold;
        for (name, part) in [
            ("level", &hold.level),
            ("at least", &hold.at_least),
            ("timeout", &hold.timeout),
            ("grace", &hold.grace),
            ("idle", &hold.idle),
            ("fence", &hold.fence),
        ] {
            let place = part.place.as_deref().unwrap_or("built in");
            writeln!(f, "{name:<10} {}  ({place})", part.value)?;
        }
        writeln!(f, "leaks      {}", hold.leaks)?;
        for lock in &hold.locks {
            let place = lock.place.as_deref().unwrap_or("built in");
            writeln!(f, "lock       {}  ({place})", lock.value)?;
        }
        writeln!(f, "retry      {}", hold.retry)?;
        if let Some(path) = &hold.junit {
            writeln!(f, "junit      {}", printable(path))?;
        }
        for proof in &self.proof {
            let required = if proof.required { "; required" } else { "" };
            writeln!(f, "proof      {}{required}  ({})", proof.text, proof.place)?;
        }
        for loosening in &self.loosenings {
            write!(
                f,
                "loosened   {}: {}",
                loosening.key,
                printable(&loosening.reason)
            )?;
            if let Some(last) = &loosening.expires {
                write!(f, ", until {last}")?;
            }
            writeln!(f, "  ({})", loosening.place)?;
        }
        Ok(())
    }
}
