//! The target of a job: whether it can be reached, with the rights that a build needs.

use super::source::add_aws;
use super::work::{existing, file_writable, writable};
use super::{Finding, Report};
use crate::aws::look as look_at_aws;
use crate::job::{Job, TargetConfig};
use crate::store::sqlite::SqliteConfig;
use crate::store::{Access, StateStore, StoreContext, StoreError};

/// The actions of DynamoDB that builds and swaps need.
const ACTIONS: &str = "dynamodb:CreateTable, DescribeTable, DeleteTable, ListTables, GetItem, PutItem, UpdateItem, DeleteItem, \
                       BatchWriteItem, Query, Scan, TransactWriteItems (PutItem and ConditionCheckItem)";

/// Looks at the target of a job.
pub(super) async fn look(job: &Job, context: &StoreContext, report: &mut Report) {
    report.add(Finding::fine("target", job.target.to_string()));
    match &job.target {
        TargetConfig::Sqlite(config) => sqlite(job, config, context, report).await,
        TargetConfig::Postgres(_) => {
            // Opening it for a build asks for the rights on the schema, and writes nothing.
            if let Some(store) = open(job, Access::Build, context, report).await {
                let found = "the role may create tables in the schema";
                report.add(Finding::fine("target: rights", found));
                table(job, &*store, report).await;
            }
        }
        TargetConfig::DynamoDb(config) => {
            let setting = "`target.dynamodb.ca_file`";
            let (profile, ca_file) = (config.profile.as_deref(), config.ca_file.as_deref());
            let look = look_at_aws(profile, ca_file, setting).await;
            let region = config.region.as_deref();
            add_aws(&look, "target", region, config.endpoint.as_deref(), report);
            if let Some(store) = open(job, Access::Read, context, report).await {
                table(job, &*store, report).await;
            }
            report.add(Finding::note(
                "target: rights",
                "only those to read were used: others cannot be tried without writing",
                format!("see that the role has {ACTIONS}"),
            ));
        }
    }
}

async fn sqlite(job: &Job, config: &SqliteConfig, context: &StoreContext, report: &mut Report) {
    let about = "target: rights";
    let path = &config.path;
    let folder = path.parent().map(existing).unwrap_or_else(|| ".".into());
    let remedy = "name a file in a folder that this user can write to in `target.sqlite.path`";
    if let Err(why) = writable(&folder) {
        let found = format!("the folder {}: {why}", folder.display());
        return report.add(Finding::problem(about, found, remedy));
    }
    if !path.exists() {
        let found = format!("a run will make {}", path.display());
        return report.add(Finding::fine(about, found));
    }
    if let Err(why) = file_writable(path) {
        let found = format!("{}: {why}", path.display());
        return report.add(Finding::problem(about, found, remedy));
    }
    report.add(Finding::fine(
        about,
        "the file and its folder can be written",
    ));
    if let Some(store) = open(job, Access::Read, context, report).await {
        table(job, &*store, report).await;
    }
}

/// Opens the store. A database in which nothing of backfold's is yet is no problem.
async fn open(
    job: &Job,
    access: Access,
    context: &StoreContext,
    report: &mut Report,
) -> Option<Box<dyn StateStore>> {
    let about = "target: database";
    match job.store(access, context).await {
        Ok(store) => {
            report.add(Finding::fine(about, "reachable"));
            Some(store)
        }
        Err(StoreError::Missing { .. }) if access == Access::Read => {
            report.add(Finding::fine(
                about,
                "reachable; it holds nothing of backfold's yet",
            ));
            None
        }
        Err(error) => {
            report.add(Finding::error(about, error));
            None
        }
    }
}

/// What the table's name shows now.
async fn table(job: &Job, store: &dyn StateStore, report: &mut Report) {
    let about = "target: table";
    let name = &job.table;
    report.add(match store.live(name).await {
        Ok(Some(pointer)) => {
            let found = format!(
                "`{name}` shows build {}, version {}",
                pointer.build, pointer.version
            );
            Finding::fine(about, found)
        }
        Ok(None) => Finding::fine(about, format!("`{name}` is not live yet")),
        Err(error) => Finding::error(about, error),
    });
}
