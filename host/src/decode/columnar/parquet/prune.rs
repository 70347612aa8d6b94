//! Row groups without event times in the range, by the statistics of the event time.

use arrow_schema::{DataType, Schema};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use parquet::schema::types::SchemaDescriptor;

use crate::decode::EventRange;
use crate::decode::columnar::cast::{self, Cast};
use crate::decode::columnar::way::Found;
use crate::decode::columnar::{ColumnPlan, Top};
use crate::decode::plan::PlannedOrigin;

/// The column of the event time, if the order of its values is that of the times.
pub(super) struct EventTimeLeaf {
    leaf: usize,
    unit_ns: i64,
    is_required: bool,
}

impl EventTimeLeaf {
    /// The column, if the range has a bound and the values are integers.
    pub(super) fn find(
        plan: &ColumnPlan,
        columns: &Schema,
        parquet: &SchemaDescriptor,
    ) -> Option<Self> {
        let input = plan.record_plan.bounded_event_time?;
        let PlannedOrigin::Value(slot) = &plan.record_plan.inputs[input].origin else {
            return None;
        };
        let path = &plan.paths[slot.index()];
        let Found {
            data_type, form, ..
        } = Found::at(Top::Columns(columns.fields()), path)?;
        // Unsigned numbers are stored as signed ones, which have another order.
        let is_ordered =
            data_type.is_signed_integer() || matches!(data_type, DataType::Timestamp(..));
        let unit_ns = match Cast::of(&data_type, &form, plan.inputs[input])? {
            Cast::Same => 1000,
            Cast::Timestamp { unit_ns } => unit_ns,
            _ => return None,
        };
        let mut leaves = (0..parquet.num_columns()).map(|leaf| (leaf, parquet.column(leaf)));
        let (leaf, column) = leaves.find(|(_, column)| column.path().parts() == path)?;
        (is_ordered && column.max_rep_level() == 0).then_some(EventTimeLeaf {
            leaf,
            unit_ns,
            is_required: column.max_def_level() == 0,
        })
    }

    /// Whether every row has an event time and all are out of range, by the statistics. Rows without an event time, or
    /// with one beyond the range of a timestamp, have to be rejected, so their row group is read.
    pub(super) fn is_outside(&self, group: &RowGroupMetaData, range: EventRange) -> bool {
        let statistics = group.columns().get(self.leaf);
        let Some(statistics) = statistics.and_then(|chunk| chunk.statistics()) else {
            return false;
        };
        let bounds = match statistics {
            Statistics::Int64(of) => of.min_opt().copied().zip(of.max_opt().copied()),
            Statistics::Int32(of) => of
                .min_opt()
                .zip(of.max_opt())
                .map(|(least, most)| (i64::from(*least), i64::from(*most))),
            // Writers do not agree on the order of INT96, for one.
            _ => None,
        };
        let bounds = bounds
            .filter(|(least, most)| least <= most)
            .and_then(|(least, most)| {
                let least_us = cast::micros(least, self.unit_ns)?;
                Some((least_us, cast::micros(most, self.unit_ns)?))
            });
        let is_whole = self.is_required || statistics.null_count_opt() == Some(0);
        let Some((least_us, most_us)) = bounds.filter(|_| is_whole) else {
            return false;
        };
        range.from_us.is_some_and(|from_us| most_us < from_us)
            || range.until_us.is_some_and(|until_us| least_us >= until_us)
    }
}
