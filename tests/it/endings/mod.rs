//! "Distinct classes and codes … never invent a cause": every ending, brought about for real, and what is told of it: the
//! record of `--report` by its schema, the JUnit report, the summary for GitHub, and the attempts of a retry.

mod ends;
mod github;
mod junit;
mod report;
mod retry;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Reads a record and makes sure that the published schema agrees with it.
pub(crate) fn record(path: &Path) -> Value {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let record: Value = serde_json::from_str(&text).expect("the record is JSON");
    agrees_with_the_schema(&record);
    record
}

/// Panics with the reason where the schema does not agree.
pub(crate) fn agrees_with_the_schema(record: &Value) {
    let mut schemas = Schemas::new();
    let schema = compiled(&mut schemas);
    if let Err(error) = schemas.validate(record, schema) {
        panic!("{error:#}\nin {record:#}");
    }
}

fn compiled(schemas: &mut Schemas) -> SchemaIndex {
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    let schema = serde_json::from_str(guardrun::report::SCHEMA).expect("the schema is JSON");
    compiler
        .add_resource("report.json", schema)
        .expect("the schema is a schema");
    compiler
        .compile("report.json", schemas)
        .expect("the schema compiles")
}
