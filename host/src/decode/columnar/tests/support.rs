//! Rows of columns taken in, and compared with what the decoder of JSON makes of lines.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_select::concat::concat_batches;

use crate::decode::columnar::{Binding, Piece, Wants};
use crate::decode::json::Processor;
use crate::decode::rows::Rows;
use crate::decode::tests::support::{Decoded, decode, input, object};
use crate::decode::{DecodeError, Events, Projection};
use crate::schema::{Encoding, Input, Kind};
use crate::source::Object;

/// What becomes of the rows of `batch`, as the only piece of the object `a.json`.
pub(in crate::decode::columnar) fn events(
    projection: Projection,
    batch: &RecordBatch,
) -> Result<Events, DecodeError> {
    events_of(projection, batch, &object("a.json"))
}

/// The same of `object`.
pub(super) fn events_of(
    projection: Projection,
    batch: &RecordBatch,
    object: &Object,
) -> Result<Events, DecodeError> {
    let wants = Wants::new(projection.clone())?;
    let binding = Binding::new(&wants, batch.schema_ref(), object)?;
    let mut rows = Rows::new(projection, 1 << 20, Processor::detect())?;
    let piece = Piece {
        rows: batch.clone(),
        binding: &binding,
        source: Arc::from(object.key.as_str()),
        time_us: object.modified_us,
        first: 0,
    };
    rows.push_columns(&piece).unwrap();
    Ok(rows.take())
}

/// Asserts that `events` are those of `lines`, with the same rejections for the same reasons.
pub(in crate::decode::columnar) fn assert_alike(
    projection: &Projection,
    found: &[Events],
    lines: &str,
) {
    let expected = decode(projection.clone(), lines);
    let found_batches = found.iter().map(|events| events.batch.clone()).collect();
    assert_eq!(
        joined(projection, found_batches),
        joined(projection, expected.batches.clone())
    );
    let counts = found.iter().map(|events| {
        let counts = events.counts;
        [
            counts.records,
            counts.events,
            counts.not_wanted,
            counts.out_of_range,
            counts.rejected,
        ]
    });
    let counts = counts.fold([0; 5], |mut sum, counts| {
        sum.iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
        sum
    });
    let of_json = expected.counts;
    assert_eq!(
        counts,
        [
            of_json.records,
            of_json.events,
            of_json.not_wanted,
            of_json.out_of_range,
            of_json.rejected
        ],
        "records, events, not wanted, out of range, rejected"
    );
    let rejected = found.iter().flat_map(|events| &events.rejected);
    let rejected: Vec<_> = rejected
        .map(|one| (one.position.offset, one.path.clone(), one.reason.clone()))
        .collect();
    let of_json = expected.rejected.iter();
    let of_json: Vec<_> = of_json
        .map(|one| (one.position.offset, one.path.clone(), one.reason.clone()))
        .collect();
    assert_eq!(rejected, of_json);
    let offsets = found.iter().flat_map(|events| {
        (0..events.batch.num_rows()).map(|row| events.provenance.position(row).offset)
    });
    let of_json = expected.rows.iter().map(|(offset, _, _)| *offset);
    assert_eq!(offsets.collect::<Vec<_>>(), of_json.collect::<Vec<_>>());
    assert_lines(projection, found, &expected);
}

/// Asserts that the lines kept of rows give the same again as JSON.
fn assert_lines(projection: &Projection, found: &[Events], expected: &Decoded) {
    let own = |events: &Events| {
        let rows = 0..events.batch.num_rows();
        let lines = rows.map(|row| events.provenance.bytes(row).unwrap().into_owned());
        lines.collect::<Vec<_>>()
    };
    let lines: Vec<_> = found.iter().flat_map(own).collect();
    let from_source = |projection: &Projection| {
        use crate::schema::Origin::Path;
        projection
            .inputs
            .iter()
            .any(|input| !matches!(input.origin, Path(_)))
    };
    if from_source(projection) {
        return;
    }
    let again = decode(projection.clone(), lines.join(&b'\n'));
    assert_eq!(
        joined(projection, again.batches),
        joined(projection, expected.batches.clone()),
        "the rows' lines, decoded"
    );
    let rejected = found.iter().flat_map(|events| &events.rejected);
    for rejected in rejected {
        let again = decode(projection.clone(), &rejected.bytes);
        let reasons: Vec<_> = again.rejected.iter().map(|one| &one.reason).collect();
        assert_eq!(
            reasons,
            [&rejected.reason],
            "the line of a rejection, decoded"
        );
    }
}

fn joined(projection: &Projection, batches: Vec<RecordBatch>) -> RecordBatch {
    let schema = Wants::new(projection.clone()).unwrap().schema;
    concat_batches(&schema, &batches).unwrap()
}

/// The columns of the events in `fixtures`.
pub(in crate::decode::columnar) fn event_inputs() -> Vec<Input> {
    let mut inputs: Vec<_> = [
        ("id", Kind::Int64),
        ("at", Kind::Timestamp),
        ("page", Kind::Utf8),
        ("duration", Kind::Int64),
        ("price", Kind::Float64),
        ("ratio", Kind::Float64),
        ("ok", Kind::Boolean),
        ("day", Kind::Date),
        ("raw", Kind::Binary),
        ("geo", Kind::Json),
        ("geo.country", Kind::Utf8),
        ("tags", Kind::Json),
    ]
    .map(|(path, kind)| input(path, kind))
    .into();
    inputs[8].encoding = Encoding::Hex;
    inputs
}

/// The events in `fixtures`, as lines of JSON.
pub(in crate::decode::columnar) fn events_as_json() -> String {
    include_str!("../fixtures/events.jsonl").to_owned()
}

/// A batch of the one column `v`.
pub(super) fn column(array: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("v", array, true)]).unwrap()
}

/// The values as lines of JSON.
pub(super) fn lines(values: &[&str]) -> String {
    values
        .iter()
        .map(|value| format!("{{\"v\":{value}}}\n"))
        .collect()
}
