//! "One opens it through `CI`": `CI` arms workstations where it is set, and closes lanes where it is not.

use super::{CI, found, steps};

#[test]
fn an_opt_in_that_comes_of_ci_is_found_wherever_it_is_made() {
    steps(&[
        (
            "      - run: APP_DAEMON_TESTS=$CI guardrun run daemon\n",
            &[],
            &["through-ci .github/workflows/ci.yml:5"],
        ),
        (
            "      - run: APP_DAEMON_TESTS=${CI:+1} guardrun run daemon\n",
            &[],
            &["through-ci .github/workflows/ci.yml:5"],
        ),
        (
            "      - run: APP_DAEMON_TESTS=\"${CI:-0}\" guardrun run daemon\n",
            &[],
            &["through-ci .github/workflows/ci.yml:5"],
        ),
        (
            "      - run: guardrun run daemon\n        env:\n          APP_DAEMON_TESTS: ${{ env.CI && '1' || '0' }}\n",
            &[],
            &["through-ci .github/workflows/ci.yml:7"],
        ),
        (
            "      - if: env.CI\n        run: APP_DAEMON_TESTS=1 guardrun run daemon\n",
            &[],
            &["through-ci .github/workflows/ci.yml:5"],
        ),
        (
            "      - if: ${{ env.CI == 'true' }}\n        run: APP_DAEMON_TESTS=1 guardrun run daemon\n",
            &[],
            &["through-ci .github/workflows/ci.yml:5"],
        ),
        (
            "      - run: |\n          if [ -n \"$CI\" ]; then\n            export APP_DAEMON_TESTS=1\n          fi\n          guardrun run daemon\n",
            &[],
            &["through-ci .github/workflows/ci.yml:6"],
        ),
        (
            "      - run: |\n          [ \"$CI\" = true ] && export APP_DAEMON_TESTS=1\n          guardrun run daemon\n",
            &[],
            &["through-ci .github/workflows/ci.yml:6"],
        ),
        (
            "      - run: just t\n",
            &[(
                "justfile",
                "a:\nt:\n    APP_DAEMON_TESTS=${CI:+1} guardrun run daemon\n",
            )],
            &["through-ci justfile:3"],
        ),
        (
            "      - run: just t\n",
            &[(
                "justfile",
                "a:\nt:\n    if [ $GITHUB_ACTIONS ]; then APP_DAEMON_TESTS=1 guardrun run daemon; fi\n",
            )],
            &["through-ci justfile:3"],
        ),
        (
            "      - run: make t\n",
            &[(
                "Makefile",
                "ifdef CI\nexport APP_DAEMON_TESTS = 1\nendif\na:\nt:\n\tguardrun run daemon\n",
            )],
            &["through-ci Makefile:2"],
        ),
    ]);
}

#[test]
fn a_recipe_that_nobody_calls_is_looked_at_too() {
    let lane = super::workflow("      - run: APP_DAEMON_TESTS=1 guardrun run daemon\n");
    let just = "a:\nt:\n    APP_DAEMON_TESTS=${CI:+1} guardrun run daemon\n";
    assert_eq!(
        found(&[(CI, &lane), ("justfile", just)]),
        ["through-ci justfile:3"]
    );
}

#[test]
fn ci_that_decides_over_something_else_is_nobodys_business() {
    steps(&[
        (
            "      - run: |\n          if [ -n \"$CI\" ]; then apt-get install x; fi\n          APP_DAEMON_TESTS=1 guardrun run daemon\n",
            &[],
            &[],
        ),
        (
            "      - run: RETRIES=${CI:+3} APP_DAEMON_TESTS=1 guardrun run daemon\n",
            &[],
            &[],
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 guardrun run daemon\n        env: {CI: true}\n",
            &[],
            &[],
        ),
    ]);
}
