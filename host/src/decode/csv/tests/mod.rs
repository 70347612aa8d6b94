//! What becomes of CSV.

mod dialects;
mod headers;
mod kinds;
mod quotes;
mod records;

use std::sync::Arc;

use super::super::tests::support::*;
use crate::decode::inflate::support::gzipped;
use crate::decode::json::Processor;
use crate::decode::{CsvOptions, DecodeError, DecodeOptions, Decoding, Format, Projection};
use crate::error::Coded;
use crate::row_json;
use crate::schema::{Condition, Encoding, Input, Kind, Origin};
use crate::source::{Chunk, KeyFields, Object};
use crate::units::ByteSize;

fn options(csv: CsvOptions) -> DecodeOptions {
    DecodeOptions {
        format: Format::Csv,
        csv,
        ..DecodeOptions::default()
    }
}

fn read(
    wanted: &Projection,
    options: &DecodeOptions,
    text: &[u8],
    block_bytes: usize,
    piece: usize,
) -> Result<Decoded, DecodeError> {
    let processor = Processor::detect();
    let mut decoding = Decoding::with(wanted.clone(), options, block_bytes, processor).unwrap();
    run(&mut decoding, object_chunks("a", text, piece))
}

/// What `text` gives, whatever blocks and pieces it comes in.
fn decode_csv(
    wanted: &Projection,
    options: &DecodeOptions,
    text: impl AsRef<[u8]>,
) -> Result<Decoded, DecodeError> {
    let text = text.as_ref();
    let whole = read(wanted, options, text, 1 << 18, usize::MAX);
    for (block_bytes, piece) in [(1, 1), (7, 3), (64, 500), (300, 1000)] {
        let other = read(wanted, options, text, block_bytes, piece);
        match (&whole, &other) {
            (Ok(whole), Ok(other)) => {
                assert_eq!(
                    (&other.rows, &other.rejected),
                    (&whole.rows, &whole.rejected)
                );
                assert_eq!(other.counts, whole.counts);
                assert_eq!(lines(other), lines(whole), "blocks of {block_bytes}");
            }
            (Err(whole), Err(other)) => assert_eq!(whole.to_string(), other.to_string()),
            _ => panic!("{whole:?} {other:?}"),
        }
    }
    whole
}

/// The rows as JSON.
fn lines(decoded: &Decoded) -> String {
    let rows = |batch| (0..).map(move |row| row_json::row(batch, row));
    let all = decoded.batches.iter();
    let all = all.flat_map(|batch| rows(batch).take(batch.num_rows()));
    all.map(|row| serde_json::to_string(&row).unwrap() + "\n")
        .collect()
}

fn a_and_b() -> Projection {
    projection(vec![input("a", Kind::Utf8), input("b", Kind::Int64)])
}

fn error(wanted: &Projection, csv: CsvOptions, text: &str) -> String {
    let error = decode_csv(wanted, &options(csv), text).unwrap_err();
    assert_eq!(error.code().to_string(), "BF0314");
    error.to_string()
}

/// The values of column `id`, and each rejection with its length and the bytes that it swallowed.
fn ids_and_rejections(header: &str, text: &str) -> String {
    let wanted = projection(vec![input("id", Kind::Utf8)]);
    let options = options(CsvOptions::default());
    let decoded = decode_csv(&wanted, &options, format!("{header}\n{text}")).unwrap();
    let ids = decoded.column(0, text_value).into_iter().flatten();
    let rejected = decoded.rejected.iter().map(|one| {
        let (length, swallowed) = (one.length_bytes, one.swallowed_bytes);
        match swallowed {
            0 => format!("({length})"),
            _ => format!("({length}, swallowed {swallowed})"),
        }
    });
    ids.chain(rejected).collect::<Vec<_>>().join(" ")
}
