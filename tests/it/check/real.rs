//! Whole repositories: our own, and one that is made like those from which the rules come.

use super::{findings_under, shown};
use guardrun::check::check;
use guardrun::host::repository::Repository;
use std::path::Path;

/// Our own repository, with one file changed.
fn ours(change: Option<(&str, &str, &str)>) -> Vec<String> {
    struct Changed {
        inner: Repository,
        path: String,
        text: String,
    }
    impl guardrun::check::Tree for Changed {
        fn paths(&self) -> &[String] {
            self.inner.paths()
        }
        fn read(&self, path: &str) -> guardrun::check::Content {
            match path == self.path {
                true => guardrun::check::Content::Text(self.text.clone()),
                false => self.inner.read(path),
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let policy = crate::policy::good(&std::fs::read_to_string(root.join("guardrun.toml")).unwrap());
    let (path, from, to) = change.unwrap_or(("guardrun.toml", "", ""));
    let text = std::fs::read_to_string(root.join(path)).unwrap();
    assert!(text.contains(from), "{from} is not in {path}");
    let tree = Changed {
        inner: Repository::around(root),
        path: path.to_owned(),
        text: text.replace(from, to),
    };
    shown(&check(&policy, "guardrun.toml", &tree).findings)
}

#[test]
fn our_own_repository_passes_and_each_change_that_closes_its_lane_is_seen() {
    assert_eq!(ours(None), Vec::<String>::new());
    let run = "GUARDRUN_DAEMON_TESTS=1 target/guard/guardrun run daemon";
    let no_lane = |change| {
        let found = ours(Some(change));
        found
            .iter()
            .any(|it| it.starts_with("no-lane guardrun.toml:"))
    };
    assert!(no_lane((
        "tests/run",
        run,
        "target/guard/guardrun run daemon"
    )));
    assert!(no_lane((
        "tests/run",
        "all) install_daemons; build; unit; daemon ;;",
        "all) build; unit ;;"
    )));
    assert!(no_lane((
        ".ci/run",
        "bash tests/run\n",
        "bash tests/run unit\n"
    )));
    assert!(
        ours(Some((
            "tests/run",
            run,
            "GUARDRUN_DAEMON_TESTS=${CI:+1} target/guard/guardrun run daemon"
        )))
        .iter()
        .any(|it| it.starts_with("through-ci tests/run:"))
    );
    assert!(
        ours(Some((
            "tests/run",
            "-- --no-fail-fast",
            "-- --no-fail-fast || true"
        )))
        .iter()
        .any(|it| it.starts_with("status-thrown-away tests/run:"))
    );
    assert!(
        ours(Some((
            ".ci/run",
            "bash tests/run\n",
            "bash tests/run | tee log || true\n"
        )))
        .iter()
        .any(|it| it.starts_with("status-thrown-away .ci/run:"))
    );
    assert!(
        ours(Some(("tests/run", "set -euo pipefail", "set -u"))).is_empty(),
        "what runs last decides"
    );
}

/// A workspace of packages with one recipe that arms, CI that calls it through a module, and a safe default.
const JUSTFILE: &str = "# Fork-free; safe anywhere.
default: check test

mod ci 'ci/mod.just'

check:
    pnpm -r typecheck

# Forks nothing.
test *args:
    pnpm -r test:unit {{args}}

# CI or a disposable box only: real daemons, PTYs and a browser.
test-daemon:
    nix develop .#ci -c env APP_DAEMON_TESTS=1 guardrun run --require daemon
";

#[test]
fn a_workspace_whose_one_recipe_arms_passes_until_the_lane_is_dropped() {
    let module = "# The DAG of CI.\nnodes: lint daemons\n\nlint:\n    cd .. && just check\n\ndaemons:\n    cd .. && just test-daemon\n";
    let workflow = "name: ci\non:\n  pull_request:\n  push: {branches: [main]}\nconcurrency:\n  group: ${{ github.ref }}\njobs:\n  nodes:\n    runs-on: ${{ matrix.os }}\n    strategy:\n      fail-fast: false\n      matrix:\n        os: [ubuntu-24.04]\n        node: [lint, daemons]\n    steps:\n      - uses: actions/checkout@v4\n      - uses: DeterminateSystems/nix-installer-action@main\n      - name: ${{ matrix.node }}\n        run: nix develop .#ci --command just ci::${{ matrix.node }}\n";
    let package = r#"{"name": "app", "private": true, "scripts": {"test:unit": "vitest run", "typecheck": "tsc"}}"#;
    let all = |just: &str, module: &str, workflow: &str| {
        let files = [
            ("justfile", just),
            ("ci/mod.just", module),
            (super::CI, workflow),
            ("packages/app/package.json", package),
        ];
        shown(&findings_under(super::POLICY, &files))
    };
    assert_eq!(all(JUSTFILE, module, workflow), Vec::<String>::new());
    let no_lane = ["no-lane guardrun.toml:10"];
    assert_eq!(
        all(
            JUSTFILE,
            &module.replace("just test-daemon", "just test"),
            workflow
        ),
        no_lane
    );
    assert_eq!(
        all(
            JUSTFILE,
            module,
            &workflow.replace("[lint, daemons]", "[lint]")
        ),
        no_lane
    );
    assert_eq!(
        all(
            &JUSTFILE.replace("APP_DAEMON_TESTS=1 ", ""),
            module,
            workflow
        ),
        no_lane
    );
    assert_eq!(
        all(
            &JUSTFILE.replace(
                "    nix develop .#ci -c env",
                "    -nix develop .#ci -c env"
            ),
            module,
            workflow
        ),
        ["status-thrown-away justfile:15"]
    );
    assert_eq!(
        all(
            &JUSTFILE.replace("default: check test", "default: check test-daemon"),
            module,
            workflow
        ),
        ["default-opens justfile:15"]
    );
}

/// CI that is a runner of its own: it starts from the recipe that is tagged, and GitHub has a workflow for something else.
#[test]
fn a_recipe_that_is_tagged_for_ci_is_where_ci_starts() {
    let just = "nix_shell := if env('IN_NIX_SHELL', '') != '' { '' } else { 'nix develop path:' + justfile_directory() + ' -c' }\n\nmod ci 'ci/mod.just'\n\ndefault:\n    @just --list\n\ntest-unit:\n    {{ nix_shell }} pnpm test:unit\n";
    let module = "set working-directory := '..'\nnix_shell := if env('IN_NIX_SHELL', '') != '' { '' } else { 'nix develop -c' }\n\n# The nodes.\n[linux]\n[parallel]\n[metadata(\"ci\")]\ndefault: fmt daemon\n\nfmt:\n    {{ nix_shell }} biome ci\n\ndaemon:\n    APP_DAEMON_TESTS=1 BIND_PID=$$ {{ nix_shell }} guardrun run daemon\n";
    let pages = "on:\n  push:\njobs:\n  pages:\n    steps:\n      - run: nix build .#website\n";
    let all = |just: &str, module: &str| {
        let files = [
            ("justfile", just),
            ("ci/mod.just", module),
            (".github/workflows/pages.yml", pages),
        ];
        shown(&findings_under(super::POLICY, &files))
    };
    assert_eq!(all(just, module), Vec::<String>::new());
    assert_eq!(
        all(just, &module.replace("default: fmt daemon", "default: fmt")),
        ["no-lane guardrun.toml:10"]
    );
    assert_eq!(
        all(just, &module.replace("[metadata(\"ci\")]\n", "")),
        ["no-lane guardrun.toml:10"]
    );
    assert_eq!(
        all(
            just,
            &module.replace("APP_DAEMON_TESTS=1 BIND", "APP_DAEMON_TESTS=${CI:+1} BIND")
        ),
        ["through-ci ci/mod.just:14"]
    );
    // As it is before guardrun: the opt-in is there, and nothing holds what it starts.
    assert_eq!(
        all(
            just,
            &module.replace("guardrun run daemon", "cargo test --test daemon")
        ),
        ["no-lane guardrun.toml:10", "runs-bare ci/mod.just:14"]
    );
}
