//! `backfold test`: a small file folded in memory, to see the table that a component makes of it, and for a user's own
//! tests.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

use super::Error;
use super::schemas::schemas_of_job;
use crate::decode::{Counts, DecodeOptions, Events, Position, Presence, PresenceReport, Rejected};
use crate::fold::{FoldOptions, StateTable, drain, sorted_rows};
use crate::guest::{Cache, Component, Failure, Limits, Refused, Window};
use crate::job::Job;
use crate::progress::Progress;
use crate::row_json::{self, Row};
use crate::scan::{Scan, wanted_projection};
use crate::schema::Descriptor;
use crate::source::files::{FilesConfig, FilesDriver};
use crate::source::{EventRange, ReplayDriver, SourceConfig, SourceError, resolved};
use crate::steps::{SampleError, load_component, on_thread, watched};

mod error;
mod expectation;

pub use error::FileTestError;
pub(crate) use error::codes;
pub use expectation::{Comparison, DifferentRow, Expectation};

/// How many rejected records are kept.
const KEPT_REJECTIONS: usize = 1_000;

/// The settings of [`test()`].
#[derive(Clone, Debug)]
pub struct FileTestOptions {
    /// The component.
    pub component: PathBuf,
    /// Its parameters.
    pub params: Vec<(String, String)>,
    /// Its limits.
    pub limits: Limits,
    /// The job whose settings of decoding and whose layout are used; its component, its parameters and its input are not.
    pub job: Option<Job>,
    /// Where compiled code is kept; without it, the component is compiled each time.
    pub cache: Option<Cache>,
    /// Shows when the component is compiled.
    pub progress: Arc<Progress>,
    /// The file, or a folder or pattern of files, as `[source.files]` takes them.
    pub input: PathBuf,
}

/// The table of a file, and the records that are not in it.
#[derive(Debug, Serialize)]
pub struct FileTest {
    /// The component.
    pub component: String,
    /// Its version.
    pub version: String,
    /// The columns of the rows, in order: keys, states, views.
    pub columns: Vec<String>,
    /// The table, by rising key.
    pub rows: Vec<Row>,
    /// How many records were read, and what became of them.
    pub counts: Counts,
    /// In how many of the events each input was there.
    pub presence: PresenceReport,
    /// How many records the decoder or the component rejected.
    pub rejected: u64,
    /// The first rejections, at most 1,000.
    pub rejections: Vec<Rejection>,
    /// The descriptor.
    #[serde(skip)]
    pub descriptor: Descriptor,
}

/// A record that was rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// Where it stands.
    pub position: Position,
    /// The path of the value at fault, where it is one value's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Why.
    pub reason: String,
    /// How the component failed on it, where it did not reject it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

impl From<Rejected> for Rejection {
    fn from(rejected: Rejected) -> Self {
        Rejection {
            position: rejected.position,
            path: rejected.path,
            reason: rejected.reason,
            failure: None,
        }
    }
}

impl From<Refused> for Rejection {
    fn from(refused: Refused) -> Self {
        Rejection {
            failure: refused.failure,
            ..refused.record.into()
        }
    }
}

/// Folds a small file, with all states in memory. It writes no file but compiled code.
///
/// # Errors
/// Where the component cannot be loaded or fails, or a file cannot be read or decoded.
pub async fn test(options: &FileTestOptions, cancel: CancellationToken) -> Result<FileTest, Error> {
    let (limits, params) = (&options.limits, options.params.clone());
    let (cache, progress) = (options.cache.as_ref(), &options.progress);
    let loaded = load_component(&options.component, limits, &params, cache, progress);
    let (component, descriptor) = loaded.await?;
    let (send, receive) = channel(2);
    let (called, folded_descriptor) = (component.clone(), descriptor.clone());
    let folded = on_thread("test".into(), limits.thread_stack_bytes(), move || {
        Ok(fold(&called, &params, folded_descriptor, receive))
    })?;
    let read = read(options, &descriptor, send, &cancel);
    let work = async { futures::join!(read, folded) };
    let (read, folded) = watched(&component, work).await?;
    // Where folding failed, reading stopped for want of a receiver.
    let test = folded??;
    read?;
    Ok(test)
}

/// Sends the events of all files of the input into `out`, until its receiver is gone.
async fn read(
    options: &FileTestOptions,
    descriptor: &Descriptor,
    out: Sender<Events>,
    cancel: &CancellationToken,
) -> Result<(), Error> {
    let driver = driver(options)?;
    let (send, mut splits) = channel(256);
    let gather = async move {
        let mut all = Vec::new();
        while let Some(split) = splits.recv().await {
            all.push(split);
        }
        all
    };
    let (frozen, splits) = futures::join!(driver.plan(send), gather);
    frozen?;
    let projection = wanted_projection(descriptor, EventRange::default());
    let job = options.job.as_ref();
    let decode = job.map_or_else(DecodeOptions::default, |job| job.decode.clone());
    let schemas = job.and_then(schemas_of_job);
    let scan = Scan::new(&driver, projection, &decode, schemas.as_ref())?;
    for split in splits {
        let take = async |events| out.send(events).await.is_ok();
        let scanned = scan.events(&split, cancel, take).await;
        if !scanned.map_err(|error| SampleError::in_split(split.number, error))? {
            break;
        }
    }
    Ok(())
}

/// The driver of the input. It reads keys by the layout of the job, and as in the job's archive if the input is in it.
fn driver(options: &FileTestOptions) -> Result<FilesDriver, SourceError> {
    let mut config = FilesConfig::new(&options.input);
    match options.job.as_ref().map(|job| &job.source) {
        Some(SourceConfig::Files(files)) => {
            config = FilesConfig {
                path: config.path,
                ..FilesConfig::clone(files)
            };
            let driver = FilesDriver::new(&config, EventRange::default())?;
            return Ok(driver.below(folders_within(&options.input, &files.path)));
        }
        Some(SourceConfig::S3(s3)) => {
            config.layout = s3.layout.clone();
            config.include = s3.include.clone();
            config.exclude = s3.exclude.clone();
        }
        Some(SourceConfig::Kafka(_)) | None => {}
    }
    FilesDriver::new(&config, EventRange::default())
}

/// The folders of `archive` that lead to `input`, each followed by `/`; empty if it is not in there.
fn folders_within(input: &Path, archive: &Path) -> String {
    let root = match input.is_dir() {
        true => input,
        false => input.parent().unwrap_or(Path::new("")),
    };
    let (root, archive) = (resolved(root), resolved(archive));
    match root.strip_prefix(&archive) {
        Ok(folders) if archive.is_dir() && root.is_dir() => {
            let names = folders.iter().filter_map(|name| name.to_str());
            names.map(|name| format!("{name}/")).collect()
        }
        _ => String::new(),
    }
}

/// Folds the received events into a table.
fn fold(
    component: &Component,
    params: &[(String, String)],
    descriptor: Descriptor,
    mut events: Receiver<Events>,
) -> Result<FileTest, Error> {
    let window_batches = FoldOptions::default().window_batches;
    let mut window = Window::new(component.open(params)?, window_batches);
    let mut table = StateTable::new(&descriptor)?;
    let mut test = FileTest {
        component: descriptor.name.clone(),
        version: descriptor.version.clone(),
        columns: descriptor
            .table_columns()
            .map(|column| column.name.clone())
            .collect(),
        rows: Vec::new(),
        counts: Counts::default(),
        presence: PresenceReport::default(),
        rejected: 0,
        rejections: Vec::new(),
        descriptor,
    };
    let (mut number, mut presence) = (0, Presence::default());
    while let Some(mut batch) = events.blocking_recv() {
        test.counts += batch.counts;
        presence.add(&batch.presence);
        let rejected = std::mem::take(&mut batch.rejected);
        let refused = window.fold(0, number, batch)?;
        let rejected = rejected.into_iter().map(Rejection::from);
        test.reject(rejected.chain(refused.into_iter().map(Rejection::from)));
        number += 1;
        if window.is_due() {
            test.drain(&mut window, &mut table)?;
        }
    }
    test.drain(&mut window, &mut table)?;
    test.presence = presence.report(&test.descriptor.inputs, &test.descriptor.only);
    let rows = &mut test.rows;
    sorted_rows(&mut table, &test.descriptor, window.instance(), |batch| {
        rows.extend((0..batch.num_rows()).map(|row| row_json::row(&batch, row)));
        Ok(())
    })?;
    Ok(test)
}

/// The order of the input: files by their keys, records by their ordinals.
fn by_position(one: &Position, other: &Position) -> Ordering {
    let source = one.source.cmp(&other.source);
    source.then(one.offset.cmp(&other.offset))
}

impl FileTest {
    fn drain(&mut self, window: &mut Window, table: &mut StateTable) -> Result<(), Error> {
        let refused = drain(window, |partials, instance| {
            table.absorb(partials, instance).map_err(Error::from)
        })?;
        self.reject(refused.into_iter().map(Rejection::from));
        Ok(())
    }

    fn reject(&mut self, rejected: impl Iterator<Item = Rejection>) {
        let mut rejected: Vec<_> = rejected.collect();
        rejected.sort_by(|one, other| by_position(&one.position, &other.position));
        self.rejected += rejected.len() as u64;
        let room = KEPT_REJECTIONS.saturating_sub(self.rejections.len());
        self.rejections.extend(rejected.into_iter().take(room));
    }
}
