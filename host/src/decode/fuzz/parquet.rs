//! Any bytes as a Parquet object, and as the pages of one whose footer is sound.

use std::sync::Arc;

use bytes::Bytes;

use crate::decode::columnar::craft::{Craft, FIXED, INT64, LIST, Node, STRING};
use crate::decode::tests::support::{Decoded, input, projection};
use crate::decode::{
    DecodeError, DecodeOptions, Decoding, FooterStep, ParquetPlanner, Projection, RowGroup, Step,
};
use crate::schema::Kind;
use crate::source::Object;
use crate::units::ByteSize;

/// More rows than a fuzzer has time for.
const MOST_ROWS: u64 = 1 << 16;

/// A batch is closed at 64 MiB, and a column of one is made in parts of half of that.
const MOST_BYTES: usize = 256 << 20;

/// Reads `input` as an object.
///
/// # Panics
/// If a batch is too large, or the result depends on the number of rows decoded at a time.
pub fn parquet(input: &[u8]) {
    alike(&wanted(), &Bytes::copy_from_slice(input));
}

/// Reads `input` as the pages of a column: a byte chooses its type, two and two more say how many rows and values there
/// are.
///
/// # Panics
/// As [`parquet`].
pub fn pages(input: &[u8]) {
    let Some(([choice, rows @ ..], pages)) = input.split_first_chunk::<5>() else {
        return;
    };
    let [number, fixed] = [
        [Node::leaf("n", INT64)],
        [Node {
            length: Some(7),
            repetition: 1,
            ..Node::leaf("f", FIXED)
        }],
    ];
    let schemas: [&[Node]; 4] = [STRING, LIST, &number, &fixed];
    let object = Craft {
        schema: schemas[usize::from(choice % 4)],
        rows: i64::from(u16::from_le_bytes([rows[0], rows[1]])),
        values: i64::from(u16::from_le_bytes([rows[2], rows[3]])),
        pages: pages.to_vec(),
    };
    alike(&wanted(), &object.object());
}

fn wanted() -> Projection {
    projection(vec![
        input("s", Kind::Utf8),
        input("l", Kind::Json),
        input("n", Kind::Int64),
        input("f", Kind::Binary),
        input("page", Kind::Json),
        input("geo", Kind::Json),
        input("at", Kind::Timestamp),
    ])
}

fn alike(wanted: &Projection, content: &Bytes) {
    let [few, many] = [3, 8192].map(|batch_rows| {
        let options = DecodeOptions {
            batch_rows,
            max_row_group: ByteSize::mib(1),
            ..DecodeOptions::default()
        };
        read(wanted, &options, content)
    });
    if let (Ok(few), Ok(many)) = (few, many) {
        assert_eq!(few.counts.records, many.counts.records);
        assert_eq!(few.reasons(), many.reasons());
        assert_eq!(few.rows.len(), many.rows.len());
    }
}

fn read(
    wanted: &Projection,
    options: &DecodeOptions,
    content: &Bytes,
) -> Result<Decoded, DecodeError> {
    let object = Arc::new(Object {
        key: "a.parquet".to_owned(),
        size_bytes: content.len() as u64,
        etag: String::new(),
        version: None,
        modified_us: 0,
        key_fields: None,
    });
    let planner = ParquetPlanner::new(wanted.clone(), options)?;
    let mut footer = planner.footer(&object)?;
    let part =
        |range: &std::ops::Range<u64>| content.slice(range.start as usize..range.end as usize);
    let mut range = footer.first();
    let metadata = loop {
        match footer.push(range.clone(), part(&range))? {
            FooterStep::Needs(more) => range = more,
            FooterStep::Read(metadata) => break metadata,
        }
    };
    let file = Arc::new(planner.plan(object, *metadata)?);
    let rows = (0..file.row_groups()).map(|number| file.rows_of(number));
    let mut decoded = Decoded::default();
    if rows.fold(0, u64::saturating_add) > MOST_ROWS {
        return Ok(decoded);
    }
    let mut decoding = Decoding::new(wanted.clone(), options)?;
    for number in 0..file.row_groups() {
        decoding.push(match file.step(number)? {
            Step::PassOver => RowGroup::passed_over(file.clone(), number),
            Step::Read(ranges) => {
                let parts = ranges
                    .into_iter()
                    .map(|range| (range.clone(), part(&range)));
                RowGroup::read(file.clone(), number, parts, ())
            }
        })?;
        decoded.drain(&mut decoding)?;
    }
    let decoded = decoded.finish(&mut decoding)?;
    for batch in &decoded.batches {
        assert!(batch.get_array_memory_size() <= MOST_BYTES);
    }
    Ok(decoded)
}
