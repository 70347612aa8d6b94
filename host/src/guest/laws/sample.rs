//! The events on which laws are tested.

use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use serde::{Deserialize, Serialize};

use crate::decode::{Events, Position};
use crate::row_json::{self, Row};

/// An event of a counterexample.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    /// The position, unless the event was made up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// The input columns.
    pub columns: Row,
}

/// Events in the order of their source, with their positions.
#[derive(Clone, Debug)]
pub struct Sample {
    events: RecordBatch,
    /// The position of each event; empty if the events were made up.
    positions: Vec<Position>,
}

impl Sample {
    /// The events of these batches, whose columns are those of `schema`. A batch may be shorter than its provenance.
    ///
    /// # Errors
    /// If a batch has other columns.
    pub fn of(schema: &SchemaRef, batches: &[Events]) -> Result<Sample, ArrowError> {
        let events = concat_batches(schema, batches.iter().map(|events| &events.batch))?;
        let positions = batches.iter().flat_map(|events| {
            (0..events.batch.num_rows()).map(|row| events.provenance.position(row))
        });
        Ok(Sample {
            events,
            positions: positions.collect(),
        })
    }

    /// Events that have no source.
    pub(super) fn made_up(events: RecordBatch) -> Sample {
        Sample {
            events,
            positions: Vec::new(),
        }
    }

    /// Events of a file, all of them with positions or none.
    pub(super) fn kept(events: RecordBatch, positions: Vec<Position>) -> Sample {
        Sample { events, positions }
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.events.num_rows()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the events were made up.
    pub fn is_made_up(&self) -> bool {
        self.positions.is_empty()
    }

    /// These rows, as a batch for the component.
    pub(super) fn take(&self, rows: &[u32]) -> Result<RecordBatch, ArrowError> {
        take_record_batch(&self.events, &UInt32Array::from(rows.to_vec()))
    }

    /// The event at `row`, as JSON.
    pub(crate) fn event(&self, row: u32) -> Event {
        Event {
            position: self.positions.get(row as usize).cloned(),
            columns: row_json::row(&self.events, row as usize),
        }
    }
}
