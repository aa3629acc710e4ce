//! `guardrun audit --observe`: the one flag that loosens. docs/decisions/the-audit-may-observe.md says why it is there.

use super::Plan;
use crate::values::Fence;

impl Plan {
    /// The same run with a fence that only looks, for a suite without a gate; one with a gate keeps what it asks for. It is refused to
    /// a coding agent, by the name that its environment gives. The error is what there is to say.
    pub fn observed(mut self, agent: Option<&str>) -> Result<Plan, String> {
        if let Some(agent) = agent {
            return Err(format!(
                "refused: --observe lets a suite do what its fence is there to refuse, and {agent} may not ask for that\n\
                 hint: audit without --observe, which names what is refused; a person, or CI, can derive the policy with it"
            ));
        }
        if self.opened.is_empty() && self.hold.fence.class > Fence::Observe {
            self.hold.fence.class = Fence::Observe;
            self.hold.fence.demanded = false;
        }
        Ok(self)
    }
}
