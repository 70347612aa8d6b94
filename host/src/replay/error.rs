//! What stops a replay, whichever stage it comes from.

use super::FileTestError;
use crate::cutover::CutoverError;
use crate::decode::DecodeError;
use crate::error::{Code, Coded};
use crate::fold::FoldError;
use crate::guest::GuestError;
use crate::guest::laws::LawError;
use crate::job::JobError;
use crate::registry::RegistryError;
use crate::scan::{ScanError, SchemasError};
use crate::share::ShareError;
use crate::source::SourceError;
use crate::steps::{
    ComponentError, EstimateError, FoldStepError, LoadError, MergeError, SampleError, Unfit,
    VerifyError,
};
use crate::store::StoreError;
use crate::workdir::BuildError;

/// A failure of any stage.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The job or the command cannot be run as it is written.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The work folder.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The input could not be frozen.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The schema registry.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The decoder cannot give the columns that the component wants.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Events of the input could not be had.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The component could not be loaded or opened.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// The component does not keep the laws that a rebuild rests on.
    #[error(transparent)]
    Law(LawError),
    /// This process is not what a task was planned with.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Reading, folding or merging.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The share, or a unit of a staged build.
    #[error(transparent)]
    Share(ShareError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A table is not the one expected.
    #[error(transparent)]
    FileTest(#[from] FileTestError),
    /// The gate, the diff, the swap.
    #[error(transparent)]
    Cutover(#[from] CutoverError),
}

impl Error {
    /// The code of this error.
    pub fn code(&self) -> &'static Code {
        match self {
            Error::Job(error) => error.code(),
            Error::Build(error) => error.code(),
            Error::Source(error) => error.code(),
            Error::Registry(error) => error.code(),
            Error::Decode(error) => error.code(),
            Error::Scan(error) => error.code(),
            Error::Guest(error) => error.code(),
            Error::Law(error) => error.code(),
            Error::Unfit(error) => error.code(),
            Error::Fold(error) => error.code(),
            Error::Share(error) => error.code(),
            Error::Store(error) => error.code(),
            Error::Cutover(error) => error.code(),
            Error::FileTest(error) => error.code(),
        }
    }

    /// The stage that it happened in.
    pub fn stage(&self) -> &'static str {
        match self {
            Error::Job(_) => "job",
            Error::Build(_) => "work folder",
            Error::Source(_) => "plan",
            Error::Registry(_) => "schema registry",
            Error::Decode(_) => "decode",
            Error::Scan(ScanError::Read(_)) => "read",
            Error::Scan(ScanError::Decode(_)) => "decode",
            Error::Scan(ScanError::Schemas(error)) | Error::Fold(FoldError::Schemas(error)) => {
                match error {
                    SchemasError::Registry(_) => "schema registry",
                    SchemasError::Keep(_) => "work folder",
                }
            }
            Error::Guest(_) => "component",
            Error::Law(_) => "laws",
            Error::Fold(FoldError::Read { .. }) => "read",
            Error::Fold(FoldError::Decode { .. }) => "decode",
            Error::Unfit(_) | Error::Fold(_) => "fold",
            Error::Share(_) => "share",
            Error::Store(_) => "store",
            Error::Cutover(_) => "cut-over",
            Error::FileTest(_) => "test",
        }
    }
}

impl From<ComponentError> for Error {
    fn from(error: ComponentError) -> Self {
        match error {
            ComponentError::Thread(error) => error.into(),
            ComponentError::Guest(error) => error.into(),
        }
    }
}

impl From<FoldStepError> for Error {
    fn from(error: FoldStepError) -> Self {
        match error {
            FoldStepError::Unfit(error) => error.into(),
            FoldStepError::Splits(error) => error.into(),
            FoldStepError::Source(error) => error.into(),
            FoldStepError::Decode(error) => error.into(),
            FoldStepError::Guest(error) => error.into(),
            FoldStepError::Fold(error) => error.into(),
        }
    }
}

impl From<ShareError> for Error {
    fn from(error: ShareError) -> Self {
        match error {
            ShareError::Build(error) => error.into(),
            ShareError::Unfit(error) => error.into(),
            ShareError::Component(error) => error.into(),
            ShareError::Guest(error) => error.into(),
            ShareError::FoldStep(error) => error.into(),
            ShareError::Merge(error) => error.into(),
            ShareError::Fold(error) => error.into(),
            error => Error::Share(error),
        }
    }
}

impl From<SampleError> for Error {
    fn from(error: SampleError) -> Self {
        match error {
            SampleError::Source(error) => error.into(),
            SampleError::Scan(error) => error.into(),
            SampleError::Fold(error) => error.into(),
        }
    }
}

impl From<EstimateError> for Error {
    fn from(error: EstimateError) -> Self {
        match error {
            EstimateError::Scan(error) => error.into(),
            EstimateError::Decode(error) => error.into(),
            EstimateError::Guest(error) => error.into(),
            EstimateError::Fold(error) => error.into(),
        }
    }
}

impl From<MergeError> for Error {
    fn from(error: MergeError) -> Self {
        match error {
            MergeError::Fold(error) => error.into(),
            MergeError::Guest(error) => error.into(),
        }
    }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Merge(error) => error.into(),
            LoadError::Store(error) => error.into(),
        }
    }
}

impl From<VerifyError> for Error {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Cutover(error) => error.into(),
            VerifyError::Interrupted(error) => error.into(),
        }
    }
}
