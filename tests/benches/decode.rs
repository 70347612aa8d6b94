//! How fast JSON becomes columns on one core, by what the JSON looks like: three columns of click events, the bytes
//! in memory and handed over in pieces of 256 KiB.
//!
//! ```text
//! taskset -c 0 cargo bench --workspace --bench decode
//! BACKFOLD_SIMD=off taskset -c 0 cargo bench --workspace --bench decode
//! ```
//!
//! The second without the vector instructions of the processor.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use backfold::decode::{Counts, DecodeOptions, Decoding, EventRange, Projection, Spent};
use backfold::schema::{Encoding, Input, Kind, Origin};
use backfold::source::{Chunk, Object};
use backfold_tests::archive::{Archive, ArchiveSpec, Compression, Shape};
use bytes::Bytes;

const EVENTS: u64 = 200_000;
const OBJECTS: u64 = 8;
const ROUNDS: usize = 5;
/// How often a round reads the objects.
const PASSES: usize = 4;
const PIECE_BYTES: usize = 256 << 10;

/// How many batches a window of the fold keeps.
const KEPT_BATCHES: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let archive = Archive::new(&ArchiveSpec {
        events: EVENTS,
        objects: OBJECTS,
        compress: Compression::None,
        ..ArchiveSpec::DEFAULT
    })?;
    println!("| records | MB/s | ns a record | copy | index | parse and columns | rejected |");
    println!("|---|---|---|---|---|---|---|");
    for shape in Shape::ALL {
        let objects = (0..OBJECTS).map(|object| archive.content_in(shape, object));
        let objects = objects.collect::<Result<Vec<_>, _>>()?;
        let objects: Vec<_> = objects.into_iter().map(Bytes::from).collect();
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push(decode(&objects)?);
        }
        rounds.sort_by_key(|round| round.cpu);
        let round = &rounds[ROUNDS / 2];
        let records = round.counts.records as f64;
        let nanoseconds = |time: Duration| time.as_secs_f64() * 1e9 / records;
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {} |",
            shape.name(),
            round.counts.decoded_bytes as f64 / 1e6 / round.cpu.as_secs_f64(),
            nanoseconds(round.cpu),
            nanoseconds(round.spent.inflate),
            nanoseconds(round.spent.index),
            nanoseconds(
                round
                    .cpu
                    .saturating_sub(round.spent.inflate + round.spent.index)
            ),
            round.counts.rejected,
        );
    }
    Ok(())
}

struct Round {
    cpu: Duration,
    counts: Counts,
    spent: Spent,
}

fn decode(objects: &[Bytes]) -> Result<Round, Box<dyn Error>> {
    let input = |path: &str, kind| Input {
        name: path.to_owned(),
        origin: Origin::Path(path.to_owned()),
        kind,
        encoding: Encoding::Standard,
        nullable: true,
    };
    let projection = Projection {
        inputs: vec![
            input("ts", Kind::Timestamp),
            input("page_id", Kind::Utf8),
            input("duration_ms", Kind::Int64),
        ],
        only: Vec::new(),
        event_time: None,
        range: EventRange::default(),
        cut_by_record_time: false,
        offset: None,
        value: None,
    };
    let mut decoding = Decoding::new(projection, &DecodeOptions::default())?;
    let mut counts = Counts::default();
    let mut window = Vec::new();
    let mut take = |events: Option<backfold::decode::Events>| {
        events.map(|mut events| {
            counts += events.counts;
            events.provenance.forget_bytes();
            window.push(events);
            if window.len() == KEPT_BATCHES {
                window.clear();
            }
        })
    };
    let began = cpu_time()?;
    for (number, bytes) in objects
        .iter()
        .enumerate()
        .cycle()
        .take(PASSES * objects.len())
    {
        let object = Object {
            key: format!("part-{number}"),
            size_bytes: bytes.len() as u64,
            etag: String::new(),
            version: None,
            modified_us: 0,
            key_fields: None,
        };
        decoding.push(Chunk::Object(Arc::new(object)))?;
        let pieces = bytes.chunks(PIECE_BYTES);
        let pieces = pieces.map(|piece| Chunk::Bytes(bytes.slice_ref(piece)));
        for chunk in pieces.chain([Chunk::End]) {
            decoding.push(chunk)?;
            while take(decoding.next()?).is_some() {}
        }
        take(decoding.finish()?);
    }
    let cpu = cpu_time()? - began;
    Ok(Round {
        cpu,
        counts,
        spent: decoding.take_spent(),
    })
}

/// The CPU time of this thread, the only one, to a tick of its clock: a few milliseconds.
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds = text.split(' ').next().ok_or("no /proc/self/schedstat")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}
