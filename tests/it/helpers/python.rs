//! Python projects under unittest and pytest, with several workers too. pytest comes from its registry, once for all runs.

use super::project::{Project, Starts, holds};
use crate::support::bench::Bench;
use crate::support::gate;
use crate::support::room::daemon_test;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

/// What is installed, with exact versions.
const PACKAGES: [&str; 2] = ["pytest==9.2.0", "pytest-xdist==3.8.0"];

/// Tests for pytest: a fixture that starts something, a class, a plain one, and one with the plugin's marker.
const TESTS: &str = r#"
import subprocess
import pytest
from guardrun_gate import assert_gate, check, gated, needs

def start():
    assert_gate("LIVE_TESTS")
    subprocess.run(["@START@"], check=True)

@pytest.fixture
def server():
    subprocess.run(["@START@"], check=True)

@pytest.fixture(scope="session")
def shared():
    check("LIVE_TESTS")
    subprocess.run(["@START@"], check=True)

@gated("LIVE_TESTS")
def test_answers(server):
    pass

@gated("LIVE_TESTS")
class TestServer:
    def test_starts(self):
        needs("sh")
        start()

    @pytest.mark.parametrize("case", [1, 2])
    def test_cases(self, case):
        start()

@pytest.mark.guardrun("LIVE_TESTS")
def test_marked(server):
    pass

def test_through_a_fixture(shared):
    pass

def test_plain():
    pass
"#;

/// Tests for unittest.
const UNITTEST: &str = r#"
import subprocess
import unittest
from guardrun_gate import assert_gate, check, gated

def start():
    assert_gate("LIVE_TESTS")
    subprocess.run(["@START@"], check=True)

@gated("LIVE_TESTS")
class Server(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["@START@"], check=True)

    def test_starts(self):
        start()

class Mixed(unittest.IsolatedAsyncioTestCase):
    @gated("LIVE_TESTS")
    async def test_later(self):
        start()

    def test_plain(self):
        pass
"#;

/// The python of an environment with pytest; None, and skipped by name, where that cannot be had.
fn python() -> Option<String> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runners-python");
    fs::create_dir_all(&place).expect("a directory");
    let lock = File::create(place.join("lock")).expect("a lock");
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).expect("flock");
    let (done, wanted) = (place.join("done"), PACKAGES.join(" "));
    let python = place.join("venv/bin/python");
    let own = python.to_string_lossy().into_owned();
    if fs::read_to_string(&done).is_ok_and(|is| is == wanted) {
        return Some(own);
    }
    let venv = place.join("venv").to_string_lossy().into_owned();
    let make = ["python3", "-m", "venv", &venv];
    let mut install = vec![own.as_str(), "-m", "pip", "install", "--quiet"];
    install.extend(PACKAGES);
    for words in [&make[..], &install] {
        let output = Command::new(words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .output();
        let failed = match output {
            Ok(output) if output.status.success() => continue,
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        gate::skip("pytest", &format!("cannot be installed: {failed}"));
        return None;
    }
    fs::write(done, wanted).expect("a file");
    Some(own)
}

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|word| (*word).to_owned()).collect()
}

fn pytest_holds(more: &[&str]) {
    let bench = Bench::new();
    let Some(python) = python() else { return };
    let mut suite = vec![
        python.as_str(),
        "-B",
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
    ];
    suite.extend(more);
    let project = Project::new(&bench, "python", &suite);
    project.file("conftest.py", "pytest_plugins = ['guardrun_gate']\n");
    project.file(
        "pyproject.toml",
        "[tool.pytest.ini_options]\naddopts = '-m \"not guardrun\"'\n",
    );
    project.file("test_live.py", TESTS);
    // The project leaves marked tests out by default; the suite asks for all.
    let all = ["-o", "addopts="];
    let suite: Vec<&str> = suite.iter().copied().chain(all).collect();
    let project = project.with_suite(&suite);
    let root = project.root.to_string_lossy().into_owned();
    let bypasses = [
        (
            Path::new("/"),
            words(&[&python, "-B", "-m", "pytest", "-m", "guardrun", &root]),
        ),
        (
            Path::new("/"),
            words(&[
                &python,
                "-B",
                "-m",
                "pytest",
                "-k",
                "answers or Server",
                &root,
            ]),
        ),
        (
            project.root.as_path(),
            words(&[
                &python,
                "-B",
                "-m",
                "pytest",
                "-o",
                "addopts=",
                "test_live.py::TestServer",
            ]),
        ),
    ];
    // A fixture for two tests, one for the session, and a start in each of three; the last test says nothing of itself.
    let starts = Starts {
        processes: 6,
        tests: 5,
    };
    holds(&project, starts, &bypasses);
}

/// "Bare, closed: nothing is started", and fixtures are not set up either.
#[test]
fn a_pytest_project_starts_nothing_unless_a_run_opened_its_gate() {
    daemon_test(|| pytest_holds(&[]));
}

/// "Survives parallel workers."
#[test]
fn a_pytest_project_with_several_workers_counts_the_same() {
    daemon_test(|| pytest_holds(&["-n", "3"]));
}

#[test]
fn a_unittest_project_starts_nothing_unless_a_run_opened_its_gate() {
    daemon_test(|| {
        let bench = Bench::new();
        if Command::new("python3").arg("--version").output().is_err() {
            return gate::skip("unittest", "python3 is not installed");
        }
        let suite = ["python3", "-B", "-m", "unittest", "--verbose", "test_live"];
        let project = Project::new(&bench, "python", &suite);
        let file = project.file("test_live.py", UNITTEST);
        let file = file.to_string_lossy().into_owned();
        let root = project.root.to_string_lossy().into_owned();
        let bypasses = [
            (
                Path::new("/"),
                words(&["python3", "-B", "-m", "unittest", "discover", "-s", &root]),
            ),
            (
                project.root.as_path(),
                words(&["python3", "-B", "-m", "unittest", &file]),
            ),
        ];
        holds(
            &project,
            Starts {
                processes: 3,
                tests: 2,
            },
            &bypasses,
        );
    });
}
