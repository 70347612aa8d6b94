//! Reads one partition from an offset on, with the simple consumer of librdkafka.
//!
//! The consumers of the wrapper return one event for each record, with an allocation and a reference count. They also
//! need the name of a group to be assigned a partition, and look up the coordinator of the group, for which a replay
//! may lack the permission. The simple consumer needs no group and returns many records with one call. For uncompressed
//! records of 400 bytes, it takes two thirds of the CPU time.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;

use super::super::client::Client;

/// The largest number of records that one call takes.
const BATCH: usize = 1024;

/// Reads one partition of a topic by rising offset.
///
/// Invariant: `batch[at..]` are messages that librdkafka gave us, and each is destroyed exactly once, by
/// [`advance`](PartitionReader::advance) or when the reader is dropped; what a [`Delivery`] borrows lives in
/// `batch[at]`, so it borrows the reader.
pub(in super::super) struct PartitionReader {
    client: Arc<Client>,
    topic: NonNull<rd::rd_kafka_topic_t>,
    queue: NonNull<rd::rd_kafka_queue_t>,
    name: CString,
    partition: i32,
    batch: Vec<*mut rd::rd_kafka_message_t>,
    at: usize,
}

// SAFETY: handles of librdkafka may be used from any thread, and the messages are owned by the reader alone.
#[expect(unsafe_code, reason = "raw pointers are not `Send` by themselves")]
unsafe impl Send for PartitionReader {}

/// The next item in a partition.
pub(in super::super) enum Delivery<'a> {
    /// A record.
    Record(Record<'a>),
    /// The end of the log, at the time when this item was queued.
    End {
        /// The next offset that will be fetched.
        next: i64,
    },
    /// An error of the partition.
    Failed {
        code: RDKafkaErrorCode,
        detail: String,
    },
}

/// A record as it lies in the memory of librdkafka.
pub(in super::super) struct Record<'a> {
    pub(in super::super) offset: i64,
    pub(in super::super) key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub(in super::super) value: Option<&'a [u8]>,
    message: &'a rd::rd_kafka_message_t,
}

#[expect(unsafe_code, reason = "calls librdkafka")]
impl PartitionReader {
    /// Starts to fetch at `offset`, which is not one of the logical offsets (-1, -2).
    pub(in super::super) fn start(
        client: Arc<Client>,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<Self, RDKafkaErrorCode> {
        let name = CString::new(topic).map_err(|_| RDKafkaErrorCode::InvalidTopic)?;
        // SAFETY: the client lives, the name is a C string; a null configuration means the client's own.
        let handle = unsafe {
            rd::rd_kafka_topic_new(client.client().native_ptr(), name.as_ptr(), ptr::null_mut())
        };
        let Some(handle) = NonNull::new(handle) else {
            return Err(last_error());
        };
        // SAFETY: the client lives; it makes a queue or aborts for want of memory.
        let queue = NonNull::new(unsafe { rd::rd_kafka_queue_new(client.client().native_ptr()) });
        let Some(queue) = queue else {
            // SAFETY: it was made above, and nothing else refers to it.
            unsafe { rd::rd_kafka_topic_destroy(handle.as_ptr()) };
            return Err(RDKafkaErrorCode::Fail);
        };
        let reader = PartitionReader {
            client,
            topic: handle,
            queue,
            name,
            partition,
            batch: Vec::with_capacity(BATCH),
            at: 0,
        };
        // SAFETY: topic and queue live as long as the reader, which stops the fetching before it destroys them.
        let started = unsafe {
            rd::rd_kafka_consume_start_queue(
                reader.topic.as_ptr(),
                partition,
                offset,
                reader.queue.as_ptr(),
            )
        };
        match started {
            0 => Ok(reader),
            _ => Err(last_error()),
        }
    }

    /// The next item, if one was fetched.
    pub(in super::super) fn peek(&self) -> Option<Delivery<'_>> {
        let message = *self.batch.get(self.at)?;
        // SAFETY: `batch[at]` is a message that was not destroyed, and is not while `self` is borrowed.
        let message = unsafe { &*message };
        if message.err == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTITION_EOF {
            return Some(Delivery::End {
                next: message.offset,
            });
        }
        if message.err != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            // SAFETY: the message has an error, whose text lives as long as it.
            let detail = unsafe { text(rd::rd_kafka_message_errstr(message)) };
            return Some(Delivery::Failed {
                code: message.err.into(),
                detail,
            });
        }
        // SAFETY: librdkafka's pointers and lengths, valid as long as the message.
        let (key, value) = unsafe {
            (
                bytes(message.key, message.key_len),
                bytes(message.payload, message.len),
            )
        };
        Some(Delivery::Record(Record {
            offset: message.offset,
            key,
            value,
            message,
        }))
    }

    /// Releases the item that [`peek`](PartitionReader::peek) returns.
    pub(in super::super) fn advance(&mut self) {
        if let Some(message) = self.batch.get(self.at) {
            // SAFETY: ours, not destroyed so far, and never seen again since `at` moves on.
            unsafe { rd::rd_kafka_message_destroy(*message) };
            self.at += 1;
        }
    }

    /// Takes fetched items, once all earlier ones are released. Waits up to `timeout` for the first one.
    pub(in super::super) fn fill(&mut self, timeout: Duration) {
        if self.at < self.batch.len() {
            return;
        }
        self.batch.clear();
        self.at = 0;
        // librdkafka waits for the requested number: so this requests one first, then all others that are there.
        self.take(timeout, 1);
        if !self.batch.is_empty() {
            self.take(Duration::ZERO, BATCH - 1);
        }
    }

    fn take(&mut self, timeout: Duration, most: usize) {
        let held = self.batch.len();
        debug_assert!(held + most <= self.batch.capacity());
        let wait_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the vector has room for `most` pointers after those that it holds; the call
        // returns how many of them it has set.
        unsafe {
            let room = self.batch.as_mut_ptr().add(held);
            let taken = rd::rd_kafka_consume_batch_queue(self.queue.as_ptr(), wait_ms, room, most);
            self.batch
                .set_len(held + usize::try_from(taken).unwrap_or(0));
        }
    }

    /// The first offset of the log according to the last fetch; `None` before the first fetch.
    pub(in super::super) fn log_start(&self) -> Option<i64> {
        let (mut low, mut high) = (-1, -1);
        // SAFETY: the client lives, the name is a C string, and both results are ours.
        let code = unsafe {
            rd::rd_kafka_get_watermark_offsets(
                self.client.client().native_ptr(),
                self.name.as_ptr(),
                self.partition,
                &raw mut low,
                &raw mut high,
            )
        };
        let is_known = code == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR && low >= 0;
        is_known.then_some(low)
    }

    /// The client that fetches.
    pub(in super::super) fn client(&self) -> &Arc<Client> {
        &self.client
    }
}

impl Drop for PartitionReader {
    #[expect(unsafe_code, reason = "calls librdkafka")]
    fn drop(&mut self) {
        while self.at < self.batch.len() {
            self.advance();
        }
        // SAFETY: all are ours and live; the client outlives them, since it is held until after this.
        unsafe {
            rd::rd_kafka_consume_stop(self.topic.as_ptr(), self.partition);
            rd::rd_kafka_queue_destroy(self.queue.as_ptr());
            rd::rd_kafka_topic_destroy(self.topic.as_ptr());
        }
    }
}

#[expect(unsafe_code, reason = "calls librdkafka")]
impl Record<'_> {
    /// The timestamp in milliseconds since 1970-01-01T00:00:00Z, if it has one.
    pub(in super::super) fn time_ms(&self) -> Option<i64> {
        // SAFETY: the message lives; the kind of the timestamp is not requested.
        let time = unsafe { rd::rd_kafka_message_timestamp(self.message, ptr::null_mut()) };
        (time >= 0).then_some(time)
    }

    /// Calls `each` with the name and the value of every header, in order.
    pub(in super::super) fn headers(&self, mut each: impl FnMut(&[u8], Option<&[u8]>)) {
        let mut headers = ptr::null_mut();
        // SAFETY: the message lives, and keeps what it gives.
        let code = unsafe { rd::rd_kafka_message_headers(self.message, &raw mut headers) };
        if code != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return;
        }
        for at in 0.. {
            let (mut name, mut value, mut length) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the headers live as long as the message; all results are ours.
            unsafe {
                let code = rd::rd_kafka_header_get_all(
                    headers,
                    at,
                    &raw mut name,
                    &raw mut value,
                    &raw mut length,
                );
                if code != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                    return;
                }
                each(CStr::from_ptr(name).to_bytes(), bytes(value, length));
            }
        }
    }
}

/// The bytes at a pointer, `None` where it is null.
///
/// # Safety
/// Where it is not null, `length` bytes there are valid for `'a`.
#[expect(unsafe_code, reason = "memory of librdkafka")]
unsafe fn bytes<'a>(start: *const c_void, length: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start.cast(), length) })
}

/// A copy of the text at a pointer, empty where it is null.
///
/// # Safety
/// Where it is not null, it points to a C string.
#[expect(unsafe_code, reason = "memory of librdkafka")]
pub(super) unsafe fn text(start: *const c_char) -> String {
    if start.is_null() {
        return String::new();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(start) }
        .to_string_lossy()
        .into_owned()
}

/// The error of the last call in this thread.
#[expect(unsafe_code, reason = "calls librdkafka")]
fn last_error() -> RDKafkaErrorCode {
    // SAFETY: reads a number of this thread.
    unsafe { rd::rd_kafka_last_error() }.into()
}
