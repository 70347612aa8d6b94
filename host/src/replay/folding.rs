//! From the splits that are left to checkpoints: the driver feeds, the workers fold.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::join_all;
use tokio::sync::mpsc::{Sender, channel};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::schemas::schemas_of_build;
use super::{Error, Replay};
use crate::decode::{Decoding, Projection, Schemas};
use crate::error::Class;
use crate::fold::{
    Claims, Feed, FoldError, Lane, LaneSettings, StateTable, Worker, WorkerSettings, panic_message,
};
use crate::guest::Window;
use crate::scan::{MessageSchemas, Scan, wanted_projection};
use crate::source::Split;
use crate::workdir::{BuildFolder, Journal, Manifest, SplitReader, Standing};

/// Chunks on their way to a worker: enough that it never waits for a local disk, few enough to not matter.
const CHUNKS_AHEAD: usize = 8;

/// Folds all splits of `build` that `standing` does not cover. When it returns, the journal covers them.
///
/// A cancelled replay feeds no further split; what the workers have by then is checkpointed, and the answer
/// is [`FoldError::Interrupted`].
pub(super) async fn fold_splits(
    replay: &Replay<'_>,
    build: &BuildFolder,
    journal: Arc<Journal>,
    standing: &Standing,
) -> Result<(), Error> {
    let manifest = &build.manifest;
    let splits = SplitReader::open(
        &build.splits_file(),
        &manifest.splits_digest,
        standing.covered.clone(),
    )?;
    let schemas = schemas_of_build(replay.job, build)?;
    let worker_count = replay.job.fold.worker_count();
    let queue = Queue {
        splits: Mutex::new(splits),
        unfinished: AtomicU64::new(manifest.frozen.splits - standing.covered.len()),
        workers: worker_count as u64,
    };
    let driver = replay.driver(manifest)?;
    driver.verify(&manifest.frozen).await?;
    let claims = Arc::new(Claims::new(standing.offsets()));
    // Fires when one of them fails, so that the others do not go on for nothing.
    let stop = CancellationToken::new();
    let mut feeders = Vec::new();
    let mut workers = Vec::new();
    for number in 0..worker_count {
        let (send, receive) = channel(CHUNKS_AHEAD);
        let known = schemas.as_ref().map(MessageSchemas::known);
        let open = replay.worker(build, journal.clone(), claims.clone(), known)?;
        workers.push(on_thread(
            format!("fold-{number}"),
            replay.stack_bytes(),
            stopping(stop.clone(), move || open()?.run(receive)),
        )?);
        let decode = &manifest.decode;
        let scan = Scan::new(&*driver, projection(manifest), decode, schemas.as_ref())?;
        feeders.push(feed(scan, &queue, send, &replay.cancel, stop.clone()));
    }
    let work = async { futures::join!(join_all(feeders), join_all(workers)) };
    let (fed, folded) = replay.watched(work).await?;
    let failures = folded.into_iter().filter_map(Result::err).map(Error::from);
    // Of several failures the cause is the one that is not an echo of the stop.
    let failures = failures.chain(fed.into_iter().filter_map(Result::err));
    let (echoes, mut causes): (Vec<_>, Vec<_>) =
        failures.partition(|error| error.code().class == Class::Interrupted);
    match causes.drain(..).chain(echoes).next() {
        // A source that is another one now fails in many ways, of which that is the cause.
        Some(error @ Error::Fold(FoldError::Read { .. })) => {
            match driver.verify(&manifest.frozen).await.map_err(Error::from) {
                Err(cause) if cause.code().class == Class::Permanent => Err(cause),
                _ => Err(error),
            }
        }
        Some(error) => Err(error),
        None if replay.cancel.is_cancelled() => Err(FoldError::Interrupted.into()),
        None => Ok(driver.close().await?),
    }
}

impl Replay<'_> {
    /// Fails where the topics are not those any more that were planned: what was read last may be of others. Also where
    /// all was folded before: the run that did so may have failed by this very check.
    pub(super) async fn verify_topics(&self, build: &BuildFolder) -> Result<(), Error> {
        let manifest = &build.manifest;
        if manifest.frozen.partitions.is_empty() {
            return Ok(());
        }
        let driver = self.driver(manifest)?;
        driver.verify(&manifest.frozen).await?;
        Ok(driver.close().await?)
    }

    /// What opens a worker, on the thread that it works on: a component is called on no other.
    fn worker(
        &self,
        build: &BuildFolder,
        journal: Arc<Journal>,
        claims: Arc<Claims>,
        schemas: Option<Schemas>,
    ) -> Result<impl FnOnce() -> Result<Worker, FoldError> + Send + use<>, Error> {
        let (job, descriptor) = (self.job, &build.manifest.descriptor);
        let lane = LaneSettings {
            runs: build.runs(),
            quarantine: build.quarantine(),
            budget_bytes: job.fold.budget_per_worker_bytes(),
            run_batch_bytes: job.fold.run_batch_bytes(),
            stop_after_rejected: job.quarantine.stop_after,
            commutative: descriptor.commutative,
        };
        let settings = WorkerSettings {
            checkpoint_interval: job.fold.checkpoint_interval,
            decode: build.manifest.decode.clone(),
            claims,
        };
        let decoding = Decoding::new(projection(&build.manifest), &build.manifest.decode)?;
        let (component, params) = (self.component.clone(), job.component_params());
        let (table, window_batches) = (StateTable::new(descriptor)?, job.fold.window_batches);
        let window_bytes = job.fold.budget_per_worker_bytes();
        let progress = self.progress.clone();
        Ok(move || {
            let instance = component.open(&params);
            let instance = instance.map_err(|source| FoldError::Open { source })?;
            let lane = Lane::new(
                decoding.with_schemas(schemas),
                Window::new(instance, window_batches).of_at_most(window_bytes),
                table,
                lane,
                progress.clone(),
            );
            Ok(Worker::new(vec![lane], settings, journal, progress))
        })
    }
}

/// What the component of a build wants of each record.
pub(super) fn projection(manifest: &Manifest) -> Projection {
    wanted_projection(&manifest.descriptor, manifest.range)
}

/// The splits that are left, and how many workers share them.
struct Queue {
    splits: Mutex<SplitReader>,
    /// Those that were not delivered whole.
    unfinished: AtomicU64,
    workers: u64,
}

impl Queue {
    /// Whether some worker gets no split any more, so that its core may inflate for another.
    fn leaves_cores_idle(&self) -> bool {
        self.unfinished.load(Ordering::Relaxed) < self.workers
    }
}

/// Takes split after split and delivers it to one worker, until there are none, `pause` or `stop` fires, or the worker
/// is gone.
async fn feed(
    scan: Scan<'_>,
    queue: &Queue,
    out: Sender<Feed>,
    pause: &CancellationToken,
    stop: CancellationToken,
) -> Result<(), Error> {
    while !pause.is_cancelled() && !stop.is_cancelled() {
        let next = queue
            .splits
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .next();
        let Some(split) = next.transpose()? else {
            break;
        };
        if !deliver(&scan, &split, queue, &out, &stop).await {
            break;
        }
        queue.unfinished.fetch_sub(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Delivers one split to a worker; `false` where no other split is wanted. A failure is the worker's to report, whose
/// own error says more where it has one.
async fn deliver(
    scan: &Scan<'_>,
    split: &Split,
    queue: &Queue,
    out: &Sender<Feed>,
    stop: &CancellationToken,
) -> bool {
    if out.send(Feed::Split(split.number)).await.is_err() {
        return false;
    }
    match scan
        .deliver(split, out, stop, || queue.leaves_cores_idle())
        .await
    {
        Ok(true) => out.send(Feed::SplitEnd).await.is_ok(),
        Ok(false) => false,
        Err(error) => {
            let _ = out.send(Feed::Failed(error)).await;
            false
        }
    }
}

/// `work` that stops the others, however it ends, unless it is done: by an error or by a panic.
fn stopping<T>(
    stop: CancellationToken,
    work: impl FnOnce() -> Result<T, FoldError>,
) -> impl FnOnce() -> Result<T, FoldError> {
    move || {
        let guard = stop.drop_guard();
        let done = work()?;
        guard.disarm();
        Ok(done)
    }
}

/// Runs `work` on a thread of its own, with the stack that a component needs, and awaits it.
pub(super) fn on_thread<T: Send + 'static>(
    name: String,
    stack_bytes: usize,
    work: impl FnOnce() -> Result<T, FoldError> + Send + 'static,
) -> Result<impl Future<Output = Result<T, FoldError>>, FoldError> {
    let (send, receive) = oneshot::channel();
    std::thread::Builder::new()
        .name(name)
        .stack_size(stack_bytes)
        .spawn(move || {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
                .unwrap_or_else(|panic| {
                    Err(FoldError::Panicked {
                        message: panic_message(&*panic),
                    })
                });
            // Where nobody waits any more, nobody wants the result.
            let _ = send.send(result);
        })
        .map_err(FoldError::io("starting", "a thread"))?;
    Ok(async move {
        receive
            .await
            .unwrap_or_else(|_| Err(FoldError::Interrupted))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether work that ends so stops the others, and what came of it.
    async fn end(
        work: impl FnOnce() -> Result<u8, FoldError> + Send + 'static,
    ) -> (bool, Result<u8, FoldError>) {
        let stop = CancellationToken::new();
        let thread = on_thread("ends".into(), 1 << 20, stopping(stop.clone(), work));
        let result = thread.unwrap().await;
        (stop.is_cancelled(), result)
    }

    #[tokio::test]
    async fn a_worker_that_fails_or_panics_stops_the_others() {
        assert!(matches!(end(|| Ok(7)).await, (false, Ok(7))));
        let (stopped, failed) = end(|| Err(FoldError::Interrupted)).await;
        assert!(stopped && matches!(failed, Err(FoldError::Interrupted)));
        let (stopped, panicked) = end(|| panic!("a bug")).await;
        let said = panicked.unwrap_err().to_string();
        assert!(stopped && said.contains("a bug"), "{said}");
    }
}
