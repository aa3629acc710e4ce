//! "The opt-in literal stands where it arms a workstation."

use super::{CI, findings_under, found, workflow};

/// What is found beside a lane that is whole.
fn beside(path: &str, text: &str) -> Vec<String> {
    let lane = workflow("      - run: APP_DAEMON_TESTS=1 guardrun run daemon\n");
    found(&[(CI, &lane), (path, text)])
}

#[test]
fn each_kind_of_file_that_arms_a_workstation_is_known() {
    let table = [
        (".env", "A=1\nAPP_DAEMON_TESTS=1\n", 2),
        ("web/.env.local", "APP_DAEMON_TESTS='1'\n", 1),
        (".envrc", "export APP_DAEMON_TESTS=1\n", 1),
        (
            "package.json",
            "{\"scripts\": {\n  \"test\": \"APP_DAEMON_TESTS=1 vitest\"\n}}",
            2,
        ),
        (
            ".cargo/config.toml",
            "[env]\nAPP_DAEMON_TESTS = { value = \"1\", force = true }\n",
            2,
        ),
        (".bashrc", "export APP_DAEMON_TESTS=1", 1),
        (
            ".devcontainer/devcontainer.json",
            "{\n// x\n\"containerEnv\": {\"APP_DAEMON_TESTS\": \"1\"}}",
            3,
        ),
        (
            ".vscode/settings.json",
            "{\"terminal.integrated.env.linux\": {\"APP_DAEMON_TESTS\": \"1\"}}",
            1,
        ),
        (
            ".vscode/tasks.json",
            "{\"command\": \"APP_DAEMON_TESTS=1 cargo test\"}",
            1,
        ),
        (
            "docker-compose.yml",
            "services:\n  a:\n    environment:\n      - APP_DAEMON_TESTS=1\n",
            4,
        ),
        ("Dockerfile", "FROM x\nENV APP_DAEMON_TESTS 1\n", 2),
        ("mise.toml", "[env]\nAPP_DAEMON_TESTS = \"1\"\n", 2),
        (
            "flake.nix",
            "shellHook = ''\n  export APP_DAEMON_TESTS=1\n'';",
            2,
        ),
        ("shell.nix", "APP_DAEMON_TESTS = \"1\";", 1),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\nenv = [\"APP_DAEMON_TESTS=1\"]\n",
            2,
        ),
        ("tox.ini", "[testenv]\nsetenv =\n  APP_DAEMON_TESTS=1\n", 3),
        (
            "tests/conftest.py",
            "import os\nos.environ[\"APP_DAEMON_TESTS\"] = \"1\"\n",
            2,
        ),
        (
            "vitest.config.ts",
            "export default { test: { env: { APP_DAEMON_TESTS: '1' } } }",
            1,
        ),
        ("jest.config.js", "process.env.APP_DAEMON_TESTS = '1';", 1),
        (
            ".claude/settings.json",
            "{\"env\": {\"APP_DAEMON_TESTS\": \"1\"}}",
            1,
        ),
    ];
    for (path, text, line) in table {
        assert_eq!(
            beside(path, text),
            [format!("arms-workstation {path}:{line}")],
            "{text}"
        );
    }
}

#[test]
fn what_is_not_set_there_or_arms_nobody_is_left_alone() {
    for (path, text) in [
        (".env", "# APP_DAEMON_TESTS=1\nAPP_DAEMON_TESTS=0\n"),
        (".envrc", "[ \"$APP_DAEMON_TESTS\" = 1 ] && echo armed\n"),
        ("package.json", "{\"scripts\": {\"test\": \"vitest\"}}"),
        (
            "tests/conftest.py",
            "if os.environ.get(\"APP_DAEMON_TESTS\") == \"1\": pass\n",
        ),
        ("README.md", "APP_DAEMON_TESTS=1 just test-daemon\n"),
        (
            "justfile",
            "a:\ntest-daemon:\n    APP_DAEMON_TESTS=1 guardrun run daemon\n",
        ),
        (
            "Makefile",
            "a:\nt: export APP_DAEMON_TESTS = 1\nt:\n\tguardrun run daemon\n",
        ),
    ] {
        assert_eq!(beside(path, text), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn a_variable_for_every_recipe_arms_the_safe_ones_too() {
    let just = "export APP_DAEMON_TESTS := \"1\"\na:\nt:\n    true\n";
    assert_eq!(beside("justfile", just), ["arms-workstation justfile:1"]);
    assert_eq!(
        beside("Makefile", "export APP_DAEMON_TESTS = 1\na:\n"),
        ["arms-workstation Makefile:1"]
    );
}

#[test]
fn a_finding_shows_the_line_says_why_and_how_to_mend_it() {
    let lane = workflow("      - run: APP_DAEMON_TESTS=1 guardrun run daemon\n");
    let all = findings_under(
        super::POLICY,
        &[
            (CI, &lane),
            (".envrc", "use flake\n  export APP_DAEMON_TESTS=1 # x\n"),
        ],
    );
    let [finding] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!((finding.line, finding.column), (2, 10));
    assert_eq!(
        finding.excerpt.as_deref(),
        Some("  |\n2 |   export APP_DAEMON_TESTS=1 # x\n  |          ^^^^^^^^^^^^^^^^^^")
    );
    assert!(finding.what.contains("direnv"), "{}", finding.what);
    assert!(
        finding.hint.contains("just test-daemon"),
        "{}",
        finding.hint
    );
    assert_eq!(finding.gate.as_deref(), Some("daemon"));
}
