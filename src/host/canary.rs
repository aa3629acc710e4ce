//! The canary of `guardrun doctor --through`: what is sent through a chain of commands, and what its song means.
//!
//! It is a few lines of plain sh, because a container at the other end has no guardrun. Pure: whoever uses it runs it.

use super::chain;
use serde::Serialize;
use std::fmt;

/// What begins each line that the canary says; everything else on its output is the chain's own.
const SONG: &str = "guardrun-canary ";
/// The value that stands in for an opt-in. It opens no gate, since only `1` does.
pub const STAND_IN: &str = "canary";

/// Says each variable that it was given by name, whether the keeper is above it, and whether the ledger can be written.
const SCRIPT: &str = r#"for name; do eval "if [ \"\${$name+x}\" ]; then printf 'guardrun-canary %s=%s\n' $name \"\$$name\"; fi"; done
pid=self; held=no
while [ "$pid" != 0 ] && read -r stat 2>/dev/null </proc/$pid/stat; do
  own=${stat%% *}; set -- ${stat##*) }
  if [ "$own:${20}" = "$GUARDRUN_KEEPER" ]; then held=yes; break; fi
  pid=$2
done
ledger=no; if [ -w "$GUARDRUN_LEDGER" ]; then ledger=yes; fi
printf 'guardrun-canary held=%s\nguardrun-canary ledger=%s\n' $held $ledger"#;

/// The chain's words with the canary at their end. `variables` are names of variables, and nothing else.
pub fn command(chain: &[String], variables: &[&str]) -> Vec<String> {
    let own = ["sh", "-c", SCRIPT, "sh"];
    let own: Vec<&str> = own.into_iter().chain(variables.iter().copied()).collect();
    let mut words = chain.to_vec();
    let is_shell_line = chain.last().is_some_and(|word| word == "-c");
    let is_ssh = chain
        .first()
        .is_some_and(|word| word.rsplit('/').next() == Some("ssh"));
    if is_shell_line || is_ssh {
        // It becomes one line that a shell splits again.
        words.push(shell_words::join(own));
    } else {
        words.extend(own.into_iter().map(str::to_owned));
    }
    words
}

/// What arrived at the other end of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// The chain.
    pub through: String,
    /// Whether the canary was heard at all.
    pub heard: bool,
    /// The variables that arrived as they were.
    pub arrived: Vec<String>,
    /// Those that did not.
    pub lost: Vec<String>,
    /// Those that arrived with another value.
    pub changed: Vec<String>,
    /// Whether the process at the other end is below the run's keeper, and sees it.
    pub held: bool,
    /// Whether it could write the ledger.
    pub ledger: bool,
    /// What would mend it.
    pub remedies: Vec<String>,
}

/// Makes sense of what was said. `sent` are the variables, with the value where that is known.
pub fn listen(chain: &[String], said: &str, sent: &[(&str, Option<&str>)]) -> Passage {
    let lines: Vec<(&str, &str)> = said
        .lines()
        // A terminal or a prompt may have put something before it.
        .filter_map(|line| line.split_once(SONG)?.1.split_once('='))
        .collect();
    let value = |name: &str| {
        let mut found = lines.iter().filter(|(known, _)| *known == name);
        found.next().map(|(_, value)| value.trim_end())
    };
    let mut passage = Passage {
        through: shell_words::join(chain),
        heard: value("held").is_some(),
        arrived: Vec::new(),
        lost: Vec::new(),
        changed: Vec::new(),
        held: value("held") == Some("yes"),
        ledger: value("ledger") == Some("yes"),
        remedies: Vec::new(),
    };
    for (name, wanted) in sent {
        let list = match (value(name), wanted) {
            (None, _) => &mut passage.lost,
            (Some(is), Some(wanted)) if is != *wanted => &mut passage.changed,
            _ => &mut passage.arrived,
        };
        list.push((*name).to_owned());
    }
    if !passage.is_whole() {
        let missing: Vec<&str> = passage.lost.iter().map(String::as_str).collect();
        if !(passage.heard && passage.held && missing.is_empty() && passage.changed.is_empty()) {
            passage.remedies = chain::remedies(chain, &missing);
        } else if !passage.ledger {
            passage.remedies.push(
                "the ledger belongs to the user who starts guardrun: start it as the one who runs the tests, inside of this chain".to_owned(),
            );
        }
        if passage.remedies.is_empty() && passage.heard {
            passage.remedies.push(
                "no part of this chain is known to lose variables: look at the scripts in it"
                    .to_owned(),
            );
        }
    }
    passage
}

impl Passage {
    /// Whether a gate can open at the other end, and be proved.
    pub fn is_whole(&self) -> bool {
        self.heard && self.lost.is_empty() && self.changed.is_empty() && self.held && self.ledger
    }
}

impl fmt::Display for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<10} {}", "through", self.through)?;
        if !self.heard {
            writeln!(f, "{:<10} nothing was heard of the canary", "arrived")?;
        } else {
            for (name, list) in [
                ("arrived", &self.arrived),
                ("lost", &self.lost),
                ("changed", &self.changed),
            ] {
                if !list.is_empty() {
                    writeln!(f, "{name:<10} {}", list.join(", "))?;
                }
            }
            let held = match self.held {
                true => "yes",
                false => {
                    "no: it does not find guardrun's keeper above itself, so every gate stays closed"
                }
            };
            writeln!(f, "{:<10} {held}", "held")?;
            let ledger = match self.ledger {
                true => "can be written",
                false => "cannot be written from there, so nothing can be proved by it",
            };
            writeln!(f, "{:<10} {ledger}", "ledger")?;
        }
        for remedy in &self.remedies {
            writeln!(f, "hint: {remedy}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{command, listen};

    fn chain(line: &str) -> Vec<String> {
        shell_words::split(line).unwrap()
    }

    #[test]
    fn what_did_not_arrive_is_named_with_a_remedy_for_the_culprit() {
        let sent = [("LIVE", Some("canary")), ("GUARDRUN_KEEPER", None)];
        let said = "motd\nguardrun-canary GUARDRUN_KEEPER=1:2\r\nguardrun-canary held=yes\nguardrun-canary ledger=yes\n";
        let passage = listen(&chain("sudo -u x"), said, &sent);
        assert_eq!(passage.lost, ["LIVE"]);
        assert_eq!(passage.arrived, ["GUARDRUN_KEEPER"]);
        assert!(passage.held && !passage.is_whole());
        assert!(
            passage.remedies[0].contains("--preserve-env=LIVE"),
            "{passage}"
        );
        let whole = format!("guardrun-canary LIVE=canary\n{said}");
        assert!(listen(&chain("nice"), &whole, &sent).is_whole());
        let changed = format!("guardrun-canary LIVE=1\n{said}");
        assert_eq!(listen(&chain("nice"), &changed, &sent).changed, ["LIVE"]);
    }

    #[test]
    fn a_canary_that_is_not_heard_is_no_arrival() {
        let passage = listen(&chain("docker run --rm alpine"), "", &[("LIVE", None)]);
        assert!(!passage.heard && !passage.is_whole());
        assert!(passage.remedies[0].contains("-e LIVE"), "{passage}");
    }

    #[test]
    fn each_known_culprit_has_its_remedy() {
        let lines = [
            ("env -i", "leave -i out"),
            ("/usr/bin/env - A=1", "leave -i out"),
            ("nix develop -i -c", "--keep LIVE"),
            ("nix-shell --pure --run", "--keep LIVE"),
            ("docker exec box", "-e LIVE"),
            ("podman run x", "run guardrun inside it"),
            ("ssh host", "run guardrun on the other side"),
            ("turbo run test", "passThroughEnv"),
            ("npx turbo run test", "passThroughEnv"),
            ("tox -e py --", "pass_env = LIVE"),
            ("bazel test //x", "--test_env=LIVE"),
            ("systemd-run --user --pipe", "below systemd"),
            ("su - tester -c", "login shell"),
            ("unshare --pid --fork", "pid namespace"),
            ("doas -u x", "doas.conf"),
        ];
        for (line, remedy) in lines {
            let passage = listen(&chain(line), "", &[("LIVE", None)]);
            assert!(
                passage.remedies.iter().any(|known| known.contains(remedy)),
                "{line}: {:?}",
                passage.remedies
            );
        }
    }

    #[test]
    fn a_chain_that_ends_in_a_shell_gets_one_line() {
        assert_eq!(command(&chain("su x -c"), &["LIVE"]).len(), 4);
        assert_eq!(command(&chain("ssh host"), &["LIVE"]).len(), 3);
        assert_eq!(command(&chain("env -i"), &["LIVE"]).len(), 7);
    }
}
