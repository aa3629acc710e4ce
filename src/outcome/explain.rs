//! From what happened to a verdict, a cause in words, and guardrun's own exit. Pure; one order of precedence.

use super::{End, Outcome, Survivor};
use crate::exit::{Exit, Verdict};
use crate::outcome::proved::Proved;
use crate::sys::signal;
use crate::values::Leaks;
use crate::values::Status;

/// What is to be said about a run, and how guardrun is to exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Every verdict of guardrun's own that holds, the deciding one first; none when the suite's status stands.
    pub verdicts: Vec<Verdict>,
    /// How guardrun exits.
    pub exit: Exit,
    /// What happened, as it reads after the suite's name: `passed`, `failed with exit code 3`.
    pub cause: String,
    /// What each suite that owed a proof has shown.
    pub proof: Vec<Proved>,
}

/// Judges an outcome. What decides, in this order: something is still there (51); nothing was started (42, 126, 127);
/// the keeper was lost (52); a limit (48, 49); a request from outside; a leak behind a green run (46); the suite's own status.
pub fn explain(outcome: &Outcome, leaks: Leaks) -> Ending {
    let mut verdicts = Vec::new();
    if !outcome.unkilled.is_empty() {
        verdicts.push(Verdict::NotKilled);
    }
    let leaked = outcome
        .survivors
        .iter()
        .any(|survivor| survivor.expected.is_none());
    let (exit, cause) = match outcome.end {
        End::NotContained => verdict(
            &mut verdicts,
            Verdict::CannotContain,
            "could not be held".to_owned(),
        ),
        End::NotExecuted { errno } => {
            let verdict_ = if errno == NOT_FOUND {
                Verdict::NotFound
            } else {
                Verdict::NotExecutable
            };
            verdict(&mut verdicts, verdict_, "could not be executed".to_owned())
        }
        End::KeeperDied => verdict(
            &mut verdicts,
            Verdict::Lost,
            "was killed because guardrun's keeper died".to_owned(),
        ),
        End::Timeout(limit) => {
            let cause = format!(
                "was ended after its time limit of {}",
                humantime::format_duration(limit)
            );
            verdict(&mut verdicts, Verdict::TimedOut, cause)
        }
        End::Silent(limit) => {
            let cause = format!(
                "was ended after {} without output",
                humantime::format_duration(limit)
            );
            verdict(&mut verdicts, Verdict::Silent, cause)
        }
        End::OverLimit(reached) => {
            let cause = format!("was ended at {reached}");
            verdict(&mut verdicts, Verdict::OverLimit, cause)
        }
        End::Asked(signal_) => asked(
            outcome.status,
            signal_,
            &format!("on {}", signal::name(signal_)),
        ),
        End::ParentDied if outcome.level.is_none() => (
            Exit::Signal(signal::HUP),
            "was not started, because the process that started guardrun died".to_owned(),
        ),
        End::ParentDied => asked(
            outcome.status,
            signal::HUP,
            "because the process that started guardrun died",
        ),
        End::StdoutClosed => asked(
            outcome.status,
            signal::PIPE,
            "because nobody reads its output any more",
        ),
        End::Itself => match outcome.status {
            None => verdict(
                &mut verdicts,
                Verdict::Lost,
                "ended, and its status was lost".to_owned(),
            ),
            Some(status) if status.passed() && leaked && leaks == Leaks::Fail => {
                let cause = format!("passed, and left {} behind", count(&outcome.survivors));
                verdict(&mut verdicts, Verdict::Leaked, cause)
            }
            Some(status) if outcome.mute && !status.passed() => (
                exit_as(status),
                format!("{}, at once and without any output", describe(status)),
            ),
            Some(status) => (exit_as(status), describe(status)),
        },
    };
    let exit = verdicts
        .first()
        .map_or(exit, |verdict| Exit::from(*verdict));
    Ending {
        verdicts,
        exit,
        cause,
        proof: Vec::new(),
    }
}

const NOT_FOUND: i32 = nix::Error::ENOENT as i32;

fn verdict(verdicts: &mut Vec<Verdict>, verdict: Verdict, cause: String) -> (Exit, String) {
    verdicts.push(verdict);
    (Exit::from(verdict), cause)
}

/// The suite was asked to end. If it did so in its own way, that is its status; if it had to be killed, guardrun dies of
/// the signal with which it was asked, which is what the asker expects to see.
fn asked(status: Option<Status>, signal_: i32, why: &str) -> (Exit, String) {
    match status {
        Some(Status::Signaled(signal::KILL)) | None => {
            (Exit::Signal(signal_), format!("was killed {why}"))
        }
        Some(status) => (
            exit_as(status),
            format!("{}, ended {why}", describe(status)),
        ),
    }
}

fn exit_as(status: Status) -> Exit {
    match status {
        Status::Exited(code) => Exit::Code(code),
        Status::Signaled(signal) => Exit::Signal(signal),
    }
}

fn describe(status: Status) -> String {
    match status {
        Status::Exited(0) => "passed".to_owned(),
        Status::Exited(137) => {
            "failed with exit code 137: something in it died of SIGKILL, often out of memory"
                .to_owned()
        }
        Status::Exited(143) => {
            "failed with exit code 143: something in it was ended on purpose by SIGTERM".to_owned()
        }
        Status::Exited(code) => format!("failed with exit code {code}"),
        Status::Signaled(signal::KILL) => "was killed by SIGKILL, often out of memory".to_owned(),
        Status::Signaled(signal::TERM) => "was ended on purpose by SIGTERM".to_owned(),
        Status::Signaled(number) => format!("was killed by {}", signal::name(number)),
    }
}

fn count(survivors: &[Survivor]) -> String {
    match survivors
        .iter()
        .filter(|survivor| survivor.expected.is_none())
        .count()
    {
        1 => "1 live process".to_owned(),
        n => format!("{n} live processes"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, explain};
    use crate::exit::{Exit, Verdict};
    use crate::outcome::{End, Outcome, Survivor};
    use crate::values::Leaks;
    use crate::values::{Level, ProcessId, Status};
    use std::time::Duration;

    fn outcome(end: End, status: Option<Status>) -> Outcome {
        Outcome {
            status,
            ..Outcome::of_nothing(Some(Level::Namespace), end, Vec::new())
        }
    }

    fn survivor(expected: Option<&str>) -> Survivor {
        Survivor {
            id: ProcessId { pid: 5, start: 6 },
            parent: 1,
            command: "redis-server".to_owned(),
            program: "redis-server".to_owned(),
            age_seconds: 3,
            listening: Vec::new(),
            state: 'S',
            waiting_in: None,
            expected: expected.map(str::to_owned),
        }
    }

    fn judged(outcome: &Outcome) -> Ending {
        explain(outcome, Leaks::Fail)
    }

    #[test]
    fn the_suites_own_status_passes_through() {
        for code in 0..=255 {
            let ending = judged(&outcome(End::Itself, Some(Status::Exited(code))));
            assert_eq!((ending.exit, ending.verdicts.len()), (Exit::Code(code), 0));
        }
        for signal in 1..=64 {
            let ending = judged(&outcome(End::Itself, Some(Status::Signaled(signal))));
            assert_eq!(ending.exit, Exit::Signal(signal));
        }
    }

    #[test]
    fn a_leak_turns_green_into_leaked_and_leaves_red_alone() {
        let mut green = outcome(End::Itself, Some(Status::Exited(0)));
        green.survivors.push(survivor(None));
        assert_eq!(judged(&green).exit, Exit::Code(46));
        assert_eq!(explain(&green, Leaks::Warn).exit, Exit::Code(0));
        let mut red = outcome(End::Itself, Some(Status::Exited(3)));
        red.survivors.push(survivor(None));
        assert_eq!(judged(&red).exit, Exit::Code(3));
    }

    #[test]
    fn what_the_policy_expects_to_stay_is_no_leak() {
        let mut green = outcome(End::Itself, Some(Status::Exited(0)));
        green.survivors.push(survivor(Some("the compiler cache")));
        assert_eq!(judged(&green).exit, Exit::Code(0));
        green.survivors.push(survivor(None));
        assert_eq!(judged(&green).exit, Exit::Code(46));
        assert!(
            judged(&green).cause.contains("1 live process"),
            "only the unexpected one is counted"
        );
    }

    #[test]
    fn what_could_not_be_killed_decides_over_everything_and_the_rest_is_still_said() {
        let mut ended = outcome(
            End::Timeout(Duration::from_secs(1)),
            Some(Status::Signaled(9)),
        );
        ended.unkilled.push(survivor(None));
        let ending = judged(&ended);
        assert_eq!(ending.exit, Exit::Code(51));
        assert_eq!(ending.verdicts, [Verdict::NotKilled, Verdict::TimedOut]);
    }

    #[test]
    fn a_limit_never_ends_in_0() {
        let ending = judged(&outcome(
            End::Timeout(Duration::from_secs(1)),
            Some(Status::Exited(0)),
        ));
        assert_eq!(ending.exit, Exit::Code(48));
    }

    #[test]
    fn silence_is_a_limit_like_any_other() {
        let limit = Duration::from_secs(120);
        let ending = judged(&outcome(End::Silent(limit), Some(Status::Exited(0))));
        assert_eq!(ending.exit, Exit::Code(49));
        assert_eq!(ending.cause, "was ended after 2m without output");
    }

    #[test]
    fn one_that_failed_at_once_without_a_word_is_said_to_have_done_so() {
        let mut ended = outcome(End::Itself, Some(Status::Exited(3)));
        ended.mute = true;
        let ending = judged(&ended);
        assert_eq!(ending.exit, Exit::Code(3));
        assert_eq!(
            ending.cause,
            "failed with exit code 3, at once and without any output"
        );
        ended.status = Some(Status::Exited(0));
        assert_eq!(judged(&ended).cause, "passed");
    }

    #[test]
    fn a_suite_that_had_to_be_killed_after_ctrl_c_looks_like_ctrl_c() {
        assert_eq!(
            judged(&outcome(End::Asked(2), Some(Status::Signaled(9)))).exit,
            Exit::Signal(2)
        );
        assert_eq!(
            judged(&outcome(End::Asked(2), Some(Status::Exited(1)))).exit,
            Exit::Code(1)
        );
        assert_eq!(
            judged(&outcome(End::StdoutClosed, None)).exit,
            Exit::Signal(13)
        );
    }

    #[test]
    fn a_run_whose_parent_died_before_it_began_is_not_said_to_have_been_killed() {
        let mut never = outcome(End::ParentDied, None);
        never.level = None;
        let ending = judged(&never);
        assert_eq!(ending.exit, Exit::Signal(1));
        assert!(ending.cause.starts_with("was not started"));
    }

    #[test]
    fn a_command_that_is_not_there_is_127_and_one_that_cannot_run_126() {
        assert_eq!(
            judged(&outcome(End::NotExecuted { errno: 2 }, None)).exit,
            Exit::Code(127)
        );
        assert_eq!(
            judged(&outcome(End::NotExecuted { errno: 13 }, None)).exit,
            Exit::Code(126)
        );
    }

    #[test]
    fn a_sigkill_is_not_called_out_of_memory_without_a_count() {
        let ending = judged(&outcome(End::Itself, Some(Status::Signaled(9))));
        assert_eq!(ending.cause, "was killed by SIGKILL, often out of memory");
    }

    #[test]
    fn a_lost_keeper_is_never_a_pass() {
        assert_eq!(judged(&outcome(End::KeeperDied, None)).exit, Exit::Code(52));
        assert_eq!(judged(&outcome(End::Itself, None)).exit, Exit::Code(52));
    }
}
