//! The keys of the tables that loosen a safety.

/// `[suite.NAME.dangerously-allow-leaks]`.
pub(super) const ALLOW_LEAKS: &str = "dangerously-allow-leaks";
/// `[suite.NAME.dangerously-hold-weaker]`.
pub(super) const HOLD_WEAKER: &str = "dangerously-hold-weaker";
/// `[[suite.NAME.dangerously-expect-leftover]]`.
pub(super) const EXPECT_LEFTOVER: &str = "dangerously-expect-leftover";
/// `[suite.NAME.dangerously-outlive-parent]`.
pub(super) const OUTLIVE_PARENT: &str = "dangerously-outlive-parent";

/// `[suite.NAME.dangerously-fence-weaker]`.
pub(super) const FENCE_WEAKER: &str = "dangerously-fence-weaker";
/// `[[suite.NAME.dangerously-allow-fenced]]`.
pub(super) const ALLOW_FENCED: &str = "dangerously-allow-fenced";
/// `[suite.NAME.dangerously-warn-fenced]`.
pub(super) const WARN_FENCED: &str = "dangerously-warn-fenced";
/// `[suite.NAME.dangerously-run-concurrently]`.
pub(super) const RUN_CONCURRENTLY: &str = "dangerously-run-concurrently";
