//! What the key of an object says of its rows, in the place of columns that the object lacks: the same as of records of
//! text.

use arrow_array::ArrayRef;

use super::plan::ColumnPlan;
use super::values::TargetType;
use crate::decode::column::Column;
use crate::decode::key_fields::{PlannedKeyFields, misfit, whole};
use crate::source::Object;

/// A value that all rows have, as an array of one, or why none of them has it.
pub(super) type Value = Result<ArrayRef, String>;

/// What the key of an object says.
#[derive(Default)]
pub(super) struct KeyValues {
    pub(super) topic: Option<String>,
    pub(super) partition: Option<i32>,
    /// The offset of the first row; `None` where that of the others does not follow from it.
    pub(super) first_offset: Option<i64>,
    /// One an input.
    inputs: Vec<Option<Value>>,
    /// Whether a condition is met, one each.
    conditions: Vec<bool>,
    /// Whether it has a column of that name, one a path.
    pub(super) paths: Vec<bool>,
}

impl KeyValues {
    /// What the key of `object` says of what is wanted.
    pub(super) fn new(plan: &ColumnPlan, object: &Object) -> Self {
        let Some(says) = PlannedKeyFields::of(object.key_fields.as_deref(), &plan.plan) else {
            return KeyValues::of_log();
        };
        let inputs = says.inputs.iter().zip(&plan.inputs);
        let inputs = inputs.map(|(json, target)| {
            let json = json.as_deref().filter(|json| *json != b"null");
            json.map(|json| value(json, *target))
        });
        let conditions = says.conditions.iter().zip(&plan.plan.only);
        let conditions = conditions.map(|(json, condition)| {
            let json = json.as_deref();
            json.is_some_and(|json| condition.holds(json, whole(json).escaped))
        });
        let names = object
            .key_fields
            .as_ref()
            .map(|key_fields| &key_fields.columns);
        let paths = plan.paths.iter();
        let paths = paths.map(|path| match (plan.plan.names_within_value(path), names) {
            ([name], Some(names)) => names.contains_key(name),
            _ => false,
        });
        KeyValues {
            inputs: inputs.collect(),
            conditions: conditions.collect(),
            paths: paths.collect(),
            topic: says.topic,
            partition: says.partition,
            first_offset: says.first_offset,
        }
    }

    /// Nothing: there is no object.
    pub(super) fn of_log() -> Self {
        KeyValues {
            first_offset: Some(0),
            ..KeyValues::default()
        }
    }

    /// What an input is whose column the object lacks.
    pub(super) fn input(&self, input: usize) -> Option<&Value> {
        self.inputs.get(input)?.as_ref()
    }

    /// Whether a condition is met whose column the object lacks.
    pub(super) fn meets(&self, condition: usize) -> bool {
        self.conditions.get(condition).is_some_and(|meets| *meets)
    }
}

fn value(json: &[u8], target: TargetType) -> Value {
    let mut column = Column::new(target.kind, target.encoding, 1);
    let pushed = column.push_json(json, whole(json));
    pushed.map_err(|reason| misfit(reason).0)?;
    Ok(column.finish(0).expect("the text of a key is UTF-8"))
}
