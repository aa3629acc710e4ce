//! Who is alive at one moment of a recorded run, of whom, and what each of them executes. Pure.
//!
//! Of the dead only programs are kept, and only as long as somebody alive comes from them: what a process is depends on who
//! started it, also when that one has gone.

use super::event::{Exec, Id, Role};
use crate::fence::Recorded;
use std::collections::HashMap;
use std::rc::Rc;

/// How many programs are remembered above one. Longer lines are loops of a test's own making.
const DEEPEST: usize = 64;

/// A program that somebody has executed.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) argv: Vec<String>,
    pub(super) exe: Option<String>,
    /// The path with which it was executed, where that says more than its arguments.
    pub(super) path: Option<String>,
    pub(super) background: bool,
    pub(super) label: String,
    pub(super) role: Role,
    /// The program of whoever started the process.
    above: Option<Rc<Program>>,
    depth: usize,
}

/// A session that was made while one looked.
#[derive(Debug)]
pub(super) struct Session {
    /// The program below which the tests ran that made it.
    pub(super) host: Option<Rc<Program>>,
    /// Whether it is to be refused when it is left behind.
    pub(super) watched: bool,
    /// Whether something below a test made it.
    pub(super) below: bool,
}

/// A process that is alive.
#[derive(Debug)]
pub(super) struct Living {
    pub(super) parent: Option<Id>,
    /// Since when its parent has been gone.
    pub(super) left: Option<f64>,
    /// What it executes; its parent's program until it has executed one.
    pub(super) program: Option<Rc<Program>>,
    /// Whether it has executed one itself.
    pub(super) executed: bool,
    pub(super) session: Option<Rc<Session>>,
    pub(super) started: f64,
    /// How many of its children are alive.
    pub(super) children: u64,
    /// Where it stands in the tree of programs.
    pub(super) node: usize,
}

/// Everybody who is alive.
#[derive(Debug, Default)]
pub(super) struct Everybody(pub(super) HashMap<Id, Living>);

impl Program {
    /// As it is shown to the fence's rules.
    pub(super) fn recorded(&self) -> Recorded<'_> {
        Recorded {
            executable: self.exe.as_deref(),
            arguments: &self.argv,
            background: self.background,
        }
    }

    /// The programs from the first down to this one.
    pub(super) fn line(&self) -> Vec<Recorded<'_>> {
        let mut line = vec![self.recorded()];
        let mut next = self.above.as_deref();
        while let Some(program) = next {
            line.push(program.recorded());
            next = program.above.as_deref();
        }
        line.reverse();
        line
    }
}

impl Everybody {
    /// The program that this process is about to run, below those that it comes from. Its role is found out by `role`.
    pub(super) fn program(
        &self,
        exec: &Exec,
        label: String,
        role: impl FnOnce(&[Recorded<'_>]) -> Role,
    ) -> Rc<Program> {
        let living = self.0.get(&exec.id);
        let present = living.and_then(|living| living.program.clone());
        let above = match living {
            // What it ran so far is replaced, and has started nobody in its place.
            Some(living) if living.executed => present.and_then(|it| it.above.clone()),
            _ => present,
        };
        let above = above.filter(|above| above.depth < DEEPEST);
        let mut program = Program {
            argv: exec.argv.clone(),
            exe: exec.exe.clone(),
            path: exec.path.clone(),
            background: exec.background,
            label,
            role: exec.role.unwrap_or(Role::Test),
            depth: above.as_ref().map_or(0, |above| above.depth) + 1,
            above,
        };
        if exec.role.is_none() {
            program.role = role(&program.line());
        }
        Rc::new(program)
    }

    /// The line of programs that somebody who looks at the living sees of this one, from above, and whether it begins with
    /// the first process of all.
    pub(super) fn seen(&self, id: Id) -> (Vec<Rc<Program>>, bool) {
        let mut line = Vec::new();
        let mut at = self.0.get(&id);
        let mut whole = false;
        while let Some(living) = at {
            let parent = living.parent.filter(|_| living.left.is_none());
            let above = parent.and_then(|parent| self.0.get(&parent));
            if (living.executed || above.is_none())
                && let Some(program) = &living.program
            {
                line.push(Rc::clone(program));
            }
            if above.is_none() {
                whole = living.parent.is_none() && living.left.is_none();
            }
            if line.len() > DEEPEST {
                break;
            }
            at = above;
        }
        line.reverse();
        (line, whole)
    }
}
