//! Click events for the benchmarks of components.

use std::error::Error;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use backfold::schema::{Descriptor, Origin};

const BATCH_ROWS: usize = 8192;
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// 30 days of events in the order of time: their number, and about how many pages and users they have.
#[derive(Clone, Copy)]
pub(crate) struct Clicks {
    pub(crate) events: usize,
    pub(crate) pages: f64,
    pub(crate) users: f64,
}

impl Clicks {
    /// The inputs of a component, in batches of 8,192 rows: pages by Zipf's law, users and durations evenly.
    pub(crate) fn batches(
        self,
        descriptor: &Descriptor,
    ) -> Result<Vec<RecordBatch>, Box<dyn Error>> {
        let mut random = 1_u64;
        let mut next = move || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut batches = Vec::new();
        for from in (0..self.events).step_by(BATCH_ROWS) {
            let rows = from..(from + BATCH_ROWS).min(self.events);
            let at = rows
                .clone()
                .map(|row| row as i64 * 30 * DAY_US / self.events as i64);
            let page: StringArray = rows
                .clone()
                .map(|_| Some(format!("/docs/install-{}", self.pages.powf(next()) as u64)))
                .collect();
            let user: StringArray = rows
                .clone()
                .map(|_| Some(format!("user-{}", (self.users * next()) as u64)))
                .collect();
            let duration: Int64Array = rows.map(|_| Some((next() * 30_000.0) as i64)).collect();
            let at = TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC");
            let columns: [(&str, ArrayRef); 4] = [
                ("ts", Arc::new(at)),
                ("page_id", Arc::new(page)),
                ("user_id", Arc::new(user)),
                ("duration_ms", Arc::new(duration)),
            ];
            let columns = descriptor.inputs.iter().map(|input| {
                let found = columns
                    .iter()
                    .find(|(path, _)| input.origin == Origin::Path((*path).to_owned()));
                let found = found.ok_or_else(|| format!("no event has the input {}", input.name));
                found.map(|(_, column)| column.clone())
            });
            let columns = columns.collect::<Result<_, _>>()?;
            batches.push(RecordBatch::try_new(descriptor.input_schema(), columns)?);
        }
        Ok(batches)
    }
}
