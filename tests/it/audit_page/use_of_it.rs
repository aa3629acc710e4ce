//! "Filter and search", details, zoom, the table, the policy: with real keys and a real mouse.

use super::browser::{Browser, DESK, Screen};
use super::put;
use super::recording::{OTHERS, POLICY, SERVERS, suite};
use crate::scratch::Scratch;
use crate::support::room::daemon_test;
use serde_json::json;

const CONTROL: u32 = 2;
const SHIFT: u32 = 8;

#[test]
fn filters_and_searches_show_exactly_what_fits() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("searching the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        for processes in [20, 10_000] {
            let page = put(&scratch, &format!("search-{processes}"), &suite(processes));
            let compilers = processes - OTHERS;
            for (hash, shown) in [
                ("#q=redis", SERVERS),
                ("#q=REDIS", SERVERS),
                ("#q=redis&role=toolchain", 0),
                ("#role=test", SERVERS + 3),
                ("#role=host", 3),
                ("#role=test,host", SERVERS + 6),
                ("#mark=listen", SERVERS),
                ("#mark=terminal,refused", 2),
                ("#mark=outlived", 1),
                ("#mark=failed", 1),
                ("#role=toolchain", compilers + 1),
                ("#q=crate_%5B0-3%5D%5Cb&re=1", 4.min(compilers)),
                ("#q=%5Ersuty", 0),
                // A pid, and not what contains it.
                ("#q=%5E4001%24&re=1", 1),
                ("#q=%2Fusr%2Fbin%2Fnode", 1),
            ] {
                browser.open(&page, hash, DESK);
                assert_eq!(
                    browser.told("shown"),
                    shown.to_string(),
                    "{hash} of {processes}"
                );
                browser.expect_no_complaint(hash);
            }
            browser.open(&page, "#q=%28&re=1", DESK);
            assert!(
                browser
                    .text_of("#found")
                    .starts_with("Not a regular expression: ")
            );
            assert_eq!(browser.told("shown"), processes.to_string());
        }
        // Typed, and with the legend.
        browser.key("/", 0);
        browser.eval("document.getElementById('q').select()");
        browser.ask("Input.insertText", json!({"text": "sleep"}));
        browser.click("#re");
        browser.settle();
        assert_eq!(browser.text_of("#found"), "1 of 10,000 processes");
        browser.click("#marks [data-key=listen]");
        assert_eq!(browser.text_of("#found"), "0 of 10,000 processes");
        browser.wait_for("location.hash === '#q=sleep&mark=listen'");
    });
}

#[test]
fn alike_processes_are_one_row_until_it_is_clicked() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("folding in the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let compilers = 10_000 - OTHERS;
        let page = put(&scratch, "fold", &suite(10_000));
        browser.open(&page, "", DESK);
        assert_eq!(browser.text_of("#row-1 .program"), "rustc × 9,990");
        assert_eq!(browser.told("rows"), (OTHERS + 1).to_string());
        browser.click("#row-1 .program");
        assert_eq!(browser.told("rows"), (OTHERS + 1 + compilers).to_string());
        assert_eq!(browser.text_of("#row-2 .program"), "rustc");
        let elements = "document.querySelectorAll('#rows > *').length < 60";
        assert_eq!(browser.eval(elements), true, "only rows in sight are there");
        browser.click("#row-1 .program");
        assert_eq!(browser.told("rows"), (OTHERS + 1).to_string());
        browser.open(&page, "#fold=0", DESK);
        assert_eq!(browser.told("rows"), "10000");
        // A link into a fold opens it and goes there.
        browser.open(&page, "#select=5000", DESK);
        assert_eq!(
            browser.text_of("#panel .command").split(' ').nth(2),
            Some("crate_4998")
        );
        assert_eq!(browser.text_of(".row.selected .program"), "rustc");
        browser.expect_no_complaint("folding");
    });
}

#[test]
fn the_tree_is_walked_closed_and_opened_by_keys() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("the keys of the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let page = put(&scratch, "keys", &suite(20));
        browser.open(&page, "#role=test", DESK);
        browser.eval("document.getElementById('scroll').focus()");
        let active = "document.getElementById(document.getElementById('scroll').getAttribute('aria-activedescendant')).getAttribute('aria-label')";
        let rows: usize = browser.told("rows").parse().expect("a number");
        assert!(
            browser
                .text(active)
                .starts_with("cargo, pid 4001, toolchain, ")
        );
        browser.key("ArrowDown", 0);
        assert!(browser.text(active).starts_with("surface, "));
        browser.key("ArrowLeft", 0);
        assert_eq!(browser.told("rows"), (rows - SERVERS).to_string());
        browser.key("ArrowRight", 0);
        assert_eq!(browser.told("rows"), rows.to_string());
        browser.key("ArrowRight", 0);
        assert!(browser.text(active).starts_with("redis-server, "));
        assert!(browser.text(active).ends_with("exit code 0, listened"));
        browser.key("Enter", 0);
        assert_eq!(browser.text_of("#panel h2"), "redis-server");
        browser.key("Escape", 0);
        assert_eq!(
            browser.eval("document.getElementById('panel').hidden"),
            true
        );
        browser.key("End", 0);
        assert!(browser.text(active).starts_with("sleep, "));
        browser.key("ArrowLeft", 0);
        assert!(browser.text(active).starts_with("kaval, "));
        browser.expect_no_complaint("keys");
    });
}

#[test]
fn time_is_zoomed_and_moved_by_keys_wheel_drag_and_buttons() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("zooming the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let page = put(&scratch, "zoom", &suite(20));
        browser.open(&page, "", DESK);
        let shown = |browser: &mut Browser| -> Option<(f64, f64)> {
            // The address is written a moment after the picture.
            browser.settle();
            browser.eval("new Promise((done) => setTimeout(() => done(true), 300))");
            let text = browser.text("new URLSearchParams(location.hash.slice(1)).get('t') ?? ''");
            let (from, to) = text.split_once('-')?;
            Some((from.parse().ok()?, to.parse().ok()?))
        };
        browser.eval("document.getElementById('scroll').focus()");
        browser.key("+", 0);
        let (from, to) = shown(&mut browser).expect("zoomed");
        assert!(
            from > 0.0 && to < 20.0 && (to - from - 12.5).abs() < 0.01,
            "{from} to {to}"
        );
        browser.key("ArrowRight", SHIFT);
        let moved = shown(&mut browser).expect("moved");
        assert!(moved.0 > from && (moved.1 - moved.0 - 12.5).abs() < 0.01);
        browser.key("0", 0);
        assert_eq!(shown(&mut browser), None, "all of it");
        // In the chart a drag chooses a time; it is drawn from 9 pixels to 9 before its end.
        let from = browser.place_of("#graph", (0.25, 0.3));
        let to = browser.place_of("#graph", (0.5, 0.3));
        browser.drag(from, to);
        let (from, to) = shown(&mut browser).expect("chosen");
        assert!(
            (from - 5.0).abs() < 0.2 && (to - 10.0).abs() < 0.2,
            "{from} to {to}"
        );
        // In the lanes a drag moves.
        let here = browser.place_of("#scroll", (0.6, 0.5));
        browser.drag(here, (here.0 - 100.0, here.1));
        let moved = shown(&mut browser).expect("dragged");
        assert!(moved.0 > from && (moved.1 - moved.0 - (to - from)).abs() < 0.001);
        assert_eq!(
            browser.eval("document.getElementById('panel').hidden"),
            true,
            "a drag is no click"
        );
        // The wheel scrolls, and zooms with Ctrl.
        browser.mouse(
            "mouseWheel",
            here,
            json!({"deltaX": 0, "deltaY": -200, "modifiers": CONTROL}),
        );
        let closer = shown(&mut browser).expect("closer");
        assert!(closer.1 - closer.0 < moved.1 - moved.0);
        browser.click("[data-do=all]");
        assert_eq!(shown(&mut browser), None);
        for _ in 0..60 {
            browser.click("[data-do=in]");
        }
        let (from, to) = shown(&mut browser).expect("as close as it gets");
        assert!(to > from);
        browser.expect_no_complaint("zooming");
    });
}

#[test]
fn the_details_of_a_process_are_pinned_and_lead_to_its_parents() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("the details in the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let page = put(&scratch, "details", &suite(20));
        for screen in [
            DESK,
            Screen {
                width: 390,
                height: 844,
                ..DESK
            },
        ] {
            browser.open(&page, "#q=uniq", screen);
            // Below the name, which stands at the left or, on a small screen, above its bar.
            browser.click(".row:not(.above) .program");
            let panel = browser.text_of("#panel");
            for part in [
                "started by tests · pid 4017",
                "/bin/sh -c 'sort input | uniq > '\\''my output'\\'''",
                "/home/mara/kolu",
                "15.4 s, exit code 0",
                "opened a terminal",
            ] {
                assert!(panel.contains(part), "{part:?} is missing:\n{panel}");
            }
            browser.click("#panel .chain a");
            assert_eq!(browser.text_of("#panel h2"), "kaval");
            assert!(browser.text_of("#panel").contains("It started 4 processes"));
            browser.wait_for("/select=13$/.test(location.hash)");
            browser.click("#panel .close");
            assert_eq!(
                browser.eval("document.getElementById('panel').hidden"),
                true
            );
            browser.expect_no_complaint("details");
        }
        browser.open(&page, "#select=20", DESK);
        let panel = browser.text_of("#panel");
        for part in [
            "killed by SIGKILL, by guardrun",
            "made a session of its own",
            "the run: it was there when the suite had ended",
            "makes a session of its own: a session that is left behind",
        ] {
            assert!(panel.contains(part), "{part:?} is missing:\n{panel}");
        }
        let place = browser.place_of("#row-1", (0.5, 0.5));
        browser.mouse("mouseMoved", place, json!({}));
        browser.settle();
        assert_eq!(
            browser.eval("document.getElementById('tip').hidden"),
            false,
            "the mouse shows some"
        );
    });
}

#[test]
fn the_table_sorts_and_holds_only_rows_in_sight() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("the table of the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let page = put(&scratch, "table", &suite(10_000));
        browser.open(&page, "#view=table", DESK);
        let table = "document.getElementById('table')";
        assert_eq!(
            browser.text(&format!("{table}.getAttribute('aria-rowcount')")),
            "10001"
        );
        let rows = browser.eval(&format!("{table}.tBodies[0].rows.length"));
        assert!(rows.as_u64() < Some(60), "{rows} rows are there");
        let first = "document.querySelector('#table tbody [aria-rowindex] .c-memory').textContent";
        browser.click("th.c-memory button");
        assert_eq!(browser.text(first), "98 MiB", "the largest first");
        assert_eq!(
            browser.text("document.querySelector('th.c-memory').getAttribute('aria-sort')"),
            "descending"
        );
        browser.click("th.c-memory button");
        assert_eq!(
            browser.text(first),
            "",
            "one that is not known is less than any"
        );
        browser.wait_for("location.hash === '#view=table&sort=memory'");
        // To the end and back by scrolling, and from row to row by keys.
        browser.open(&page, "#view=table&sort=-start", DESK);
        browser.click("#table tbody [aria-rowindex='2'] button");
        assert_eq!(browser.text_of("#panel h2"), "sleep");
        for _ in 0..60 {
            browser.key("ArrowDown", 0);
        }
        assert_eq!(
            browser.text("document.activeElement.closest('tr').getAttribute('aria-rowindex')"),
            "62"
        );
        browser.eval("(() => { const sheet = document.getElementById('sheet'); sheet.scrollTop = sheet.scrollHeight; })()");
        browser.settle();
        browser.wait_for("document.querySelector(\"#table tbody [aria-rowindex='10001']\")?.textContent.startsWith('cargo')");
        browser.open(&page, "#view=table&q=redis", DESK);
        assert_eq!(
            browser.text(&format!("{table}.getAttribute('aria-rowcount')")),
            "4"
        );
        browser.expect_no_complaint("the table");
    });
}

#[test]
fn the_policy_is_there_to_be_copied_with_what_would_be_refused() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("the policy in the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let page = put(&scratch, "policy", &suite(20));
        browser.open(&page, "", DESK);
        browser.click("#tab-policy");
        assert_eq!(browser.text_of("#view-policy .policy"), POLICY);
        let text = browser.text_of("#view-policy");
        assert!(text.contains("was refused: exec /usr/bin/sleep"), "{text}");
        assert!(
            text.contains("makes a session of its own: a session that is left behind"),
            "{text}"
        );
        assert!(
            text.contains("What lived for less than a millisecond"),
            "{text}"
        );
        browser.click("#view-policy p button");
        browser.wait_for(
            "/Copied|Marked/.test(document.querySelector('#view-policy p button').textContent)",
        );
        browser.click("#view-policy .refusals a");
        assert_eq!(
            browser.text_of("#panel h2"),
            "kaval",
            "the fork that was refused"
        );
        browser.expect_no_complaint("the policy");
    });
}
