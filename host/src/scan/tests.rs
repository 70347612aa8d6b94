//! An archive for the tests of this module.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::io::Write;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Scan, wanted_projection};
use crate::decode::DecodeOptions;
use crate::schema::{Descriptor, Encoding, Input, Kind, Origin};
use crate::source::memory::MemoryDriver;
use crate::source::{EventRange, Split, conformance};
use crate::units::ByteSize;

static OPTIONS: LazyLock<DecodeOptions> = LazyLock::new(|| DecodeOptions {
    batch_rows: 4,
    ..DecodeOptions::default()
});

/// One split of five objects: three events in each but the Parquet and the Avro object, which have ten.
pub(super) fn archive() -> MemoryDriver {
    let lines = "{\"n\": 1}\n{\"n\": 2}\n{\"n\": 3}\n";
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(lines.as_bytes()).unwrap();
    let parquet = include_bytes!("../decode/columnar/fixtures/pyarrow.parquet");
    let avro = include_bytes!("../decode/columnar/fixtures/fastavro-snappy.avro");
    let driver = MemoryDriver::new(ByteSize::mib(1));
    driver.put("a.jsonl", lines);
    driver.put("b.parquet", &parquet[..]);
    driver.put("c.jsonl.gz", gzip.finish().unwrap());
    driver.put("d.avro", &avro[..]);
    driver.put("e.csv", "n\n1\n2\n3\n");
    driver
}

pub(super) async fn splits_of(driver: &MemoryDriver) -> Vec<Split> {
    conformance::plan(driver).await.0
}

/// A scan for a nullable integer `n`, in batches of four events.
pub(super) fn scan(driver: &MemoryDriver) -> Scan<'_> {
    let descriptor = Descriptor {
        name: "test".into(),
        version: "1.0.0".into(),
        inputs: vec![Input {
            name: "n".into(),
            origin: Origin::Path("n".into()),
            kind: Kind::Int64,
            encoding: Encoding::Standard,
            nullable: true,
        }],
        only: vec![],
        event_time: None,
        keys: vec![],
        states: vec![],
        views: vec![],
        commutative: true,
    };
    let projection = wanted_projection(&descriptor, EventRange::default());
    Scan::new(driver, projection, &OPTIONS, None).unwrap()
}
