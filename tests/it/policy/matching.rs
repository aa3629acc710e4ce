//! "Argv globs; the most specific suite wins; a tie is an error."

use super::{DAEMON, bad, good};
use guardrun::policy::Policy;
use proptest::prelude::*;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// The suite of a command line, or `-` for none, or `TIE`.
fn suite_of(policy: &Policy, line: &str) -> String {
    let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
    match policy.suite_for(&argv) {
        Ok(None) => "-".to_owned(),
        Ok(Some(found)) => found.suite.name.clone(),
        Err(_) => "TIE".to_owned(),
    }
}

#[track_caller]
fn judged(policy: &str, expected: &[(&str, &str)]) {
    let policy = good(policy);
    for (line, suite) in expected {
        assert_eq!(suite_of(&policy, line), *suite, "{line}");
    }
}

#[test]
fn a_last_star_stands_for_any_arguments_also_none() {
    judged(
        "[suite.a]\nmatch=['cargo test *']",
        &[
            ("cargo test", "a"),
            ("cargo test x", "a"),
            ("cargo test x y", "a"),
            ("cargo", "-"),
            ("cargo bench", "-"),
        ],
    );
}

#[test]
fn a_star_before_the_end_is_one_argument_and_two_are_any() {
    judged(
        "[suite.a]\nmatch=['x * end']\n[suite.b]\nmatch=['y ** end']",
        &[
            ("x 1 end", "a"),
            ("x end", "-"),
            ("x 1 2 end", "-"),
            ("y end", "b"),
            ("y 1 2 end", "b"),
            ("y 1 2", "-"),
            ("y end end", "b"),
        ],
    );
}

#[test]
fn a_pattern_without_a_star_is_exact() {
    judged(
        "[suite.a]\nmatch=['cargo test']",
        &[("cargo test", "a"), ("cargo test x", "-")],
    );
}

#[test]
fn a_star_in_a_word_reaches_over_slashes() {
    judged(
        "[suite.a]\nmatch=['vitest tests/*.spec.ts']",
        &[
            ("vitest tests/a.spec.ts", "a"),
            ("vitest tests/a/b/c.spec.ts", "a"),
            ("vitest a.spec.ts", "-"),
        ],
    );
}

#[test]
fn two_stars_between_slashes_are_any_directories_also_none() {
    judged(
        "[suite.a]\nmatch=['x a/**/b']",
        &[("x a/b", "a"), ("x a/c/d/b", "a"), ("x ab", "-")],
    );
}

#[test]
fn a_path_to_the_program_changes_nothing() {
    judged(
        DAEMON,
        &[
            ("/usr/bin/cargo test", "unit"),
            ("./cargo test --test daemon", "daemon"),
            ("../../bin/cargo test --test daemon x", "daemon"),
            ("mycargo test", "-"),
        ],
    );
}

#[test]
fn a_wildcard_in_a_programs_name_does_not_reach_into_its_path() {
    judged(
        "[suite.a]\nmatch=['py* *']",
        &[("/usr/bin/python3 x", "a"), ("/home/py/other x", "-")],
    );
}

#[test]
fn a_pattern_with_a_slash_is_compared_with_the_end_of_the_path() {
    judged(
        "[suite.a]\nmatch=['scripts/e2e.sh *']\n[suite.b]\nmatch=['/opt/run']",
        &[
            ("scripts/e2e.sh", "a"),
            ("./scripts/e2e.sh", "a"),
            ("/home/me/repo/scripts/e2e.sh x", "a"),
            ("e2e.sh", "-"),
            ("otherscripts/e2e.sh", "-"),
            ("/opt/run", "b"),
            ("/x/opt/run", "-"),
        ],
    );
}

#[test]
fn a_leading_double_star_reaches_through_wrappers() {
    judged(
        "[suite.a]\nmatch=['** vitest *']",
        &[
            ("vitest", "a"),
            ("npx vitest run", "a"),
            ("env A=1 ./node_modules/.bin/vitest", "a"),
            ("npx jest", "-"),
        ],
    );
}

#[test]
fn the_most_specific_suite_wins_whatever_the_order() {
    judged(
        DAEMON,
        &[
            ("cargo test", "unit"),
            ("cargo test --test other", "unit"),
            ("cargo test --test daemon", "daemon"),
            ("cargo test --test daemon -- x", "daemon"),
        ],
    );
    // More literal words, then more literal characters, then fewer wildcards.
    judged(
        "[suite.a]\nmatch=['x * c']\n[suite.b]\nmatch=['x *']",
        &[("x b c", "a")],
    );
    judged(
        "[suite.a]\nmatch=['x a*']\n[suite.b]\nmatch=['x abc*']",
        &[("x abcd", "b"), ("x abd", "a")],
    );
    judged(
        "[suite.a]\nmatch=['x a*c*']\n[suite.b]\nmatch=['x ac*']",
        &[("x ac", "b")],
    );
}

#[test]
fn a_tie_between_two_suites_names_both_and_a_tie_within_one_is_none() {
    let policy = good("[suite.a]\nmatch=['x *b']\n[suite.b]\nmatch=['x b*']");
    let tie = policy.suite_for(&["x", "b"]).unwrap_err();
    assert_eq!(
        (
            tie.first.suite.name.as_str(),
            tie.second.suite.name.as_str()
        ),
        ("a", "b")
    );
    assert_eq!(
        (tie.first.pattern.place.line, tie.second.pattern.place.line),
        (2, 4)
    );
    judged("[suite.a]\nmatch=['x *b', 'x b*']", &[("x b", "a")]);
}

#[test]
fn a_suite_is_also_its_own_command() {
    judged(
        "[suite.a]\ncommand=['just', 'test-daemon']\nmatch=['cargo test *']\n[suite.b]\ncommand=['make', 'e2e']",
        &[
            ("just test-daemon", "a"),
            ("just test-daemon x", "-"),
            ("make e2e", "b"),
            ("make e2e x", "b"),
            ("make", "-"),
        ],
    );
}

#[test]
fn the_command_itself_is_no_pattern() {
    judged(
        r"
[suite.a]
command = ['sh', '*', '[x]', 'a\b']",
        &[
            (r"sh * [x] a\b", "a"),
            (r"sh y [x] a\b", "-"),
            (r"sh * x a\b", "-"),
        ],
    );
}

#[test]
fn an_argument_that_is_no_text_slips_out_of_no_suite() {
    let policy = good(DAEMON);
    let odd = OsString::from_vec(b"--flag=\xff\xfe".to_vec());
    let argv: Vec<OsString> = vec![
        "cargo".into(),
        "test".into(),
        "--test".into(),
        "daemon".into(),
        odd.clone(),
    ];
    assert_eq!(
        policy.suite_for(&argv).unwrap().unwrap().suite.name,
        "daemon"
    );
    let program = OsString::from_vec(b"/\xff/cargo".to_vec());
    let argv = vec![program, "test".into(), "--test".into(), "daemon".into()];
    assert_eq!(
        policy.suite_for(&argv).unwrap().unwrap().suite.name,
        "daemon"
    );
    let glob = good("[suite.a]\nmatch=['x a?*']");
    assert!(
        glob.suite_for(&[OsString::from("x"), OsString::from_vec(b"a\xff".to_vec())])
            .unwrap()
            .is_some()
    );
}

#[test]
fn examples_keep_a_pattern_from_rotting() {
    let policy = |more: &str| DAEMON.replace("timeout = \"10m\"", more);
    good(&policy(
        "examples = ['cargo test --test daemon -- one']\nno-match = ['cargo test', 'make']",
    ));

    let error = bad(&policy("examples = ['cargo test --test deamon']"));
    assert!(
        error.contains("the example `cargo test --test deamon` is the suite `unit`, not `daemon`"),
        "{error}"
    );
    assert!(
        error.contains("guardrun.toml:9: `cargo test *` is the more specific pattern"),
        "{error}"
    );

    let error = bad(&policy("examples = ['make daemon']"));
    assert!(error.contains("no pattern matches it"), "{error}");

    let error = bad(&policy("no-match = ['cargo test --test daemon x']"));
    assert!(
        error.contains("must not be the suite `daemon`, and it is"),
        "{error}"
    );
    assert!(
        error.contains("guardrun.toml:14: `cargo test --test daemon *` matches it"),
        "{error}"
    );

    let error = bad("[suite.a]\nmatch=['x *b']\nexamples=['x b']\n[suite.b]\nmatch=['x b*']");
    assert!(error.contains("is `a` and `b` alike"), "{error}");
    assert!(
        error.contains("guardrun.toml:5: `x b*` matches it as well"),
        "{error}"
    );
}

#[test]
fn no_command_line_at_all_is_no_suite() {
    let policy = good("[suite.a]\nmatch=['**']");
    assert!(policy.suite_for::<&str>(&[]).unwrap().is_none());
    assert_eq!(suite_of(&policy, "x"), "a");
}

/// What a pattern means, said as slowly and as plainly as possible.
fn plainly(pattern: &[String], argv: &[String]) -> bool {
    match pattern.split_first() {
        None => argv.is_empty(),
        Some((word, rest)) if word == "**" || (word == "*" && rest.is_empty()) => {
            (0..=argv.len()).any(|taken| plainly(rest, &argv[taken..]))
        }
        Some((word, rest)) => {
            argv.first()
                .is_some_and(|first| word == "*" || word == first)
                && plainly(rest, &argv[1..])
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn the_matcher_agrees_with_the_plain_meaning(
        pattern in prop::collection::vec(prop::sample::select(vec!["a", "b", "*", "**"]), 1..7),
        argv in prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..7),
    ) {
        let pattern: Vec<String> = pattern.into_iter().map(str::to_owned).collect();
        let argv: Vec<String> = argv.into_iter().map(str::to_owned).collect();
        let policy = good(&format!("[suite.s]\nmatch=[{pattern:?}]"));
        let found = policy.suite_for(&argv).unwrap().is_some();
        prop_assert_eq!(found, plainly(&pattern, &argv));
    }

    #[test]
    fn no_pattern_and_no_command_line_panic(pattern in "[a*?\\[\\]{},\\\\!é-]{1,12}", argument in "\\PC{0,12}") {
        if let Ok(policy) = super::read(&format!("[suite.s]\nmatch=[['x', {pattern:?}, 'y']]")) {
            let _ = policy.suite_for(&["x".to_owned(), argument, "y".to_owned()]);
        }
    }
}
