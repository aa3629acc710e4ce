//! From what happened to a verdict, a cause in words, and guardrun's own exit. Pure; the one order of precedence is in
//! `precedence`.

use super::{Class, End, Outcome, Proved, rank, wording};
use crate::exit::{Exit, Verdict};
use crate::sys::signal;
use crate::values::{Leaks, Status};

/// What is to be said about a run, and how guardrun is to exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Every verdict of guardrun's own that holds, the deciding one first; none when the suite's status stands.
    pub verdicts: Vec<Verdict>,
    /// How guardrun exits.
    pub exit: Exit,
    /// How the suite came to its end, in one word.
    pub class: Class,
    /// What happened, as it reads after the suite's name: `passed`, `failed with exit code 3`.
    pub cause: String,
    /// What each suite that owed a proof has shown.
    pub proof: Vec<Proved>,
}

impl Ending {
    /// Takes in one more verdict, and what is to be said of it after an `and`. The order of the calls does not matter for
    /// what decides.
    pub fn add(&mut self, verdict: Verdict, clause: &str) {
        self.cause = format!("{}, and {clause}", self.cause);
        self.hold(verdict);
    }

    fn hold(&mut self, verdict: Verdict) {
        if !self.verdicts.contains(&verdict) {
            self.verdicts.push(verdict);
        }
        self.verdicts.sort_by_key(|verdict| rank(*verdict));
        self.exit = self.verdicts[0].into();
    }
}

/// Judges an outcome: what brought the end about, then everything else that is wrong with it.
pub fn explain(outcome: &Outcome, leaks: Leaks) -> Ending {
    let mut ending = of_end(outcome);
    if ending.exit == Exit::Code(0) && leaks == Leaks::Fail && has_leaked(outcome) {
        let clause = wording::left_behind(&outcome.survivors);
        ending.add(Verdict::Leaked, &clause);
    }
    // Whoever asked for the end is answered in the way that he expects.
    let asked_for = matches!(
        outcome.end,
        End::Asked(_) | End::ParentDied | End::StdoutClosed
    );
    if outcome.fenced.fails() && !asked_for {
        ending.add(Verdict::Fenced, &wording::fenced(outcome.fenced.refused));
    }
    if !outcome.unkilled.is_empty() {
        ending.add(Verdict::NotKilled, &wording::unkilled(&outcome.unkilled));
    }
    ending
}

/// Whether anything was left that the policy does not expect. Something that nobody could name, and that had to be killed
/// all the same, is not expected either.
fn has_leaked(outcome: &Outcome) -> bool {
    let unexpected = outcome
        .survivors
        .iter()
        .any(|survivor| survivor.expected.is_none());
    unexpected || (outcome.killed && outcome.survivors.is_empty())
}

fn of_end(outcome: &Outcome) -> Ending {
    let class = Class::of(outcome);
    let own = |exit, cause| Ending {
        verdicts: Vec::new(),
        exit,
        class,
        cause,
        proof: Vec::new(),
    };
    let verdict = |verdict: Verdict, cause| {
        let mut ending = own(verdict.into(), cause);
        ending.hold(verdict);
        ending
    };
    match outcome.end {
        End::NotContained => verdict(
            Verdict::CannotContain,
            wording::not_contained(&outcome.lacks),
        ),
        End::NotExecuted { errno } => {
            let which = match errno {
                NOT_FOUND => Verdict::NotFound,
                _ => Verdict::NotExecutable,
            };
            verdict(which, wording::not_executed(errno))
        }
        End::KeeperDied => verdict(
            Verdict::Lost,
            "was killed because guardrun's keeper died".to_owned(),
        ),
        End::Timeout(limit) => verdict(
            Verdict::TimedOut,
            format!(
                "was ended after its time limit of {}",
                humantime::format_duration(limit)
            ),
        ),
        End::Expired(left) => verdict(
            Verdict::TimedOut,
            format!(
                "was ended after {}, which was left of the time that runs which replace each other have together (`expires-after`)",
                humantime::format_duration(std::time::Duration::from_millis(
                    left.as_millis() as u64
                ))
            ),
        ),
        End::OverLimit(reached) => verdict(Verdict::OverLimit, format!("was ended at {reached}")),
        End::Asked(number) => {
            let (exit, cause) = asked(outcome, number, &format!("on {}", signal::name(number)));
            own(exit, cause)
        }
        End::Silent(limit) => verdict(
            Verdict::Silent,
            format!(
                "was ended after {} without output",
                humantime::format_duration(limit)
            ),
        ),
        End::ParentDied => {
            let why = "because the process that started guardrun died";
            let (exit, cause) = asked(outcome, signal::HUP, why);
            own(exit, cause)
        }
        End::StdoutClosed => {
            let why = "because nobody reads its output any more";
            let (exit, cause) = asked(outcome, signal::PIPE, why);
            own(exit, cause)
        }
        End::Itself => match outcome.status {
            None => verdict(
                Verdict::Lost,
                "ended, and no exit status came back: whether it passed is unknown".to_owned(),
            ),
            Some(status) if outcome.mute && !status.passed() => own(
                exit_as(status),
                format!(
                    "{}, at once and without any output",
                    wording::status(status, outcome.oom)
                ),
            ),
            Some(status) => own(exit_as(status), wording::status(status, outcome.oom)),
        },
    }
}

const NOT_FOUND: i32 = nix::Error::ENOENT as i32;

/// The suite was asked to end. If it did so in its own way, that is its status; if it had to be killed, guardrun dies of
/// the signal with which it was asked, which is what the asker expects to see. A 0 stands only if nothing had to be killed
/// and somebody else than guardrun did the asking: what guardrun has cut short is no pass. Of its own accord guardrun asks with
/// SIGTERM, and one that dies of that dies of what made guardrun ask.
fn asked(outcome: &Outcome, number: i32, why: &str) -> (Exit, String) {
    if outcome.level.is_none() {
        return (Exit::Signal(number), format!("was not started, {why}"));
    }
    let of_its_own_accord = !matches!(outcome.end, End::Asked(_));
    match outcome.status {
        Some(Status::Signaled(signal::KILL)) | None => {
            (Exit::Signal(number), format!("was killed {why}"))
        }
        Some(Status::Signaled(own))
            if own == number || (of_its_own_accord && own == signal::TERM) =>
        {
            (Exit::Signal(number), format!("was ended {why}"))
        }
        Some(status) if status.passed() && (outcome.killed || of_its_own_accord) => (
            Exit::Signal(number),
            format!("ended with exit code 0 when it was ended {why}"),
        ),
        Some(status) => (
            exit_as(status),
            format!("{}, ended {why}", wording::status(status, outcome.oom)),
        ),
    }
}

fn exit_as(status: Status) -> Exit {
    match status {
        Status::Exited(code) => Exit::Code(code),
        Status::Signaled(signal) => Exit::Signal(signal),
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, explain};
    use crate::exit::{Exit, Verdict};
    use crate::outcome::{
        Class, End, Lack, OomCount, Outcome, Proof, Reached, Resource, Step, Survivor, rank,
    };
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
            started_by: Vec::new(),
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

    fn fenced(mut outcome: Outcome) -> Outcome {
        outcome.fenced.refused = 2;
        outcome
    }

    #[test]
    fn what_a_fence_refused_decides_whatever_the_suite_made_of_it() {
        for status in [Status::Exited(0), Status::Exited(3), Status::Signaled(11)] {
            let ending = judged(&fenced(outcome(End::Itself, Some(status))));
            assert_eq!(ending.exit, Exit::Code(45), "{status:?}");
            assert!(ending.cause.contains("and its fence refused 2 things"));
        }
        let mut leaking = fenced(outcome(End::Itself, Some(Status::Exited(0))));
        leaking.survivors.push(survivor(None));
        let verdicts = judged(&leaking).verdicts;
        assert_eq!(verdicts, [Verdict::Fenced, Verdict::Leaked]);
    }

    #[test]
    fn a_fence_decides_over_a_limit_and_a_request_keeps_its_own_end() {
        let limit = End::Timeout(Duration::from_secs(1));
        let verdicts = judged(&fenced(outcome(limit, None))).verdicts;
        assert_eq!(verdicts, [Verdict::Fenced, Verdict::TimedOut]);
        let asked = fenced(outcome(End::Asked(2), Some(Status::Signaled(2))));
        assert_eq!(judged(&asked).exit, Exit::Signal(2));
    }

    #[test]
    fn a_fence_that_only_warns_changes_no_status() {
        let mut warned = fenced(outcome(End::Itself, Some(Status::Exited(0))));
        warned.fenced.forgive(crate::values::Refused::Warn);
        assert_eq!(judged(&warned).exit, Exit::Code(0));
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
        for status in [None, Some(Status::Signaled(15))] {
            assert_eq!(
                judged(&outcome(End::StdoutClosed, status)).exit,
                Exit::Signal(13)
            );
        }
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

    #[test]
    fn out_of_memory_is_said_only_where_the_kernel_has_counted_it() {
        let cause = |status, suite, machine| {
            let mut outcome = outcome(End::Itself, Some(status));
            outcome.oom = OomCount { suite, machine };
            judged(&outcome).cause
        };
        let killed = Status::Signaled(9);
        assert_eq!(
            cause(killed, Some(2), Some(5)),
            "was killed by SIGKILL, out of memory: the kernel killed 2 processes of it"
        );
        assert!(cause(killed, Some(0), Some(5)).contains("not for want of memory"));
        assert!(cause(killed, None, Some(1)).contains("often out of memory: the kernel killed 1 process for want of memory on this machine meanwhile"));
        assert_eq!(
            cause(killed, None, Some(0)),
            "was killed by SIGKILL, often out of memory"
        );
        assert!(
            cause(Status::Exited(137), Some(1), None)
                .contains("out of memory: the kernel killed 1 process of it")
        );
        assert_eq!(
            cause(Status::Exited(1), Some(1), None),
            "failed with exit code 1; the kernel killed 1 process of it for want of memory"
        );
        assert_eq!(
            cause(Status::Exited(1), None, Some(7)),
            "failed with exit code 1"
        );
    }

    #[test]
    fn an_end_on_purpose_is_called_that_and_an_ordinary_error_is_not() {
        for status in [
            Status::Exited(143),
            Status::Exited(130),
            Status::Signaled(15),
            Status::Signaled(2),
        ] {
            let ending = judged(&outcome(End::Itself, Some(status)));
            assert!(ending.cause.contains("on purpose"), "{}", ending.cause);
            assert_eq!(ending.class, Class::EndedOnPurpose);
        }
        let ending = judged(&outcome(End::Itself, Some(Status::Exited(1))));
        assert_eq!(
            (ending.cause.as_str(), ending.class),
            ("failed with exit code 1", Class::Failed)
        );
    }

    #[test]
    fn a_run_that_could_not_start_names_the_step_and_the_errno() {
        let mut nothing = outcome(End::NotContained, None);
        nothing.level = None;
        nothing.lacks.push(Lack {
            level: Level::Cgroup,
            step: Step::MakeLeaf,
            errno: 13,
            what: "could not make a cgroup: Permission denied".to_owned(),
            remedy: String::new(),
        });
        assert_eq!(
            judged(&nothing).cause,
            "could not be held: cgroup: could not make a cgroup: Permission denied"
        );
        let ending = judged(&outcome(End::NotExecuted { errno: 13 }, None));
        assert_eq!(
            ending.cause,
            "could not be executed: Permission denied (errno 13)"
        );
    }

    #[test]
    fn a_status_that_nobody_saw_is_said_to_be_unknown() {
        let ending = judged(&outcome(End::Itself, None));
        assert!(ending.cause.contains("unknown"), "{}", ending.cause);
        assert_eq!(ending.class, Class::Unknown);
    }

    #[test]
    fn what_was_killed_and_never_seen_is_a_leak_too() {
        let mut green = outcome(End::Itself, Some(Status::Exited(0)));
        green.killed = true;
        assert_eq!(judged(&green).exit, Exit::Code(46));
        green.survivors.push(survivor(Some("the compiler cache")));
        assert_eq!(judged(&green).exit, Exit::Code(0));
    }

    #[test]
    fn what_is_added_is_put_in_its_place() {
        let mut ending = judged(&outcome(End::Timeout(Duration::from_secs(1)), None));
        ending.add(Verdict::Leaked, "a");
        ending.add(Verdict::NotKilled, "b");
        ending.add(Verdict::NotKilled, "c");
        assert_eq!(
            ending.verdicts,
            [Verdict::NotKilled, Verdict::TimedOut, Verdict::Leaked]
        );
        assert_eq!(ending.exit, Exit::Code(51));
        assert!(ending.cause.ends_with(", and a, and b, and c"));
    }

    /// Every end, every kind of status, with and without what survives, what cannot be killed, and a kill of guardrun's.
    #[test]
    fn what_must_hold_of_every_outcome_holds() {
        let limit = Duration::from_secs(1);
        let reached = Reached {
            resource: Resource::Memory,
            ceiling: 1,
            proof: Proof::Killed(1),
        };
        let ends = [
            End::Itself,
            End::Timeout(limit),
            End::Silent(limit),
            End::OverLimit(reached),
            End::Asked(2),
            End::Asked(15),
            End::ParentDied,
            End::StdoutClosed,
            End::KeeperDied,
            End::NotExecuted { errno: 2 },
            End::NotExecuted { errno: 8 },
            End::NotContained,
        ];
        let statuses: Vec<Option<Status>> = (0..=255)
            .map(Status::Exited)
            .chain((1..=64).map(Status::Signaled))
            .map(Some)
            .chain([None])
            .collect();
        let survivors = [
            vec![],
            vec![survivor(None)],
            vec![survivor(Some("r"))],
            vec![survivor(Some("r")), survivor(None)],
        ];
        let unkilled = [vec![], vec![survivor(None)]];
        let mut seen = 0;
        for end in ends {
            for status in &statuses {
                for survivors in &survivors {
                    for unkilled in &unkilled {
                        for (killed, leaks, level) in [false, true].into_iter().flat_map(|killed| {
                            [Leaks::Fail, Leaks::Warn]
                                .into_iter()
                                .flat_map(move |leaks| {
                                    [Some(Level::Cgroup), None].map(|level| (killed, leaks, level))
                                })
                        }) {
                            let outcome = Outcome {
                                level,
                                status: *status,
                                survivors: survivors.clone(),
                                unkilled: unkilled.clone(),
                                killed,
                                ..Outcome::of_nothing(None, end, Vec::new())
                            };
                            must_hold(&outcome, leaks);
                            seen += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(seen, 12 * 321 * 4 * 2 * 8);
    }

    fn must_hold(outcome: &Outcome, leaks: Leaks) {
        let ending = explain(outcome, leaks);
        let context = || format!("{outcome:?} with {leaks:?}: {ending:?}");
        let zero = ending.exit == Exit::Code(0);
        let accepted = leaks == Leaks::Warn
            || (!outcome.survivors.is_empty()
                && outcome
                    .survivors
                    .iter()
                    .all(|survivor| survivor.expected.is_some()));
        if zero {
            assert!(
                outcome.unkilled.is_empty(),
                "0 with something still there: {}",
                context()
            );
            assert!(
                !outcome.killed || (outcome.end == End::Itself && accepted),
                "0 after a kill that guardrun sent: {}",
                context()
            );
            assert!(
                matches!(outcome.end, End::Itself | End::Asked(_)),
                "0 though guardrun ended it: {}",
                context()
            );
            assert_eq!(
                outcome.status,
                Some(Status::Exited(0)),
                "a 0 that nobody said: {}",
                context()
            );
        }
        match ending.verdicts.first() {
            Some(first) => assert_eq!(ending.exit, Exit::from(*first), "{}", context()),
            None if outcome.end == End::Itself => {
                let own = match outcome.status {
                    Some(Status::Exited(code)) => Exit::Code(code),
                    Some(Status::Signaled(number)) => Exit::Signal(number),
                    None => panic!("no status and no verdict: {}", context()),
                };
                assert_eq!(ending.exit, own, "{}", context());
            }
            None => {}
        }
        let ranks: Vec<_> = ending
            .verdicts
            .iter()
            .map(|verdict| rank(*verdict))
            .collect();
        assert!(ranks.is_sorted_by(|a, b| a < b), "{}", context());
        assert!(!ending.cause.is_empty());
        if !outcome.unkilled.is_empty() {
            assert_eq!(ending.exit, Exit::Code(51), "{}", context());
        }
        if zero {
            assert_eq!(
                matches!(outcome.end, End::Itself),
                ending.class == Class::Passed,
                "{}",
                context()
            );
        }
    }
}
