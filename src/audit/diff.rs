//! What a run started that an earlier one did not. Pure.
//!
//! Compared are kinds and not numbers: how often something is started differs from run to run, what is started should not. Ports
//! are left out, for most are whichever was free.

use super::story::Story;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The differences between two runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// What the new run does and the old one did not.
    pub begun: Vec<Change>,
    /// The other way round.
    pub ceased: Vec<Change>,
    /// How many processes there were before and are now.
    pub processes: [u64; 2],
    /// The most at one time, before and now.
    pub at_once: [u64; 2],
}

/// One kind of thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// `start`, `listen`, `pty` or `setsid`.
    pub deed: &'static str,
    /// The program that does it.
    pub program: String,
    /// For a start what it starts, for a listen where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// How often.
    pub times: u64,
}

type Key = (&'static str, String, Option<String>);

impl Diff {
    /// What has changed from the old run to the new one.
    pub fn between(old: &Story, new: &Story) -> Diff {
        let (before, now) = (kinds(old), kinds(new));
        let without = |these: &BTreeMap<Key, u64>, others: &BTreeMap<Key, u64>| {
            let others: BTreeSet<&Key> = others.keys().collect();
            let left = these.iter().filter(|(key, _)| !others.contains(key));
            left.map(|((deed, program, object), times)| Change {
                deed,
                program: program.clone(),
                object: object.clone(),
                times: *times,
            })
            .collect()
        };
        Diff {
            begun: without(&now, &before),
            ceased: without(&before, &now),
            processes: [old.processes, new.processes],
            at_once: [old.at_once, new.at_once],
        }
    }
}

fn kinds(story: &Story) -> BTreeMap<Key, u64> {
    let mut kinds = BTreeMap::new();
    let mut add = |key: Key, times: u64| *kinds.entry(key).or_default() += times;
    for ((who, what), times) in &story.edges {
        add(("start", who.clone(), Some(what.clone())), *times);
    }
    for ((who, address), times) in &story.listening {
        add(("listen", who.clone(), place(address)), *times);
    }
    for (who, times) in &story.terminals {
        add(("pty", who.clone(), None), *times);
    }
    for (who, times) in &story.sessions {
        add(("setsid", who.clone(), None), *times);
    }
    for ((who, deed), times) in &story.refused {
        let deed = match deed.as_str() {
            "listen" => "listen",
            "pty" => "pty",
            "setsid" => "setsid",
            _ => "start",
        };
        add((deed, who.clone(), Some("(refused)".to_owned())), *times);
    }
    kinds
}

/// An address without its port, or the kind of socket.
fn place(address: &str) -> Option<String> {
    match address.rsplit_once(':') {
        _ if address.is_empty() => None,
        _ if address.starts_with("unix:") => Some("unix".to_owned()),
        Some((host, _)) => Some(host.to_owned()),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Diff;
    use crate::audit::read;

    fn story(more: &str) -> crate::audit::Story {
        let head = r#"{"event":"run","schema":1}
{"event":"start","t":0,"id":1}
{"event":"exec","t":0,"id":1,"argv":["sh","x.sh"],"exe":"/bin/sh"}
"#;
        read(&mut format!("{head}{more}").as_bytes()).unwrap()
    }

    #[test]
    fn what_was_not_there_before_is_named_and_a_port_is_no_difference() {
        let server = |port: u16| {
            format!(
                "{{\"event\":\"start\",\"t\":1,\"id\":2,\"parent\":1}}\n{{\"event\":\"exec\",\"t\":1,\"id\":2,\"argv\":[\"server\"]}}\n{{\"event\":\"listen\",\"t\":1,\"id\":2,\"address\":\"127.0.0.1:{port}\"}}\n"
            )
        };
        let (plain, one, other) = (story(""), story(&server(1)), story(&server(2)));
        let begun = Diff::between(&plain, &one).begun;
        assert_eq!(begun.len(), 2);
        assert_eq!(
            (begun[0].deed, begun[0].program.as_str()),
            ("listen", "server")
        );
        assert_eq!(
            (begun[1].deed, begun[1].object.as_deref()),
            ("start", Some("server"))
        );
        let same = Diff::between(&one, &other);
        assert!(same.begun.is_empty() && same.ceased.is_empty());
        assert_eq!(Diff::between(&one, &plain).ceased.len(), 2);
    }
}
