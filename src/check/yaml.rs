//! YAML into a tree with lines. Bounded in depth and in size, also where aliases repeat what is large.

use super::node::{Lines, Node, Value};
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;

/// The deepest nesting that is read. The format of no CI comes near it.
const DEEPEST: usize = 64;
/// The most values of one file, each as often as an alias repeats it.
const MOST: usize = 100_000;

/// A collection that is not closed yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The name in a map that waits for its value.
    name: Option<String>,
}

/// The first document of the text; None where there is nothing in it. The error has a line, counted from 1.
pub(super) fn read(text: &str) -> Result<Option<Node>, (usize, String)> {
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, (Node, usize)> = HashMap::new();
    let mut count = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|error| (error.marker().line().max(1), error.info().to_owned()))?;
        let line = span.start.line().max(1);
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let lines = match style {
                    // The parser tells where its first line that is not empty stands.
                    ScalarStyle::Literal => {
                        let empty = text.len() - text.trim_start_matches('\n').len();
                        Lines::From(line.saturating_sub(empty).max(1))
                    }
                    _ => Lines::Here,
                };
                let value = Value::Text(text.into_owned(), lines);
                (Node { value, line }, anchor)
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                if open.len() >= DEEPEST {
                    return Err((line, format!("it is more than {DEEPEST} levels deep")));
                }
                let value = match event {
                    Event::SequenceStart(..) => Value::List(Vec::new()),
                    _ => Value::Map(Vec::new()),
                };
                open.push(Open {
                    node: Node { value, line },
                    anchor,
                    name: None,
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(closed) => (closed.node, closed.anchor),
                None => continue,
            },
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some((node, size)) => {
                    count += size;
                    (node.clone(), 0)
                }
                None => return Err((line, "it repeats what is nowhere".to_owned())),
            },
            // Further documents are of no format that is read here.
            Event::DocumentEnd => return Ok(None),
            _ => continue,
        };
        count += 1;
        if count > MOST {
            return Err((line, format!("it has more than {MOST} values")));
        }
        if anchor > 0 {
            let size = size(&node);
            anchors.insert(anchor, (node.clone(), size));
        }
        let Some(parent) = open.last_mut() else {
            return Ok(Some(node));
        };
        match &mut parent.node.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match parent.name.take() {
                None => parent.name = Some(node.text().unwrap_or_default().to_owned()),
                Some(name) if name == "<<" => merge(entries, node),
                Some(name) => entries.push((name, node)),
            },
            Value::Text(..) => {}
        }
    }
    Ok(None)
}

/// The merge key of YAML 1.1, which GitLab and docker compose still have: what is there already stays.
fn merge(entries: &mut Vec<(String, Node)>, node: Node) {
    let maps = match node.value {
        Value::List(items) => items,
        _ => vec![node],
    };
    for map in maps {
        if let Value::Map(more) = map.value {
            for (name, node) in more {
                if !entries.iter().any(|(other, _)| *other == name) {
                    entries.push((name, node));
                }
            }
        }
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Text(..) => 0,
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|(_, node)| size(node)).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Lines, Value, read};
    use proptest::prelude::*;

    #[test]
    fn every_value_knows_its_line() {
        let text = "on: push\njobs:\n  a:\n    steps:\n      - run: |\n\n          one\n          two\n      - {run: three}\n";
        let node = read(text).unwrap().unwrap();
        let steps = node.get("jobs").unwrap().get("a").unwrap().get("steps");
        let steps = steps.unwrap().items();
        let run = steps[0].get("run").unwrap();
        assert_eq!(
            run.value,
            Value::Text("\none\ntwo\n".into(), Lines::From(6))
        );
        assert_eq!(steps[1].get("run").unwrap().line, 9);
    }

    #[test]
    fn an_alias_is_what_it_repeats_and_a_merge_adds_what_is_not_there() {
        let text = "a: &a\n  x: 1\n  y: 2\nb:\n  x: 3\n  <<: *a\nc: *a\n";
        let node = read(text).unwrap().unwrap();
        let at = |of: &str, name: &str| {
            let of = node.get(of).unwrap();
            of.get(name).unwrap().text().unwrap().to_owned()
        };
        assert_eq!(
            (at("b", "x"), at("b", "y"), at("c", "x")),
            ("3".into(), "2".into(), "1".into())
        );
    }

    #[test]
    fn aliases_that_repeat_each_other_do_not_fill_the_memory() {
        let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let list = vec![format!("*a{}", level - 1); 10].join(",");
            text += &format!("a{level}: &a{level} [{list}]\n");
        }
        assert!(read(&text).unwrap_err().1.contains("more than 100000"));
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]
        #[test]
        fn no_text_makes_it_panic(text in "([a-z:#\\-\\[\\]{}&*!|>'\"%@` \t\n]|\\PC){0,80}") {
            let _ = read(&text);
        }
    }
}
