//! What is wrong with a policy is said with its place, and everything wrong has a right twin.

use super::{bad, good, read};
use proptest::prelude::*;
use std::time::{Duration, Instant};

const GATE: &str = "[gate.g]\nenv='G_TESTS'\nwhy='w'\nwhere='here'\n";

#[test]
fn an_unknown_key_is_shown_with_the_nearest_one() {
    let said = bad("[suite.unit]\ncommand = [\"cargo\", \"test\"]\ntimout = \"10m\"\n");
    let (what, known) = said.split_once("hint: ").expect("a hint");
    assert_eq!(
        what,
        "guardrun.toml:3:1: unknown key `timout`\n  |\n3 | timout = \"10m\"\n  | ^^^^^^\n\
         did you mean `timeout`?\n"
    );
    assert!(
        known.starts_with("the keys known here are gate, command, match, "),
        "{known}"
    );
}

#[test]
fn unknown_keys_are_errors_at_every_level() {
    let cases = [
        ("suites = 1", "unknown key `suites`"),
        ("[defaults]\nat_least='cgroup'", "unknown key `at_least`"),
        (
            "[gate.g]\nenv='G_TESTS'\nwhy='w'\nwhere='x'\nwhen='y'",
            "unknown key `when`",
        ),
        ("[suite.a]\ncommand=['a']\ncmd=['a']", "unknown key `cmd`"),
        (
            "[suite.a]\ncommand=['a']\n[suite.a.dangerously-allow-leaks]\nreason='r'\nexpire=2027-01-01",
            "unknown key `expire`",
        ),
        (
            "[suite.a]\ncommand=['a']\n[suite.a.dangerously-hold-weaker]\nat-least='subreaper'\nreason='r'\nx=1",
            "unknown key `x`",
        ),
        (
            "[suite.a]\ncommand=['a']\n[[suite.a.dangerously-expect-leftover]]\nprogram='p'\nreason='r'\nx=1",
            "unknown key `x`",
        ),
        (
            "[suite.a]\ncommand=['a']\n[suite.a.dangerously-outlive-parent]\nreason='r'\nx=1",
            "unknown key `x`",
        ),
    ];
    for (text, what) in cases {
        let error = bad(text);
        assert!(error.contains(what), "{text}\n{error}");
    }
}

#[test]
fn a_key_that_imitates_the_message_about_it_is_still_shown_as_a_key() {
    let error = bad("\"a`, expected `b\" = 1");
    assert!(error.contains("unknown key `a"), "{error}");
}

#[test]
fn a_gate_that_is_not_there_is_an_error_with_the_nearest_one() {
    let error = bad(&format!("{GATE}[suite.a]\ngate='h'\ncommand=['a']"));
    assert!(
        error.starts_with("guardrun.toml:6:6: there is no gate `h`\n"),
        "{error}"
    );
    assert!(error.contains("did you mean `g`?"), "{error}");
    good(&format!("{GATE}[suite.a]\ngate='g'\ncommand=['a']"));
}

#[test]
fn a_generic_variable_cannot_open_a_gate_and_a_dedicated_one_can() {
    for name in [
        "CI",
        "GITHUB_ACTIONS",
        "NODE_ENV",
        "ACT",
        "CLAUDECODE",
        "PATH",
        "GUARDRUN_SUITE",
        "GUARDRUN_RUN_ID",
        "1A",
        "",
        "A B",
    ] {
        let error = bad(&format!("[gate.g]\nenv='{name}'\nwhy='w'\nwhere='x'"));
        assert!(error.starts_with("guardrun.toml:2:5: "), "{error}");
        assert!(error.contains("^\nhint: "), "{error}");
    }
    assert!(
        bad("[gate.g]\nenv='CI'\nwhy='w'\nwhere='x'")
            .contains("CI cannot open a gate: it is set for other reasons")
    );
    for name in ["GUARDRUN_DAEMON_TESTS", "KOLU_DAEMON_TESTS", "MY_CI_TESTS"] {
        good(&format!("[gate.g]\nenv='{name}'\nwhy='w'\nwhere='x'"));
    }
}

#[test]
fn two_gates_with_one_variable_are_an_error_that_shows_both() {
    let error = bad(
        "[gate.a]\nenv='X_TESTS'\nwhy='w'\nwhere='x'\n[gate.b]\nenv='X_TESTS'\nwhy='w'\nwhere='x'",
    );
    assert!(
        error.starts_with("guardrun.toml:6:5: X_TESTS opens the gate `a` already"),
        "{error}"
    );
    assert!(
        error.contains("guardrun.toml:1: the other gate is here"),
        "{error}"
    );
    good(
        "[gate.a]\nenv='X_TESTS'\nwhy='w'\nwhere='x'\n[gate.b]\nenv='Y_TESTS'\nwhy='w'\nwhere='x'",
    );
}

#[test]
fn a_gate_has_to_say_why_and_where() {
    assert!(bad("[gate.g]\nenv='G_TESTS'\nwhere='x'").contains("missing field `why`"));
    assert!(bad("[gate.g]\nenv='G_TESTS'\nwhy='w'").contains("missing field `where`"));
    assert!(
        bad("[gate.g]\nenv='G_TESTS'\nwhy=' \\t'\nwhere='x'"
            .replace('\'', "\"")
            .as_str())
        .contains("`why` says nothing")
    );
    assert!(bad("[gate.g]\nenv='G_TESTS'\nwhy='w'\nwhere='—'").contains("`where` says nothing"));
}

#[test]
fn a_suite_has_to_say_what_it_is() {
    assert!(bad("[suite.a]\n").contains("neither `command` nor `match`"));
    assert!(bad("[suite.a]\nmatch=[]").contains("`match` is empty"));
    assert!(bad("[suite.a]\nmatch=['']").contains("without a program"));
    assert!(bad("[suite.a]\ncommand=[]").contains("without a program"));
    assert!(bad("[suite.a]\ncommand=['']").contains("without a program"));
    assert!(
        bad("[suite.a]\ncommand='cargo test'")
            .contains(r#"expected a list of words, such as ["cargo", "test"]"#)
    );
    assert!(bad("[suite.a]\nmatch=['cargo \"test']").contains("a quote is opened here"));
    assert!(bad("[suite.a]\nmatch=['cargo [a']").contains("is not a glob"));
    assert!(
        bad("[suite.a]\nmatch=[3]").contains("a command line, as one string or as a list of words")
    );
    good("[suite.a]\ncommand=['a']\n[suite.b]\nmatch=['cargo test *', ['cargo', 'bench', '*']]");
}

#[test]
fn names_are_kept_to_what_needs_no_quoting() {
    for name in ["\"\"", "\"a b\"", "\"-a\"", "\"é\"", "\"a.b\"", "_a"] {
        let error = bad(&format!("[suite.{name}]\ncommand=['a']"));
        assert!(error.contains("cannot be the name of a suite"), "{error}");
    }
    for name in ["a", "0", "e2e-live_2"] {
        good(&format!("[suite.{name}]\ncommand=['a']"));
    }
}

#[test]
fn durations_have_a_unit_and_a_bound() {
    let suite = |line: &str| format!("[suite.a]\ncommand=['a']\n{line}");
    assert!(bad(&suite("timeout='10'")).contains("is not a duration"));
    assert!(bad(&suite("timeout=600")).contains("invalid type: integer"));
    assert!(bad(&suite("timeout='0s'")).contains("a timeout of nothing"));
    assert!(bad(&suite("timeout='400days'")).contains("longer than a year"));
    assert!(bad(&suite("grace='-1s'")).contains("is not a duration"));
    assert!(bad(&suite("grace='99999999999999999999y'")).contains("is not a duration"));
    good(&suite("timeout='1h 30m'\ngrace='0s'"));
}

#[test]
fn a_level_that_contradicts_at_least_is_an_error() {
    let suite = |line: &str| format!("[suite.a]\ncommand=['a']\n{line}");
    assert!(bad(&suite("level='cgoup'")).contains("did you mean `cgroup`?"));
    assert!(bad(&suite("at-least='auto'")).contains("there is no level `auto`"));
    assert!(
        bad(&suite("level='subreaper'\nat-least='cgroup'"))
            .contains("the level subreaper is weaker than the cgroup")
    );
    assert!(bad("[defaults]\nlevel='subreaper'\nat-least='namespace'").contains("is weaker"));
    good(&suite("level='namespace'\nat-least='cgroup'"));
    good(&suite("level='auto'"));
}

#[test]
fn unmatched_is_one_of_two_words() {
    assert!(bad("unmatched='reject'").contains("nothing that can become of a command"));
    assert!(bad("unmatched='refse'").contains("did you mean `refuse`?"));
    good("unmatched='refuse'");
    good("unmatched='hold'");
}

#[test]
fn one_pattern_in_two_suites_is_an_error_that_shows_both() {
    let error = bad("[suite.a]\nmatch=['cargo test *']\n[suite.b]\nmatch=['x', 'cargo  test *']");
    assert!(
        error.starts_with("guardrun.toml:4:13: `cargo  test *` is the suite `a` already"),
        "{error}"
    );
    assert!(
        error.contains("guardrun.toml:2: it is first said here"),
        "{error}"
    );
    assert!(bad("[suite.a]\nmatch=['b', 'b']").contains("in this list twice"));
    assert!(
        bad("[suite.a]\ncommand=['x']\n[suite.b]\ncommand=['x']")
            .contains("is the suite `a` already")
    );
}

#[test]
fn what_is_no_toml_is_shown_where_it_breaks() {
    let error = bad("[suite.a\ncommand=['a']");
    assert!(error.starts_with("guardrun.toml:1:"), "{error}");
    assert!(error.contains("^"), "{error}");
    assert!(bad("a=1\na=2").contains("duplicate key"));
    assert!(bad("[suite.a]\ncommand=['a']\n[suite.a]\ncommand=['b']").contains("duplicate key"));
}

#[test]
fn an_escape_sequence_in_the_file_does_not_reach_the_terminal() {
    let error = bad("[suite.\"\\u001b[2K\"]\ncommand=['a']");
    assert!(!error.contains('\u{1b}'), "{error:?}");
    let error = bad("'a\u{1b}[2K' = 1");
    assert!(!error.contains('\u{1b}'), "{error:?}");
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let started = Instant::now();
    bad(&format!("a = {}", "[".repeat(500_000)));
    bad(&format!("a = {}", "{a=".repeat(300_000)));
    bad(&format!("{} = 1", "a.".repeat(400_000)));
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn two_thousand_suites_with_examples_are_read_in_seconds() {
    let mut text = String::new();
    for i in 0..2000 {
        text.push_str(&format!(
            "[suite.s{i}]\nmatch=['cargo test --test s{i} *', 'tool{i} *.rs']\nexamples=['cargo test --test s{i} -- x', 'tool{i} a.rs']\n"
        ));
    }
    let started = Instant::now();
    let policy = good(&text);
    let found = policy
        .suite_for(&["cargo", "test", "--test", "s1999"])
        .unwrap()
        .unwrap();
    assert_eq!(found.suite.name, "s1999");
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_policy_of_1_mib_is_read_in_seconds_whatever_it_is_full_of() {
    let full_of = |item: &str| {
        let mut text = "[suite.a]\nmatch = [\n".to_owned();
        for i in 0.. {
            let next = item.replace('N', &i.to_string());
            if text.len() + next.len() + 100 > 1024 * 1024 {
                break;
            }
            text.push_str(&next);
        }
        text.push_str("]\nexamples = ['x a1', 'x a1 y']\nno-match = ['y']\n");
        text
    };
    for item in ["'x aN*',", "'x *N* *',", "'x aN',", "'x ** aN ** *',"] {
        let started = Instant::now();
        let _ = read(&format!("{}[suite.b]\nmatch=['x *']\n", full_of(item)));
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{item} took {:?}",
            started.elapsed()
        );
    }
}

#[test]
fn a_word_with_wildcards_has_a_longest_length() {
    let suite = |word: String| format!("[suite.a]\nmatch=['x {word}']");
    assert!(bad(&suite("?".repeat(1025))).contains("a word with wildcards is 1025 bytes long"));
    let longest = good(&suite("?".repeat(1024)));
    assert!(
        longest
            .suite_for(&["x".to_owned(), "a".repeat(1024)])
            .unwrap()
            .is_some()
    );
    good(&suite("a".repeat(5000)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        let _ = read(&text).map_err(|error| error.to_string());
    }

    #[test]
    fn no_policy_with_one_mutation_makes_the_parser_panic(at in 0usize..400, with in "[\\x00-\\x7fé\u{202e}]{0,3}") {
        let mut text: Vec<char> = super::DAEMON.chars().collect();
        let at = at.min(text.len());
        text.splice(at..(at + 1).min(text.len()), with.chars());
        let text: String = text.into_iter().collect();
        let _ = read(&text).map_err(|error| error.to_string());
    }

    #[test]
    fn no_value_in_any_key_makes_the_parser_panic(value in "\\PC{0,40}") {
        let value = format!("{value:?}");
        for key in ["command=[@]", "match=[@]", "examples=[@]", "timeout=@", "grace=@", "level=@", "gate=@"] {
            let line = key.replace('@', &value);
            let _ = read(&format!("[suite.a]\ncommand=['a']\n{line}\n")).map_err(|error| error.to_string());
        }
    }
}
