//! The driver for an archive on disk: a folder, a file, or a pattern of files.
//!
//! Keys are paths relative to the folder, in byte order as in a listing of S3.
//!
//! | file | content |
//! |---|---|
//! | `place` | the meaning of a configured path |
//! | `walk` | the files below a folder, in the order of their keys |
//! | `read` | reading a file, and the check that it is the planned one |
//! | `buffers` | reuse of the memory into which files are read |

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use crate::source::archive::{ArchiveOptions, Freezing, SPLIT_SIZE};
use crate::source::feed::{Feed, off_runtime, run_blocking};
use crate::source::layout::{Below, LATENESS, Layout};
use crate::source::{
    Chunk, EventRange, Frozen, KeyPattern, Object, RangeReader, ReplayDriver, SourceError, Split,
    SplitInput,
};
use crate::units::{ByteSize, duration};

mod buffers;
mod place;
mod read;
#[cfg(test)]
mod tests;
mod walk;

use buffers::Buffers;
use place::{Pick, Place};
use walk::{Found, Walk};

/// The name of this driver.
const NAME: &str = "files";

/// `[source.files]` of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesConfig {
    /// A folder, a file, or a pattern such as `clicks/2026/**/*.gz`: `*` and `?` match within a name, `**` matches
    /// across folders, `{gz,zst}` matches one of several. If the path exists as it is written, it is not taken for a
    /// pattern.
    pub path: PathBuf,
    /// The structure of the keys.
    #[serde(default)]
    pub layout: Layout,
    /// The files to read, by patterns of their keys; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<KeyPattern>,
    /// The files to leave out, by patterns of their keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<KeyPattern>,
    /// The largest distance between the time of an event and the time in its key.
    #[serde(default = "default_lateness", with = "duration")]
    pub lateness: Duration,
    /// The largest number of bytes in a split. A larger file is a split of its own, and the first splits are smaller
    /// ([`archive`](crate::source::archive)).
    #[serde(default = "default_split_size")]
    pub split_size: ByteSize,
}

fn default_lateness() -> Duration {
    LATENESS
}

fn default_split_size() -> ByteSize {
    SPLIT_SIZE
}

impl FilesConfig {
    /// The settings for the archive at `path`, with defaults for everything else.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        FilesConfig {
            path: path.into(),
            layout: Layout::default(),
            include: Vec::new(),
            exclude: Vec::new(),
            lateness: LATENESS,
            split_size: SPLIT_SIZE,
        }
    }
}

/// Reads an archive on disk.
#[derive(Debug)]
pub struct FilesDriver {
    /// The path as configured; it is shown in messages.
    path: String,
    place: Place,
    options: ArchiveOptions,
    range: EventRange,
    buffers: Buffers,
}

impl FilesDriver {
    /// A driver for the objects that may hold events of `range`.
    ///
    /// # Errors
    /// [`SourceError::NoSuchPath`] and [`SourceError::Pattern`] for a path that does not exist and is not a valid
    /// pattern.
    pub fn new(config: &FilesConfig, range: EventRange) -> Result<Self, SourceError> {
        Ok(FilesDriver {
            path: config.path.display().to_string(),
            place: Place::of(&config.path)?,
            options: ArchiveOptions {
                prefix: String::new(),
                above: String::new(),
                layout: config.layout.clone(),
                include: config.include.clone(),
                exclude: config.exclude.clone(),
                lateness: config.lateness,
                split_size: config.split_size,
            },
            range,
            buffers: Buffers::default(),
        })
    }

    /// Reads keys as those of an archive that has the path in the folder `above`: see [`ArchiveOptions::above`].
    #[must_use]
    pub fn below(mut self, above: String) -> Self {
        self.options.above = above;
        self
    }
}

#[async_trait]
impl ReplayDriver for FilesDriver {
    fn name(&self) -> &str {
        NAME
    }

    async fn plan(&self, splits: Sender<Split>) -> Result<Frozen, SourceError> {
        let (path, place) = (self.path.clone(), self.place.clone());
        let freezing = Freezing::new(NAME, &self.options, self.range);
        run_blocking(splits, &CancellationToken::new(), move |feed| {
            freeze(&path, &place, freezing, &feed)
        })
        .await
    }

    async fn replay(
        &self,
        split: &Split,
        out: Sender<Chunk>,
        cancel: CancellationToken,
    ) -> Result<(), SourceError> {
        let (files, buffers) = (locate(&self.place.root, split)?, self.buffers.clone());
        run_blocking(out, &cancel, move |feed| {
            files
                .iter()
                .try_for_each(|(path, object)| read::deliver(path, object, &buffers, &feed))
        })
        .await
    }

    fn ranges(&self) -> Option<&dyn RangeReader> {
        Some(self)
    }

    async fn close(self: Box<Self>) -> Result<(), SourceError> {
        Ok(())
    }
}

#[async_trait]
impl RangeReader for FilesDriver {
    async fn read(&self, object: &Object, range: Range<u64>) -> Result<Bytes, SourceError> {
        SourceError::check_range(object, &range)?;
        if !is_key(&object.key) {
            return Err(read::vanished(&object.key, object));
        }
        let (path, object) = (self.place.root.join(&object.key), object.clone());
        off_runtime(move || read::read_range(&path, &object, range)).await
    }
}

fn freeze(
    path: &str,
    place: &Place,
    mut freezing: Freezing,
    feed: &Feed<Split>,
) -> Result<Frozen, SourceError> {
    let take = |freezing: &mut Freezing, found: Found| {
        feed.check()?;
        if !freezing.wants(&found.key) {
            return Ok(());
        }
        let failed = |error| SourceError::io(&found.path, error);
        let file = std::fs::metadata(&found.path).map_err(failed)?;
        let object = read::object_of(found.key, &file).map_err(failed)?;
        freezing
            .push(object)
            .map_or(Ok(()), |split| feed.send_blocking(split))
    };
    let notes = match &place.pick {
        Pick::One(name) => {
            let found = Found {
                key: name.clone(),
                path: place.root.join(name),
            };
            take(&mut freezing, found)?;
            Vec::new()
        }
        Pick::Everything | Pick::Matching { .. } => {
            let mut walk = Walk::new(place)?;
            while let Some(found) = walk.next(|folder| freezing.below(folder) != Below::Nothing)? {
                take(&mut freezing, found)?;
            }
            walk.notes()
        }
    };
    let (last, frozen) = freezing.finish(path, notes)?;
    feed.send_blocking(last)?;
    Ok(frozen)
}

/// Whether the path of a key stays within the folder.
fn is_key(key: &str) -> bool {
    key.split('/')
        .all(|name| !matches!(name, "" | "." | "..") && !name.contains('\0'))
}

/// The paths of the files of a split. A plan can be edited, so each key is checked: none may lead out of the folder.
fn locate(root: &Path, split: &Split) -> Result<Vec<(PathBuf, Arc<Object>)>, SourceError> {
    let foreign = |reason: String| SourceError::ForeignSplit {
        driver: NAME.to_owned(),
        split: split.number,
        reason,
    };
    let SplitInput::Objects(objects) = &split.input else {
        return Err(foreign("it covers offsets of a topic".to_owned()));
    };
    objects
        .iter()
        .map(|object| {
            if !is_key(&object.key) {
                return Err(foreign(format!(
                    "`{}` is not the key of a file",
                    object.key
                )));
            }
            Ok((root.join(&object.key), Arc::new(object.clone())))
        })
        .collect()
}
