//! JSON rows to input columns, by the rules of `pipeline.wit`.

use serde_json::Value;

use super::Rejected;
use crate::column::{Batch, ColumnBuilder};
use crate::schema::{Condition, Descriptor, Encoding, Input, Kind, Origin};
use crate::types::Date;

/// Rows as columns.
pub(super) struct Decoded {
    pub(super) events: Batch,
    /// Which row each event is.
    pub(super) rows: Vec<usize>,
    pub(super) rejections: Vec<Rejected>,
    pub(super) passed_over: usize,
}

/// One value on its way into a column.
enum Cell {
    Null,
    Bool(bool),
    Wide([u8; 8]),
    Narrow([u8; 4]),
    Bytes(Vec<u8>),
}

/// Decodes `rows`, the first of which has the index `first`.
pub(super) fn decode(descriptor: &Descriptor, rows: &[Value], first: usize) -> Decoded {
    let mut columns: Vec<_> = descriptor
        .inputs
        .iter()
        .map(|input| ColumnBuilder::new(input.kind, rows.len()))
        .collect();
    let (mut kept, mut rejections, mut passed_over) = (Vec::new(), Vec::new(), 0);
    for (row, index) in rows.iter().zip(first..) {
        assert!(row.is_object(), "row {index} is no JSON object");
        if !descriptor
            .only
            .iter()
            .all(|condition| is_met(condition, row))
        {
            passed_over += 1;
            continue;
        }
        let cells: Result<Vec<Cell>, String> = descriptor
            .inputs
            .iter()
            .map(|input| cell(input, row, index))
            .collect();
        match cells {
            Err(reason) => rejections.push(Rejected { row: index, reason }),
            Ok(cells) => {
                cells
                    .into_iter()
                    .zip(&mut columns)
                    .for_each(|(cell, column)| push(cell, column));
                kept.push(index);
            }
        }
    }
    let columns = columns.into_iter().map(ColumnBuilder::finish).collect();
    Decoded {
        events: Batch {
            rows: kept.len(),
            columns,
        },
        rows: kept,
        rejections,
        passed_over,
    }
}

fn push(cell: Cell, column: &mut ColumnBuilder) {
    match cell {
        Cell::Null => column.push_null(),
        Cell::Bool(value) => column.push_bool(value),
        Cell::Wide(value) => column.push_fixed(value),
        Cell::Narrow(value) => column.push_fixed(value),
        Cell::Bytes(value) => column.push_bytes(&value),
    }
}

fn is_met(condition: &Condition, row: &Value) -> bool {
    let text = match at_path(row, condition.path) {
        Some(Value::String(text)) => text.clone(),
        Some(scalar @ (Value::Bool(_) | Value::Number(_) | Value::Null)) => scalar.to_string(),
        _ => return false,
    };
    condition.any_of.contains(&text.as_str())
}

fn at_path<'v>(row: &'v Value, path: &str) -> Option<&'v Value> {
    names(path)
        .iter()
        .try_fold(row, |value, name| value.get(name))
}

/// The names of a path: cut at dots, except where a backslash stands before one.
fn names(path: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut is_escaped = false;
    for c in path.chars() {
        match c {
            '\\' if !is_escaped => is_escaped = true,
            '.' if !is_escaped => names.push(String::new()),
            c => {
                names.last_mut().expect("a path has a name").push(c);
                is_escaped = false;
            }
        }
    }
    names
}

fn cell(input: &Input, row: &Value, index: usize) -> Result<Cell, String> {
    let path = match input.origin {
        Origin::Path(path) => path,
        Origin::Payload => return Ok(Cell::Bytes(row.to_string().into_bytes())),
        Origin::RecordKey | Origin::RecordHeader(_) | Origin::Partition => return Ok(Cell::Null),
        Origin::RecordTime => return Ok(Cell::Wide([0; 8])),
        Origin::SourceName => return Ok(Cell::Bytes(b"test".to_vec())),
        Origin::Offset => return Ok(Cell::Wide((index as i64).to_le_bytes())),
    };
    match at_path(row, path) {
        None | Some(Value::Null) if input.nullable => Ok(Cell::Null),
        None => Err(format!("{path}: missing")),
        Some(value) => {
            typed(input, value).ok_or_else(|| format!("{path}: {value} is no {:?}", input.kind))
        }
    }
}

fn typed(input: &Input, value: &Value) -> Option<Cell> {
    Some(match input.kind {
        Kind::Boolean => Cell::Bool(value.as_bool()?),
        Kind::Int64 => Cell::Wide(value.as_i64()?.to_le_bytes()),
        Kind::Float64 => Cell::Wide(value.as_f64()?.to_le_bytes()),
        Kind::Timestamp => Cell::Wide(timestamp(input.encoding, value)?.to_le_bytes()),
        Kind::Date => Cell::Narrow(date(value.as_str()?)?.days.to_le_bytes()),
        Kind::Utf8 => Cell::Bytes(value.as_str()?.as_bytes().to_vec()),
        Kind::Binary if input.encoding == Encoding::Hex => Cell::Bytes(hex(value.as_str()?)?),
        Kind::Binary => Cell::Bytes(base64(value.as_str()?)?),
        Kind::Json => Cell::Bytes(value.to_string().into_bytes()),
    })
}

/// Microseconds since 1970-01-01T00:00:00Z.
fn timestamp(encoding: Encoding, value: &Value) -> Option<i64> {
    match encoding {
        Encoding::EpochSeconds => value.as_i64()?.checked_mul(1_000_000),
        Encoding::EpochMilliseconds => value.as_i64()?.checked_mul(1_000),
        Encoding::EpochMicroseconds => value.as_i64(),
        Encoding::EpochNanoseconds => Some(value.as_i64()?.div_euclid(1_000)),
        Encoding::Standard | Encoding::Hex => rfc3339(value.as_str()?),
    }
}

fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    Date::from_ymd(digits(year)?, digits(month)?, digits(day)?)
}

fn rfc3339(text: &str) -> Option<i64> {
    let (day, time) = text.split_at_checked(10)?;
    let time = time.strip_prefix(['T', 't', ' '])?;
    let (time, zone_seconds) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        None => {
            let (time, zone) = time.split_at_checked(time.len().checked_sub(6)?)?;
            let seconds = hours_and_minutes(&zone[1..])?;
            (
                time,
                if zone.starts_with('-') {
                    -seconds
                } else {
                    zone.starts_with('+').then_some(seconds)?
                },
            )
        }
    };
    let (clock, fraction) = time
        .split_once('.')
        .map_or((time, None), |(clock, fraction)| (clock, Some(fraction)));
    let (minutes, seconds) = clock.rsplit_once(':')?;
    let seconds: i64 = digits(seconds).filter(|seconds| *seconds < 60)?;
    let microseconds = match fraction {
        None => 0,
        Some(fraction) => {
            digits::<u128>(fraction)?;
            digits::<i64>(&format!("{fraction:0<6}")[..6])?
        }
    };
    let seconds =
        i64::from(date(day)?.days) * 86_400 + hours_and_minutes(minutes)? + seconds - zone_seconds;
    Some(seconds * 1_000_000 + microseconds)
}

/// `hh:mm` in seconds.
fn hours_and_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let hours: i64 = digits(hours).filter(|value| *value < 24)?;
    let minutes: i64 = digits(minutes).filter(|value| *value < 60)?;
    Some(hours * 3_600 + minutes * 60)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let nibble = |byte: u8| (byte as char).to_digit(16).map(|nibble| nibble as u8);
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?))
        .collect()
}

/// The standard alphabet, padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    (text.len() % 4 != 1).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps() {
        assert_eq!(rfc3339("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(
            rfc3339("2026-01-03T15:00:00.562Z"),
            Some(1_767_452_400_562_000)
        );
        assert_eq!(
            rfc3339("2026-01-03T17:00:00.5629999+02:00"),
            Some(1_767_452_400_562_999)
        );
        assert_eq!(rfc3339("1969-12-31T23:59:59.9-00:30"), Some(1_799_900_000));
        for wrong in [
            "",
            "2026-01-03",
            "2026-01-03T15:00:00",
            "2026-02-30T15:00:00Z",
            "2026-01-03T15:00:61Z",
            "2026-01-03T15:00:00.Z",
        ] {
            assert_eq!(rfc3339(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bytes_as_text() {
        assert_eq!(base64("aGk="), Some(b"hi".to_vec()));
        assert_eq!(base64("aGkh"), Some(b"hi!".to_vec()));
        assert_eq!(base64("a"), None);
        assert_eq!(hex("00fF"), Some(vec![0, 255]));
        assert_eq!(hex("0"), None);
    }

    #[test]
    fn paths() {
        assert_eq!(names("geo.country"), ["geo", "country"]);
        assert_eq!(names(r"a\.b.c\\"), ["a.b", r"c\"]);
    }
}
