//! The projection of a component and its job: inputs, conditions, range.

use super::EventRange;
use crate::schema::{Condition, Input};

/// The columns to make of each record, and the records to pass over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// The inputs, one per column, in order.
    pub inputs: Vec<Input>,
    /// Conditions. A record that does not meet every condition is passed over, whatever else is wrong with it.
    pub only: Vec<Condition>,
    /// Index in `inputs` of the event time.
    pub event_time: Option<usize>,
    /// The range. Records whose event time is outside are passed over.
    pub range: EventRange,
    /// Apply the range to the timestamp that the source gives each record, since no input is the event time.
    pub cut_by_record_time: bool,
    /// Path at which records carry their offset in a topic.
    /// [`DecodeOptions::record_offset`](super::DecodeOptions::record_offset) and the envelope of the job take
    /// precedence.
    pub offset: Option<String>,
    /// Path of the message's value within the record, which other paths lead into. Set by the envelope of the job.
    pub value: Option<&'static str>,
}
