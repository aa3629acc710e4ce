//! One loop, from the birth of the keeper to the end of everything: turns what happens into events for `course`, and does
//! what `course` answers.
//!
//! Order matters in one place: what the keeper says is read before its death is believed, because a keeper that reports the
//! suite's status and leaves is seen as both at once.

mod eyes;
mod output;
mod quiet;

use super::Listener;
use super::clock::Clock;
use super::course::{Action, Course, Event, TimeLimit};
use super::effort::Effort;
use super::hold::Hold;
use super::limits::Limits;
use super::silence::Silence;
use super::surroundings::Surroundings;
use crate::audit::Audit;
use crate::fence::Watch;
use crate::keeper::{News, Order, Received};
use crate::outcome::{Census, End, OomCount, Outcome, Step, Survivor};
use crate::plan::Plan;
use crate::registry::{self, Record};
use crate::sys::poll::{self, Interest};
use crate::sys::signal;
use crate::sys::socket::Line;
use crate::sys::stream::Stream;
use crate::sys::{fds, wait};
use anyhow::Context;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use tracing::debug;

/// How often one looks for somebody who must be there.
const LOOKS: usize = 100;

/// What came of it.
pub(super) enum Supervised {
    /// The keeper could not be set up.
    Lacking(Step, i32),
    /// The command could not be executed.
    NotExecuted(i32),
    /// The run is over.
    Over(Box<Outcome>),
}

/// What was made for the run until its keeper was born.
pub(super) struct Made<'a> {
    /// The hold on it.
    pub(super) hold: Hold<'a>,
    /// Its record.
    pub(super) record: Option<&'a Record>,
    /// What limits it.
    pub(super) limits: Limits,
    /// The watch over its fence.
    pub(super) fence: Watch<'a>,
    /// What records everything that it starts, in an audit.
    pub(super) audit: Option<Audit>,
    /// What its locks leave it of the time that runs which replace each other have together.
    pub(super) time_left: Option<Duration>,
}

/// Sees a run through to its end.
pub(super) fn supervise(
    plan: &Plan,
    made: Made<'_>,
    line: &Line,
    surroundings: &mut Surroundings,
    listener: &mut dyn Listener,
) -> anyhow::Result<Supervised> {
    if !made.limits.in_force.is_empty() {
        listener.limited(&made.limits.in_force);
    }
    let mut supervisor = Supervisor {
        plan,
        hold: made.hold,
        limits: made.limits,
        fence: made.fence,
        audit: made.audit,
        line,
        record: made.record,
        listener,
        course: Course::new(sooner(plan.hold.timeout, made.time_left), plan.hold.grace),
        clock: Clock::start(),
        failed: None,
        keeper_has_left: false,
        said_quiet: false,
        line_watched: true,
        stdout_watched: fds::stdout_has_a_reader(),
        silence: plan
            .hold
            .idle
            .map(|idle| Silence::new(idle.after, idle.working)),
        effort: Effort::default(),
        leader_ended: None,
        parent_watched: true,
        survivors: Vec::new(),
        unkilled: Vec::new(),
    };
    supervisor
        .watch(surroundings)
        .context("could not watch the run")?;
    // On every way out, also of an error above, dropping the job gives the terminal back.
    if let Some(job) = &mut surroundings.job {
        job.take_back();
    }
    let elapsed = supervisor.clock.now();
    supervisor.pass_on_the_rest(surroundings);
    let mute = supervisor.is_mute(surroundings);
    Ok(supervisor.conclude(elapsed, mute))
}

/// The limit that comes first, of those that there are.
fn sooner(own: Option<Duration>, shared: Option<Duration>) -> Option<TimeLimit> {
    let limits = own.map(TimeLimit::own).into_iter();
    limits
        .chain(shared.map(TimeLimit::shared))
        .min_by_key(|limit| limit.after)
}

struct Supervisor<'a> {
    plan: &'a Plan,
    hold: Hold<'a>,
    limits: Limits,
    fence: Watch<'a>,
    audit: Option<Audit>,
    line: &'a Line,
    record: Option<&'a Record>,
    listener: &'a mut dyn Listener,
    course: Course,
    clock: Clock,
    /// The run did not come about.
    failed: Option<Supervised>,
    keeper_has_left: bool,
    /// Whether the keeper has said that it has no child left.
    said_quiet: bool,
    /// Until the keeper's end of the line is closed: it stays readable then, and at level `namespace` the keeper's own end
    /// may be a long time coming.
    line_watched: bool,
    stdout_watched: bool,
    parent_watched: bool,
    /// Only with an idle limit.
    silence: Option<Silence>,
    /// The processor time as it was when silence was looked at last.
    effort: Effort,
    /// When the leader ended.
    leader_ended: Option<Duration>,
    survivors: Vec<Survivor>,
    unkilled: Vec<Survivor>,
}

impl Supervisor<'_> {
    fn watch(&mut self, surroundings: &mut Surroundings) -> io::Result<()> {
        while self.failed.is_none() && !self.course.is_over() {
            let tick = self.next_tick().map(|time| self.clock.instant(time));
            let look = self.next_look().map(|time| self.clock.instant(time));
            let deadline = tick.into_iter().chain(look).min();
            let fence_deadline = self.fence.deadline();
            let audit_deadline = match self.is_held_up_by_a_reader() {
                true => None,
                false => self.audit.as_ref().map(Audit::deadline),
            };
            let keeper = (!self.keeper_has_left)
                .then_some((self.hold.keeper.fd.as_fd(), Interest::Readable));
            let parent = surroundings.parent.as_ref().filter(|_| self.parent_watched);
            let [questions, sessions] = self.fence.descriptors();
            let [one_way, other_way] = match &surroundings.relay {
                Some(relay) => relay.interests(),
                None => [None, None],
            };
            let wanted = [
                self.line_watched
                    .then_some((self.line.as_fd(), Interest::Readable)),
                keeper,
                Some((surroundings.signals.as_fd(), Interest::Readable)),
                parent.map(|parent| (parent.as_fd(), Interest::Readable)),
                self.stdout_watched
                    .then(|| (fds::stdout(), Interest::Hangup)),
                one_way,
                other_way,
                self.limits
                    .forks()
                    .filter(|_| !self.course.is_killing())
                    .map(|forks| (forks, Interest::Priority)),
                questions.map(|fd| (fd, Interest::Readable)),
                sessions.map(|fd| (fd, Interest::Readable)),
                self.audit
                    .as_ref()
                    .and_then(Audit::descriptor)
                    .map(|fd| (fd, Interest::Readable)),
                self.listener
                    .sink()
                    .and_then(|sink| sink.backlog())
                    .map(|fd| (fd, Interest::Writable)),
            ];
            let [
                news,
                keeper_gone,
                signals,
                parent_gone,
                stdout_closed,
                one_way,
                other_way,
                fork_refused,
                questions,
                sessions,
                seen,
                written,
            ] = poll::wait(
                wanted,
                deadline
                    .into_iter()
                    .chain(fence_deadline)
                    .chain(audit_deadline)
                    .min(),
            )?;
            // Before anything else: somebody waits for an answer, and what was left behind is to be named as that and not
            // as a leftover.
            let fence_due = fence_deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if questions || sessions || fence_due {
                self.mind_the_fence();
            }
            if (one_way || other_way)
                && let Some(relay) = &mut surroundings.relay
            {
                let passed = relay.pass_on([one_way, other_way]);
                self.passed(passed);
            }
            if news || keeper_gone {
                self.hear(surroundings)?;
            }
            if keeper_gone {
                self.keeper_left();
            }
            while signals && let Some(arrived) = surroundings.signals.next() {
                self.signalled(arrived.signal, surroundings);
            }
            // After SIGCHLD has been taken in: what happens from now on raises another.
            let audit_due = audit_deadline.is_some_and(|deadline| Instant::now() >= deadline);
            if seen || signals || written || audit_due {
                self.mind_the_audit();
            }
            if parent_gone {
                self.parent_watched = false;
                self.step(Event::ParentGone);
            }
            if stdout_closed {
                self.stdout_watched = false;
                if let Some(relay) = &mut surroundings.relay {
                    relay.reader_left(Stream::Out);
                }
                self.step(Event::StdoutClosed);
            }
            if fork_refused && let Some(reached) = self.limits.fork_refused() {
                self.step(Event::OverLimit(reached));
            }
            if look.is_some_and(|look| Instant::now() >= look) {
                let reached = self.limits.look(&self.hold, self.clock.now());
                self.note_sample();
                if let Some(reached) = reached {
                    self.step(Event::OverLimit(reached));
                }
            }
            if tick.is_some_and(|tick| Instant::now() >= tick) {
                self.step(Event::Tick);
                self.mind_silence(surroundings);
            }
        }
        Ok(())
    }

    /// When the watch over the ceilings looks next; what is being killed is beyond them no more.
    fn next_look(&self) -> Option<Duration> {
        self.limits
            .next_look()
            .filter(|_| !self.course.is_killing())
    }

    /// Takes in everything that the keeper has said.
    fn hear(&mut self, surroundings: &mut Surroundings) -> io::Result<()> {
        loop {
            let news = match News::receive(self.line)? {
                Received::Message(news) => news,
                Received::Nothing => return Ok(()),
                Received::Gone => {
                    self.line_watched = false;
                    return Ok(());
                }
            };
            debug!(?news, "from the keeper");
            if self.failed.is_some() {
                // What a leader that never ran the command ends with says nothing about the suite.
                continue;
            }
            match news {
                News::SetupFailed(step, errno) => {
                    self.failed = Some(Supervised::Lacking(step, errno))
                }
                News::ExecFailed(errno) => self.failed = Some(Supervised::NotExecuted(errno)),
                News::Stopped(by) => {
                    self.catch_up(surroundings);
                    // While everything is being killed, stops are guardrun's own: a round stops all before it kills.
                    if let Some(job) = &mut surroundings.job
                        && !self.course.is_killing()
                    {
                        job.leader_stopped(by, self.line, &mut self.clock);
                        if let Some(relay) = &surroundings.relay {
                            // The terminal may have got another size meanwhile.
                            relay.take_sizes();
                        }
                    }
                }
                News::Continued => {}
                News::Ended(status) => {
                    self.catch_up(surroundings);
                    self.leader_ended = Some(self.clock.now());
                    // From now on Ctrl-C is for guardrun.
                    if let Some(job) = &mut surroundings.job {
                        job.take_back();
                    }
                    self.step(Event::LeaderEnded(status));
                }
                News::Quiet => {
                    self.said_quiet = true;
                    self.quiet_if_empty();
                }
                News::FromTerminal(signal::WINCH) => self.resized(surroundings),
                News::FromTerminal(signal) => self.step(Event::FromTerminal(signal)),
            }
        }
    }

    fn keeper_left(&mut self) {
        self.keeper_has_left = true;
        if self.failed.is_some() || self.course.is_over() {
            return;
        }
        if !self.said_quiet {
            self.hold.orphaned = true;
            self.step(Event::KeeperGone);
        }
        self.quiet_if_empty();
    }

    fn quiet_if_empty(&mut self) {
        let proved = self.said_quiet || self.keeper_has_left;
        if proved && self.keeper_has_left {
            // What the front reaps itself it is to have seen before.
            self.mind_the_audit();
        }
        if proved && self.hold.is_empty() {
            self.step(Event::Quiet);
        }
    }

    fn signalled(&mut self, signal_: i32, surroundings: &mut Surroundings) {
        match signal_ {
            // The front's own business: its keeper is watched by pidfd, its writes answer with EPIPE.
            signal::CHLD | signal::PIPE | signal::TTOU => {}
            other => {
                if (other == signal::CONT || other == signal::WINCH)
                    && let Some(relay) = &surroundings.relay
                {
                    relay.take_sizes();
                }
                if other == signal::CONT
                    && let Some(job) = &mut surroundings.job
                {
                    job.continued(self.line);
                }
                self.step(Event::Signal(other));
            }
        }
    }

    fn step(&mut self, event: Event) {
        let end = self.course.end();
        let actions = self.course.step(event, self.clock.now());
        debug!(?event, ?actions);
        for action in actions {
            match action {
                Action::Forward(signal) => {
                    if let Some(audit) = &mut self.audit
                        && self.course.end() != End::Itself
                    {
                        audit.asked();
                    }
                    Order::Signal(signal).send(self.line);
                }
                Action::AskAll => {
                    if let Some(audit) = &mut self.audit {
                        audit.asked();
                    }
                    self.hold.ask_all();
                }
                Action::ShowFamily(why) => self.show_family(why),
                Action::NameSurvivors => {
                    self.survivors = self.look_until_seen();
                    self.tell_where_survivors_come_from();
                    self.note_survivors();
                    if !self.survivors.is_empty() {
                        self.listener.survivors(&self.survivors);
                    }
                }
                Action::Kill => {
                    if let Some(audit) = &mut self.audit {
                        audit.killing();
                    }
                    self.hold.kill();
                    self.quiet_if_empty();
                }
                Action::NameUnkilled => self.unkilled = self.hold.survivors(&self.plan.hold),
            }
        }
        if end == End::Itself && self.course.end() != End::Itself && !self.course.is_over() {
            self.listener
                .ending(self.course.end(), self.plan.hold.grace);
        }
    }

    fn note_sample(&mut self) {
        if let (Some(sample), Some(record)) = (self.limits.take_sample(), self.record) {
            record.note(&sample);
        }
    }

    fn note_survivors(&self) {
        if let Some(record) = self.record {
            record.note(&registry::Event::Survivors {
                survivors: self.survivors.clone(),
            });
        }
    }

    /// Who is alive though the leader has ended. One that forks, leaves and exits again and again may be between two lives at
    /// any one look; so the look is repeated as long as the keeper does not say that there is nobody.
    fn look_until_seen(&self) -> Vec<Survivor> {
        let heard = || poll::readable_within(self.line.as_fd(), Duration::ZERO);
        for _ in 0..LOOKS {
            let seen = self.hold.survivors(&self.plan.hold);
            if !seen.is_empty() || heard() {
                return seen;
            }
        }
        Vec::new()
    }

    /// Waits for the keeper's end, which at level `namespace` is the proof that nothing is left.
    fn conclude(mut self, elapsed: Duration, mute: bool) -> Supervised {
        let left = self.unkilled.is_empty() && self.keeper_leaves();
        // The keeper's sum is everybody's only if it has reaped everybody. One that was killed has been reaped among all that
        // came to the front then, and this finds it gone.
        let usage = left
            .then(|| wait::reap_with_usage(self.hold.keeper.pid))
            .flatten();
        let mut census = None;
        if let (Some(audit), Some(sink)) = (self.audit.take(), self.listener.sink())
            && !matches!(self.failed, Some(Supervised::Lacking(..)))
        {
            let story = audit.finish(sink);
            census = Some(Census {
                processes: story.processes,
                at_once: story.at_once,
            });
            self.listener.audited(story);
        }
        if let Some(failed) = self.failed {
            return failed;
        }
        // What the kernel killed on its own account looks like an end by itself.
        let end = match (self.course.end(), self.limits.reached()) {
            (End::Itself, Some(reached)) => End::OverLimit(reached),
            (end, _) => end,
        };
        Supervised::Over(Box::new(Outcome {
            status: self.course.status(),
            survivors: self.survivors,
            unkilled: self.unkilled,
            ledger: None,
            fenced: self.fence.finish(),
            census,
            mute,
            killed: self.course.killed(),
            peak: self.limits.peak(),
            oom: OomCount {
                suite: self.limits.killed_for_memory(),
                machine: None,
            },
            limits: self.limits.in_force,
            usage,
            elapsed,
            ..Outcome::of_nothing(Some(self.hold.level), end, Vec::new())
        }))
    }
}
