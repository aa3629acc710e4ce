//! What the fence and an audit see of the suite, taken in before the rest: somebody waits for an answer.

use super::Supervisor;
use crate::audit::Audit;
use crate::fence::Happening;
use crate::sys::poll::{self, Interest};
use crate::sys::signal::{self, Set, SignalFd};
use crate::values::Fence;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How long a keeper that has said its last word may take to leave.
const LEAVE: Duration = Duration::from_secs(10);

impl Supervisor<'_> {
    pub(super) fn mind_the_fence(&mut self) {
        for happening in self.fence.look() {
            match happening {
                Happening::Refused(refusal) => self.listener.fenced(&refusal),
                Happening::Unfenced(why) => self.unfenced(&why),
                Happening::Seen(seen) => {
                    if let (Some(audit), Some(sink)) = (&mut self.audit, self.listener.sink()) {
                        audit.fenced(&seen, sink);
                    }
                }
            }
        }
    }

    fn unfenced(&mut self, why: &str) {
        let class = self.plan.hold.fence.class;
        if let Some(audit) = &mut self.audit {
            audit.gap(format!(
                "sessions, pseudoterminals and listening sockets are not seen: {why}"
            ));
        }
        if self.audit.is_none() || class > Fence::Observe {
            self.listener.unfenced(class, why);
        }
    }

    /// Takes in what an audit sees, and lets the suite go on with it. A suite whose events nobody reads waits, as it would if
    /// nobody read its output; one that is being killed does not.
    pub(super) fn mind_the_audit(&mut self) {
        if self.audit.as_ref().is_some_and(|audit| !audit.is_open()) {
            // Whether there is a fence is said before the first program is executed, and is to be known by then.
            self.mind_the_fence();
        }
        let (Some(audit), Some(sink)) = (&mut self.audit, self.listener.sink()) else {
            return;
        };
        sink.flush();
        if !sink.is_full() || self.course.is_killing() {
            audit.look(sink);
            sink.flush();
        }
    }

    /// Whether nobody takes the events, so that the suite waits.
    pub(super) fn is_held_up_by_a_reader(&mut self) -> bool {
        let full = self.listener.sink().is_some_and(|sink| sink.is_full());
        full && !self.course.is_killing()
    }

    /// In an audit it is known who started what was left over.
    pub(super) fn tell_where_survivors_come_from(&mut self) {
        self.mind_the_audit();
        let Some(audit) = &mut self.audit else { return };
        if !self.survivors.is_empty() {
            audit.outlived();
        }
        for survivor in &mut self.survivors {
            survivor.started_by = audit.started_by(survivor.id.pid);
        }
    }

    /// Whether the keeper leaves in time. Nobody's end is told to it before an audit has taken that in.
    pub(super) fn keeper_leaves(&mut self) -> bool {
        let Some(audit) = &mut self.audit else {
            return poll::readable_within(self.hold.keeper.fd.as_fd(), LEAVE);
        };
        audit.killing();
        // A descriptor of its own, so that the signals that are for others stay where they are.
        let Ok(deaths) = SignalFd::new(&Set::of(&[signal::CHLD])) else {
            return poll::readable_within(self.hold.keeper.fd.as_fd(), LEAVE);
        };
        let deadline = Instant::now() + LEAVE;
        loop {
            while deaths.next().is_some() {}
            self.mind_the_fence();
            if let (Some(audit), Some(sink)) = (&mut self.audit, self.listener.sink()) {
                audit.look(sink);
                sink.flush();
            }
            let keeper = Some((self.hold.keeper.fd.as_fd(), Interest::Readable));
            let wanted = [keeper, Some((deaths.as_fd(), Interest::Readable))];
            let more = self.audit.as_ref().map(Audit::deadline);
            let until = more.into_iter().chain([deadline]).min();
            match poll::wait(wanted, until) {
                Ok([true, _]) => return true,
                Ok(_) if Instant::now() < deadline => {}
                _ => return false,
            }
        }
    }
}
