//! The rules of builds and pointers, once for all stores.
//!
//! A store reads what its bookkeeping says of a build and of its table's pointer ([`Seen`]), calls a rule, and writes the
//! record or the pointer that the rule gives back. A store with transactions does all of it in one, which excludes other
//! writers of the table. A store without them writes on the condition that what was read still holds, and reads again
//! where it does not.
//!
//! | rule | the store has read | the store writes | as long as |
//! |---|---|---|---|
//! | [`Seen::create`] | record, table, pointer | record; an empty table | record and pointer are those read |
//! | [`Seen::begin_load`] | record, table | record; an empty table | the record is the one read |
//! | [`check_attempt`] | record | rows | the record is the one of the load |
//! | [`end_load`] | record | record | the record is the one of the load |
//! | [`Seen::readable`] | record, table | nothing | |
//! | [`Seen::swap`] | record, table, pointer | pointer; the public name shows the table | record and pointer are those read |
//! | [`Seen::drop_build`] | record, table, pointer | record, then no table | record and pointer are those read |
//!
//! A record is the one read if [`BuildRecord::attempt`] and [`BuildRecord::state`] are, and a pointer if its version is:
//! every write of a record changes one of the two, and every swap changes the version.

use chrono::{SecondsFormat, Utc};

use crate::source::Handoff;
use crate::store::{
    BackTo, BuildInfo, BuildState, Loaded, Pointer, StoreError, StoredBuild, StoredIndex,
    TableColumns, TableSwap,
};

/// A build as the bookkeeping has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BuildRecord {
    pub(crate) info: BuildInfo,
    pub(crate) columns: TableColumns,
    pub(crate) state: RecordedState,
    /// Raised whenever the table is made, emptied or dropped: a load that finds another number than its own has lost
    /// its table to another.
    pub(crate) attempt: u64,
    /// Rows and digest of the last load that was complete. Kept when the table is dropped.
    pub(crate) loaded: Option<Loaded>,
    /// The positions up to which the rows of that load are complete.
    pub(crate) handoff: Option<Handoff>,
    /// RFC 3339 in UTC, as are all times.
    pub(crate) created_at: String,
    pub(crate) loaded_at: Option<String>,
}

/// How far a build has come, as the bookkeeping has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordedState {
    /// The table was created.
    Loading,
    /// The table was loaded.
    Loaded,
    /// The table was dropped.
    Dropped,
}

impl RecordedState {
    /// The state's name in the bookkeeping.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            RecordedState::Loading => "loading",
            RecordedState::Loaded => "loaded",
            RecordedState::Dropped => "dropped",
        }
    }

    /// The state of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Loading, Self::Loaded, Self::Dropped]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

/// A build's own table, as the database has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableFound {
    /// There is no table of its name.
    Missing,
    /// There is another table of its name, or it lacks columns that it was made with.
    Altered,
    /// It has the columns that it was made with.
    AsMade,
}

/// A build that the store knows: its record and its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundBuild {
    pub(crate) record: BuildRecord,
    /// Not looked at where the record says that it was dropped: then its name may belong to anything.
    pub(crate) table: TableFound,
}

impl FoundBuild {
    /// The recorded state, unless the table says otherwise.
    pub(crate) fn state(&self) -> BuildState {
        match (self.record.state, self.table) {
            (RecordedState::Dropped, _) => BuildState::Dropped,
            (_, TableFound::Missing) => BuildState::Gone,
            (_, TableFound::Altered) => BuildState::Altered,
            (RecordedState::Loading, TableFound::AsMade) => BuildState::Loading,
            (RecordedState::Loaded, TableFound::AsMade) => BuildState::Loaded,
        }
    }

    /// The build with the indexes of its table, as [`StateStore::builds`](crate::store::StateStore::builds) lists it.
    pub(crate) fn with_indexes(self, indexes: Vec<StoredIndex>) -> StoredBuild {
        let state = self.state();
        StoredBuild {
            info: self.record.info,
            columns: self.record.columns,
            state,
            indexes,
            loaded: self.record.loaded,
            handoff: self.record.handoff,
            created_at: self.record.created_at,
            loaded_at: self.record.loaded_at,
        }
    }

    fn wrong_state(&self) -> StoreError {
        StoreError::WrongState {
            table: self.record.info.table.clone(),
            build: self.record.info.build.clone(),
            state: self.state(),
        }
    }

    fn check_columns(&self, columns: &TableColumns) -> Result<(), StoreError> {
        if self.record.columns == *columns {
            return Ok(());
        }
        Err(StoreError::Shape {
            build: self.record.info.build.clone(),
            why: "it was created with others".to_owned(),
        })
    }
}

/// The part of a store's content that a rule decides on, as of one moment.
#[derive(Clone, Debug)]
pub(crate) struct Seen<'a> {
    /// The public name of the table.
    pub(crate) table: &'a str,
    /// The ID of the build.
    pub(crate) build: &'a str,
    /// The build, if the store knows it.
    pub(crate) found: Option<FoundBuild>,
    /// The table's pointer. Rules that do not name it in their documentation do not look at it.
    pub(crate) live: Option<Pointer>,
}

/// The decision that a build may be created.
#[derive(Debug)]
pub(crate) struct Creation {
    /// The record to write.
    pub(crate) record: BuildRecord,
    /// Whether the build's table of an earlier attempt is there: it is dropped first.
    pub(crate) replaces_table: bool,
}

impl<'a> Seen<'a> {
    /// A build with its table, without the pointer.
    pub(crate) fn build(info: &'a BuildInfo, found: Option<FoundBuild>) -> Self {
        Seen {
            table: &info.table,
            build: &info.build,
            found,
            live: None,
        }
    }

    /// Decides whether an empty table may be made for the build, which the pointer must not show. `name_taken` is the
    /// name of what has the shadow table's name, if anything has it.
    ///
    /// # Errors
    /// [`StoreError::Live`]; [`StoreError::Foreign`] where the name is not that of the build's own table.
    pub(crate) fn create(
        &self,
        info: &BuildInfo,
        columns: &TableColumns,
        name_taken: Option<String>,
        now: String,
    ) -> Result<Creation, StoreError> {
        self.check_not_live()?;
        let state = self.found.as_ref().map(FoundBuild::state);
        let replaces_table = matches!(state, Some(BuildState::Loading | BuildState::Loaded));
        if let Some(name) = name_taken.filter(|_| !replaces_table) {
            return Err(StoreError::Foreign { name });
        }
        let attempt = match &self.found {
            Some(known) => known.record.attempt + 1,
            None => 0,
        };
        Ok(Creation {
            record: BuildRecord {
                info: info.clone(),
                columns: columns.clone(),
                state: RecordedState::Loading,
                attempt,
                loaded: None,
                handoff: None,
                created_at: now,
                loaded_at: None,
            },
            replaces_table,
        })
    }

    /// Decides whether a load may begin, and gives the record that makes it the only one: every other load of the build
    /// fails at its next [`check_attempt`].
    ///
    /// # Errors
    /// [`StoreError::UnknownBuild`]; [`StoreError::WrongState`] unless the build is [`BuildState::Loading`];
    /// [`StoreError::Shape`] where it was created with other columns.
    pub(crate) fn begin_load(&self, columns: &TableColumns) -> Result<BuildRecord, StoreError> {
        let known = self.known()?;
        if known.state() != BuildState::Loading {
            return Err(known.wrong_state());
        }
        known.check_columns(columns)?;
        let mut record = known.record.clone();
        record.attempt += 1;
        Ok(record)
    }

    /// Decides whether the build's table may be read.
    ///
    /// # Errors
    /// As [`loaded`](Self::loaded); [`StoreError::Shape`] where it was created with other columns.
    pub(crate) fn readable(&self, columns: &TableColumns) -> Result<(), StoreError> {
        self.loaded()?.check_columns(columns)
    }

    /// The build, which must be loaded.
    ///
    /// # Errors
    /// [`StoreError::UnknownBuild`]; [`StoreError::WrongState`] unless the build is [`BuildState::Loaded`].
    pub(crate) fn loaded(&self) -> Result<&FoundBuild, StoreError> {
        let known = self.known()?;
        match known.state() {
            BuildState::Loaded => Ok(known),
            _ => Err(known.wrong_state()),
        }
    }

    /// Decides whether the public name may show the build, and gives the pointer to add. Its version is one more than
    /// the one before. A swap to the build that is live already keeps the build that a rollback goes to, unless
    /// [`TableSwap::back_to`] names another.
    ///
    /// # Errors
    /// As [`loaded`](Self::loaded); [`StoreError::Conflict`] where the pointer's version is not the one expected.
    pub(crate) fn swap(
        &self,
        swap: &TableSwap,
        by: &str,
        now: String,
    ) -> Result<Pointer, StoreError> {
        self.loaded()?;
        let live = self.live.as_ref();
        if live.map(|live| live.version) != swap.expected {
            return Err(StoreError::Conflict {
                table: self.table.to_owned(),
                found: live.cloned().map(Box::new),
            });
        }
        let previous = match (&swap.back_to, live) {
            (BackTo::Build(build), _) => build.clone(),
            (BackTo::Shown, Some(live)) if live.build == swap.to => live.previous.clone(),
            (BackTo::Shown, live) => live.map(|live| live.build.clone()),
        };
        Ok(Pointer {
            table: swap.table.clone(),
            build: swap.to.clone(),
            version: live.map_or(0, |live| live.version) + 1,
            previous,
            by: by.to_owned(),
            at: now,
        })
    }

    /// Decides whether the build's table may be dropped, which the pointer must not show, and gives the record to write;
    /// `None` where it was dropped before.
    ///
    /// # Errors
    /// [`StoreError::UnknownBuild`]; [`StoreError::Live`]; [`StoreError::Foreign`] where the table was altered.
    pub(crate) fn drop_build(&self) -> Result<Option<BuildRecord>, StoreError> {
        let known = self.known()?;
        self.check_not_live()?;
        match known.state() {
            BuildState::Dropped => Ok(None),
            BuildState::Altered => Err(StoreError::Foreign {
                name: known.record.info.shadow_name(),
            }),
            BuildState::Loading | BuildState::Loaded | BuildState::Gone => {
                let mut record = known.record.clone();
                record.state = RecordedState::Dropped;
                record.attempt += 1;
                Ok(Some(record))
            }
        }
    }

    fn known(&self) -> Result<&FoundBuild, StoreError> {
        self.found.as_ref().ok_or_else(|| StoreError::UnknownBuild {
            table: self.table.to_owned(),
            build: self.build.to_owned(),
        })
    }

    fn check_not_live(&self) -> Result<(), StoreError> {
        match &self.live {
            Some(live) if live.build == self.build => Err(StoreError::Live {
                table: self.table.to_owned(),
                build: self.build.to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// Refuses to go on with the load that wrote `mine`, if `found` shows that the table was taken from it.
///
/// # Errors
/// [`StoreError::Superseded`].
pub(crate) fn check_attempt(
    mine: &BuildRecord,
    found: Option<&BuildRecord>,
) -> Result<(), StoreError> {
    let is_mine = |found: &BuildRecord| {
        found.attempt == mine.attempt && found.state == RecordedState::Loading
    };
    if found.is_some_and(is_mine) {
        return Ok(());
    }
    Err(StoreError::Superseded {
        build: mine.info.build.clone(),
    })
}

/// The record to write once the rows of the load that wrote `mine` are durable.
///
/// # Errors
/// As [`check_attempt`].
pub(crate) fn end_load(
    mine: &BuildRecord,
    found: Option<&BuildRecord>,
    loaded: &Loaded,
    handoff: &Handoff,
    now: String,
) -> Result<BuildRecord, StoreError> {
    check_attempt(mine, found)?;
    Ok(BuildRecord {
        state: RecordedState::Loaded,
        loaded: Some(loaded.clone()),
        handoff: Some(handoff.clone()),
        loaded_at: Some(now),
        ..mine.clone()
    })
}

/// The present moment, RFC 3339 in UTC.
pub(crate) fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests;
