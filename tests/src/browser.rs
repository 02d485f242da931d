//! A real Chromium on a machine of the fabric, without a window.
//!
//! playwright-core drives it, in a node program (`tests/browser/driver.mjs`) that is told what to do in lines of JSON;
//! axe-core judges how accessible a page is.
//! It runs on a [`Machine`], so it reaches what listens there and nothing else, and goes when the machine goes; its files
//! are in the machine's `/run`.

use std::cell::RefCell;
use std::fmt;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::{Gid, Uid, chown};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::machine::command;
use crate::wait::{self, PATIENCE};
use crate::{FabricError, Machine, Process};

/// Longer than any one thing takes that a browser is told to do.
const LIMIT: Duration = Duration::from_mins(2);

const FILES: &str = "/run/browser";

/// A browser on a machine. Dropping it ends it.
pub struct Browser {
    machine: String,
    driver: RefCell<Driver>,
}

struct Driver {
    process: Process,
    input: ChildStdin,
    answers: Receiver<String>,
    pages: u32,
}

/// How a page is looked at.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Look {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// Whether the user prefers a dark page.
    pub dark: bool,
    /// Whether the user prefers that nothing moves by itself.
    pub still: bool,
    /// Whether it is a phone: fingers and no mouse.
    pub touch: bool,
}

impl Look {
    /// On a desk.
    pub const DESK: Self = Self { width: 1_280, height: 800, dark: false, still: false, touch: false };
    /// In a hand.
    pub const PHONE: Self = Self { width: 390, height: 844, touch: true, ..Self::DESK };
}

/// A page that is open. Dropping it while a test panics tells what it shows.
pub struct Page<'b> {
    browser: &'b Browser,
    number: u32,
}

/// What has the keyboard's focus, as a screen reader is told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Focused {
    /// What it is, such as `button`.
    pub role: String,
    /// What it is called.
    pub name: String,
    /// What is said of it besides.
    pub description: String,
}

/// What went wrong on a page since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Troubles {
    /// Exceptions that nobody caught.
    pub exceptions: Vec<String>,
    /// Errors and warnings on the console; what the Content-Security-Policy forbade is among them.
    pub console: Vec<String>,
    /// Requests that failed or were answered with a status of 400 or more.
    pub failed: Vec<String>,
    /// Requests to another server than the page's.
    pub outside: Vec<String>,
    /// What was said by `alert` and its like.
    pub dialogs: Vec<String>,
}

impl Browser {
    /// Starts a browser on `machine`.
    pub fn start(machine: &Machine) -> Result<Self, FabricError> {
        let failed =
            |said| FabricError::Browser { machine: machine.name().to_owned(), doing: "start".to_owned(), said };
        let tools = workspace().join("target/tools/browser");
        if !["playwright-core", "axe-core"].iter().all(|it| tools.join("node_modules").join(it).exists()) {
            return Err(failed(format!(
                "{} lacks playwright-core or axe-core: `cargo xtask setup` brings it",
                tools.display()
            )));
        }
        machine.write(&format!("{FILES}/.keep"), "")?;
        let mut node = command(&["node"]);
        node.arg(workspace().join("tests/browser/driver.mjs")).arg(tools);
        node.env("HOME", FILES).env("TMPDIR", FILES);
        let (process, input, output) = machine.converse(node)?;
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut driver = Driver { process, input, answers, pages: 0 };
        driver.answer().map_err(failed)?;
        Ok(Self { machine: machine.name().to_owned(), driver: RefCell::new(driver) })
    }

    /// Opens a page, in a window of its own that shares nothing with the others, and waits until it is loaded.
    pub fn open(&self, url: &str, look: Look) -> Result<Page<'_>, FabricError> {
        self.open_with(url, look, "")
    }

    /// The same, with JavaScript that runs before the page's own.
    pub fn open_with(&self, url: &str, look: Look, script: &str) -> Result<Page<'_>, FabricError> {
        let number = {
            let mut driver = self.driver.borrow_mut();
            driver.pages += 1;
            driver.pages
        };
        let page = Page { browser: self, number };
        page.tell(&json!({ "do": "open", "url": url, "script": script, "look": look }))?;
        Ok(page)
    }
}

impl Driver {
    /// Sends a command and gives what is answered; the error says what went wrong.
    fn tell(&mut self, command: &Value) -> Result<Value, String> {
        // If it is gone, that nothing is answered tells.
        let _ = writeln!(self.input, "{command}").and_then(|()| self.input.flush());
        self.answer()
    }

    fn answer(&mut self) -> Result<Value, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Answer {
            Value(Value),
            Error(String),
        }
        let deadline = Instant::now() + LIMIT;
        let line = loop {
            match self.answers.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => break line,
                Err(mpsc::RecvTimeoutError::Timeout) if wait::interrupted() => return Err("interrupted".into()),
                Err(mpsc::RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
                Err(error) => return Err(format!("{error}\n{}", self.process.account())),
            }
        };
        match serde_json::from_str(&line) {
            Ok(Answer::Value(value)) => Ok(value),
            Ok(Answer::Error(error)) => Err(error),
            Err(error) => Err(format!("{error}: {line}")),
        }
    }
}

impl Page<'_> {
    /// Evaluates JavaScript in the page; what is promised is awaited.
    pub fn evaluate<T: DeserializeOwned>(&self, expression: &str) -> Result<T, FabricError> {
        let value = self.tell(&json!({ "do": "evaluate", "expression": expression }))?;
        serde_json::from_value(value).map_err(|error| self.trouble(expression, error))
    }

    /// Waits until JavaScript says something else than `null`, `undefined` or `false`, and gives that.
    pub fn wait_for<T: DeserializeOwned>(&self, what: impl fmt::Display, expression: &str) -> Result<T, FabricError> {
        wait::until(what, PATIENCE, || match self.evaluate::<Value>(expression) {
            Ok(Value::Null | Value::Bool(false)) => Err(format!("not yet: {expression}")),
            Ok(value) => serde_json::from_value(value).map_err(|error| format!("{error}: {expression}")),
            Err(error) => Err(format!("{error:?}")),
        })
    }

    /// Waits until there is an element for this selector.
    pub fn wait_for_element(&self, selector: &str) -> Result<(), FabricError> {
        let expression = format!("document.querySelector({}) !== null", quoted(selector));
        self.wait_for::<bool>(format!("an element `{selector}`"), &expression).map(drop)
    }

    /// Presses a key, such as `Tab` or `Shift+Tab`.
    pub fn press(&self, key: &str) -> Result<(), FabricError> {
        self.tell(&json!({ "do": "press", "key": key })).map(drop)
    }

    /// Types text.
    pub fn type_text(&self, text: &str) -> Result<(), FabricError> {
        self.tell(&json!({ "do": "type", "text": text })).map(drop)
    }

    /// Clicks the first element for this selector, as soon as it can be clicked.
    pub fn click(&self, selector: &str) -> Result<(), FabricError> {
        self.tell(&json!({ "do": "click", "selector": selector })).map(drop)
    }

    /// Lays the mouse on the first element for this selector.
    pub fn hover(&self, selector: &str) -> Result<(), FabricError> {
        self.tell(&json!({ "do": "hover", "selector": selector })).map(drop)
    }

    /// Moves the mouse to this place of the window, in CSS pixels.
    pub fn move_mouse(&self, x: f64, y: f64) -> Result<(), FabricError> {
        self.tell(&json!({ "do": "move", "x": x, "y": y })).map(drop)
    }

    /// Presses the mouse's left button, or lets it go.
    pub fn mouse_button(&self, down: bool) -> Result<(), FabricError> {
        self.tell(&json!({ "do": "button", "down": down })).map(drop)
    }

    /// Turns the mouse's wheel by so many pixels, downwards.
    pub fn wheel(&self, pixels: f64) -> Result<(), FabricError> {
        self.tell(&json!({ "do": "wheel", "dx": 0, "dy": pixels })).map(drop)
    }

    /// What has the keyboard's focus.
    pub fn focused(&self) -> Result<Focused, FabricError> {
        let value = self.tell(&json!({ "do": "focused" }))?;
        serde_json::from_value(value).map_err(|error| self.trouble("tell what has the focus", error))
    }

    /// What a screen reader finds in the first element for this selector: a line an element, indented.
    pub fn aria(&self, selector: &str) -> Result<String, FabricError> {
        let value = self.tell(&json!({ "do": "aria", "selector": selector }))?;
        serde_json::from_value(value).map_err(|error| self.trouble("read the page out", error))
    }

    /// What axe-core finds to be in the way of who can't see the page as it is now, or not all of it: a text an element,
    /// which says what would mend it.
    pub fn violations(&self) -> Result<Vec<String>, FabricError> {
        let value = self.tell(&json!({ "do": "violations" }))?;
        serde_json::from_value(value).map_err(|error| self.trouble("judge the page", error))
    }

    /// The text that is to be seen.
    pub fn text(&self) -> Result<String, FabricError> {
        self.evaluate("document.body.innerText")
    }

    /// Takes a picture of the window, as `target/screenshots/NAME.png`.
    pub fn screenshot(&self, name: &str) -> Result<PathBuf, FabricError> {
        let path = screenshots().map_err(|error| self.trouble("make a folder for screenshots", error))?;
        let path = path.join(name).with_extension("png");
        self.tell(&json!({ "do": "screenshot", "path": path }))?;
        Ok(path)
    }

    /// What JavaScript's values take on the page, in bytes.
    pub fn heap(&self) -> Result<u64, FabricError> {
        let value = self.tell(&json!({ "do": "heap" }))?;
        serde_json::from_value(value).map_err(|error| self.trouble("measure the heap", error))
    }

    /// What went wrong so far.
    pub fn troubles(&self) -> Result<Troubles, FabricError> {
        let value = self.tell(&json!({ "do": "troubles" }))?;
        serde_json::from_value(value).map_err(|error| self.trouble("tell what went wrong", error))
    }

    /// Closes it.
    pub fn close(self) -> Result<(), FabricError> {
        self.tell(&json!({ "do": "close" })).map(drop)
    }

    fn tell(&self, command: &Value) -> Result<Value, FabricError> {
        let mut with_page = command.clone();
        with_page["page"] = self.number.into();
        let said = self.browser.driver.borrow_mut().tell(&with_page);
        said.map_err(|said| self.trouble(&command.to_string(), said))
    }

    fn trouble(&self, doing: &str, said: impl fmt::Display) -> FabricError {
        let machine = self.browser.machine.clone();
        FabricError::Browser { machine, doing: doing.to_owned(), said: said.to_string() }
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let name = thread::current().name().unwrap_or("failed").replace("::", "-");
            let picture = self.screenshot(&format!("failed-{name}-{}", self.number));
            eprintln!("--- {}: page {} shows, as in {picture:?}:", self.browser.machine, self.number);
            eprintln!("{}\n{:#?}", self.text().unwrap_or_else(|error| error.to_string()), self.troubles());
        }
    }
}

/// Text as a literal of JavaScript.
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The folder of screenshots, which is its user's also when tests run as root.
fn screenshots() -> std::io::Result<PathBuf> {
    use std::os::unix::fs::MetadataExt as _;

    let folder = workspace().join("target/screenshots");
    fs::create_dir_all(&folder)?;
    let owner = fs::metadata(workspace())?;
    chown(&folder, Some(Uid::from_raw(owner.uid())), Some(Gid::from_raw(owner.gid())))?;
    Ok(folder)
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a member of the workspace")
}
