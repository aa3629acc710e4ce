//! Job control: handing the terminal's foreground to the suite and taking it back, on every way out.
//!
//! The suite is in a process group of its own in the shell's session, so the shell knows only guardrun. What the terminal
//! does to the suite's group, guardrun therefore passes on to its own group, and the other way round.

use super::clock::Clock;
use crate::keeper::Order;
use crate::sys::signal::{self, Whom};
use crate::sys::socket::Line;
use crate::sys::terminal::{Modes, Terminal};

/// The terminal, and what has been done with it.
pub(super) struct Job {
    terminal: Terminal,
    /// How it was set when guardrun was started.
    modes: Option<Modes>,
    /// Whether the suite has the foreground because guardrun gave it.
    handed_over: bool,
}

impl Job {
    /// The controlling terminal, if there is one.
    pub(super) fn open() -> Option<Job> {
        let terminal = Terminal::open()?;
        let (modes, handed_over) = (terminal.modes(), terminal.is_ours());
        Some(Job {
            terminal,
            modes,
            handed_over,
        })
    }

    /// For the keeper.
    pub(super) fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Whether the suite is to start in the foreground: only if guardrun was in it.
    pub(super) fn starts_in_foreground(&self) -> bool {
        self.handed_over
    }

    /// The leader was stopped. If that is because it wanted a terminal which is guardrun's to give, it gets it; otherwise
    /// guardrun stops as well, as the shell expects of a stopped job, and goes on with the suite when it is continued.
    pub(super) fn leader_stopped(&mut self, by: i32, line: &Line, clock: &mut Clock) {
        let wanted_terminal = matches!(by, signal::TTIN | signal::TTOU);
        if !(wanted_terminal && self.terminal.is_ours()) {
            let suites_modes = self.terminal.modes();
            let had_it = self.handed_over;
            self.take_back();
            let whom = if by == signal::STOP {
                Whom::Self_
            } else {
                Whom::OwnGroup
            };
            clock.leave_out(|| signal::stop(by, whom));
            if had_it
                && self.terminal.is_ours()
                && let Some(modes) = suites_modes
            {
                self.terminal.set_modes(&modes);
            }
        }
        self.hand_over(line);
        Order::Signal(signal::CONT).send(line);
    }

    /// The front was continued, perhaps into the foreground.
    pub(super) fn continued(&mut self, line: &Line) {
        self.hand_over(line);
    }

    fn hand_over(&mut self, line: &Line) {
        if self.terminal.is_ours() {
            self.handed_over = true;
            Order::Foreground.send(line);
        }
    }

    /// Takes the foreground back, if the suite has it from guardrun, and sets the terminal as it was.
    pub(super) fn take_back(&mut self) {
        if self.handed_over {
            self.handed_over = false;
            let _ = self.terminal.take();
            if let Some(modes) = &self.modes {
                self.terminal.set_modes(modes);
            }
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.take_back();
    }
}
