//! Helpers of the tests: a decoder fed in pieces, and its collected results.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;

#[cfg(test)]
use crate::decode::PresenceReport;
use crate::decode::{
    Counts, DecodeError, DecodeOptions, Decoding, EventRange, Events, Presence, Projection,
    Rejected,
};
use crate::schema::{Encoding, Input, Kind, Origin};
use crate::source::offsets::OffsetSet;
use crate::source::{Chunk, KeyFields, Object};

/// Two seeds: one that is always the same, and one that no run had before. `BACKFOLD_TEST_SEED` takes the place of
/// both.
#[cfg(test)]
pub(in crate::decode) fn seeds() -> Vec<u64> {
    use std::time::{SystemTime, UNIX_EPOCH};

    let given = std::env::var("BACKFOLD_TEST_SEED").ok();
    let given = given.map(|seed| vec![seed.parse().expect("BACKFOLD_TEST_SEED is a number")]);
    given.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        vec![0x5eed_0001, now.as_nanos() as u64 | 1]
    })
}

/// A small generator of numbers; the tests print its seed.
pub(in crate::decode) struct Rng(pub(in crate::decode) u64);

impl Rng {
    /// Below `bound`.
    pub(in crate::decode) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) % bound as u64) as usize
    }

    pub(in crate::decode) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(in crate::decode) fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

pub(in crate::decode) fn object(key: &str) -> Arc<Object> {
    let key = key.to_owned();
    Arc::new(Object {
        key,
        size_bytes: 0,
        etag: String::new(),
        version: None,
        modified_us: 1_000_000,
        key_fields: None,
    })
}

/// A nullable input called as its path.
pub(in crate::decode) fn input(path: &str, kind: Kind) -> Input {
    let origin = Origin::Path(path.to_owned());
    Input {
        name: path.to_owned(),
        origin,
        kind,
        encoding: Encoding::Standard,
        nullable: true,
    }
}

pub(in crate::decode) fn projection(inputs: Vec<Input>) -> Projection {
    Projection {
        inputs,
        only: Vec::new(),
        event_time: None,
        range: EventRange::default(),
        cut_by_record_time: false,
        offset: None,
        value: None,
    }
}

/// All that came out of a split.
#[derive(Debug, Default, PartialEq)]
pub(in crate::decode) struct Decoded {
    pub(in crate::decode) batches: Vec<RecordBatch>,
    /// Position and bytes of each row.
    pub(in crate::decode) rows: Vec<(i64, Option<u64>, Vec<u8>)>,
    pub(in crate::decode) rejected: Vec<Rejected>,
    pub(in crate::decode) counts: Counts,
    pub(in crate::decode) presence: Presence,
    pub(in crate::decode) offsets: Offsets,
}

/// The offsets read, whatever the cuts between batches.
#[derive(Debug, Default, PartialEq)]
pub(in crate::decode) struct Offsets {
    covered: OffsetSet,
    carried: OffsetSet,
    /// Rows by their place in all batches.
    rows: Vec<(usize, i64)>,
    batch_rows: usize,
    /// Rejections by their index in all batches.
    rejected: Vec<(usize, i64)>,
    batch_rejections: usize,
}

impl Offsets {
    pub(in crate::decode) fn add(&mut self, events: &Events) {
        for read in &events.offsets {
            self.covered.insert(read.covered.clone());
            self.carried.insert(read.carried.clone());
            let rows = read.rows.iter();
            self.rows
                .extend(rows.map(|(row, offset)| (self.batch_rows + *row as usize, *offset)));
        }
        for read in &events.offsets {
            let rejected = read.rejected.iter();
            self.rejected.extend(
                rejected.map(|(at, offset)| (self.batch_rejections + *at as usize, *offset)),
            );
        }
        self.batch_rows += events.batch.num_rows();
        self.batch_rejections += events.rejected.len();
    }
}

impl Decoded {
    /// The values of column `at`, as Arrow writes them; `None` for null.
    pub(in crate::decode) fn column<T: 'static + Clone>(
        &self,
        at: usize,
        value: impl Fn(&dyn arrow_array::Array, usize) -> T,
    ) -> Vec<Option<T>> {
        let rows = self.batches.iter().flat_map(|batch| {
            let column = batch.column(at).clone();
            (0..batch.num_rows()).map(move |row| (column.clone(), row))
        });
        rows.map(|(column, row)| (!column.is_null(row)).then(|| value(&column, row)))
            .collect()
    }

    pub(in crate::decode) fn reasons(&self) -> String {
        let line = |rejected: &Rejected| {
            let path = rejected.path.as_deref().unwrap_or("-");
            format!(
                "{} {} {path}: {}\n",
                rejected.position.offset, rejected.length_bytes, rejected.reason
            )
        };
        self.rejected.iter().map(line).collect()
    }

    /// Takes what is ready.
    pub(in crate::decode) fn drain(&mut self, decoding: &mut Decoding) -> Result<(), DecodeError> {
        while let Some(events) = decoding.next()? {
            self.add(events);
        }
        Ok(())
    }

    /// Takes what is left of the split.
    pub(in crate::decode) fn finish(
        mut self,
        decoding: &mut Decoding,
    ) -> Result<Self, DecodeError> {
        if let Some(events) = decoding.finish()? {
            self.add(events);
        }
        Ok(self)
    }

    fn add(&mut self, events: Events) {
        assert_eq!(events.batch.num_rows() as u64, events.counts.events);
        assert_eq!(events.rejected.len() as u64, events.counts.rejected);
        for row in 0..events.batch.num_rows() {
            let position = events.provenance.position(row);
            self.rows.push((
                position.offset,
                position.byte,
                events.provenance.bytes(row).unwrap_or_default().to_vec(),
            ));
        }
        self.offsets.add(&events);
        self.batches.push(events.batch);
        self.rejected.extend(events.rejected);
        self.counts += events.counts;
        self.presence.add(&events.presence);
        assert_eq!(self.presence.events, self.counts.events);
        let counts = self.counts;
        assert_eq!(
            counts.records,
            counts.events + counts.not_wanted + counts.out_of_range + counts.rejected
        );
    }
}

pub(in crate::decode) fn run(
    decoding: &mut Decoding,
    chunks: impl IntoIterator<Item = Chunk>,
) -> Result<Decoded, DecodeError> {
    let mut decoded = Decoded::default();
    for chunk in chunks {
        decoding.push(chunk)?;
        decoded.drain(decoding)?;
    }
    decoded.finish(decoding)
}

/// Decodes `text` as one object.
pub(in crate::decode) fn decode(projection: Projection, text: impl AsRef<[u8]>) -> Decoded {
    decode_with(projection, &DecodeOptions::default(), text)
}

/// Decodes `text` as one object whose key says so.
pub(in crate::decode) fn decode_under(
    key_fields: Option<&KeyFields>,
    projection: Projection,
    text: impl AsRef<[u8]>,
) -> Decoded {
    let mut decoding = Decoding::new(projection, &DecodeOptions::default()).unwrap();
    let chunks = object_chunks("a.json", text.as_ref(), usize::MAX);
    run(&mut decoding, under(key_fields.cloned(), chunks)).unwrap()
}

/// The chunks of an object, whose key says so.
pub(in crate::decode) fn under(
    key_fields: Option<KeyFields>,
    mut chunks: Vec<Chunk>,
) -> Vec<Chunk> {
    if let Some(Chunk::Object(object)) = chunks.first_mut() {
        Arc::make_mut(object).key_fields = key_fields.map(Box::new);
    }
    chunks
}

pub(in crate::decode) fn decode_with(
    projection: Projection,
    options: &DecodeOptions,
    text: impl AsRef<[u8]>,
) -> Decoded {
    let mut decoding = Decoding::new(projection, options).unwrap();
    run(
        &mut decoding,
        object_chunks("a.json", text.as_ref(), usize::MAX),
    )
    .unwrap()
}

/// An object in pieces of `piece` bytes.
pub(in crate::decode) fn object_chunks(key: &str, text: &[u8], piece: usize) -> Vec<Chunk> {
    let mut chunks = vec![Chunk::Object(object(key))];
    chunks.extend(
        text.chunks(piece)
            .map(|piece| Chunk::Bytes(Bytes::copy_from_slice(piece))),
    );
    chunks.push(Chunk::End);
    chunks
}

/// Number of events, and of those with each input; then the records without the value of each condition.
#[cfg(test)]
pub(in crate::decode) fn presence_counts(
    presence: &Presence,
    wanted: &Projection,
) -> (u64, Vec<u64>, Vec<u64>) {
    let PresenceReport {
        events,
        inputs,
        conditions,
    } = presence.report(&wanted.inputs, &wanted.only);
    let present = inputs.iter().map(|input| input.present).collect();
    let lacking = conditions.iter().map(|one| one.lacking).collect();
    (events, present, lacking)
}

pub(in crate::decode) fn text_value(column: &dyn arrow_array::Array, row: usize) -> String {
    column
        .as_any()
        .downcast_ref::<arrow_array::StringArray>()
        .unwrap()
        .value(row)
        .to_owned()
}

pub(in crate::decode) fn integer_value(column: &dyn arrow_array::Array, row: usize) -> i64 {
    column
        .as_any()
        .downcast_ref::<arrow_array::Int64Array>()
        .unwrap()
        .value(row)
}
