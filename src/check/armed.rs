//! The places where an opt-in arms every workstation that the repository is on, instead of the one place that is to run the suite.
//!
//! This table is the whole list. A recipe of a justfile or a Makefile that sets the variable in front of its command is no such place:
//! somebody has to type its name.

use super::literal::Comment;

/// A kind of file.
#[derive(Debug)]
pub(super) struct Place {
    /// Globs over the base name, or over the end of the path where there is a `/` in them.
    pub(super) names: &'static [&'static str],
    pub(super) comment: Comment,
    /// Whose environment it makes.
    pub(super) arms: &'static str,
}

/// Every kind of file in which the literal is a finding, wherever in the repository it lies.
pub(super) const PLACES: &[Place] = &[
    Place {
        names: &[".env", ".env.*", "*.env"],
        comment: Comment::Hash,
        arms: "every tool that reads this file gives it to all that it starts",
    },
    Place {
        names: &[".envrc", ".envrc.*"],
        comment: Comment::Hash,
        arms: "direnv gives it to every shell in this directory",
    },
    Place {
        names: &["package.json"],
        comment: Comment::Slashes,
        arms: "an `npm run` is typed as lightly on a workstation as anywhere",
    },
    Place {
        names: &[".cargo/config.toml", ".cargo/config"],
        comment: Comment::Hash,
        arms: "cargo gives it to every test that it runs",
    },
    Place {
        names: &[
            ".profile",
            ".bashrc",
            ".bash_profile",
            ".bash_login",
            ".zshrc",
            ".zshenv",
            ".zprofile",
            ".kshrc",
            "config.fish",
            "*.fish",
            ".pam_environment",
            "environment.d/*.conf",
        ],
        comment: Comment::Hash,
        arms: "every shell that reads this profile has it",
    },
    Place {
        names: &[
            "devcontainer.json",
            ".devcontainer.json",
            ".devcontainer/*.json",
        ],
        comment: Comment::Slashes,
        arms: "every shell in the development container has it",
    },
    Place {
        names: &[
            ".vscode/settings.json",
            ".vscode/tasks.json",
            ".vscode/launch.json",
            "*.code-workspace",
        ],
        comment: Comment::Slashes,
        arms: "the editor gives it to what it starts",
    },
    Place {
        names: &[
            ".idea/*.xml",
            ".run/*.xml",
            ".zed/settings.json",
            ".zed/tasks.json",
        ],
        comment: Comment::Slashes,
        arms: "the editor gives it to what it starts",
    },
    Place {
        names: &[
            ".claude/settings.json",
            ".claude/settings.local.json",
            ".codex/config.toml",
            ".gemini/settings.json",
        ],
        comment: Comment::Slashes,
        arms: "the coding agent gives it to every command that it runs",
    },
    Place {
        names: &[
            "docker-compose*.yml",
            "docker-compose*.yaml",
            "compose*.yml",
            "compose*.yaml",
        ],
        comment: Comment::Hash,
        arms: "every container that is started by this file has it",
    },
    Place {
        names: &[
            "Dockerfile",
            "Dockerfile.*",
            "*.Dockerfile",
            "Containerfile",
            "Containerfile.*",
        ],
        comment: Comment::Hash,
        arms: "every container of this image has it",
    },
    Place {
        names: &[
            "mise.toml",
            ".mise.toml",
            "mise.*.toml",
            ".mise.*.toml",
            ".config/mise.toml",
            "mise/config.toml",
            ".tool-versions",
        ],
        comment: Comment::Hash,
        arms: "mise gives it to every shell and task here",
    },
    Place {
        names: &[
            "flake.nix",
            "shell.nix",
            "default.nix",
            "devenv.nix",
            "devbox.json",
            "devenv.yaml",
        ],
        comment: Comment::Hash,
        arms: "every development shell has it",
    },
    Place {
        names: &[
            "pyproject.toml",
            "tox.ini",
            "pytest.ini",
            ".pytest.ini",
            "setup.cfg",
            "noxfile.py",
        ],
        comment: Comment::Hash,
        arms: "the test runner gives it to every run",
    },
    Place {
        names: &["conftest.py"],
        comment: Comment::Hash,
        arms: "the tests open their own gate",
    },
    Place {
        names: &[
            "vitest.config.*",
            "vitest.workspace.*",
            "vitest.setup.*",
            "vite.config.*",
            "jest.config.*",
            "jest.setup.*",
            "playwright.config.*",
            "cypress.config.*",
            ".mocharc.*",
            "karma.conf.*",
            "bunfig.toml",
            "turbo.json",
            "nx.json",
        ],
        comment: Comment::Slashes,
        arms: "the test runner gives it to every run",
    },
];

/// The kind of file that this path is, if it is one in which the literal is a finding.
pub(super) fn place(path: &str) -> Option<&'static Place> {
    PLACES
        .iter()
        .find(|place| place.names.iter().any(|name| is_named(path, name)))
}

fn is_named(path: &str, name: &str) -> bool {
    let parts = name.matches('/').count() + 1;
    let mut slashes = path.rmatch_indices('/');
    let end = match slashes.nth(parts - 1) {
        Some((at, _)) => &path[at + 1..],
        None if path.matches('/').count() + 1 == parts => path,
        None => return false,
    };
    matches_stars(name, end)
}

/// Whether a text is what a glob of stars alone means; no star is a `/`.
fn matches_stars(glob: &str, text: &str) -> bool {
    match glob.split_once('*') {
        None => glob == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            let free = text.find('/').unwrap_or(text.len());
            ends.take_while(|at| *at <= free)
                .any(|at| matches_stars(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_file_is_known_by_its_name_wherever_it_lies() {
        for path in [
            ".env",
            "a/.env.local",
            "a/b/package.json",
            "x/.cargo/config.toml",
            "docker-compose.ci.yml",
            "vitest.config.ts",
            ".vscode/settings.json",
            "pkg/conftest.py",
            "docker/Dockerfile.test",
        ] {
            assert!(place(path).is_some(), "{path}");
        }
        for path in [
            "env",
            "cargo/config.toml",
            "settings.json",
            "src/main.rs",
            "justfile",
            "a.envrc",
            "my-package.json",
        ] {
            assert!(place(path).is_none(), "{path}");
        }
    }
}
