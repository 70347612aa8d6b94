//! Batches of columns decoded, and compared with the same values decoded from lines of JSON.

use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, RecordBatch};
use arrow_select::concat::concat_batches;

use crate::decode::columnar::{Binding, ColumnPiece, ColumnPlan, RowMetadata, Top};
use crate::decode::json::Processor;
use crate::decode::rows::Rows;
use crate::decode::tests::support::{Decoded, Offsets, decode_under, input, object, projection};
use crate::decode::{DecodeError, Events, Projection};
use crate::schema::{Encoding, Input, Kind, Origin};
use crate::source::{KeyFields, Object};

/// A projection of the column `v` alone.
pub(super) fn wanted(kind: Kind, encoding: Encoding) -> Projection {
    projection(vec![Input {
        encoding,
        ..input("v", kind)
    }])
}

/// A column of decimals with `scale` digits after the point.
pub(super) fn decimal(digits: Vec<Option<i128>>, scale: i8) -> ArrayRef {
    let array = Decimal128Array::from(digits).with_precision_and_scale(38, scale);
    Arc::new(array.unwrap())
}

/// What becomes of the rows of `batch`, as the only piece of the object `a.json`.
pub(in crate::decode::columnar) fn events(
    projection: Projection,
    batch: &RecordBatch,
) -> Result<Events, DecodeError> {
    events_under(None, projection, batch)
}

/// The same where the key of the object says so.
pub(super) fn events_under(
    key_fields: Option<&KeyFields>,
    projection: Projection,
    batch: &RecordBatch,
) -> Result<Events, DecodeError> {
    let plan = ColumnPlan::new(projection.clone())?;
    let object = Object {
        key_fields: key_fields.cloned().map(Box::new),
        ..(*object("a.json")).clone()
    };
    let top = Top::Columns(batch.schema_ref().fields());
    let binding = Binding::new(&plan, top, &object)?;
    let mut rows = Rows::new(projection, 1 << 20, Processor::detect())?;
    let piece = ColumnPiece {
        rows: batch.clone(),
        binding: Arc::new(binding),
        metadata: RowMetadata::Object {
            source: Arc::from("a.json"),
            time_us: 1_000_000,
            first: 0,
        },
    };
    rows.begin_object(&object);
    rows.push_columns(piece);
    Ok(rows.take())
}

/// Asserts that `events` are those of `lines`, with the same rejections for the same reasons.
pub(in crate::decode::columnar) fn assert_alike(
    projection: &Projection,
    found: &[Events],
    lines: &str,
) {
    assert_alike_under(None, projection, found, lines);
}

/// The same where the key of the object says so.
pub(in crate::decode::columnar) fn assert_alike_under(
    key_fields: Option<&KeyFields>,
    projection: &Projection,
    found: &[Events],
    lines: &str,
) {
    let expected = decode_under(key_fields, projection.clone(), lines);
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
    let mut offsets = Offsets::default();
    found.iter().for_each(|events| offsets.add(events));
    assert_eq!(offsets, expected.offsets);
    assert_lines(key_fields, projection, found, &expected);
}

/// Asserts that the lines kept of rows give the same again as JSON.
fn assert_lines(
    key_fields: Option<&KeyFields>,
    projection: &Projection,
    found: &[Events],
    expected: &Decoded,
) {
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
    let again = decode_under(key_fields, projection.clone(), lines.join(&b'\n'));
    assert_eq!(
        joined(projection, again.batches),
        joined(projection, expected.batches.clone()),
        "the rows' lines, decoded"
    );
    let rejected = found.iter().flat_map(|events| &events.rejected);
    for rejected in rejected {
        let again = decode_under(
            key_fields,
            projection.clone(),
            rejected.bytes.as_ref().unwrap(),
        );
        let reasons: Vec<_> = again.rejected.iter().map(|one| &one.reason).collect();
        assert_eq!(
            reasons,
            [&rejected.reason],
            "the line of a rejection, decoded"
        );
    }
}

fn joined(projection: &Projection, batches: Vec<RecordBatch>) -> RecordBatch {
    let schema = ColumnPlan::new(projection.clone()).unwrap().schema;
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

/// A key that says something of all that it can, and of a column that the events in `fixtures` have.
pub(in crate::decode::columnar) fn key_of_events() -> KeyFields {
    let columns = [("region", "eu"), ("hour", "05"), ("page", "/of the key")];
    let columns = columns.map(|(name, text)| (name.to_owned(), Some(text.to_owned())));
    KeyFields {
        topic: Some("clicks".to_owned()),
        partition: Some(3),
        offset: Some(400),
        scattered: false,
        columns: columns.into(),
    }
}

/// What only a key can give.
pub(in crate::decode::columnar) fn inputs_of_a_key() -> Vec<Input> {
    let origin = |name: &str, origin, kind| Input {
        origin,
        ..input(name, kind)
    };
    vec![
        input("region", Kind::Utf8),
        input("hour", Kind::Int64),
        origin("topic", Origin::SourceName, Kind::Utf8),
        origin("partition", Origin::Partition, Kind::Int64),
        origin("offset", Origin::Offset, Kind::Int64),
    ]
}
