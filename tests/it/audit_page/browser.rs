//! A real Chromium without a screen, spoken to through two pipes in the words of its DevTools: what it shows, what it is asked,
//! and what it complains of. One JSON message after another, each with a zero byte at its end (`--remote-debugging-pipe`).

use crate::scratch::Scratch;
use crate::support::{PATIENCE, gate};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

const PROGRAM: &str = "/usr/bin/chromium";

/// What a page is shown on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Screen {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) scheme: &'static str,
}

/// What most tests use.
pub(super) const DESK: Screen = Screen {
    width: 1280,
    height: 800,
    scheme: "light",
};

/// A browser with one page.
pub(super) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    asked: u64,
    target: String,
    session: String,
    /// What the console, the log and the network have said since the page was opened.
    complaints: Vec<String>,
    _profile: Scratch,
}

impl Browser {
    /// Starts it; without one, skips the test that is called `name`.
    pub(super) fn start(name: &str) -> Option<Browser> {
        if !Path::new(PROGRAM).exists() {
            gate::skip(name, "no chromium; Debian has it in chromium");
            return None;
        }
        let profile = Scratch::new();
        // The shell puts the pipes where Chromium looks for them. Its own sandbox takes namespaces that not every container
        // gives; what it shows is ours.
        let mut child = Command::new("/bin/sh")
            .args([
                "-c",
                "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
                "sh",
                PROGRAM,
            ])
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
            ])
            .args([
                "--host-resolver-rules=MAP * ~NOTFOUND",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        let to = child.stdin.take().expect("its stdin is piped");
        let mut out = BufReader::new(child.stdout.take().expect("its stdout is piped"));
        let (said, from) = channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while out
                .read_until(0, &mut message)
                .is_ok_and(|length| length > 0)
            {
                message.pop();
                let value = serde_json::from_slice(&message).expect("a message is JSON");
                if said.send(value).is_err() {
                    return;
                }
                message.clear();
            }
        });
        Some(Browser {
            child,
            to,
            from,
            asked: 0,
            target: String::new(),
            session: String::new(),
            complaints: Vec::new(),
            _profile: profile,
        })
    }

    /// Opens a page with this after its `#`, and comes back when it has drawn itself.
    pub(super) fn open(&mut self, page: &Path, hash: &str, screen: Screen) {
        if !self.target.is_empty() {
            let target = std::mem::take(&mut self.target);
            self.session.clear();
            self.ask("Target.closeTarget", json!({"targetId": target}));
        }
        let target = self.ask("Target.createTarget", json!({"url": "about:blank"}));
        self.target = text(&target["targetId"]);
        let how = json!({"targetId": self.target, "flatten": true});
        self.session = text(&self.ask("Target.attachToTarget", how)["sessionId"]);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.ask(&format!("{domain}.enable"), json!({}));
        }
        let Screen {
            width,
            height,
            scheme,
        } = screen;
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}),
        );
        let scheme = json!({"name": "prefers-color-scheme", "value": scheme});
        self.ask("Emulation.setEmulatedMedia", json!({"features": [scheme]}));
        self.complaints.clear();
        self.ask(
            "Page.navigate",
            json!({"url": format!("file://{}{hash}", page.display())}),
        );
        self.wait_for("document.documentElement?.dataset.ready === 'yes' && document.readyState === 'complete'");
        self.settle();
    }

    /// Lets it draw what it has noted to be drawn.
    pub(super) fn settle(&mut self) {
        self.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))");
    }

    /// Comes back when this has become true.
    #[track_caller]
    pub(super) fn wait_for(&mut self, condition: &str) {
        let until = Instant::now() + PATIENCE;
        while self.eval(&format!("Boolean({condition})")) != true {
            assert!(
                Instant::now() < until,
                "never came true: {condition}\n{:?}",
                self.complaints
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What an expression comes to.
    #[track_caller]
    pub(super) fn eval(&mut self, expression: &str) -> Value {
        let how = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.ask("Runtime.evaluate", how);
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].take()
    }

    /// The same as text.
    #[track_caller]
    pub(super) fn text(&mut self, expression: &str) -> String {
        text(&self.eval(&format!("(async () => String(await ({expression})))()")))
    }

    /// The text of an element.
    #[track_caller]
    pub(super) fn text_of(&mut self, selector: &str) -> String {
        self.text(&format!("document.querySelector({selector:?}).textContent"))
    }

    /// A value that the page tells of itself.
    #[track_caller]
    pub(super) fn told(&mut self, name: &str) -> String {
        self.text(&format!("document.documentElement.dataset.{name}"))
    }

    /// Presses a key; `shift` is 8, control 2.
    pub(super) fn key(&mut self, key: &str, modifiers: u32) {
        let text = match key {
            "Enter" => "\r",
            one if one.len() == 1 => one,
            _ => "",
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({"type": kind, "key": key, "modifiers": modifiers});
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = text.into();
            }
            self.ask("Input.dispatchKeyEvent", event);
        }
        self.settle();
    }

    /// The middle of an element, or a part of its width and height.
    pub(super) fn place_of(&mut self, selector: &str, part: (f64, f64)) -> (f64, f64) {
        let (x, y) = part;
        let place = self.eval(&format!(
            "(() => {{ const box = document.querySelector({selector:?}).getBoundingClientRect(); return [box.x + box.width * {x}, box.y + box.height * {y}]; }})()"
        ));
        (
            place[0].as_f64().expect("a number"),
            place[1].as_f64().expect("a number"),
        )
    }

    pub(super) fn mouse(&mut self, kind: &str, (x, y): (f64, f64), more: Value) {
        let mut event = json!({"type": kind, "x": x, "y": y});
        for (name, value) in more.as_object().expect("an object") {
            event[name] = value.clone();
        }
        self.ask("Input.dispatchMouseEvent", event);
    }

    /// Clicks on a place.
    pub(super) fn click_at(&mut self, place: (f64, f64)) {
        let left = json!({"button": "left", "buttons": 1, "clickCount": 1});
        self.mouse("mouseMoved", place, json!({}));
        self.mouse("mousePressed", place, left.clone());
        self.mouse("mouseReleased", place, left);
        self.settle();
    }

    /// Clicks on an element.
    pub(super) fn click(&mut self, selector: &str) {
        let place = self.place_of(selector, (0.5, 0.5));
        self.click_at(place);
    }

    /// Drags from one place to another.
    pub(super) fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        let left = json!({"button": "left", "buttons": 1, "clickCount": 1});
        self.mouse("mouseMoved", from, json!({}));
        self.mouse("mousePressed", from, left.clone());
        for step in 1..=4 {
            let part = f64::from(step) / 4.0;
            let place = (
                from.0 + (to.0 - from.0) * part,
                from.1 + (to.1 - from.1) * part,
            );
            self.mouse("mouseMoved", place, left.clone());
        }
        self.mouse("mouseReleased", to, left);
        self.settle();
    }

    /// What is to be seen, as a PNG.
    pub(super) fn shot(&mut self) -> Vec<u8> {
        let shot = self.ask("Page.captureScreenshot", json!({"format": "png"}));
        bytes(&shot["data"])
    }

    /// What comes out of the printer, as a PDF.
    pub(super) fn print(&mut self) -> Vec<u8> {
        let paper = self.ask("Page.printToPDF", json!({"printBackground": true}));
        bytes(&paper["data"])
    }

    /// That nothing was written to the console or the log, nothing thrown, and nothing asked for but the page itself.
    #[track_caller]
    pub(super) fn expect_no_complaint(&mut self, of: &str) {
        // What was said before this answer has arrived before it.
        self.eval("1");
        assert!(self.complaints.is_empty(), "{of}: {:#?}", self.complaints);
    }

    /// Sends a command and waits for its answer.
    #[track_caller]
    pub(super) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let mut message = json!({"id": self.asked, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.as_str().into();
        }
        let mut line = message.to_string().into_bytes();
        line.push(0);
        self.to.write_all(&line).expect("the browser listens");
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut answer = self
                .from
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("no answer to {method}: {error}"));
            if answer["id"] == self.asked {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.listen(&answer);
        }
    }

    fn listen(&mut self, event: &Value) {
        let params = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Log.entryAdded" | "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" => {
                self.complaints.push(params.to_string());
            }
            "Network.requestWillBeSent" => {
                let url = params["request"]["url"].as_str().unwrap_or_default();
                if params["type"] != "Document" || !url.starts_with("file://") {
                    self.complaints.push(format!("asked for {url}"));
                }
            }
            _ => {}
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked first, so that it does not write into its profile while that is removed.
        let _ = self
            .to
            .write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(text(value)).expect("base64")
}
