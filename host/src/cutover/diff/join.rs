//! A merge join of two sorted streams of rows.

use std::cmp::Ordering;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use tokio::sync::mpsc::Receiver;

use super::compare::{Compared, Comparison};
use super::row::RowAt;
use crate::keys::KeyCodec;
use crate::store::{Rows, TableColumns};

/// Reads one side, row by row.
pub(super) struct Cursor {
    rows: Receiver<Rows>,
    codec: KeyCodec,
    page: Option<Page>,
}

/// The batch that the cursor stands in.
struct Page {
    batch: RecordBatch,
    keys: arrow_row::Rows,
    row: usize,
}

impl Cursor {
    pub(super) fn new(rows: Receiver<Rows>, columns: &TableColumns) -> Result<Self, ArrowError> {
        Ok(Cursor {
            rows,
            codec: KeyCodec::new(columns.keys.iter().map(|key| key.kind.data_type()))?,
            page: None,
        })
    }

    /// Waits until the cursor stands on a row or all have been read.
    async fn fill(&mut self) -> Result<(), ArrowError> {
        while self.at().is_none() {
            let Some(Rows::Batch(batch)) = self.rows.recv().await else {
                self.page = None;
                return Ok(());
            };
            self.page = Some(Page {
                keys: self.codec.encode(&batch)?,
                batch,
                row: 0,
            });
        }
        Ok(())
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
pub(super) async fn join(
    mut old: Cursor,
    mut new: Cursor,
    mut comparison: Comparison,
) -> Result<Compared, ArrowError> {
    loop {
        old.fill().await?;
        new.fill().await?;
        match (old.at(), new.at()) {
            (None, None) => return Ok(comparison.finish()),
            (Some(row), None) => {
                comparison.only_old(&row);
                old.advance();
            }
            (None, Some(row)) => {
                comparison.only_new(&row);
                new.advance();
            }
            (Some(before), Some(after)) => match comparison.order(&before, &after) {
                Ordering::Less => {
                    comparison.only_old(&before);
                    old.advance();
                }
                Ordering::Greater => {
                    comparison.only_new(&after);
                    new.advance();
                }
                Ordering::Equal => {
                    comparison.both(&before, &after);
                    old.advance();
                    new.advance();
                }
            },
        }
    }
}
