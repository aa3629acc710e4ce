//! A Go project.

use super::project::{Project, Starts, holds};
use crate::support::bench::Bench;
use crate::support::gate;
use crate::support::room::daemon_test;
use std::path::Path;
use std::process::Command;

const TESTS: &str = r#"package project

import (
	"os/exec"
	"testing"

	"example.com/project/internal/guardrungate"
)

func start(t *testing.T) {
	guardrungate.Assert("LIVE_TESTS")
	if err := exec.Command("@START@").Run(); err != nil {
		t.Fatal(err)
	}
}

func TestPlain(t *testing.T) {}

func TestAnswers(t *testing.T) {
	guardrungate.Gate(t, "LIVE_TESTS")
	start(t)
}

func TestCases(t *testing.T) {
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) {
			guardrungate.Gate(t, "LIVE_TESTS")
			guardrungate.Needs(t, "sh")
			start(t)
		})
	}
}
"#;

#[test]
fn a_go_project_starts_nothing_unless_a_run_opened_its_gate() {
    daemon_test(|| {
        let bench = Bench::new();
        if Command::new("go").arg("version").output().is_err() {
            return gate::skip(
                "a Go project",
                "go is not installed; Debian has it in golang-go",
            );
        }
        let project = Project::new(&bench, "go", &["go", "test", "-v", "./..."]);
        let beside = |name: &str| {
            let path = project.root.with_file_name(name);
            path.to_string_lossy().into_owned()
        };
        let (cache, modules, program) = (beside("cache"), beside("modules"), beside("live.test"));
        let project = project
            .variable("GOCACHE", cache)
            .variable("GOPATH", modules)
            .variable("GOFLAGS", "-mod=mod")
            .variable("GOTOOLCHAIN", "local");
        project.file("go.mod", "module example.com/project\n\ngo 1.18\n");
        project.file("live_test.go", TESTS);
        let built = project.run(&[], &["go", "test", "-c", "-o", &program]);
        assert_eq!(built.code, Some(0), "{}", built.text);
        let words = |all: &[&str]| {
            all.iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let bypasses = [
            (Path::new("/"), words(&[&program, "-test.v"])),
            (
                project.root.as_path(),
                words(&["go", "test", "-count=1", "-run", "Answers", "."]),
            ),
        ];
        holds(
            &project,
            Starts {
                processes: 3,
                tests: 3,
            },
            &bypasses,
        );
    });
}
