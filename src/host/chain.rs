//! What stands between guardrun and the test process, and which part of it loses the environment.
//!
//! Pure: it knows the usual programs by their words, and tries nothing. `guardrun doctor --through` tries.

/// What usually takes the environment away, and how to find out.
pub const CULPRITS: &str = "usual culprits are sudo, env -i, nix develop -i, docker run without -e, ssh, turbo, tox, bazel; \
     `guardrun doctor --through 'PREFIX…'` shows which variable is lost";

/// What is said wherever the environment did not arrive, and nobody knows yet where it was lost.
pub fn hint() -> String {
    format!("hint: {CULPRITS}")
}

/// A remedy for each part of the command line that is known to lose variables. `lost` are the names that did not arrive.
///
/// Empty where no part is known.
pub fn remedies(words: &[String], lost: &[&str]) -> Vec<String> {
    let names = lost.join(",");
    let each = |option: &str| {
        let options: Vec<_> = lost.iter().map(|name| format!("{option}{name}")).collect();
        options.join(" ")
    };
    let mut found: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let program = word.rsplit('/').next().unwrap_or(word);
        let rest = &words[at + 1..];
        let has = |options: &[&str]| rest.iter().any(|word| options.contains(&word.as_str()));
        let remedy = match program {
            "sudo" => format!(
                "sudo keeps only what it is told to: sudo --preserve-env={names}, or `Defaults env_keep += \"{}\"`",
                lost.join(" ")
            ),
            "doas" => format!(
                "doas keeps only what doas.conf lists: setenv {{ {} }}",
                lost.join(" ")
            ),
            "env" if has(&["-i", "-", "--ignore-environment"]) => format!(
                "env -i begins with nothing: leave -i out, or name what is to stay: {}",
                lost.iter()
                    .map(|name| format!("{name}=\"${name}\""))
                    .collect::<Vec<_>>()
                    .join(" ")
            ),
            "su" | "runuser" if has(&["-", "-l", "--login"]) => format!(
                "a login shell begins with a new environment: leave -l out, or --whitelist-environment={names}"
            ),
            "docker" | "podman" | "nerdctl" => format!(
                "a container gets what it is given: {}; and its processes are not below guardrun, so run guardrun inside it instead",
                each("-e ")
            ),
            "nix" | "nix-shell" | "nix-develop"
                if has(&["-i", "--ignore-environment", "--ignore-env", "--pure"]) =>
            {
                format!(
                    "nix begins with nothing: leave -i or --pure out, or {}",
                    each("--keep ")
                )
            }
            "ssh" => "ssh sends no environment, and what it starts is not below guardrun: run guardrun on the other side".to_owned(),
            "systemd-run" | "machinectl" => format!(
                "{program} starts things below systemd and not below guardrun: run guardrun inside of it, or leave it out"
            ),
            "turbo" => format!(
                "turbo passes on what turbo.json lists: \"passThroughEnv\": [{}], or --env-mode=loose",
                lost.iter()
                    .map(|name| format!("\"{name}\""))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            "tox" => format!("tox passes on what its configuration lists: pass_env = {names}"),
            "nox" | "hatch" => format!("look at what {program}'s configuration passes on: {names}"),
            "bazel" | "bazelisk" => format!(
                "bazel gives tests what it is told to: {}, and its server starts them, which is not below guardrun: use --batch, or run guardrun as --run_under",
                each("--test_env=")
            ),
            "bwrap" if has(&["--clearenv"]) => {
                "bwrap --clearenv begins with nothing: leave it out, or --setenv each".to_owned()
            }
            "unshare" | "bwrap" => format!(
                "in a pid namespace of its own nobody sees the keeper: leave the pid namespace out of {program}, or run guardrun inside it"
            ),
            "firejail" | "chroot" => format!(
                "{program} may hide /proc and the directory of the ledger: bind both"
            ),
            _ => continue,
        };
        // A user called docker is taken for the program: that costs a reader one sentence.
        if !found.contains(&remedy) {
            found.push(remedy);
        }
    }
    found
}
