//! "Its status is thrown away": a red suite, and a refusal, would leave the lane green.

use super::{CI, found, steps};

const RUN: &str = "APP_DAEMON_TESTS=1 guardrun run daemon";

/// What is found in a step of these lines; the first is line 6.
fn step(lines: &str) -> Vec<String> {
    script("", lines)
}

fn script(more: &str, lines: &str) -> Vec<String> {
    let body: String = lines
        .lines()
        .map(|line| format!("          {line}\n"))
        .collect();
    let text = super::workflow(&format!("      - run: |\n{body}{more}"));
    found(&[(CI, &text)])
}

const LOST: [&str; 1] = ["status-thrown-away .github/workflows/ci.yml:6"];

#[test]
fn what_passes_over_a_failure_is_found() {
    for lines in [
        "RUN || true",
        "RUN || :",
        "RUN || echo failed",
        "RUN || exit 0",
        "RUN || { echo failed; }",
        "RUN | tee log",
        "RUN &",
        "RUN && echo ok\ntrue",
        "(RUN) || true",
        "{ RUN; } || true",
        "if true; then RUN || true; fi",
        "for x in a b; do RUN || true; done",
    ] {
        assert_eq!(step(&lines.replace("RUN", RUN)), LOST, "{lines}");
    }
    assert_eq!(
        step(&format!("set +e\n{RUN}\necho done")),
        ["status-thrown-away .github/workflows/ci.yml:7"]
    );
    assert_eq!(
        step(&format!("f() {{\n  {RUN}\n}}\nf || true")),
        ["status-thrown-away .github/workflows/ci.yml:9"]
    );
    assert_eq!(
        step(&format!("f() {{\n  {RUN}\n  echo\n}}\nif f; then true; fi")),
        ["status-thrown-away .github/workflows/ci.yml:7"]
    );
}

#[test]
fn what_keeps_a_failure_is_not() {
    for lines in [
        "RUN",
        "RUN\ntrue",
        "RUN && echo ok",
        "true && RUN",
        "set -o pipefail\nRUN | tee log",
        "RUN || exit 1",
        "RUN || { echo failed; exit 1; }",
        "RUN || status=$?\nexit $status",
        "RUN || status=1\nexit $status",
        "set +e\nRUN\nstatus=$?\nexit $status",
        "RUN &\nwait $!",
        "if ! RUN; then exit 1; fi",
        "(cd x && RUN)",
        "RUN | tee log; exit ${PIPESTATUS[0]}",
        "f() { RUN; }\nf",
        "echo a | cat\nRUN",
        "for x in a b; do RUN; done",
        "RUN || RUN",
    ] {
        assert_eq!(
            step(&lines.replace("RUN", RUN)),
            Vec::<String>::new(),
            "{lines}"
        );
    }
}

#[test]
fn each_caller_has_its_own_way_to_lose_it() {
    assert_eq!(
        script("        shell: bash\n", &format!("{RUN} | tee log")),
        Vec::<String>::new()
    );
    assert_eq!(
        script("        shell: bash {0}\n", &format!("{RUN}\ntrue")),
        LOST
    );
    assert_eq!(
        script("        continue-on-error: true\n", RUN),
        ["status-thrown-away .github/workflows/ci.yml:7"]
    );
    assert_eq!(
        script("        continue-on-error: false\n", RUN),
        Vec::<String>::new()
    );
    let job = format!(
        "on: push\njobs:\n  a:\n    continue-on-error: true\n    steps:\n      - run: {RUN}\n"
    );
    assert_eq!(
        found(&[(CI, &job)]),
        ["status-thrown-away .github/workflows/ci.yml:4"]
    );
    steps(&[
        (
            "      - run: just t\n",
            &[(
                "justfile",
                "a:\nt:\n    -APP_DAEMON_TESTS=1 guardrun run daemon\n",
            )],
            &["status-thrown-away justfile:3"],
        ),
        (
            "      - run: just t\n",
            &[(
                "justfile",
                "a:\nt:\n    @APP_DAEMON_TESTS=1 guardrun run daemon\n    echo done\n",
            )],
            &[],
        ),
        (
            "      - run: just t\n",
            &[(
                "justfile",
                "a:\nt:\n    #!/usr/bin/env bash\n    APP_DAEMON_TESTS=1 guardrun run daemon\n    echo done\n",
            )],
            &["status-thrown-away justfile:4"],
        ),
        (
            "      - run: just t\n",
            &[(
                "justfile",
                "a:\nt:\n    #!/usr/bin/env bash\n    set -euo pipefail\n    APP_DAEMON_TESTS=1 guardrun run daemon\n    echo done\n",
            )],
            &[],
        ),
        (
            "      - run: make t\n",
            &[(
                "Makefile",
                "a:\nt:\n\t-APP_DAEMON_TESTS=1 guardrun run daemon\n",
            )],
            &["status-thrown-away Makefile:3"],
        ),
        (
            "      - run: make t\n",
            &[(
                "Makefile",
                "a:\nt:\n\tAPP_DAEMON_TESTS=1 guardrun run daemon; true\n",
            )],
            &["status-thrown-away Makefile:3"],
        ),
        (
            "      - run: make -i t\n",
            &[(
                "Makefile",
                "a:\nt:\n\tAPP_DAEMON_TESTS=1 guardrun run daemon\n",
            )],
            &["status-thrown-away .github/workflows/ci.yml:5"],
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 npm run d\n",
            &[(
                "package.json",
                "{\"scripts\": {\n\"d\": \"guardrun run daemon; echo done\"}}",
            )],
            &["status-thrown-away package.json:2"],
        ),
        (
            "      - run: APP_DAEMON_TESTS=1 npm run d || true\n",
            &[(
                "package.json",
                "{\"scripts\": {\n\"d\": \"guardrun run daemon\"}}",
            )],
            &["status-thrown-away .github/workflows/ci.yml:5"],
        ),
        (
            "      - run: ./x\n",
            &[(
                "x",
                "#!/bin/sh\nAPP_DAEMON_TESTS=1 guardrun run daemon\necho done\n",
            )],
            &["status-thrown-away x:2"],
        ),
        (
            "      - run: ./x\n",
            &[(
                "x",
                "#!/bin/sh -e\nAPP_DAEMON_TESTS=1 guardrun run daemon\necho done\n",
            )],
            &[],
        ),
        (
            "      - run: sh -e ./x\n",
            &[("x", "APP_DAEMON_TESTS=1 guardrun run daemon\necho done\n")],
            &[],
        ),
        (
            "      - run: ./x\n",
            &[(
                "x",
                "#!/bin/sh\ntrap 'rm x' EXIT\nAPP_DAEMON_TESTS=1 guardrun run daemon\n",
            )],
            &[],
        ),
    ]);
}
