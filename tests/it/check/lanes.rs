//! "A gated suite is green only when a lane was found that opens it."

use super::{CI, found, steps};

const NONE: &[(&str, &str)] = &[];
const NO_LANE: &[&str] = &["no-lane guardrun.toml:10"];
const CLEAN: &[&str] = &[];

#[test]
fn a_step_that_sets_the_opt_in_and_runs_the_suite_under_guardrun_is_a_lane() {
    steps(&[
        (
            "      - run: APP_DAEMON_TESTS=1 guardrun run daemon\n",
            NONE,
            CLEAN,
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 guardrun -- cargo test --test daemon\n",
            NONE,
            CLEAN,
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 ./target/guard/guardrun --level cgroup run daemon -- --all\n",
            NONE,
            CLEAN,
        ),
        (
            "      - run: guardrun run daemon\n        env:\n          APP_DAEMON_TESTS: 1\n",
            NONE,
            CLEAN,
        ),
        (
            "      - run: guardrun run daemon\n        env: {APP_DAEMON_TESTS: \"1\"}\n",
            NONE,
            CLEAN,
        ),
        (
            "      - run: |\n          export APP_DAEMON_TESTS=1\n          guardrun run daemon\n",
            NONE,
            CLEAN,
        ),
        (
            "      - run: env A=b APP_DAEMON_TESTS=1 timeout -k 5 30m guardrun run daemon\n",
            NONE,
            CLEAN,
        ),
        (
            "      - run: sudo -E env APP_DAEMON_TESTS=1 guardrun run daemon\n",
            NONE,
            CLEAN,
        ),
        (
            "      - run: sudo APP_DAEMON_TESTS=1 guardrun run daemon\n",
            NONE,
            CLEAN,
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 bash -c 'guardrun run daemon'\n",
            NONE,
            CLEAN,
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 nix develop .#ci -c guardrun run daemon\n",
            NONE,
            CLEAN,
        ),
        (
            "      - run: echo \"APP_DAEMON_TESTS=1\" >> \"$GITHUB_ENV\"\n      - run: guardrun run daemon\n",
            NONE,
            CLEAN,
        ),
        (
            "      - uses: nick-fields/retry@v3\n        with:\n          command: APP_DAEMON_TESTS=1 guardrun run daemon\n",
            NONE,
            CLEAN,
        ),
    ]);
}

#[test]
fn a_lane_that_does_not_bring_the_opt_in_to_the_suite_is_none() {
    steps(&[
        ("      - run: cargo test --lib\n", NONE, NO_LANE),
        ("      - run: guardrun run daemon\n", NONE, NO_LANE),
        (
            "      - run: APP_DAEMON_TESTS=1 guardrun run unit\n",
            NONE,
            NO_LANE,
        ),
        (
            "      - run: APP_DAEMON_TESTS=1; guardrun run daemon\n",
            NONE,
            NO_LANE,
        ),
        (
            "      - run: export APP_DAEMON_TESTS=1\n      - run: guardrun run daemon\n",
            NONE,
            NO_LANE,
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 sudo guardrun run daemon\n",
            NONE,
            NO_LANE,
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 env -i PATH=/bin guardrun run daemon\n",
            NONE,
            NO_LANE,
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 guardrun explain -- cargo test --test daemon\n",
            NONE,
            NO_LANE,
        ),
        (
            "      - run: echo APP_DAEMON_TESTS=1 guardrun run daemon\n",
            NONE,
            NO_LANE,
        ),
        (
            "      - run: |\n          cat <<EOF\n          APP_DAEMON_TESTS=1 guardrun run daemon\n          EOF\n",
            NONE,
            NO_LANE,
        ),
        (
            "      # - run: APP_DAEMON_TESTS=1 guardrun run daemon\n      - run: true\n",
            NONE,
            NO_LANE,
        ),
    ]);
    // What comes near it is named.
    steps(&[
        (
            "      - run: APP_DAEMON_TESTS=true guardrun run daemon\n",
            NONE,
            &[
                "no-lane guardrun.toml:10",
                "not-one .github/workflows/ci.yml:5",
            ],
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 cargo test --test daemon\n",
            NONE,
            &[
                "no-lane guardrun.toml:10",
                "runs-bare .github/workflows/ci.yml:5",
            ],
        ),
        (
            "      - run: docker run -e APP_DAEMON_TESTS=1 box guardrun run daemon\n",
            NONE,
            &[
                "no-lane guardrun.toml:10",
                "not-understood .github/workflows/ci.yml:5",
            ],
        ),
        (
            "      - run: ssh box target/guardrun run daemon\n",
            NONE,
            &[
                "no-lane guardrun.toml:10",
                "not-understood .github/workflows/ci.yml:5",
            ],
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 guardrun run demon\n",
            NONE,
            &[
                "no-lane guardrun.toml:10",
                "unknown-suite .github/workflows/ci.yml:5",
            ],
        ),
    ]);
}

#[test]
fn calls_are_followed_through_recipes_targets_scripts_and_packages() {
    let runs = "APP_DAEMON_TESTS=1 guardrun run daemon\n";
    let lane = |call: &str, files: &[(&str, &str)]| {
        let text = super::workflow(&format!("      - run: {call}\n"));
        let mut all = vec![(CI, text.as_str())];
        all.extend_from_slice(files);
        found(&all)
    };
    let just = format!(
        "default:\n    @just --list\n\n# CI only\ntest-daemon suite='daemon': build\n    APP_DAEMON_TESTS=1 guardrun run {{{{suite}}}}\nbuild:\n    true\n{}",
        ""
    );
    for call in [
        "just test-daemon",
        "just test-daemon daemon",
        "just build test-daemon",
        "cd . && just test-daemon",
    ] {
        assert_eq!(lane(call, &[("justfile", &just)]), CLEAN, "{call}");
    }
    assert_eq!(
        lane("just test-daemon unit", &[("justfile", &just)]),
        NO_LANE
    );
    assert_eq!(lane("just", &[("justfile", &just)]), NO_LANE);

    let make = "SUITE ?= daemon\nall: lint\nlint:\n\ttrue\ntest-daemon: lint\n\tAPP_DAEMON_TESTS=1 \\\n\t  guardrun run $(SUITE)\n";
    assert_eq!(lane("make -j4 test-daemon", &[("Makefile", make)]), CLEAN);
    assert_eq!(
        lane("make test-daemon SUITE=unit", &[("Makefile", make)]),
        NO_LANE
    );
    assert_eq!(
        lane(
            "make -C sub ci",
            &[(
                "sub/Makefile",
                "ci:\n\tAPP_DAEMON_TESTS=1 guardrun run daemon\n"
            )]
        ),
        CLEAN
    );
    assert_eq!(
        lane(
            "APP_DAEMON_TESTS=1 make ci",
            &[(
                "Makefile",
                "all:\nci:\n\t$(MAKE) t\nt:\n\tguardrun run daemon\n"
            )]
        ),
        CLEAN
    );

    let package = r#"{"name": "web", "scripts": {"test:daemon": "guardrun run daemon", "pretest": "guardrun run daemon", "test": "true"}}"#;
    for call in [
        "npm run test:daemon",
        "pnpm test:daemon",
        "yarn test:daemon",
        "npm test",
        "npm t",
        "npm run -s test:daemon -- --x",
        "bun run test:daemon",
    ] {
        assert_eq!(
            lane(
                &format!("APP_DAEMON_TESTS=1 {call}"),
                &[("package.json", package)]
            ),
            CLEAN,
            "{call}"
        );
    }
    let root = r#"{"name": "root", "workspaces": ["web"]}"#;
    for call in [
        "npm -w web run test:daemon",
        "pnpm --filter web test:daemon",
        "yarn workspace web test:daemon",
        "npm --prefix web run test:daemon",
        "pnpm -r test:daemon",
    ] {
        assert_eq!(
            lane(
                &format!("APP_DAEMON_TESTS=1 {call}"),
                &[("package.json", root), ("web/package.json", package)]
            ),
            CLEAN,
            "{call}"
        );
    }

    let script = format!(
        "#!/bin/sh\nset -e\ncd \"$(dirname \"$0\")/..\"\n. scripts/lib.sh\ncase ${{1:-all}} in\n  all) daemon ;;\n  unit) guardrun run unit ;;\nesac\n{}",
        ""
    );
    let library = format!("daemon() {{\n  {runs}}}\n");
    let files = [
        ("scripts/ci.sh", script.as_str()),
        ("scripts/lib.sh", library.as_str()),
    ];
    for call in [
        "./scripts/ci.sh",
        "bash -eu scripts/ci.sh all",
        "scripts/ci.sh all",
    ] {
        assert_eq!(lane(call, &files), CLEAN, "{call}");
    }
    assert_eq!(lane("scripts/ci.sh unit", &files), NO_LANE);
    assert_eq!(found(&[(".ci/run", runs)]), CLEAN);
}

#[test]
fn workflows_call_workflows_and_actions_and_a_matrix_is_gone_through() {
    let action = (
        "ci/daemon/action.yml",
        "inputs:\n  suite: {default: unit}\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: guardrun run ${{ inputs.suite }}\n",
    );
    steps(&[
        (
            "      - uses: ./ci/daemon\n        with: {suite: daemon}\n        env: {APP_DAEMON_TESTS: 1}\n",
            &[action],
            CLEAN,
        ),
        (
            "      - uses: ./ci/daemon\n        env: {APP_DAEMON_TESTS: 1}\n",
            &[action],
            NO_LANE,
        ),
    ]);
    let called = "on: workflow_call\njobs:\n  a:\n    steps:\n      - run: APP_DAEMON_TESTS=1 guardrun run daemon\n";
    let calls = "on: [push]\njobs:\n  a:\n    uses: ./.github/workflows/tests.yml\n";
    assert_eq!(
        found(&[(CI, calls), (".github/workflows/tests.yml", called)]),
        CLEAN
    );
    // Alone it is started by nobody, and the caller's environment does not reach it.
    assert_eq!(found(&[(".github/workflows/tests.yml", called)]), NO_LANE);
    let calls = "on: [push]\nenv: {APP_DAEMON_TESTS: 1}\njobs:\n  a:\n    uses: ./.github/workflows/tests.yml\n";
    let bare = called.replace("APP_DAEMON_TESTS=1 ", "");
    assert_eq!(
        found(&[(CI, calls), (".github/workflows/tests.yml", &bare)]),
        NO_LANE
    );

    let matrix = |values: &str, run: &str| {
        format!(
            "on: push\njobs:\n  a:\n    strategy:\n      matrix:\n        recipe: {values}\n    steps:\n      - run: {run}\n"
        )
    };
    let just = (
        "justfile",
        "lint:\n    true\ntest-daemon:\n    APP_DAEMON_TESTS=1 guardrun run daemon\n",
    );
    assert_eq!(
        found(&[
            (
                CI,
                &matrix("[lint, test-daemon]", "just ${{ matrix.recipe }}")
            ),
            just
        ]),
        CLEAN
    );
    assert_eq!(
        found(&[(CI, &matrix("[lint]", "just ${{ matrix.recipe }}")), just]),
        NO_LANE
    );
    // One that is computed is not understood, and is no lane.
    let dynamic = matrix(
        "${{ fromJSON(needs.x.outputs.y) }}",
        "APP_DAEMON_TESTS=1 just ${{ matrix.recipe }}",
    );
    assert_eq!(
        found(&[(CI, &dynamic), just]),
        [
            "no-lane guardrun.toml:10",
            "not-understood .github/workflows/ci.yml:8"
        ]
    );
}

#[test]
fn a_lane_that_is_switched_off_or_started_by_hand_is_told() {
    let lane = "    steps:\n      - run: APP_DAEMON_TESTS=1 guardrun run daemon\n";
    let of = |text: &str| found(&[(CI, text)]);
    let off = format!("on: push\njobs:\n  a:\n    if: false\n{lane}");
    assert_eq!(
        of(&off),
        [
            "no-lane guardrun.toml:10",
            "unreachable-lane .github/workflows/ci.yml:4"
        ]
    );
    let off = "on: push\njobs:\n  a:\n    steps:\n      - if: ${{ false }}\n        run: APP_DAEMON_TESTS=1 guardrun run daemon\n";
    assert_eq!(
        of(off),
        [
            "no-lane guardrun.toml:10",
            "unreachable-lane .github/workflows/ci.yml:5"
        ]
    );
    let by_hand = format!("on: workflow_dispatch\njobs:\n  a:\n{lane}");
    assert_eq!(of(&by_hand), ["only-by-hand .github/workflows/ci.yml:1"]);
    assert_eq!(
        of(&format!(
            "on: [workflow_dispatch, push]\njobs:\n  a:\n{lane}"
        )),
        CLEAN
    );
    assert_eq!(
        of(&format!(
            "on:\n  schedule:\n    - cron: x\njobs:\n  a:\n{lane}"
        )),
        CLEAN
    );
    let condition =
        format!("on: push\njobs:\n  a:\n    if: github.ref == 'refs/heads/main'\n{lane}");
    assert_eq!(
        of(&condition),
        ["conditional-lane .github/workflows/ci.yml:4"]
    );
    assert_eq!(
        of(&format!(
            "on: push\njobs:\n  a:\n    if: ${{{{ !cancelled() }}}}\n{lane}"
        )),
        CLEAN
    );
    // Another lane that is whole makes the weaker ones no matter.
    assert_eq!(
        found(&[
            (CI, &condition),
            (".ci/run", "APP_DAEMON_TESTS=1 guardrun run daemon\n")
        ]),
        CLEAN
    );
}

#[test]
fn gitlab_is_read_as_well() {
    let of = |text: &str| found(&[(".gitlab-ci.yml", text)]);
    let job = "variables:\n  APP_DAEMON_TESTS: \"1\"\n.base:\n  before_script: [cd .]\ntests:\n  extends: .base\n  script:\n    - guardrun run daemon\n";
    assert_eq!(of(job), CLEAN);
    assert_eq!(
        of(&job.replace("\"1\"", "\"0\"")),
        ["no-lane guardrun.toml:10", "not-one .gitlab-ci.yml:8"]
    );
    assert_eq!(
        of(&format!("{job}  allow_failure: true\n")),
        ["status-thrown-away .gitlab-ci.yml:9"]
    );
    assert_eq!(
        of(&format!("{job}  when: manual\n")),
        ["only-by-hand .gitlab-ci.yml:9"]
    );
    assert_eq!(
        of(&format!("{job}  when: never\n")),
        [
            "no-lane guardrun.toml:10",
            "unreachable-lane .gitlab-ci.yml:9"
        ]
    );
    assert_eq!(
        of(&job.replace("guardrun run daemon", "guardrun run daemon | tee x")),
        CLEAN
    );
    assert_eq!(of(&job.replace("tests:", ".tests:")), NO_LANE);
}

#[test]
fn without_ci_every_recipe_is_taken_for_a_lane() {
    let just = "lint:\n    true\ntest-daemon:\n    APP_DAEMON_TESTS=1 guardrun run daemon\n";
    assert_eq!(found(&[("justfile", just)]), CLEAN);
    let first = "test-daemon:\n    APP_DAEMON_TESTS=1 guardrun run daemon\n";
    assert_eq!(found(&[("justfile", first)]), ["default-opens justfile:2"]);
    let make = "test-daemon:\n\tAPP_DAEMON_TESTS=1 guardrun run daemon\n";
    assert_eq!(found(&[("Makefile", make)]), ["default-opens Makefile:2"]);
    assert_eq!(found(&[]), NO_LANE);
}

#[test]
fn a_lane_that_asks_for_nothing_executed_is_told_so() {
    let policy = super::POLICY.replace("required = true\n", "");
    let of = |run: &str| {
        let text = super::workflow(&format!("      - run: {run}\n"));
        super::shown(&super::findings_under(&policy, &[(CI, &text)]))
    };
    assert_eq!(
        of("APP_DAEMON_TESTS=1 guardrun run daemon"),
        ["not-required .github/workflows/ci.yml:5"]
    );
    assert_eq!(
        of("APP_DAEMON_TESTS=1 guardrun run --require daemon"),
        CLEAN
    );
    assert_eq!(
        of("APP_DAEMON_TESTS=1 GUARDRUN_REQUIRE=1 guardrun run daemon"),
        CLEAN
    );
    assert_eq!(
        of("APP_DAEMON_TESTS=1 GUARDRUN_REQUIRE=0 guardrun run daemon"),
        ["not-required .github/workflows/ci.yml:5"]
    );
}

#[test]
fn a_lane_that_calls_without_end_is_followed_a_while_and_that_is_said() {
    let scripts: Vec<(String, String)> = (0..14)
        .map(|number| {
            (
                format!("s{number}"),
                format!("./s{}\n", number + 1).repeat(6),
            )
        })
        .collect();
    let lane = super::workflow("      - run: ./s0\n");
    let mut all: Vec<(&str, &str)> = scripts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    all.push((CI, &lane));
    assert_eq!(
        found(&all),
        ["no-lane guardrun.toml:10", "not-understood guardrun.toml:1"]
    );
    // One that calls itself is no news.
    assert_eq!(
        found(&[
            (CI, &lane),
            ("s0", "./s0\nAPP_DAEMON_TESTS=1 guardrun run daemon\n")
        ]),
        CLEAN
    );
}
