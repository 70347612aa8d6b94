//! `backfold new`: makes a project.

use std::path::{Path, PathBuf};

use anyhow::Result;
use backfold::project::{self, Created, FromJob, Language};
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;

use super::answer::Answer;
use super::context::Context;
use super::failure::coded;
use super::human::plain;
use super::paint::Paint;

/// Make a project: a pipeline in a language of your choice, with a sample, a job, tests and the SDK
///
/// The pipeline counts page views, or does what a job declares for `aggregate` (`--from`). The folder holds everything:
/// nothing is fetched but the tools of the language, which `backfold doctor LANG` lists.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  backfold new page-views --lang python
  backfold new ../pipelines/sessions --lang rust
  backfold new page-views --from aggregate.toml --lang go")]
pub(crate) struct New {
    /// The folder to make; its last part is the name of the pipeline: lower-case letters, digits and dashes
    #[arg(value_name = "NAME")]
    folder: PathBuf,

    /// The language
    #[arg(long, value_name = "LANG", value_parser = language(&["rust", "python", "ts", "js", "go", "c"]))]
    lang: Language,

    /// A job whose component is `aggregate`: the source says the same as its `[pipeline]`, and its table is the same
    ///
    /// `job.toml` of the project is that job with the project's component. The sample holds values of the job's own
    /// files, of no other fields than the pipeline reads, or is made up where the job reads no files.
    #[arg(long, value_name = "JOB")]
    from: Option<PathBuf>,
}

/// A parser of the names of languages.
pub(crate) fn language(names: &'static [&'static str]) -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(names).try_map(|name| {
        Language::of_name(&name).ok_or_else(|| format!("there is no language {name}"))
    })
}

impl New {
    pub(crate) async fn execute(self, context: &Context) -> Result<Answer> {
        let created = match &self.from {
            None => project::create(&self.folder, self.lang),
            Some(job) => {
                let from = FromJob {
                    job: job.clone(),
                    progress: context.progress.clone(),
                };
                let created = project::create_from(&self.folder, self.lang, &from, &context.cancel);
                context.watch_compiling(created).await
            }
        };
        let created = created.map_err(coded)?;
        let text = describe(&created, self.from.is_some(), context.paint);
        Answer::new(text, &created)
    }
}

/// What was made, and the next commands.
fn describe(created: &Created, is_from_job: bool, paint: Paint) -> String {
    let folder = plain(&created.folder.display().to_string()).into_owned();
    let mut text = format!(
        "{} is a pipeline in {}: {} files\n",
        paint.bold(&folder),
        created.language,
        created.files.len()
    );
    if !created.missing.is_empty() {
        text.push_str("\nmissing on this machine:\n");
    }
    for missing in &created.missing {
        text.push_str(&format!(
            "  {}: {}\n",
            paint.red(&missing.tool),
            missing.install
        ));
    }
    let mut next = vec![(format!("cd {folder}"), "")];
    if created
        .files
        .iter()
        .any(|file| file == Path::new("package.json"))
    {
        next.push((
            "npm install".to_owned(),
            "the tools of the language, into node_modules",
        ));
    }
    next.extend([
        (
            "backfold test --watch".to_owned(),
            "run the tests on each save; Ctrl-C ends it",
        ),
        ("backfold build".to_owned(), "make the component"),
        (
            "backfold run job.toml".to_owned(),
            match is_from_job {
                true => "build the table anew, by this component",
                false => "fold the sample into a new table",
            },
        ),
        ("backfold swap job.toml".to_owned(), "make the table live"),
    ]);
    text.push_str("\nnext:\n");
    for (command, does) in next {
        let gap = " ".repeat(26_usize.saturating_sub(command.len()));
        text.push_str(format!("  {}{gap}{does}", paint.cyan(&command)).trim_end());
        text.push('\n');
    }
    text
}
