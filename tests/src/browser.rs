//! A real browser without a window: Chromium's headless shell, which `tests/setup browser` installs.
//!
//! The page is opened from disk, without a network: names do not resolve, and the proxy refuses connections.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::components::root;

/// The names of the program: in Debian, and as Chrome for Testing has it. Chromium with a window cannot be narrower than
/// 500 pixels.
const PROGRAMS: [&str; 2] = ["chromium-headless-shell", "chrome-headless-shell"];

/// How long a page may take, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(90);

/// The script that measures a copy of a page.
const PROBE: &str = include_str!("browser/probe.js");

/// The window of a browser, and what its user likes.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// In pixels.
    pub width: u32,
    /// In pixels: long enough for a screenshot of the whole page.
    pub height: u32,
    /// Whether the user prefers dark pages.
    pub is_dark: bool,
}

impl Window {
    /// A window of a desktop.
    pub const WIDE: Window = Window {
        width: 1280,
        height: 5200,
        is_dark: false,
    };
    /// A window of a telephone.
    pub const NARROW: Window = Window {
        width: 400,
        height: 9000,
        is_dark: false,
    };

    /// The same for a user who prefers dark pages.
    pub fn dark(self) -> Self {
        Window {
            is_dark: true,
            ..self
        }
    }
}

/// A page as a browser shows it.
#[derive(Debug)]
pub struct Shown {
    /// The document, after it was loaded.
    pub document: String,
    /// The lines of the console.
    pub console: Vec<String>,
}

/// The program.
///
/// # Panics
/// If there is none.
fn program() -> &'static str {
    let is_there = |name: &&&str| {
        let mut asked = Command::new(name);
        asked
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        asked.status().is_ok()
    };
    PROGRAMS
        .iter()
        .find(is_there)
        .expect("no headless Chromium: `tests/setup browser` installs it")
}

/// Opens a page from disk.
///
/// # Panics
/// If the browser fails, or takes more than 90 seconds.
#[track_caller]
pub fn open(page: &Path, window: Window) -> Shown {
    open_with(page, window, &[])
}

/// The same, and keeps a screenshot in `target/report-screenshots`.
///
/// # Panics
/// As [`open`], and if there is no screenshot in the end.
#[track_caller]
pub fn photograph(page: &Path, window: Window, name: &str) -> Shown {
    let folder = root().join("target/report-screenshots");
    fs::create_dir_all(&folder).expect("the target folder is writable");
    let scheme = if window.is_dark { "dark" } else { "light" };
    let path = folder.join(format!("{name}-{}-{scheme}.png", window.width));
    let _ = fs::remove_file(&path);
    let shown = open_with(page, window, &[format!("--screenshot={}", path.display())]);
    let size = fs::metadata(&path).map(|file| file.len()).unwrap_or(0);
    assert!(size > 10_000, "{}: {size} bytes", path.display());
    shown
}

/// Measures a page: a copy of it, without its policy, runs `browser/probe.js`, and the result of that is returned.
///
/// # Panics
/// As [`open`], and if the script fails.
#[track_caller]
pub fn measure(page: &Path, window: Window) -> Value {
    let text = fs::read_to_string(page).expect("a page");
    let policy = text.find("<meta http-equiv=\"Content-Security-Policy\"");
    let policy = policy.expect("a page has a policy");
    let end = policy + text[policy..].find('>').expect("a tag ends") + 1;
    let body = text.rfind("</body>").expect("a page has a body");
    let copy = page.with_extension("measured.html");
    let probed = [
        &text[..policy],
        &text[end..body],
        "<script>",
        PROBE,
        "</script>",
        &text[body..],
    ];
    fs::write(&copy, probed.concat()).expect("the folder of the page is writable");
    let shown = open_with(&copy, window, &[]);
    let result = shown.document.split_once("<pre id=\"probe\">");
    let (_, result) = result.unwrap_or_else(|| panic!("no result: {:?}", shown.console));
    let (result, _) = result.split_once("</pre>").expect("it was closed");
    let json = BASE64.decode(result).expect("base64");
    serde_json::from_slice(&json).expect("JSON")
}

#[track_caller]
fn open_with(page: &Path, window: Window, more: &[String]) -> Shown {
    let profile = tempfile::tempdir().expect("a folder");
    let log = profile.path().join("log");
    let file = |path: &PathBuf| fs::File::create(path).expect("a file");
    let document = profile.path().join("document");
    let scheme = if window.is_dark { 0 } else { 1 };
    let mut child = Command::new(program())
        // The user of a container may be root, for whom there is no sandbox.
        .args([
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--dump-dom",
        ])
        .args(["--enable-logging=stderr", "--v=0"])
        .args([
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--proxy-server=127.0.0.1:9",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--window-size={},{}", window.width, window.height))
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .args(more)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .stdout(file(&document))
        .stderr(file(&log))
        .spawn()
        .expect("it was found before");
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        if began.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the browser took more than {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let text = |path| String::from_utf8_lossy(&fs::read(path).expect("a file")).into_owned();
    let log = text(log);
    assert!(status.success(), "{status}\n{log}");
    let console = log.lines().filter(|line| line.contains("CONSOLE"));
    Shown {
        console: console.map(str::to_owned).collect(),
        document: text(document),
    }
}
