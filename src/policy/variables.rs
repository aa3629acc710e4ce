//! Environment variables by what they mean: which may not be a gate, and which betray a coding agent.

/// Why a variable cannot open a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// Not a name at all.
    NotAName,
    /// Others set it, for reasons that have nothing to do with this suite.
    Generic,
    /// A coding agent sets it for every command that it runs.
    Agent,
    /// guardrun gives it a meaning of its own.
    Own,
}

/// Whether this is the name of a variable that a gate can have.
pub(crate) fn can_be_a_gate(name: &str) -> bool {
    unfit_as_gate(name).is_none()
}

/// Whether this variable can be the one that opens a gate.
pub(super) fn unfit_as_gate(name: &str) -> Option<Unfit> {
    if !is_a_name(name) {
        Some(Unfit::NotAName)
    } else if GENERIC.contains(&name) || GENERIC_PREFIXES.iter().any(|p| name.starts_with(p)) {
        Some(Unfit::Generic)
    } else if AGENTS.iter().any(|(variable, _)| *variable == name) {
        Some(Unfit::Agent)
    } else if is_own(name) {
        Some(Unfit::Own)
    } else {
        None
    }
}

/// Whether guardrun gives this variable a meaning of its own.
pub(crate) fn is_own(name: &str) -> bool {
    OWN.contains(&name) || name.starts_with("GUARDRUN_RUN_")
}

/// The coding agent that this variable betrays, if it is one that only an agent sets.
pub(crate) fn agent_behind(variable: &str) -> Option<&'static str> {
    AGENTS
        .iter()
        .find(|(name, _)| *name == variable)
        .map(|(_, agent)| *agent)
}

/// Set by the agents themselves in the commands that they run; variables that people set to configure an agent
/// are left out. To take a person for an agent costs them one sentence of a refusal; the other mistake hands an
/// agent the line that arms it. So names in doubt are in the table.
const AGENTS: &[(&str, &str)] = &[
    ("AGENT", "a coding agent"),
    ("AI_AGENT", "a coding agent"),
    ("AMP_CURRENT_THREAD_ID", "Amp"),
    ("ANTIGRAVITY_AGENT", "Antigravity"),
    ("AUGMENT_AGENT", "Augment"),
    ("CLAUDECODE", "Claude Code"),
    ("CLAUDE_CODE", "Claude Code"),
    ("CLAUDE_CODE_ENTRYPOINT", "Claude Code"),
    ("CLINE_ACTIVE", "Cline"),
    ("CODEX_CI", "Codex"),
    ("CODEX_SANDBOX", "Codex"),
    ("CODEX_SANDBOX_NETWORK_DISABLED", "Codex"),
    ("CODEX_THREAD_ID", "Codex"),
    ("COPILOT_CLI", "Copilot CLI"),
    ("CRUSH", "Crush"),
    ("CURSOR_AGENT", "Cursor"),
    ("CURSOR_TRACE_ID", "Cursor"),
    ("GEMINI_CLI", "Gemini CLI"),
    ("GOOSE_TERMINAL", "Goose"),
    ("OPENCODE", "OpenCode"),
    ("OPENCODE_CLIENT", "OpenCode"),
    ("PI_CODING_AGENT", "Pi"),
    ("QWEN_CODE", "Qwen Code"),
    ("REPL_ID", "Replit"),
    ("TRAE_AI_SHELL_ID", "Trae"),
];

/// Set by CI systems, frameworks, shells and habit. Some are `1` in places where nobody meant to open a gate;
/// the others would be missed by every other suite, from whose environment a gate's variable is removed.
const GENERIC: &[&str] = &[
    // CI systems, and what imitates them on a workstation
    "ACT",
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
    "BUILDKITE",
    "BUILD_ID",
    "BUILD_NUMBER",
    "CI",
    "CIRCLECI",
    "CIRRUS_CI",
    "CODEBUILD_BUILD_ID",
    "CONTINUOUS_INTEGRATION",
    "DRONE",
    "GITEA_ACTIONS",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "JENKINS_URL",
    "NETLIFY",
    "RUN_ID",
    "SEMAPHORE",
    "TEAMCITY_VERSION",
    "TF_BUILD",
    "TRAVIS",
    "VERCEL",
    "WOODPECKER",
    // frameworks and runners
    "APP_ENV",
    "CARGO",
    "DEBUG",
    "DEV",
    "ENV",
    "ENVIRONMENT",
    "JEST_WORKER_ID",
    "NODE_ENV",
    "PROD",
    "PRODUCTION",
    "RACK_ENV",
    "RAILS_ENV",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "TEST",
    "TESTING",
    "TESTS",
    "VERBOSE",
    "VITEST",
    // shells, desktops and the loader
    "COLUMNS",
    "DISPLAY",
    "EDITOR",
    "FORCE_COLOR",
    "HOME",
    "HOSTNAME",
    "LANG",
    "LINES",
    "LOGNAME",
    "MAIL",
    "NO_COLOR",
    "OLDPWD",
    "PATH",
    "PS1",
    "PWD",
    "SHELL",
    "SHLVL",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TMUX",
    "TZ",
    "USER",
    "_",
];

/// Families of which every member is as generic.
const GENERIC_PREFIXES: &[&str] = &["GITHUB_", "LC_", "LD_", "XDG_", "npm_"];

/// guardrun's own. A test holds this against the command line's definition.
const OWN: &[&str] = &[
    "GUARDRUN_AT_LEAST",
    "GUARDRUN_COLOR",
    "GUARDRUN_FENCE",
    "GUARDRUN_GRACE",
    "GUARDRUN_IDLE",
    "GUARDRUN_JSON",
    "GUARDRUN_JUNIT",
    "GUARDRUN_KEEPER",
    "GUARDRUN_LEAKS",
    "GUARDRUN_LEDGER",
    "GUARDRUN_LEVEL",
    "GUARDRUN_LIFELINE_FD",
    "GUARDRUN_LOCK",
    "GUARDRUN_LOG",
    "GUARDRUN_MEMORY",
    "GUARDRUN_NO_GITHUB",
    "GUARDRUN_NO_RETRY",
    "GUARDRUN_OPENED",
    "GUARDRUN_OUTLIVE_PARENT",
    "GUARDRUN_POLICY",
    "GUARDRUN_PROCESSES",
    "GUARDRUN_QUIET",
    "GUARDRUN_REPORT",
    "GUARDRUN_REQUIRE",
    "GUARDRUN_STRICT",
    "GUARDRUN_SUITE",
    "GUARDRUN_TIMEOUT",
    "GUARDRUN_VERBOSE",
];

/// A name that every shell can set.
pub(super) fn is_a_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::{Unfit, agent_behind, unfit_as_gate};
    use clap::CommandFactory;

    #[test]
    fn a_variable_named_for_its_suite_is_fit_and_our_own_gate_is_too() {
        for name in [
            "KOLU_DAEMON_TESTS",
            "GUARDRUN_DAEMON_TESTS",
            "e2e_live",
            "_X1",
        ] {
            assert_eq!(unfit_as_gate(name), None, "{name}");
        }
    }

    #[test]
    fn ci_never_opens_a_gate() {
        for name in [
            "CI",
            "GITHUB_ACTIONS",
            "NODE_ENV",
            "ACT",
            "GITHUB_RUN_ID",
            "PATH",
        ] {
            assert_eq!(unfit_as_gate(name), Some(Unfit::Generic), "{name}");
        }
    }

    #[test]
    fn what_an_agent_sets_for_every_command_never_opens_a_gate() {
        assert_eq!(unfit_as_gate("CLAUDECODE"), Some(Unfit::Agent));
        assert_eq!(agent_behind("CLAUDECODE"), Some("Claude Code"));
        assert_eq!(agent_behind("HOME"), None);
    }

    #[test]
    fn what_no_shell_could_set_is_no_name() {
        for name in ["", "1X", "A-B", "A B", "A=1", "Ä", "A\0"] {
            assert_eq!(unfit_as_gate(name), Some(Unfit::NotAName), "{name}");
        }
    }

    #[test]
    fn every_variable_of_the_command_line_is_reserved() {
        let root = crate::cli::Cli::command();
        let mut seen = 0;
        for command in std::iter::once(&root).chain(root.get_subcommands()) {
            for variable in command.get_arguments().filter_map(clap::Arg::get_env) {
                let name = variable.to_str().unwrap();
                assert_eq!(unfit_as_gate(name), Some(Unfit::Own), "{name}");
                seen += 1;
            }
        }
        assert!(seen > 10, "only {seen} variables were looked at");
    }
}
