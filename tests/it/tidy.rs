//! Holds the house to its own drawing: docs/architecture.md, "Rooms" and "Invariants".

use std::fs;
use std::path::{Path, PathBuf};

/// Every room, each knowing only those before it.
const ROOMS: [&str; 22] = [
    "values", "exit", "sys", "ledger", "helpers", "cli", "policy", "check", "proof", "gate",
    "plan", "outcome", "receipt", "host", "contain", "fence", "audit", "registry", "keeper", "run",
    "report", "commands",
];

/// What only reads data and answers: no environment, no clock, no disk, no processes.
const PURE: [&str; 26] = [
    "src/values.rs",
    "src/exit.rs",
    "src/cli.rs",
    "src/check/",
    "src/gate/",
    "src/proof/",
    "src/plan/",
    "src/outcome/",
    "src/receipt/",
    "src/run/course.rs",
    "src/run/silence.rs",
    "src/audit/derive.rs",
    "src/audit/diff.rs",
    "src/audit/event.rs",
    "src/audit/from.rs",
    "src/audit/label.rs",
    "src/audit/living.rs",
    "src/audit/page.rs",
    "src/audit/page/",
    "src/audit/replay.rs",
    "src/audit/role.rs",
    "src/audit/story.rs",
    "src/fence/kind.rs",
    "src/fence/recorded.rs",
    "src/fence/rules.rs",
    "src/keeper/message.rs",
];

#[test]
fn a_room_knows_only_the_rooms_above_it() {
    for (path, text) in sources() {
        let Some(own) = ROOMS.iter().position(|room| is_in(&path, room)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            for named in rooms_named_in(line) {
                let other = ROOMS.iter().position(|room| *room == named);
                let other = other.unwrap_or_else(|| {
                    panic!("{}:{}: no room {named}", path.display(), number + 1)
                });
                assert!(
                    other <= own,
                    "{}:{}: {} may not know {named}",
                    path.display(),
                    number + 1,
                    ROOMS[own]
                );
            }
        }
    }
}

#[test]
fn every_file_belongs_to_a_room() {
    for (path, _) in sources() {
        let door = ["src/lib.rs", "src/main.rs"]
            .iter()
            .any(|door| path.ends_with(door));
        assert!(
            door || ROOMS.iter().any(|room| is_in(&path, room)),
            "{} is in no room",
            path.display()
        );
    }
}

#[test]
fn what_decides_reads_no_environment_no_clock_and_no_disk() {
    let impure = [
        "std::env",
        "std::fs",
        "std::process",
        "SystemTime",
        "Instant",
        "Timestamp::now",
    ];
    for (path, text) in sources() {
        let shown = path.to_string_lossy();
        if !PURE.iter().any(|pure| shown.contains(pure)) {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in impure {
            assert!(!code.contains(word), "{shown} uses {word}");
        }
    }
}

#[test]
fn unsafe_code_libc_and_the_kernel_are_in_one_room() {
    for (path, text) in sources() {
        if is_in(&path, "sys") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            assert!(
                !code.contains("unsafe"),
                "{}:{}",
                path.display(),
                number + 1
            );
            assert!(
                !code.contains("libc::"),
                "{}:{}",
                path.display(),
                number + 1
            );
        }
    }
}

#[test]
fn nothing_ever_starts_a_thread_or_a_child_that_others_wait_for() {
    for (path, text) in sources() {
        for word in [
            "thread::spawn",
            "thread::Builder",
            "std::process::Command",
            "process::Command",
        ] {
            assert!(!text.contains(word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn only_the_report_prints() {
    for (path, text) in sources() {
        if is_in(&path, "report") {
            continue;
        }
        for word in [
            "println!",
            "eprintln!",
            "print!(",
            "io::stdout()",
            "io::stderr()",
        ] {
            assert!(!text.contains(word), "{} uses {word}", path.display());
        }
    }
}

#[test]
fn every_exit_code_is_in_the_manual() {
    let manual =
        fs::read_to_string(root().join("docs/guardrun.1.md")).expect("the manual is there");
    for row in guardrun::exit::TABLE {
        let line = format!("| {} | {} | {} |", row.code, row.name, row.meaning);
        assert!(
            manual.contains(&line),
            "docs/guardrun.1.md lacks this row:\n{line}"
        );
    }
}

#[test]
fn every_option_is_in_the_manual() {
    use clap::CommandFactory;
    let manual =
        fs::read_to_string(root().join("docs/guardrun.1.md")).expect("the manual is there");
    for option in guardrun::cli::Cli::command().get_arguments() {
        let Some(long) = option.get_long() else {
            continue;
        };
        assert!(
            manual.contains(&format!("`--{long}")),
            "docs/guardrun.1.md says nothing of --{long}"
        );
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_in(path: &Path, room: &str) -> bool {
    let inside = path.strip_prefix(root().join("src")).unwrap_or(path);
    inside.starts_with(room) || inside == Path::new(&format!("{room}.rs"))
}

/// The first part of every `crate::` path in a line of code.
fn rooms_named_in(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split("crate::").skip(1).flat_map(|rest| {
        let end = |text: &str| {
            text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(text.len())
        };
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => {
                let list = &list[..list.find(';').unwrap_or(list.len())];
                top_level(list)
                    .into_iter()
                    .map(|item| &item[..end(item)])
                    .collect()
            }
            None => vec![&rest[..end(rest)]],
        };
        names
            .into_iter()
            .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
    })
}

/// The items of `a::{b, c}, d}`, without what is inside the inner braces.
fn top_level(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                items.push(list[start..at].trim());
                return items;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(list[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(list[start..].trim());
    items
}

/// Every source file with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)
            .expect("the sources are there")
            .flatten()
        {
            let path = entry.path();
            // What is written into other repositories is text here, and keeps to their house.
            if path.ends_with("helpers/files") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source is text");
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 30, "an empty search proves nothing");
    found
}
