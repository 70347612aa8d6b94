//! Records that are rejected, and a batch without them.

use backfold_declaration::{Aggregate, Declaration, Kind};
use backfold_guest::{Batch, Column, Field, Malformed};

use crate::condition::{Rows, met};
use crate::states;

/// The rows that are rejected, in order, each with its first reason.
pub(crate) fn find(
    declaration: &Declaration,
    events: &Batch,
) -> Result<Vec<(u32, String)>, Malformed> {
    let mut found: Vec<(u32, String)> = Vec::new();
    for reject in &declaration.reject {
        let rows = Rows::Some(met(&reject.when, events)?);
        rows.each(|row| found.push((row as u32, reject.reason.clone())));
    }
    for kept in &declaration.keep {
        let (Aggregate::Sum(input) | Aggregate::Quantile { value: input, .. }) = kept.aggregate
        else {
            continue;
        };
        if declaration.inputs[input].kind != Kind::Float64 {
            continue;
        }
        let values = f64::reader(&events.columns[input], events.rows)?;
        let is_finite = |row| f64::read(&values, row).is_finite();
        if (0..events.rows).all(is_finite) {
            continue;
        }
        let rows = Rows::of(kept.when.as_ref(), &states::inputs(&kept.aggregate), events)?;
        rows.each(|row| {
            if !is_finite(row) {
                found.push((
                    row as u32,
                    format!("{}: the number is not finite", kept.name),
                ));
            }
        });
    }
    // Stable: of several reasons for a row, the first remains.
    found.sort_by_key(|(row, _)| *row);
    found.dedup_by_key(|(row, _)| *row);
    Ok(found)
}

/// The batch without the rejected rows.
pub(crate) fn without(
    rejected: &[(u32, String)],
    declaration: &Declaration,
    events: &Batch,
) -> Result<Batch, Malformed> {
    let mut rejected = rejected.iter().map(|(row, _)| *row as usize).peekable();
    let kept: Vec<usize> = (0..events.rows)
        .filter(|row| rejected.next_if_eq(row).is_none())
        .collect();
    let columns = events.columns.iter().zip(&declaration.inputs);
    let columns = columns.map(|(column, input)| take(column, input.kind, events.rows, &kept));
    Ok(Batch {
        rows: kept.len(),
        columns: columns.collect::<Result<_, _>>()?,
    })
}

fn take(column: &Column, kind: Kind, rows: usize, kept: &[usize]) -> Result<Column, Malformed> {
    let mut taken = Column {
        validity: match &column.validity {
            Some(validity) => Some(take_bits(validity, rows, kept)?),
            None => None,
        },
        ..Column::default()
    };
    match kind {
        Kind::Boolean => taken.values = take_bits(&column.values, rows, kept)?,
        Kind::Int64 | Kind::Float64 | Kind::Timestamp => {
            taken.values = take_fixed::<8>(&column.values, rows, kept)?;
        }
        Kind::Date => taken.values = take_fixed::<4>(&column.values, rows, kept)?,
        Kind::Utf8 | Kind::Binary | Kind::Json => {
            let reader = <&[u8]>::reader(column, rows)?;
            let mut offsets = 0_u32.to_le_bytes().to_vec();
            for row in kept {
                taken.values.extend_from_slice(<&[u8]>::read(&reader, *row));
                // No longer than the column that it is taken from.
                offsets.extend_from_slice(&(taken.values.len() as u32).to_le_bytes());
            }
            taken.offsets = Some(offsets);
        }
    }
    Ok(taken)
}

fn take_fixed<const N: usize>(
    values: &[u8],
    rows: usize,
    kept: &[usize],
) -> Result<Vec<u8>, Malformed> {
    match values.as_chunks::<N>() {
        (values, []) if values.len() == rows => {
            Ok(kept.iter().flat_map(|row| values[*row]).collect())
        }
        _ => Err(Malformed::new("a column is not as long as its rows")),
    }
}

fn take_bits(bits: &[u8], rows: usize, kept: &[usize]) -> Result<Vec<u8>, Malformed> {
    if bits.len() < rows.div_ceil(8) {
        return Err(Malformed::new("a bitmap is too short for its rows"));
    }
    let mut taken = vec![0; kept.len().div_ceil(8)];
    for (to, from) in kept.iter().enumerate() {
        taken[to / 8] |= (bits[from / 8] >> (from % 8) & 1) << (to % 8);
    }
    Ok(taken)
}
