//! What is noted about a run as it goes on: one line of its record each.
//!
//! Whoever adds a variant adds its line to `tell`, which is how `guardrun logs` shows it to people. A reader of another
//! version shows what it does not know as it stands.

use crate::exit::Verdict;
use crate::outcome::{Lack, Peak, Survivor};
use crate::values::{Level, ProcessId, Status};
use serde::Serialize;
use serde_json::Value;

/// Something that happened, or was measured.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The keeper is there, and the suite is being started.
    Held {
        /// The level in force.
        level: Level,
        /// The keeper.
        keeper: ProcessId,
        /// Why each level that was tried before could not be had.
        lacks: Vec<Lack>,
    },
    /// What the run may use.
    Limits {
        /// Each of them.
        limits: Vec<Limit>,
    },
    /// What the run used at one moment.
    Sample {
        /// How many processes it had.
        processes: u64,
        /// Memory, in bytes.
        memory_bytes: u64,
        /// Processor time used since the start, in seconds.
        cpu_seconds: f64,
    },
    /// What was alive after the suite had ended by itself.
    Survivors {
        /// Each of them.
        survivors: Vec<Survivor>,
    },
    /// How it ended. The last event of a run whose front lived to see it.
    Ending {
        /// What guardrun itself had to say.
        verdicts: Vec<Verdict>,
        /// What happened, in words.
        cause: String,
        /// How the leader ended.
        status: Option<Status>,
        /// From the start of the suite to the end of everything, in seconds.
        elapsed_seconds: f64,
        /// The most that it has used at once, as far as anybody has counted.
        peak: Peak,
        /// What could not be killed.
        unkilled: Vec<Survivor>,
    },
    /// The front died, and the keeper has ended everything.
    FrontDied,
    /// A later guardrun found the run dead.
    FoundDead {
        /// How many processes it has ended.
        ended: usize,
        /// How many are still there.
        left: usize,
        /// Whether the machine was started anew since, so that nothing can be left.
        restarted: bool,
    },
}

/// One limit.
#[derive(Clone, Debug, Serialize)]
pub struct Limit {
    /// Its key in the policy, such as `timeout`.
    pub name: String,
    /// The limit, as people write it.
    pub value: String,
    /// Who enforces it, such as `guardrun's clock` or `cgroup memory.max`.
    pub enforcement: String,
}

/// A line of a record, as a person reads it: the event's name, and what is to be said about it.
pub fn tell(line: &Value) -> (String, String) {
    let Some(name) = line["event"].as_str() else {
        return ("unknown".to_owned(), line.to_string());
    };
    let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| line[key].as_u64().unwrap_or_default();
    let said = match name {
        "held" => {
            let lacks = listed(&line["lacks"], |lack| {
                format!(
                    "{} could not be had: {}",
                    word(&lack["level"]),
                    word(&lack["what"])
                )
            });
            format!("at level {}{}", text("level"), after(&lacks))
        }
        "limits" => listed(&line["limits"], |limit| {
            format!(
                "{} {} ({})",
                word(&limit["name"]),
                word(&limit["value"]),
                word(&limit["enforcement"])
            )
        }),
        "sample" => format!(
            "{} processes, {} of memory, {:.1} s of processor time",
            number("processes"),
            bytes(number("memory_bytes")),
            line["cpu_seconds"].as_f64().unwrap_or_default()
        ),
        "survivors" => processes(&line["survivors"]),
        "ending" => {
            let verdicts = listed(&line["verdicts"], word);
            let verdict = if verdicts.is_empty() {
                String::new()
            } else {
                format!("{verdicts}: ")
            };
            let unkilled = match line["unkilled"].as_array() {
                Some(left) if !left.is_empty() => {
                    format!("; still there: {}", processes(&line["unkilled"]))
                }
                _ => String::new(),
            };
            let elapsed = line["elapsed_seconds"].as_f64().unwrap_or_default();
            let peak = match line["peak"]["memory"].as_u64() {
                Some(memory) => format!(", {} of memory at the most", bytes(memory)),
                None => String::new(),
            };
            format!(
                "{verdict}{} in {elapsed:.1} s{peak}{unkilled}",
                text("cause")
            )
        }
        "front-died" => "guardrun was killed; its keeper has ended everything".to_owned(),
        "found-dead" if line["restarted"] == true => {
            "its guardrun died; the machine was restarted since".to_owned()
        }
        "found-dead" => format!(
            "its guardrun died; a later one has ended {} of its processes, and {} are left",
            number("ended"),
            number("left")
        ),
        _ => line.to_string(),
    };
    (name.to_owned(), said)
}

/// Bytes, as people read them.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{count} B"),
        _ => format!("{value:.1} {}", UNITS[unit]),
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn listed(values: &Value, each: impl Fn(&Value) -> String) -> String {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    values.iter().map(each).collect::<Vec<_>>().join("; ")
}

fn processes(values: &Value) -> String {
    let count = values.as_array().map_or(0, Vec::len);
    let each = listed(values, |process| {
        format!("pid {} {}", process["pid"], word(&process["command"]))
    });
    format!("({count}): {}", if count == 0 { "none" } else { &each })
}

fn after(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!("; {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, bytes, tell};
    use crate::outcome::Peak;
    use crate::values::Status;
    use serde_json::json;

    #[test]
    fn every_event_has_a_name_and_something_to_say() {
        let ending = Event::Ending {
            verdicts: vec![crate::exit::Verdict::Leaked],
            cause: "passed, and left 1 live process behind".to_owned(),
            status: Some(Status::Exited(0)),
            elapsed_seconds: 2.04,
            peak: Peak::default(),
            unkilled: Vec::new(),
        };
        let (name, said) = tell(&serde_json::to_value(ending).unwrap());
        assert_eq!(name, "ending");
        assert_eq!(
            said,
            "leaked: passed, and left 1 live process behind in 2.0 s"
        );
        let none = serde_json::to_value(Event::Survivors {
            survivors: Vec::new(),
        });
        assert_eq!(tell(&none.unwrap()).1, "(0): none");
    }

    #[test]
    fn what_a_newer_guardrun_has_noted_is_shown_as_it_stands() {
        let line = json!({ "at_ms": 5, "event": "sang", "song": "la" });
        assert_eq!(tell(&line), ("sang".to_owned(), line.to_string()));
        assert_eq!(tell(&json!(7)).0, "unknown");
    }

    #[test]
    fn bytes_are_read_with_their_unit() {
        assert_eq!(bytes(900), "900 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(3 << 30), "3.0 GiB");
    }
}
