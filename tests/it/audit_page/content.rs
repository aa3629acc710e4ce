//! What the page carries, without a browser.

use super::page_of;
use super::recording::{Recording, suite};
use serde_json::{Value, json};

/// The data in a page.
fn data_of(page: &str) -> Value {
    let (_, rest) = page
        .split_once("<script type=\"application/json\" id=\"data\">")
        .expect("data");
    let (data, _) = rest.split_once("</script>").expect("an end of it");
    serde_json::from_str(data).expect("JSON")
}

/// "The page of 10,000 processes stays under some 3 MB."
#[test]
fn ten_thousand_processes_fit_into_three_megabytes() {
    let page = page_of(&suite(10_000));
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    assert_eq!(
        data_of(&page)["processes"]["id"].as_array().map(Vec::len),
        Some(10_000)
    );
    assert_eq!(data_of(&page)["cut"], Value::Null, "and nothing was cut");
}

#[test]
fn arguments_are_cut_for_everybody_alike_where_they_would_not_fit_and_that_is_said() {
    let mut it = Recording::new();
    for n in 0..1000 {
        let argument = format!("{n:04}{}", "é".repeat(20_000));
        it.process((0.0, 1.0), None, &["cc", &argument, "last"], "tool");
    }
    let page = page_of(&it.lines());
    assert!(page.len() < 3_000_000, "{} bytes", page.len());
    let data = data_of(&page);
    assert_eq!(data["cut"], 1024);
    let argv = &data["argvs"][0];
    assert_eq!(argv.as_array().map(Vec::len), Some(2));
    let argument = &data["strings"][argv[1].as_u64().unwrap() as usize];
    assert_eq!(
        argument.as_str().map(str::len),
        Some(1020),
        "between two characters"
    );
    assert_eq!(data["processes"]["flags"][0], 4);
}

#[test]
fn a_recording_makes_the_same_page_every_time() {
    assert_eq!(page_of(&suite(200)), page_of(&suite(200)));
}

#[test]
fn the_page_is_one_file_that_names_no_other() {
    let page = page_of(&suite(20));
    let head = page.split("<script type").next().unwrap();
    assert!(head.contains("default-src 'none'; script-src 'sha256-"));
    for word in [
        "<link",
        "<img",
        "<iframe",
        "@import",
        "url(",
        "unsafe-inline",
        "unsafe-eval",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    let addresses: Vec<&str> = page
        .match_indices("://")
        .map(|(at, _)| &page[at.saturating_sub(8)..at + 20])
        .collect();
    // A name of a kind of element, which nobody asks for.
    assert_eq!(addresses.len(), 1, "{addresses:?}");
    assert!(page.contains("\"http://www.w3.org/2000/svg\""));
}

#[test]
fn a_fork_is_what_its_parent_was_when_it_forked() {
    let mut it = Recording::new();
    let parent = it.fork(0.0, None);
    it.exec(0.1, parent, &["sh"], "runner");
    it.fork(0.2, Some(parent));
    it.exec(0.3, parent, &["node"], "test");
    it.fork(0.4, Some(parent));
    let data = data_of(&page_of(&it.lines()));
    let role = |row: usize| {
        let number = data["processes"]["role"][row].as_u64().unwrap() as usize;
        data["strings"][number].as_str().unwrap().to_owned()
    };
    assert_eq!([role(0), role(1), role(2)], ["test", "runner", "test"]);
    assert_eq!(data["processes"]["flags"], json!([0, 1, 1]));
    assert_eq!(
        data["before"][0][1], 100_000,
        "and what it was before is kept"
    );
}

#[test]
fn nobody_is_among_its_own_ancestors() {
    let mut it = Recording::new();
    it.event(0.1, json!({"event": "start", "id": 1, "parent": 2}));
    it.event(0.2, json!({"event": "start", "id": 2, "parent": 1}));
    it.event(0.3, json!({"event": "start", "id": 3, "parent": 3}));
    let data = data_of(&page_of(&it.lines()));
    let parents = data["processes"]["parent"].as_array().unwrap();
    assert_eq!(
        parents.iter().filter(|parent| **parent == -1).count(),
        2,
        "{parents:?}"
    );
}
