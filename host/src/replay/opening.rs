//! Loading a component, on a thread that has the stack for it, and waiting for what calls it.

use std::path::Path;
use std::pin::pin;

use futures::future::{Either, select};

use super::Error;
use super::folding::on_thread;
use crate::guest::{Component, Limits};
use crate::job::Job;
use crate::schema::Descriptor;

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
    let stack_bytes = limits.thread_stack_bytes();
    let load = {
        let (path, limits, cache) = (path.to_owned(), limits.clone(), cache.map(Path::to_owned));
        move || Ok(Component::load(&path, &limits, cache.as_deref()))
    };
    let component = on_thread("load".into(), stack_bytes, load)?.await??;
    let open = {
        let (component, params) = (component.clone(), params.to_vec());
        move || {
            let opened = component.open(&params);
            Ok(opened.map(|instance| instance.descriptor().as_ref().clone()))
        }
    };
    let opened = on_thread("open".into(), stack_bytes, open)?;
    let descriptor = watched(&component, opened).await???;
    Ok((component, descriptor))
}

/// Waits for work that calls `component`, but not for a call that takes too long.
pub(super) async fn watched<T>(
    component: &Component,
    work: impl Future<Output = T>,
) -> Result<T, Error> {
    let (work, over_time) = (pin!(work), pin!(component.over_time()));
    match select(work, over_time).await {
        Either::Left((done, _)) => Ok(done),
        Either::Right((error, _)) => Err(error.into()),
    }
}
