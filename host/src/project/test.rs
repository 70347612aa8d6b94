//! The tests of a project: its unit tests, and the table of its sample.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::build::{Built, build};
use super::conditions::{BuildOptions, conditions};
use super::sources::{EVENTS, EXPECTED};
use super::{Project, ProjectError, Search, process};
use crate::guest::Cache;
use crate::replay::{
    self, Comparison, Error, Expectation, FileTest, FileTestError, FileTestOptions,
};

/// The result of a project's tests.
#[derive(Debug, Serialize)]
pub struct Tested {
    /// The unit tests.
    pub unit: UnitTests,
    /// The component.
    pub built: Built,
    /// The table of the sample; `None` where the project has none.
    pub sample: Option<FileTest>,
    /// How the table differs from the expected one; `None` where none is expected.
    pub comparison: Option<Comparison>,
    /// The error that a difference is.
    #[serde(skip)]
    pub refusal: Option<FileTestError>,
}

/// Unit tests that passed.
#[derive(Clone, Debug, Serialize)]
pub struct UnitTests {
    /// The command.
    pub command: String,
    /// How long they took.
    pub seconds: f64,
}

/// Runs the unit tests of a project, builds it, and folds its sample. Messages of the tests and of the compiler go to
/// standard error. With `update`, the table of the sample becomes the expected one.
///
/// # Errors
/// Where a unit test or the build fails, or the sample cannot be folded. A table other than the expected one is no
/// error here, but [`Tested::refusal`].
pub async fn test(
    project: &Project,
    options: &BuildOptions,
    update: bool,
    cancel: &CancellationToken,
) -> Result<Tested, ProjectError> {
    let unit = {
        let (project, cancel) = (project.clone(), cancel.clone());
        let tests = tokio::task::spawn_blocking(move || unit_tests(&project, &cancel)).await;
        tests.unwrap_or_else(|failed| match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(ProjectError::Interrupted),
        })?
    };
    let built = build(project, options, cancel).await?;
    let mut tested = Tested {
        unit,
        built,
        sample: None,
        comparison: None,
        refusal: None,
    };
    let input = project.folder.join(EVENTS);
    if !input.is_file() {
        return Ok(tested);
    }
    let conditions = conditions(project, options)?;
    let options = FileTestOptions {
        component: project.output(),
        params: conditions.params,
        limits: conditions.limits,
        job: conditions.job,
        cache: Cache::of_user(),
        progress: options.progress.clone(),
        input,
    };
    let sample = replay::test(&options, cancel.clone()).await?;
    let expected = project.folder.join(EXPECTED);
    if update {
        Expectation::write(&expected, &sample).map_err(Error::from)?;
    }
    if expected.is_file() {
        let expectation = Expectation::read(&expected, &sample.descriptor).map_err(Error::from)?;
        let comparison = expectation.compare(&sample);
        tested.refusal = expectation.refusal(&comparison);
        tested.comparison = Some(comparison);
    }
    tested.sample = Some(sample);
    Ok(tested)
}

fn unit_tests(project: &Project, cancel: &CancellationToken) -> Result<UnitTests, ProjectError> {
    let began = Instant::now();
    let mut command = command(project);
    let status = process::run(&mut command, cancel)?;
    let shown = project.test.join(" ");
    match status.success() {
        true => Ok(UnitTests {
            command: shown,
            seconds: began.elapsed().as_secs_f64(),
        }),
        false => Err(ProjectError::UnitTests {
            command: shown,
            status: status.to_string(),
        }),
    }
}

/// The command of the unit tests, which finds the project's own programs first, and the SDK.
fn command(project: &Project) -> Command {
    let search = Search::new(Some(&project.folder));
    let words: Vec<&str> = project.test.iter().map(String::as_str).collect();
    let mut command = match words.as_slice() {
        // The Python that has the module may not be the first one.
        ["python3" | "python", "-m", module, rest @ ..] => {
            let tool = search.python_module(module, &["--version"]);
            tool.map(|tool| {
                let mut command = tool.command(&project.folder);
                command.args(rest);
                command
            })
        }
        _ => None,
    }
    .unwrap_or_else(|| {
        let (name, rest) = words.split_first().unwrap_or((&"", &[]));
        let program = search.program(name).unwrap_or_else(|| PathBuf::from(name));
        let mut command = Command::new(program);
        command.args(rest).current_dir(&project.folder);
        command
    });
    let own = [".venv/bin", "node_modules/.bin"].map(|folder| project.folder.join(folder));
    let own = own
        .into_iter()
        .filter_map(|folder| std::path::absolute(folder).ok());
    prepend(&mut command, "PATH", own);
    if let Some(sdk) = project.sdk().and_then(|sdk| std::path::absolute(sdk).ok()) {
        if project.language == super::Language::Python && !sdk.join("__init__.py").is_file() {
            prepend(&mut command, "PYTHONPATH", [sdk.clone()]);
        }
        command.env("BACKFOLD_SDK", sdk);
    }
    command
}

/// Puts folders before those of a variable such as `PATH`.
fn prepend(command: &mut Command, variable: &str, folders: impl IntoIterator<Item = PathBuf>) {
    let present = std::env::var_os(variable).unwrap_or_default();
    let all = folders.into_iter().chain(std::env::split_paths(&present));
    // A folder with a colon in its name cannot be in such a list.
    let joined: Result<OsString, _> = std::env::join_paths(all);
    if let Ok(joined) = joined {
        command.env(variable, joined);
    }
}
