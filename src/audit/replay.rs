//! What each class of fence would have refused: the fence's own rules, asked about what was recorded. Pure.

use super::event::{Id, Refusal, WouldRefuse};
use super::living::{Everybody, Program, Session};
use crate::fence::{Judged, Recollection, Recorded, left_behind};
use crate::values::{Deed, Fence};
use std::collections::HashMap;
use std::rc::Rc;

/// How many kinds are kept for each class.
const KINDS: usize = 200;
/// How long a program in a session of its own may outlive its parent before a fence ends it (`fence::sessions`).
const MOMENT: f64 = 0.5;

/// What would have been refused so far.
#[derive(Debug, Default)]
pub(super) struct Replay {
    daemons: Kinds,
    processes: Kinds,
}

/// The refusals of one class: each kind once, with how often it happened.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    pub(super) found: Vec<Kind>,
    known: HashMap<(Deed, String, String), usize>,
    /// How many there were, those that no kind was kept of included.
    pub(super) times: u64,
}

/// One kind of refusal.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) deed: Deed,
    pub(super) rule: &'static str,
    pub(super) id: Id,
    pub(super) program: Rc<Program>,
    pub(super) host: Option<Rc<Program>>,
    pub(super) times: u64,
}

impl Replay {
    /// Somebody does something. For a start, `started` is the program, which he does not run yet.
    pub(super) fn did(
        &mut self,
        everybody: &Everybody,
        id: Id,
        deed: Deed,
        started: Option<&Rc<Program>>,
    ) -> Option<Session> {
        let living = everybody.0.get(&id)?;
        let (programs, whole) = everybody.seen(id);
        let own = programs.last()?;
        let line: Vec<Recorded<'_>> = programs.iter().map(|it| it.recorded()).collect();
        let recollection = Recollection {
            deed,
            line: &line,
            whole,
            in_a_tests_session: living.session.as_ref().is_some_and(|it| it.below),
            started: started.map(|program| program.recorded()),
        };
        let mut session = None;
        for class in [Fence::Daemons, Fence::Processes] {
            let (judged, host) = recollection.judge(class);
            let host = host.map(|host| Rc::clone(&programs[host]));
            match judged {
                Judged::Free => {}
                Judged::Watched => {
                    session = Some(Session {
                        host,
                        watched: true,
                        below: crate::fence::part(&line, whole) == crate::fence::Part::Below,
                    });
                }
                Judged::Refused(rule) => {
                    let program = Rc::clone(started.unwrap_or(own));
                    self.of(class).add(Kind {
                        deed,
                        rule,
                        id,
                        program,
                        host,
                        times: 1,
                    });
                }
            }
        }
        session
    }

    /// Somebody whose parent has gone ends, or the run does; `now` is when. One in a session of its own was left behind.
    pub(super) fn outlived(&mut self, everybody: &Everybody, id: Id, now: f64) {
        let Some(living) = everybody.0.get(&id) else {
            return;
        };
        let (Some(left), Some(session), Some(program)) =
            (living.left, &living.session, &living.program)
        else {
            return;
        };
        if !session.watched || (living.executed && now - left < MOMENT) {
            return;
        }
        let Some(rule) = left_behind(program.recorded()) else {
            return;
        };
        for class in [Fence::Daemons, Fence::Processes] {
            self.of(class).add(Kind {
                deed: Deed::Setsid,
                rule,
                id,
                program: Rc::clone(program),
                host: session.host.clone(),
                times: 1,
            });
        }
    }

    pub(super) fn daemons(&self) -> &Kinds {
        &self.daemons
    }

    pub(super) fn processes(&self) -> &Kinds {
        &self.processes
    }

    /// As the last event tells it.
    pub(super) fn told(&self) -> WouldRefuse {
        WouldRefuse {
            daemons: self.daemons.told(),
            processes: self.processes.told(),
        }
    }

    fn of(&mut self, class: Fence) -> &mut Kinds {
        match class {
            Fence::Processes => &mut self.processes,
            _ => &mut self.daemons,
        }
    }
}

impl Kinds {
    fn add(&mut self, kind: Kind) {
        self.times += 1;
        let host = kind.host.as_ref().map(|host| host.label.clone());
        let key = (
            kind.deed,
            kind.program.label.clone(),
            host.unwrap_or_default(),
        );
        if let Some(at) = self.known.get(&key) {
            self.found[*at].times += 1;
        } else if self.found.len() < KINDS {
            self.known.insert(key, self.found.len());
            self.found.push(kind);
        }
    }

    fn told(&self) -> Vec<Refusal> {
        let told = self.found.iter().map(|kind| Refusal {
            id: kind.id,
            deed: kind.deed.name().to_owned(),
            rule: kind.rule.to_owned(),
            program: kind.program.label.clone(),
            host: kind.host.as_ref().map(|host| host.label.clone()),
            times: kind.times,
        });
        told.collect()
    }
}
