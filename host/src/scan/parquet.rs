//! Parquet objects: their footers and the wanted ranges of their row groups are read here, and decoded by a
//! [`Decoding`](crate::decode::Decoding).

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::try_join_all;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::ScanError;
use crate::decode::{
    DecodeError, DecodeOptions, Footer, FooterStep, Format, ParquetFile, ParquetPlanner,
    Projection, RowGroup, Step, is_parquet_by_name,
};
use crate::source::{Object, RangeReader, ReplayDriver, SourceError, Split, SplitInput};

/// How many row groups of a scan are in memory: one is decoded while the next is read.
const ROW_GROUPS: usize = 2;

/// A part of a split that is read in one way.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    /// Objects that the driver delivers from their first byte to their last, or messages.
    Stream(Split),
    /// An object that is read by ranges.
    Parquet(Arc<Object>),
}

/// Finds and reads the Parquet objects of one scan.
pub(super) struct RowGroups {
    planner: Arc<ParquetPlanner>,
    format: Format,
    room: Arc<Semaphore>,
}

impl RowGroups {
    pub(super) fn new(
        projection: Projection,
        options: &DecodeOptions,
    ) -> Result<Self, DecodeError> {
        Ok(RowGroups {
            planner: Arc::new(ParquetPlanner::new(projection, options)?),
            format: options.format,
            room: Arc::new(Semaphore::new(ROW_GROUPS)),
        })
    }

    /// The parts of a split, in its order.
    ///
    /// # Errors
    /// Where the beginning of an object whose name says nothing cannot be read.
    pub(super) async fn parts(
        &self,
        driver: &dyn ReplayDriver,
        split: &Split,
        stop: &CancellationToken,
    ) -> Result<Vec<Part>, SourceError> {
        let whole = || vec![Part::Stream(split.clone())];
        let SplitInput::Objects(objects) = &split.input else {
            return Ok(whole());
        };
        let mut parts: Vec<Part> = Vec::new();
        for object in objects {
            if self.is_parquet(driver, object, stop).await? {
                parts.push(Part::Parquet(Arc::new(object.clone())));
                continue;
            }
            if let Some(Part::Stream(Split {
                size_bytes,
                input: SplitInput::Objects(objects),
                ..
            })) = parts.last_mut()
            {
                *size_bytes += object.size_bytes;
                objects.push(object.clone());
                continue;
            }
            parts.push(Part::Stream(Split {
                number: split.number,
                size_bytes: object.size_bytes,
                input: SplitInput::Objects(vec![object.clone()]),
            }));
        }
        Ok(match parts[..] {
            [] | [Part::Stream(_)] => whole(),
            _ => parts,
        })
    }

    async fn is_parquet(
        &self,
        driver: &dyn ReplayDriver,
        object: &Object,
        stop: &CancellationToken,
    ) -> Result<bool, SourceError> {
        match self.format {
            Format::Parquet => Ok(true),
            Format::Auto => match (is_parquet_by_name(&object.key), driver.ranges()) {
                (Some(is_parquet), _) => Ok(is_parquet),
                // A source whose objects' first bytes cannot be read has no objects that are read by ranges.
                (None, Some(ranges)) if object.size_bytes >= 4 => {
                    let head = unless_stopped(stop, ranges.read(object, 0..4)).await?;
                    Ok(head == b"PAR1"[..])
                }
                (None, _) => Ok(false),
            },
            _ => Ok(false),
        }
    }

    /// Reads the row groups of an object and hands them to `give`, in order, until `give` returns `false`. Returns
    /// `false` then, too.
    pub(super) async fn read(
        &self,
        driver: &dyn ReplayDriver,
        object: Arc<Object>,
        stop: &CancellationToken,
        mut give: impl AsyncFnMut(RowGroup) -> bool,
    ) -> Result<bool, ScanError> {
        let ranges = driver.ranges().ok_or_else(|| SourceError::NoRanges {
            driver: driver.name().to_owned(),
            object: object.key.clone(),
            format: "Parquet",
        })?;
        let file = unless_stopped(stop, self.open(ranges, object)).await?;
        for number in 0..file.row_groups() {
            let group = match file.step(number)? {
                Step::PassOver => RowGroup::passed_over(file.clone(), number),
                Step::Read(wanted) => {
                    unless_stopped(stop, self.row_group(ranges, &file, number, wanted)).await?
                }
            };
            if !give(group).await {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads a row group once there is room for it.
    async fn row_group(
        &self,
        ranges: &dyn RangeReader,
        file: &Arc<ParquetFile>,
        number: usize,
        wanted: Vec<Range<u64>>,
    ) -> Result<RowGroup, SourceError> {
        let room = self.room.clone().acquire_owned().await;
        let room = room.map_err(|_| SourceError::Cancelled)?;
        let parts = read_ranges(ranges, file, wanted).await?;
        Ok(RowGroup::read(file.clone(), number, parts, room))
    }

    /// Reads the footer of an object.
    pub(super) async fn open(
        &self,
        ranges: &dyn RangeReader,
        object: Arc<Object>,
    ) -> Result<Arc<ParquetFile>, ScanError> {
        let mut footer = Footer::new(&object)?;
        let mut wanted = footer.first();
        loop {
            let bytes: Bytes = ranges.read(&object, wanted.clone()).await?;
            let (planner, planned) = (self.planner.clone(), object.clone());
            // A footer may hold many thousand columns.
            let pushed = tokio::task::spawn_blocking(move || {
                let step = footer.push(wanted, bytes)?;
                Ok::<_, DecodeError>(match step {
                    FooterStep::Needs(range) => Err((footer, range)),
                    FooterStep::Read(metadata) => Ok(planner.plan(planned, *metadata)?),
                })
            });
            // It does not panic; it is cancelled where the runtime goes away.
            match pushed.await.map_err(|_| SourceError::Cancelled)?? {
                Ok(file) => return Ok(Arc::new(file)),
                Err((more, range)) => (footer, wanted) = (more, range),
            }
        }
    }
}

/// Reads ranges of an object, each with its bytes.
pub(super) async fn read_ranges(
    ranges: &dyn RangeReader,
    file: &ParquetFile,
    wanted: Vec<Range<u64>>,
) -> Result<Vec<(Range<u64>, Bytes)>, SourceError> {
    let reads = wanted
        .iter()
        .map(|range| ranges.read(file.object(), range.clone()));
    let read = try_join_all(reads).await?;
    Ok(wanted.into_iter().zip(read).collect())
}

/// Waits for `work`, but not once `stop` fires.
async fn unless_stopped<T, E: From<SourceError>>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(SourceError::Cancelled.into()),
        done = work => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::EventRange;
    use crate::source::conformance;
    use crate::source::memory::MemoryDriver;
    use crate::units::ByteSize;

    const PARQUET: &[u8] = include_bytes!("../decode/columnar/fixtures/pyarrow.parquet");

    fn nothing_wanted() -> Projection {
        Projection {
            inputs: vec![],
            only: vec![],
            event_time: None,
            range: EventRange::default(),
            cut_by_record_time: false,
            offset: None,
            value: None,
        }
    }

    fn reading(format: Format) -> RowGroups {
        let options = DecodeOptions {
            format,
            ..DecodeOptions::default()
        };
        RowGroups::new(nothing_wanted(), &options).unwrap()
    }

    /// The keys of each part, those of row groups marked.
    fn keys(parts: &[Part]) -> Vec<String> {
        let keys = |objects: &[Object]| {
            let keys: Vec<_> = objects.iter().map(|object| &*object.key).collect();
            keys.join(" ")
        };
        let part = |part: &Part| match part {
            Part::Parquet(object) => format!("parquet {}", object.key),
            Part::Stream(split) => match &split.input {
                SplitInput::Objects(objects) => keys(objects),
                SplitInput::Offsets { .. } => "offsets".to_owned(),
            },
        };
        parts.iter().map(part).collect()
    }

    #[tokio::test]
    async fn parquet_is_found_by_its_name_or_its_first_bytes_and_keeps_its_place() {
        let driver = MemoryDriver::new(ByteSize::mib(1));
        for (key, content) in [
            ("a.json", &b"{}"[..]),
            ("b", b"{}\n{}"),
            ("c", PARQUET),
            ("d.parquet", PARQUET),
            ("e.json", PARQUET),
            ("f", b"{}"),
        ] {
            driver.put(key, content.to_vec());
        }
        let (splits, _) = conformance::plan(&driver).await;
        let parts = async |format| {
            let stop = CancellationToken::new();
            let parts = reading(format).parts(&driver, &splits[0], &stop).await;
            keys(&parts.unwrap())
        };
        let expected = ["a.json b", "parquet c", "parquet d.parquet", "e.json f"];
        assert_eq!(parts(Format::Auto).await, expected);
        assert_eq!(parts(Format::Json).await, ["a.json b c d.parquet e.json f"]);
        assert_eq!(parts(Format::Parquet).await.len(), 6);
    }

    #[tokio::test]
    async fn no_more_row_groups_are_read_than_there_is_room_for() {
        let driver = MemoryDriver::new(ByteSize::mib(1));
        driver.put("a.parquet", PARQUET);
        let (splits, _) = conformance::plan(&driver).await;
        let SplitInput::Objects(objects) = &splits[0].input else {
            panic!("an archive");
        };
        let (object, stop) = (Arc::new(objects[0].clone()), CancellationToken::new());
        let reading = reading(Format::Auto);
        let mut kept = Vec::new();
        let read = reading.read(&driver, object.clone(), &stop, async |group| {
            kept.push(group);
            if kept.len() == ROW_GROUPS {
                // None of them is dropped: reading waits until it is stopped.
                stop.cancel();
            }
            true
        });
        assert!(matches!(
            read.await,
            Err(ScanError::Read(SourceError::Cancelled))
        ));
        assert_eq!(kept.len(), ROW_GROUPS);
        drop(kept);
        let mut count = 0;
        let whole = CancellationToken::new();
        let read = reading.read(&driver, object, &whole, async |_| {
            count += 1;
            true
        });
        assert!(matches!(read.await, Ok(true)));
        assert_eq!(count, 3);
    }
}
