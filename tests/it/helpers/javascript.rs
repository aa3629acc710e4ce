//! JavaScript projects under node:test, vitest, jest, mocha, bun, playwright and cucumber. All but the first come from their registry,
//! once for all runs.

use super::project::{Project, Starts, holds};
use crate::support::bench::Bench;
use crate::support::gate;
use crate::support::room::daemon_test;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is installed, with exact versions, so that a new release of theirs is no news about guardrun.
const PACKAGES: [&str; 6] = [
    "vitest@4.1.12",
    "jest@30.5.2",
    "mocha@12.0.3",
    BUN,
    "@playwright/test@1.65.1",
    "@cucumber/cucumber@12.2.0",
];

/// bun's own program, without the script that the package `bun` runs to put it into place.
#[cfg(not(target_arch = "aarch64"))]
const BUN: &str = "@oven/bun-linux-x64@1.4.5";
#[cfg(target_arch = "aarch64")]
const BUN: &str = "@oven/bun-linux-aarch64@1.4.5";

/// The body of the tests, the same for all. The body of the describe starts a process itself, as a badly written suite does: a runner
/// that skips a describe executes its body all the same, to collect names.
const BODY: &str = r#"
const start = () => { execFileSync('@START@') }
const real = gated('LIVE_TESTS', { describe, test })
real.describe('the server', () => {
  start()
  real.test('answers', () => { assertGate('LIVE_TESTS'); start() })
  real.test('answers later', async () => { needs('sh'); start() })
})
real.test('without a describe', () => start())
test('plain', () => {})
"#;

/// The body of the describe, and three tests.
const STARTS: Starts = Starts {
    processes: 4,
    tests: 3,
};

/// What a table of cases and nested describes come to, for runners that have `each`.
const TABLE: &str = r#"
const table = gated('LIVE_TESTS', { describe, test })
table.describe.each([['x'], ['y']])('room %s', (name) => {
  table.test.each([1, 2])('case %i', (n) => start())
})
"#;

/// The directory of installed packages; None, and skipped by name, where they cannot be had.
pub(crate) fn packages() -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runners-js");
    fs::create_dir_all(&place).expect("a directory");
    let lock = File::create(place.join("lock")).expect("a lock");
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).expect("flock");
    let (done, wanted) = (place.join("done"), PACKAGES.join(" "));
    if fs::read_to_string(&done).is_ok_and(|is| is == wanted) {
        return Some(place.join("node_modules"));
    }
    fs::write(place.join("package.json"), "{\"private\": true}").expect("a file");
    let npm = Command::new("npm")
        .args([
            "install",
            "--no-save",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ])
        .args(PACKAGES)
        .current_dir(&place)
        .stdin(Stdio::null())
        .output();
    match npm {
        Ok(output) if output.status.success() => {
            fs::write(done, wanted).expect("a file");
            Some(place.join("node_modules"))
        }
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            gate::skip(
                "the runners of JavaScript",
                &format!("npm cannot install them: {why}"),
            );
            None
        }
        Err(error) => {
            gate::skip("the runners of JavaScript", &format!("npm: {error}"));
            None
        }
    }
}

fn project<'b>(bench: &'b Bench, suite: &[&str]) -> Option<Project<'b>> {
    if Command::new("node").arg("--version").output().is_err() {
        gate::skip(suite[0], "node is not installed");
        return None;
    }
    Some(Project::new(bench, "js", suite))
}

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|word| (*word).to_owned()).collect()
}

fn absolute(project: &Project<'_>, file: &str) -> String {
    project.root.join(file).to_string_lossy().into_owned()
}

/// "A closed gate does not run the suite's body at all: show that ours is not."
#[test]
fn a_node_project_starts_nothing_unless_a_run_opened_its_gate() {
    daemon_test(|| {
        let bench = Bench::new();
        let Some(project) = project(&bench, &["node", "--test", "live.test.mjs"]) else {
            return;
        };
        let head = "import { describe, test } from 'node:test'\nimport { execFileSync } from 'node:child_process'\n\
                    import { gated, assertGate, needs } from './guardrun-gate.cjs'\n";
        project.file("live.test.mjs", &format!("{head}{BODY}"));
        let file = absolute(&project, "live.test.mjs");
        let bypasses = [
            (Path::new("/"), words(&["node", &file])),
            (
                Path::new("/"),
                words(&["node", "--test", "--test-name-pattern", "answers", &file]),
            ),
        ];
        holds(&project, STARTS, &bypasses);
    });
}

#[test]
fn a_vitest_project_starts_nothing_unless_a_run_opened_its_gate() {
    daemon_test(|| {
        let bench = Bench::new();
        let (Some(project), Some(packages)) = (
            project(
                &bench,
                &["node_modules/.bin/vitest", "run", "--pool", "forks"],
            ),
            packages(),
        ) else {
            return;
        };
        symlink(packages, project.root.join("node_modules")).expect("a link");
        let head = "import { describe, test } from 'vitest'\nimport { execFileSync } from 'node:child_process'\n\
                    import { gated, assertGate, needs } from './guardrun-gate.cjs'\n";
        project.file("live.test.ts", &format!("{head}{BODY}"));
        let runner = absolute(&project, "node_modules/.bin/vitest");
        let root = project.root.to_string_lossy().into_owned();
        let bypasses = [
            (Path::new("/"), words(&[&runner, "run", "--root", &root])),
            (
                Path::new("/"),
                words(&[&runner, "run", "--root", &root, "--pool", "threads"]),
            ),
            (
                Path::new("/"),
                words(&[&runner, "run", "--root", &root, "-t", "answers"]),
            ),
        ];
        holds(&project, STARTS, &bypasses);
        // Fixtures are found by the text of the function; tables have a name for each case.
        project.file("live.test.ts", &format!("{head}{BODY}{TABLE}{}", r#"
const extended = real.test.extend<{ five: number }>({ five: async ({}, use) => { await use(5) } })
extended('a fixture arrives', ({ five, task }) => { if (five !== 5 || task.name !== 'a fixture arrives') throw new Error('lost') })
"#));
        if let Some((told, ledger)) = project.open("live", &[]) {
            assert_eq!((told.code, told.starts), (Some(0), 8), "{}", told.text);
            assert_eq!(ledger["ran"], 8, "{ledger}");
        }
    });
}

#[test]
fn a_jest_project_starts_nothing_unless_a_run_opened_its_gate() {
    daemon_test(|| {
        let bench = Bench::new();
        let (Some(project), Some(packages)) = (
            project(&bench, &["node_modules/.bin/jest", "--verbose"]),
            packages(),
        ) else {
            return;
        };
        symlink(packages, project.root.join("node_modules")).expect("a link");
        project.file("package.json", "{\"private\": true}");
        let head = "const { execFileSync } = require('node:child_process')\n\
                    const { gated, assertGate, needs } = require('./guardrun-gate.cjs')\n";
        project.file("live.test.js", &format!("{head}{BODY}"));
        let runner = absolute(&project, "node_modules/.bin/jest");
        let root = project.root.to_string_lossy().into_owned();
        let bypasses = [
            (Path::new("/"), words(&[&runner, "--rootDir", &root])),
            (
                Path::new("/"),
                words(&[&runner, "--rootDir", &root, "--runInBand", "-t", "answers"]),
            ),
        ];
        holds(&project, STARTS, &bypasses);
        project.file(
            "live.test.js",
            &format!(
                "{head}{BODY}{TABLE}{}",
                r#"
real.test('a callback is waited for', (done) => { setTimeout(done, 1) })
real.test.concurrent('side by side', async () => {})
"#
            ),
        );
        if let Some((told, ledger)) = project.open("live", &[]) {
            assert_eq!((told.code, told.starts), (Some(0), 8), "{}", told.text);
            assert_eq!(ledger["ran"], 9, "{ledger}");
        }
    });
}

#[test]
fn a_mocha_project_starts_nothing_unless_a_run_opened_its_gate() {
    daemon_test(|| {
        let bench = Bench::new();
        let (Some(project), Some(packages)) = (
            project(&bench, &["node_modules/.bin/mocha", "live.cjs"]),
            packages(),
        ) else {
            return;
        };
        symlink(packages, project.root.join("node_modules")).expect("a link");
        let head = "const { execFileSync } = require('node:child_process')\nconst test = it\n\
                    const { gated, assertGate, needs } = require('./guardrun-gate.cjs')\n";
        project.file("live.cjs", &format!("{head}{BODY}"));
        let (runner, file) = (
            absolute(&project, "node_modules/.bin/mocha"),
            absolute(&project, "live.cjs"),
        );
        let bypasses = [
            (Path::new("/"), words(&[&runner, &file])),
            (
                Path::new("/"),
                words(&[&runner, "--grep", "answers", "--parallel", &file]),
            ),
        ];
        holds(&project, STARTS, &bypasses);
    });
}

#[test]
fn a_bun_project_starts_nothing_unless_a_run_opened_its_gate() {
    daemon_test(|| {
        let bench = Bench::new();
        let name = BUN.rsplit_once('@').map_or(BUN, |(name, _)| name);
        let program = format!("node_modules/{name}/bin/bun");
        let (Some(project), Some(packages)) = (
            project(&bench, &[&program, "test", "./live.test.ts"]),
            packages(),
        ) else {
            return;
        };
        symlink(packages, project.root.join("node_modules")).expect("a link");
        let head = "import { describe, test } from 'bun:test'\nimport { execFileSync } from 'node:child_process'\n\
                    import { gated, assertGate, needs } from './guardrun-gate.cjs'\n";
        project.file("live.test.ts", &format!("{head}{BODY}"));
        let (runner, file) = (
            absolute(&project, &program),
            absolute(&project, "live.test.ts"),
        );
        let root = project.root.to_string_lossy().into_owned();
        let bypasses = [
            (Path::new("/"), words(&[&runner, "test", &file])),
            (
                Path::new("/"),
                words(&[&runner, "--cwd", &root, "test", "-t", "answers"]),
            ),
        ];
        holds(&project, STARTS, &bypasses);
    });
}

#[test]
fn a_playwright_project_starts_nothing_unless_a_run_opened_its_gate() {
    daemon_test(|| {
        let bench = Bench::new();
        let (Some(project), Some(packages)) = (
            project(&bench, &["node_modules/.bin/playwright", "test"]),
            packages(),
        ) else {
            return;
        };
        symlink(packages, project.root.join("node_modules")).expect("a link");
        let head = "import { test } from '@playwright/test'\nimport { execFileSync } from 'node:child_process'\n\
                    import { gated, assertGate, needs } from './guardrun-gate.cjs'\nconst describe = test.describe\n";
        project.file("live.spec.ts", &format!("{head}{BODY}"));
        let runner = absolute(&project, "node_modules/.bin/playwright");
        let root = project.root.to_string_lossy().into_owned();
        let bypasses = [
            (Path::new("/"), words(&[&runner, "test", "-c", &root])),
            (
                Path::new("/"),
                words(&[&runner, "test", "-c", &root, "-g", "answers"]),
            ),
        ];
        // The file is loaded twice, to find the tests and to run them, and with it the body of the describe.
        let starts = Starts {
            processes: 5,
            ..STARTS
        };
        holds(&project, starts, &bypasses);
    });
}

#[test]
fn a_cucumber_project_starts_nothing_unless_a_run_opened_its_gate() {
    daemon_test(|| {
        let bench = Bench::new();
        let (Some(project), Some(packages)) = (
            project(&bench, &["node_modules/.bin/cucumber-js", "features"]),
            packages(),
        ) else {
            return;
        };
        symlink(packages, project.root.join("node_modules")).expect("a link");
        project.file(
            "features/harbour.feature",
            "Feature: harbour\n  @real\n  Scenario: a server\n    Given a server\n  Scenario: plain\n    Given nothing\n",
        );
        project.file(
            "features/steps/steps.cjs",
            "const { Given, Before } = require('@cucumber/cucumber')\nconst { execFileSync } = require('node:child_process')\n\
             const { gatedHook } = require('../../guardrun-gate.cjs')\nBefore({ tags: '@real' }, gatedHook('LIVE_TESTS'))\n\
             Given('a server', () => { execFileSync('@START@') })\nGiven('nothing', () => {})\n",
        );
        let runner = absolute(&project, "node_modules/.bin/cucumber-js");
        let features = absolute(&project, "features");
        let steps = absolute(&project, "features/steps/*.cjs");
        let bypasses = [(
            Path::new("/"),
            words(&[&runner, &features, "--require", &steps, "--tags", "@real"]),
        )];
        let starts = Starts {
            processes: 1,
            tests: 1,
        };
        holds(&project, starts, &bypasses);
    });
}
