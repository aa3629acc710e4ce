//! `guardrun assert [GATE]`: may this process start real processes? By exit status, for setup files in any language.
//!
//! It asks what docs/gate-contract.md says, and notes the answer in the ledger like every gate inside a test process. Its own parent
//! is the one who wants to know; both are held by the same run, or neither.

use super::gather;
use crate::cli::{Assert, General};
use crate::exit::{Exit, Verdict};
use crate::gate::{Shut, ask_inside};
use crate::host;
use crate::ledger::{self, Entry, Event};
use crate::policy::text::{nearest, printable};
use crate::policy::variables::can_be_a_gate;
use crate::report::{self, Voice};
use std::path::Path;

pub(super) fn assert(voice: &Voice, general: &General, options: &Assert) -> Exit {
    let variable = match &options.gate {
        None => None,
        Some(gate) => match variable_of(voice, general, gate) {
            Ok(variable) => Some(variable),
            Err(exit) => return exit,
        },
    };
    let environment = gather::environment();
    let answer = ask_inside(variable.as_deref(), &environment, host::held_by);
    if let Some(path) = environment.only(ledger::PATH) {
        let run = environment.only(crate::registry::MARK).unwrap_or_default();
        let entry = entry(run, variable.as_deref(), options.test.as_deref(), &answer);
        if let Err(error) = ledger::append(Path::new(path), &entry) {
            let path = printable(path);
            report::trouble(voice, &format!("cannot write the ledger {path}: {error}"));
        }
    }
    match answer {
        Ok(()) => Exit::Code(0),
        Err(shut) => {
            report::closed(voice, &message(&shut));
            Verdict::Refused.into()
        }
    }
}

/// The variable of a gate: of the policy's gate with that name, or the variable that is named itself.
fn variable_of(voice: &Voice, general: &General, gate: &str) -> Result<String, Exit> {
    let policy = gather::policies(voice, general)?.first;
    if let Some(known) = policy.gates.get(gate) {
        return Ok(known.env.clone());
    }
    // A variable that no gate may have is a slip of the keyboard, and so is a name in small letters.
    let is_variable = can_be_a_gate(gate) && !gate.chars().any(char::is_lowercase);
    if is_variable {
        return Ok(gate.to_owned());
    }
    let mut text = format!("there is no gate `{}`", printable(gate));
    if let Some(near) = nearest(gate, policy.gates.keys().map(String::as_str)) {
        text.push_str(&format!("\ndid you mean `{near}`?"));
    }
    text.push_str(
        "\nhint: name a gate of the policy, or a gate's variable such as KOLU_DAEMON_TESTS",
    );
    report::failure(voice, Verdict::Usage, &text);
    Err(Verdict::Usage.into())
}

fn entry(
    run: &str,
    variable: Option<&str>,
    test: Option<&str>,
    answer: &Result<(), Shut>,
) -> Entry {
    let event = match (answer, test) {
        (Ok(()), None) => Event::Open,
        (Ok(()), Some(_)) => Event::Ran,
        (Err(_), _) => Event::Closed,
    };
    Entry {
        v: 1,
        run: run.to_owned(),
        gate: variable.unwrap_or_default().to_owned(),
        event,
        test: test.unwrap_or_default().to_owned(),
        reason: answer
            .as_ref()
            .err()
            .map(Shut::to_string)
            .unwrap_or_default(),
        pid: std::process::id().into(),
        lang: "assert".to_owned(),
    }
}

fn message(shut: &Shut) -> String {
    let hint = match shut {
        Shut::Variable(..) | Shut::NotOpened(_) => {
            "run the suite through guardrun, with its opt-in set where guardrun is started"
        }
        Shut::NoRun => {
            "run the suite through guardrun; if it was, the environment was lost on the way: `guardrun doctor --through 'PREFIX…'` shows where"
        }
        Shut::NotHeld | Shut::Unknown => {
            "start the test below guardrun, in its pid namespace: what a container or a service manager starts is not held"
        }
    };
    format!("closed: {shut}\nhint: {hint}")
}
