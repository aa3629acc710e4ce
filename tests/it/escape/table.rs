//! The matrix as people read it: a table for each level and user, shapes down and endings across.

use super::cell::{Cell, Result};
use super::endings::{ENDINGS, Ending};
use super::exceptions::EXCEPTIONS;
use super::shapes::SHAPES;
use crate::support::bench::User;
use std::fmt::Write;

/// Every table of what was played, with its legend.
pub(crate) fn draw(played: &[(Cell, Result)]) -> String {
    let mut text = String::from(
        "\n. nothing left   L left   x left, a written exception   - has no meaning   s skipped   ! wrong\n",
    );
    for (number, ending) in ENDINGS.iter().enumerate() {
        let _ = write!(text, "{:>2} {:<20}", number + 1, ending.name());
        if number % 5 == 4 {
            text.push('\n');
        }
    }
    text.push('\n');
    let mut groups: Vec<(Option<&str>, User)> = Vec::new();
    for (cell, _) in played {
        if !groups.contains(&(cell.level, cell.user)) {
            groups.push((cell.level, cell.user));
        }
    }
    for (level, user) in groups {
        draw_one(&mut text, played, level, user);
    }
    for hole in &EXCEPTIONS {
        let ending = hole.ending.map_or("any ending", Ending::name);
        let _ = writeln!(
            text,
            "x {}: {}, {ending}: {}",
            hole.level, hole.shape, hole.why
        );
    }
    text
}

fn draw_one(text: &mut String, played: &[(Cell, Result)], level: Option<&str>, user: User) {
    let title = format!("{} · {}", level.unwrap_or("bare"), user.name());
    let _ = write!(text, "\n{title:<24}");
    for number in 1..=ENDINGS.len() {
        let _ = write!(text, "{number:>3}");
    }
    text.push('\n');
    for shape in SHAPES {
        let _ = write!(text, "  {:<22}", shape.name);
        for ending in ENDINGS {
            let mark = played
                .iter()
                .find(|(cell, _)| {
                    (cell.level, cell.user, cell.shape, cell.ending) == (level, user, shape, ending)
                })
                .map_or(' ', |(_, result)| mark(result));
            let _ = write!(text, "{mark:>3}");
        }
        text.push('\n');
    }
}

fn mark(result: &Result) -> char {
    match result {
        Result::Empty => '.',
        Result::Left(_) => 'L',
        Result::Excepted => 'x',
        Result::Skipped(_) => 's',
        Result::Meaningless => '-',
        Result::Wrong(_) => '!',
    }
}
