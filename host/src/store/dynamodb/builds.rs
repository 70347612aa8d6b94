//! Builds as the store finds them: their records, tables and pointers.

use super::fault::Fault;
use super::keys::Shape;
use super::ledger::{self, Kept};
use super::names;
use super::positions;
use super::service::Service;
use super::tables;
use crate::store::rules::{FoundBuild, RecordedState, Seen, TableFound};
use crate::store::{Pointer, StoreError, StoredBuild};

/// A build as of one moment: what a rule decides on, and what a write has to find unchanged.
pub(super) struct Looked {
    pub(super) kept: Option<Kept>,
    pub(super) live: Option<Pointer>,
    table: Option<TableFound>,
}

impl Looked {
    /// Looks at a build and at the pointer of its table.
    pub(super) async fn at(service: &Service, table: &str, build: &str) -> Result<Self, Fault> {
        let live = ledger::live(service, table).await?;
        let looked = Looked::at_record(service, table, build).await?;
        Ok(Looked { live, ..looked })
    }

    /// Looks at a build without the pointer of its table.
    pub(super) async fn at_record(
        service: &Service,
        table: &str,
        build: &str,
    ) -> Result<Self, Fault> {
        let kept = ledger::record(service, table, build).await?;
        let table = match &kept {
            Some(kept) => Some(table_of(service, kept).await?),
            None => None,
        };
        Ok(Looked {
            kept,
            live: None,
            table,
        })
    }

    /// The same for a rule.
    pub(super) fn seen<'a>(&self, table: &'a str, build: &'a str) -> Seen<'a> {
        let found = self.kept.as_ref().zip(self.table);
        Seen {
            table,
            build,
            found: found.map(|(kept, table)| FoundBuild {
                record: kept.record.clone(),
                table,
            }),
            live: self.live.clone(),
        }
    }

    /// The name of the build's table, where it is not the one that was made.
    pub(super) fn altered(&self) -> Option<String> {
        let kept = self.kept.as_ref()?;
        let is_altered = self.table == Some(TableFound::Altered);
        is_altered.then(|| kept.place.physical.clone())
    }

    /// The record of the build.
    ///
    /// # Errors
    /// [`StoreError::UnknownBuild`].
    pub(super) fn known(&self, table: &str, build: &str) -> Result<&Kept, StoreError> {
        let unknown = || StoreError::UnknownBuild {
            table: table.to_owned(),
            build: build.to_owned(),
        };
        self.kept.as_ref().ok_or_else(unknown)
    }
}

/// The builds of a table, in the order in which they were created.
pub(super) async fn all(service: &Service, table: &str) -> Result<Vec<StoredBuild>, Fault> {
    let mut builds = Vec::new();
    for kept in ledger::records(service, table).await? {
        let (table, handoff) = (
            table_of(service, &kept).await?,
            positions::of(service, &kept).await?,
        );
        let mut record = kept.record;
        record.handoff = handoff;
        let found = FoundBuild { record, table };
        builds.push(found.with_indexes(Vec::new()));
    }
    Ok(builds)
}

/// The table of a build. It is not looked at where the record says that it was dropped.
async fn table_of(service: &Service, kept: &Kept) -> Result<TableFound, Fault> {
    if kept.record.state == RecordedState::Dropped {
        return Ok(TableFound::Missing);
    }
    let found = tables::find(service, &kept.place.physical).await?;
    Ok(match found {
        None => TableFound::Missing,
        Some(found) if found.shape == Shape::of(&kept.record.columns) => TableFound::AsMade,
        Some(_) => TableFound::Altered,
    })
}

/// Refuses a table that another program made under the public name.
///
/// # Errors
/// [`StoreError::Foreign`].
pub(super) async fn check_public(service: &Service, table: &str) -> Result<(), Fault> {
    let name = names::public(service.prefix(), table);
    match tables::find(service, &name).await? {
        Some(_) => Err(tables::foreign(&name)),
        None => Ok(()),
    }
}
