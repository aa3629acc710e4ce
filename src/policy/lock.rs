//! Locks: suites that run one at a time.

use super::place::Place;
use crate::values::WhenBusy;
use std::fmt;
use std::time::Duration;

/// A lock that a suite has to have before anything of it is started.
#[derive(Clone, Debug, PartialEq)]
pub struct Lock {
    /// Its name.
    pub name: String,
    /// Who else means the same lock by that name.
    pub reach: Reach,
    /// What to do when another run has it.
    pub when_busy: WhenBusy,
    /// How long to wait for it, where one waits.
    pub wait: Duration,
    /// How long runs may replace each other before one has to end without being replaced.
    pub expires_after: Option<Duration>,
    /// Where the policy says so: the lock, or the gate that asks for one.
    pub place: Place,
}

/// Who shares a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The runs of this user in this repository's directory.
    Repository,
    /// Every run of this user on this machine.
    Machine,
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lock { name, reach, .. } = self;
        let of_whom = match reach {
            Reach::Repository => "of this repository",
            Reach::Machine => "of this machine",
        };
        write!(
            f,
            "`{name}` {of_whom}, when busy: {}",
            self.when_busy.name()
        )?;
        if self.when_busy == WhenBusy::Wait {
            write!(f, " up to {}", humantime::format_duration(self.wait))?;
        }
        if let Some(limit) = self.expires_after {
            write!(
                f,
                ", replaced for up to {}",
                humantime::format_duration(limit)
            )?;
        }
        Ok(())
    }
}

impl Lock {
    /// How long one waits where nobody says otherwise.
    pub const USUAL_WAIT: Duration = Duration::from_secs(10 * 60);

    /// What both ask for, where they are the same lock.
    fn stricter(&self, other: &Lock) -> Lock {
        let expires_after = match (self.expires_after, other.expires_after) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Lock {
            when_busy: self.when_busy.max(other.when_busy),
            wait: self.wait.min(other.wait),
            expires_after,
            ..self.clone()
        }
    }

    /// Every lock of both lists, each once and as strict as either says.
    pub(super) fn all_of(one: &[Lock], two: &[Lock]) -> Vec<Lock> {
        let mut all: Vec<Lock> = Vec::new();
        for lock in one.iter().chain(two) {
            let known = all.iter_mut();
            match known
                .into_iter()
                .find(|it| (&it.name, it.reach) == (&lock.name, lock.reach))
            {
                Some(known) => *known = known.stricter(lock),
                None => all.push(lock.clone()),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::{Lock, Reach};
    use crate::policy::Place;
    use crate::values::WhenBusy;
    use std::time::Duration;

    #[test]
    fn two_suites_need_the_locks_of_both_each_once_and_as_strict_as_either_says() {
        let lock = |name: &str, reach, when_busy, seconds| Lock {
            name: name.to_owned(),
            reach,
            when_busy,
            wait: Duration::from_secs(seconds),
            expires_after: (seconds > 5).then(|| Duration::from_secs(seconds)),
            place: Place::built_in(),
        };
        let one = [
            lock("a", Reach::Machine, WhenBusy::Replace, 9),
            lock("b", Reach::Machine, WhenBusy::Wait, 9),
        ];
        let two = [
            lock("a", Reach::Repository, WhenBusy::Wait, 9),
            lock("b", Reach::Machine, WhenBusy::Refuse, 3),
        ];
        let all = Lock::all_of(&one, &two);
        assert_eq!(all.len(), 3);
        assert_eq!(all[1].when_busy, WhenBusy::Refuse);
        assert_eq!(all[1].wait, Duration::from_secs(3));
        assert_eq!(all[1].expires_after, Some(Duration::from_secs(9)));
    }
}
