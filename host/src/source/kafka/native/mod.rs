//! What librdkafka can do and its Rust wrapper does not give: the only `unsafe` code of the driver.
//!
//! | file | why |
//! |---|---|
//! | `partition` | records are taken many at a time, without an allocation or an event for each; no group is needed |
//! | `topics` | the ID of a topic, which tells it from another one under the same name |
//!
//! Functions of librdkafka that take a client may be called from any thread; a handle that is made from a client must
//! be destroyed before the client is. Every type here holds the client that its handle came from, and destroys the
//! handle when it is dropped.

mod partition;
mod topics;

pub(super) use partition::{Delivery, PartitionReader, Record};
pub(super) use topics::{Answer, Described, describe};
