//! `backfold test` in a project: unit tests, a build, and the table of the sample; again on each save if wanted.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use backfold::project::{self, BuildOptions, Project, ProjectError, Tested, Watch, Watched};
use serde_json::json;

use super::answer::Answer;
use super::build;
use super::context::Context;
use super::failure::{Failure, coded};
use super::human::{duration, plain};
use super::paint::Paint;
use super::tested::{describe, differences};

/// The test of a project.
pub(crate) struct ProjectTest {
    pub(crate) folder: PathBuf,
    pub(crate) options: BuildOptions,
    pub(crate) update: bool,
    pub(crate) watch: bool,
}

impl ProjectTest {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let project = Project::read(&self.folder).map_err(coded)?;
        if !self.watch {
            return self.once(&project, context).await.map_err(coded);
        }
        let mut watch = Watch::new(&project, &self.options).map_err(coded)?;
        loop {
            // The settings may have changed.
            let round = match Project::read(&self.folder) {
                Ok(project) => self.once(&project, context).await,
                Err(error) => Err(error),
            };
            match round {
                Ok(answer) => drop(answer.print("test", context.format)),
                Err(ProjectError::Interrupted) => break,
                Err(error) => drop(Failure::of(&coded(error)).print(Some("test"), context.format)),
            }
            eprintln!(
                "{}",
                Paint::stderr().dim("waiting for a save; Ctrl-C ends it")
            );
            match watch.changed(&context.cancel).await.map_err(coded)? {
                Watched::Interrupted => break,
                Watched::Changed(files) => {
                    let files = files.iter().map(|file| file.display().to_string());
                    let files = files.collect::<Vec<_>>().join(", ");
                    eprintln!("\n{} {}", Paint::stderr().bold("saved:"), plain(&files));
                }
            }
        }
        Answer::new(String::new(), &json!({ "ended": "interrupted" }))
    }

    async fn once(&self, project: &Project, context: &Context) -> Result<Answer, ProjectError> {
        let tested = project::test(project, &self.options, self.update, &context.cancel);
        let tested = context.watch_compiling(tested).await?;
        let text = text(&tested, context.paint);
        // All of it can be written as JSON.
        let answer = Answer::of(text, &tested);
        Ok(match tested.refusal {
            Some(error) => answer.refused(&backfold::Error::from(error).into()),
            None => answer,
        })
    }
}

fn text(tested: &Tested, paint: Paint) -> String {
    let seconds = Duration::try_from_secs_f64(tested.unit.seconds).unwrap_or_default();
    let mut text = format!(
        "{}: unit tests ({}), {}\n\n{}",
        paint.green("passed"),
        plain(&tested.unit.command),
        duration(seconds),
        build::describe(&tested.built, paint)
    );
    if let Some(sample) = &tested.sample {
        text.push_str(&format!("\n{}", describe(sample, paint)));
    }
    if let Some(comparison) = &tested.comparison {
        text.push_str(&differences(comparison, paint));
    }
    text
}
