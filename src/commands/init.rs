//! `guardrun init`: a first guardrun.toml for a repository.
//!
//! What is written is decided by [`starter`] from what [`look`] has found, and put on the disk by [`write`], which
//! never replaces a file.

mod helper;

use super::gather;
use crate::cli;
use crate::exit::{Exit, Verdict};
use crate::policy::NAMES;
use crate::report::{self, Voice};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What a directory tells about how its tests are run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The directory's name.
    pub name: String,
    /// There is a Cargo.toml.
    pub cargo: bool,
    /// There is a go.mod.
    pub go: bool,
    /// package.json speaks of vitest.
    pub vitest: bool,
    /// package.json speaks of jest.
    pub jest: bool,
    /// pyproject.toml, or a file of pytest's own, speaks of pytest.
    pub pytest: bool,
    /// There is a justfile.
    pub just: bool,
}

/// Writes a first policy into the working directory, or prints it.
pub(super) fn command(voice: &Voice, options: &cli::Init) -> Exit {
    let directory = gather::working_directory();
    if let Some(language) = options.helper {
        return helper::command(voice, options, language, &directory);
    }
    let text = starter(&look(&directory));
    if options.print {
        return report::data(&text);
    }
    match write(&directory, &text) {
        Ok(file) => report::done(
            voice,
            &format!(
                "wrote {}; `guardrun explain` shows what it says",
                file.display()
            ),
        ),
        Err(error) => {
            report::failure(voice, Verdict::Usage, &error.to_string());
            Verdict::Usage.into()
        }
    }
}

/// Why no policy was written.
#[derive(Debug)]
pub struct NotWritten {
    file: PathBuf,
    cause: std::io::Error,
}

/// Looks at a directory. What cannot be read is taken for absent: the starter is a proposal, and no judgement.
pub fn look(directory: &Path) -> Found {
    let has = |name: &str| directory.join(name).is_file();
    let speaks_of = |file: &str, word: &str| {
        fs::read_to_string(directory.join(file)).is_ok_and(|text| text.contains(word))
    };
    let name = directory.file_name().unwrap_or_default();
    Found {
        name: name.to_string_lossy().into_owned(),
        cargo: has("Cargo.toml"),
        go: has("go.mod"),
        vitest: speaks_of("package.json", "vitest"),
        jest: speaks_of("package.json", "\"jest\""),
        pytest: has("pytest.ini") || has("conftest.py") || speaks_of("pyproject.toml", "pytest"),
        just: has("justfile") || has("Justfile") || has(".justfile"),
    }
}

/// A first policy for what was found: valid as it stands, with the gated part as comments to be taken up.
///
/// Prose is commented with `# `, and lines of policy with `#` alone, so that an editor can take up a block at once.
pub fn starter(found: &Found) -> String {
    let runners = runners(found);
    let variable = variable(&found.name);
    let mut text = String::from(HEAD);
    for runner in &runners {
        text.push_str(&format!(
            "\n[suite.{}]\ncommand = {:?}\nmatch   = {:?}\n",
            runner.suite, runner.command, runner.patterns
        ));
    }
    let gated = runners
        .first()
        .map_or(NO_RUNNER.gated, |runner| runner.gated);
    let place = if found.just {
        "just test-daemon"
    } else {
        "guardrun run daemon"
    };
    text.push_str(&format!(
        "\n# A suite that starts real processes: refused unless the gate's variable is exactly 1. CI opens nothing.\n\
         #[gate.daemon]\n\
         #env   = \"{variable}\"\n\
         #why   = \"starts real daemons\"\n\
         #where = \"CI, or a disposable box: {place}\"\n\
         \n\
         #[suite.daemon]\n\
         #gate     = \"daemon\"\n\
         #command  = {:?}\n\
         #match    = [{:?}]\n\
         #examples = [{:?}]\n\
         #timeout  = \"10m\"\n",
        gated,
        format!("{} *", gated.join(" ")),
        gated.join(" "),
    ));
    text
}

/// Writes the policy into the directory, unless there is one already.
pub fn write(directory: &Path, text: &str) -> Result<PathBuf, NotWritten> {
    let file = directory.join(NAMES[0]);
    let not_written = |file: &Path, cause| NotWritten {
        file: file.to_owned(),
        cause,
    };
    let other = directory.join(NAMES[1]);
    if other.symlink_metadata().is_ok() {
        return Err(not_written(&other, ErrorKind::AlreadyExists.into()));
    }
    // O_EXCL: what was not there a moment ago may be there now, and a link is not followed.
    let mut created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file)
        .map_err(|cause| not_written(&file, cause))?;
    created
        .write_all(text.as_bytes())
        .map_err(|cause| not_written(&file, cause))?;
    Ok(file)
}

impl std::fmt::Display for NotWritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let file = self.file.display();
        if self.cause.kind() == ErrorKind::AlreadyExists {
            write!(
                f,
                "{file} is there already, and is not replaced\nhint: guardrun init --print shows what would be written"
            )
        } else {
            write!(
                f,
                "cannot write {file}: {}\nhint: guardrun init --print writes to standard output",
                self.cause
            )
        }
    }
}

impl std::error::Error for NotWritten {}

const HEAD: &str = "\
# Which test suites start real processes, what opens their gates, and how each is held.
# Every key is explained in guardrun.toml(5). `guardrun explain` shows what this file means, and runs nothing.

# What becomes of a command that no suite below matches: \"hold\" runs it held, \"refuse\" does not run it.
unmatched = \"hold\"
";

/// A test runner: its suite, and how the tests that need a gate would be run with it.
struct Runner {
    suite: &'static str,
    command: &'static [&'static str],
    patterns: &'static [&'static str],
    gated: &'static [&'static str],
}

const NO_RUNNER: Runner = Runner {
    suite: "unit",
    command: &["make", "test"],
    patterns: &["make test *"],
    gated: &["make", "test-daemon"],
};

fn runners(found: &Found) -> Vec<&'static Runner> {
    const CARGO: Runner = Runner {
        suite: "cargo",
        command: &["cargo", "test"],
        patterns: &["cargo test *", "cargo nextest run *"],
        gated: &["cargo", "test", "--test", "daemon"],
    };
    const GO: Runner = Runner {
        suite: "go",
        command: &["go", "test", "./..."],
        patterns: &["go test *"],
        gated: &["go", "test", "./daemon/..."],
    };
    const VITEST: Runner = Runner {
        suite: "vitest",
        command: &["npx", "vitest", "run"],
        patterns: &["** vitest *"],
        gated: &["npx", "vitest", "run", "--project", "daemon"],
    };
    const JEST: Runner = Runner {
        suite: "jest",
        command: &["npx", "jest"],
        patterns: &["** jest *"],
        gated: &["npx", "jest", "--selectProjects", "daemon"],
    };
    const PYTEST: Runner = Runner {
        suite: "pytest",
        command: &["pytest"],
        patterns: &["pytest *", "python* -m pytest *", "uv run pytest *"],
        gated: &["pytest", "-m", "daemon"],
    };
    let known: [(bool, &'static Runner); 5] = [
        (found.cargo, &CARGO),
        (found.go, &GO),
        (found.vitest, &VITEST),
        (found.jest, &JEST),
        (found.pytest, &PYTEST),
    ];
    known
        .into_iter()
        .filter(|(is, _)| *is)
        .map(|(_, runner)| runner)
        .collect()
}

/// A gate's variable for a project of this name.
fn variable(project: &str) -> String {
    let fit = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    let name: String = project.chars().map(fit).collect();
    let name = name.trim_matches('_');
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => format!("{name}_DAEMON_TESTS"),
        _ => "MYPROJECT_DAEMON_TESTS".to_owned(),
    }
}
