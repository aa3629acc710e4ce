//! The published shape of guardrun.toml, for editors.

/// The JSON Schema (draft 2020-12) of guardrun.toml. A test judges a table of policies by it and by the parser.
pub const SCHEMA: &str = include_str!("../../docs/guardrun.schema.json");
