//! Events made up by the kinds of a component's inputs, for a check without an input.

use chrono::Utc;
use serde_json::{Value, json};

use super::random::Random;
use super::{LawError, Sample};
use crate::guest::GuestError;
use crate::row_json::{self, Row};
use crate::schema::{Descriptor, Input, Kind, Origin};

/// One value in this many is a limit of its kind. They are rare, since a sum of two of them overflows.
const EDGE_ONCE_IN: u64 = 400;

/// One nullable value in this many is null.
const NULL_ONCE_IN: u64 = 8;

/// Texts: few, so that keys repeat.
const TEXTS: [&str; 8] = ["", "a", "b", "c", "/home", "ü", "a\n\"b\"", "東京"];

/// JSON values.
const JSONS: [&str; 6] = ["null", "{}", "[1,2.5]", "\"a\"", "{\"a\":{\"b\":[]}}", "-0"];

/// `count` events for the component. Equal seeds give equal events on the same day.
///
/// # Errors
/// If the columns cannot be made, which is an error of the host.
pub fn generate(descriptor: &Descriptor, count: usize, seed: u64) -> Result<Sample, LawError> {
    let mut random = Random::new(seed);
    let today = Utc::now().timestamp() / 86_400;
    let rows: Vec<Row> = (0..count)
        .map(|number| {
            let inputs = descriptor.inputs.iter();
            inputs
                .map(|input| {
                    let value = value(input, number as i64, today, &mut random);
                    (input.name.clone(), value)
                })
                .collect()
        })
        .collect();
    let events = row_json::batch(&descriptor.input_schema(), &rows).map_err(|what| {
        LawError::Guest(GuestError::BadArgument {
            call: crate::guest::Call::Fold,
            what,
        })
    })?;
    Ok(Sample::made_up(events))
}

fn value(input: &Input, number: i64, today: i64, random: &mut Random) -> Value {
    match &input.origin {
        Origin::Offset => return number.into(),
        Origin::Partition if input.nullable => return Value::Null,
        Origin::SourceName => return "generated".into(),
        _ => {}
    }
    if input.nullable && random.once_in(NULL_ONCE_IN) {
        return Value::Null;
    }
    let edge = random.once_in(EDGE_ONCE_IN);
    match input.kind {
        Kind::Boolean => random.once_in(2).into(),
        Kind::Int64 if edge => random.pick(&[i64::MIN, i64::MAX]).into(),
        Kind::Int64 => integer(random).into(),
        Kind::Float64 if edge => random.pick(&[f64::MAX, f64::MIN, 5e-324]).into(),
        Kind::Float64 => float(random).into(),
        Kind::Timestamp => timestamp(edge, today, random),
        Kind::Date if edge => random.pick(&[i32::MIN, i32::MAX, -719_529]).into(),
        Kind::Date => (today - random.below(3) as i64 * 10_000).into(),
        Kind::Utf8 if edge => "long ".repeat(1_000).into(),
        Kind::Utf8 => random.pick(&TEXTS).into(),
        Kind::Binary => random.pick(&["", "AA==", "/wA=", "eyJhIjoxfQ=="]).into(),
        Kind::Json => random.pick(&JSONS).into(),
    }
}

/// A number, mostly small, of either sign.
fn integer(random: &mut Random) -> i64 {
    match random.below(8) {
        0 => 0,
        1 => random.pick(&[1, -1]),
        2 => random.below(1 << 40) as i64 - (1 << 39),
        _ => random.below(10_000) as i64,
    }
}

/// A number whose sums have to be rounded.
fn float(random: &mut Random) -> f64 {
    match random.below(8) {
        0 => random.pick(&[0.0, -0.0]),
        1 => random.pick(&[0.1, -0.1, 1e16, -1e16]),
        2 => -(random.below(1_000) as f64),
        _ => random.below(1_000_000) as f64 / 1_024.0,
    }
}

/// A time in microseconds: around now, around 1970, and rarely far from both.
fn timestamp(edge: bool, today: i64, random: &mut Random) -> Value {
    const DAY_US: i64 = 86_400_000_000;
    let of_day = random.below(DAY_US as u64) as i64;
    match random.below(4) {
        _ if edge => json!(random.pick(&[-1, 253_402_300_799_999_999_i64])),
        0 => json!(random.pick(&[-DAY_US, 0]) + of_day),
        _ => json!((today - random.below(2) as i64) * DAY_US + of_day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Encoding;

    fn descriptor() -> Descriptor {
        let kinds = [
            Kind::Boolean,
            Kind::Int64,
            Kind::Float64,
            Kind::Timestamp,
            Kind::Date,
            Kind::Utf8,
            Kind::Binary,
            Kind::Json,
        ];
        let input = |kind: Kind, nullable: bool| Input {
            name: format!("{}_{nullable}", kind.name()),
            origin: Origin::Path("a".into()),
            kind,
            encoding: Encoding::Standard,
            nullable,
        };
        let inputs = kinds
            .iter()
            .flat_map(|kind| [input(*kind, false), input(*kind, true)])
            .collect();
        Descriptor {
            name: "all".into(),
            version: "1.0.0".into(),
            inputs,
            only: vec![],
            event_time: None,
            keys: vec![],
            states: vec![],
            views: vec![],
            commutative: true,
        }
    }

    #[test]
    fn every_kind_is_made_with_nulls_only_where_they_may_be() {
        let sample = generate(&descriptor(), 4_000, 7).unwrap();
        let rows: Vec<u32> = (0..4_000).collect();
        let batch = sample.take(&rows).unwrap();
        for (input, column) in descriptor().inputs.iter().zip(batch.columns()) {
            let nulls = column.null_count();
            assert_eq!(nulls > 300, input.nullable, "{}: {nulls}", input.name);
        }
        for json in JSONS {
            assert!(serde_json::from_str::<Value>(json).is_ok(), "{json}");
        }
        assert!(sample.is_made_up());
    }

    #[test]
    fn a_seed_gives_the_same_events_again() {
        let of = |seed| {
            let sample = generate(&descriptor(), 100, seed).unwrap();
            (0..100)
                .map(|row| sample.event(row).columns)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
