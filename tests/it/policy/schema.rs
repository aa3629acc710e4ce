//! "A JSON Schema is published with it": an editor that follows the schema agrees with guardrun.

use super::read;
use boon::{Compiler, SchemaIndex, Schemas};
use guardrun::policy::SCHEMA;
use serde_json::{Map, Value, json};

/// A policy, and what the schema and the parser say of it.
enum Both {
    Good,
    Bad,
    /// The parser refuses it for its meaning, which a schema cannot express.
    BadByMeaning,
}

use Both::{Bad, BadByMeaning, Good};

const TABLE: &[(Both, &str)] = &[
    (Good, ""),
    (Good, super::DAEMON),
    (
        Good,
        "unmatched='refuse'\n[defaults]\nlevel='auto'\nat-least='cgroup'\ntimeout='1h 30m'\ngrace='0s'\nlifeline=true",
    ),
    (Good, "receipts='target/guardrun'"),
    (Good, "receipts='./a/...'"),
    (Good, "receipts='a/./'"),
    (Bad, "receipts=''"),
    (Bad, "receipts='.'"),
    (Bad, "receipts='././/'"),
    (Bad, "receipts='/tmp/r'"),
    (Bad, "receipts='a/../../r'"),
    (Bad, "receipts=true"),
    (Good, "[defaults]\nidle='2m'"),
    (
        Good,
        "[[dangerously-allow-check]]\nrule='no-lane'\nfile='docker/*'\nreason='x'\nexpires='2030-01-01'",
    ),
    (
        Bad,
        "[[dangerously-allow-check]]\nrule='no-lanes'\nfile='a'\nreason='x'",
    ),
    (
        Bad,
        "[[dangerously-allow-check]]\nrule='no-lane'\nfile='**'\nreason='x'",
    ),
    (Bad, "[[dangerously-allow-check]]\nrule='no-lane'\nfile='a'"),
    (
        BadByMeaning,
        "[[dangerously-allow-check]]\nrule='no-lane'\nfile='a'\nsuite='b'\nreason='x'",
    ),
    (
        Good,
        "[suite.a]\ncommand=['a']\nidle={after='2m', working='kill'}",
    ),
    (Good, "[suite.a]\ncommand=['a']\nidle={after='2m'}"),
    (
        Good,
        "[suite.a]\ncommand=['a']\nexamples=['a b', ['a', '']]\nno-match=['b']\nlevel='namespace'",
    ),
    (Good, "[suite.a]\nmatch=[['a', '*'], 'b']"),
    (
        Good,
        "[suite.a]\ncommand=['a']\njunit='target/junit.xml'\nretry={times=2}",
    ),
    (
        Good,
        "[suite.a]\ncommand=['a']\njunit='./a..b/..x'\nretry={times=10,on=['failed','crashed']}",
    ),
    (Bad, "[suite.a]\ncommand=['a']\njunit='/tmp/junit.xml'"),
    (Bad, "[suite.a]\ncommand=['a']\njunit='../junit.xml'"),
    (Bad, "[suite.a]\ncommand=['a']\njunit='a/../../junit.xml'"),
    (Bad, "[suite.a]\ncommand=['a']\njunit='a/'"),
    (Bad, "[suite.a]\ncommand=['a']\njunit='.'"),
    (Bad, "[suite.a]\ncommand=['a']\njunit=''"),
    (Bad, "[suite.a]\ncommand=['a']\nretry=2"),
    (Bad, "[suite.a]\ncommand=['a']\nretry={}"),
    (Bad, "[suite.a]\ncommand=['a']\nretry={times=0}"),
    (Bad, "[suite.a]\ncommand=['a']\nretry={times=11}"),
    (Bad, "[suite.a]\ncommand=['a']\nretry={times=1,on=[]}"),
    (
        Bad,
        "[suite.a]\ncommand=['a']\nretry={times=1,on=['failed','failed']}",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\nretry={times=1,on=['leaked']}",
    ),
    (Bad, "[suite.a]\ncommand=['a']\nretry={times=1,x=1}"),
    (Bad, "[defaults]\nretry={times=1}"),
    (
        Good,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-allow-leaks]\nreason='r'\nexpires=2027-01-31",
    ),
    (
        Good,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-allow-leaks]\nreason='r'\nexpires='2027-01-31'",
    ),
    (
        Good,
        "[suite.a]\ncommand=['a']\n[[suite.a.dangerously-expect-leftover]]\nprogram='sccache*'\nreason='r'",
    ),
    (
        Good,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-outlive-parent]\nreason='r'",
    ),
    (
        Good,
        "[defaults]\nat-least='cgroup'\n[suite.a]\ncommand=['a']\n[suite.a.dangerously-hold-weaker]\nat-least='subreaper'\nreason='r'",
    ),
    (
        Good,
        "[gate.g]\nenv='G_TESTS'\nwhy='日本'\nwhere='x'\nrisk='r'",
    ),
    (Good, "[suite.a]\ncommand=['a']\nlock='ports'"),
    (
        Good,
        "[suite.a]\ncommand=['a']\nlock={name='p', scope='repository', when-busy='replace', wait='5m', expires-after='6h'}",
    ),
    (Good, "[suite.a]\ncommand=['a']\n[suite.a.lock]"),
    (
        Good,
        "[gate.g]\nenv='G_TESTS'\nwhy='w'\nwhere='x'\n[suite.a]\ngate='g'\ncommand=['a']\n[suite.a.dangerously-run-concurrently]\nreason='r'",
    ),
    (Bad, "[suite.a]\ncommand=['a']\nlock=false"),
    (Bad, "[suite.a]\ncommand=['a']\nlock=''"),
    (Bad, "[suite.a]\ncommand=['a']\nlock='../x'"),
    (Bad, "[suite.a]\ncommand=['a']\nlock={name='a b'}"),
    (Bad, "[suite.a]\ncommand=['a']\nlock={scope='world'}"),
    (Bad, "[suite.a]\ncommand=['a']\nlock={when-busy='ask'}"),
    (Bad, "[suite.a]\ncommand=['a']\nlock={wait=5}"),
    (Bad, "[suite.a]\ncommand=['a']\nlock={x=1}"),
    (BadByMeaning, "[suite.a]\ncommand=['a']\nlock={wait='0s'}"),
    (
        BadByMeaning,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-run-concurrently]\nreason='r'",
    ),
    (
        BadByMeaning,
        "[gate.g]\nenv='G_TESTS'\nwhy='w'\nwhere='x'\n[suite.a]\ngate='g'\nlock='l'\ncommand=['a']\n[suite.a.dangerously-run-concurrently]\nreason='r'",
    ),
    (
        Good,
        "[suite.a]\ncommand=['a']\nrequired=true\n[suite.a.proof]\nreport=['a.xml','b/**/*.xml']\nformat='junit'\nmin-executed=1\nmax-skipped=0\nmust-run=['a','b[1]']\nratchet='t/s.toml'\nstrict='counts'",
    ),
    (
        Good,
        "[suite.a]\ncommand=['a']\nproof={report='a..b/./c..'}",
    ),
    (Good, "[suite.a]\ncommand=['a']\nproof={format='ledger'}"),
    (Bad, "[suite.a]\ncommand=['a']\nproof={}"),
    (Bad, "[suite.a]\ncommand=['a']\nproof='a.xml'"),
    (Bad, "[suite.a]\ncommand=['a']\nproof={format='junit'}"),
    (Bad, "[suite.a]\ncommand=['a']\nproof={report=[]}"),
    (Bad, "[suite.a]\ncommand=['a']\nproof={report=''}"),
    (Bad, "[suite.a]\ncommand=['a']\nproof={report='/a.xml'}"),
    (Bad, "[suite.a]\ncommand=['a']\nproof={report='a/../b.xml'}"),
    (Bad, "[suite.a]\ncommand=['a']\nproof={report='..'}"),
    (Bad, "[suite.a]\ncommand=['a']\nproof={report='a/'}"),
    (
        Bad,
        "[suite.a]\ncommand=['a']\nproof={report='a', format='xml'}",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\nproof={report='a', strict='very'}",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\nproof={report='a', min-executed=0}",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\nproof={report='a', max-skipped=-1}",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\nproof={report='a', must-run=[]}",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\nproof={report='a', must-run=' '}",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\nproof={report='a', most-skipped=1}",
    ),
    (Bad, "[suite.a]\ncommand=['a']\nrequired='yes'"),
    (BadByMeaning, "[suite.a]\ncommand=['a']\nrequired=true"),
    (
        BadByMeaning,
        "[suite.a]\ncommand=['a']\nproof={report='[a.xml'}",
    ),
    (
        BadByMeaning,
        "[suite.a]\ncommand=['a']\nproof={report='a', strict='report', min-executed=2}",
    ),
    (
        Good,
        "[defaults.environment]\nremove=['A', 'B_*']\nonly=[]\nset={C='', D='=x'}\nprivate=['TMPDIR']\nhide=['docker']\nworkers=1",
    ),
    (
        Good,
        "[suite.a]\ncommand=['a']\nenvironment={set={CI='1'}, only=['PATH', '{A,B}']}",
    ),
    (Bad, "[defaults.environment]\nremoves=['A']"),
    (Bad, "[defaults.environment]\nremove='A'"),
    (Bad, "[defaults.environment]\nremove=['']"),
    (Bad, "[defaults.environment]\nonly=['A=1']"),
    (Bad, "[defaults.environment]\nset={A=1}"),
    (Bad, "[defaults.environment]\nset={'A-B'='1'}"),
    (Bad, "[defaults.environment]\nset={A=\"\\u0000\"}"),
    (Bad, "[defaults.environment]\nset={GUARDRUN_LEVEL='1'}"),
    (Bad, "[defaults.environment]\nprivate=['PATH']"),
    (Bad, "[defaults.environment]\nprivate=['GUARDRUN_X']"),
    (Bad, "[defaults.environment]\nhide=['everything']"),
    (Bad, "[defaults.environment]\nworkers=0"),
    (Bad, "[defaults.environment]\nworkers=65536"),
    (Bad, "[defaults.environment]\nworkers='4'"),
    (
        BadByMeaning,
        "[defaults.environment]\nremove=['GUARDRUN_REQUIRE']",
    ),
    (BadByMeaning, "[defaults.environment]\nremove=['A[']"),
    (
        BadByMeaning,
        "[defaults.environment]\nremove=['A']\nset={A='1'}",
    ),
    (
        BadByMeaning,
        "[gate.g]\nenv='G_TESTS'\nwhy='w'\nwhere='x'\n[defaults.environment]\nset={G_TESTS='1'}",
    ),
    (
        Good,
        "[defaults]\nfence='processes'\n[suite.a]\ncommand=['a']\nfence='processes'\n[[suite.a.dangerously-allow-fenced]]\nwhat='start'\nmatch='git *'\nby=['pytest', '*']\nreason='r'",
    ),
    (
        Good,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-fence-weaker]\nfence='off'\nreason='r'\nexpires=2027-01-31\n[suite.a.dangerously-warn-fenced]\nreason='r'",
    ),
    (BadByMeaning, "[suite.a]\ncommand=['a']\nfence='off'"),
    (
        BadByMeaning,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-fence-weaker]\nfence='daemons'\nreason='r'",
    ),
    (Bad, "[defaults]\nfence='off'"),
    (Bad, "[suite.a]\ncommand=['a']\nfence='high'"),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[[suite.a.dangerously-allow-fenced]]\nwhat='fork'\nmatch='a'\nreason='r'",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[[suite.a.dangerously-allow-fenced]]\nwhat='pty'\nreason='r'",
    ),
    // Keys and types.
    (Bad, "x=1"),
    (Bad, "unmatched='maybe'"),
    (Bad, "[defaults]\ngate='g'"),
    (Bad, "[defaults]\nlevel='strong'"),
    (Bad, "[defaults]\nat-least='auto'"),
    (Bad, "[defaults]\ntimeout=10"),
    (Bad, "[defaults]\ntimeout='10'"),
    (Bad, "[defaults]\ntimeout='soon'"),
    (Bad, "[defaults]\nlifeline='yes'"),
    (Bad, "[defaults]\nidle=120"),
    (Bad, "[defaults]\nidle={working='kill'}"),
    (Bad, "[defaults]\nidle={after='2m', working='maybe'}"),
    (Bad, "[defaults]\nidle={after='2m', then='kill'}"),
    (Bad, "[gate.g]\nenv='G_TESTS'\nwhy='w'"),
    (Bad, "[gate.g]\nenv='G_TESTS'\nwhere='w'"),
    (Bad, "[gate.g]\nwhy='w'\nwhere='w'"),
    (Bad, "[gate.g]\nenv='G_TESTS'\nwhy=' '\nwhere='x'"),
    (Bad, "[gate.g]\nenv='CI'\nwhy='w'\nwhere='x'"),
    (Bad, "[gate.g]\nenv='1X'\nwhy='w'\nwhere='x'"),
    (Bad, "[gate.'a b']\nenv='G_TESTS'\nwhy='w'\nwhere='x'"),
    (Bad, "[suite.a]"),
    (Bad, "[suite.a]\nlevel='auto'"),
    (Bad, "[suite._a]\ncommand=['a']"),
    (Bad, "[suite.a]\ncommand='a'"),
    (Bad, "[suite.a]\ncommand=[]"),
    (Bad, "[suite.a]\ncommand=['']"),
    (Bad, "[suite.a]\nmatch=[]"),
    (Bad, "[suite.a]\nmatch=['']"),
    (Bad, "[suite.a]\nmatch=[[]]"),
    (Bad, "[suite.a]\nmatch=[1]"),
    (Bad, "[suite.a]\ncommand=['a']\nexamples='a'"),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-allow-leaks]",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-allow-leaks]\nreason=''",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-allow-leaks]\nreason='r'\nexpires='soon'",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-allow-leaks]\nreason='r'\nexpires='2027-02-30'",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-allow-leaks]\nreason='r'\nexpires=2027-01-31T00:00:00Z",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-hold-weaker]\nreason='r'",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-expect-leftover]\nprogram='p'\nreason='r'",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[[suite.a.dangerously-expect-leftover]]\nprogram='*'\nreason='r'",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[[suite.a.dangerously-expect-leftover]]\nprogram='/bin/p'\nreason='r'",
    ),
    (
        Bad,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-outlive-parent]\nreason='r'\nx=1",
    ),
    // Meaning: what one part of the file says of another, and what is no matter of form.
    (BadByMeaning, "[suite.a]\ngate='g'\ncommand=['a']"),
    (
        BadByMeaning,
        "[gate.a]\nenv='X_TESTS'\nwhy='w'\nwhere='x'\n[gate.b]\nenv='X_TESTS'\nwhy='w'\nwhere='x'",
    ),
    (
        BadByMeaning,
        "[gate.g]\nenv='GUARDRUN_LEVEL'\nwhy='w'\nwhere='x'",
    ),
    (
        BadByMeaning,
        "[suite.a]\nmatch=['x']\n[suite.b]\nmatch=['x']",
    ),
    (BadByMeaning, "[suite.a]\nmatch=['x']\nexamples=['y']"),
    (BadByMeaning, "[suite.a]\nmatch=['x']\nno-match=['x']"),
    (BadByMeaning, "[suite.a]\nmatch=['x [a']"),
    (BadByMeaning, "[suite.a]\nmatch=['\"x']"),
    (
        BadByMeaning,
        "[suite.a]\ncommand=['a']\nlevel='subreaper'\nat-least='cgroup'",
    ),
    (
        BadByMeaning,
        "[suite.a]\ncommand=['a']\n[suite.a.dangerously-hold-weaker]\nat-least='subreaper'\nreason='r'",
    ),
    (BadByMeaning, "[defaults]\ntimeout='0s'"),
    (BadByMeaning, "[defaults]\nidle='0s'"),
    (BadByMeaning, "[defaults]\ntimeout='10 parsecs'"),
];

/// What an editor sees: JSON has no dates, so those are strings.
fn as_json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(truth) => json!(truth),
        toml::Value::Datetime(day) => json!(day.to_string()),
        toml::Value::Array(values) => values.into_iter().map(as_json).collect(),
        toml::Value::Table(table) => {
            let entries = table.into_iter().map(|(key, value)| (key, as_json(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn compiled(schemas: &mut Schemas) -> SchemaIndex {
    let mut compiler = Compiler::new();
    compiler.enable_format_assertions();
    let schema = serde_json::from_str(SCHEMA).unwrap();
    compiler.add_resource("guardrun.json", schema).unwrap();
    compiler.compile("guardrun.json", schemas).unwrap()
}

#[test]
fn the_schema_and_the_parser_judge_alike() {
    let mut schemas = Schemas::new();
    let schema = compiled(&mut schemas);
    for (expected, text) in TABLE {
        let value = as_json(toml::Value::Table(text.parse().unwrap()));
        let by_schema = schemas.validate(&value, schema).is_ok();
        let by_parser = read(text).is_ok();
        let expected = match expected {
            Good => (true, true),
            Bad => (false, false),
            BadByMeaning => (true, false),
        };
        assert_eq!(
            (by_schema, by_parser),
            expected,
            "(schema, parser) of:\n{text}"
        );
    }
}

#[test]
fn every_key_of_the_parser_is_in_the_schema_with_a_description() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let error = super::bad("[suite.a]\ncommand=['a']\nnonsense=1");
    let keys = error.split("the keys known here are ").nth(1).unwrap();
    for key in keys.split(", ") {
        let property = &schema["$defs"]["suite"]["properties"][key];
        let described = property["description"].is_string()
            || property["$ref"].as_str().is_some_and(|at| {
                schema
                    .pointer(&at[1..])
                    .is_some_and(|target| target["description"].is_string())
            });
        assert!(described, "{key}");
    }
}
