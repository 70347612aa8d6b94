//! Columns, read and written.

use crate::bindings::backfold::pipeline::columns::Column;

pub(crate) fn numbers(column: &Column) -> Vec<i64> {
    column
        .values
        .as_chunks()
        .0
        .iter()
        .map(|bytes| i64::from_le_bytes(*bytes))
        .collect()
}

pub(crate) fn texts(column: &Column) -> Vec<String> {
    let offsets = column.offsets.as_deref().unwrap_or_default().as_chunks().0;
    let offsets: Vec<_> = offsets
        .iter()
        .map(|bytes| u32::from_le_bytes(*bytes) as usize)
        .collect();
    let text = |cut: &[usize]| String::from_utf8_lossy(&column.values[cut[0]..cut[1]]).into_owned();
    offsets.windows(2).map(text).collect()
}

pub(crate) fn column(values: Vec<u8>) -> Column {
    Column {
        values,
        offsets: None,
        validity: None,
    }
}

pub(crate) fn number_column(values: impl IntoIterator<Item = i64>) -> Column {
    column(values.into_iter().flat_map(i64::to_le_bytes).collect())
}

pub(crate) fn text_column<'a>(texts: impl IntoIterator<Item = &'a str>) -> Column {
    let (mut values, mut offsets) = (Vec::new(), 0_u32.to_le_bytes().to_vec());
    for text in texts {
        values.extend_from_slice(text.as_bytes());
        offsets.extend_from_slice(&(values.len() as u32).to_le_bytes());
    }
    Column {
        values,
        offsets: Some(offsets),
        validity: None,
    }
}
