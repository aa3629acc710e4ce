//! Where a text gives a variable the value 1, in whatever language it is written: `X=1`, `X: "1"`, `"X", "1"`, `X := '1'`, `ENV X 1`,
//! `${X:-1}`. A comparison gives nothing.

use std::ops::Range;

/// How a comment begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comment {
    /// `#`
    Hash,
    /// `//`, and lines of a `/* … */`.
    Slashes,
}

/// Every place in the text that gives this variable the value 1, from the name to the value.
pub(super) fn places(text: &str, name: &str, comment: Comment) -> Vec<Range<usize>> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in text.match_indices(name) {
        let before = text[..at].chars().next_back();
        let inside_last = found
            .last()
            .is_some_and(|last: &Range<usize>| at < last.end);
        if before.is_some_and(is_word) || inside_last || is_comment(text, at, comment) {
            continue;
        }
        let start = at + name.len();
        let read_out = text[..at].ends_with('$') || text[..at].ends_with("${");
        let with_default = text[start..].starts_with(":-") || text[start..].starts_with(":=");
        if read_out && !with_default {
            continue;
        }
        if let Some(length) = gives_one(&text[start..]) {
            found.push(at..start + length);
        }
    }
    found
}

/// How long it is, from the end of the name to the end of the 1; None where no 1 is given.
fn gives_one(after: &str) -> Option<usize> {
    let rest = after.trim_start_matches(['"', '\'', ']', ')']);
    let closed = rest.len() < after.len();
    let blank = rest.trim_start_matches([' ', '\t']);
    let (rest, signed) = match blank {
        it if it.starts_with("==") || it.starts_with("=~") || it.starts_with("=>") => return None,
        it if it.starts_with(":-") || it.starts_with(":=") || it.starts_with("?=") => {
            (&it[2..], true)
        }
        it if it.starts_with("+=") => return None,
        it if it.starts_with(['=', ':']) => (&it[1..], true),
        it if it.starts_with(',') && closed => (&it[1..], true),
        // `ENV X 1` of a Dockerfile; nobody else puts a number after a name alone.
        it => (it, it.len() < rest.len()),
    };
    if !signed {
        return None;
    }
    // `{ value = "1", force = true }` and `{ default = … }`.
    let rest = rest.trim_start_matches([' ', '\t', '{', '(']);
    let rest = rest
        .strip_prefix("value")
        .map_or(rest, |it| it.trim_start_matches([' ', '=', ':', '"']));
    let rest = rest.trim_start_matches([' ', '"', '\'']);
    let nested = rest
        .strip_prefix("${")
        .and_then(|it| it.split_once(":-"))
        .map(|(_, it)| it);
    let rest = nested.unwrap_or(rest).strip_prefix('1')?;
    let next = rest.chars().next();
    let ends = next.is_none_or(|c| !c.is_ascii_alphanumeric() && !"_.-".contains(c));
    ends.then_some(after.len() - rest.len())
}

fn is_comment(text: &str, at: usize, comment: Comment) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = &text[start..at];
    match comment {
        Comment::Hash => {
            line.trim_start().starts_with('#') || line.contains(" #") || line.contains("\t#")
        }
        Comment::Slashes => {
            let trimmed = line.trim_start();
            trimmed.starts_with("//")
                || trimmed.starts_with('*')
                || trimmed.starts_with("/*")
                || line.contains(" //")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Comment, places};
    use proptest::prelude::*;

    #[test]
    fn what_gives_the_value_is_found_and_what_compares_is_not() {
        let gives = [
            "X=1",
            "export X=1",
            "X = \"1\"",
            "X: 1",
            "X: '1'",
            "\"X\": \"1\",",
            "- X=1",
            "ENV X 1",
            "ENV A=2 X=1",
            "os.environ[\"X\"] = \"1\"",
            "setdefault('X', '1')",
            "X := '1'",
            "X ?= 1",
            "X=${X:-1}",
            "X = { value = \"1\", force = true }",
            "process.env.X = '1';",
            "monkeypatch.setenv(\"X\", \"1\")",
            "\"test\": \"X=1 vitest\"",
            "${X:-1}",
            "set -gx X 1",
        ];
        for text in gives {
            assert_eq!(places(text, "X", Comment::Hash).len(), 1, "{text}");
        }
        let does_not = [
            "X=0",
            "X=",
            "X=10",
            "X=1.5",
            "AX=1",
            "XA=1",
            "# X=1",
            "a # X=1",
            "X == \"1\"",
            "process.env.X !== '1'",
            "[ \"$X\" = 0 ]",
            "[ \"$X\" = 1 ]",
            "[ ${X} = 1 ]",
            "X=true",
            "if X: pass",
            "unset X",
            "X, 1",
            "X=1-2",
            "X =~ 1",
        ];
        for text in does_not {
            assert_eq!(
                places(text, "X", Comment::Hash),
                Vec::<std::ops::Range<usize>>::new(),
                "{text}"
            );
        }
        assert!(places("// X=1\n * X=1", "X", Comment::Slashes).is_empty());
        assert_eq!(
            places("a X=1", "X", Comment::Hash),
            std::iter::once(2..5).collect::<Vec<_>>()
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]
        #[test]
        fn no_text_makes_it_panic(text in "(X|[=:,1'\"# \n{]|value|\\PC){0,40}") {
            for place in places(&text, "X", Comment::Slashes) {
                let _ = &text[place];
            }
        }
    }
}
