//! The events that can be folded at all.

use super::LawOptions;
use super::lab::{Lab, Rows};
use crate::guest::GuestError;

/// The number of events that are tried together.
const STEP: usize = 256;

/// The events that can be folded, and the first failure of the others.
#[derive(Debug, Default)]
pub(super) struct Screened {
    /// The rows of the sample that can be folded and drained together.
    pub(super) rows: Rows,
    /// The number of other events: those that failed, and those not tried after too many failures.
    pub(super) left_out: u64,
    /// The first failure.
    pub(super) because: Option<GuestError>,
}

/// Adds events to those that can be folded and drained together, as long as that succeeds. Events that fail are halved,
/// down to single ones, unless they use up fuel or memory, since each such call takes long.
///
/// A record that a component cannot fold breaks no law. It is left out here, and quarantined by a run.
pub(super) fn screen(lab: &mut Lab<'_>, options: &LawOptions) -> Result<Screened, GuestError> {
    let mut screened = Screened::default();
    let (mut failures, mut exhaustions) = (0, 0);
    let all: Rows = (0..lab.sample.len() as u32).collect();
    let mut pending: Vec<&[u32]> = all.chunks(STEP).rev().collect();
    while let Some(rows) = pending.pop() {
        if failures >= options.failures || exhaustions >= options.exhaustions {
            screened.left_out += rows.len() as u64;
            continue;
        }
        let kept = screened.rows.len();
        screened.rows.extend_from_slice(rows);
        let Err(error) = lab.fold_whole(&screened.rows) else {
            continue;
        };
        screened.rows.truncate(kept);
        let is_exhausted = matches!(
            error,
            GuestError::OutOfFuel { .. }
                | GuestError::OutOfMemory { .. }
                | GuestError::OverTime { .. }
        );
        if is_exhausted {
            exhaustions += 1;
        } else {
            failures += 1;
        }
        if rows.len() > 1 && !is_exhausted {
            let (first, second) = rows.split_at(rows.len() / 2);
            pending.push(second);
            pending.push(first);
        } else {
            screened.left_out += rows.len() as u64;
        }
        screened.because.get_or_insert(error);
    }
    Ok(screened)
}
