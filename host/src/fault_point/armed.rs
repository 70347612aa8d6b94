//! What happens at the points, as the environment has it.

use std::collections::HashMap;
use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How often a paused process looks for its file.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A point: `before` or `after`, and the name of a write.
type Point = (&'static str, &'static str);

/// What happens to the process at a point.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Abort,
    Fail,
    Pause(PathBuf),
}

/// An action at one point.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    action: Action,
    /// Such as `2 after remove the part`.
    point: String,
}

/// The points that were passed, and what is to happen at one of them.
struct Points {
    fault: Option<Fault>,
    log: Option<File>,
    passed: HashMap<Point, u64>,
}

/// `None` where the environment wants nothing.
static POINTS: LazyLock<Option<Mutex<Points>>> = LazyLock::new(|| {
    let text = |name: &str| env::var(name).ok();
    let fault = text("BACKFOLD_TEST_FAULT").map(|text| {
        fault(&text).unwrap_or_else(|| panic!("BACKFOLD_TEST_FAULT is no fault: {text}"))
    });
    let log = text("BACKFOLD_TEST_FAULT_LOG").map(|path| {
        let mut options = File::options();
        let file = options.append(true).create(true).open(&path);
        file.unwrap_or_else(|error| panic!("BACKFOLD_TEST_FAULT_LOG, {path}: {error}"))
    });
    (fault.is_some() || log.is_some()).then(|| {
        Mutex::new(Points {
            fault,
            log,
            passed: HashMap::new(),
        })
    })
});

/// Reads a fault; `None` where the text is none.
fn fault(text: &str) -> Option<Fault> {
    let (action, point) = text.split_once(' ')?;
    let (action, point) = match action {
        "abort" => (Action::Abort, point),
        "fail" => (Action::Fail, point),
        "pause" => {
            let (point, file) = point.split_once(": ")?;
            (Action::Pause(file.into()), point)
        }
        _ => return None,
    };
    let point = point.to_owned();
    Some(Fault { action, point })
}

/// Passes a point.
///
/// # Errors
/// Where that is what a test wants.
pub(super) fn pass(when: &'static str, name: &'static str) -> io::Result<()> {
    let Some(points) = &*POINTS else {
        return Ok(());
    };
    let mut points = points.lock().unwrap_or_else(PoisonError::into_inner);
    let action = points.pass((when, name))?;
    drop(points);
    match action {
        None => Ok(()),
        Some(Action::Abort) => std::process::abort(),
        Some(Action::Fail) => Err(io::Error::other(format!(
            "a test lets it fail {when} {name}"
        ))),
        Some(Action::Pause(file)) => pause(&file),
    }
}

impl Points {
    /// Counts and logs a point. Returns what is to happen there.
    fn pass(&mut self, point: Point) -> io::Result<Option<Action>> {
        let count = self.passed.entry(point).or_default();
        *count += 1;
        let (when, name) = point;
        let point = format!("{count} {when} {name}");
        if let Some(log) = &mut self.log {
            log.write_all(format!("{point}\n").as_bytes())?;
        }
        let is_here = |fault: &&Fault| fault.point == point;
        Ok(self
            .fault
            .as_ref()
            .filter(is_here)
            .map(|fault| fault.action.clone()))
    }
}

/// Waits until `file`, which it makes, is gone.
fn pause(file: &Path) -> io::Result<()> {
    File::create(file)?;
    while fs::exists(file)? {
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_and_what_is_none_is_refused() {
        let read = |text| fault(text).map(|fault| (fault.action, fault.point));
        let point = || "2 after rename".to_owned();
        assert_eq!(read("abort 2 after rename"), Some((Action::Abort, point())));
        assert_eq!(read("fail 2 after rename"), Some((Action::Fail, point())));
        let pause = Action::Pause("/a: b".into());
        assert_eq!(read("pause 2 after rename: /a: b"), Some((pause, point())));
        for text in ["", "abort", "pause 2 after rename", "stop 2 after rename"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn points_are_counted_by_name_and_logged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut points = Points {
            fault: fault("fail 2 before rename"),
            log: Some(File::create(&path).unwrap()),
            passed: HashMap::new(),
        };
        let passed = [
            ("before", "rename"),
            ("after", "rename"),
            ("before", "rename"),
            ("before", "rename"),
        ];
        let found = passed.map(|point| points.pass(point).unwrap());
        assert_eq!(found, [None, None, Some(Action::Fail), None]);
        let log = fs::read_to_string(&path).unwrap();
        assert_eq!(
            log,
            "1 before rename\n1 after rename\n2 before rename\n3 before rename\n"
        );
    }

    #[test]
    fn a_paused_thread_goes_on_when_its_file_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("paused");
        thread::scope(|scope| {
            let paused = scope.spawn(|| pause(&file));
            while !file.exists() {
                thread::yield_now();
            }
            assert!(!paused.is_finished());
            fs::remove_file(&file).unwrap();
            paused.join().unwrap().unwrap();
        });
    }
}
