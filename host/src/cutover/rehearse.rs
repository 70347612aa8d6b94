//! Rehearsing a swap: swapping, swapping back, and measuring what readers notice.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::CutoverError;
use super::readers::{Phase, Polling, ReadTimes};
use crate::fault_point::before;
use crate::fold::FoldError;
use crate::store::{BackTo, Pointer, StateStore, StoreError, Swap, TableSwap};

/// The reads before the first swap, with which those during the swaps are compared.
const READS_BEFORE: u64 = 200;

/// The most time for them.
const TIME_BEFORE: Duration = Duration::from_secs(5);

/// The most time that is waited for a read of the new table.
const TIME_SHOWN: Duration = Duration::from_secs(2);

/// How often swapping back is tried.
const TRIES: u32 = 5;

/// The pause before it is tried again; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(200);

/// What a rehearsal found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rehearsal {
    /// The public name.
    pub table: String,
    /// The build that was rehearsed with.
    pub build: String,
    /// The build that was live before, and is again.
    pub live: String,
    /// The pointer that showed the new table.
    pub shown: Pointer,
    /// The pointer that holds now.
    pub back: Pointer,
    /// How long readers may have seen the new table, in seconds.
    pub shown_seconds: f64,
    /// The times of reads before the first swap.
    pub before: ReadTimes,
    /// The swap.
    pub swap: SwapTimes,
    /// The swap back.
    pub swap_back: SwapTimes,
}

impl Rehearsal {
    /// How much longer the longest read during one of the swaps took than the median before, in seconds: what readers
    /// would have noticed.
    pub fn noticed_seconds(&self) -> f64 {
        let longest = self
            .swap
            .reads
            .longest_seconds
            .max(self.swap_back.reads.longest_seconds);
        (longest - self.before.median_seconds).max(0.0)
    }
}

/// The times of one swap.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SwapTimes {
    /// How long the call of the store took, in seconds.
    pub seconds: f64,
    /// The reads that ran meanwhile.
    pub reads: ReadTimes,
}

/// Shows build `to` under the public name of a table that shows `live`, and shows the build of `live` again. A reader
/// that polls the public name measures both swaps. Afterwards a rollback goes where it went before.
///
/// `store` must not be cancelled with the command: once the new table is shown, it is swapped back in any case. `cancel` is
/// looked at before that, and shortens the time between the swaps.
///
/// # Errors
/// Before the first swap, those of the store, and nothing has changed then. [`CutoverError::RehearsalOvertaken`] where
/// another process swapped in between: what it did stands. [`CutoverError::RehearsalOpen`] where the new table is still
/// shown.
pub async fn rehearse(
    store: &dyn StateStore,
    live: &Pointer,
    to: &str,
    by: &str,
    cancel: &CancellationToken,
) -> Result<Rehearsal, CutoverError> {
    let (table, by) = (&live.table, Pointer::rehearsed_by(by));
    let mut readers = Polling::start(store.public_reader(table).await?);
    let warmed_up = readers.reads(READS_BEFORE, TIME_BEFORE);
    let warmed_up = cancel.run_until_cancelled(warmed_up).await;
    warmed_up.ok_or(FoldError::Interrupted)?;

    readers.enter(Phase::Swap);
    let there = Swap {
        tables: vec![TableSwap {
            table: table.clone(),
            expected: Some(live.version),
            to: to.to_owned(),
            back_to: BackTo::Shown,
        }],
        by: by.clone(),
    };
    let began = Instant::now();
    let shown = only(store.swap(&there).await?);
    let (swap_time, shown_since) = (began.elapsed(), Instant::now());

    readers.enter(Phase::Shown);
    before("swap a rehearsal back").map_err(|error| still_shown(live, &shown, error))?;
    let one_read = readers.reads(1, TIME_SHOWN);
    let _ = cancel.run_until_cancelled(one_read).await;

    readers.enter(Phase::Back);
    let began = Instant::now();
    let back = swap_back(store, live, &shown, &by).await?;
    let (back_time, shown_time) = (began.elapsed(), shown_since.elapsed());
    readers.enter(Phase::After);
    // The reads that ran during the swap back have ended by then.
    readers.reads(1, TIME_SHOWN).await;
    let times = |time: Duration, phase| SwapTimes {
        seconds: time.as_secs_f64(),
        reads: readers.times(phase),
    };
    Ok(Rehearsal {
        table: table.clone(),
        build: to.to_owned(),
        live: live.build.clone(),
        shown,
        back,
        shown_seconds: shown_time.as_secs_f64(),
        before: readers.times(Phase::Before),
        swap: times(swap_time, Phase::Swap),
        swap_back: times(back_time, Phase::Back),
    })
}

/// Shows the build of `live` again instead of that of `shown`, unless another process moved the pointer.
async fn swap_back(
    store: &dyn StateStore,
    live: &Pointer,
    shown: &Pointer,
    by: &str,
) -> Result<Pointer, CutoverError> {
    let swap = Swap {
        tables: vec![TableSwap {
            table: live.table.clone(),
            expected: Some(shown.version),
            to: live.build.clone(),
            back_to: BackTo::Build(live.previous.clone()),
        }],
        by: by.to_owned(),
    };
    let mut pause = PAUSE;
    for last in (0..TRIES).rev() {
        let error = match store.swap(&swap).await {
            Ok(pointers) => return Ok(only(pointers)),
            Err(error) => error,
        };
        match error {
            StoreError::Conflict {
                found: Some(found), ..
            } => {
                // A try before may have done it although it is said to have failed.
                let is_ours = found.version == shown.version + 1
                    && (found.build.as_str(), found.by.as_str()) == (live.build.as_str(), by);
                return match is_ours {
                    true => Ok(*found),
                    false => Err(CutoverError::RehearsalOvertaken {
                        table: live.table.clone(),
                        build: shown.build.clone(),
                        found,
                    }),
                };
            }
            error if last == 0 => return Err(open(live, shown, error)),
            error => {
                tracing::error!(%error, "`{}` still shows build {} of the rehearsal: trying again", live.table, shown.build);
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }
    unreachable!("the last try returns")
}

/// The error of a rehearsal that is not swapped back.
fn open(live: &Pointer, shown: &Pointer, source: StoreError) -> CutoverError {
    CutoverError::RehearsalOpen {
        table: live.table.clone(),
        build: shown.build.clone(),
        live: live.build.clone(),
        source: Some(Box::new(source)),
    }
}

/// The same for a failure that a test wants.
fn still_shown(live: &Pointer, shown: &Pointer, source: std::io::Error) -> CutoverError {
    let failed = StoreError::Failed {
        doing: "swapping back".to_owned(),
        source: Box::new(source),
    };
    open(live, shown, failed)
}

/// The pointer of the only table of a swap.
fn only(pointers: Vec<Pointer>) -> Pointer {
    let pointer = pointers.into_iter().next();
    pointer.expect("a store gives a pointer for each table")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cutover::fixture::{Fixture, TABLE};
    use crate::cutover::rollback;

    async fn fixture() -> Fixture {
        let fixture = Fixture::new().await;
        for n in 1..=3 {
            fixture.load(n, &[("/a", n.into())]).await;
        }
        fixture.live(1).await;
        fixture.live(2).await;
        fixture
    }

    async fn pointer(fixture: &Fixture) -> Pointer {
        fixture.store.live(TABLE).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn nothing_is_left_of_a_rehearsal_but_two_pointers() {
        let fixture = fixture().await;
        let (live, cancel) = (pointer(&fixture).await, CancellationToken::new());
        let rehearsal = rehearse(&fixture.store, &live, "01K3", "me", &cancel)
            .await
            .unwrap();
        assert_eq!((rehearsal.shown.version, rehearsal.back.version), (3, 4));
        assert_eq!(rehearsal.back, pointer(&fixture).await);
        assert_eq!(
            (&rehearsal.back.build, &rehearsal.back.previous),
            (&live.build, &live.previous)
        );
        for pointer in [&rehearsal.shown, &rehearsal.back] {
            assert_eq!(pointer.by, "me (rehearsal)");
        }
        assert!(rehearsal.before.reads >= 100 && rehearsal.before.failed == 0);
        for swap in [&rehearsal.swap, &rehearsal.swap_back] {
            assert!(swap.reads.failed == 0 && swap.seconds > 0.0);
        }
        assert!(rehearsal.shown_seconds > 0.0 && rehearsal.noticed_seconds() >= 0.0);
        let back = rollback(&fixture.store, &[TABLE], "me").await.unwrap();
        assert_eq!(back[0].build, "01K1", "as before the rehearsal");
    }

    #[tokio::test]
    async fn what_another_process_swaps_in_stands() {
        let fixture = fixture().await;
        let live = pointer(&fixture).await;
        let by = Pointer::rehearsed_by("me");
        let to = |build: &str, expected| Swap {
            tables: vec![TableSwap {
                table: TABLE.to_owned(),
                expected: Some(expected),
                to: build.to_owned(),
                back_to: BackTo::Shown,
            }],
            by: by.clone(),
        };
        let shown = only(fixture.store.swap(&to("01K3", 2)).await.unwrap());
        let other = only(fixture.store.swap(&to("01K1", 3)).await.unwrap());
        let overtaken = swap_back(&fixture.store, &live, &shown, &by).await;
        insta::assert_snapshot!(overtaken.unwrap_err(), @"the rehearsal of build 01K3 is not swapped back: me (rehearsal) made `clicks` show build 01K1, version 4, meanwhile, and that stands");
        assert_eq!(pointer(&fixture).await, other);
    }

    #[tokio::test]
    async fn a_swap_back_that_was_done_though_its_answer_was_lost_is_found() {
        let fixture = fixture().await;
        let live = pointer(&fixture).await;
        let by = Pointer::rehearsed_by("me");
        let there = vec![TableSwap {
            table: TABLE.to_owned(),
            expected: Some(2),
            to: "01K3".to_owned(),
            back_to: BackTo::Shown,
        }];
        let swap = Swap {
            tables: there,
            by: by.clone(),
        };
        let shown = only(fixture.store.swap(&swap).await.unwrap());
        let back = swap_back(&fixture.store, &live, &shown, &by).await.unwrap();
        assert_eq!(
            swap_back(&fixture.store, &live, &shown, &by).await.unwrap(),
            back
        );
    }

    #[tokio::test]
    async fn a_cancelled_rehearsal_shows_nothing() {
        let fixture = fixture().await;
        let (live, cancel) = (pointer(&fixture).await, CancellationToken::new());
        cancel.cancel();
        let error = rehearse(&fixture.store, &live, "01K3", "me", &cancel).await;
        assert!(matches!(
            error,
            Err(CutoverError::Sort(FoldError::Interrupted))
        ));
        assert_eq!(pointer(&fixture).await, live);
    }
}
