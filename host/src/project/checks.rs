//! Whether a component is one that a job can use: its imports, its world, its descriptor, and in short its laws.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::conditions::Conditions;
use super::sources::EVENTS;
use super::{Project, ProjectError};
use crate::decode::DecodeOptions;
use crate::guest::laws::{self, LawError, LawOptions, LawReport, Sample, generate, save};
use crate::guest::{Cache, Component};
use crate::progress::Progress;
use crate::replay::Error;
use crate::scan::wanted_projection;
use crate::schema::Descriptor;
use crate::source::EventRange;
use crate::source::files::{FilesConfig, FilesDriver};
use crate::steps::{Sampling, load_component, on_thread, pick_of_plan, watched};

/// How many events are folded to test the laws.
const SAMPLE: usize = 1_000;

/// How many files of a sample are read.
const SAMPLED_OBJECTS: usize = 4;

/// The file for a case in which a law does not hold.
const COUNTEREXAMPLE: &str = "counterexample.json";

/// What the checks of a component found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// The pipeline's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it imports.
    pub imports: Vec<String>,
    /// How many events it folded for the test of the laws; `None` if it accepts no event that was tried.
    pub law_events: Option<u64>,
}

/// Checks the component at `path`. Its compiled code is kept in the user's cache.
///
/// # Errors
/// Where it is none that a job can use, or breaks a law.
pub(super) async fn check(
    project: &Project,
    path: &Path,
    conditions: &Conditions,
    progress: &Arc<Progress>,
    cancel: &CancellationToken,
) -> Result<Checked, ProjectError> {
    let cache = Cache::of_user();
    let (limits, params) = (&conditions.limits, &conditions.params);
    let (component, descriptor) = load_component(path, limits, params, cache.as_ref(), progress)
        .await
        .map_err(Error::from)?;
    let made_up = generate(&descriptor, SAMPLE, 1).map_err(Error::from)?;
    let mut report = hold(&component, params, made_up).await?;
    if report.is_none() && project.folder.join(EVENTS).is_file() {
        let sample = sample(project, &descriptor, cancel).await?;
        report = hold(&component, params, sample).await?;
    }
    let law_events = report.as_ref().map(|report| report.accepted);
    if let Some(report) = report
        && let Some(broken) = report.into_counterexample()
    {
        let path = project.folder.join(COUNTEREXAMPLE);
        save(&broken, &path).map_err(Error::from)?;
        return Err(Error::from(broken.refusal(Some(&path))).into());
    }
    Ok(Checked {
        name: descriptor.name.clone(),
        version: descriptor.version.clone(),
        imports: component.imports().to_vec(),
        law_events,
    })
}

/// Tests the laws; `None` where the component accepts none of the events.
async fn hold(
    component: &Component,
    params: &[(String, String)],
    sample: Sample,
) -> Result<Option<LawReport>, Error> {
    let stack_bytes = component.limits().thread_stack_bytes();
    let (called, params) = (component.clone(), params.to_vec());
    let held = on_thread("laws".into(), stack_bytes, move || {
        Ok(laws::check(&called, &params, &sample, &LawOptions::SHORT))
    })?;
    match watched(component, held).await?? {
        Ok(report) => Ok(Some(report)),
        Err(LawError::NothingToCheck { source: None, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Events of the project's own sample.
async fn sample(
    project: &Project,
    descriptor: &Descriptor,
    cancel: &CancellationToken,
) -> Result<Sample, Error> {
    let range = EventRange::default();
    let driver = FilesDriver::new(&FilesConfig::new(project.folder.join(EVENTS)), range)?;
    let picked = pick_of_plan(&driver, SAMPLED_OBJECTS).await?;
    let sampling = Sampling {
        driver: &driver,
        projection: wanted_projection(descriptor, range),
        decode: &DecodeOptions::default(),
        schemas: None,
        events: SAMPLE,
        lenient: true,
        cancel,
    };
    Ok(sampling.sample(&descriptor.input_schema(), picked).await?)
}
