//! How often a suite may be tried again, and after what. Plain data; `check/retry.rs` makes it, `outcome/retry.rs` judges by it.

/// What the policy says of trying again. Without it nothing ever is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many attempts there may be after the first.
    pub times: u32,
    /// After which ends; never empty.
    pub on: Vec<RetryOn>,
}

/// An end after which a suite may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryOn {
    /// An exit code that says that it failed.
    Failed,
    /// A signal such as SIGSEGV or SIGABRT, or the exit code that a shell makes of one.
    Crashed,
}

impl RetryOn {
    /// All of them.
    pub const ALL: [RetryOn; 2] = [RetryOn::Failed, RetryOn::Crashed];

    /// The word of the policy.
    pub fn name(self) -> &'static str {
        match self {
            RetryOn::Failed => "failed",
            RetryOn::Crashed => "crashed",
        }
    }
}

impl Retry {
    /// What both of these allow; None where that is nothing.
    pub(super) fn strictest(one: Option<&Retry>, two: Option<&Retry>) -> Option<Retry> {
        let (one, two) = (one?, two?);
        let on: Vec<_> = one
            .on
            .iter()
            .copied()
            .filter(|end| two.on.contains(end))
            .collect();
        (!on.is_empty()).then(|| Retry {
            times: one.times.min(two.times),
            on,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Retry, RetryOn};

    #[test]
    fn two_suites_together_are_tried_again_only_as_both_allow() {
        let often = Retry {
            times: 5,
            on: vec![RetryOn::Failed, RetryOn::Crashed],
        };
        let once = Retry {
            times: 1,
            on: vec![RetryOn::Crashed],
        };
        let both = Retry::strictest(Some(&often), Some(&once));
        assert_eq!(both.as_ref(), Some(&once));
        assert_eq!(Retry::strictest(Some(&often), None), None);
        let failed = Retry {
            times: 1,
            on: vec![RetryOn::Failed],
        };
        assert_eq!(Retry::strictest(Some(&failed), Some(&once)), None);
    }
}
