//! Shell as CI files write it: enough of it to follow which command runs with which variables, and what becomes of its status.
//!
//! Read are simple commands with assignments before them, `&&`, `||`, `;`, `&`, pipes, groups, functions, if, case and loops, quotes,
//! variables, here-documents (passed over) and redirections. Not read are what stands inside `$(…)` and backticks, arithmetic, and arrays:
//! such a word is opaque, and whoever needs its value says that it is not understood.

mod read;

pub(super) use read::read;

/// Commands one after the other.
pub(super) type List = Vec<Item>;

/// One entry of a list: pipelines that are joined by `&&` and `||`.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) first: Pipeline,
    pub(super) rest: Vec<(Join, Pipeline)>,
    /// Whether it ends in `&`.
    pub(super) background: bool,
    /// Where it is in the text, in bytes.
    pub(super) from: usize,
    pub(super) to: usize,
}

/// What joins two pipelines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
}

/// Commands joined by `|`.
#[derive(Clone, Debug)]
pub(super) struct Pipeline {
    pub(super) commands: Vec<Command>,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// A command.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Simple(Simple),
    /// `{ …; }`
    Group(List),
    /// `( … )`
    Subshell(List),
    /// Each condition with what it decides over, and what runs otherwise.
    If(Vec<(List, List)>, Option<List>),
    /// `while` and `until`: the condition and the body.
    While(List, List),
    /// `for NAME in WORDS`.
    For(String, Vec<Word>, List),
    /// The word, and each arm with its patterns.
    Case(Word, Vec<(Vec<Word>, List)>),
    Function(String, std::rc::Rc<List>),
    /// `[[ … ]]` and `(( … ))`, which start nothing.
    Test,
    /// Something that is not understood, from here to there.
    Unread(usize, usize),
}

/// Assignments and words.
#[derive(Clone, Debug, Default)]
pub(super) struct Simple {
    pub(super) assigns: Vec<Assign>,
    pub(super) words: Vec<Word>,
    /// Where its output goes, in so far as that is a file.
    pub(super) outputs: Vec<Word>,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// `NAME=VALUE`.
#[derive(Clone, Debug)]
pub(super) struct Assign {
    pub(super) name: String,
    pub(super) value: Word,
}

/// One word.
#[derive(Clone, Debug, Default)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// This text.
    Text(String),
    /// A variable, and whether it stands between quotes.
    Variable(String, Then, Quoted),
    /// Something whose value is not known, as it is written.
    Opaque(String),
}

/// What a `${NAME…}` makes of the variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Its value.
    Plain,
    /// This, if it is not set (`-`, `:-`, `=`, `:=`).
    Default(Word),
    /// This, if it is set (`+`, `:+`).
    Alternate(Word),
    /// Something else.
    Other,
}

/// Whether something stands between double quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoted {
    Yes,
    No,
}

impl PartialEq for Word {
    fn eq(&self, other: &Word) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Word {}
