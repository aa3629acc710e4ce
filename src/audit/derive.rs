//! The lines of a policy that fit what was seen. Pure. What is derived is read by the policy's own reader in a test.

use super::label::pattern;
use super::living::Program;
use super::replay::{Kind, Kinds};
use super::story::Story;
use crate::values::Deed;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::rc::Rc;

/// How many entries an allow list may have to be of use. A suite that needs more is better gated, or left at `daemons`.
const ENTRIES: usize = 40;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What a suite is, by what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Its tests start nothing: it fits behind the fence `processes`.
    Processes,
    /// They start programs and no daemon: it fits behind `daemons`, which every suite has.
    Daemons,
    /// They start what a fence refuses: it needs a gate, or exceptions.
    Gated,
}

impl Class {
    /// The word used in the events.
    pub fn name(self) -> &'static str {
        match self {
            Class::Processes => "processes",
            Class::Daemons => "daemons",
            Class::Gated => "gated",
        }
    }
}

/// The class of what was seen.
pub(super) fn class(story: &Story) -> Class {
    match (story.replay.daemons().times, story.replay.processes().times) {
        (0, 0) => Class::Processes,
        (0, _) => Class::Daemons,
        _ => Class::Gated,
    }
}

/// The lines to paste. Prose is commented with `# `, and lines of policy that are a choice with `#` alone.
pub(super) fn policy(story: &Story) -> String {
    let name = name(story);
    let class = class(story);
    let mut text = String::new();
    let command = shell_words::join(&story.run.command);
    let _ = writeln!(
        text,
        "# From one audit of `{}`: {} processes, {} at once.",
        one_line(&command),
        story.processes,
        story.at_once
    );
    if class == Class::Gated {
        let variable = variable(&name);
        let _ = write!(
            text,
            "[gate.{name}]\nenv   = {}\nwhy   = {}\nwhere = \"CI, or a disposable box\"\n\n",
            quoted(&variable),
            quoted(&why(story.replay.daemons()))
        );
    }
    let _ = writeln!(text, "[suite.{name}]");
    if class == Class::Gated {
        let _ = writeln!(text, "gate      = {}", quoted(&name));
    }
    let words: Vec<String> = story.run.command.iter().map(|it| quoted(it)).collect();
    let _ = writeln!(text, "command   = [{}]", words.join(", "));
    if class == Class::Processes {
        text.push_str("fence     = \"processes\"\n");
    }
    if let Some(memory) = memory(story) {
        let _ = writeln!(text, "memory    = {}", quoted(&memory));
    }
    let _ = writeln!(text, "processes = {}", processes(story));
    let (kinds, head) = match class {
        Class::Processes => return text,
        Class::Daemons => (
            story.replay.processes(),
            "# Stricter: nothing else may be started by a test. Put `fence = \"processes\"` into the table above, and say why for each.",
        ),
        Class::Gated => (
            story.replay.daemons(),
            "# Instead of the gate, if this little is all that it ever does: take out the gate, and say why for each.",
        ),
    };
    let list = allow_list(&name, kinds);
    if list.is_empty() || list.len() > ENTRIES {
        return text;
    }
    let _ = writeln!(text, "\n{head}");
    for line in list.join("\n").lines() {
        let _ = writeln!(text, "#{line}");
    }
    text
}

/// The exceptions that a suite needs behind a fence that would have refused these, each as a table.
fn allow_list(name: &str, kinds: &Kinds) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let entries = kinds.found.iter().filter_map(|kind| {
        let entry = entry(name, kind)?;
        seen.insert(entry.clone()).then_some(entry)
    });
    entries.collect()
}

fn entry(name: &str, kind: &Kind) -> Option<String> {
    let words = |words: Vec<String>| {
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        format!("[{}]", words.join(", "))
    };
    let program = match (&kind.program.path, kind.deed) {
        // Of a script that is started a fence sees the script's own path, and of one that does something its interpreter.
        (Some(script), Deed::Start) => pattern(None, std::slice::from_ref(script)),
        _ => pattern(kind.program.exe.as_deref(), &kind.program.argv),
    };
    if !program.first()?.chars().any(char::is_alphanumeric) {
        return None;
    }
    let mut text = format!(
        "[[suite.{name}.dangerously-allow-fenced]]\nwhat   = {}\nmatch  = {}\n",
        quoted(kind.deed.name()),
        words(program)
    );
    // vitest and others write titles over the arguments by which a fence would know them; so an entry for one of node's programs
    // is for whatever the tests run in.
    let keeps_its_arguments = |host: &&Rc<Program>| {
        let path = host.exe.as_deref().unwrap_or_default();
        !matches!(path.rsplit('/').next(), Some("node" | "nodejs"))
    };
    if let Some(host) = kind.host.as_ref().filter(keeps_its_arguments) {
        let by = pattern(host.exe.as_deref(), &host.argv);
        let _ = writeln!(text, "by     = {}", words(by));
    }
    let times = match kind.times {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    let reason = format!("seen {times} by an audit");
    let _ = writeln!(text, "reason = {}", quoted(&reason));
    Some(text)
}

/// The name of the suite: its own, or one made of its command.
fn name(story: &Story) -> String {
    let own = story.run.suite.clone();
    let program = story.run.command.first();
    let base = program.map(|it| it.rsplit('/').next().unwrap_or_default());
    let raw = own.unwrap_or_else(|| base.unwrap_or_default().to_owned());
    let plain: String = raw
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(40)
        .collect();
    let plain = plain.trim_matches('-').to_ascii_lowercase();
    match plain.starts_with(|c: char| c.is_ascii_alphabetic()) {
        true => plain,
        false => format!("suite-{plain}").trim_end_matches('-').to_owned(),
    }
}

fn variable(name: &str) -> String {
    let upper = name.to_ascii_uppercase().replace('-', "_");
    format!("{upper}_DAEMON_TESTS")
}

/// Why there is to be a gate.
fn why(kinds: &Kinds) -> String {
    let did = |deed| match deed {
        Deed::Listen => "starts servers",
        Deed::Pty => "opens pseudoterminals",
        Deed::Setsid => "leaves programs in the background",
        Deed::Start => "starts programs",
    };
    let mut parts: Vec<String> = Vec::new();
    for deed in Deed::ALL {
        let programs = kinds.found.iter().filter(|kind| kind.deed == deed);
        let programs: BTreeSet<&str> = programs.map(|kind| kind.program.label.as_str()).collect();
        if !programs.is_empty() {
            let some: Vec<&str> = programs.into_iter().take(3).collect();
            parts.push(format!("{} ({})", did(deed), some.join(", ")));
        }
    }
    one_line(&parts.join("; "))
}

/// Twice what was seen, rounded up to what a person would write.
fn memory(story: &Story) -> Option<String> {
    let largest = story.largest.as_ref().map(|(bytes, _)| *bytes);
    let seen = story.peak_memory.max(largest)?;
    let step = match 2 * seen {
        0..536_870_912 => 64 * MIB,
        536_870_912..4_294_967_296 => 256 * MIB,
        _ => GIB,
    };
    let bytes = (2 * seen).div_ceil(step).max(1) * step;
    Some(match bytes % GIB {
        0 => format!("{}GiB", bytes / GIB),
        _ => format!("{}MiB", bytes / MIB),
    })
}

/// The same for processes, every thread counted as a ceiling counts them.
fn processes(story: &Story) -> u64 {
    let twice = 2 * story.threads_at_once.unwrap_or(story.at_once);
    let step = match twice {
        0..100 => 10,
        100..500 => 50,
        500..2000 => 100,
        _ => 500,
    };
    (twice.div_ceil(step) * step).max(30)
}

/// As a string of TOML.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn one_line(text: &str) -> String {
    crate::policy::text::shortened(text, 200)
}

#[cfg(test)]
mod tests {
    use super::{Class, class, policy};
    use crate::audit::{Event, Story};
    use crate::policy::{self, Policy};
    use jiff::civil::date;
    use std::path::Path;

    fn told(lines: &[&str]) -> Story {
        let mut story = Story::default();
        for line in lines {
            story.take(&mut serde_json::from_str::<Event>(line).unwrap());
        }
        story.finish();
        story
    }

    fn read(text: &str) -> Policy {
        let file = Path::new("/p/guardrun.toml");
        policy::from_text(text, file, file, date(2026, 1, 1))
            .unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// With the lines that are a choice taken up.
    fn chosen(text: &str) -> String {
        let lines = text.lines().map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => rest,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    const RUN: &str = r#"{"event":"run","command":["cargo","test","it's \"x\""],"suite":null}"#;
    const CARGO: [&str; 4] = [
        r#"{"event":"start","t":0,"id":1,"pid":1}"#,
        r#"{"event":"exec","t":0,"id":1,"argv":["cargo","test"],"exe":"/usr/bin/cargo"}"#,
        r#"{"event":"start","t":1,"id":2,"parent":1}"#,
        r#"{"event":"exec","t":1,"id":2,"argv":["/p/target/debug/deps/it-0123456789abcdef"],"exe":"/p/target/debug/deps/it-0123456789abcdef"}"#,
    ];
    const SERVER: [&str; 2] = [
        r#"{"event":"start","t":2,"id":3,"parent":2}"#,
        r#"{"event":"exec","t":2,"id":3,"argv":["/opt/we[i]rd\u0001 \"server\"","-x"],"exe":"/opt/we[i]rd\u0001 \"server\""}"#,
    ];

    fn run() -> String {
        RUN.replace(",\"suite\":null", "")
    }

    #[test]
    fn a_suite_that_starts_nothing_fits_behind_the_strictest_fence() {
        let run = run();
        let story = told(&[&[run.as_str()], &CARGO[..]].concat());
        assert_eq!(class(&story), Class::Processes);
        let policy = read(&policy(&story));
        let suite = policy.suite("cargo").unwrap();
        assert_eq!(suite.hold.fence.class, crate::values::Fence::Processes);
        assert_eq!(suite.hold.ceilings.processes, Some(30));
    }

    #[test]
    fn a_suite_whose_tests_start_programs_gets_the_list_that_the_stricter_fence_needs() {
        let run = run();
        let story = told(&[&[run.as_str()], &CARGO[..], &SERVER[..]].concat());
        assert_eq!(class(&story), Class::Daemons);
        let text = policy(&story);
        assert!(
            read(&text)
                .suite("cargo")
                .unwrap()
                .hold
                .fence
                .allowed
                .is_empty()
        );
        let stricter = chosen(&text).replace("processes =", "fence = \"processes\"\nprocesses =");
        let policy = read(&stricter);
        let allowed = &policy.suite("cargo").unwrap().hold.fence.allowed;
        assert_eq!(allowed.len(), 1, "{text}");
        let argv = ["/opt/we[i]rd\u{1} \"server\"".to_owned(), "-y".to_owned()];
        assert!(crate::policy::words_match(&allowed[0].program, &argv));
        let by = ["/q/target/release/deps/it-fedcba9876543210".to_owned()];
        assert!(crate::policy::words_match(
            allowed[0].by.as_ref().unwrap(),
            &by
        ));
    }

    #[test]
    fn a_suite_that_starts_a_server_gets_a_gate() {
        let run = run();
        let listen = r#"{"event":"listen","t":3,"id":3,"address":"127.0.0.1:1"}"#;
        let story = told(&[&[run.as_str()], &CARGO[..], &SERVER[..], &[listen]].concat());
        assert_eq!(class(&story), Class::Gated);
        let text = policy(&story);
        let policy = read(&text);
        assert_eq!(
            policy.suite("cargo").unwrap().gate.as_deref(),
            Some("cargo")
        );
        assert_eq!(policy.gates["cargo"].env, "CARGO_DAEMON_TESTS");
        let instead = chosen(&text).replace("gate      = \"cargo\"\n", "");
        let policy = read(&instead);
        assert_eq!(policy.suite("cargo").unwrap().hold.fence.allowed.len(), 1);
    }
}
