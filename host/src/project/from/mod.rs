//! A project whose source says the same as the declaration of a job with the component `aggregate`.
//!
//! | file | idea |
//! |---|---|
//! | `outline` | the declaration, as all languages need it |
//! | `rust`, `python`, `typescript`, `go`, `c` | the source and its unit tests, in each language |
//! | `sample` | the sample of events |
//! | `seen` | the table of the sample, as unit tests name its values |
//! | `job` | the job files |
//! | `readme` | the README |

mod c;
mod go;
mod job;
mod outline;
mod python;
mod readme;
mod rust;
mod sample;
mod seen;
#[cfg(test)]
mod tests;
mod typescript;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use backfold_declaration::Origin;
use tokio::sync::mpsc::channel;
use tokio_util::sync::CancellationToken;

use super::create::{Created, finished, ident, lay_out, named, write};
use super::manifest::{JOB, SAMPLE_JOB};
use super::sources::{EVENTS, EXPECTED};
use super::{Language, ProjectError};
use crate::guest::{AGGREGATE, Cache};
use crate::job::{Job, JobError, Overrides, Place};
use crate::progress::Progress;
use crate::replay::{self, Error, Expectation, FileTest, FileTestOptions};
use crate::row_json::Row;
use crate::scan::{wanted_parts, wanted_projection};
use crate::source::{EventRange, ReplayDriver, SourceConfig, Split};
use crate::steps::{Picked, SampleError, Sampling, load_component};
use outline::{Outline, Refusal};
use seen::{Seen, SeenRow};

/// How many events of the archive make the sample.
const TAKEN: usize = 20;

/// From how many objects they are taken, of the first splits of the plan.
const OBJECTS: usize = 4;

/// What a project is made of.
#[derive(Clone, Debug)]
pub struct FromJob {
    /// The job file, whose component is `aggregate`.
    pub job: PathBuf,
    /// Shows when `aggregate` is compiled.
    pub progress: Arc<Progress>,
}

/// Makes a project in `folder`, whose last part is its name, with the declaration of a job as its source. The sample
/// comes of the job's own files where it reads files, and otherwise is made up; `aggregate` makes its expected table.
///
/// # Errors
/// Where the name is not valid, the folder holds something, the job is not valid or has another component, the language
/// cannot say a part of the declaration, or a file cannot be written.
pub async fn create_from(
    folder: &Path,
    language: Language,
    from: &FromJob,
    cancel: &CancellationToken,
) -> Result<Created, ProjectError> {
    let name = named(folder, language)?;
    let job = Job::load(&from.job, &Overrides::default()).map_err(Error::from)?;
    let declared = job
        .declared()
        .map_err(|error| unreadable(from, error.to_string()))?;
    let Some((source, declaration)) = declared else {
        return Err(ProjectError::NotDeclared {
            job: from.job.clone(),
            component: job.component,
        });
    };
    let file_name = from.job.file_name().unwrap_or_default().to_string_lossy();
    let outline = Outline {
        name: &name,
        job: &file_name,
        source: &source,
        declaration: &declaration,
    };
    let pipeline = pipeline(&outline, language).map_err(|refusal| ProjectError::Inexpressible {
        language,
        entry: refusal.entry.to_string(),
        problem: refusal.problem,
    })?;

    fs::create_dir_all(folder).map_err(ProjectError::file("create", folder))?;
    let made = make(folder, language, from, &outline, &job, pipeline, cancel).await;
    if made.is_err() {
        // The folder was empty, or not there.
        let _ = fs::remove_dir_all(folder);
    }
    Ok(finished(folder, &name, language, made?))
}

/// The source of the pipeline.
fn pipeline(outline: &Outline<'_>, language: Language) -> Result<String, Refusal> {
    match language {
        Language::Rust => rust::source(outline),
        Language::Python => python::source(outline),
        Language::Ts => typescript::source(outline, true),
        Language::Js => typescript::source(outline, false),
        Language::Go => go::source(outline),
        Language::C => c::source(outline),
        Language::Zig => Err(Refusal::new(
            backfold_declaration::Entry::Whole,
            "it has no SDK",
        )),
    }
}

/// The unit tests of the pipeline.
fn unit_tests(outline: &Outline<'_>, language: Language, seen: &Seen) -> String {
    match language {
        Language::Rust => rust::tests(outline, seen),
        Language::Python => python::test(outline, seen),
        Language::Ts => typescript::test(outline, seen, true),
        Language::Js => typescript::test(outline, seen, false),
        Language::Go => go::test(outline, seen),
        Language::C => c::test(outline, seen),
        Language::Zig => String::new(),
    }
}

/// Writes the project's files, and returns their paths.
async fn make(
    folder: &Path,
    language: Language,
    from: &FromJob,
    outline: &Outline<'_>,
    job: &Job,
    pipeline: String,
    cancel: &CancellationToken,
) -> Result<Vec<PathBuf>, ProjectError> {
    let taken = taken(job, from, cancel).await?;
    let archive = match (&job.source, taken.as_slice()) {
        (SourceConfig::Files(files), [_, ..]) => Some(files.path.as_path()),
        _ => None,
    };
    let sample_of = readme::of_sample(archive);
    let events = sample::lines(outline, &taken);
    let events_file = folder.join(EVENTS);
    fs::write(&events_file, &events).map_err(ProjectError::file("write", &events_file))?;
    let mut folded = fold(job, from, events_file, cancel).await?;
    let seen = Seen {
        keys: folded.rows.len(),
        rejected: folded.rejected,
        passed_over: folded.counts.not_wanted,
        row: folded
            .rows
            .first()
            .and_then(|row| SeenRow::of(outline, row)),
    };
    let component = format!("{}.wasm", outline.name);
    let mut own: Vec<(PathBuf, String)> = vec![
        (EVENTS.into(), events),
        (
            "README.md".into(),
            readme::readme(outline, language, &sample_of),
        ),
        (JOB.into(), job_file(folder, from, &component)?),
        (
            SAMPLE_JOB.into(),
            job::of_sample(&ident(outline.name), &component, folded.rejected),
        ),
    ];
    let tests = unit_tests(outline, language, &seen);
    let (source_file, test_file) = (readme::source(language), readme::test(language));
    if source_file == test_file {
        own.push((source_file.into(), pipeline + &tests));
    } else {
        own.push((source_file.into(), pipeline));
        own.push((test_file.into(), tests));
    }
    let own = own
        .into_iter()
        .map(|(path, text)| (path, text.into_bytes()));
    let mut files = write(folder, lay_out(outline.name, language, own.collect()))?;
    if without_times_of_files(outline, &mut folded.rows) {
        let expected = folder.join(EXPECTED);
        Expectation::write(&expected, &folded).map_err(Error::from)?;
        files.push(EXPECTED.into());
    }
    Ok(files)
}

/// The project's job.
fn job_file(folder: &Path, from: &FromJob, component: &str) -> Result<String, ProjectError> {
    let failed = || ProjectError::file("read", &from.job);
    let text = fs::read_to_string(&from.job).map_err(failed())?;
    let job = from.job.canonicalize().map_err(failed())?;
    let folder = folder
        .canonicalize()
        .map_err(ProjectError::file("find", folder))?;
    job::rewritten(&text, &job, &folder, component)
        .map_err(|error| unreadable(from, error.message().to_owned()))
}

/// The error of a job file that was valid when it was read first.
fn unreadable(from: &FromJob, message: String) -> ProjectError {
    let place = Place {
        path: from.job.clone(),
        line: None,
    };
    Error::from(JobError::Syntax { place, message }).into()
}

/// Some events of the job's files; none where its source is another one, or they cannot be read.
async fn taken(
    job: &Job,
    from: &FromJob,
    cancel: &CancellationToken,
) -> Result<Vec<Row>, ProjectError> {
    if !matches!(job.source, SourceConfig::Files(_)) {
        return Ok(Vec::new());
    }
    match sampled(job, from, cancel).await {
        Ok(rows) => Ok(rows),
        Err(_) if cancel.is_cancelled() => Err(ProjectError::Interrupted),
        Err(error) => {
            tracing::info!(%error, "the sample is made up, since the job's files cannot be read");
            Ok(Vec::new())
        }
    }
}

async fn sampled(job: &Job, from: &FromJob, cancel: &CancellationToken) -> Result<Vec<Row>, Error> {
    let component = Path::new(AGGREGATE);
    let params = job.component_params();
    let cache = Cache::of_user();
    let loaded = load_component(
        component,
        &job.limits,
        &params,
        cache.as_ref(),
        &from.progress,
    );
    let (_, descriptor) = loaded.await?;
    let range = EventRange::default();
    let driver = job
        .driver(range, wanted_parts(&descriptor))
        .map_err(SampleError::from)?;
    let picked = first_objects(&*driver).await?;
    let sampling = Sampling {
        driver: &*driver,
        projection: wanted_projection(&descriptor, range),
        decode: &job.decode,
        schemas: None,
        events: TAKEN,
        lenient: true,
        cancel,
    };
    let sample = sampling.sample(&descriptor.input_schema(), picked).await?;
    Ok((0..sample.len() as u32)
        .map(|row| sample.event(row).columns)
        .collect())
}

/// Some of the first objects. The rest of a large archive is not listed.
async fn first_objects(driver: &dyn ReplayDriver) -> Result<Picked, SampleError> {
    let (send, mut receive) = channel::<Split>(1);
    let pick = async move {
        let mut picked = Picked::new(OBJECTS);
        let mut splits = 0;
        while splits < OBJECTS
            && let Some(split) = receive.recv().await
        {
            splits += 1;
            picked.offer(split);
        }
        // Without a receiver the driver stops planning.
        (picked, splits)
    };
    match futures::join!(driver.plan(send), pick) {
        (Err(error), (_, splits)) if splits < OBJECTS => Err(error.into()),
        (_, (picked, _)) => Ok(picked),
    }
}

/// The table that `aggregate` makes of the sample.
async fn fold(
    job: &Job,
    from: &FromJob,
    events: PathBuf,
    cancel: &CancellationToken,
) -> Result<FileTest, ProjectError> {
    let options = FileTestOptions {
        component: AGGREGATE.into(),
        params: job.component_params(),
        limits: job.limits.clone(),
        job: None,
        cache: Cache::of_user(),
        progress: from.progress.clone(),
        input: events,
    };
    Ok(replay::test(&options, cancel.clone()).await?)
}

/// Removes from the rows what depends on the time at which the file of the sample was written; `false` where the key does.
fn without_times_of_files(outline: &Outline<'_>, rows: &mut [Row]) -> bool {
    let is_time = |input: &usize| outline.input(*input).origin == Origin::RecordTime;
    let declaration = outline.declaration;
    if declaration.keys.iter().any(|key| is_time(&key.input)) {
        return false;
    }
    for kept in &declaration.keep {
        if outline.values(kept).iter().any(is_time) {
            let columns = declaration.state_columns(kept).into_iter();
            for column in columns.chain(declaration.view_columns(kept)) {
                rows.iter_mut()
                    .for_each(|row| drop(row.remove(&column.name)));
            }
        }
    }
    true
}
