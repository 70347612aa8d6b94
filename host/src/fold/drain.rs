//! Draining a window on the spot, for a fold that keeps no runs.

use crate::guest::{Drained, GuestError, Instance, Partials, Refused, Window};

/// Empties `window`: hands the partials that the component accumulated to `take`, with the instance for the algebra of
/// their states, and gives the records that turned out to be refused, in the order in which they were found.
///
/// There are no runs, no budget and no quarantine: this is for the few records of a test, of an estimate, or of a record
/// that is folded again. A [`Worker`](super::Worker) folds history.
///
/// # Errors
/// Where the component fails in a way that no record is to blame for, or `take` fails. The window is of no further use.
pub fn drain<E: From<GuestError>>(
    window: &mut Window,
    mut take: impl FnMut(&Partials, &mut Instance) -> Result<(), E>,
) -> Result<Vec<Refused>, E> {
    let mut refused = Vec::new();
    while let Some(drained) = window.drain()? {
        match drained {
            Drained::Partials(partials) => take(&partials, window.instance())?,
            Drained::Refused(more) => refused.extend(more),
        }
    }
    Ok(refused)
}
