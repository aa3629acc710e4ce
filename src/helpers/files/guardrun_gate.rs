//! Asks the gate before a test starts anything real. The contract is guardrun's docs/gate-contract.md.
//!
//! ```ignore
//! mod guardrun_gate;                                       // in the root of the test crate; this file is tests/guardrun_gate/mod.rs
//!
//! #[test]
//! fn answers() {
//!     guardrun_gate::gate!("KOLU_DAEMON_TESTS");           // closed: says so, and returns
//!     guardrun_gate::needs("redis-server");                // missing: panics, never skips
//! }
//!
//! #[test]
//! #[ignore = "starts a real server: guardrun run daemon"]  // shown as ignored by every runner
//! fn serves() {
//!     guardrun_gate::require!("KOLU_DAEMON_TESTS");        // --include-ignored with a closed gate: panics
//! }
//! ```
//!
//! In a function that returns something: `gate!("KOLU_DAEMON_TESTS", Ok(()))`. libtest calls a test that returns early `ok`, so
//! whoever wants it to be seen as skipped in a report takes the second form. `assert_gate("KOLU_DAEMON_TESTS")` right before
//! a real start is the leash. Needs only the standard library; where /proc cannot be read the gate is closed.

#![allow(dead_code, unused_imports, unused_macros)]

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::Once;

const LONGEST: usize = 4096;

/// Returns from the test when the gate is closed, saying so on stderr; panics where skipping is not allowed.
macro_rules! gate {
    ($variable:expr $(, $otherwise:expr)?) => {{
        fn here() {}
        if !$crate::guardrun_gate::is_open($variable, ::std::any::type_name_of_val(&here)) {
            return $($otherwise)?;
        }
    }};
}

/// Panics when the gate is closed, and notes the test otherwise: for one that only runs when it is asked for.
macro_rules! require {
    ($variable:expr) => {{
        fn here() {}
        $crate::guardrun_gate::must_be_open($variable, ::std::any::type_name_of_val(&here))
    }};
}

pub(crate) use {gate, require};

/// Whether a test may go on. `here` is the path of a function inside the test.
pub(crate) fn is_open(variable: &str, here: &str) -> bool {
    let test = name_of(here);
    let Err(reason) = ask(variable) else {
        note(variable, "open", "", "");
        note(variable, "ran", test, "");
        return true;
    };
    note(variable, "closed", test, &reason);
    if is_required() {
        panic!("{}", refusal(variable, &reason));
    }
    // Past the capture of libtest, which shows nothing of a test that passes.
    let _ = writeln!(std::io::stderr(), "skipped: {test}: guardrun: {reason}");
    false
}

/// Panics when the gate is closed, and notes the test otherwise.
pub(crate) fn must_be_open(variable: &str, here: &str) {
    let test = name_of(here);
    if let Err(reason) = ask(variable) {
        note(variable, "closed", test, &reason);
        panic!("{}", refusal(variable, &reason));
    }
    note(variable, "open", "", "");
    note(variable, "ran", test, "");
}

/// The leash: panics when the gate is closed. To be called right before a real start.
pub(crate) fn assert_gate(variable: &str) {
    if let Err(reason) = ask(variable) {
        note(variable, "stopped", "", &reason);
        panic!("{}", refusal(variable, &reason));
    }
}

/// Panics when this program is not in PATH. For tests behind an open gate, which must fail and not skip.
pub(crate) fn needs(program: &str) {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .map(|place| place.join(program))
        .any(|file| {
            fs::metadata(&file).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
        });
    if !found {
        let reason = format!("the test needs {program}, which is not in PATH");
        note("", "failed-prerequisite", "", &reason);
        panic!("guardrun: {reason}");
    }
}

/// Asks the gate of this variable; the error is why it is closed.
pub(crate) fn ask(variable: &str) -> Result<(), String> {
    match env::var_os(variable) {
        None => return Err(format!("{variable} is not set")),
        Some(value) if value != "1" => {
            return Err(format!("{variable} is {value:?}, and only \"1\" opens it"));
        }
        Some(_) => {}
    }
    let keeper = env::var("GUARDRUN_KEEPER").unwrap_or_default();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    match keeper.split_once(':') {
        Some((pid, start)) if is_number(pid) && is_number(start) => {}
        _ => return Err("no run of guardrun holds this process".to_owned()),
    }
    match is_held_by(&keeper) {
        Some(true) => {}
        Some(false) => return Err("no live run of guardrun holds this process".to_owned()),
        None => {
            return Err(
                "/proc does not tell whether a run of guardrun holds this process".to_owned(),
            );
        }
    }
    let opened = env::var("GUARDRUN_OPENED").unwrap_or_default();
    if opened.split(',').any(|name| name == variable) {
        return Ok(());
    }
    Err(format!(
        "{variable} was set inside the run, and this run of guardrun did not open it"
    ))
}

/// Whether the keeper is among this process's ancestors; None where /proc does not tell.
fn is_held_by(keeper: &str) -> Option<bool> {
    'walk: for _ in 0..100 {
        let mut pid = "self".to_owned();
        while pid != "0" {
            // One that has ended meanwhile has left its children to another parent.
            let Ok(stat) = fs::read(format!("/proc/{pid}/stat")) else {
                continue 'walk;
            };
            let stat = String::from_utf8_lossy(&stat);
            // The name may hold anything; what follows its last parenthesis is fields.
            let (Some((own, _)), Some((_, fields))) = (stat.split_once(' '), stat.rsplit_once(')'))
            else {
                return None;
            };
            let fields: Vec<&str> = fields.split_whitespace().collect();
            if format!("{own}:{}", fields.get(19)?) == keeper {
                return Some(true);
            }
            pid = (*fields.get(1)?).to_owned();
        }
        return Some(false);
    }
    None
}

/// Appends one line to the ledger, if there is one.
fn note(gate: &str, event: &str, test: &str, reason: &str) {
    let Some(path) = env::var_os("GUARDRUN_LEDGER").filter(|path| !path.is_empty()) else {
        return;
    };
    let run = env::var("GUARDRUN_RUN_ID").unwrap_or_default();
    let (mut test, mut reason) = (test.to_owned(), reason.to_owned());
    let line = loop {
        let line = format!(
            "{{\"v\":1,\"run\":{},\"gate\":{},\"event\":{},\"test\":{},\"reason\":{},\"pid\":{},\"lang\":\"rust\"}}\n",
            quoted(&run),
            quoted(gate),
            quoted(event),
            quoted(&test),
            quoted(&reason),
            std::process::id()
        );
        if line.len() <= LONGEST {
            break line;
        }
        let longest = if test.len() > reason.len() {
            &mut test
        } else {
            &mut reason
        };
        let half = longest.chars().count() / 2;
        *longest = longest.chars().take(half).chain(['…']).collect();
    };
    let written = OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write(line.as_bytes()));
    if let Err(error) = written {
        static COMPLAIN: Once = Once::new();
        COMPLAIN.call_once(|| {
            let _ = writeln!(
                std::io::stderr(),
                "guardrun: cannot write the ledger: {error}"
            );
        });
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if (c as u32) < 0x20 => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// The test in which a function is, from that function's path.
fn name_of(here: &str) -> &str {
    here.trim_end_matches("::here")
        .trim_end_matches("::{{closure}}")
}

fn is_required() -> bool {
    env::var_os("GUARDRUN_REQUIRE").is_some_and(|value| !value.is_empty() && value != "0")
}

fn refusal(variable: &str, reason: &str) -> String {
    format!(
        "guardrun: closed: {reason}\nThis starts real processes: run the suite through guardrun, where that is meant to happen. (gate {variable})"
    )
}
