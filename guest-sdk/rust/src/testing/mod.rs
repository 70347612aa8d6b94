//! Native tests of a pipeline: fold JSON rows, look at the states, check the laws.
//!
//! Rows become columns, and columns become states, by the code that the component runs. Only the sandbox is missing.
//!
//! ```
//! # use backfold_guest::prelude::*;
//! # use backfold_guest::testing::fold_json;
//! # use serde_json::json;
//! # #[derive(Event)] struct Visit<'a> { page: &'a str }
//! # #[derive(Key)] struct Page<'a> { page: &'a str }
//! # #[derive(Monoid)] struct Visits { visits: Sum<i64> }
//! # struct Count;
//! # impl Pipeline for Count {
//! #     type Event<'a> = Visit<'a>; type Key<'a> = Page<'a>; type State = Visits; type View = NoView;
//! #     fn open(_: &mut Params) -> Result<Self, ParamError> { Ok(Count) }
//! #     fn fold(&self, e: Visit<'_>, out: &mut Out<'_, Self>) -> Result<(), Reject> {
//! #         out.at(Page { page: e.page }, |s| s.visits += 1);
//! #         Ok(())
//! #     }
//! #     fn present(&self, _: &Visits) -> NoView { NoView }
//! # }
//! let folded = fold_json::<Count>(&[], &[json!({"page": "a"}), json!({"page": "a"}), json!({"page": 7})]);
//! assert_eq!(folded.state(&Page { page: "a" }).unwrap().visits.value(), 2);
//! assert_eq!(folded.rejections()[0].row, 2);
//! ```

use std::collections::BTreeMap;

use serde_json::Value as JsonValue;

use crate::column::{Batch, Column};
use crate::instance::{Instance, load_state};
use crate::key::Key;
use crate::pipeline::Pipeline;
use crate::schema::{Descriptor, Kind, Output};
use crate::value::BatchBuilder;

mod json;
pub mod laws;

/// A row that was not folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The index of the row.
    pub row: usize,
    /// The reason.
    pub reason: String,
}

/// The states and rejections after folding some rows.
pub struct Folded<P: Pipeline> {
    instance: Instance<P>,
    descriptor: Descriptor,
    states: BTreeMap<Cells, Batch>,
    rejections: Vec<Rejected>,
    passed_over: usize,
}

/// Folds `rows` with these parameters of the job, all in one batch.
///
/// # Panics
/// If the pipeline refuses the parameters, a row is no object, or a sum is out of range.
pub fn fold_json<P: Pipeline>(params: &[(&str, &str)], rows: &[JsonValue]) -> Folded<P> {
    fold_cut(params, rows, rows.len().max(1), usize::MAX)
}

/// As [`fold_json`], `batch_rows` in a batch, drained once at the end `drain_rows` at a time.
fn fold_cut<P: Pipeline>(
    params: &[(&str, &str)],
    rows: &[JsonValue],
    batch_rows: usize,
    drain_rows: usize,
) -> Folded<P> {
    let params = params
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()));
    let (mut instance, descriptor) = Instance::<P>::open("test", "0.0.0", params)
        .unwrap_or_else(|error| panic!("the pipeline does not open: {error}"));
    let (mut rejections, mut passed_over) = (Vec::new(), 0);
    for (index, chunk) in rows.chunks(batch_rows).enumerate() {
        let decoded = json::decode(&descriptor, chunk, index * batch_rows);
        let rejected = instance
            .fold(&decoded.events)
            .unwrap_or_else(|error| panic!("the batch is refused: {error}"));
        rejections.extend(decoded.rejections);
        let rejected = rejected.into_iter().map(|(row, reason)| Rejected {
            row: decoded.rows[row as usize],
            reason,
        });
        rejections.extend(rejected);
        passed_over += decoded.passed_over;
    }
    rejections.sort_by_key(|rejected| rejected.row);
    let mut states = BTreeMap::new();
    loop {
        let drained = instance
            .drain(drain_rows)
            .unwrap_or_else(|error| panic!("the accumulator is not drained: {error}"));
        for row in 0..drained.rows {
            let (keys, of_state) = drained.columns.split_at(descriptor.keys.len());
            let state = Batch {
                rows: 1,
                columns: one_row(&descriptor.states, of_state, row),
            };
            let doubled = states.insert(cells(&descriptor.keys, keys, row), state);
            assert!(doubled.is_none(), "a key was drained twice");
        }
        if drained.rows < drain_rows {
            break;
        }
    }
    Folded {
        instance,
        descriptor,
        states,
        rejections,
        passed_over,
    }
}

impl<P: Pipeline> Folded<P> {
    /// The state of a key; `None` if no event was folded into it.
    pub fn state(&self, key: &P::Key<'_>) -> Option<P::State> {
        let state = self.states.get(&self.cells_of(key))?;
        Some(load_state::<P>(state, 0).expect("a state is read back as it was saved"))
    }

    /// The view of the state of a key.
    pub fn view(&self, key: &P::Key<'_>) -> Option<P::View> {
        self.state(key)
            .map(|state| self.instance.pipeline().present(&state))
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// The rows that were rejected: those that do not decode and those that the pipeline refused.
    pub fn rejections(&self) -> &[Rejected] {
        &self.rejections
    }

    /// The number of rows that did not meet the conditions.
    pub fn passed_over(&self) -> usize {
        self.passed_over
    }

    /// The component's descriptor.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn cells_of(&self, key: &P::Key<'_>) -> Cells {
        let mut encoded = Vec::new();
        key.encode(&mut encoded);
        let mut builder = BatchBuilder::new(&self.descriptor.keys, 1);
        <P::Key<'static> as Key>::save(&encoded, &mut builder.row());
        cells(&self.descriptor.keys, &builder.finish(1).columns, 0)
    }
}

/// The bytes of a row's values; none for null.
type Cells = Vec<Option<Vec<u8>>>;

fn cells(outputs: &[Output], columns: &[Column], row: usize) -> Cells {
    let cell = |(output, column): (&Output, &Column)| {
        column.is_valid(row).then(|| cell(output.kind, column, row))
    };
    outputs.iter().zip(columns).map(cell).collect()
}

fn cell(kind: Kind, column: &Column, row: usize) -> Vec<u8> {
    let cell = match kind {
        Kind::Boolean => return vec![u8::from(crate::column::bit(&column.values, row))],
        Kind::Int64 | Kind::Float64 | Kind::Timestamp => {
            column.fixed::<8>(row).map(|value| value.to_vec())
        }
        Kind::Date => column.fixed::<4>(row).map(|value| value.to_vec()),
        Kind::Utf8 | Kind::Binary | Kind::Json => column.bytes(row).map(<[u8]>::to_vec),
    };
    cell.expect("a column has the rows that it was drained with")
}

/// One row of some columns, as columns.
fn one_row(outputs: &[Output], columns: &[Column], row: usize) -> Vec<Column> {
    let mut builder = BatchBuilder::new(outputs, 1);
    let mut writer = builder.row();
    for (output, cell) in outputs.iter().zip(cells(outputs, columns, row)) {
        let column = writer.next_column();
        match (output.kind, cell) {
            (_, None) => column.push_null(),
            (Kind::Boolean, Some(cell)) => column.push_bool(cell == [1]),
            (Kind::Utf8 | Kind::Binary | Kind::Json, Some(cell)) => column.push_bytes(&cell),
            (Kind::Date, Some(cell)) => {
                column.push_fixed::<4>(cell.try_into().expect("a date has 4 bytes"))
            }
            (_, Some(cell)) => {
                column.push_fixed::<8>(cell.try_into().expect("a number has 8 bytes"))
            }
        }
    }
    builder.finish(1).columns
}
