//! Several lanes on one feed: each comes to what it comes to alone, or none does.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::mpsc::channel;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::decode::{Counts, Decoding, Envelope, EventRange, Projection};
use crate::fold::{
    FoldOptions, FoldedOffsets, LaneSettings, MergePlan, SplitCounts, StateTable, merge_rows,
};
use crate::guest::{Component, Instance, Limits, Window, evil_component};
use crate::row_json;
use crate::schema::Condition;
use crate::source::{Chunk, KeyFields, Object};

/// What a lane differs in from another.
#[derive(Clone, Copy)]
struct Table {
    /// The component fails on the record of this amount.
    fails_on: i64,
    /// The pages of records that are wanted; all where there are none.
    pages: &'static [&'static str],
    batch_rows: u32,
    stop_after_rejected: u64,
}

const ALL_PAGES: Table = Table {
    fails_on: 7,
    pages: &[],
    batch_rows: 5,
    stop_after_rejected: 1_000,
};

const ONE_PAGE: Table = Table {
    fails_on: 31,
    pages: &["page-1"],
    batch_rows: 3,
    stop_after_rejected: 1_000,
};

#[derive(Default)]
struct Kept(Mutex<Vec<Checkpoint>>);

impl CheckpointSink for Kept {
    fn commit(&self, checkpoint: Checkpoint) -> Result<(), FoldError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(checkpoint);
        Ok(())
    }
}

/// What a worker has done.
struct Folded {
    result: Result<(), FoldError>,
    checkpoints: Vec<Checkpoint>,
    progress: Arc<Progress>,
    folders: Vec<TempDir>,
}

/// What a worker has done for one table.
#[derive(Debug, PartialEq)]
struct Outcome {
    rows: Vec<String>,
    counts: BTreeMap<u64, SplitCounts>,
    /// The files of the quarantine.
    rejected: BTreeMap<String, String>,
}

fn options() -> DecodeOptions {
    DecodeOptions {
        envelope: Envelope::Aiven,
        ..DecodeOptions::default()
    }
}

fn open(table: Table) -> Instance {
    static COMPONENT: OnceLock<Component> = OnceLock::new();
    let component = COMPONENT
        .get_or_init(|| Component::load(evil_component(), &Limits::default(), None).unwrap());
    let meets = table.fails_on.to_string();
    let params = [("fault", "error"), ("in", "fold"), ("meets", &meets)];
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned()));
    component.open(&params).unwrap()
}

fn lane(table: Table, folder: &Path, progress: &Arc<Progress>) -> Lane {
    let instance = open(table);
    let descriptor = instance.descriptor().clone();
    let only = (!table.pages.is_empty()).then(|| Condition {
        path: "page".to_owned(),
        any_of: table.pages.iter().map(|page| (*page).to_owned()).collect(),
    });
    let projection = Projection {
        inputs: descriptor.inputs.clone(),
        only: Vec::from_iter(only),
        event_time: None,
        range: EventRange::default(),
        cut_by_record_time: false,
        offset: None,
        value: None,
    };
    let options = DecodeOptions {
        batch_rows: table.batch_rows,
        ..options()
    };
    let settings = LaneSettings {
        runs: folder.join("runs"),
        quarantine: folder.join("quarantine"),
        budget_bytes: 1 << 20,
        run_batch_bytes: 1 << 16,
        stop_after_rejected: table.stop_after_rejected,
        commutative: true,
    };
    fs::create_dir(&settings.runs).unwrap();
    fs::create_dir(&settings.quarantine).unwrap();
    Lane::new(
        Decoding::new(projection, &options).unwrap(),
        Window::new(instance, 4),
        StateTable::new(&descriptor).unwrap(),
        settings,
        progress.clone(),
    )
}

/// Feeds a worker that has a lane for each of `tables`, and checkpoints after each split.
fn fold(tables: &[Table], feed: Vec<Feed>) -> Folded {
    let progress = Arc::new(Progress::default());
    let folders: Vec<_> = tables.iter().map(|_| TempDir::new().unwrap()).collect();
    let lanes = tables.iter().zip(&folders);
    let lanes = lanes.map(|(table, folder)| lane(*table, folder.path(), &progress));
    let settings = WorkerSettings {
        checkpoint_interval: Duration::ZERO,
        decode: options(),
        claims: Arc::new(Claims::new(FoldedOffsets::default())),
    };
    let sink = Arc::new(Kept::default());
    let worker = Worker::new(lanes.collect(), settings, sink.clone(), progress.clone());
    let (send, receive) = channel(feed.len());
    for fed in feed {
        send.try_send(fed).unwrap();
    }
    drop(send);
    let result = worker.run(receive);
    let checkpoints = std::mem::take(&mut *sink.0.lock().unwrap());
    Folded {
        result,
        checkpoints,
        progress,
        folders,
    }
}

impl Folded {
    /// What came of the table at this place.
    fn outcome(&self, place: usize, table: Table) -> Outcome {
        let (folder, descriptor) = (self.folders[place].path(), open(table).descriptor().clone());
        let runs = self.checkpoints.iter();
        let plan = MergePlan {
            folder: &folder.join("runs"),
            runs: runs
                .flat_map(|one| one.tables[place].runs.clone())
                .collect(),
            descriptor: &descriptor,
            options: &FoldOptions::default(),
            stack_bytes: 4 << 20,
            cancel: CancellationToken::new(),
        };
        let mut rows = Vec::new();
        merge_rows(plan, &|| Ok(Box::new(open(table))), |batch| {
            let of_batch = (0..batch.num_rows()).map(|row| row_json::row(&batch, row));
            rows.extend(of_batch.map(|row| serde_json::to_string(&row).unwrap()));
            Ok(())
        })
        .unwrap();
        let splits = self.checkpoints.iter().flat_map(|one| &one.splits);
        let files = fs::read_dir(folder.join("quarantine")).unwrap();
        let rejected = files.map(|file| {
            let file = file.unwrap();
            let text = fs::read_to_string(file.path()).unwrap();
            (file.file_name().into_string().unwrap(), text)
        });
        Outcome {
            rows,
            counts: splits
                .map(|one| (one.split, one.tables[place].clone()))
                .collect(),
            rejected: rejected.collect(),
        }
    }

    fn splits(&self) -> Vec<u64> {
        let splits = self.checkpoints.iter().flat_map(|one| &one.splits);
        splits.map(|one| one.split).collect()
    }
}

/// Records of a topic from one offset to another, of ten pages; every fifth amount is no number.
fn records(offsets: std::ops::Range<i64>) -> String {
    let line = |n: i64| {
        let amount = if n % 5 == 4 {
            "\"?\"".to_owned()
        } else {
            n.to_string()
        };
        let page = n % 10;
        format!("{{\"offset\":{n},\"value\":{{\"page\":\"page-{page}\",\"amount\":{amount}}}}}\n")
    };
    offsets.map(line).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// A split of one object, in small pieces.
fn split(number: u64, first_offset: i64, stored: &[u8]) -> Vec<Feed> {
    let object = Object {
        key: format!("{number}.gz"),
        size_bytes: stored.len() as u64,
        etag: String::new(),
        version: None,
        modified_us: 0,
        key_fields: Some(Box::new(KeyFields {
            topic: Some("clicks".to_owned()),
            partition: Some(0),
            offset: Some(first_offset),
            ..KeyFields::default()
        })),
    };
    let pieces = stored.chunks(97);
    let pieces = pieces.map(|piece| Chunk::Bytes(Bytes::copy_from_slice(piece)));
    let chunks = std::iter::once(Chunk::Object(Arc::new(object)))
        .chain(pieces)
        .chain([Chunk::End]);
    let chunks = chunks.map(|chunk| Feed::Piece(Piece::Chunk(chunk)));
    let begin = std::iter::once(Feed::Split(number));
    begin.chain(chunks).chain([Feed::SplitEnd]).collect()
}

/// Three splits, of which two hold some of the same records.
fn feed() -> (Vec<Feed>, u64) {
    let objects = [(0..200), (150..400), (400..500)];
    let stored = objects.map(|offsets| (offsets.start, gzip(&records(offsets))));
    let bytes = stored.iter().map(|(_, stored)| stored.len() as u64).sum();
    let splits = (0..).zip(&stored);
    let feed = splits.flat_map(|(number, (first, stored))| split(number, *first, stored));
    (feed.collect(), bytes)
}

#[test]
fn each_lane_comes_to_what_it_comes_to_alone() {
    let tables = [ALL_PAGES, ONE_PAGE];
    let (both, stored_bytes) = (fold(&tables, feed().0), feed().1);
    both.result.as_ref().unwrap();
    assert_eq!(both.splits(), [0, 1, 2]);
    let mut rejected = 0;
    for (place, table) in tables.into_iter().enumerate() {
        let alone = fold(&[table], feed().0);
        alone.result.as_ref().unwrap();
        let outcome = both.outcome(place, table);
        assert_eq!(outcome, alone.outcome(0, table));
        // Each split has records whose amounts are no numbers, and none of them is of the one page.
        assert_eq!(outcome.rejected.len(), [3, 1][place]);
        let mut counts = Counts::default();
        outcome.counts.values().for_each(|one| counts += one.counts);
        assert_eq!((counts.records, counts.stored_bytes), (550, stored_bytes));
        rejected += outcome
            .counts
            .values()
            .map(SplitCounts::rejected)
            .sum::<u64>();
        let offsets = |folded: &Folded| {
            let checkpoints = folded.checkpoints.iter();
            checkpoints
                .map(|one| one.offsets.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(offsets(&both), offsets(&alone));
    }
    let counts = |place: usize, table| {
        let mut all = SplitCounts::default();
        for one in both.outcome(place, table).counts.values() {
            all.counts += one.counts;
            all.rejected_by_component += one.rejected_by_component;
        }
        let counts = all.counts;
        [
            counts.events,
            counts.rejected,
            counts.not_wanted,
            counts.repeated,
            all.rejected_by_component,
        ]
    };
    // Of 500 records a fifth is no number, and one of the others fails; 50 are held twice.
    assert_eq!(counts(0, ALL_PAGES), [400, 100, 0, 50, 1]);
    assert_eq!(counts(1, ONE_PAGE), [50, 0, 495, 5, 1]);
    // Of the table, as another program would count them.
    let sums = |offsets: &dyn Fn(&i64) -> bool| (0..500).filter(offsets).sum::<i64>();
    let page_1 = both.outcome(1, ONE_PAGE).rows;
    let expected = sums(&|n| n % 10 == 1 && *n != 31);
    assert!(
        page_1.len() == 1 && page_1[0].contains(&format!("\"total\":{expected}")),
        "{page_1:?}"
    );
    assert_eq!(both.outcome(0, ALL_PAGES).rows.len(), 8);
    let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    assert_eq!(
        load(&both.progress.bytes_done),
        stored_bytes,
        "each byte counts once"
    );
    assert_eq!(load(&both.progress.records), 550, "each record counts once");
    assert_eq!(
        load(&both.progress.rejected),
        rejected,
        "each rejection counts"
    );
    assert_eq!(load(&both.progress.splits_done), 3);
}

#[test]
fn an_error_of_one_lane_stops_the_split_for_both() {
    let strict = Table {
        // The record 211 is in the second split.
        fails_on: 211,
        stop_after_rejected: 40,
        ..ONE_PAGE
    };
    let calm = Table {
        // So that none is rejected but by the decoder: forty in the first split.
        fails_on: 999,
        stop_after_rejected: u64::MAX,
        ..ALL_PAGES
    };
    for tables in [[calm, strict], [strict, calm]] {
        let folded = fold(&tables, feed().0);
        let Err(FoldError::TooManyRejected { limit, .. }) = folded.result else {
            panic!("{:?}", folded.result);
        };
        assert_eq!((limit, folded.splits()), (40, vec![0]));
        let [checkpoint] = &folded.checkpoints[..] else {
            panic!("{:?}", folded.checkpoints);
        };
        assert_eq!(checkpoint.tables.len(), 2);
        assert_eq!(checkpoint.splits[0].tables.len(), 2);
        for (place, table) in tables.into_iter().enumerate() {
            let whole = fold(&[table], split(0, 0, &gzip(&records(0..200))));
            let (found, expected) = (folded.outcome(place, table), whole.outcome(0, table));
            assert_eq!((found.rows, found.counts), (expected.rows, expected.counts));
        }
    }
}

#[test]
fn what_cannot_be_inflated_stops_the_split_for_all_lanes() {
    let (whole, mut cut) = (gzip(&records(0..200)), gzip(&records(200..400)));
    cut.truncate(cut.len() - 20);
    let feed = || {
        let splits = [split(0, 0, &whole), split(1, 200, &cut)];
        splits.into_iter().flatten().collect()
    };
    let alone = fold(&[ALL_PAGES], feed());
    let both = fold(&[ALL_PAGES, ONE_PAGE], feed());
    let said = |folded: &Folded| {
        let error = folded.result.as_ref().unwrap_err();
        let source = std::error::Error::source(error).map(ToString::to_string);
        (error.to_string(), source)
    };
    assert_eq!(said(&both), said(&alone));
    assert_eq!(both.splits(), [0]);
}
