//! Outcomes of records, as the oracle has them.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};

use super::oracle::{INPUTS, Outcome};
use super::support::{Decoded, input, projection};
use crate::decode::Projection;
use crate::schema::Kind;

/// What the oracle looks at.
pub(in crate::decode) fn wanted() -> Projection {
    projection(
        INPUTS
            .iter()
            .map(|(path, kind)| input(path, *kind))
            .collect(),
    )
}

/// The wanted values of a row.
fn values(batch: &RecordBatch, row: usize) -> Vec<Option<String>> {
    let value = |(at, (_, kind)): (usize, &(&str, Kind))| {
        let column = batch.column(at);
        (!column.is_null(row)).then(|| match kind {
            Kind::Timestamp => column
                .as_primitive::<TimestampMicrosecondType>()
                .value(row)
                .to_string(),
            Kind::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
            Kind::Float64 => column
                .as_primitive::<Float64Type>()
                .value(row)
                .to_bits()
                .to_string(),
            Kind::Boolean => column.as_boolean().value(row).to_string(),
            _ => column.as_string::<i32>().value(row).to_owned(),
        })
    };
    INPUTS.iter().enumerate().map(value).collect()
}

/// What became of each record, in the order of the source.
pub(in crate::decode) fn outcomes(decoded: &Decoded) -> Vec<Outcome> {
    let batches = decoded.batches.iter();
    let all = batches.flat_map(|batch| (0..batch.num_rows()).map(|row| values(batch, row)));
    let events = decoded
        .rows
        .iter()
        .zip(all)
        .map(|((ordinal, byte, text), values)| {
            let byte = byte.unwrap_or_default();
            Outcome(*ordinal, byte, text.len() as u64, Some(values))
        });
    let rejected = decoded.rejected.iter().map(|rejected| {
        let position = &rejected.position;
        let byte = position.byte.unwrap_or_default();
        Outcome(position.offset, byte, rejected.length_bytes, None)
    });
    let mut outcomes: Vec<_> = events.chain(rejected).collect();
    outcomes.sort_by_key(|outcome| outcome.0);
    outcomes
}
