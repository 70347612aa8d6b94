//! Any bytes as blocks of an Avro object, and as Avro messages.

use bytes::Bytes;

use crate::decode::tests::support::{Decoded, input, object_chunks, projection, run};
use crate::decode::{DecodeError, DecodeOptions, Decoding, Format, Projection, Schemas};
use crate::schema::Kind;
use crate::source::{Chunk, Message, Messages};
use crate::units::ByteSize;

/// Schemas with all types of values, and with values that become large.
const SCHEMAS: [&str; 4] = [
    r#"{"type": "record", "name": "R", "fields": [
        {"name": "n", "type": "long"},
        {"name": "s", "type": ["null", "string"]},
        {"name": "l", "type": {"type": "array", "items": ["null", "int", "double"]}},
        {"name": "m", "type": {"type": "map", "values": "boolean"}},
        {"name": "f", "type": {"type": "fixed", "name": "F", "size": 3}}]}"#,
    r#"{"type": "record", "name": "R", "fields": [
        {"name": "l", "type": {"type": "array", "items": {"type": "array", "items": "null"}}},
        {"name": "n", "type": "int"}]}"#,
    r#"{"type": "record", "name": "R", "fields": [
        {"name": "n", "type": "int"},
        {"name": "skipped", "type": {"type": "array", "items": {"type": "map", "values": "null"}}},
        {"name": "l", "type": ["null", {"type": "fixed", "name": "F", "size": 100000}]}]}"#,
    r#"{"type": "record", "name": "R", "fields": [
        {"name": "s", "type": {"type": "enum", "name": "E", "symbols": ["a", "b"]}},
        {"name": "l", "type": ["null", {"type": "record", "name": "I", "fields": [
            {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
            {"name": "b", "type": "bytes"},
            {"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}}]}]},
        {"name": "f", "type": "float"}]}"#,
];

/// A batch is closed at 64 MiB, and a column of one is made in parts of half of that.
const MOST_BYTES: usize = 256 << 20;

/// The byte between messages.
const SEPARATOR: u8 = 0xff;

/// Reads the block that `input` holds: a byte chooses its schema, or says that the rest is an object; another says how
/// many records there are.
///
/// # Panics
/// If a batch is too large, or the result depends on the number of records decoded at a time.
pub fn avro(input: &[u8]) {
    let Some(([choice, records], block)) = input.split_first_chunk::<2>() else {
        return;
    };
    let content = match SCHEMAS.get(usize::from(*choice)) {
        Some(schema) => object(schema, *records, block),
        None => block.to_vec(),
    };
    let [few, many] = [2, 8192].map(|batch_rows| read(batch_rows, &content));
    if let (Ok(few), Ok(many)) = (few, many) {
        assert_eq!(few.counts, many.counts);
        assert_eq!(few.reasons(), many.reasons());
        check(&many);
    }
}

fn object(schema: &str, records: u8, block: &[u8]) -> Vec<u8> {
    let mut out = b"Obj\x01\x02\x16avro.schema".to_vec();
    number(&mut out, schema.len());
    out.extend_from_slice(schema.as_bytes());
    out.push(0);
    out.extend([7; 16]);
    number(&mut out, records.into());
    number(&mut out, block.len());
    out.extend_from_slice(block);
    out.extend([7; 16]);
    out
}

fn number(out: &mut Vec<u8>, value: usize) {
    let mut rest = value << 1;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn wanted() -> Projection {
    projection(vec![
        input("n", Kind::Json),
        input("s", Kind::Utf8),
        input("l", Kind::Json),
        input("m", Kind::Json),
        input("f", Kind::Json),
    ])
}

fn read(batch_rows: u32, content: &[u8]) -> Result<Decoded, DecodeError> {
    let options = DecodeOptions {
        batch_rows,
        format: Format::Avro,
        max_row_group: ByteSize::mib(1),
        ..DecodeOptions::default()
    };
    let mut decoding = Decoding::new(wanted(), &options)?;
    run(&mut decoding, object_chunks("a.avro", content, 61))
}

fn check(decoded: &Decoded) {
    for batch in &decoded.batches {
        assert!(batch.get_array_memory_size() <= MOST_BYTES);
    }
}

/// Reads the messages that `input` holds, with a byte 0xff between them; one in front of them chooses their schema.
///
/// # Panics
/// If a message is lost, or its result depends on its neighbours.
pub fn avro_messages(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else {
        return;
    };
    let schemas = Schemas::default();
    schemas.insert(1, SCHEMAS[usize::from(*choice) % SCHEMAS.len()]);
    let values: Vec<_> = rest.split(|byte| *byte == SEPARATOR).collect();
    let [one, few, all] = [1, 3, 8192].map(|batch_rows| {
        let options = DecodeOptions {
            batch_rows,
            format: Format::Avro,
            ..DecodeOptions::default()
        };
        let decoding = Decoding::new(wanted(), &options).expect("a valid projection");
        let mut decoding = decoding.with_schemas(Some(schemas.clone()));
        run(&mut decoding, [chunk(&values)]).expect("messages are always read")
    });
    assert_eq!(all.rows.len() + all.rejected.len(), values.len());
    check(&all);
    for other in [&one, &few] {
        assert_eq!(other.rows, all.rows);
        assert_eq!(other.reasons(), all.reasons());
    }
}

fn chunk(values: &[&[u8]]) -> Chunk {
    let message = |(offset, value): (usize, &&[u8])| Message {
        offset: offset as i64,
        time_us: None,
        key: None,
        headers: Vec::new(),
        value: Some(Bytes::from([&[0, 0, 0, 0, 1], *value].concat())),
    };
    let list = values.iter().enumerate().map(message);
    Chunk::Messages(Messages::new("t".into(), Some(0), list))
}
