//! The component of a job.

use std::path::Path;

use super::Error;
use crate::guest::{Component, Limits};
use crate::job::Job;
use crate::schema::Descriptor;
use crate::steps;

/// Loads the component of a job, whose compiled code is kept in the work folder, and asks it what it is.
pub(super) async fn load_component(job: &Job) -> Result<(Component, Descriptor), Error> {
    let cache = job.work.join(".components");
    let params = job.component_params();
    load(&job.component, &job.limits, &params, Some(&cache)).await
}

/// Loads a component and asks it what it is.
pub(super) async fn load(
    path: &Path,
    limits: &Limits,
    params: &[(String, String)],
    cache: Option<&Path>,
) -> Result<(Component, Descriptor), Error> {
    Ok(steps::load_component(path, limits, params, cache).await?)
}

/// Waits for work that calls `component`, but not for a call that takes too long.
pub(super) async fn watched<T>(
    component: &Component,
    work: impl Future<Output = T>,
) -> Result<T, Error> {
    Ok(steps::watched(component, work).await?)
}
