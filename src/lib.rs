//! guardrun runs test suites that start real processes, and sees to it that nothing of them outlives the run.
//! docs/architecture.md tells the whole story.

pub mod audit;
pub mod check;
pub mod cli;
pub mod commands;
pub mod contain;
pub mod exit;
pub mod fence;
pub mod gate;
pub mod helpers;
pub mod host;
pub mod keeper;
pub mod ledger;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod proof;
pub mod receipt;
pub mod registry;
pub mod report;
pub mod run;
pub mod sys;
pub mod values;
