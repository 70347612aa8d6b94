//! Events into objects: their bytes, their compression, their keys.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, Result, anyhow};
use flate2::write::GzEncoder;

use super::Archive;
use crate::rng::Rng;

/// How an object is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Compression {
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
    /// As it is
    None,
}

/// How objects are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Layout {
    /// `clicks/YYYY/MM/dd/HH/clicks-1-YYYY-MM-dd-HH-MM-SS-UUID`, by the time of the object's last event
    Firehose,
    /// `part-00000.jsonl`
    Flat,
}

/// The bytes after each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Delimiter {
    /// A line feed
    Newline,
    /// Nothing: objects follow one another, as Firehose writes them by default
    None,
}

/// The sizes of a written archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many objects.
    pub objects: u64,
    /// How many events.
    pub events: u64,
    /// Their bytes before compression.
    pub bytes: u64,
    /// Their bytes on disk.
    pub stored_bytes: u64,
}

impl Archive {
    /// How many objects it has.
    pub fn objects(&self) -> u64 {
        self.spec.objects * self.spec.times
    }

    /// The number of the first event of an object; for the object after the last, the number of events.
    fn first(&self, object: u64) -> u64 {
        (u128::from(object) * u128::from(self.len()) / u128::from(self.objects())) as u64
    }

    /// The content of an object before compression.
    pub fn content(&self, object: u64) -> Vec<u8> {
        let events = self.first(object)..self.first(object + 1);
        let mut bytes = Vec::with_capacity(512 * (events.end - events.start) as usize);
        for number in events {
            self.event(number).write_json(&mut bytes);
            if self.spec.delimiter == Delimiter::Newline {
                bytes.push(b'\n');
            }
        }
        bytes
    }

    /// The path of an object below the archive's folder.
    pub fn key(&self, object: u64) -> String {
        let ending = match self.spec.compress {
            Compression::Gzip => ".gz",
            Compression::Zstd => ".zst",
            Compression::None => "",
        };
        match self.spec.layout {
            Layout::Flat => format!("part-{object:05}.jsonl{ending}"),
            Layout::Firehose => {
                let last = self.event(self.first(object + 1) - 1);
                let at = last.at().format("%Y/%m/%d/%H/clicks-1-%Y-%m-%d-%H-%M-%S");
                format!(
                    "clicks/{at}-{}{ending}",
                    Rng::new(self.spec.seed, 3, object).uuid()
                )
            }
        }
    }

    /// Writes all objects below `folder`, on all cores. What is there already and right stays untouched.
    ///
    /// # Errors
    /// If the disk does not take them.
    pub fn write(&self, folder: &Path) -> Result<Written> {
        let next = AtomicU64::new(0);
        let workers = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            let write_some = || -> Result<Written> {
                let mut written = Written::default();
                loop {
                    let object = next.fetch_add(1, Ordering::Relaxed);
                    if object >= self.objects() {
                        return Ok(written);
                    }
                    let content = self.content(object);
                    let stored = self.compress(&content, object)?;
                    put(&folder.join(self.key(object)), &stored)?;
                    written.objects += 1;
                    written.events += self.first(object + 1) - self.first(object);
                    written.bytes += content.len() as u64;
                    written.stored_bytes += stored.len() as u64;
                }
            };
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(write_some)).collect();
            workers
                .into_iter()
                .try_fold(Written::default(), |sum, worker| {
                    let part = worker.join().map_err(|_| anyhow!("a worker panicked"))??;
                    Ok(Written {
                        objects: sum.objects + part.objects,
                        events: sum.events + part.events,
                        bytes: sum.bytes + part.bytes,
                        stored_bytes: sum.stored_bytes + part.stored_bytes,
                    })
                })
        })
    }

    fn compress(&self, content: &[u8], object: u64) -> Result<Vec<u8>> {
        Ok(match self.spec.compress {
            Compression::None => content.to_vec(),
            Compression::Zstd => zstd::encode_all(content, 3)?,
            Compression::Gzip => {
                let members = if object % 2 == 1 {
                    self.spec.members.max(1) as usize
                } else {
                    1
                };
                let mut stored = Vec::with_capacity(content.len() / 3);
                // Members end anywhere, also within a record.
                for member in content.chunks(content.len().div_ceil(members).max(1)) {
                    let mut encoder = GzEncoder::new(stored, flate2::Compression::default());
                    encoder.write_all(member)?;
                    stored = encoder.finish()?;
                }
                stored
            }
        })
    }
}

/// Writes a file, unless it holds these bytes already: a source would take a new time for a new content.
fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|found| found == bytes) {
        return Ok(());
    }
    let folder = path.parent().context("an object lies in a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, bytes))
        .with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::{GzDecoder, MultiGzDecoder};

    use super::*;
    use crate::archive::ArchiveSpec;

    fn read_all(mut reader: impl Read) -> Vec<u8> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn objects_hold_all_events_once_in_the_order_of_their_keys() {
        let archive = Archive::new(&ArchiveSpec::SMALL).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let written = archive.write(folder.path()).unwrap();
        assert_eq!((written.objects, written.events), (24, 4_800));
        let mut keys: Vec<_> = (0..archive.objects())
            .map(|object| archive.key(object))
            .collect();
        assert!(keys.is_sorted());
        assert!(
            keys[13].starts_with("clicks/2026/01/01/13/clicks-1-2026-01-01-13-59-"),
            "{}",
            keys[13]
        );
        keys.dedup();
        let read: Vec<u8> = keys
            .iter()
            .flat_map(|key| fs::read(folder.path().join(key)).unwrap())
            .collect();
        let mut records = Vec::new();
        for event in archive.events() {
            event.write_json(&mut records);
            records.push(b'\n');
        }
        assert!(read == records);
        assert_eq!(written.bytes, records.len() as u64);
    }

    #[test]
    fn compressed_objects_hold_the_same_and_every_second_has_several_members() {
        let spec = ArchiveSpec {
            compress: Compression::Gzip,
            members: 3,
            ..ArchiveSpec::SMALL
        };
        let gzip = Archive::new(&spec).unwrap();
        let zstd = Archive::new(&ArchiveSpec {
            compress: Compression::Zstd,
            ..spec
        })
        .unwrap();
        for object in [0, 1] {
            let content = gzip.content(object);
            let stored = gzip.compress(&content, object).unwrap();
            assert!(read_all(MultiGzDecoder::new(&stored[..])) == content);
            assert_eq!(
                read_all(GzDecoder::new(&stored[..])).len() < content.len(),
                object == 1
            );
            let stored = zstd.compress(&content, object).unwrap();
            assert!(zstd::decode_all(&stored[..]).unwrap() == content);
        }
    }

    #[test]
    fn an_object_that_is_right_stays_untouched() {
        let archive = Archive::new(&ArchiveSpec {
            layout: Layout::Flat,
            ..ArchiveSpec::SMALL
        })
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        archive.write(folder.path()).unwrap();
        let (kept, changed) = (
            folder.path().join("part-00000.jsonl"),
            folder.path().join("part-00001.jsonl"),
        );
        let before = fs::metadata(&kept).unwrap().modified().unwrap();
        fs::write(&changed, "cut off").unwrap();
        archive.write(folder.path()).unwrap();
        assert_eq!(fs::metadata(&kept).unwrap().modified().unwrap(), before);
        assert!(fs::read(&changed).unwrap() == archive.content(1));
    }
}
