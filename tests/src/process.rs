//! The `backfold` command as a user starts it.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for a process.
const PATIENCE: Duration = Duration::from_secs(120);

/// The path of the binary: `BACKFOLD_BIN`, or the one in the target folder of this test.
///
/// # Panics
/// If there is none, or if it is older than one of its sources. Tests do not build it themselves: several
/// of them at once would wait for one another, and other features would build the dependencies again.
pub fn binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY
        .get_or_init(|| env::var_os("BACKFOLD_BIN").map_or_else(built, PathBuf::from))
        .clone()
}

fn built() -> PathBuf {
    let test = env::current_exe().expect("a test knows its path");
    // Tests are in `deps`, commands in the folder above.
    let binary = test
        .ancestors()
        .nth(2)
        .expect("it lies in a target folder")
        .join("backfold");
    let changed = |path: &Path| path.metadata().and_then(|found| found.modified()).ok();
    // Cargo writes a file of dependencies for a binary: `BINARY: SOURCE SOURCE…`, blanks in names escaped.
    let sources = fs::read_to_string(binary.with_extension("d")).unwrap_or_default();
    let stale = sources
        .split_once(": ")
        .map_or("", |(_, sources)| sources)
        .replace("\\ ", "\0")
        .split_whitespace()
        .map(|source| PathBuf::from(source.replace('\0', " ")))
        .find(|source| changed(source) > changed(&binary));
    let advice = "first `cargo build --workspace --bins --tests`, or name a binary in BACKFOLD_BIN";
    assert!(binary.exists(), "no {}: {advice}", binary.display());
    if let Some(source) = stale {
        panic!(
            "{} is older than {}: {advice}",
            binary.display(),
            source.display()
        );
    }
    binary
}

/// A `backfold` command that no variable of the caller's environment changes.
pub fn backfold() -> Command {
    let mut command = Command::new(binary());
    forget_settings(&mut command);
    command
        // The user's own cache stays as it is; what these tests compile is kept for the next ones.
        .env("XDG_CACHE_HOME", binary().with_file_name("test-cache"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// Takes the variables of the caller's environment from a command that change what `backfold` does.
pub(crate) fn forget_settings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("BACKFOLD_") {
            command.env_remove(name);
        }
    }
    command.env_remove("RUST_LOG");
}

/// The exit status and the output of a process.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Finished {
    /// The exit code; `None` after a signal.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The same, if it ended with 0.
    ///
    /// # Panics
    /// If not, with all that it said.
    #[track_caller]
    pub fn success(self) -> Self {
        self.fails_with(0)
    }

    /// The same, if it ended with this code.
    ///
    /// # Panics
    /// If not, with all that it said.
    #[track_caller]
    pub fn fails_with(self, code: i32) -> Self {
        let Finished {
            status,
            stdout,
            stderr,
        } = &self;
        assert_eq!(
            status.code(),
            Some(code),
            "{status}\n-- stdout\n{stdout}\n-- stderr\n{stderr}"
        );
        self
    }

    /// The one JSON document on standard output.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// Runs a command that compiles or does many things to its end, however long it takes.
///
/// # Panics
/// If it cannot be started.
#[track_caller]
pub fn run_long(command: &mut Command) -> Finished {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Finished {
        status: output.status,
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Runs a command to its end.
///
/// # Panics
/// If it cannot be started, or runs for more than two minutes.
#[track_caller]
pub fn run(command: &mut Command) -> Finished {
    Running::start(command).finish()
}

/// A process that is watched. It is killed when it goes out of scope.
pub struct Running {
    child: Child,
    lines: Receiver<Line>,
    deadline: Instant,
    stdout: String,
    stderr: String,
}

enum Line {
    Stdout(String),
    Stderr(String),
}

impl Running {
    /// Starts a command.
    ///
    /// # Panics
    /// If it cannot be started.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().to_string_lossy()));
        let (sender, lines) = mpsc::channel();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        pump(stdout.expect("it was piped"), Line::Stdout, sender.clone());
        pump(stderr.expect("it was piped"), Line::Stderr, sender);
        Running {
            child,
            lines,
            deadline: Instant::now() + PATIENCE,
            stdout: String::new(),
            stderr: String::new(),
        }
    }

    /// Waits for a line, on either stream, that `wanted` holds for, and returns it.
    ///
    /// # Panics
    /// If the process ends without it.
    #[track_caller]
    pub fn wait_for(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        while let Some(line) = self.next_line() {
            if wanted(&line) {
                return line;
            }
        }
        panic!(
            "the awaited line never came\n-- stdout\n{}\n-- stderr\n{}",
            self.stdout, self.stderr
        );
    }

    /// Waits until `reached` holds, checking every few milliseconds.
    ///
    /// # Panics
    /// If it does not hold within two minutes.
    #[track_caller]
    pub fn wait_until(&mut self, mut reached: impl FnMut() -> bool) {
        while !reached() {
            assert!(
                Instant::now() < self.deadline,
                "it never came about\n-- stderr\n{}",
                self.stderr
            );
            match self.lines.recv_timeout(Duration::from_millis(2)) {
                Ok(line) => drop(self.keep(line)),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    assert!(
                        reached(),
                        "the process ended before it came about\n-- stderr\n{}",
                        self.stderr
                    );
                }
            }
        }
    }

    /// Lets the process run for `time`, or to its end if that comes first. Returns whether it still runs.
    pub fn let_run(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            match self
                .lines
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(line) => drop(self.keep(line)),
                Err(mpsc::RecvTimeoutError::Timeout) => return true,
                Err(mpsc::RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Sends a signal by its name, such as `INT`, which Ctrl-C sends.
    ///
    /// # Panics
    /// If it has ended already.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.id().to_string()])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "no process to send {name} to"
        );
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as `kill -9` does.
    pub fn kill(mut self) -> Finished {
        self.child
            .kill()
            .expect("a child that was not waited for can be killed");
        self.finish()
    }

    /// Lets the process run to its end, and tells the most memory that it took, in bytes.
    pub fn finish_measured(mut self) -> (Finished, u64) {
        let status = format!("/proc/{}/status", self.id());
        let mut peak_bytes = 0;
        // The system keeps the most until the end, so that only the last milliseconds are missed.
        while self.let_run(Duration::from_millis(2)) {
            let text = fs::read_to_string(&status).unwrap_or_default();
            let kib = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = kib.and_then(|kib| kib.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            peak_bytes = peak_bytes.max(kib.unwrap_or(0) << 10);
        }
        (self.finish(), peak_bytes)
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If it takes more than two minutes.
    #[track_caller]
    pub fn finish(mut self) -> Finished {
        while self.next_line().is_some() {}
        let status = self.child.wait().expect("a child can be waited for");
        let (stdout, stderr) = (
            std::mem::take(&mut self.stdout),
            std::mem::take(&mut self.stderr),
        );
        Finished {
            status,
            stdout,
            stderr,
        }
    }

    #[track_caller]
    fn next_line(&mut self) -> Option<String> {
        match self
            .lines
            .recv_timeout(self.deadline.saturating_duration_since(Instant::now()))
        {
            Ok(line) => Some(self.keep(line)),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!("no end after {PATIENCE:?}\n-- stderr\n{}", self.stderr)
            }
        }
    }

    fn keep(&mut self, line: Line) -> String {
        let (all, line) = match line {
            Line::Stdout(line) => (&mut self.stdout, line),
            Line::Stderr(line) => (&mut self.stderr, line),
        };
        all.push_str(&line);
        line.trim_end().to_string()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails where it has ended already, which is all that is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a stream line by line, in a thread that ends with the stream.
fn pump(stream: impl Read + Send + 'static, tag: fn(String) -> Line, lines: mpsc::Sender<Line>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while reader
            .read_until(b'\n', &mut bytes)
            .is_ok_and(|read| read > 0)
        {
            if lines
                .send(tag(String::from_utf8_lossy(&bytes).into_owned()))
                .is_err()
            {
                return;
            }
            bytes.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_and_code_are_kept_apart() {
        let finished = run(&mut shell("echo '{\"a\": 1}'; echo oops >&2; exit 42")).fails_with(42);
        assert_eq!(finished.json()["a"], 1);
        assert_eq!(finished.stderr, "oops\n");
    }

    #[test]
    fn a_process_is_killed_once_it_has_said_a_line() {
        let mut running =
            Running::start(&mut shell("echo one; echo two >&2; exec tail -f /dev/null"));
        assert_eq!(running.wait_for(|line| line.starts_with("tw")), "two");
        let finished = running.kill();
        assert_eq!(finished.code(), None);
        assert_eq!(finished.stderr, "two\n");
    }

    #[test]
    fn a_file_that_a_process_makes_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made");
        let mut running =
            Running::start(shell("touch made; exec tail -f /dev/null").current_dir(folder.path()));
        running.wait_until(|| made.exists());
    }

    #[test]
    #[should_panic(expected = "the awaited line never came")]
    fn an_end_without_the_line_is_a_failure() {
        Running::start(&mut shell("echo one")).wait_for(|line| line == "two");
    }
}
