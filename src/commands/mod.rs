//! One file per subcommand: gather what is needed, call the room that decides, hand the result to the report.

pub mod explain;
pub mod init;
