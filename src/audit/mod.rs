//! The audit: what a suite starts. What was recorded comes as lines, one JSON object each (docs/audit.md).

mod page;

pub use page::page;
