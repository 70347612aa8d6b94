//! The component of a job: whether it is there, and opens with the job's parameters.

use std::sync::Arc;

use super::{Finding, Report};
use crate::job::Job;
use crate::replay::Error;
use crate::schema::Descriptor;
use crate::steps::load_component;

/// Looks at the component; returns its descriptor where it opens.
pub(super) async fn look(job: &Job, report: &mut Report) -> Option<Descriptor> {
    let about = "component";
    let path = job.component.display();
    if !job.component.exists() {
        let folder = job.component.parent();
        let is_project = folder.is_some_and(|folder| folder.join("backfold.toml").is_file());
        let remedy = match is_project {
            true => "backfold build",
            false => {
                "name the `.wasm` file in `component` of the job; in a project, `backfold build` makes it"
            }
        };
        report.add(Finding::problem(
            about,
            format!("{path} does not exist"),
            remedy,
        ));
        return None;
    }
    let params = job.component_params();
    // A cache would have to be written.
    match load_component(&job.component, &job.limits, &params, None, &Arc::default()).await {
        Ok((_, descriptor)) => {
            let found = format!("{} {} in {path}", descriptor.name, descriptor.version);
            report.add(Finding::fine(about, found));
            Some(descriptor)
        }
        Err(error) => {
            report.add(Finding::error(about, Error::from(error)));
            None
        }
    }
}
