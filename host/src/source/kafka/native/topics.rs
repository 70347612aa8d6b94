//! Descriptions of topics with their IDs. An ID changes if a topic is deleted and created again.

use std::ffi::{CString, c_char, c_int};
use std::ptr;
use std::time::Duration;

use rdkafka::bindings as rd;
use rdkafka::error::RDKafkaErrorCode;

use super::super::client::Client;
use super::partition::text;

/// A topic as the brokers describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Described {
    pub(in super::super) topic: String,
    /// The ID; `None` if the brokers are too old to have topic IDs.
    pub(in super::super) id: Option<String>,
    pub(in super::super) partitions: Vec<i32>,
}

/// The description of a topic, or the topic and what is wrong with it.
pub(in super::super) type Answer = Result<Described, (String, RDKafkaErrorCode)>;

/// The ID of a topic that has none: all zeros, in base64.
const NO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

/// Describes each of `topics`. The answers are in any order.
///
/// # Errors
/// The code and the message of librdkafka, if the request was not answered.
#[expect(unsafe_code, reason = "calls librdkafka")]
pub(in super::super) fn describe(
    client: &Client,
    topics: &[&str],
    timeout: Duration,
) -> Result<Vec<Answer>, (RDKafkaErrorCode, String)> {
    use rdkafka::consumer::Consumer;

    let invalid = |_| (RDKafkaErrorCode::InvalidTopic, "a zero byte".to_owned());
    let names = topics.iter().map(|topic| CString::new(*topic));
    let names: Vec<CString> = names.collect::<Result<_, _>>().map_err(invalid)?;
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let timeout_ms = c_int::try_from(timeout.as_millis()).unwrap_or(c_int::MAX);
    // SAFETY: the client lives throughout. All that is made here is destroyed here, after its last use: what the event
    // gives is copied before the event is destroyed. The names live until they were copied into the collection.
    unsafe {
        let client = client.client().native_ptr();
        let collection =
            rd::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
        let options = rd::rd_kafka_AdminOptions_new(
            client,
            rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
        );
        rd::rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, ptr::null_mut(), 0);
        let queue = rd::rd_kafka_queue_new(client);
        rd::rd_kafka_DescribeTopics(client, collection, options, queue);
        // The call returns after the timeout at the latest.
        let event = rd::rd_kafka_queue_poll(queue, -1);
        let code = rd::rd_kafka_event_error(event);
        let answer = if code == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            Ok(descriptions(rd::rd_kafka_event_DescribeTopics_result(
                event,
            )))
        } else {
            Err((code.into(), text(rd::rd_kafka_event_error_string(event))))
        };
        rd::rd_kafka_event_destroy(event);
        rd::rd_kafka_queue_destroy(queue);
        rd::rd_kafka_AdminOptions_destroy(options);
        rd::rd_kafka_TopicCollection_destroy(collection);
        answer
    }
}

/// Copies an answer.
///
/// # Safety
/// `answer` is one, or null.
#[expect(unsafe_code, reason = "memory of librdkafka")]
unsafe fn descriptions(answer: *const rd::rd_kafka_DescribeTopics_result_t) -> Vec<Answer> {
    let mut all = Vec::new();
    if answer.is_null() {
        return all;
    }
    // SAFETY: the arrays have as many elements as is said with them, and live as long as the answer.
    unsafe {
        let mut count = 0;
        let topics = rd::rd_kafka_DescribeTopics_result_topics(answer, &raw mut count);
        for at in 0..count {
            let described = *topics.add(at);
            let topic = text(rd::rd_kafka_TopicDescription_name(described));
            let error = rd::rd_kafka_TopicDescription_error(described);
            let code = match error.is_null() {
                true => rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
                false => rd::rd_kafka_error_code(error),
            };
            if code != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                all.push(Err((topic, code.into())));
                continue;
            }
            let id = rd::rd_kafka_TopicDescription_topic_id(described);
            let id = match id.is_null() {
                true => String::new(),
                false => text(rd::rd_kafka_Uuid_base64str(id)),
            };
            let mut partition_count = 0;
            let partitions =
                rd::rd_kafka_TopicDescription_partitions(described, &raw mut partition_count);
            let partitions = (0..partition_count)
                .map(|at| rd::rd_kafka_TopicPartitionInfo_partition(*partitions.add(at)));
            let mut partitions: Vec<i32> = partitions.collect();
            partitions.sort_unstable();
            all.push(Ok(Described {
                topic,
                id: (!id.is_empty() && id != NO_ID).then_some(id),
                partitions,
            }));
        }
    }
    all
}
