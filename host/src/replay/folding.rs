//! From the splits that are left to checkpoints: the driver feeds, the workers fold.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::join_all;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

use super::row_groups::{Failure, Part, RowGroups};
use super::schemas::MessageSchemas;
use super::{Error, Replay};
use crate::decode::{DecodeOptions, Decoding, Inflating, Projection, RowGroup, Schemas};
use crate::error::Class;
use crate::fold::{Claims, Feed, FoldError, StateTable, Worker, WorkerSettings};
use crate::guest::Window;
use crate::progress::Progress;
use crate::schema::{Descriptor, Origin};
use crate::source::{Chunk, EventRange, Parts, ReplayDriver, Split};
pub(super) use crate::steps::on_thread;
use crate::steps::stopping;
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
    let schemas = MessageSchemas::of_build(replay.job, build)?;
    let worker_count = replay.job.fold.worker_count();
    let queue = Queue {
        splits: Mutex::new(splits),
        unfinished: AtomicU64::new(manifest.frozen.splits - standing.covered.len()),
        workers: worker_count as u64,
        decode: &manifest.decode,
        schemas: schemas.as_ref(),
        progress: &replay.progress,
    };
    let driver = replay.driver(manifest)?;
    driver.verify(&manifest.frozen).await?;
    let claims = Claims::new(standing.offsets(), manifest.descriptor.commutative);
    let claims = Arc::new(claims);
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
        let row_groups = RowGroups::new(projection(manifest), &manifest.decode)?;
        let feeder = feed(
            &*driver,
            &queue,
            row_groups,
            send,
            &replay.cancel,
            stop.clone(),
        );
        feeders.push(feeder);
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
        let settings = WorkerSettings {
            runs: build.runs(),
            quarantine: build.quarantine(),
            budget_bytes: job.fold.budget_per_worker_bytes(),
            run_batch_bytes: job.fold.run_batch_bytes(),
            checkpoint_interval: job.fold.checkpoint_interval,
            stop_after_rejected: job.quarantine.stop_after,
            commutative: descriptor.commutative,
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
            Ok(Worker::new(
                decoding.with_schemas(schemas),
                Window::new(instance, window_batches).of_at_most(window_bytes),
                table,
                settings,
                journal,
                progress,
            ))
        })
    }
}

/// What the component of a build wants of each record.
pub(super) fn projection(manifest: &Manifest) -> Projection {
    projection_of(&manifest.descriptor, manifest.range)
}

/// What a component wants of each record beside its value.
pub(super) fn parts_of(descriptor: &Descriptor) -> Parts {
    let mut origins = descriptor.inputs.iter().map(|input| &input.origin);
    Parts {
        keys: origins.clone().any(|origin| *origin == Origin::RecordKey),
        headers: origins.any(|origin| matches!(origin, Origin::RecordHeader(_))),
    }
}

/// What a component wants of each record within `range`.
pub(super) fn projection_of(descriptor: &Descriptor, range: EventRange) -> Projection {
    let event_time = descriptor.event_time.as_ref();
    Projection {
        inputs: descriptor.inputs.clone(),
        only: descriptor.only.clone(),
        event_time: event_time.and_then(|name| {
            let mut inputs = descriptor.inputs.iter();
            inputs.position(|input| input.name == *name)
        }),
        range,
        // Who names no event time has a range of a log, or none.
        cut_by_record_time: event_time.is_none(),
        offset: None,
        value: None,
    }
}

/// The splits that are left, and how many workers share them.
struct Queue<'a> {
    splits: Mutex<SplitReader>,
    /// Those that were not delivered whole.
    unfinished: AtomicU64,
    workers: u64,
    decode: &'a DecodeOptions,
    schemas: Option<&'a MessageSchemas>,
    progress: &'a Progress,
}

impl Queue<'_> {
    /// Whether some worker gets no split any more, so that its core may inflate for another.
    fn leaves_cores_idle(&self) -> bool {
        self.unfinished.load(Ordering::Relaxed) < self.workers
    }
}

/// Takes split after split and delivers it to one worker, until there are none, somebody asks to `pause`, or
/// `stop` fires.
async fn feed(
    driver: &dyn ReplayDriver,
    queue: &Queue<'_>,
    row_groups: RowGroups,
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
        let delivered = deliver(driver, &split, queue, &row_groups, &out, &stop).await;
        // The others need not go on for nothing; the worker ends with its chunks.
        if !delivered.inspect_err(|_| stop.cancel())? {
            break;
        }
        queue.unfinished.fetch_sub(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Delivers one split; says whether another one is wanted.
///
/// # Errors
/// Where the schemas of its messages are not to be had. Whatever else goes wrong is the worker's to tell.
async fn deliver(
    driver: &dyn ReplayDriver,
    split: &Split,
    queue: &Queue<'_>,
    row_groups: &RowGroups,
    out: &Sender<Feed>,
    stop: &CancellationToken,
) -> Result<bool, Error> {
    if out.send(Feed::Split(split.number)).await.is_err() {
        return Ok(false);
    }
    let delivered = async {
        for part in row_groups.parts(driver, split, stop).await? {
            let give = async |group: RowGroup| {
                let unread = group.unread_bytes();
                queue
                    .progress
                    .bytes_done
                    .fetch_add(unread, Ordering::Relaxed);
                out.send(Feed::RowGroup(group)).await.is_ok()
            };
            let is_wanted = match part {
                Part::Stream(split) => stream(driver, &split, queue, out, stop).await?,
                Part::Parquet(object) => row_groups.read(driver, object, stop, give).await?,
            };
            if !is_wanted {
                return Ok(false);
            }
        }
        Ok(true)
    };
    // Where the worker is gone, its own error says more.
    Ok(match delivered.await {
        Ok(true) => out.send(Feed::SplitEnd).await.is_ok(),
        Ok(false) => false,
        Err(Failure::Read(error)) => {
            let _ = out.send(Feed::Failed(error)).await;
            false
        }
        Err(Failure::Decode(error)) => {
            let _ = out.send(Feed::Damaged(error)).await;
            false
        }
        Err(Failure::Schemas(error)) => return Err(*error),
    })
}

/// Delivers what comes as a stream; says whether the worker still listens.
async fn stream(
    driver: &dyn ReplayDriver,
    split: &Split,
    queue: &Queue<'_>,
    out: &Sender<Feed>,
    stop: &CancellationToken,
) -> Result<bool, Failure> {
    let (send, receive) = channel(1);
    let forwarded = async {
        // Messages are not compressed as objects are.
        if queue.schemas.is_none() && queue.leaves_cores_idle() {
            Ok(forward_inflated(receive, out, queue.decode).await)
        } else {
            forward(receive, out, queue.schemas).await
        }
    };
    let (delivered, listening) =
        futures::join!(driver.replay(split, send, stop.clone()), forwarded);
    let listening = listening.map_err(|error| Failure::Schemas(Box::new(error)))?;
    if listening {
        delivered?;
    }
    Ok(listening)
}

/// Passes the chunks of a split on, each once the schemas of its messages are known; says whether the worker still
/// listens. It ends with the driver, or lets go of it when the worker is gone.
async fn forward(
    mut chunks: Receiver<Chunk>,
    out: &Sender<Feed>,
    schemas: Option<&MessageSchemas>,
) -> Result<bool, Error> {
    while let Some(chunk) = chunks.recv().await {
        if let Some(schemas) = schemas {
            schemas.learn(&chunk).await?;
        }
        if out.send(Feed::Chunk(chunk)).await.is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// As [`forward`], but inflates the chunks, on a thread that is not the worker's.
async fn forward_inflated(
    mut chunks: Receiver<Chunk>,
    out: &Sender<Feed>,
    options: &DecodeOptions,
) -> bool {
    let (out, mut inflating) = (out.clone(), Inflating::new(options));
    let inflated = tokio::task::spawn_blocking(move || {
        let give = |inflated| out.blocking_send(Feed::Inflated(inflated)).is_ok();
        while let Some(chunk) = chunks.blocking_recv() {
            match inflating.push(chunk, give) {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    let _ = out.blocking_send(Feed::Damaged(error));
                    return false;
                }
            }
        }
        true
    });
    match inflated.await {
        Ok(listening) => listening,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => false,
        },
    }
}
