//! `guardrun audit`: run a suite once, held and fenced as ever, and tell what it starts; or read again what an earlier audit
//! has written.

mod page;

use super::attempts::{self, Outputs};
use super::gather;
use super::prove;
use super::run::{judged_run, made_ready};
use crate::audit::{Diff, End, Event, Sink, Story};
use crate::cli::{Audit, General};
use crate::exit::{Exit, Verdict};
use crate::gate::Request;
use crate::outcome::{self, Ending, Outcome};
use crate::plan::{self, Plan};
use crate::report::{self, Account, AuditListener, Events, HumanListener, Junit, Voice};
use crate::run::{self, Front, Locks};
use crate::sys::signal;
use crate::sys::stream::Stream;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// What `--diff` exits with, without a run, when something has begun, as diff(1) does.
const BEGUN: u8 = 1;

/// Does what the options ask for.
pub(super) fn audit(voice: &Voice, general: &General, options: Audit) -> Exit {
    // Before anything runs: an old file that cannot be read is to be found out now.
    let old = match options.diff.as_deref().map(read).transpose() {
        Ok(old) => old,
        Err(error) => return wrong(voice, &error),
    };
    if let (Some(from), Some(html)) = (&options.from, &options.html) {
        match page::of_file(voice, from, html) {
            Ok(()) if old.is_none() => return Exit::Code(0),
            Ok(()) => {}
            Err(error) => return wrong(voice, &error),
        }
    }
    if let Some(from) = &options.from {
        return from_file(voice, from, old.as_ref().zip(options.diff.as_deref()));
    }
    let request = match (&options.command[..], &options.options.suite) {
        ([], Some(name)) => Request::Suite {
            name: name.clone(),
            extra: Vec::new(),
        },
        ([], None) => {
            let text = "nothing to audit\nhint: write the command after `--`, as in guardrun audit -- cargo test, or name a suite with --suite";
            return wrong(voice, text);
        }
        (argv, suite) => Request::Command {
            argv: argv.to_vec(),
            suite: suite.clone(),
        },
    };
    if let Err(error) = page::distinct(options.html.as_deref(), options.events.as_deref()) {
        return wrong(voice, &error);
    }
    let plan = match planned(voice, general, &options, &request) {
        Ok(plan) if options.options.dry_run => return report::dry_run(voice, &plan),
        Ok(plan) => plan,
        Err(exit) => return exit,
    };
    let stdout = (plan.audit == plan::Audit::OnStdout).then_some(Stream::Out);
    let mut events = match Events::open(stdout, options.events.as_deref()) {
        Ok(events) => events,
        Err(error) => return wrong(voice, &error.to_string()),
    };
    let html = match page::ready(options.html.as_deref(), &mut events) {
        Ok(html) => html,
        Err(error) => return wrong(voice, &error),
    };
    let path = options.options.report.as_deref();
    let file = match path.map(report::File::open).transpose() {
        Ok(file) => file,
        Err(error) => return wrong(voice, &error.to_string()),
    };
    let outputs = Outputs {
        file,
        junit: options.options.junit.clone().or_else(|| plan.junit()),
        github: None,
    };
    let locks = match made_ready(voice, &plan) {
        Ok(locks) => locks,
        Err(exit) => {
            outputs.not_run(voice, &plan, exit);
            return exit;
        }
    };
    let (exit, story) = carry_out(voice, plan, locks, outputs, &mut events);
    let again = events.again();
    if let Err(lost) = events.finish() {
        report::trouble(voice, &lost);
    }
    if let (Some(html), Some(events)) = (html, again)
        && let Err(error) = page::of_run(voice, events, html)
    {
        report::trouble(voice, &error);
    }
    if let Some(story) = &story {
        report::story(voice, story);
        if let (Some(old), Some(path)) = (&old, &options.diff) {
            report::diff(voice, &Diff::between(old, story), &path.to_string_lossy());
        }
    }
    exit
}

/// The plan of an audit that the policy allows. Why there is none has been said.
fn planned(
    voice: &Voice,
    general: &General,
    options: &Audit,
    request: &Request,
) -> Result<Plan, Exit> {
    let mut plan = judged_run(voice, general, &options.options, request)?;
    if options.observe {
        plan = match plan.observed(gather::environment().agent()) {
            Ok(plan) => plan,
            Err(why) => {
                report::failure(voice, Verdict::Refused, &why);
                return Err(Verdict::Refused.into());
            }
        };
    }
    // What is tried again is another run, and this is about one.
    plan.hold.retry = None;
    plan.audit = match general.json {
        false => plan::Audit::Yes,
        true if plan.hold.idle.is_some() || plan.is_heard() => {
            let text = "the events cannot go to standard output, to which a run with an idle limit, or with a proof that is printed, passes on what the suite writes\nhint: give --events FILE instead of --json";
            return Err(wrong(voice, text));
        }
        true => plan::Audit::OnStdout,
    };
    Ok(plan)
}

/// Runs, tells how it went, and gives the story of it where there is one.
fn carry_out(
    voice: &Voice,
    mut plan: Plan,
    locks: Option<Locks>,
    outputs: Outputs,
    events: &mut Events,
) -> (Exit, Option<Story>) {
    let mut front = Front::default();
    let in_passing = voice.in_passing();
    let junit = outputs.junit.clone().map(Junit::look);
    let before = prove::before(&plan);
    front.listen(prove::listeners(&plan, &before));
    let ledger = attempts::ledger(voice, &plan.run);
    plan.ledger = ledger.as_ref().map(|ledger| ledger.path().to_owned());
    let mut listener = AuditListener {
        human: HumanListener { voice: &in_passing },
        events,
        story: None,
    };
    let outcome = match &locks {
        Some(locks) => run::run(&plan, locks, &mut front, &mut listener),
        None => Ok(Outcome::of_nothing(
            None,
            outcome::End::ParentDied,
            Vec::new(),
        )),
    };
    let mut story = listener.story.take();
    let mut outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            let exit = attempts::lost(voice, &error);
            outputs.not_run(voice, &plan, exit);
            return (exit, story);
        }
    };
    if outcome.unkilled.is_empty()
        && let Some(locks) = locks
    {
        locks.release();
    }
    // From here a signal ends guardrun as it ends any program.
    front.give_signals_back();
    let tally = ledger.as_ref().and_then(|ledger| ledger.tally().ok());
    outcome.ledger = tally.map(Box::new);
    let ending = outcome::explain(&outcome, plan.hold.leaks);
    let ending = prove::after(&plan, &outcome, ending, &before, front.heard());
    if let Some(story) = &mut story {
        let mut end = Event::End(Box::new(end(story, &outcome, &ending)));
        story.take(&mut end);
        events.take(&end.line());
    }
    let account = Account {
        plan: &plan,
        outcome: &outcome,
        ending: &ending,
        earlier: &[],
    };
    outputs.tell(voice, &account, junit);
    (ending.exit, story)
}

/// What a story comes to, as the last event has it.
fn comes_to(story: &Story) -> End {
    End {
        t: story.now,
        exit: story.exit,
        signal: None,
        verdicts: story.verdicts.clone(),
        processes: story.processes,
        at_once: story.at_once,
        threads_at_once: story.threads_at_once,
        peak_memory_bytes: story.peak_memory,
        outlived_run: story.outlived_run.iter().map(|(id, _)| *id).collect(),
        would_refuse: story.would_refuse().0,
        class: story.class().name().to_owned(),
        policy: story.policy(),
        gaps: story.gaps.clone(),
    }
}

/// The last event of a run.
fn end(story: &mut Story, outcome: &Outcome, ending: &Ending) -> End {
    story.finish();
    let (exit, signal) = match ending.exit {
        Exit::Code(code) => (Some(code), None),
        Exit::Signal(number) => (None, Some(signal::name(number))),
    };
    story.peak_memory = story.peak_memory.max(outcome.peak.memory);
    let verdicts = ending.verdicts.iter();
    End {
        exit,
        signal,
        verdicts: verdicts.map(|it| it.name().to_owned()).collect(),
        ..comes_to(story)
    }
}

/// Tells again what an earlier audit has seen.
fn from_file(voice: &Voice, file: &Path, old: Option<(&Story, &Path)>) -> Exit {
    let story = match read(file) {
        Ok(story) => story,
        Err(error) => return wrong(voice, &error),
    };
    let Some((old, path)) = old else {
        if voice.json {
            let end = Event::End(Box::new(comes_to(&story)));
            return report::data(&format!("{}\n", end.line()));
        }
        report::story(voice, &story);
        return Exit::Code(0);
    };
    let diff = Diff::between(old, &story);
    if voice.json {
        let text = serde_json::json!({ "diff": diff });
        report::data(&format!("{text}\n"));
    } else {
        report::diff(voice, &diff, &path.to_string_lossy());
    }
    match diff.begun.is_empty() {
        true => Exit::Code(0),
        false => Exit::Code(BEGUN),
    }
}

fn read(path: &Path) -> Result<Story, String> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| {
        format!("cannot read the events in {shown}: {error}\nhint: `guardrun audit --events FILE` writes such a file")
    })?;
    crate::audit::read(&mut BufReader::new(file)).map_err(|error| {
        format!(
            "{shown}:{error}\nhint: give a file that `guardrun audit --events FILE` has written"
        )
    })
}

fn wrong(voice: &Voice, text: &str) -> Exit {
    report::failure(voice, Verdict::Usage, text);
    Verdict::Usage.into()
}
