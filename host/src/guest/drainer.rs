//! Draining an instance until its accumulator is empty, in answers of about [`DRAIN_BYTES`].

use super::drained::Partials;
use super::sizes::RowBytes;
use super::{GuestError, Instance};

/// The bytes of partials to ask for at a time: small enough for a component's memory next to its accumulator, and for
/// the cache of a core.
const DRAIN_BYTES: usize = 1 << 20;

/// The number of partials to ask for at first, and at most.
const FIRST_ROWS: u32 = 64;
const MOST_ROWS: u32 = 1 << 16;

/// Drains instances, and adapts the number of rows at a time to their size.
pub(super) struct Drainer {
    /// The number of partials to ask for next.
    rows: u32,
}

impl Drainer {
    pub(super) fn new() -> Self {
        Drainer { rows: FIRST_ROWS }
    }

    /// All partials of the instance, with at most `most_fuel` for each call.
    ///
    /// # Errors
    /// Those of [`Instance::drain`]. The instance is dead then, and its earlier partials must not count, since the others
    /// are lost.
    pub(super) fn drain(
        &mut self,
        instance: &mut Instance,
        most_fuel: u64,
    ) -> Result<Vec<Partials>, GuestError> {
        let mut all = Vec::new();
        loop {
            let asked = self.rows;
            // After a failure, one row at a time: the rows may have been too large or too many.
            self.rows = 1;
            let partials = instance.drain_within(asked, most_fuel)?;
            let rows = partials.rows.num_rows();
            self.rows = next_rows(asked, rows, RowBytes::of(partials.rows.columns()).all());
            if rows > 0 {
                all.push(partials);
            }
            if rows < asked as usize {
                return Ok(all);
            }
        }
    }
}

/// The number of partials to ask for next, after `asked` gave `rows` rows of `bytes` bytes: that of about
/// [`DRAIN_BYTES`], but at most four times `asked`.
fn next_rows(asked: u32, rows: usize, bytes: usize) -> u32 {
    if rows == 0 {
        return asked;
    }
    let row_bytes = bytes.div_ceil(rows).max(1);
    let fitting = u32::try_from(DRAIN_BYTES / row_bytes).unwrap_or(MOST_ROWS);
    fitting.min(asked.saturating_mul(4)).clamp(1, MOST_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_states_are_drained_by_fewer_rows() {
        assert_eq!(next_rows(256, 256, 256 * 8), 1_024);
        assert_eq!(next_rows(256, 256, 256 << 20), 1);
        assert_eq!(next_rows(1, 1, 8), 4);
        assert_eq!(next_rows(256, 0, 0), 256);
        assert_eq!(next_rows(256, 256, 2_560 << 10), 102);
    }
}
