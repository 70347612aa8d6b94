//! Readers under fire: eight readers, each with a connection of its own, while a table is swapped and rolled back 200 times.
//! Each of their reads finds one build, whole, and none that was replaced before it began.
//!
//! `BACKFOLD_TEST_READS` is the number of reads of each store, 100,000 if it is not set.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use backfold::schema::Kind;
use backfold::store::{BackTo, BuildInfo, StateStore, Swap, TableColumns, TableSwap};
use backfold_tests::postgres::Release;

use super::library::{build, column, open};
use super::target::Target;
use readers::Reader;

mod readers;

const TABLE: &str = "under_fire";
const READERS: usize = 8;
const SWAPS: usize = 200;

/// The rows of each build: its number is its place here.
const ROWS: [i64; 4] = [12, 40, 3, 25];

/// What readers find in a build's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    /// The number of its build.
    build: i64,
    /// How many rows that build has.
    rows: i64,
}

/// The state of the fire.
struct Fire {
    /// The builds that the versions from 1 on show, each by its number.
    shown: Vec<usize>,
    /// The version that a swap began to show last, and the one that it showed last.
    begun: AtomicUsize,
    done: AtomicUsize,
    /// How many reads there are to be, and how many there were.
    wanted: usize,
    reads: AtomicUsize,
    /// Whether a reader has failed, so that no swap waits for it.
    failed: AtomicBool,
}

/// Tells that a reader fails.
struct Watch<'a>(&'a AtomicBool);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}

impl Fire {
    fn new(wanted: usize) -> Self {
        let mut shown = vec![0];
        for swap in 1..=SWAPS {
            let live = shown[shown.len() - 1];
            shown.push(match swap % 3 {
                // Back to the build before.
                0 => shown[shown.len() - 2],
                _ => (live + 1) % ROWS.len(),
            });
        }
        Fire {
            shown,
            begun: AtomicUsize::new(1),
            done: AtomicUsize::new(1),
            wanted,
            reads: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
        }
    }

    /// Reads until there were enough reads and all swaps are done. Readers get ahead of the swaps by a few of them at most.
    ///
    /// Gives back the time of each read.
    fn read(&self, mut reader: Box<dyn Reader>) -> Vec<Duration> {
        let _watch = Watch(&self.failed);
        let mut times = Vec::new();
        loop {
            let done = || self.done.load(Ordering::Acquire);
            let reads = self.reads.load(Ordering::Acquire);
            if reads >= self.wanted && done() > SWAPS {
                return times;
            }
            if reads > self.wanted / SWAPS * (done() + 2) && !self.failed.load(Ordering::Acquire) {
                thread::sleep(Duration::from_micros(200));
                continue;
            }
            let began = Instant::now();
            let (rows, oldest) = reader.read(&done);
            times.push(began.elapsed());
            let newest = self.begun.load(Ordering::Acquire);
            self.check(&rows, oldest, newest);
            self.reads.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Checks that these are all rows of one build, which is one of those that these versions show.
    fn check(&self, rows: &[Row], oldest: usize, newest: usize) {
        let first = rows.first().expect("there is always something to read");
        assert!(rows.iter().all(|row| row == first), "torn: {rows:?}");
        assert_eq!(rows.len() as i64, first.rows, "not whole: {rows:?}");
        let shown = &self.shown[oldest - 1..newest];
        let build = usize::try_from(first.build).unwrap();
        assert!(
            shown.contains(&build) && ROWS[build] == first.rows,
            "{first:?} is not one of {shown:?}"
        );
    }

    /// Swaps from version 1 to the last, one after another, spread over the reads. Gives back the time of each swap.
    async fn swap(&self, store: &dyn StateStore) -> Vec<Duration> {
        let mut times = Vec::new();
        for version in 1..=SWAPS {
            while self.reads.load(Ordering::Acquire) < self.wanted / SWAPS * version {
                assert!(!self.failed.load(Ordering::Acquire), "a reader has failed");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            self.begun.store(version + 1, Ordering::Release);
            let began = Instant::now();
            show(store, Some(version as u64), self.shown[version]).await;
            times.push(began.elapsed());
            self.done.store(version + 1, Ordering::Release);
        }
        times
    }
}

fn info(number: usize) -> BuildInfo {
    BuildInfo {
        table: TABLE.to_owned(),
        build: format!("01K0FIRE{number:018}"),
        manifest_digest: format!("m{number}"),
    }
}

async fn show(store: &dyn StateStore, expected: Option<u64>, number: usize) {
    let table = TableSwap {
        table: TABLE.to_owned(),
        expected,
        to: info(number).build,
        back_to: BackTo::Shown,
    };
    let swap = Swap {
        tables: vec![table],
        by: "tests".to_owned(),
    };
    let shown = store.swap(&swap).await.unwrap();
    assert_eq!(shown[0].version, expected.unwrap_or(0) + 1);
}

/// The columns of the table. All rows have the same `part`.
fn columns() -> TableColumns {
    TableColumns {
        keys: vec![column("part", Kind::Utf8), column("row", Kind::Int64)],
        values: vec![column("build", Kind::Int64), column("rows", Kind::Int64)],
    }
}

fn rows(number: usize) -> RecordBatch {
    let count = ROWS[number];
    let numbers = |value: i64| Arc::new(Int64Array::from(vec![value; count as usize])) as ArrayRef;
    let parts = StringArray::from(vec!["all"; count as usize]);
    let columns_of = vec![
        Arc::new(parts) as ArrayRef,
        Arc::new(Int64Array::from_iter_values(0..count)),
        numbers(number as i64),
        numbers(count),
    ];
    RecordBatch::try_new(columns().schema(), columns_of).unwrap()
}

fn wanted() -> usize {
    let set = env::var("BACKFOLD_TEST_READS").ok();
    set.map_or(100_000, |number| {
        number.parse().expect("BACKFOLD_TEST_READS is a number")
    })
}

fn fire(target: &Target) {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let store = runtime.block_on(async {
        let store = open(target, folder.path()).await;
        for number in 0..ROWS.len() {
            build(&*store, &info(number), &columns(), rows(number)).await;
        }
        show(&*store, None, 0).await;
        store
    });
    let fire = Fire::new(wanted());
    let began = Instant::now();
    let (swap_times, read_times) = thread::scope(|scope| {
        let start = |number| {
            let fire = &fire;
            let reader = readers::of(target, folder.path(), number);
            scope.spawn(move || fire.read(reader))
        };
        let readers: Vec<_> = (0..READERS).map(start).collect();
        let swaps = runtime.block_on(fire.swap(&*store));
        let reads = readers
            .into_iter()
            .flat_map(|reader| reader.join().unwrap());
        (swaps, reads.collect::<Vec<_>>())
    });
    let reads = fire.reads.into_inner();
    assert!(reads >= fire.wanted, "{reads} reads");
    let live = runtime.block_on(store.history(TABLE)).unwrap();
    let shown: Vec<_> = live.iter().map(|pointer| pointer.build.clone()).collect();
    let expected: Vec<_> = fire
        .shown
        .iter()
        .map(|number| info(*number).build)
        .collect();
    assert_eq!(shown, expected);
    println!(
        "{}: {reads} reads ({}) and {SWAPS} swaps ({}) in {:.1?}",
        target.name(),
        median_and_worst(read_times),
        median_and_worst(swap_times),
        began.elapsed()
    );
}

fn median_and_worst(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    format!("median {median:.1?}, worst {worst:.1?}")
}

#[test]
fn readers_of_sqlite_see_one_build_whole() {
    fire(&Target::Sqlite);
}

#[test]
fn readers_of_postgres_see_one_build_whole() {
    fire(&Target::postgres(Release::Packaged));
}

#[test]
fn readers_of_newer_postgres_see_one_build_whole() {
    fire(&Target::postgres(Release::Newer));
}

#[test]
fn readers_of_dynamodb_see_one_build_whole() {
    fire(&Target::dynamodb());
}
