//! The laws, tested on events of a job's own input: by `check` thoroughly, by `run` in passing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::conductor::check_range;
use super::schemas::{schemas_of_build, schemas_of_job};
use super::{Error, Replay};
use crate::fold::FoldError;
use crate::guest::laws::{
    self, Counterexample, LawError, LawOptions, LawReport, Sample, generate, save,
};
use crate::guest::{Cache, Limits};
use crate::job::Job;
use crate::progress::Progress;
use crate::scan::{wanted_parts, wanted_projection};
use crate::schema::Descriptor;
use crate::steps::{Picked, Sampling, load_component, on_thread, pick_of_plan, watched};
use crate::workdir::{BuildFolder, SplitReader, Standing};

/// Objects that a thorough check samples.
const CHECK_OBJECTS: usize = 32;

/// Objects that a run samples, and events that it takes of them.
const RUN_OBJECTS: usize = 4;
const RUN_EVENTS: usize = 1_000;

/// The settings of [`check`].
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// The component.
    pub component: PathBuf,
    /// The job whose input, parameters and limits are used; its component is not. Without a job, events are made up.
    pub job: Option<Job>,
    /// The parameters of the component, where there is no job.
    pub params: BTreeMap<String, String>,
    /// How many events are sampled or made up.
    pub sample: usize,
    /// The seed of made-up events: another one makes up others.
    pub seed: u64,
    /// The file to which a counterexample is written.
    pub save: PathBuf,
    /// Where compiled code is kept; without it, the component is compiled each time.
    pub cache: Option<Cache>,
    /// Shows when the component is compiled.
    pub progress: Arc<Progress>,
}

/// Tests the laws of a component on events of the job's input, or on made-up ones. It writes no file but compiled code, and
/// a counterexample where there is one.
pub async fn check(options: &CheckOptions, cancel: CancellationToken) -> Result<LawReport, Error> {
    let (limits, params) = match &options.job {
        Some(job) => (job.limits.clone(), job.component_params()),
        None => (
            Limits::default(),
            options.params.clone().into_iter().collect(),
        ),
    };
    let stack_bytes = limits.thread_stack_bytes();
    let cache = options.cache.as_ref();
    let loaded = load_component(
        &options.component,
        &limits,
        &params,
        cache,
        &options.progress,
    );
    let (component, descriptor) = loaded.await?;
    let sample = match &options.job {
        Some(job) => {
            sample_job(
                job,
                &options.component,
                &descriptor,
                options.sample,
                &cancel,
            )
            .await?
        }
        None => generate(&descriptor, options.sample, options.seed)?,
    };
    let called = component.clone();
    let report = on_thread("laws".into(), stack_bytes, move || {
        Ok(laws::check(
            &called,
            &params,
            &sample,
            &LawOptions::THOROUGH,
        ))
    })?;
    let report = watched(&component, report).await???;
    if let Some(counterexample) = report.counterexample() {
        save(counterexample, &options.save)?;
    }
    Ok(report)
}

/// Runs a kept counterexample again, on `component` with the counterexample's own parameters and `params` over them.
/// Returns the counterexample that is found now; `None` where the law holds. Compiled code is kept in `cache`.
pub async fn check_again(
    component: &Path,
    params: &BTreeMap<String, String>,
    file: &Path,
    cache: Option<&Cache>,
    progress: &Arc<Progress>,
) -> Result<Option<Counterexample>, Error> {
    let kept = laws::read(file)?;
    let mut all = kept.params.clone();
    all.extend(params.clone());
    let params: Vec<_> = all.into_iter().collect();
    let limits = Limits::default();
    let (component, _) = load_component(component, &limits, &params, cache, progress).await?;
    let file = file.to_owned();
    let called = component.clone();
    let found = on_thread("laws".into(), limits.thread_stack_bytes(), move || {
        Ok(laws::again(&called, &params, &file, &kept))
    })?;
    Ok(watched(&component, found).await???)
}

/// Events of a job's input, which is planned for the sample; the plan is not kept.
async fn sample_job(
    job: &Job,
    component: &Path,
    descriptor: &Descriptor,
    events: usize,
    cancel: &CancellationToken,
) -> Result<Sample, Error> {
    check_range(job, component, descriptor)?;
    let range = job.range.resolve(Utc::now())?;
    let driver = job.driver(range, wanted_parts(descriptor))?;
    let picked = pick_of_plan(&*driver, CHECK_OBJECTS).await?;
    let schemas = schemas_of_job(job);
    let sampling = Sampling {
        driver: &*driver,
        projection: wanted_projection(descriptor, range),
        decode: &job.decode,
        schemas: schemas.as_ref(),
        events,
        lenient: false,
        cancel,
    };
    let sample = sampling.sample(&descriptor.input_schema(), picked).await?;
    driver.close().await?;
    Ok(sample)
}

impl Replay<'_> {
    /// Refuses a component that breaks a law on the first events of a build that has folded nothing yet.
    ///
    /// Where the laws cannot be tested, since the input cannot be read or the component fails on its records or accepts
    /// none, this is no error: the fold reports it better.
    pub(super) async fn check_laws(
        &self,
        build: &BuildFolder,
        standing: &Standing,
        trust: bool,
    ) -> Result<(), Error> {
        if trust || !standing.covered.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        let sample = match self.sample(build).await {
            Ok(sample) => sample,
            Err(Error::Fold(FoldError::Interrupted)) => return Err(FoldError::Interrupted.into()),
            Err(error) => {
                tracing::debug!(%error, "no law was tested");
                return Ok(());
            }
        };
        let (component, params) = (self.component.clone(), self.job.component_params());
        let checked = on_thread("laws".into(), self.stack_bytes(), move || {
            Ok(laws::check(
                &component,
                &params,
                &sample,
                &LawOptions::SHORT,
            ))
        })?;
        let report = match self.watched(checked).await?? {
            Ok(report) => report,
            Err(error) => {
                tracing::debug!(%error, "no law was tested");
                return Ok(());
            }
        };
        tracing::debug!(
            took = ?began.elapsed(),
            events = report.accepted,
            keys = report.keys,
            states = report.states,
            "tested the laws"
        );
        let Some(broken) = report.into_counterexample() else {
            return Ok(());
        };
        let path = build.counterexample_file();
        let saved = save(&broken, &path).map(|()| path.as_path());
        if let Err(error) = &saved {
            tracing::warn!(%error, "the counterexample is not kept");
        }
        Err(broken.refusal_of_run(saved.ok()).into())
    }

    async fn sample(&self, build: &BuildFolder) -> Result<Sample, Error> {
        let manifest = &build.manifest;
        let splits = SplitReader::open(
            &build.splits_file(),
            &manifest.input.splits_digest,
            Default::default(),
        )?;
        let mut picked = Picked::new(RUN_OBJECTS);
        for split in splits {
            picked.offer(split?);
        }
        let driver = self.driver(manifest)?;
        let schemas = schemas_of_build(self.job, build)?;
        let sampling = Sampling {
            driver: &*driver,
            projection: manifest.table().projection(manifest.input.range),
            decode: &manifest.input.decode,
            schemas: schemas.as_ref(),
            events: RUN_EVENTS,
            lenient: true,
            cancel: &self.cancel,
        };
        let schema = manifest.table().descriptor.input_schema();
        let sample = sampling.sample(&schema, picked).await?;
        driver.close().await?;
        Ok(sample)
    }
}

impl From<LawError> for Error {
    fn from(error: LawError) -> Self {
        match error {
            LawError::Guest(error) => Error::Guest(error),
            error => Error::Law(error),
        }
    }
}
