//! A merge join of two sorted streams of rows.

use std::cmp::Ordering;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use tokio::sync::mpsc::Receiver;

use super::compare::{Compared, Comparison};
use super::filter::Filter;
use super::incomparable;
use super::row::RowAt;
use crate::cutover::CutoverError;
use crate::keys::KeyCodec;
use crate::store::{Loaded, Rows, TableColumns};

/// Reads one side, row by row.
pub(super) struct Cursor {
    rows: Receiver<Rows>,
    codec: KeyCodec,
    filter: Option<Filter>,
    page: Option<Page>,
    /// All rows and their digest, once they have been read.
    end: Option<Loaded>,
    is_over: bool,
}

/// The batch that the cursor stands in.
struct Page {
    batch: RecordBatch,
    keys: arrow_row::Rows,
    row: usize,
}

impl Cursor {
    pub(super) fn new(
        rows: Receiver<Rows>,
        columns: &TableColumns,
        filter: Option<Filter>,
    ) -> Result<Self, ArrowError> {
        Ok(Cursor {
            rows,
            codec: KeyCodec::new(columns.keys.iter().map(|key| key.kind.data_type()))?,
            filter,
            page: None,
            end: None,
            is_over: false,
        })
    }

    /// Waits until the cursor stands on a row or all have been read. `measure` is given each batch once.
    async fn fill(&mut self, mut measure: impl FnMut(&RecordBatch)) -> Result<(), ArrowError> {
        while !self.is_over && self.at().is_none() {
            self.page = None;
            let Some(Rows::Batch(mut batch)) = self.next().await else {
                self.is_over = true;
                return Ok(());
            };
            if let Some(filter) = &self.filter {
                batch = filter.apply(&batch)?;
            }
            measure(&batch);
            self.page = Some(Page {
                keys: self.codec.encode(&batch)?,
                batch,
                row: 0,
            });
        }
        Ok(())
    }

    async fn next(&mut self) -> Option<Rows> {
        let next = self.rows.recv().await;
        if let Some(Rows::End { rows, digest }) = &next {
            let (rows, digest) = (*rows, digest.to_string());
            self.end = Some(Loaded { rows, digest });
        }
        next
    }

    fn at(&self) -> Option<RowAt<'_>> {
        let page = self.page.as_ref()?;
        (page.row < page.batch.num_rows()).then(|| RowAt {
            batch: &page.batch,
            row: page.row,
            key: page.keys.row(page.row),
        })
    }

    fn advance(&mut self) {
        if let Some(page) = &mut self.page {
            page.row += 1;
        }
    }
}

/// Gives every row of both sides to `comparison` once, rows of the same key together.
///
/// # Errors
/// Where rows cannot be compared, or their keys cannot be written.
pub(super) async fn join(
    table: &str,
    mut old: Cursor,
    mut new: Cursor,
    mut comparison: Comparison,
) -> Result<Compared, CutoverError> {
    let incomparable = |source| incomparable(table, source);
    loop {
        let filled = old.fill(|batch| comparison.measure_old(batch)).await;
        filled.map_err(incomparable)?;
        let filled = new.fill(|batch| comparison.measure_new(batch)).await;
        filled.map_err(incomparable)?;
        match (old.at(), new.at()) {
            (None, None) => return Ok(comparison.finish(new.end)),
            (Some(row), None) => {
                comparison.only_old(&row)?;
                old.advance();
            }
            (None, Some(row)) => {
                comparison.only_new(&row)?;
                new.advance();
            }
            (Some(before), Some(after)) => match comparison.order(&before, &after) {
                Ordering::Less => {
                    comparison.only_old(&before)?;
                    old.advance();
                }
                Ordering::Greater => {
                    comparison.only_new(&after)?;
                    new.advance();
                }
                Ordering::Equal => {
                    comparison.both(&before, &after)?;
                    old.advance();
                    new.advance();
                }
            },
        }
    }
}
