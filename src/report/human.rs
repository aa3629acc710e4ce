//! What a person reads about a run.

use super::cleared::Lines;
use super::environment;
use super::events::Events;
use super::fenced;
use super::ledger;
use super::proof;
use super::tree;
use super::voice::{Tone, Voice};
use super::{Account, text};
use crate::audit::Story;
use crate::exit::Verdict;
use crate::gate::Grant;
use crate::host::origin;
use crate::outcome::{End, Enforcement, Family, InForce, Lack, Outcome, Refusal, Survivor};
use crate::plan::Plan;
use crate::plan::room::Short;
use crate::policy::Policy;
use crate::registry::{Holder, Swept};
use crate::run::Listener;
use crate::sys::signal;
use crate::values::{Fence, Usage};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Tells a person what happens during a run.
pub struct HumanListener<'a> {
    /// How to speak.
    pub voice: &'a Voice,
}

impl Listener for HumanListener<'_> {
    fn swept(&mut self, swept: &Swept) {
        let Swept {
            run,
            command,
            ended,
            left,
            cleared,
        } = swept;
        if ended + left > 0 {
            let text = format!(
                "ended {ended} leftover processes of run {run}, whose guardrun was killed: {command}"
            );
            self.notice(&text);
        }
        if *left > 0 {
            self.notice(&format!("{left} of them could not be ended"));
        }
        if let Some(cleared) = cleared {
            let text = format!(
                "removed the private directories of run {run}, whose guardrun was killed: {command}"
            );
            self.notice(&text);
            let lines = Lines::of(cleared, None);
            let all = lines.removed.iter().chain(&lines.staying);
            all.for_each(|line| self.notice(line));
        }
    }

    fn no_record(&mut self, error: &io::Error) {
        self.notice(&format!(
            "this run is not recorded, so `guardrun` cannot sweep it should it be killed: {error}"
        ));
    }

    fn record_cut_short(&mut self, error: &str) {
        self.notice(&format!(
            "the record of this run is not complete, so `guardrun logs` cannot tell all of it: {error}"
        ));
    }

    fn waiting(&mut self, lock: &str, holder: &Holder, waited: Duration) {
        if !self.voice.quiet {
            self.notice(&super::busy::waiting(lock, holder, waited));
        }
    }

    fn survivors(&mut self, survivors: &[Survivor]) {
        if self.voice.json {
            return;
        }
        let tone = if survivors.iter().all(|survivor| survivor.expected.is_some()) {
            Tone::Notice
        } else {
            Tone::Bad
        };
        if tone == Tone::Notice && self.voice.quiet {
            return;
        }
        self.voice.say(
            tone,
            "still alive after the suite had ended, and being ended now:",
        );
        name_each(self.voice, survivors);
    }

    fn silent_at_work(&mut self, quiet: Duration, used: Duration, of: Duration) {
        if !self.voice.quiet {
            self.notice(&format!(
                "no output for {}; the suite goes on, because it works: {} of processor time in the last {}",
                text::seconds(quiet),
                text::seconds(used),
                text::seconds(of)
            ));
        }
    }

    fn family(&mut self, family: &Family) {
        tree::say(self.voice, family);
    }

    fn output_lost(&mut self, error: &io::Error) {
        self.notice(&format!(
            "could not write on what the suite writes, and read no more of it: {error}"
        ));
    }

    fn limited(&mut self, in_force: &[InForce]) {
        if self.voice.json || self.voice.quiet {
            return;
        }
        for one in in_force {
            let (tone, how) = match (one.by, one.resource) {
                (Enforcement::Kernel, _) => (Tone::Plain, "held by the kernel"),
                (Enforcement::Watch, _) => (Tone::Notice, "only watched, five times a second"),
                (Enforcement::Affinity, _) => (Tone::Notice, "only kept to that many processors"),
            };
            let why = one
                .why
                .as_ref()
                .map(|why| format!(": {why}"))
                .unwrap_or_default();
            self.voice
                .say(tone, &format!("at most {}, {how}{why}", one.amount()));
        }
    }

    fn fenced(&mut self, refusal: &Refusal) {
        fenced::refusal(self.voice, refusal);
    }

    fn unfenced(&mut self, class: Fence, why: &str) {
        self.notice(&format!("the fence `{class}` is not up: {why}"));
    }

    fn ending(&mut self, end: End, grace: Duration) {
        if self.voice.json || self.voice.quiet {
            return;
        }
        let grace = humantime::format_duration(grace);
        let text = match end {
            End::Asked(signal::INT) => {
                format!("interrupted; killing what is left in {grace}, at the next Ctrl-C at once")
            }
            End::Asked(number) => format!(
                "ending on {}; killing what is left in {grace}",
                signal::name(number)
            ),
            End::Timeout(limit) => {
                let limit = humantime::format_duration(limit);
                format!(
                    "the time limit of {limit} is over; ending the suite, killing what is left in {grace}"
                )
            }
            End::Expired(_) => format!(
                "the time that runs of this lock have together (`expires-after`) is over; ending the suite, killing what is left in {grace}"
            ),
            End::Silent(limit) => {
                let limit = humantime::format_duration(limit);
                format!("no output for {limit}; ending the suite, killing what is left in {grace}")
            }
            End::StdoutClosed => format!(
                "nobody reads the output any more; ending the suite, killing what is left in {grace}"
            ),
            End::OverLimit(reached) => format!("ending the suite at {reached}"),
            End::ParentDied => {
                format!("the process that started guardrun died; killing what is left in {grace}")
            }
            End::KeeperDied => "guardrun's keeper died; killing the suite".to_owned(),
            End::Itself | End::NotExecuted { .. } | End::NotContained => return,
        };
        self.voice.say(Tone::Notice, &text);
    }
}

/// The same for an audit: it has a place for the events besides, and keeps what they come to.
pub struct AuditListener<'a> {
    /// How to speak.
    pub human: HumanListener<'a>,
    /// Where the events go.
    pub events: &'a mut Events,
    /// What was seen, once the run is over.
    pub story: Option<Story>,
}

impl Listener for AuditListener<'_> {
    fn swept(&mut self, swept: &Swept) {
        self.human.swept(swept);
    }

    fn no_record(&mut self, error: &io::Error) {
        self.human.no_record(error);
    }

    fn record_cut_short(&mut self, error: &str) {
        self.human.record_cut_short(error);
    }

    fn waiting(&mut self, lock: &str, holder: &Holder, waited: Duration) {
        self.human.waiting(lock, holder, waited);
    }

    fn survivors(&mut self, survivors: &[Survivor]) {
        self.human.survivors(survivors);
    }

    fn silent_at_work(&mut self, quiet: Duration, used: Duration, of: Duration) {
        self.human.silent_at_work(quiet, used, of);
    }

    fn family(&mut self, family: &Family) {
        self.human.family(family);
    }

    fn output_lost(&mut self, error: &io::Error) {
        self.human.output_lost(error);
    }

    fn limited(&mut self, in_force: &[InForce]) {
        self.human.limited(in_force);
    }

    fn fenced(&mut self, refusal: &Refusal) {
        self.human.fenced(refusal);
    }

    fn unfenced(&mut self, class: Fence, why: &str) {
        self.human.unfenced(class, why);
    }

    fn ending(&mut self, end: End, grace: Duration) {
        self.human.ending(end, grace);
    }

    fn sink(&mut self) -> Option<&mut dyn crate::audit::Sink> {
        Some(self.events)
    }

    fn audited(&mut self, story: Story) {
        self.story = Some(story);
    }
}

impl HumanListener<'_> {
    fn notice(&self, text: &str) {
        if !self.voice.json {
            self.voice.say(Tone::Notice, text);
        }
    }
}

/// What a person ought to know before a run: that there is no policy, what has expired, and what opened a gate.
pub(super) fn before(voice: &Voice, policy: &Policy, grant: &Grant) {
    for note in &policy.notes {
        voice.say(Tone::Notice, &format!("{}: {}", note.place, note.text));
    }
    if voice.quiet {
        return;
    }
    if policy.file.is_none() {
        let text = "no guardrun.toml here: held under the built-in rules, and no gate can open; `guardrun init` writes one";
        voice.say(Tone::Plain, text);
    } else if grant.suite().is_none() {
        let text = format!(
            "no suite of the policy is this command: held under the defaults ({})",
            grant.place()
        );
        voice.say(Tone::Plain, &text);
    }
    for open in grant.opened() {
        let origin = origin::of(&open.variable, Path::new("/proc"));
        voice.say(
            Tone::Notice,
            &format!("the gate `{}` is open: {origin}", open.gate),
        );
    }
}

/// That there is no room, and what becomes of the run.
pub(super) fn no_room(voice: &Voice, plan: &Plan, short: &[Short], waiting: Option<Duration>) {
    let name = plan.suite.as_deref().unwrap_or("the command");
    match waiting {
        Some(left) => {
            if !voice.quiet {
                let left = humantime::format_duration(left);
                let text = format!("waiting for room for {name}, at the most {left} more");
                voice.say(Tone::Notice, &text);
            }
        }
        None => {
            let text = format!("no-room: there is no room for {name}; nothing was started");
            voice.say(Tone::Bad, &text);
        }
    }
    if waiting.is_some() && voice.quiet {
        return;
    }
    for one in short {
        voice.say(Tone::Plain, &format!("  {one}"));
    }
    if waiting.is_none() {
        voice.say(
            Tone::Plain,
            "hint: end what is not needed (`guardrun ps` lists other runs), or let the suite wait: needs.wait in the policy",
        );
    }
}

/// What would be run, for `--dry-run`.
pub(super) fn plan(plan: &Plan) -> String {
    let command = plan.command.iter().map(|arg| arg.to_string_lossy());
    let levels: Vec<_> = plan.ladder.iter().map(|level| level.name()).collect();
    let duration = |time: Duration| humantime::format_duration(time).to_string();
    let mut rows = vec![
        ("would run", shell_words::join(command)),
        (
            "suite",
            plan.suite.clone().unwrap_or_else(|| "none".to_owned()),
        ),
        ("level", levels.join(", else ")),
        (
            "timeout",
            plan.hold
                .timeout
                .map_or_else(|| "none".to_owned(), duration),
        ),
        ("grace", duration(plan.hold.grace)),
        (
            "idle",
            plan.hold
                .idle
                .map_or_else(|| "none".to_owned(), |idle| idle.to_string()),
        ),
        ("fence", plan.hold.fence.class.name().to_owned()),
    ];
    for lock in &plan.hold.locks {
        rows.push(("lock", lock.to_string()));
    }
    for open in &plan.opened {
        rows.push((
            "gate",
            format!("{}, open by {}=1", open.gate, open.variable),
        ));
    }
    for owed in &plan.owed {
        let proof = owed.proof.as_ref().map(ToString::to_string);
        let required = owed.required.then(|| "required".to_owned());
        let words: Vec<String> = proof.into_iter().chain(required).collect();
        if !words.is_empty() {
            rows.push(("proof", format!("{}: {}", owed.suite, words.join("; "))));
        }
    }
    if !plan.removed.is_empty() {
        rows.push(("removed", plan.removed.join(", ")));
    }
    rows.extend(environment::rows(&plan.environment));
    rows.into_iter()
        .map(|(name, value)| format!("{name:<10} {value}\n"))
        .collect()
}

fn name_each(voice: &Voice, survivors: &[Survivor]) {
    for survivor in survivors.iter().take(text::NAMED) {
        voice.say(Tone::Plain, &format!("  {}", text::survivor(survivor)));
    }
    if survivors.len() > text::NAMED {
        voice.say(
            Tone::Plain,
            &format!("  and {} more", survivors.len() - text::NAMED),
        );
    }
}

/// Says how a run ended.
pub(super) fn ending(voice: &Voice, account: &Account<'_>) {
    let Account {
        plan,
        outcome,
        ending,
        ..
    } = account;
    match outcome.end {
        End::NotContained => return not_contained(voice, outcome),
        End::NotExecuted { errno } => return not_executed(voice, plan, errno),
        _ => {}
    }
    if voice.verbose {
        outcome
            .lacks
            .iter()
            .for_each(|lack| say_lack(voice, lack, Tone::Plain));
    }
    fenced::summary(voice, &outcome.fenced);
    if !outcome.unkilled.is_empty() {
        voice.say(Tone::Bad, "could not be killed, and is still there:");
        for survivor in outcome.unkilled.iter().take(text::NAMED) {
            let waiting = survivor
                .waiting_in
                .as_deref()
                .map(|name| format!(", waiting in {name}"))
                .unwrap_or_default();
            voice.say(
                Tone::Plain,
                &format!(
                    "  {}, state {}{waiting}",
                    text::survivor(survivor),
                    survivor.state
                ),
            );
        }
        voice.say(Tone::Plain, "hint: a process of another user needs that user or root to end it; one in state D ends when its I/O does");
    }
    if let Some(cleared) = &outcome.cleared {
        let lines = Lines::of(cleared, Some(&plan.environment));
        let removed = lines.removed.iter().filter(|_| !voice.quiet);
        removed.for_each(|line| voice.say(Tone::Plain, line));
        lines
            .staying
            .iter()
            .for_each(|line| voice.say(Tone::Notice, line));
    }
    proof::problems(voice, ending);
    let must_be_said = !ending.verdicts.is_empty();
    if voice.quiet && !must_be_said {
        return;
    }
    let tone = match (
        ending.verdicts.is_empty(),
        outcome.status.is_some_and(|status| status.passed()),
    ) {
        (true, true) if account.is_flaky() => Tone::Notice,
        (true, true) => Tone::Good,
        (true, false) => Tone::Notice,
        (false, _) => Tone::Bad,
    };
    let name = plan.suite.as_deref().unwrap_or("the command");
    let left = match (outcome.unkilled.len(), outcome.survivors.len()) {
        (0, 0) => "nothing left".to_owned(),
        (0, n) => format!("{n} left over, ended; nothing left"),
        (n, _) => format!("{n} still there"),
    };
    let level = outcome.level.map_or("not started", |level| level.name());
    // Every verdict that holds, the deciding one first.
    let verdicts: Vec<_> = ending
        .verdicts
        .iter()
        .map(|verdict| verdict.name())
        .collect();
    let verdicts = match verdicts.is_empty() {
        true => String::new(),
        false => format!("{}: ", verdicts.join(", ")),
    };
    let used = outcome.usage.map(used).unwrap_or_default();
    let attempt = match account.is_flaky() {
        true => format!(" at attempt {}, and is flaky,", account.earlier.len() + 1),
        false => String::new(),
    };
    voice.say(
        tone,
        &format!(
            "{verdicts}{name} {}{attempt} in {}{}{} · {}{used}{left} ({level})",
            ending.cause,
            text::seconds(outcome.elapsed),
            proof::counts(ending),
            ledger::counts(plan, outcome),
            fenced::count(outcome)
        ),
    );
    ledger::contradictions(voice, plan, outcome);
    if ending.verdicts.contains(&Verdict::Leaked) {
        voice.say(Tone::Plain, "hint: have the test end what it starts, or list the program in the policy with a reason");
    }
    if outcome.level
        == outcome
            .lacks
            .first()
            .map(|_| crate::values::Level::Subreaper)
        && !voice.verbose
    {
        outcome
            .lacks
            .iter()
            .for_each(|lack| say_lack(voice, lack, Tone::Notice));
    }
}

fn used(usage: Usage) -> String {
    format!(
        "{} CPU, largest process {} · ",
        text::seconds(usage.user + usage.system),
        text::size(usage.largest_resident_bytes)
    )
}

/// Says that the suite is tried again, and what it is tried again after.
pub(super) fn another_attempt(voice: &Voice, account: &Account<'_>, made: u32, times: u32) {
    let name = account.plan.suite.as_deref().unwrap_or("the command");
    let text = format!(
        "{name} {} in {}; attempt {} of {} begins",
        account.ending.cause,
        text::seconds(account.outcome.elapsed),
        made + 1,
        times + 1
    );
    voice.say(Tone::Notice, &text);
}

fn say_lack(voice: &Voice, lack: &Lack, tone: Tone) {
    voice.say(
        tone,
        &format!("level {} could not be had: {}", lack.level, lack.what),
    );
    voice.say(Tone::Plain, &format!("hint: {}", lack.remedy));
}

fn not_contained(voice: &Voice, outcome: &Outcome) {
    voice.say(
        Tone::Bad,
        "cannot-contain: the run cannot be held as strongly as is asked for; nothing was started",
    );
    outcome
        .lacks
        .iter()
        .for_each(|lack| say_lack(voice, lack, Tone::Bad));
    voice.say(
        Tone::Plain,
        "hint: `guardrun doctor` shows what this machine can enforce",
    );
}

fn not_executed(voice: &Voice, plan: &Plan, errno: i32) {
    let program = plan
        .command
        .first()
        .map(|program| program.to_string_lossy())
        .unwrap_or_default();
    let error = io::Error::from_raw_os_error(errno);
    let (what, hint) = match error.kind() {
        io::ErrorKind::NotFound if program.contains('/') => (
            "there is no such file",
            "look at the path, and at the interpreter named in its first line",
        ),
        io::ErrorKind::NotFound => ("it is not in PATH", "install it, or give its path"),
        io::ErrorKind::PermissionDenied => (
            "it may not be executed",
            "make it executable (chmod +x), or look at the mount's noexec",
        ),
        _ => (
            "it cannot be executed",
            "look at the file's format and interpreter",
        ),
    };
    voice.say(
        Tone::Bad,
        &format!("could not start `{program}`: {what} ({error})"),
    );
    voice.say(Tone::Plain, &format!("hint: {hint}"));
}
