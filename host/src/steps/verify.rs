//! Whether a loaded table may go live, and how it differs from the live one.

use tokio_util::sync::CancellationToken;

use super::thread::unless_cancelled;
use crate::cutover::{Comparison, CutoverError, Diff, DiffOptions, GateInput, GateOptions};
use crate::cutover::{GateReport, SortOptions, compare_with_live, gate};
use crate::decode::{Counts, PresenceReport};
use crate::error::{Code, Coded};
use crate::fold::{FoldError, FoldedOffsets};
use crate::store::{Loaded, StateStore, StoredBuild};

/// A table cannot be verified. That the gate refuses it is no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The store fails, or does not have the table.
    #[error(transparent)]
    Cutover(#[from] CutoverError),
    /// The verification was cancelled.
    #[error(transparent)]
    Interrupted(FoldError),
}

impl Coded for VerifyError {
    fn code(&self) -> &'static Code {
        match self {
            VerifyError::Cutover(error) => error.code(),
            VerifyError::Interrupted(error) => error.code(),
        }
    }
}

/// The facts about a build that the gate judges, in addition to its table.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The splits of the plan.
    pub splits_planned: u64,
    /// The splits that runs cover, each once.
    pub splits_covered: u64,
    /// The offsets of topics that were folded, where the archive names them.
    pub offsets: FoldedOffsets,
    /// Whether the input has a range in time.
    pub is_narrowed: bool,
    /// The records that were read.
    pub counts: Counts,
    /// In how many events each input was there.
    pub presence: PresenceReport,
    /// The records that the decoder or the component rejected.
    pub rejected: u64,
    /// The most frequent reasons for that, each with its first record.
    pub reasons: Vec<String>,
    /// The rows that the merge gave, and their digest.
    pub merged: Loaded,
}

/// How a table is verified.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// The thresholds of the gate.
    pub gate: GateOptions,
    /// How rows are sorted if the store does not read them in the order of their keys.
    pub sorting: SortOptions,
}

/// The verdict of the gate on a table, and how the table differs from the live one.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The checks of the gate.
    pub gate: GateReport,
    /// The difference.
    pub diff: Diff,
}

/// Compares a loaded table with the live one, and checks it. Both tables are read once. Changes nothing.
///
/// # Errors
/// Where the store fails; [`VerifyError::Interrupted`] once `cancel` fires.
pub async fn verify(
    store: &dyn StateStore,
    build: &StoredBuild,
    facts: &Facts,
    options: &VerifyOptions,
    cancel: &CancellationToken,
) -> Result<Verdict, VerifyError> {
    let how = DiffOptions {
        sorting: options.sorting.clone(),
        ..DiffOptions::default()
    };
    let verifying = async {
        let compared = compare_with_live(store, build, &how).await?;
        let gate = gate(input(store, build, facts, options, Some(&compared))).await?;
        Ok(Verdict {
            gate,
            diff: compared.diff,
        })
    };
    interruptible(cancel, verifying).await
}

/// Checks a loaded table. Changes nothing. The live table is read only if a limit needs the comparison with it.
///
/// # Errors
/// Where the store fails; [`VerifyError::Interrupted`] once `cancel` fires.
pub async fn judge(
    store: &dyn StateStore,
    build: &StoredBuild,
    facts: &Facts,
    options: &VerifyOptions,
    cancel: &CancellationToken,
) -> Result<GateReport, VerifyError> {
    interruptible(cancel, gate(input(store, build, facts, options, None))).await
}

/// What the gate judges.
fn input<'a>(
    store: &'a dyn StateStore,
    build: &'a StoredBuild,
    facts: &'a Facts,
    options: &'a VerifyOptions,
    compared: Option<&'a Comparison>,
) -> GateInput<'a> {
    GateInput {
        store,
        build,
        compared,
        merged: &facts.merged,
        splits_planned: facts.splits_planned,
        splits_covered: facts.splits_covered,
        offsets: &facts.offsets,
        is_narrowed: facts.is_narrowed,
        quarantined: facts.rejected,
        reasons: &facts.reasons,
        counts: &facts.counts,
        presence: &facts.presence,
        options: &options.gate,
        sorting: &options.sorting,
    }
}

/// Awaits a verification until `cancel` fires.
async fn interruptible<T>(
    cancel: &CancellationToken,
    verifying: impl Future<Output = Result<T, CutoverError>>,
) -> Result<T, VerifyError> {
    let verified = unless_cancelled(cancel, verifying).await;
    Ok(verified.ok_or(VerifyError::Interrupted(FoldError::Interrupted))??)
}
