//! Tests that a driver keeps the contract of [`ReplayDriver`], sentence by sentence.
//!
//! A test implements [`Fixture`] over a real source and calls [`all`]:
//! ```
//! # use backfold::source::{ReplayDriver, conformance::{self, Damage, Fixture}, memory::MemoryDriver};
//! struct Archive(MemoryDriver);
//!
//! #[async_trait::async_trait]
//! impl Fixture for Archive {
//!     async fn driver(&self) -> Box<dyn ReplayDriver> {
//!         Box::new(self.0.clone())
//!     }
//!     async fn put(&mut self, key: &str, content: &[u8]) {
//!         self.0.put(key, content.to_vec());
//!     }
//!     async fn damage(&mut self, key: &str, damage: Damage) -> bool {
//!         match damage {
//!             Damage::Changed | Damage::Truncated => self.0.put(key, "damaged"),
//!             Damage::Removed => self.0.remove(key),
//!         }
//!         true
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! conformance::all(async || Archive(MemoryDriver::new(conformance::SPLIT_SIZE))).await;
//! # }
//! ```
//! Every function panics if the driver breaks the contract, as assertions do.

use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::source::{Frozen, ReplayDriver, SourceError, Split, SplitInput};
use crate::units::ByteSize;

mod collect;
mod ranges;

use collect::collect;
pub use ranges::ranges_are_exact;

/// The size of the splits of a fixture's driver, so small that there are several.
pub const SPLIT_SIZE: ByteSize = ByteSize::kib(4);

/// The time that "soon" allows on a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// An input that a test may write to and damage, and the driver over it.
#[async_trait]
pub trait Fixture: Send {
    /// A driver over all records put so far, which cuts them into splits of about [`SPLIT_SIZE`].
    async fn driver(&self) -> Box<dyn ReplayDriver>;

    /// Puts an object under a key; for a log, appends a message with that key and that value.
    async fn put(&mut self, key: &str, content: &[u8]);

    /// Damages an object; `false` if this damage is not possible in the source.
    async fn damage(&mut self, key: &str, damage: Damage) -> bool;

    /// The size of the largest object or message to try, in bytes.
    fn largest_bytes(&self) -> usize {
        3 << 20
    }
}

/// A damage of an object after the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It has other content of the same length.
    Changed,
    /// Its second half is gone.
    Truncated,
    /// It is gone.
    Removed,
}

/// A record as the suite compares it: the key and the content of an object or of a message.
pub type Record = (String, Vec<u8>);

/// Runs the whole suite, each part on a fresh fixture.
pub async fn all<F: Fixture>(fresh: impl AsyncFn() -> F) {
    an_empty_input_has_no_plan(fresh().await).await;
    plans_are_numbered_and_repeatable(fresh().await).await;
    a_plan_stops_when_its_receiver_is_gone(fresh().await).await;
    all_that_was_put_is_delivered_again_and_again(fresh().await).await;
    splits_are_delivered_side_by_side(fresh().await).await;
    cancellation_ends_a_replay(fresh().await).await;
    ranges_are_exact(fresh().await).await;
    for damage in [Damage::Changed, Damage::Truncated, Damage::Removed] {
        damage_is_found(fresh().await, damage).await;
    }
}

/// An empty input is an error, not an empty plan.
pub async fn an_empty_input_has_no_plan<F: Fixture>(fixture: F) {
    let (splits, mut received) = mpsc::channel(1);
    let driver = fixture.driver().await;
    let planned = driver.plan(splits).await;
    assert!(planned.is_err(), "an empty input was planned: {planned:?}");
    assert!(received.recv().await.is_none(), "a split of an empty input");
}

/// Splits are numbered from 0 and agree with the totals of the plan; the same input gives the same plan twice.
pub async fn plans_are_numbered_and_repeatable<F: Fixture>(mut fixture: F) {
    let records = fill(&mut fixture).await;
    let driver = fixture.driver().await;
    assert!(!driver.name().is_empty(), "the driver has no name");
    let (splits, frozen) = plan(driver.as_ref()).await;
    assert!(
        splits.len() > 3,
        "only {} splits: does the driver heed SPLIT_SIZE?",
        splits.len()
    );
    for (number, split) in splits.iter().enumerate() {
        assert_eq!(
            split.number, number as u64,
            "splits are numbered from 0, in order"
        );
    }
    assert_eq!(
        frozen.splits,
        splits.len() as u64,
        "splits announced and sent"
    );
    assert_eq!(
        frozen.size_bytes,
        splits.iter().map(|split| split.size_bytes).sum::<u64>(),
        "bytes"
    );
    assert!(
        !frozen.handoff.positions.is_empty(),
        "no position to go on from"
    );
    let keys: Vec<&str> = splits.iter().flat_map(keys).collect();
    assert!(
        keys.is_sorted_by(|left, right| left < right),
        "keys rise as bytes: {keys:?}"
    );
    if !keys.is_empty() {
        assert_eq!(keys.len(), records.len(), "an object a key");
    }
    assert_eq!(
        frozen.objects,
        keys.len() as u64,
        "objects announced and sent"
    );

    let again = fixture.driver().await;
    assert_eq!(
        plan(again.as_ref()).await,
        (splits, frozen),
        "the same input, planned twice"
    );
    driver.close().await.expect("closed");
}

/// A plan waits for its receiver, and ends with [`SourceError::Cancelled`] once that is gone.
pub async fn a_plan_stops_when_its_receiver_is_gone<F: Fixture>(mut fixture: F) {
    fill(&mut fixture).await;
    let driver = fixture.driver().await;
    let (splits, mut received) = mpsc::channel(1);
    let leave = async {
        received.recv().await.expect("a first split");
        drop(received);
    };
    let (planned, ()) = soon(async { tokio::join!(driver.plan(splits), leave) }).await;
    assert!(
        matches!(planned, Err(SourceError::Cancelled)),
        "nobody received the plan: {planned:?}"
    );
}

/// The records put are delivered, whole and well-formed, and the same a second time and by a second driver.
pub async fn all_that_was_put_is_delivered_again_and_again<F: Fixture>(mut fixture: F) {
    let put = fill(&mut fixture).await;
    let driver = fixture.driver().await;
    let (splits, _) = plan(driver.as_ref()).await;
    let mut delivered = Vec::new();
    for split in &splits {
        let first = deliver(driver.as_ref(), split).await.expect("delivered");
        let second = deliver(driver.as_ref(), split)
            .await
            .expect("delivered again");
        assert!(
            first == second,
            "split {} delivered twice, differently",
            split.number
        );
        let other = deliver(fixture.driver().await.as_ref(), split)
            .await
            .expect("delivered by another");
        assert!(
            first == other,
            "split {} delivered by two drivers, differently",
            split.number
        );
        delivered.extend(first);
    }
    assert_same(delivered, put);
}

/// All splits at the same time deliver the same records as one after the other.
pub async fn splits_are_delivered_side_by_side<F: Fixture>(mut fixture: F) {
    let put = fill(&mut fixture).await;
    let driver = fixture.driver().await;
    let (splits, _) = plan(driver.as_ref()).await;
    let all = join_all(splits.iter().map(|split| deliver(driver.as_ref(), split))).await;
    assert_same(
        all.into_iter()
            .flat_map(|records| records.expect("delivered"))
            .collect(),
        put,
    );
}

/// A replay ends soon, with [`SourceError::Cancelled`], when it is cancelled before or while it waits for
/// room, and when its receiver goes away.
pub async fn cancellation_ends_a_replay<F: Fixture>(mut fixture: F) {
    fill(&mut fixture).await;
    let driver = fixture.driver().await;
    let (splits, _) = plan(driver.as_ref()).await;
    for split in &splits {
        let (out, _received) = mpsc::channel(1);
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        let ended = soon(driver.replay(split, out, cancelled)).await;
        assert!(
            matches!(ended, Err(SourceError::Cancelled)),
            "cancelled before it began: {ended:?}"
        );

        let (out, _received) = mpsc::channel(1);
        let _no_room = out.clone().reserve_owned().await.expect("open");
        let cancel = CancellationToken::new();
        let fire = async {
            // Gives the replay time to reach the point where it waits.
            tokio::task::yield_now().await;
            cancel.cancel();
        };
        let (ended, ()) =
            soon(async { tokio::join!(driver.replay(split, out, cancel.clone()), fire) }).await;
        assert!(
            matches!(ended, Err(SourceError::Cancelled)),
            "cancelled while waiting: {ended:?}"
        );

        let (out, received) = mpsc::channel(1);
        let _no_room = out.clone().reserve_owned().await.expect("open");
        let leave = async {
            tokio::task::yield_now().await;
            drop(received);
        };
        let (ended, ()) = soon(async {
            tokio::join!(driver.replay(split, out, CancellationToken::new()), leave)
        })
        .await;
        assert!(
            matches!(ended, Err(SourceError::Cancelled)),
            "the receiver is gone: {ended:?}"
        );
    }
}

/// An object other than the planned one fails its split, by name, and is never declared complete; other
/// splits are not affected.
pub async fn damage_is_found<F: Fixture>(mut fixture: F, damage: Damage) {
    let put = fill(&mut fixture).await;
    let driver = fixture.driver().await;
    let (splits, _) = plan(driver.as_ref()).await;
    let (damaged, _) = put
        .iter()
        .find(|(_, content)| content.len() > 4096)
        .expect("a large one");
    if !fixture.damage(damaged, damage).await {
        return;
    }
    for split in &splits {
        let delivered = deliver(driver.as_ref(), split).await;
        if !keys(split).any(|key| key == damaged) {
            assert!(
                delivered.is_ok(),
                "{damage:?} `{damaged}`, but split {} failed: {delivered:?}",
                split.number
            );
            continue;
        }
        let error = delivered.expect_err("a damaged object was delivered");
        assert!(
            !matches!(error, SourceError::Cancelled),
            "{damage:?}: {error:?}"
        );
        assert!(
            error.to_string().contains(damaged),
            "{damage:?} `{damaged}` is not named: {error}"
        );
    }
    ranges::damage_is_found_in_ranges(driver.as_ref(), &splits, damaged, damage).await;
}

/// Plans all of a driver's input.
pub async fn plan(driver: &dyn ReplayDriver) -> (Vec<Split>, Frozen) {
    let (splits, mut received) = mpsc::channel(1);
    let receive = async {
        let mut all = Vec::new();
        while let Some(split) = received.recv().await {
            all.push(split);
        }
        all
    };
    let (frozen, all) = soon(async { tokio::join!(driver.plan(splits), receive) }).await;
    (all, frozen.expect("planned"))
}

/// Delivers a split, and checks that its chunks are well-formed and are those of the split.
///
/// # Errors
/// The error of the driver.
pub async fn deliver(driver: &dyn ReplayDriver, split: &Split) -> Result<Vec<Record>, SourceError> {
    let (out, received) = mpsc::channel(2);
    let replay = driver.replay(split, out, CancellationToken::new());
    let (ended, records) = soon(async { tokio::join!(replay, collect(split, received)) }).await;
    ended?;
    if let SplitInput::Objects(objects) = &split.input {
        assert_eq!(
            records.len(),
            objects.len(),
            "`Ok`, but not all objects of split {}",
            split.number
        );
    }
    Ok(records)
}

/// Puts records with keys and sizes that a driver may easily get wrong.
async fn fill<F: Fixture>(fixture: &mut F) -> Vec<Record> {
    let largest = fixture.largest_bytes();
    let put: Vec<Record> = [
        // Not in order; and `/` sorts after `.` and before `0`.
        ("b/2026/01/02/03/clicks.gz", 5_000),
        ("a/c.json", 4096),
        ("a.txt", 1),
        ("a0", 4095),
        ("a/b", 4097),
        ("a/b.d/e", 1000),
        ("a-b/c", 1000),
        ("größe/λ 1.json", 1000),
        ("with space", 0),
        ("large", largest),
        ("zzz", 2000),
    ]
    .into_iter()
    .enumerate()
    .map(|(seed, (key, length))| (key.to_owned(), content(seed, length)))
    .collect();
    for (key, content) in &put {
        fixture.put(key, content).await;
    }
    put
}

/// Bytes that differ from object to object and from place to place.
pub(super) fn content(seed: usize, length: usize) -> Vec<u8> {
    // No piece that a driver may read is a multiple of this prime.
    const PERIOD: usize = 4099;
    let mut state = seed as u64 + 1;
    let block: Vec<u8> = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(PERIOD)
    .collect();
    let mut content = block.repeat(length.div_ceil(PERIOD));
    content.truncate(length);
    content
}

/// The keys of a split's objects.
fn keys(split: &Split) -> impl Iterator<Item = &str> {
    let objects = match &split.input {
        SplitInput::Objects(objects) => objects.as_slice(),
        SplitInput::Offsets { .. } => &[],
    };
    objects.iter().map(|object| object.key.as_str())
}

/// Compares records whatever their order, without printing megabytes.
fn assert_same(mut delivered: Vec<Record>, mut put: Vec<Record>) {
    delivered.sort_unstable();
    put.sort_unstable();
    let names = |records: &[Record]| {
        records
            .iter()
            .map(|(key, content)| (key.clone(), content.len()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&delivered),
        names(&put),
        "keys and lengths delivered and put"
    );
    assert!(delivered == put, "the content differs from what was put");
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, work)
        .await
        .expect("the driver hangs")
}
