//! The settings of a build, and what they mean for the component: its parameters, its limits, and what is no source.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Project, ProjectError};
use crate::decode::DecodeOptions;
use crate::guest::Limits;
use crate::job::{Job, Overrides};
use crate::progress::Progress;
use crate::replay::Error;
use crate::source::SourceConfig;

/// The settings of a build.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// Parameters with which the component is opened for the checks, over those of the job.
    pub params: BTreeMap<String, String>,
    /// The job whose parameters and limits the checks use, instead of the project's `job.toml`.
    pub job: Option<PathBuf>,
    /// Compile although nothing has changed.
    pub fresh: bool,
    /// Shows when the component is compiled to machine code.
    pub progress: Arc<Progress>,
}

/// The conditions under which a component is opened.
#[derive(Clone, Debug)]
pub(super) struct Conditions {
    pub(super) limits: Limits,
    pub(super) params: Vec<(String, String)>,
    /// The job, with all parameters.
    pub(super) job: Option<Job>,
    /// Files and folders in the project that are no sources: what comes of it, and the input of its job.
    pub(super) not_sources: Vec<PathBuf>,
}

/// The conditions of a project, as its job and the options set them.
///
/// # Errors
/// Where the job that the options name is not valid.
pub(super) fn conditions(
    project: &Project,
    options: &BuildOptions,
) -> Result<Conditions, ProjectError> {
    let job = job(project, options)?;
    let mut params = job
        .as_ref()
        .map(|job| job.params.clone())
        .unwrap_or_default();
    params.extend(options.params.clone());
    Ok(Conditions {
        not_sources: not_sources(project, job.as_ref()),
        limits: job
            .as_ref()
            .map(|job| job.limits.clone())
            .unwrap_or_default(),
        params: params.into_iter().collect(),
        job,
    })
}

/// The job that is named, or the project's own where it can be read.
fn job(project: &Project, options: &BuildOptions) -> Result<Option<Job>, ProjectError> {
    let load = |path: &Path| Job::load(path, &Overrides::default());
    match (&options.job, project.job()) {
        (Some(path), _) => Ok(Some(load(path).map_err(Error::from)?)),
        // A build does not need it: the commands that do say what is wrong with it.
        (None, Some(path)) => Ok(load(&path).ok().map(|job| Job {
            // The sample is JSON, whatever the format of the job's own input is.
            decode: DecodeOptions::default(),
            ..job
        })),
        (None, None) => Ok(None),
    }
}

fn not_sources(project: &Project, job: Option<&Job>) -> Vec<PathBuf> {
    let mut paths = vec![project.output()];
    if let Some(job) = job {
        paths.push(job.work.clone());
        if let SourceConfig::Files(files) = &job.source {
            paths.push(files.path.clone());
        }
    }
    // A job may read the project's own folder.
    paths.retain(|path| path.canonicalize().ok() != project.folder.canonicalize().ok());
    paths
}
