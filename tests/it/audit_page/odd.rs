//! Recordings of nothing, of one process, of runs that were killed, and of suites that mean harm.

use super::browser::{Browser, DESK};
use super::put;
use super::recording::Recording;
use crate::scratch::Scratch;
use crate::support::room::daemon_test;
use serde_json::json;

fn ended(mut recording: Recording, at: f64) -> String {
    recording.end(at, json!({"exit": 0}));
    recording.lines()
}

#[test]
fn recordings_of_hardly_anything_are_shown_as_what_they_are() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("odd recordings in the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let nothing = ended(Recording::new(), 1.0);
        let no_time = {
            let mut it = Recording::new();
            it.process((0.0, 0.0), None, &["true"], "test");
            it.lines()
        };
        let one = {
            let mut it = Recording::new();
            it.process((0.0, 2.0), None, &["true"], "test");
            ended(it, 2.0)
        };
        let gap = {
            let mut it = Recording::new();
            it.process((0.0, 20.0), None, &["true"], "test");
            for at in [1.0, 2.0, 3.0, 8.0, 9.0] {
                it.event(
                    at,
                    json!({"event": "sample", "memory_bytes": 1 << 20, "processes": 1}),
                );
            }
            ended(it, 20.0)
        };
        let killed = {
            let mut it = Recording::new();
            let parent = it.fork(0.0, None);
            it.exec(0.1, parent, &["make"], "toolchain");
            it.process((1.0, 2.0), Some(parent), &["true"], "test");
            // And the last line was cut in the middle.
            format!("{}{{\"event\":\"exit\",\"t\":3.0,\"i", it.lines())
        };
        let chain = {
            let mut it = Recording::new();
            let mut parent = None;
            for n in 0..10_000 {
                parent = Some(it.fork(f64::from(n) * 0.0001, parent));
            }
            ended(it, 2.0)
        };
        let strangers = {
            let mut it = Recording::new();
            it.event(
                1.0,
                json!({"event": "exec", "id": 70, "argv": [], "new": {"key": [1]}}),
            );
            it.event(1.5, json!({"event": "from-the-future", "id": 70}));
            it.event(2.0, json!({"event": "start", "id": 80, "parent": 79}));
            it.event(2.0, json!({"event": "exit", "id": 90}));
            ended(it, 3.0)
        };
        for (name, lines, processes, expected) in [
            ("nothing", nothing, 0, "No process was recorded."),
            ("no-time", no_time, 1, "The recording ends here, at 100 µs"),
            ("one", one, 1, "true"),
            ("gap", gap, 1, "true"),
            ("killed", killed, 2, "The recording ends here, at 2 s"),
            ("chain", chain, 10_000, "process 4001"),
            ("strangers", strangers, 4, "process 70"),
        ] {
            let page = put(&scratch, name, &lines);
            for view in [
                "",
                "#view=table",
                "#view=policy",
                "#q=x",
                "#t=0.5-0.6",
                "#select=1&fold=0",
            ] {
                browser.open(&page, view, DESK);
                assert_eq!(
                    browser.told("processes"),
                    processes.to_string(),
                    "{name}{view}"
                );
                browser.expect_no_complaint(&format!("{name}{view}"));
            }
            browser.open(&page, "", DESK);
            let text = browser.text_of("body");
            assert!(text.contains(expected), "{name}: {expected:?} is missing");
        }
        let page = put(&scratch, "killed-details", &{
            let mut it = Recording::new();
            it.process((0.0, 1.0), None, &["true"], "test");
            it.fork(0.5, Some(1));
            it.lines()
        });
        browser.open(&page, "#select=2", DESK);
        let panel = browser.text_of("#panel");
        assert!(
            panel.contains("cut off here: the recording ends"),
            "{panel}"
        );
    });
}

/// "Data embedded so that no content can break out of the script element."
#[test]
fn what_processes_are_called_is_never_markup_and_never_runs() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("hostile names in the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let hostile = [
            "</script><script>window.broken=1</script>",
            "<!--<script>",
            "<img src=x onerror=window.broken=1>",
            "{{data}}{{script}}",
            "\u{2028}\u{2029}';window.broken=1//",
            "\u{202e}gnp.exe\u{202c}\u{7}\0",
            "שלום عالم 日本語 🦀",
            "javascript:window.broken=1",
            "]]>&lt;b&gt;",
            "\\\"\\u003c",
        ];
        let mut it = Recording::new()
            .told("suite", hostile[0])
            .told("command", json!(hostile))
            .told("cwd", hostile[2])
            .told("gaps", json!(hostile));
        let mut parent = None;
        for name in hostile {
            let id = it.process((0.1, 1.0), parent, &[name, hostile[0], hostile[2]], "test");
            it.event(0.5, json!({"event": "listen", "id": id, "address": name}));
            it.event(
                0.5,
                json!({"event": "refused", "id": id, "deed": name, "object": hostile[2]}),
            );
            it.event(0.9, json!({"event": "exit", "id": id, "signal": name}));
            parent = Some(id);
        }
        let refusals: Vec<_> = (1..=10)
            .map(|id| json!({"id": id, "deed": hostile[0], "rule": hostile[2]}))
            .collect();
        it.end(
            1.0,
            json!({"exit": 0, "policy": hostile.join("\n"), "class": hostile[2], "verdicts": hostile, "would_refuse": {"daemons": refusals, "processes": refusals}}),
        );
        let page = put(&scratch, "hostile", &it.lines());
        for hash in [
            "",
            "#select=3",
            "#select=6",
            "#view=table",
            "#view=policy",
            "#q=%3Cimg",
            "#q=%3Cimg%20src=x%20onerror=window.broken=1%3E&re=1",
        ] {
            browser.open(&page, hash, DESK);
            let place = browser.place_of("#view-lanes, #view-table, #view-policy", (0.7, 0.5));
            browser.mouse("mouseMoved", place, json!({}));
            browser.settle();
            assert_eq!(browser.eval("window.broken === undefined"), true, "{hash}");
            let strangers = "document.querySelectorAll('img, iframe, object, embed, b b, body script:not([id]) ~ script').length";
            assert_eq!(browser.eval(strangers), 0, "{hash}");
            assert_eq!(browser.eval("document.scripts.length"), 2, "{hash}");
            browser.expect_no_complaint(hash);
        }
        browser.open(&page, "#select=6", DESK);
        assert_eq!(
            browser.text_of("#panel h2"),
            "\\u{202e}gnp.exe\\u{202c}\\u{7}\\u{0}",
            "what cannot be seen is written out"
        );
        assert_eq!(
            browser.text("document.title").split(" · ").next(),
            Some(hostile[0])
        );
    });
}

/// "No network, strict Content-Security-Policy": even a script that somehow got in could load and send nothing.
#[test]
fn a_script_of_somebody_else_does_not_run_in_it_and_nothing_leaves_it() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("the content policy of the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let page = put(&scratch, "policy", &ended(Recording::new(), 1.0));
        browser.open(&page, "", DESK);
        browser.eval(
            "(() => { const script = document.createElement('script'); script.textContent = 'window.broken = 1'; document.body.append(script); \
             document.body.insertAdjacentHTML('beforeend', '<p id=handler onclick=\"window.broken=1\">'); document.getElementById('handler').click(); \
             document.body.insertAdjacentHTML('beforeend', '<p id=style style=\"position:fixed\">'); })()",
        );
        assert_eq!(browser.eval("window.broken === undefined"), true);
        assert_eq!(
            browser.text("getComputedStyle(document.getElementById('style')).position"),
            "static"
        );
        let sent =
            browser.text("fetch('file:///etc/hostname').then(() => 'sent', () => 'refused')");
        assert_eq!(sent, "refused");
        let loaded = browser.text("new Promise((done) => { const img = new Image(); img.onload = () => done('loaded'); img.onerror = () => done('refused'); img.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='; })");
        assert_eq!(loaded, "refused");
    });
}

#[test]
fn arguments_of_a_hundred_kilobytes_are_shown_and_stay_in_their_box() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("long arguments in the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let mut it = Recording::new();
        let long = format!("--with={}END", "x".repeat(100_000));
        it.process((0.0, 1.0), None, &["linker", &long], "tool");
        let page = put(&scratch, "long", &ended(it, 1.0));
        browser.open(&page, "#select=1", DESK);
        assert!(
            browser.text_of("#panel .command").ends_with("END"),
            "all of it is there"
        );
        let high = browser.eval("document.querySelector('#panel .command').offsetHeight");
        assert!(high.as_u64() < Some(260), "{high}");
        let too_wide = "document.documentElement.scrollWidth > innerWidth";
        assert_eq!(browser.eval(too_wide), false);
        browser.open(&page, "#view=table", DESK);
        browser.expect_no_complaint("long arguments");
    });
}
