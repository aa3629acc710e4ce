//! Which verdict decides when several hold. One list, for the codes that exist and for those that are still to come; the
//! same list is a table in docs/architecture.md, and a test holds the two together.

use crate::exit::Verdict;

/// The place of one verdict in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// Its exit code.
    pub code: u8,
    /// Its stable name.
    pub name: &'static str,
    /// Why it stands here.
    pub why: &'static str,
}

const fn row(code: u8, name: &'static str, why: &'static str) -> Rank {
    Rank { code, name, why }
}

/// Every verdict, the one first that decides over all that follow.
pub const PRECEDENCE: &[Rank] = &[
    row(51, "not-killed", "somebody has to act, whatever else is so"),
    row(2, "usage", "nothing was judged"),
    row(41, "bad-policy", "nothing could be judged"),
    row(40, "refused", "judged, and nothing was started"),
    row(43, "busy", "allowed, and nothing was started"),
    row(44, "no-room", "allowed, and nothing was started"),
    row(42, "cannot-contain", "allowed, and nothing was started"),
    row(127, "not-found", "held, and nothing of the suite ran"),
    row(126, "not-executable", "held, and nothing of the suite ran"),
    row(52, "lost", "whatever is known may be wrong"),
    row(
        45,
        "fenced",
        "the fence is hit first, and the rest often comes of it",
    ),
    row(50, "over-limit", "guardrun or the kernel ended the suite"),
    row(48, "timed-out", "guardrun ended the suite"),
    row(49, "silent", "guardrun ended the suite"),
    row(46, "leaked", "the suite passed, and something is wrong"),
    row(
        47,
        "unproven",
        "the suite passed and left nothing, and that proves too little",
    ),
];

/// The place of a verdict in the order; 0 decides over all.
pub fn rank(verdict: Verdict) -> usize {
    let code = verdict.code();
    PRECEDENCE
        .iter()
        .position(|rank| rank.code == code)
        .unwrap_or(PRECEDENCE.len())
}

#[cfg(test)]
mod tests {
    use super::PRECEDENCE;
    use crate::exit::TABLE;

    #[test]
    fn every_verdict_has_one_place_in_the_order_under_its_own_name() {
        for row in TABLE {
            let places: Vec<_> = PRECEDENCE
                .iter()
                .filter(|rank| rank.code == row.code)
                .collect();
            assert_eq!(places.len(), 1, "{}", row.name);
            assert_eq!(places[0].name, row.name);
        }
        for rank in PRECEDENCE {
            let same = PRECEDENCE.iter().filter(|other| other.name == rank.name);
            assert_eq!(same.count(), 1, "{}", rank.name);
        }
    }

    #[test]
    fn the_documents_say_the_same_order() {
        let drawing = include_str!("../../docs/architecture.md");
        let rows: Vec<String> = PRECEDENCE
            .iter()
            .enumerate()
            .map(|(at, rank)| {
                format!(
                    "| {} | {} | {} | {} |",
                    at + 1,
                    rank.code,
                    rank.name,
                    rank.why
                )
            })
            .collect();
        assert!(
            drawing.contains(&rows.join("\n")),
            "docs/architecture.md lacks this table:\n{}",
            rows.join("\n")
        );
        let codes: Vec<_> = PRECEDENCE
            .iter()
            .filter(|rank| TABLE.iter().any(|row| row.code == rank.code))
            .map(|rank| rank.code.to_string())
            .collect();
        let sentence = format!("comes first here: {}.", codes.join(", "));
        let manual = include_str!("../../docs/guardrun.1.md");
        assert!(
            manual.contains(&sentence),
            "docs/guardrun.1.md does not say: {sentence}"
        );
    }
}
