//! A job, part by part: each is looked at even if an earlier one has a problem.

use super::languages::command;
use super::{Report, component, source, target, work};
use crate::job::Job;
use crate::store::StoreContext;

/// Looks at all that a run of `job` needs: the component, the work folder, the source with a first object, the target.
pub async fn job(job: &Job, context: &StoreContext) -> Report {
    let mut report = Report::default();
    report.add(command());
    let descriptor = component::look(job, &mut report).await;
    work::look(job, &mut report);
    source::look(job, descriptor.as_ref(), &context.cancel, &mut report).await;
    target::look(job, context, &mut report).await;
    report
}
