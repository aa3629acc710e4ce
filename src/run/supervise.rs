//! One loop, from the birth of the keeper to the end of everything: turns what happens into events for `course`, and does
//! what `course` answers.
//!
//! Order matters in one place: what the keeper says is read before its death is believed, because a keeper that reports the
//! suite's status and leaves is seen as both at once.

use super::Listener;
use super::clock::Clock;
use super::course::{Action, Course, Event};
use super::hold::Hold;
use super::limits::Limits;
use super::surroundings::Surroundings;
use crate::contain::Leaf;
use crate::keeper::{News, Order, Received};
use crate::outcome::{End, Outcome, Step, Survivor};
use crate::plan::Plan;
use crate::sys::clone::Child;
use crate::sys::poll::{self, Interest};
use crate::sys::signal;
use crate::sys::socket::Line;
use crate::sys::{fds, wait};
use crate::values::Level;
use anyhow::Context;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use tracing::debug;

/// How long a keeper that has said its last word may take to leave.
const LEAVE: Duration = Duration::from_secs(10);

/// How often one looks for somebody who must be there.
const LOOKS: usize = 100;

/// What came of it.
pub(super) enum Supervised {
    /// The keeper could not be set up.
    Lacking(Step, i32),
    /// The command could not be executed.
    NotExecuted(i32),
    /// The run is over.
    Over(Outcome),
}

/// Sees a run through to its end.
pub(super) fn supervise(
    plan: &Plan,
    level: Level,
    keeper: &Child,
    line: &Line,
    leaf: Option<&Leaf>,
    limits: Limits,
    surroundings: &mut Surroundings,
    listener: &mut dyn Listener,
) -> anyhow::Result<Supervised> {
    let hold = Hold {
        level,
        run: &plan.run,
        keeper,
        leaf,
        had_children: surroundings.had_children,
        orphaned: false,
    };
    if !limits.in_force.is_empty() {
        listener.limited(&limits.in_force);
    }
    let mut supervisor = Supervisor {
        plan,
        hold,
        limits,
        line,
        listener,
        course: Course::new(plan.hold.timeout, plan.hold.grace),
        clock: Clock::start(),
        failed: None,
        keeper_has_left: false,
        said_quiet: false,
        line_watched: true,
        stdout_watched: fds::stdout_has_a_reader(),
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
    Ok(supervisor.conclude())
}

struct Supervisor<'a> {
    plan: &'a Plan,
    hold: Hold<'a>,
    limits: Limits,
    line: &'a Line,
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
    survivors: Vec<Survivor>,
    unkilled: Vec<Survivor>,
}

impl Supervisor<'_> {
    fn watch(&mut self, surroundings: &mut Surroundings) -> io::Result<()> {
        while self.failed.is_none() && !self.course.is_over() {
            let keeper = (!self.keeper_has_left)
                .then_some((self.hold.keeper.fd.as_fd(), Interest::Readable));
            let parent = surroundings.parent.as_ref().filter(|_| self.parent_watched);
            let wanted = [
                self.line_watched
                    .then_some((self.line.as_fd(), Interest::Readable)),
                keeper,
                Some((surroundings.signals.as_fd(), Interest::Readable)),
                parent.map(|parent| (parent.as_fd(), Interest::Readable)),
                self.stdout_watched
                    .then(|| (fds::stdout(), Interest::Hangup)),
                self.limits
                    .forks()
                    .filter(|_| !self.course.is_killing())
                    .map(|forks| (forks, Interest::Priority)),
            ];
            let tick = self.course.next_tick().map(|time| self.clock.instant(time));
            let look = self.next_look().map(|time| self.clock.instant(time));
            let deadline = tick.into_iter().chain(look).min();
            let [
                news,
                keeper_gone,
                signals,
                parent_gone,
                stdout_closed,
                fork_refused,
            ] = poll::wait(wanted, deadline)?;
            if news || keeper_gone {
                self.hear(surroundings)?;
            }
            if keeper_gone {
                self.keeper_left();
            }
            while signals && let Some(arrived) = surroundings.signals.next() {
                self.signalled(arrived.signal, surroundings);
            }
            if parent_gone {
                self.parent_watched = false;
                self.step(Event::ParentGone);
            }
            if stdout_closed {
                self.stdout_watched = false;
                self.step(Event::StdoutClosed);
            }
            if fork_refused && let Some(reached) = self.limits.fork_refused() {
                self.step(Event::OverLimit(reached));
            }
            if look.is_some_and(|look| Instant::now() >= look)
                && let Some(reached) = self.limits.look(&self.hold, self.clock.now())
            {
                self.step(Event::OverLimit(reached));
            }
            if tick.is_some_and(|tick| Instant::now() >= tick) {
                self.step(Event::Tick);
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
                    // While everything is being killed, stops are guardrun's own: a round stops all before it kills.
                    if let Some(job) = &mut surroundings.job
                        && !self.course.is_killing()
                    {
                        job.leader_stopped(by, self.line, &mut self.clock);
                    }
                }
                News::Continued => {}
                News::Ended(status) => {
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
        if proved && self.hold.is_empty() {
            self.step(Event::Quiet);
        }
    }

    fn signalled(&mut self, signal_: i32, surroundings: &mut Surroundings) {
        match signal_ {
            // The front's own business: its keeper is watched by pidfd, its writes answer with EPIPE.
            signal::CHLD | signal::PIPE | signal::TTOU => {}
            other => {
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
                Action::Forward(signal) => Order::Signal(signal).send(self.line),
                Action::AskAll => self.hold.ask_all(),
                Action::NameSurvivors => {
                    self.survivors = self.look_until_seen();
                    if !self.survivors.is_empty() {
                        self.listener.survivors(&self.survivors);
                    }
                }
                Action::Kill => {
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
    fn conclude(self) -> Supervised {
        let left =
            self.unkilled.is_empty() && poll::readable_within(self.hold.keeper.fd.as_fd(), LEAVE);
        if left {
            let _ = wait::try_reap(self.hold.keeper.pid);
        }
        if let Some(failed) = self.failed {
            return failed;
        }
        // What the kernel killed on its own account looks like an end by itself.
        let end = match (self.course.end(), self.limits.reached()) {
            (End::Itself, Some(reached)) => End::OverLimit(reached),
            (end, _) => end,
        };
        Supervised::Over(Outcome {
            level: Some(self.hold.level),
            lacks: Vec::new(),
            end,
            status: self.course.status(),
            survivors: self.survivors,
            unkilled: self.unkilled,
            peak: self.limits.peak(),
            killed_for_memory: self.limits.killed_for_memory(),
            limits: self.limits.in_force,
            elapsed: self.clock.now(),
            cleared: None,
        })
    }
}
