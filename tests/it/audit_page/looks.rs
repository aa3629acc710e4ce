//! "Looked at in a real browser by the tests (headless Chromium) at small and large sizes, in light and dark."

use super::browser::{Browser, DESK, Screen};
use super::recording::suite;
use super::{keep, put};
use crate::scratch::Scratch;
use crate::support::room::daemon_test;
use crate::support::say;

const SIZES: [(u32, u32); 4] = [(1280, 800), (390, 844), (2560, 1440), (360, 640)];

#[test]
fn it_is_drawn_at_every_size_in_light_and_dark_and_asks_for_nothing() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("the looks of the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        for processes in [20, 10_000] {
            let page = put(&scratch, &format!("suite-{processes}"), &suite(processes));
            for (width, height) in SIZES {
                let shots = ["light", "dark"].map(|scheme| {
                    let screen = Screen {
                        width,
                        height,
                        scheme,
                    };
                    let name = format!("{processes}-{width}x{height}-{scheme}");
                    browser.open(&page, "", screen);
                    assert_eq!(browser.told("processes"), processes.to_string(), "{name}");
                    assert_eq!(browser.told("shown"), processes.to_string(), "{name}");
                    browser.expect_no_complaint(&name);
                    let too_wide = "document.documentElement.scrollWidth > innerWidth";
                    assert_eq!(browser.eval(too_wide), false, "{name} is wider than its window");
                    let ink = browser.eval(INK);
                    assert!(ink.as_u64() > Some(200), "{name}: hardly anything is drawn: {ink}");
                    say(&format!(
                        "the page of {processes} at {width}x{height}: first seen after {} ms, {} of them its script",
                        browser.told("firstSeen"),
                        browser.told("script")
                    ));
                    let shot = browser.shot();
                    keep(&format!("{name}.png"), &shot);
                    shot
                });
                assert_ne!(shots[0], shots[1], "light and dark look the same");
            }
        }
    });
}

/// How many different spots of the lanes' picture have something drawn on them.
const INK: &str = "(() => { const bars = document.getElementById('bars'); const { data } = bars.getContext('2d').getImageData(0, 0, bars.width, bars.height); let inked = 0; for (let i = 3; i < data.length; i += 4) if (data[i] > 60) inked++; return inked; })()";

/// "Contrast ≥ 4.5:1" for text, and 3:1 for what is drawn (WCAG 2.2, 1.4.3 and 1.4.11).
#[test]
fn what_is_written_and_drawn_stands_out_from_the_paper() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("the contrast of the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let page = put(&scratch, "contrast", &suite(20));
        for scheme in ["light", "dark"] {
            browser.open(&page, "", Screen { scheme, ..DESK });
            for text in ["ink", "soft", "accent"] {
                for ground in ["paper", "raised"] {
                    let contrast = contrast(&mut browser, text, ground);
                    assert!(
                        contrast >= 4.5,
                        "{text} on {ground} in {scheme}: {contrast}"
                    );
                }
            }
            for drawn in ROLES.into_iter().chain(["memory", "crowd", "edge"]) {
                let contrast = contrast(&mut browser, drawn, "paper");
                assert!(contrast >= 3.0, "{drawn} in {scheme}: {contrast}");
            }
        }
    });
}

const ROLES: [&str; 7] = [
    "toolchain",
    "runner",
    "host",
    "worker",
    "tool",
    "test",
    "unknown",
];

/// The contrast of two colours of the style sheet, as WCAG counts it.
fn contrast(browser: &mut Browser, one: &str, other: &str) -> f64 {
    let script = format!(
        "(() => {{ const probe = document.getElementById('probe'); const light = (name) => {{ probe.style.color = `var(--${{name}})`; \
         const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g).slice(0, 3).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); \
         return 0.2126 * r + 0.7152 * g + 0.0722 * b; }}; const [a, b] = [light('{one}'), light('{other}')].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); }})()"
    );
    browser.eval(&script).as_f64().expect("a number")
}

#[test]
fn the_theme_can_be_chosen_against_the_system() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("the theme of the audit's page") else {
            return;
        };
        let scratch = Scratch::new();
        let page = put(&scratch, "theme", &suite(20));
        let paper = "getComputedStyle(document.body).backgroundColor";
        browser.open(&page, "", DESK);
        let light = browser.text(paper);
        browser.open(&page, "#theme=dark", DESK);
        let dark = browser.text(paper);
        assert_ne!(light, dark);
        let scheme = "dark";
        browser.open(&page, "", Screen { scheme, ..DESK });
        assert_eq!(browser.text(paper), dark, "as the system");
        browser.eval("(() => { const theme = document.getElementById('theme'); theme.value = 'light'; theme.dispatchEvent(new Event('change')); })()");
        assert_eq!(browser.text(paper), light, "chosen");
        browser.wait_for("location.hash === '#theme=light'");
    });
}

#[test]
fn it_can_be_printed() {
    daemon_test(|| {
        let Some(mut browser) = Browser::start("the audit's page on paper") else {
            return;
        };
        let scratch = Scratch::new();
        let page = put(&scratch, "paper", &suite(1000));
        let scheme = "dark";
        browser.open(&page, "#q=rustc", Screen { scheme, ..DESK });
        let paper = browser.print();
        keep("paper.pdf", &paper);
        assert!(paper.starts_with(b"%PDF"));
        let pages = paper
            .windows(11)
            .filter(|part| part == b"/Type /Page")
            .count();
        assert!(pages > 4, "400 processes do not fit on {pages} pages");
        browser.expect_no_complaint("printing");
        browser.settle();
        assert_eq!(
            browser.text("getComputedStyle(document.documentElement).colorScheme"),
            "light dark"
        );
        assert_eq!(
            browser.eval("document.getElementById('print').childElementCount"),
            0,
            "and it is as before"
        );
    });
}
