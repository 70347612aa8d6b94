//! The schemas of a job's messages: those that its build has kept, and the registry that has more.

use std::collections::BTreeMap;

use crate::job::Job;
use crate::scan::MessageSchemas;
use crate::workdir::{BuildError, BuildFolder, SchemaFile};

/// The schemas of a job without a build; `None` where its messages have none.
pub(crate) fn schemas_of_job(job: &Job) -> Option<MessageSchemas> {
    let config = job.decode.registry.as_ref()?;
    Some(MessageSchemas::new(config, BTreeMap::new(), None))
}

/// The schemas of a build, whose folder keeps those that are learned. Call it under the build's lock.
pub(super) fn schemas_of_build(
    job: &Job,
    build: &BuildFolder,
) -> Result<Option<MessageSchemas>, BuildError> {
    let Some(config) = &job.decode.registry else {
        return Ok(None);
    };
    let (file, _) = SchemaFile::open(&build.schemas_file())?;
    let known = build.schemas()?;
    let schemas = MessageSchemas::new(config, known, Some(Box::new(file)));
    Ok(Some(schemas))
}

/// The schemas of a build that is only looked at: nothing that is learned is kept.
pub(super) fn peek_schemas(
    job: &Job,
    build: &BuildFolder,
) -> Result<Option<MessageSchemas>, BuildError> {
    let Some(config) = &job.decode.registry else {
        return Ok(None);
    };
    Ok(Some(MessageSchemas::new(config, build.schemas()?, None)))
}
