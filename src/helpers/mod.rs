//! Gate helpers: one file for each language, without dependencies, that a repository keeps beside its tests.
//!
//! They are part of this program as text, written by `guardrun init --helper LANG`, and belong to the repository from then on. All do
//! what docs/gate-contract.md says.

mod install;

pub use install::{Change, NotInstalled, install};

/// The version of the helpers; it stands in the first line of each that is written.
pub const VERSION: u32 = 1;

/// A language that there is a helper for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// Rust: libtest and nextest
    Rust,
    /// JavaScript and TypeScript: vitest, jest, node:test, bun, mocha, playwright, cucumber
    #[value(alias = "ts", alias = "javascript", alias = "typescript")]
    Js,
    /// Python: pytest and unittest
    Python,
    /// Go
    Go,
}

/// One file of a helper.
#[derive(Clone, Copy, Debug)]
pub struct HelperFile {
    /// Its name in the directory that it is written to.
    pub name: &'static str,
    /// What begins a comment that ends with the line.
    comment: &'static str,
    body: &'static str,
}

const RUST: [HelperFile; 1] = [HelperFile {
    name: "mod.rs",
    comment: "//",
    body: include_str!("files/guardrun_gate.rs"),
}];
const JS: [HelperFile; 2] = [
    HelperFile {
        name: "guardrun-gate.cjs",
        comment: "//",
        body: include_str!("files/guardrun-gate.cjs"),
    },
    HelperFile {
        name: "guardrun-gate.d.cts",
        comment: "//",
        body: include_str!("files/guardrun-gate.d.cts"),
    },
];
const PYTHON: [HelperFile; 1] = [HelperFile {
    name: "guardrun_gate.py",
    comment: "#",
    body: include_str!("files/guardrun_gate.py"),
}];
const GO: [HelperFile; 1] = [HelperFile {
    name: "guardrungate.go",
    comment: "//",
    body: include_str!("files/guardrungate.go"),
}];

impl Language {
    /// Every language.
    pub const ALL: [Language; 4] = [Language::Rust, Language::Js, Language::Python, Language::Go];

    /// What is written for it.
    pub fn files(self) -> &'static [HelperFile] {
        match self {
            Language::Rust => &RUST,
            Language::Js => &JS,
            Language::Python => &PYTHON,
            Language::Go => &GO,
        }
    }

    /// Where its tests look for such a file, from the root of the repository or package.
    pub fn usual_directory(self) -> &'static str {
        match self {
            Language::Rust => "tests/guardrun_gate",
            Language::Js | Language::Python => ".",
            Language::Go => "internal/guardrungate",
        }
    }
}

impl HelperFile {
    /// The whole text, with the first line by which a later guardrun knows it again.
    pub fn text(&self) -> String {
        format!(
            "{} guardrun gate helper {VERSION}, checksum {:016x}. `guardrun init --helper` updates it, unless it was edited.\n{}",
            self.comment,
            install::checksum(self.body),
            self.body
        )
    }
}
