//! Faults at the points of the `backfold` command, which `host/src/fault_point.rs` describes. The binary needs its feature
//! `fault-points`, which a build of the workspace has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Finished, Running};

/// Where a process does what, such as `abort` at `1 after rename`.
const FAULT: &str = "BACKFOLD_TEST_FAULT";

/// A process that stops at a point until it is let go.
pub struct Paused {
    process: Running,
    file: PathBuf,
}

impl Paused {
    /// Starts a command, and waits until it is at `point`. `folder` is one that no other command pauses in.
    ///
    /// # Panics
    /// If the command ends before.
    #[track_caller]
    pub fn start(command: &mut Command, point: &str, folder: &Path) -> Self {
        let mut paused = Self::begin(command, point, folder);
        paused.wait();
        paused
    }

    /// Starts a command that is to stop at `point`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[track_caller]
    pub fn begin(command: &mut Command, point: &str, folder: &Path) -> Self {
        let file = folder.join("paused");
        // Of one that was killed.
        let _ = fs::remove_file(&file);
        command.env(FAULT, format!("pause {point}: {}", file.display()));
        Paused {
            process: Running::start(command),
            file,
        }
    }

    /// Waits until the process is at its point.
    ///
    /// # Panics
    /// If it ends before.
    #[track_caller]
    pub fn wait(&mut self) {
        self.process.wait_until(|| self.file.exists());
    }

    /// The process.
    pub fn process(&mut self) -> &mut Running {
        &mut self.process
    }

    /// Interrupts it with a signal, such as `INT`, and waits until it knows.
    ///
    /// # Panics
    /// If it does not say so.
    #[track_caller]
    pub fn interrupt(&mut self, signal: &str) {
        self.process.signal(signal);
        self.process.wait_for(|line| line.starts_with("stopping"));
    }

    /// Ends it as `kill -9` does.
    pub fn kill(self) -> Finished {
        self.process.kill()
    }

    /// Lets it go on.
    ///
    /// # Panics
    /// If it is not at its point.
    #[track_caller]
    pub fn go_on(self) -> Running {
        fs::remove_file(&self.file).expect("a process that pauses has made its file");
        self.process
    }
}

/// Lets a command `abort` or `fail` at a point, such as `1 after rename`.
pub fn cause(command: &mut Command, action: &str, point: &str) {
    command.env(FAULT, format!("{action} {point}"));
}

/// Runs a command to its end. Returns how it ended, and the points that it passed.
///
/// # Panics
/// If it passed none: the binary was built without points then.
#[track_caller]
pub fn passed(command: &mut Command, log: &Path) -> (Finished, Vec<String>) {
    let finished = process::run(command.env("BACKFOLD_TEST_FAULT_LOG", log));
    let points = fs::read_to_string(log).unwrap_or_default();
    assert!(!points.is_empty(), "it passed no point: {finished:?}");
    (finished, points.lines().map(str::to_owned).collect())
}
