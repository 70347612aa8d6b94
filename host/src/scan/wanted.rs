//! What the descriptor of a component wants of each record.

use crate::decode::Projection;
use crate::schema::{Descriptor, Origin};
use crate::source::{EventRange, Parts};

/// The parts of a record that `descriptor` wants besides the record's value.
pub fn wanted_parts(descriptor: &Descriptor) -> Parts {
    let mut origins = descriptor.inputs.iter().map(|input| &input.origin);
    Parts {
        keys: origins.clone().any(|origin| *origin == Origin::RecordKey),
        headers: origins.any(|origin| matches!(origin, Origin::RecordHeader(_))),
    }
}

/// The columns and conditions that `descriptor` wants of each record, for records within `range`.
pub fn wanted_projection(descriptor: &Descriptor, range: EventRange) -> Projection {
    let event_time = descriptor.event_time.as_ref();
    Projection {
        inputs: descriptor.inputs.clone(),
        only: descriptor.only.clone(),
        event_time: event_time.and_then(|name| {
            let mut inputs = descriptor.inputs.iter();
            inputs.position(|input| input.name == *name)
        }),
        range,
        // A component without an event time has a range of a log, or none.
        cut_by_record_time: event_time.is_none(),
        offset: None,
        value: None,
    }
}
