//! The rows: what a suite leaves behind, by the actor's names for it.

/// One shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    /// The actor's word for it.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) needs: Needs,
    /// Whether the leader itself answers to signals.
    pub(crate) leader: Leader,
}

/// What a shape takes besides a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Needs {
    Nothing,
    /// An ordinary user to run it, and root to make the program.
    SetuidProgram,
    /// The machine to itself.
    Quiet,
    /// A room with a small pid table; and the machine to itself.
    SmallTable,
}

/// How the suite's first process takes signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Leader {
    Ordinary,
    Deaf,
}

const fn shape(name: &'static str) -> Shape {
    Shape {
        name,
        needs: Needs::Nothing,
        leader: Leader::Ordinary,
    }
}

impl Shape {
    const fn needs(self, needs: Needs) -> Shape {
        Shape { needs, ..self }
    }

    /// Whether it wants the machine to itself.
    pub(crate) fn wants_quiet(self) -> bool {
        matches!(self.needs, Needs::Quiet | Needs::SmallTable)
    }

    const fn deaf(self) -> Shape {
        Shape {
            leader: Leader::Deaf,
            ..self
        }
    }
}

/// Every shape.
pub(crate) const SHAPES: [Shape; 16] = [
    shape("background"),
    shape("session"),
    shape("double-fork"),
    shape("deaf").deaf(),
    shape("no-environment"),
    shape("stopped"),
    shape("holds-stdout"),
    shape("closes-all"),
    shape("subreaper"),
    shape("pid-namespace"),
    shape("rises-again"),
    shape("pair"),
    shape("moving-target"),
    shape("setuid-root").needs(Needs::SetuidProgram),
    shape("thousands").needs(Needs::Quiet),
    shape("full-table").needs(Needs::SmallTable),
];
