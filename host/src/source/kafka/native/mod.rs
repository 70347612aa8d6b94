//! Functions of librdkafka that its Rust wrapper lacks: the only `unsafe` code of the driver.
//!
//! | file | reason |
//! |---|---|
//! | `partition` | reads many records with one call, without an allocation or an event for each; needs no group |
//! | `topics` | reads the ID of a topic, which changes if the topic is deleted and created again |
//!
//! Functions of librdkafka that take a client may be called from any thread; a handle that is made from a client must
//! be destroyed before the client is. Every type here holds the client that its handle came from, and destroys the
//! handle when it is dropped.

mod partition;
mod topics;

pub(super) use partition::{Delivery, PartitionReader, Record};
pub(super) use topics::{Answer, Described, describe};
