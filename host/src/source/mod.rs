//! Where history comes from: the contract of a driver, and the drivers.
//!
//! When a build is planned, a driver cuts its input into [`Split`]s, once. Later it delivers the bytes of one split at
//! a time. A driver knows nothing about formats, components or tables.
//!
//! | file | content |
//! |---|---|
//! | `driver` | the contract: [`ReplayDriver`], [`RangeReader`] |
//! | `split`, `frozen`, `handoff`, `chunk` | the data that a driver plans and delivers |
//! | `messages` | the records of a log, packed into few allocations |
//! | `error`, `counted` | [`SourceError`], and counts in its messages |
//! | [`range`] | `from` and `to` of a job |
//! | [`offsets`] | partitions, and sets of offsets |
//! | [`layout`] | the time, topic, partition and offset in the keys of an archive |
//! | `coverage` | what the offsets in the keys say about missing objects |
//! | [`archive`] | the part of planning that all archives share: the order of keys, the cut into splits |
//! | `feed` | sending from a driver |
//! | [`files`] | the driver for a folder, a file or a pattern of files |
//! | [`s3`] | the driver for a bucket of Amazon S3 or of a compatible store |
//! | [`kafka`] | the driver for ranges of offsets of Kafka topics |
//! | `selection` | [`KeyPattern`]: the selection of objects by patterns of their keys |
//! | `config` | [`SourceConfig`]: the settings of any source, and its driver |
//! | `memory` | a driver for objects and messages in memory, for tests; with the feature `conformance` |
//! | `conformance` | a test suite for the contract; with the feature `conformance` |

pub mod archive;
mod chunk;
#[cfg(not(fuzzing))]
mod config;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod counted;
mod coverage;
mod driver;
mod error;
mod feed;
pub mod files;
mod frozen;
mod handoff;
// The fuzz targets are built without clients of services.
#[cfg(not(fuzzing))]
pub mod kafka;
pub mod layout;
#[cfg(any(test, feature = "conformance"))]
pub mod memory;
mod messages;
pub mod offsets;
pub mod range;
#[cfg(not(fuzzing))]
pub mod s3;
mod selection;
mod split;

pub use chunk::{ArchivedRecord, Chunk};
#[cfg(not(fuzzing))]
pub use config::SourceConfig;
#[cfg(not(fuzzing))]
pub(crate) use config::resolved;
pub use driver::{Parts, RangeReader, ReplayDriver};
pub use error::SourceError;
pub(crate) use error::codes;
pub use frozen::{Frozen, FrozenPartition};
pub use handoff::{Handoff, HandoffPosition, ObjectTime};
#[cfg(not(fuzzing))]
pub(crate) use kafka::codes as kafka_codes;
pub use layout::KeyFields;
pub use messages::{Attached, Headers, Message, MessageRef, Messages};
pub(crate) use messages::{PADDING, Packer};
pub use offsets::TopicPartition;
pub use range::EventRange;
pub use selection::KeyPattern;
pub use split::{Object, Split, SplitInput};
