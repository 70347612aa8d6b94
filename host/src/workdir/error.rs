//! Failures of a work folder.

use std::path::PathBuf;

use crate::error::{Class, Code, Coded};

/// A failure of the work folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The folder holds something else.
    #[error("{path} is not a work folder of backfold: it is not empty and has no {marker}")]
    NotAWorkFolder {
        /// The folder.
        path: PathBuf,
        /// The file that marks a work folder.
        marker: &'static str,
    },
    /// Another version of backfold wrote it.
    #[error("{path} has format {found}, and this backfold writes format {expected}")]
    OtherFormat {
        /// The file that says so.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The format expected.
        expected: u32,
    },
    /// Another process works on the same build, or is choosing one.
    #[error("another backfold works on {what} in {path} ({holder})")]
    Locked {
        /// The build, or the builds of a table.
        what: String,
        /// The locked folder.
        path: PathBuf,
        /// The command and the process that hold the lock.
        holder: String,
    },
    /// There is no such build.
    #[error("there is no build {build} of `{table}` in {path}")]
    UnknownBuild {
        /// The ID that was given.
        build: String,
        /// The table.
        table: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// No build of the table was planned yet.
    #[error("there is no build of `{table}` in {path} yet")]
    NoBuild {
        /// The table.
        table: String,
        /// Where builds were looked for.
        path: PathBuf,
    },
    /// There is no such rejected record.
    #[error("build {build} has no rejected record {number}: there are {count}")]
    UnknownRecord {
        /// The build.
        build: String,
        /// The number that was given.
        number: u64,
        /// The number of rejected records.
        count: u64,
    },
    /// A rejected record cannot be replayed, since it was not kept whole.
    #[error("of rejected record {number} of build {build} not all bytes were kept")]
    NotKept {
        /// The build.
        build: String,
        /// The number of the record.
        number: u64,
    },
    /// No record was rejected that could be folded again.
    #[error("build {build} of `{table}` has no rejected records")]
    NothingRejected {
        /// The newest build that is folded to its end; or that there is none.
        build: String,
        /// The table.
        table: String,
    },
    /// Rejected records cannot be folded on top of their build.
    #[error("the rejected records of build {build} cannot be folded on top of it: {why}")]
    CannotGoOn {
        /// The build.
        build: String,
        /// Why.
        why: String,
    },
    /// The content of a file is not the one that was written.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A file could not be read or written.
    #[error("{doing} {path} failed")]
    Io {
        /// The operation, such as `reading`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl BuildError {
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> BuildError {
        let path = path.into();
        move |source| BuildError::Io {
            doing,
            path,
            source,
        }
    }
}

impl Coded for BuildError {
    fn code(&self) -> &'static Code {
        match self {
            BuildError::NotAWorkFolder { .. } => &codes::NOT_A_WORK_FOLDER,
            BuildError::OtherFormat { .. } => &codes::OTHER_FORMAT,
            BuildError::Locked { .. } => &codes::LOCKED,
            BuildError::UnknownBuild { .. } => &codes::UNKNOWN_BUILD,
            BuildError::NoBuild { .. } => &codes::NO_BUILD,
            BuildError::UnknownRecord { .. } => &codes::UNKNOWN_RECORD,
            BuildError::NotKept { .. } => &codes::NOT_KEPT,
            BuildError::NothingRejected { .. } => &codes::NOTHING_REJECTED,
            BuildError::CannotGoOn { .. } => &codes::CANNOT_GO_ON,
            BuildError::Damaged { .. } => &codes::DAMAGED,
            BuildError::Io { .. } => &codes::IO,
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const NOT_A_WORK_FOLDER: Code = Code::new(
        101,
        Class::Usage,
        "Point `work` at an empty folder, or at one that backfold made.",
    );
    pub(crate) const OTHER_FORMAT: Code = Code::new(
        102,
        Class::Usage,
        "Point `work` at another folder, or remove this one: its unfinished builds cannot be resumed.",
    );
    pub(crate) const LOCKED: Code = Code::new(
        103,
        Class::Conflict,
        "Wait for the other command, with `--wait 1h` if you like, or stop it; this one has changed nothing.",
    );
    pub(crate) const UNKNOWN_BUILD: Code = Code::new(
        104,
        Class::Usage,
        "`backfold status` lists the builds that there are.",
    );
    pub(crate) const DAMAGED: Code = Code::new(
        105,
        Class::Permanent,
        "The disk lost or changed a file: check it, then run again with `--fresh` to build from the beginning.",
    );
    pub(crate) const IO: Code = Code::new(
        106,
        Class::Retry,
        "Make room or mend the file system of the `work` folder, then run the same command again: it resumes.",
    );

    pub(crate) const UNKNOWN_RECORD: Code = Code::new(
        107,
        Class::Usage,
        "`backfold quarantine list` shows the numbers that there are.",
    );
    pub(crate) const NOT_KEPT: Code = Code::new(
        108,
        Class::Usage,
        "Take the record from its source, at the position that `backfold quarantine show` gives, and fold it with `backfold test`.",
    );

    pub(crate) const NOTHING_REJECTED: Code = Code::new(
        109,
        Class::Usage,
        "`backfold status` shows which builds have rejected records.",
    );
    pub(crate) const CANNOT_GO_ON: Code = Code::new(
        110,
        Class::Usage,
        "Run without `--only-quarantined`, to fold all of history anew.",
    );

    pub(crate) const NO_BUILD: Code = Code::new(
        111,
        Class::Usage,
        "`backfold run` makes a build; if one was made, give its job file and its `--work`.",
    );

    pub(crate) const ALL: &[&Code] = &[
        &NOT_A_WORK_FOLDER,
        &OTHER_FORMAT,
        &LOCKED,
        &UNKNOWN_BUILD,
        &DAMAGED,
        &IO,
        &UNKNOWN_RECORD,
        &NOT_KEPT,
        &NOTHING_REJECTED,
        &CANNOT_GO_ON,
        &NO_BUILD,
    ];
}
