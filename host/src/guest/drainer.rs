//! Draining an instance until its accumulator is empty, in answers of about [`DRAIN_BYTES`].

use super::drained::Partials;
use super::sizes::RowBytes;
use super::{GuestError, Instance};

/// How many bytes of partials are asked for at a time: they fit beside the accumulator in a component's memory,
/// and in the cache of a core.
const DRAIN_BYTES: usize = 1 << 20;

/// How many partials are asked for at first, and at most.
const FIRST_ROWS: u32 = 64;
const MOST_ROWS: u32 = 1 << 16;

/// Drains instances, as many rows at a time as are handled well.
pub(super) struct Drainer {
    /// How many partials to ask for next.
    rows: u32,
}

impl Drainer {
    pub(super) fn new() -> Self {
        Drainer { rows: FIRST_ROWS }
    }

    /// All that the instance accumulated, with at most `most_fuel` a call.
    ///
    /// # Errors
    /// Those of [`Instance::drain`]. The instance is dead then, and what it gave before must not count: what it kept
    /// is lost.
    pub(super) fn drain(
        &mut self,
        instance: &mut Instance,
        most_fuel: u64,
    ) -> Result<Vec<Partials>, GuestError> {
        let mut all = Vec::new();
        loop {
            let asked = self.rows;
            // Where it fails the rows may have been too large, or too many.
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

/// How many partials to ask for, after so many gave `rows` of so many bytes: as many as make [`DRAIN_BYTES`], but not
/// all of a sudden.
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
