//! A projection checked, with its paths resolved to slots.

use super::column::encodes;
use super::json::{SlotId, Wanted, same_text};
use super::{DecodeError, EventRange, Projection};
use crate::schema::{Condition, Encoding, Input, Kind, Origin};

/// The most inputs that a projection may have.
const MAX_INPUTS: usize = 1024;

/// The projection as it is applied to each record.
pub(super) struct Plan {
    pub(super) inputs: Vec<PlannedInput>,
    pub(super) only: Vec<PlannedCondition>,
    /// Index of the event time among the inputs; `None` if the range has no bound.
    pub(super) bounded_event_time: Option<usize>,
    pub(super) range: EventRange,
    /// The range has a bound and applies to the timestamps of records.
    pub(super) is_cut_by_record_time: bool,
    /// Slot of the offset that records carry.
    pub(super) offset: Option<SlotId>,
    /// Path of the message's value, which the paths of inputs and conditions lead into.
    value: Option<&'static str>,
}

/// An input with its origin resolved.
pub(super) struct PlannedInput {
    pub(super) origin: PlannedOrigin,
    pub(super) nullable: bool,
    pub(super) kind: Kind,
    pub(super) encoding: Encoding,
    pub(super) path: Option<String>,
    name: String,
}

/// The origin of an input's values.
pub(super) enum PlannedOrigin {
    Value(SlotId),
    Payload,
    Key,
    Header(String),
    Time,
    SourceName,
    Partition,
    Offset,
}

/// A condition with its path resolved.
pub(super) struct PlannedCondition {
    pub(super) slot: SlotId,
    pub(super) path: String,
    pub(super) any_of: Vec<Vec<u8>>,
}

impl PlannedCondition {
    /// Whether the JSON text `value` meets the condition. Objects and arrays meet none.
    pub(super) fn holds(&self, value: &[u8], escaped: bool) -> bool {
        match value
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""))
        {
            Some(inside) => self
                .any_of
                .iter()
                .any(|text| same_text(inside, escaped, text)),
            None => {
                !value.starts_with(b"{")
                    && !value.starts_with(b"[")
                    && self.any_of.iter().any(|text| text == value)
            }
        }
    }
}

impl Plan {
    /// The plan, and the distinct paths of inputs, conditions and offset.
    ///
    /// # Errors
    /// If the event time, an input or a path is not valid, or if the range has a bound and there is no time to apply it
    /// to.
    pub(super) fn new(projection: Projection) -> Result<(Self, Wanted), DecodeError> {
        let Projection {
            inputs,
            only,
            event_time,
            range,
            cut_by_record_time,
            offset,
            value,
        } = projection;
        if inputs.len() > MAX_INPUTS {
            return Err(refused(
                &inputs[MAX_INPUTS].name,
                "a component may have 1024 inputs at most",
            ));
        }
        if let Some(at) = event_time
            && inputs
                .get(at)
                .is_none_or(|input| input.kind != Kind::Timestamp)
        {
            let name = inputs.get(at).map_or("event-time", |input| &input.name);
            return Err(refused(name, "an event time is an input of kind timestamp"));
        }
        let bounded = range.from_us.is_some() || range.until_us.is_some();
        if bounded && event_time.is_none() && !cut_by_record_time {
            return Err(refused(
                "event-time",
                "a range in time needs a component that names its event time",
            ));
        }
        let mut wanted = Wanted::default();
        let inputs = inputs
            .into_iter()
            .map(|input| plan_input(input, &mut wanted))
            .collect::<Result<Vec<_>, _>>()?;
        let only = only
            .into_iter()
            .map(|condition| plan_condition(condition, &mut wanted));
        let only = only.collect::<Result<Vec<_>, _>>()?;
        let bounded_event_time = event_time.filter(|_| bounded);
        let offset = offset.map(|path| {
            let slot = wanted.add(&path);
            slot.map_err(|detail| DecodeError::Setting {
                setting: "record_offset",
                detail,
            })
        });
        let plan = Plan {
            inputs,
            only,
            bounded_event_time,
            range,
            is_cut_by_record_time: bounded && event_time.is_none(),
            offset: offset.transpose()?,
            value,
        };
        Ok((plan, wanted))
    }

    /// The path of an input; `None` if its origin is not a path.
    pub(super) fn path(&self, input: usize) -> Option<String> {
        self.inputs[input].path.clone()
    }

    /// A path relative to the message's value, as the component declares it.
    pub(super) fn within_value<'a>(&self, path: &'a str) -> &'a str {
        let inside = self.value.and_then(|value| path.strip_prefix(value));
        inside
            .and_then(|path| path.strip_prefix('.'))
            .unwrap_or(path)
    }

    /// As [`within_value`](Plan::within_value), for a path in names.
    pub(super) fn names_within_value<'a>(&self, path: &'a [String]) -> &'a [String] {
        match (path, self.value) {
            ([first, rest @ ..], Some(value)) if first == value && !rest.is_empty() => rest,
            _ => path,
        }
    }

    /// The reason to reject a record without a value for an input.
    pub(super) fn lacks(&self, input: usize) -> String {
        match &self.inputs[input] {
            PlannedInput { path: Some(_), .. } => "missing or null".to_owned(),
            PlannedInput { name, .. } => format!("the source has no value for the input `{name}`"),
        }
    }
}

fn refused(input: &str, detail: impl Into<String>) -> DecodeError {
    DecodeError::Input {
        input: input.to_owned(),
        detail: detail.into(),
    }
}

fn plan_input(input: Input, wanted: &mut Wanted) -> Result<PlannedInput, DecodeError> {
    let Input {
        name,
        origin,
        kind,
        encoding,
        nullable,
    } = input;
    let kinds: &[Kind] = match &origin {
        Origin::Path(_) => &[kind],
        Origin::Payload => &[Kind::Binary],
        Origin::RecordKey | Origin::RecordHeader(_) => &[Kind::Binary, Kind::Utf8],
        Origin::RecordTime => &[Kind::Timestamp],
        Origin::SourceName => &[Kind::Utf8],
        Origin::Partition | Origin::Offset => &[Kind::Int64],
    };
    if !kinds.contains(&kind) {
        return Err(refused(
            &name,
            format!("its origin has no values of kind {}", kind.name()),
        ));
    }
    if !encodes(kind, encoding) {
        return Err(refused(
            &name,
            format!("its encoding is not one of kind {}", kind.name()),
        ));
    }
    let mut path = None;
    let origin = match origin {
        Origin::Path(text) => {
            let slot = wanted.add(&text).map_err(|detail| refused(&name, detail))?;
            path = Some(text);
            PlannedOrigin::Value(slot)
        }
        Origin::Payload => PlannedOrigin::Payload,
        Origin::RecordKey => PlannedOrigin::Key,
        Origin::RecordHeader(header) => PlannedOrigin::Header(header),
        Origin::RecordTime => PlannedOrigin::Time,
        Origin::SourceName => PlannedOrigin::SourceName,
        Origin::Partition => PlannedOrigin::Partition,
        Origin::Offset => PlannedOrigin::Offset,
    };
    Ok(PlannedInput {
        origin,
        nullable,
        kind,
        encoding,
        path,
        name,
    })
}

fn plan_condition(
    condition: Condition,
    wanted: &mut Wanted,
) -> Result<PlannedCondition, DecodeError> {
    let slot = wanted
        .add(&condition.path)
        .map_err(|detail| refused(&condition.path, detail))?;
    Ok(PlannedCondition {
        slot,
        path: condition.path,
        any_of: condition
            .any_of
            .into_iter()
            .map(String::into_bytes)
            .collect(),
    })
}
