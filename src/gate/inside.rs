//! The gate as a process inside a run sees it: docs/gate-contract.md, of which `guardrun assert` is one implementation
//! and each helper in `helpers/files` another.

use super::environment::{Environment, GateState};
use crate::values::ProcessId;
use std::fmt;

/// The variable that names the run's keeper, as `PID:START`, the way the suite sees it.
pub const KEEPER: &str = "GUARDRUN_KEEPER";
/// The variable that lists the variables of the gates that this run opened, with commas between them.
pub const OPENED: &str = "GUARDRUN_OPENED";

/// Whether a process is held by the keeper that its environment names. Found out by whoever can read /proc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The keeper is among its ancestors.
    Yes,
    /// It is not.
    No,
    /// /proc does not tell.
    Unknown,
}

/// Why a gate is closed inside a process. `Display` is a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shut {
    /// The gate's own variable does not open it.
    Variable(String, GateState),
    /// The run did not open it: it was set inside the run.
    NotOpened(String),
    /// Nothing names a run.
    NoRun,
    /// Something names a run, and it does not hold this process.
    NotHeld,
    /// Something names a run, and /proc does not tell whether it holds this process.
    Unknown,
}

/// Asks the gate of this variable; of no variable, only whether a live run holds this process.
pub fn ask_inside(
    variable: Option<&str>,
    environment: &Environment,
    held: impl FnOnce(ProcessId) -> Held,
) -> Result<(), Shut> {
    if let Some(variable) = variable {
        match environment.gate(variable) {
            GateState::Open => {}
            state => return Err(Shut::Variable(variable.to_owned(), state)),
        }
    }
    let Some(keeper) = environment.only(KEEPER).and_then(parse) else {
        return Err(Shut::NoRun);
    };
    match held(keeper) {
        Held::Yes => {}
        Held::No => return Err(Shut::NotHeld),
        Held::Unknown => return Err(Shut::Unknown),
    }
    let Some(variable) = variable else {
        return Ok(());
    };
    let opened = environment.only(OPENED).unwrap_or_default();
    match opened.split(',').any(|name| name == variable) {
        true => Ok(()),
        false => Err(Shut::NotOpened(variable.to_owned())),
    }
}

fn parse(keeper: &str) -> Option<ProcessId> {
    let (pid, start) = keeper.split_once(':')?;
    Some(ProcessId {
        pid: pid.parse().ok().filter(|pid| *pid > 0)?,
        start: start.parse().ok()?,
    })
}

impl fmt::Display for Shut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shut::Variable(variable, state) => write!(f, "{variable} {state}"),
            Shut::NotOpened(variable) => write!(
                f,
                "{variable} was set inside the run, and this run of guardrun did not open it"
            ),
            Shut::NoRun => f.write_str("no run of guardrun holds this process"),
            Shut::NotHeld => write!(
                f,
                "no live run of guardrun holds this process: the one that {KEEPER} names is over, or is not above it"
            ),
            Shut::Unknown => {
                f.write_str("/proc does not tell whether a run of guardrun holds this process")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, KEEPER, OPENED, Shut, ask_inside};
    use crate::gate::{Environment, GateState};
    use crate::values::ProcessId;

    const ALL: [(&str, &str); 3] = [("LIVE", "1"), (KEEPER, "7:42"), (OPENED, "OTHER,LIVE")];

    fn ask(variables: &[(&str, &str)], held: Held) -> Result<(), Shut> {
        let environment: Environment = variables.iter().copied().collect();
        ask_inside(Some("LIVE"), &environment, |keeper| {
            assert_eq!(keeper, ProcessId { pid: 7, start: 42 });
            held
        })
    }

    #[test]
    fn all_three_have_to_hold() {
        assert_eq!(ask(&ALL, Held::Yes), Ok(()));
        assert_eq!(ask(&ALL, Held::No), Err(Shut::NotHeld));
        assert_eq!(ask(&ALL, Held::Unknown), Err(Shut::Unknown));
        assert_eq!(
            ask(&ALL[1..], Held::Yes),
            Err(Shut::Variable("LIVE".to_owned(), GateState::Unset))
        );
        assert_eq!(ask(&[ALL[0], ALL[2]], Held::Yes), Err(Shut::NoRun));
        let not_opened = Err(Shut::NotOpened("LIVE".to_owned()));
        assert_eq!(ask(&ALL[..2], Held::Yes), not_opened);
        for list in ["", "LIVER", "ALIVE", "LIVE ,X", "live"] {
            let with = [ALL[0], ALL[1], (OPENED, list)];
            assert_eq!(ask(&with, Held::Yes), not_opened, "{list:?}");
        }
    }

    #[test]
    fn a_keeper_that_is_none_and_one_that_is_there_twice_hold_nothing() {
        for keeper in [
            "", "7", ":", "7:", ":42", "0:42", "-7:42", "7:42:1", "x:y", "7 :42",
        ] {
            let with = [ALL[0], (KEEPER, keeper), ALL[2]];
            assert_eq!(ask(&with, Held::Yes), Err(Shut::NoRun), "{keeper:?}");
        }
        let twice = [ALL[0], ALL[1], (KEEPER, "8:42"), ALL[2]];
        assert_eq!(ask(&twice, Held::Yes), Err(Shut::NoRun));
    }

    #[test]
    fn without_a_gate_the_question_is_whether_a_run_holds_it() {
        let environment: Environment = [ALL[1]].into_iter().collect();
        assert_eq!(ask_inside(None, &environment, |_| Held::Yes), Ok(()));
    }
}
