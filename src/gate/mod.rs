//! May it run? The one question that is answered before anything is started, from data alone.
//!
//! A [`Grant`] is the answer yes, and can be made nowhere else: no run without one compiles.

mod environment;
mod grant;
mod inside;
mod judge;
mod owed;
mod refusal;
mod request;
mod ruling;
mod tighten;

pub use environment::{Environment, GateState};
pub use grant::{Grant, OpenGate};
pub use inside::{Held, KEEPER, OPENED, Shut, ask_inside};
pub use judge::{Judgement, judge};
pub use owed::Owed;
pub use refusal::{ClosedGate, Reason, Refusal};
pub use request::{Request, Unjudged};
pub use ruling::Ruling;
pub use tighten::Loosening;
