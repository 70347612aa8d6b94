//! Some events of an input, without a build.
//!
//! Objects are picked evenly from all over the plan, and each gives its share of events from its beginning: more than
//! the first events of the input would show, in bounded memory, reading a few objects at most.

use arrow_schema::SchemaRef;
use tokio::sync::mpsc::channel;
use tokio_util::sync::CancellationToken;

use crate::decode::{DecodeOptions, Events, Projection};
use crate::error::{Code, Coded};
use crate::fold::FoldError;
use crate::guest::laws::{Random, Sample};
use crate::scan::{MessageSchemas, Scan, ScanError};
use crate::source::{ReplayDriver, SourceError, Split};

/// No sample can be taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SampleError {
    /// The input cannot be planned.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Events of a split cannot be decoded.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// A split cannot be read, or the sampling was cancelled.
    #[error(transparent)]
    Fold(#[from] FoldError),
}

impl SampleError {
    /// The failure of a split whose events were decoded on the spot.
    pub(crate) fn in_split(split: u64, error: ScanError) -> Self {
        match error {
            ScanError::Read(SourceError::Cancelled) => FoldError::Interrupted.into(),
            ScanError::Read(source) => FoldError::Read { split, source }.into(),
            error => error.into(),
        }
    }
}

impl Coded for SampleError {
    fn code(&self) -> &'static Code {
        match self {
            SampleError::Source(error) => error.code(),
            SampleError::Scan(error) => error.code(),
            SampleError::Fold(error) => error.code(),
        }
    }
}

/// The most bytes that a sample holds.
const SAMPLE_BYTES: usize = 64 << 20;

/// The most records that are read of a split: where few are wanted, it is not read to its end.
const RECORDS_PER_EVENT: u64 = 50;

/// Some single objects of an archive, or splits of a log, each as likely to be picked as any other.
pub(crate) struct Picked {
    most: usize,
    seen: u64,
    /// Each with its place in the plan.
    splits: Vec<(u64, Split)>,
    random: Random,
}

impl Picked {
    /// Picks at most `most` objects or splits.
    pub(crate) fn new(most: usize) -> Self {
        Picked {
            most: most.max(1),
            seen: 0,
            splits: Vec::new(),
            random: Random::new(0),
        }
    }

    /// Takes the next split of the plan into account.
    pub(crate) fn offer(&mut self, split: Split) {
        for split in split.into_single() {
            self.take(split);
        }
    }

    fn take(&mut self, split: Split) {
        let place = self.seen;
        self.seen += 1;
        if self.splits.len() < self.most {
            self.splits.push((place, split));
        } else if let Some(picked) = self.splits.get_mut(self.random.below(self.seen) as usize) {
            *picked = (place, split);
        }
    }

    fn in_order(mut self) -> Vec<Split> {
        self.splits.sort_unstable_by_key(|(place, _)| *place);
        self.splits.into_iter().map(|(_, split)| split).collect()
    }
}

/// Plans the input of a driver and picks some of its splits.
pub(crate) async fn pick_of_plan(
    driver: &dyn ReplayDriver,
    most: usize,
) -> Result<Picked, SampleError> {
    let (send, mut receive) = channel(256);
    let pick = async move {
        let mut picked = Picked::new(most);
        while let Some(split) = receive.recv().await {
            picked.offer(split);
        }
        picked
    };
    let (frozen, picked) = futures::join!(driver.plan(send), pick);
    frozen?;
    Ok(picked)
}

/// Takes a sample of events from splits.
pub(crate) struct Sampling<'a> {
    pub(crate) driver: &'a dyn ReplayDriver,
    pub(crate) projection: Projection,
    pub(crate) decode: &'a DecodeOptions,
    pub(crate) schemas: Option<&'a MessageSchemas>,
    /// How many events are wanted.
    pub(crate) events: usize,
    /// Whether a split that cannot be read is left out; otherwise it is an error.
    pub(crate) lenient: bool,
    pub(crate) cancel: &'a CancellationToken,
}

impl Sampling<'_> {
    /// A sample of events with the columns of `schema`, in equal shares from the picked splits; where one has fewer events
    /// than its share, the next ones give more.
    ///
    /// # Errors
    /// Where a split cannot be read, unless the sampling is lenient; [`FoldError::Interrupted`] on cancellation.
    pub(crate) async fn sample(
        self,
        schema: &SchemaRef,
        picked: Picked,
    ) -> Result<Sample, SampleError> {
        let splits = picked.in_order();
        let mut batches = Vec::new();
        let (mut events, mut bytes) = (0, 0);
        for (place, split) in splits.iter().enumerate() {
            if self.cancel.is_cancelled() {
                return Err(FoldError::Interrupted.into());
            }
            let share = (self.events - events).div_ceil(splits.len() - place);
            let room = (SAMPLE_BYTES - bytes) / (splits.len() - place);
            match self.sample_split(split, share, room).await {
                Ok(found) => {
                    for found in found {
                        events += found.batch.num_rows();
                        bytes += found.batch.get_array_memory_size();
                        batches.push(found);
                    }
                    bytes = bytes.min(SAMPLE_BYTES);
                }
                Err(error) if self.lenient && !self.cancel.is_cancelled() => {
                    tracing::debug!(split = split.number, %error, "not sampled");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Sample::of(schema, &batches).map_err(FoldError::from)?)
    }

    /// The first events of a split, as many as `share` and as fit in `room` bytes.
    async fn sample_split(
        &self,
        split: &Split,
        share: usize,
        room: usize,
    ) -> Result<Vec<Events>, SampleError> {
        if share == 0 {
            return Ok(Vec::new());
        }
        let options = DecodeOptions {
            batch_rows: self.decode.batch_rows.min(share.min(1 << 16) as u32),
            ..self.decode.clone()
        };
        let projection = self.projection.clone();
        let scan = Scan::new(self.driver, projection, &options, self.schemas);
        let scan = scan.map_err(ScanError::Decode)?;
        let mut gathered = Gathered::new(share, room);
        let take = async |events| !gathered.add(events);
        match scan.events(split, self.cancel, take).await {
            Ok(_) => Ok(gathered.batches),
            Err(error) => Err(SampleError::in_split(split.number, error)),
        }
    }
}

/// The events that were taken of a split so far.
struct Gathered {
    batches: Vec<Events>,
    rows_left: usize,
    bytes_left: usize,
    records_left: u64,
}

impl Gathered {
    fn new(rows: usize, bytes: usize) -> Self {
        Gathered {
            batches: Vec::new(),
            rows_left: rows,
            bytes_left: bytes,
            records_left: (rows as u64).saturating_mul(RECORDS_PER_EVENT).max(10_000),
        }
    }

    /// Takes the rows of a batch that there is room for; `true` where no more are wanted.
    fn add(&mut self, mut events: Events) -> bool {
        events.provenance.forget_bytes();
        self.records_left = self.records_left.saturating_sub(events.counts.records);
        let rows = events.batch.num_rows().min(self.rows_left);
        events.batch = events.batch.slice(0, rows);
        self.rows_left -= rows;
        let bytes = events.batch.get_array_memory_size();
        if bytes <= self.bytes_left || self.batches.is_empty() {
            self.batches.push(events);
        }
        self.bytes_left = self.bytes_left.saturating_sub(bytes);
        self.rows_left == 0 || self.bytes_left == 0 || self.records_left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::wanted_projection;
    use crate::schema::{Descriptor, Encoding, Input, Kind, Origin};
    use crate::source::EventRange;
    use crate::source::memory::MemoryDriver;
    use crate::units::ByteSize;

    fn descriptor() -> Descriptor {
        Descriptor {
            name: "test".into(),
            version: "1.0.0".into(),
            inputs: vec![Input {
                name: "n".into(),
                origin: Origin::Path("n".into()),
                kind: Kind::Int64,
                encoding: Encoding::Standard,
                nullable: false,
            }],
            only: vec![],
            event_time: None,
            keys: vec![],
            states: vec![],
            views: vec![],
            commutative: true,
        }
    }

    /// An archive of `objects` objects of `records` records each.
    fn archive(objects: usize, records: usize) -> MemoryDriver {
        let driver = MemoryDriver::new(ByteSize(500));
        for object in 0..objects {
            let lines: String = (0..records)
                .map(|record| format!("{{\"n\": {}}}\n", object * records + record))
                .collect();
            driver.put(&format!("{object:04}.jsonl"), lines);
        }
        driver
    }

    async fn sampled(
        driver: &MemoryDriver,
        events: usize,
        lenient: bool,
    ) -> Result<Sample, SampleError> {
        let cancel = CancellationToken::new();
        let picked = pick_of_plan(driver, 8).await?;
        let sampling = Sampling {
            driver,
            projection: wanted_projection(&descriptor(), EventRange::default()),
            decode: &DecodeOptions::default(),
            schemas: None,
            events,
            lenient,
            cancel: &cancel,
        };
        sampling.sample(&descriptor().input_schema(), picked).await
    }

    #[tokio::test]
    async fn a_sample_comes_from_all_over_the_input() {
        let sample = sampled(&archive(100, 50), 80, false).await.unwrap();
        let mut sources: Vec<_> = (0..sample.len() as u32)
            .map(|row| sample.event(row).position.unwrap().source)
            .collect();
        assert_eq!(sample.len(), 80);
        assert!(sources.is_sorted());
        sources.dedup();
        assert_eq!(sources.len(), 8);
        assert!(*sources[7] > *"0050.jsonl", "{sources:?}");
    }

    #[tokio::test]
    async fn rows_of_parquet_and_avro_are_sampled_with_lines_of_json() {
        let driver = archive(1, 10);
        let parquet = include_bytes!("../decode/columnar/fixtures/pyarrow.parquet");
        let avro = include_bytes!("../decode/columnar/fixtures/fastavro-snappy.avro");
        driver.put("b.parquet", &parquet[..]);
        driver.put("c.avro", &avro[..]);
        let cancel = CancellationToken::new();
        let mut wanted = descriptor();
        wanted.inputs[0].nullable = true;
        let sampling = Sampling {
            driver: &driver,
            projection: wanted_projection(&wanted, EventRange::default()),
            decode: &DecodeOptions::default(),
            schemas: None,
            events: 100,
            lenient: false,
            cancel: &cancel,
        };
        let picked = pick_of_plan(&driver, 8).await.unwrap();
        let sample = sampling.sample(&wanted.input_schema(), picked).await;
        assert_eq!(sample.unwrap().len(), 30);
    }

    #[tokio::test]
    async fn what_a_split_lacks_the_next_ones_give() {
        let driver = archive(3, 100);
        driver.put("0000.jsonl", "{\"n\": 1}\n");
        assert_eq!(sampled(&driver, 151, false).await.unwrap().len(), 151);
        assert_eq!(sampled(&driver, 10_000, false).await.unwrap().len(), 201);
    }

    #[tokio::test]
    async fn an_error_before_the_end_of_a_large_object_ends_the_sample() {
        let driver = archive(1, 10);
        driver.put("0001.jsonl.gz", "no gzip\n".repeat(200_000));
        let sampled = sampled(&driver, 100, false);
        let soon = tokio::time::timeout(std::time::Duration::from_secs(30), sampled);
        let error = soon.await.expect("it ends").err().unwrap();
        assert!(error.to_string().contains("should be gzip"), "{error}");
    }

    #[tokio::test]
    async fn a_split_that_cannot_be_read_is_an_error_or_passed_over() {
        let driver = archive(2, 10);
        driver.put("0000.jsonl.gz", b"\x1f\x8b no gzip".as_slice());
        assert!(sampled(&driver, 100, false).await.is_err());
        assert_eq!(sampled(&driver, 100, true).await.unwrap().len(), 20);
    }
}
