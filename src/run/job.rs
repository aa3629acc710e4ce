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
        let modes = terminal.modes();
        Some(Job {
            terminal,
            modes,
            handed_over: false,
        })
    }

    /// For the keeper.
    pub(super) fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Whether the suite is to start in the foreground: only if guardrun is in it. From then on it is to be taken back.
    pub(super) fn offer_foreground(&mut self) -> bool {
        self.handed_over = self.terminal.is_ours();
        self.handed_over
    }

    /// The leader was stopped. If that is because it wanted the terminal, it gets it as soon as guardrun has it; otherwise
    /// guardrun stops as well, as the shell expects of a stopped job. Either way it goes on with the suite when it is continued.
    pub(super) fn leader_stopped(&mut self, by: i32, line: &Line, clock: &mut Clock) {
        match by {
            signal::TTIN | signal::TTOU => {
                clock.leave_out(|| self.terminal.stop_until_ours());
                if !self.terminal.is_ours() {
                    // Nobody is left who could give it. The kernel tells a stopped group that has been orphaned the same.
                    Order::Signal(signal::HUP).send(line);
                }
            }
            _ => self.stop_too(by, clock),
        }
        self.hand_over(line);
        Order::Signal(signal::CONT).send(line);
    }

    fn stop_too(&mut self, by: i32, clock: &mut Clock) {
        let had_it = self.handed_over;
        let suites_modes = self.terminal.modes();
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
