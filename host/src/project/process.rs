//! Running a compiler or tests: their messages pass through, and an interruption ends them.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};

use tokio_util::sync::CancellationToken;

use super::ProjectError;
use crate::process::{Over, shown, wait_until};

/// Runs a program, whose output goes to standard error, and waits for its end.
///
/// # Errors
/// Where it cannot be started, or `cancel` fires: it is ended then.
pub(super) fn run(
    command: &mut Command,
    cancel: &CancellationToken,
) -> Result<ExitStatus, ProjectError> {
    // Standard output is for the result of the command.
    command.stdout(io::stderr());
    let mut child = command
        .spawn()
        .map_err(|source| not_started(command, source))?;
    wait(&mut child, command, cancel)
}

/// Runs a program, and returns what it wrote to standard output; what it writes to standard error passes through.
///
/// # Errors
/// As [`run`].
pub(super) fn capture(
    command: &mut Command,
    cancel: &CancellationToken,
) -> Result<(ExitStatus, String), ProjectError> {
    command.stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|source| not_started(command, source))?;
    let pipe = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        pipe.map(|mut pipe| pipe.read_to_end(&mut text));
        text
    });
    let status = wait(&mut child, command, cancel)?;
    let text = reader.join().unwrap_or_default();
    Ok((status, String::from_utf8_lossy(&text).into_owned()))
}

/// Whether a compiler succeeded.
///
/// # Errors
/// Where it did not.
pub(super) fn check(command: &Command, status: ExitStatus) -> Result<(), ProjectError> {
    match status.success() {
        true => Ok(()),
        false => Err(ProjectError::Compiler {
            command: shown(command),
            status: status.to_string(),
        }),
    }
}

fn not_started(command: &Command, source: io::Error) -> ProjectError {
    ProjectError::Start {
        command: shown(command),
        source,
    }
}

fn wait(
    child: &mut Child,
    command: &Command,
    cancel: &CancellationToken,
) -> Result<ExitStatus, ProjectError> {
    let failed = |error| not_started(command, error);
    let over = wait_until(|| Ok(child.try_wait()?.is_some()), None, cancel).map_err(failed)?;
    if over != Over::Ended {
        // It may be gone by now.
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    // Ctrl-C in a terminal has ended the program as well.
    match cancel.is_cancelled() {
        true => Err(ProjectError::Interrupted),
        false => Ok(status),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_is_captured_whatever_its_size() {
        let cancel = CancellationToken::new();
        let script = "head -c 300000 /dev/zero | tr '\\0' x";
        let (status, text) = capture(&mut shell(script), &cancel).unwrap();
        assert!(status.success());
        assert_eq!(text.len(), 300_000);
    }

    #[test]
    fn a_failure_is_told_with_its_command_and_status() {
        let mut command = shell("exit 3");
        let status = run(&mut command, &CancellationToken::new()).unwrap();
        let error = check(&command, status).unwrap_err().to_string();
        assert_eq!(error, "`/bin/sh -c exit 3` failed: exit status: 3");
    }

    #[test]
    fn an_interruption_ends_the_program() {
        let cancel = CancellationToken::new();
        let began = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(50));
                cancel.cancel();
            });
            let result = run(&mut shell("exec sleep 30"), &cancel);
            assert!(matches!(result, Err(ProjectError::Interrupted)));
        });
        assert!(began.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let mut command = Command::new("/missing/program");
        let error = run(&mut command, &CancellationToken::new()).unwrap_err();
        assert_eq!(error.to_string(), "cannot start `/missing/program`");
    }
}
