//! The suite's environment: what guardrun was given, and what the policy and guardrun itself make of it. A pure function;
//! the paths of the private directories are filled in when those have been made.
//!
//! What is said of one variable more than once is followed in this order: guardrun's own variables and those of gates,
//! then `set`, `private`, what `hide` sets, `workers`, and last what takes away.

use super::Given;
use super::workers::{HINTS, Workers, value};
use crate::gate::{KEEPER, OPENED};
use crate::ledger;
use crate::policy::variables::is_own;
use crate::policy::{EnvironmentRules, Hold, NameGlob};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Variables of this very run, which would steer a guardrun inside the suite or give it another's lifeline.
const OF_ONE_RUN: [&str; 7] = [
    "GUARDRUN_SUITE",
    "GUARDRUN_REPORT",
    "GUARDRUN_JUNIT",
    "GUARDRUN_LIFELINE_FD",
    KEEPER,
    OPENED,
    ledger::PATH,
];
/// What guardrun tells its suite begins like this, and is told anew by each run.
const TOLD_BY_A_RUN: &str = "GUARDRUN_RUN_";

/// Places below HOME that these name when they are set; with a private HOME they would lead back to the user's own.
const BELOW_HOME: [&str; 4] = [
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
];
/// Other names of the directory for temporary files, for programs that do not ask TMPDIR first.
const ALSO_TEMPORARY: [&str; 3] = ["TEMP", "TEMPDIR", "TMP"];

/// What the suite's environment will be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuiteEnvironment {
    kept: Vec<(OsString, OsString)>,
    /// What guardrun has and the suite does not get, each name once, in the order in which it was given.
    pub removed: Vec<(OsString, By)>,
    /// What gets a value of the policy's.
    pub set: Vec<(String, String, By)>,
    /// What gets a private directory.
    pub private: Vec<PrivateVariable>,
}

/// A variable that names a private directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateVariable {
    /// The variable.
    pub name: String,
    /// The directory's name in the run's own. Two variables can name one directory.
    pub directory: String,
    /// Which rule asks for it.
    pub by: By,
}

/// The rule that something is done by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// `remove`.
    Remove,
    /// `only`.
    Only,
    /// `set`.
    Set,
    /// `private`.
    Private,
    /// `hide`, and what is hidden.
    Hide(&'static str),
    /// `workers`.
    Workers,
}

impl By {
    /// The key in the policy.
    pub fn key(self) -> &'static str {
        match self {
            By::Remove => "remove",
            By::Only => "only",
            By::Set => "set",
            By::Private => "private",
            By::Hide(_) => "hide",
            By::Workers => "workers",
        }
    }
}

/// The gates' variables, by whether the run needs them.
#[derive(Clone, Copy, Debug)]
pub struct GateVariables<'a> {
    /// Those of the gates that it needs, which stay.
    pub needed: &'a [String],
    /// All others, which go.
    pub others: &'a [String],
}

impl SuiteEnvironment {
    /// What becomes of the environment that was given.
    pub fn draw(given: Given<'_>, hold: &Hold, gates: GateVariables<'_>) -> SuiteEnvironment {
        let workers = Workers::of(hold, given.processors);
        let (given, rules) = (given.environment.pairs(), &hold.environment);
        let is_gone = |name: &OsStr| {
            let own = |text: &str| OF_ONE_RUN.contains(&text) || text.starts_with(TOLD_BY_A_RUN);
            name.to_str().is_some_and(own)
                || gates.others.iter().any(|other| name == other.as_str())
        };
        let given: Vec<_> = given.iter().filter(|(name, _)| !is_gone(name)).collect();
        let has = |name: &str| given.iter().any(|(known, _)| known == name);
        let private = private(rules, has);
        let mut set = set(rules);
        let is_said = |set: &[(String, String, By)], name: &OsStr| {
            set.iter().any(|(known, ..)| name == known.as_str())
                || private
                    .iter()
                    .any(|variable| name == variable.name.as_str())
        };
        let mut environment = SuiteEnvironment::default();
        for (name, value) in given {
            if is_said(&set, name) {
                continue;
            }
            match taken_away(rules, gates, name) {
                None => environment.kept.push((name.clone(), value.clone())),
                Some(by) if environment.removed.iter().all(|(known, _)| known != name) => {
                    environment.removed.push((name.clone(), by));
                }
                Some(_) => {}
            }
        }
        let hints = HINTS.iter().filter_map(|hint| {
            let mut known = environment.kept.iter().rev();
            let given = known.find(|(name, _)| name == hint.variable);
            let value = value(hint, given.map(|(_, value)| value.as_os_str()), workers)?;
            Some((hint.variable.to_owned(), value.to_string(), By::Workers))
        });
        let hints: Vec<_> = hints
            .filter(|(name, ..)| !is_said(&set, OsStr::new(name)))
            .collect();
        set.extend(hints);
        environment.kept.retain(|(name, _)| !is_said(&set, name));
        SuiteEnvironment {
            set,
            private,
            ..environment
        }
    }

    /// The environment, with the private directories below `root` and what guardrun itself tells the suite.
    pub fn complete(
        &self,
        root: Option<&Path>,
        told: impl IntoIterator<Item = (&'static str, OsString)>,
    ) -> Vec<(OsString, OsString)> {
        let mut all = self.kept.clone();
        all.extend(
            self.set
                .iter()
                .map(|(name, value, _)| (name.into(), value.into())),
        );
        if let Some(root) = root {
            let path = |variable: &PrivateVariable| root.join(&variable.directory).into();
            all.extend(
                self.private
                    .iter()
                    .map(|variable| (OsString::from(&variable.name), path(variable))),
            );
        }
        for (name, value) in told {
            // Of a name that is there twice, programs differ in which they believe.
            all.retain(|(other, _)| other != name);
            all.push((name.into(), value));
        }
        all
    }

    /// The names of the private directories, each once.
    pub fn directories(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for variable in &self.private {
            if !names.contains(&variable.directory.as_str()) {
                names.push(&variable.directory);
            }
        }
        names
    }

    /// Of what hardly any program does without, what the suite does not get though guardrun has it.
    pub fn missed(&self) -> Vec<&'static str> {
        ["PATH", "HOME"]
            .into_iter()
            .filter(|name| self.removed.iter().any(|(removed, _)| removed == name))
            .collect()
    }
}

/// The rule that takes this variable away, if one does.
fn taken_away(rules: &EnvironmentRules, gates: GateVariables<'_>, name: &OsStr) -> Option<By> {
    // Without its variable the check inside the test process would skip every test, and the suite be green.
    let needed = gates.needed.iter().any(|needed| name == needed.as_str());
    if needed || name.to_str().is_some_and(is_own) {
        return None;
    }
    let is_in = |list: &[NameGlob]| list.iter().any(|glob| glob.matches(name));
    if is_in(&rules.remove) {
        return Some(By::Remove);
    }
    let hides = |pattern: &str| match (pattern.strip_suffix('*'), name.to_str()) {
        (Some(beginning), Some(name)) => name.starts_with(beginning),
        _ => name == pattern,
    };
    let hidden = rules
        .hide
        .iter()
        .find(|manager| manager.removes.iter().any(|it| hides(it)));
    if let Some(manager) = hidden {
        return Some(By::Hide(manager.name));
    }
    if rules.private.iter().any(|variable| variable == "HOME")
        && BELOW_HOME.iter().any(|below| name == *below)
    {
        return Some(By::Private);
    }
    let admitted = rules.only.iter().all(|list| is_in(list));
    (!admitted).then_some(By::Only)
}

/// What gets a private directory, without what the policy sets to something else.
fn private(rules: &EnvironmentRules, has: impl Fn(&str) -> bool) -> Vec<PrivateVariable> {
    let asked = rules
        .private
        .iter()
        .map(|name| (name.as_str(), By::Private));
    let hidden = rules.hide.iter().flat_map(|manager| {
        let by = By::Hide(manager.name);
        manager.private.iter().map(move |name| (*name, by))
    });
    let mut variables: Vec<PrivateVariable> = Vec::new();
    let mut add = |name: &str, directory: String, by: By| {
        let is_set = rules.set.iter().any(|(set, _)| set == name);
        if !is_set && variables.iter().all(|variable| variable.name != name) {
            let name = name.to_owned();
            variables.push(PrivateVariable {
                name,
                directory,
                by,
            });
        }
    };
    for (name, by) in asked.chain(hidden) {
        add(name, directory(name), by);
    }
    if rules.private.iter().any(|name| name == "TMPDIR") {
        for name in ALSO_TEMPORARY.into_iter().filter(|name| has(name)) {
            add(name, directory("TMPDIR"), By::Private);
        }
    }
    variables
}

/// The directory of a variable: short for those that sockets are made in, whose paths may have 107 bytes (unix(7)).
fn directory(variable: &str) -> String {
    match variable {
        "TMPDIR" => "tmp".to_owned(),
        "XDG_RUNTIME_DIR" => "run".to_owned(),
        "HOME" => "home".to_owned(),
        "tmp" | "run" | "home" => format!("{variable}_"),
        other => other.to_owned(),
    }
}

/// What gets a value.
fn set(rules: &EnvironmentRules) -> Vec<(String, String, By)> {
    let own = rules.set.iter();
    let mut set: Vec<_> = own
        .map(|(name, value)| (name.clone(), value.clone(), By::Set))
        .collect();
    for manager in &rules.hide {
        for (name, value) in manager.sets {
            let taken = set.iter().any(|(known, ..)| known == name)
                || rules.private.iter().any(|variable| variable == name);
            if !taken {
                let by = By::Hide(manager.name);
                set.push(((*name).to_owned(), (*value).to_owned(), by));
            }
        }
    }
    set
}

#[cfg(test)]
mod tests {
    use super::{By, GateVariables, Given, SuiteEnvironment};
    use crate::policy::Policy;
    use jiff::civil::date;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    use std::path::Path;

    const GATES: &str = "[gate.a]\nenv='A_TESTS'\nwhy='w'\nwhere='x'\n[gate.b]\nenv='B_TESTS'\nwhy='w'\nwhere='x'\n";

    fn policy(rules: &str) -> Policy {
        let text = format!(
            "{GATES}{}\n",
            match rules.split_once("[defaults]") {
                // A table is opened before those in it.
                Some((inner, outer)) =>
                    format!("[defaults]{outer}\n[defaults.environment]\n{inner}"),
                None => format!("[defaults.environment]\n{rules}"),
            }
        );
        let file = Path::new("guardrun.toml");
        crate::policy::from_text(&text, file, file, date(2026, 1, 1)).expect(&text)
    }

    fn draw(rules: &str, given: &[(&str, &str)]) -> SuiteEnvironment {
        let environment = given.iter().copied().collect();
        let given = Given {
            environment: &environment,
            processors: 8,
        };
        let gates = GateVariables {
            needed: &["A_TESTS".to_owned()],
            others: &["B_TESTS".to_owned()],
        };
        SuiteEnvironment::draw(given, &policy(rules).defaults, gates)
    }

    /// `NAME=VALUE` of everything that the suite gets, in order.
    fn gets(rules: &str, given: &[(&str, &str)]) -> Vec<String> {
        let all = draw(rules, given).complete(Some(Path::new("/p")), []);
        let pair =
            |(name, value): (OsString, OsString)| format!("{}={}", name.display(), value.display());
        all.into_iter().map(pair).collect()
    }

    #[test]
    fn without_rules_everything_stays_but_what_is_of_one_run_and_other_gates() {
        let given = [
            ("PATH", "/bin"),
            ("A_TESTS", "1"),
            ("B_TESTS", "1"),
            ("GUARDRUN_SUITE", "x"),
            ("GUARDRUN_REPORT", "x"),
            ("GUARDRUN_RUN_ID", "x"),
            ("GUARDRUN_LIFELINE_FD", "9"),
            ("GUARDRUN_LEVEL", "cgroup"),
            ("DUP", "1"),
            ("DUP", "2"),
        ];
        assert_eq!(
            gets("", &given),
            [
                "PATH=/bin",
                "A_TESTS=1",
                "GUARDRUN_LEVEL=cgroup",
                "DUP=1",
                "DUP=2"
            ]
        );
    }

    #[test]
    fn what_is_removed_goes_and_its_neighbours_stay() {
        let given = [
            ("TMUX", "a"),
            ("TMUX_PANE", "b"),
            ("ATMUX", "c"),
            ("TMUX", "d"),
        ];
        assert_eq!(gets("remove=['TMUX*']", &given), ["ATMUX=c"]);
        assert_eq!(gets("remove=['TMUX']", &given), ["TMUX_PANE=b", "ATMUX=c"]);
        let removed = draw("remove=['TMUX*']", &given).removed;
        let names: Vec<_> = removed
            .iter()
            .map(|(name, by)| (name.to_str().unwrap(), *by))
            .collect();
        assert_eq!(
            names,
            [("TMUX", By::Remove), ("TMUX_PANE", By::Remove)],
            "each name once"
        );
    }

    #[test]
    fn with_a_list_of_what_may_stay_everything_else_goes_but_the_gate_and_guardruns_own() {
        let given = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("SECRET", "s"),
            ("A_TESTS", "1"),
            ("B_TESTS", "1"),
            ("GUARDRUN_REQUIRE", "1"),
        ];
        let kept = ["PATH=/bin", "LC_ALL=C", "A_TESTS=1", "GUARDRUN_REQUIRE=1"];
        assert_eq!(gets("only=['PATH', 'LC_*', '*_TESTS']", &given), kept);
        assert_eq!(gets("only=[]", &given), ["A_TESTS=1", "GUARDRUN_REQUIRE=1"]);
        assert_eq!(draw("only=[]", &given).missed(), ["PATH"]);
        assert!(draw("only=[]\nset={PATH='/x'}", &given).missed().is_empty());
    }

    #[test]
    fn a_rule_that_takes_everything_does_not_take_the_gate_that_the_suite_needs() {
        let given = [
            ("A_TESTS", "1"),
            ("X_TESTS", "1"),
            ("GUARDRUN_REQUIRE", "1"),
        ];
        assert_eq!(
            gets("remove=['*']", &given),
            ["A_TESTS=1", "GUARDRUN_REQUIRE=1"]
        );
    }

    #[test]
    fn what_is_set_is_there_once_whatever_was_given_or_would_take_it_away() {
        let given = [("X", "1"), ("X", "2"), ("Y", "3")];
        assert_eq!(gets("set={X='n'}\nonly=[]\nremove=['X*']", &given), ["X=n"]);
        assert_eq!(gets("set={Z=''}", &given), ["X=1", "X=2", "Y=3", "Z="]);
    }

    #[test]
    fn a_private_home_does_not_leave_the_ways_back_to_the_real_one() {
        let given = [
            ("HOME", "/root"),
            ("XDG_CONFIG_HOME", "/srv/c"),
            ("XDG_DATA_DIRS", "/usr"),
        ];
        assert_eq!(
            gets("private=['HOME']", &given),
            ["XDG_DATA_DIRS=/usr", "HOME=/p/home"]
        );
        assert_eq!(
            gets("private=['HOME']\nset={XDG_CONFIG_HOME='/c'}", &given),
            ["XDG_DATA_DIRS=/usr", "XDG_CONFIG_HOME=/c", "HOME=/p/home"]
        );
        assert_eq!(
            gets("private=['TMPDIR']", &given[..2]).len(),
            3,
            "and otherwise it stays"
        );
    }

    #[test]
    fn the_other_names_of_the_temporary_directory_go_with_it_where_they_are_there() {
        assert_eq!(
            gets("private=['TMPDIR']", &[("A", "1")]),
            ["A=1", "TMPDIR=/p/tmp"]
        );
        assert_eq!(
            gets("private=['TMPDIR']", &[("TMP", "/t"), ("TEMP", "/t")]),
            ["TMPDIR=/p/tmp", "TEMP=/p/tmp", "TMP=/p/tmp"]
        );
        assert_eq!(
            draw("private=['TMPDIR']", &[("TMP", "/t")]).directories(),
            ["tmp"]
        );
    }

    #[test]
    fn hiding_closes_the_way_that_a_program_takes_without_the_variable() {
        let given = [
            ("DOCKER_HOST", "tcp://x"),
            ("DOCKER_CONTEXT", "c"),
            ("TMUX", "s"),
            ("K", "1"),
        ];
        assert_eq!(
            gets("hide=['docker', 'tmux']", &given),
            [
                "K=1",
                "DOCKER_HOST=unix:///dev/null",
                "TMUX_TMPDIR=/p/TMUX_TMPDIR"
            ]
        );
        assert_eq!(
            gets(
                "hide=['docker']\nset={DOCKER_HOST='tcp://mine'}",
                &given[..1]
            ),
            ["DOCKER_HOST=tcp://mine"],
            "the policy has the last word"
        );
        let kubernetes = [("KUBERNETES_SERVICE_HOST", "x"), ("KUBE", "y")];
        assert_eq!(
            gets("hide=['kubernetes']", &kubernetes),
            ["KUBE=y", "KUBECONFIG=/dev/null"]
        );
    }

    #[test]
    fn hints_for_workers_lower_and_never_raise() {
        let all = gets(
            "workers=4",
            &[("RUST_TEST_THREADS", "2"), ("CARGO_BUILD_JOBS", "64")],
        );
        for pair in [
            "RUST_TEST_THREADS=2",
            "CARGO_BUILD_JOBS=4",
            "VITEST_MAX_WORKERS=4",
            "VITEST_MIN_FORKS=1",
        ] {
            assert!(all.iter().any(|known| known == pair), "{pair} in {all:?}");
        }
        assert_eq!(
            all.iter()
                .filter(|pair| pair.starts_with("CARGO_BUILD_JOBS"))
                .count(),
            1
        );
        assert!(
            !all.iter().any(|pair| pair.starts_with("CTEST_")),
            "ctest alone uses one"
        );
        let own = gets("workers=4\nset={GOMAXPROCS='9'}", &[]);
        assert!(own.contains(&"GOMAXPROCS=9".to_owned()), "{own:?}");
        let removed = gets("workers=4\nremove=['GOMAXPROCS']", &[("GOMAXPROCS", "1")]);
        assert!(
            removed.contains(&"GOMAXPROCS=4".to_owned()),
            "what is removed is not there to be less"
        );
        assert_eq!(
            gets("", &[("CARGO_BUILD_JOBS", "64")]),
            ["CARGO_BUILD_JOBS=64"]
        );
    }

    #[test]
    fn a_name_that_is_no_text_is_judged_like_any_other() {
        let name = OsString::from_vec(b"A\xff".to_vec());
        let given = [(name.clone(), OsString::from("1"))];
        let gates = GateVariables {
            needed: &[],
            others: &[],
        };
        let draw = |rules: &str| {
            let environment = given.iter().cloned().collect();
            let given = Given {
                environment: &environment,
                processors: 8,
            };
            SuiteEnvironment::draw(given, &policy(rules).defaults, gates)
        };
        assert_eq!(draw("").complete(None, []), given);
        assert_eq!(draw("only=['B']").removed, [(name.clone(), By::Only)]);
        assert_eq!(draw("remove=['A*']").removed, [(name, By::Remove)]);
    }
}
