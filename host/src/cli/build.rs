//! `backfold build`: makes the component of a project.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use backfold::job::{Job, JobError, Overrides};
use backfold::project::{self, BuildOptions, Built, Project};

use super::answer::Answer;
use super::arguments::ParamArguments;
use super::context::Context;
use super::failure::coded;
use super::human::{count, duration, plain, size};
use super::paint::Paint;
use super::table::Fields;

/// Compile the component of a project, and check it
///
/// A project is a folder with a file backfold.toml, which names the language. Its compiler has to be installed; what
/// is missing is named with the command that installs it. The component is then opened, and its laws are tested with
/// a thousand generated events. If nothing has changed since the last build, nothing is done.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold build                           build the project in this folder
  backfold build ../sessions --fresh       compile although nothing has changed
  backfold build -p floor=3                check the component with a parameter that it needs

The compiler's messages go to standard error.")]
pub(crate) struct Build {
    #[command(flatten)]
    project: ProjectArguments,

    /// Compile although nothing has changed
    #[arg(long)]
    fresh: bool,

    #[command(flatten)]
    settings: SettingArguments,
}

/// The project of a command.
#[derive(Debug, clap::Args)]
pub(crate) struct ProjectArguments {
    /// The folder of the project
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// The settings of the component in a build.
#[derive(Debug, clap::Args)]
pub(crate) struct SettingArguments {
    /// Use the parameters and limits of this job, instead of those of the project's job.toml
    #[arg(long, value_name = "JOB")]
    job: Option<PathBuf>,

    #[command(flatten)]
    params: ParamArguments,
}

impl SettingArguments {
    /// The options of a build.
    pub(crate) fn options(&self, fresh: bool, context: &Context) -> BuildOptions {
        BuildOptions {
            params: self.params.collect(),
            job: self.job.clone(),
            fresh,
            progress: context.progress.clone(),
        }
    }

    /// The parameters of the command line.
    pub(crate) fn given(&self) -> Vec<(String, String)> {
        self.params.collect().into_iter().collect()
    }

    /// The job that is named, with the parameters of the command line over its own.
    pub(crate) fn loaded(&self) -> Result<Option<Job>, JobError> {
        let overrides = Overrides {
            params: self.params.collect(),
            ..Overrides::default()
        };
        let job = self.job.as_deref();
        job.map(|job| Job::load(job, &overrides)).transpose()
    }
}

impl Build {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let project = Project::read(&self.project.folder).map_err(coded)?;
        let options = self.settings.options(self.fresh, context);
        let built = project::build(&project, &options, &context.cancel);
        let built = context.watch_compiling(built).await.map_err(coded)?;
        Answer::new(describe(&built, context.paint), &built)
    }
}

/// A component that was built, as text.
pub(crate) fn describe(built: &Built, paint: Paint) -> String {
    let component = &built.component;
    let mut fields = Fields::default();
    fields.add(
        "component",
        format!(
            "{} {}",
            paint.bold(plain(&component.name)),
            plain(&component.version)
        ),
    );
    fields.add("file", plain(&built.output.display().to_string()));
    fields.add("size", size(built.bytes));
    fields.add("digest", built.digest.as_str());
    fields.add(
        "imports",
        match component.imports.len() {
            0 => "nothing".to_owned(),
            imports => format!("{} of WASI, which the host seals", count(imports as u64)),
        },
    );
    fields.add(
        "laws",
        match component.law_events {
            Some(events) => format!("hold for {} events", count(events)),
            None => {
                paint.red("not tested: the component accepts none of the events that were tried")
            }
        },
    );
    let seconds = Duration::try_from_secs_f64(built.seconds).unwrap_or_default();
    let tool = built.tools.first();
    let tool = tool.map_or_else(String::new, |tool| {
        format!(", {} {}", name(&tool.command), tool.version)
    });
    fields.add(
        "time",
        match built.unchanged {
            true => format!("{}: nothing has changed", duration(seconds)),
            false => format!("{} ({}{})", duration(seconds), built.language, plain(&tool)),
        },
    );
    fields.render(paint)
}

/// The name of the program in a command.
fn name(command: &[std::ffi::OsString]) -> String {
    let last = command.last().map(PathBuf::from).unwrap_or_default();
    last.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
