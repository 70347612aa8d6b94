//! From splits to checkpoints: a driver delivers, workers fold.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::join_all;
use tokio::sync::mpsc::{Sender, channel};
use tokio_util::sync::CancellationToken;

use super::Context;
use super::thread::{on_thread, stopping, watched};
use crate::decode::{DecodeError, RULES};
use crate::error::{Class, Code, Coded};
use crate::fold::{
    CheckpointSink, Claims, Feed, FoldError, FoldedOffsets, Lane, LaneSettings, StateTable, Worker,
    WorkerSettings,
};
use crate::guest::{Component, GuestError, Window};
use crate::plan::{InputPlan, TablePlan, Task};
use crate::scan::{KeepSchemas, MessageSchemas, Scan, wanted_parts};
use crate::source::{ReplayDriver, SourceError, Split};
use crate::workdir::BuildError;

/// Chunks on their way to a worker: enough that it never waits for a local disk, few enough to not matter.
const CHUNKS_AHEAD: usize = 8;

/// This process cannot do a task: it is not what the task was planned with.
#[derive(Debug, thiserror::Error)]
#[error("the task cannot be done here: {why}")]
pub struct Unfit {
    /// What the task wants, and what this process has.
    pub why: String,
}

impl Coded for Unfit {
    fn code(&self) -> &'static Code {
        &codes::UNFIT
    }
}

/// Splits cannot be folded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FoldStepError {
    /// This process cannot do the task.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The splits that are left cannot be read.
    #[error(transparent)]
    Splits(#[from] BuildError),
    /// The source is not the one that was planned, or cannot be reached.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The decoder cannot give the columns that a component wants.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A call of a component takes too long.
    #[error(transparent)]
    Guest(#[from] GuestError),
    /// A split cannot be read, decoded or folded.
    #[error(transparent)]
    Fold(#[from] FoldError),
}

impl Coded for FoldStepError {
    fn code(&self) -> &'static Code {
        match self {
            FoldStepError::Unfit(error) => error.code(),
            FoldStepError::Splits(error) => error.code(),
            FoldStepError::Source(error) => error.code(),
            FoldStepError::Decode(error) => error.code(),
            FoldStepError::Guest(error) => error.code(),
            FoldStepError::Fold(error) => error.code(),
        }
    }
}

/// The codes of this module.
pub(crate) mod codes {
    use super::*;

    pub(crate) const UNFIT: Code = Code::new(
        508,
        Class::Usage,
        "Give the process the component and the version of backfold that the task was planned with.",
    );

    pub(crate) const ALL: &[&Code] = &[&UNFIT];
}

/// What splits are folded into.
pub struct Folding<'a> {
    /// The input that the splits belong to.
    pub input: &'a InputPlan,
    /// The table.
    pub table: &'a TablePlan,
    /// Its component.
    pub component: &'a Component,
    /// The driver of the input.
    pub driver: &'a dyn ReplayDriver,
    /// The schemas of the messages, where messages have any.
    pub schemas: Option<&'a MessageSchemas>,
    /// The offsets of topics that were folded before, or elsewhere.
    pub folded: FoldedOffsets,
    /// Where files are written to.
    pub folder: &'a FoldFolder,
    /// Where checkpoints are kept.
    pub sink: Arc<dyn CheckpointSink>,
    /// How many rejected records, of all threads together, are too many to go on.
    pub stop_after_rejected: u64,
}

/// The folders that a fold writes to. Both are there.
#[derive(Clone, Debug)]
pub struct FoldFolder {
    /// For runs.
    pub runs: PathBuf,
    /// For rejected records, a file a split.
    pub quarantine: PathBuf,
}

/// Where the results of a fold go.
pub struct FoldOutput {
    /// The folders for files.
    pub folder: FoldFolder,
    /// Where checkpoints are kept.
    pub sink: Arc<dyn CheckpointSink>,
    /// Where the schemas of messages are kept that the task does not have; `None` to ask the registry for them each time.
    pub learned: Option<Box<dyn KeepSchemas>>,
}

/// Folds all splits of a task. When it returns, the checkpoints in [`FoldOutput::sink`] cover them.
///
/// `component` is that of the task's table, of which there must be one. The driver is made of the task's settings.
///
/// # Errors
/// [`FoldStepError::Unfit`] where this process has another component or other rules of decoding than the task was
/// planned with; else those of [`fold_splits`].
pub async fn fold(
    task: Task,
    component: &Component,
    output: FoldOutput,
    stop_after_rejected: u64,
    context: &Context,
) -> Result<(), FoldStepError> {
    check_rules(&task.input)?;
    let [table] = &task.tables[..] else {
        let why = format!(
            "it has {} tables, and one is folded at a time",
            task.tables.len()
        );
        return Err(Unfit { why }.into());
    };
    let Some(driver) = task.input.driver(wanted_parts(&table.descriptor))? else {
        let source = task.input.source.driver_name();
        let why = format!("the plan has no settings for the source `{source}`");
        return Err(Unfit { why }.into());
    };
    let registry = task.input.decode.registry.as_ref();
    let schemas = registry.map(|registry| {
        let known = task.input.schemas.clone();
        MessageSchemas::new(registry, known, output.learned)
    });
    let folding = Folding {
        input: &task.input,
        table,
        component,
        driver: &*driver,
        schemas: schemas.as_ref(),
        folded: task.folded,
        folder: &output.folder,
        sink: output.sink,
        stop_after_rejected,
    };
    let splits = task.splits.len() as u64;
    fold_splits(folding, task.splits.into_iter().map(Ok), splits, context).await?;
    // What was read last may be of a source that was made anew meanwhile.
    driver.verify(&task.input.frozen).await?;
    Ok(driver.close().await?)
}

/// Folds `splits`, of which there are `count`. When it returns, the checkpoints in [`Folding::sink`] cover them.
///
/// Once [`Context::cancel`] fires, no further split is begun, what the workers have by then is checkpointed, and the
/// answer is [`FoldError::Interrupted`].
///
/// # Errors
/// Of several failures the cause. What is checkpointed by then is kept.
pub async fn fold_splits(
    folding: Folding<'_>,
    splits: impl Iterator<Item = Result<Split, BuildError>>,
    count: u64,
    context: &Context,
) -> Result<(), FoldStepError> {
    folding.check_component()?;
    folding.driver.verify(&folding.input.frozen).await?;
    let worker_count = context.options.worker_count();
    let queue = Queue {
        splits: Mutex::new(splits),
        unfinished: AtomicU64::new(count),
        workers: worker_count as u64,
    };
    let claims = Arc::new(Claims::new(folding.folded.clone()));
    let stack_bytes = folding.component.limits().thread_stack_bytes();
    // Fires when one of them fails, so that the others do not go on for nothing.
    let stop = CancellationToken::new();
    let (mut feeders, mut workers) = (Vec::new(), Vec::new());
    for number in 0..worker_count {
        let (send, receive) = channel(CHUNKS_AHEAD);
        let scan = folding.scan()?;
        let open = folding.worker(&scan, claims.clone(), context)?;
        let work = stopping(stop.clone(), move || open()?.run(receive));
        workers.push(on_thread(format!("fold-{number}"), stack_bytes, work)?);
        feeders.push(feed(scan, &queue, send, &context.cancel, stop.clone()));
    }
    let work = async { futures::join!(join_all(feeders), join_all(workers)) };
    let (fed, folded) = watched(folding.component, work).await?;
    let failures = folded.into_iter().filter_map(Result::err);
    let failures = failures.map(FoldStepError::from);
    let failures = failures.chain(fed.into_iter().filter_map(Result::err));
    match cause(failures) {
        Some(error) => Err(folding.explained(error).await),
        None if context.cancel.is_cancelled() => Err(FoldError::Interrupted.into()),
        None => Ok(()),
    }
}

/// Of several failures one that is not an echo of the stop, where there is one.
fn cause(failures: impl Iterator<Item = FoldStepError>) -> Option<FoldStepError> {
    let is_echo = |error: &FoldStepError| error.code().class == Class::Interrupted;
    let (echoes, causes): (Vec<_>, Vec<_>) = failures.partition(is_echo);
    causes.into_iter().chain(echoes).next()
}

/// Checks that this process decodes as the plan wants.
fn check_rules(input: &InputPlan) -> Result<(), Unfit> {
    match input.rules == RULES {
        true => Ok(()),
        false => Err(Unfit {
            why: format!(
                "it was planned with version {} of the rules of decoding, and this backfold has version {RULES}",
                input.rules
            ),
        }),
    }
}

impl Folding<'_> {
    /// Checks that the component is that of the table.
    fn check_component(&self) -> Result<(), Unfit> {
        let (table, component) = (self.table, self.component);
        match table.component.digest == component.digest() {
            true => Ok(()),
            false => Err(Unfit {
                why: format!(
                    "`{}` is the component {}, and table `{}` was planned with {}",
                    component.path().display(),
                    component.digest(),
                    table.table,
                    table.component.digest
                ),
            }),
        }
    }

    /// What reads the splits.
    fn scan(&self) -> Result<Scan<'_>, DecodeError> {
        let projection = self.table.projection(self.input.range);
        Scan::new(self.driver, projection, &self.input.decode, self.schemas)
    }

    /// What opens a worker, on the thread that it works on: a component is called on no other.
    fn worker(
        &self,
        scan: &Scan<'_>,
        claims: Arc<Claims>,
        context: &Context,
    ) -> Result<impl FnOnce() -> Result<Worker, FoldError> + Send + use<>, FoldStepError> {
        let (descriptor, options) = (&self.table.descriptor, &context.options);
        let budget_bytes = options.budget_per_worker_bytes();
        let lane = LaneSettings {
            runs: self.folder.runs.clone(),
            quarantine: self.folder.quarantine.clone(),
            budget_bytes,
            run_batch_bytes: options.run_batch_bytes(),
            stop_after_rejected: self.stop_after_rejected,
            commutative: descriptor.commutative,
        };
        let settings = WorkerSettings {
            checkpoint_interval: options.checkpoint_interval,
            decode: self.input.decode.clone(),
            claims,
        };
        let (component, params) = (self.component.clone(), self.table.component_params());
        let (decoding, states) = (scan.decoding()?, StateTable::new(descriptor)?);
        let (sink, progress) = (self.sink.clone(), context.progress.clone());
        let window_batches = options.window_batches;
        Ok(move || {
            let instance = component.open(&params);
            let instance = instance.map_err(|source| FoldError::Open { source })?;
            let window = Window::new(instance, window_batches).of_at_most(budget_bytes);
            let lane = Lane::new(decoding, window, states, lane, progress.clone());
            Ok(Worker::new(vec![lane], settings, sink, progress))
        })
    }

    /// The cause of a failure: a source that is another one than was planned fails in many ways.
    async fn explained(&self, error: FoldStepError) -> FoldStepError {
        if !matches!(error, FoldStepError::Fold(FoldError::Read { .. })) {
            return error;
        }
        match self.driver.verify(&self.input.frozen).await {
            Err(cause) if cause.code().class == Class::Permanent => cause.into(),
            _ => error,
        }
    }
}

/// The splits that are left, and how many workers share them.
struct Queue<S> {
    splits: Mutex<S>,
    /// Those that were not delivered whole.
    unfinished: AtomicU64,
    workers: u64,
}

impl<S: Iterator> Queue<S> {
    fn next(&self) -> Option<S::Item> {
        let splits = self.splits.lock();
        splits.unwrap_or_else(PoisonError::into_inner).next()
    }

    /// Whether some worker gets no split any more, so that its core may inflate for another.
    fn leaves_cores_idle(&self) -> bool {
        self.unfinished.load(Ordering::Relaxed) < self.workers
    }
}

/// Takes split after split and delivers it to one worker, until there are none, `pause` or `stop` fires, or the worker
/// is gone.
async fn feed<S: Iterator<Item = Result<Split, BuildError>>>(
    scan: Scan<'_>,
    queue: &Queue<S>,
    out: Sender<Feed>,
    pause: &CancellationToken,
    stop: CancellationToken,
) -> Result<(), FoldStepError> {
    while !pause.is_cancelled() && !stop.is_cancelled() {
        let Some(split) = queue.next().transpose()? else {
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
async fn deliver<S: Iterator>(
    scan: &Scan<'_>,
    split: &Split,
    queue: &Queue<S>,
    out: &Sender<Feed>,
    stop: &CancellationToken,
) -> bool {
    if out.send(Feed::Split(split.number)).await.is_err() {
        return false;
    }
    let inflates_ahead = || queue.leaves_cores_idle();
    match scan.deliver(split, out, stop, inflates_ahead).await {
        Ok(true) => out.send(Feed::SplitEnd).await.is_ok(),
        Ok(false) => false,
        Err(error) => {
            let _ = out.send(Feed::Failed(error)).await;
            false
        }
    }
}
