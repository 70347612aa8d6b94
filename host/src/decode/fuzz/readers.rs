//! Decodings that have to agree.

use crate::decode::json::Processor;
use crate::decode::tests::outcome::wanted;
use crate::decode::tests::support::{Decoded, input, projection, run};
use crate::decode::{DecodeOptions, Decoding, Projection, TextEncoding};
use crate::schema::{Condition, Encoding, Input, Kind};
use crate::source::Chunk;
use crate::units::ByteSize;

/// Decodings of one projection.
pub(super) struct Readers {
    projection: Projection,
    max_record: ByteSize,
    /// Each keeps what it learned from input to input, and has blocks and pieces of its own size.
    kept: Vec<(Decoding, usize)>,
}

/// Enough for a text of the fuzzer.
const WHOLE: usize = 1 << 16;

impl Readers {
    fn new(projection: Projection, max_record: ByteSize) -> Self {
        let mut readers = Readers {
            projection,
            max_record,
            kept: Vec::new(),
        };
        for processor in Processor::all() {
            for (block_bytes, piece) in [(WHOLE, usize::MAX), (100, 61), (7, 3)] {
                let mut decoding = readers.decoding(block_bytes, processor);
                decoding.parser().walk_always();
                readers.kept.push((decoding, piece));
            }
        }
        readers
    }

    fn decoding(&self, block_bytes: usize, processor: Processor) -> Decoding {
        let options = DecodeOptions {
            batch_rows: 16,
            max_record: self.max_record,
            // A mark of UTF-16 makes another text of the input.
            encoding: TextEncoding::Utf8,
            ..DecodeOptions::default()
        };
        let projection = self.projection.clone();
        Decoding::with(projection, &options, block_bytes, processor).expect("a valid projection")
    }

    /// What the measure makes of `chunks`; `None` where they cannot be read at all.
    fn measure(&self, chunks: Vec<Chunk>) -> Option<Decoded> {
        let portable = Processor::all()[0];
        let mut decoding = self.decoding(WHOLE, portable);
        decoding.parser().walk_never();
        run(&mut decoding, chunks).ok()
    }

    /// Reads what `chunks` makes of a size of pieces in all ways; gives what came of it, `None` where it cannot be
    /// read at all.
    pub(super) fn read(&mut self, chunks: impl Fn(usize) -> Vec<Chunk>) -> Option<Decoded> {
        let expected = self.measure(chunks(usize::MAX))?;
        // Learns from the input alone, so that a finding can be repeated.
        let mut fresh = self.decoding(WHOLE, Processor::detect());
        fresh.parser().walk_always();
        for round in ["first", "second"] {
            let found = run(&mut fresh, chunks(usize::MAX)).expect("it was read once");
            assert_eq!(found, expected, "by a new decoding, the {round} time");
        }
        for (at, (decoding, piece)) in self.kept.iter_mut().enumerate() {
            let found = run(decoding, chunks(*piece)).expect("it was read once");
            assert_eq!(found, expected, "by a decoding that is kept, number {at}");
        }
        Some(expected)
    }
}

/// Readers of what the oracle looks at.
pub(super) fn plain() -> Readers {
    Readers::new(wanted(), DecodeOptions::default().max_record)
}

/// Readers of all kinds and encodings, of some records only, and of short ones.
pub(super) fn rich() -> Readers {
    let encoded = |path, kind, encoding| Input {
        encoding,
        ..input(path, kind)
    };
    let mut inputs = vec![
        input("geo", Kind::Json),
        input("geo.city", Kind::Utf8),
        input("geo.at.lat", Kind::Float64),
        input("a.b.c", Kind::Json),
        input("", Kind::Json),
        input("bin", Kind::Binary),
        encoded("hex", Kind::Binary, Encoding::Hex),
        input("day", Kind::Date),
        encoded("s", Kind::Timestamp, Encoding::EpochSeconds),
        encoded("ms", Kind::Timestamp, Encoding::EpochMilliseconds),
        encoded("ns", Kind::Timestamp, Encoding::EpochNanoseconds),
        input("event_id", Kind::Utf8),
        input("n", Kind::Int64),
    ];
    inputs
        .iter_mut()
        .for_each(|input| input.nullable = input.name != "n");
    let only = vec![Condition {
        path: "n".to_owned(),
        any_of: ["1", "12765", "-0", "77", "seven"]
            .map(str::to_owned)
            .into(),
    }];
    let projection = Projection {
        only,
        ..projection(inputs)
    };
    Readers::new(projection, ByteSize(200))
}
