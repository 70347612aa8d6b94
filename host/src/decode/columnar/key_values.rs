//! Values that the key of an object has for all of its rows, in place of columns that the object lacks, as for records
//! of text.

use arrow_array::ArrayRef;

use super::plan::ColumnPlan;
use super::target::TargetType;
use crate::decode::column::Column;
use crate::decode::key_fields::{PlannedKeyFields, misfit, whole};
use crate::source::Object;

/// A value of all rows, as an array of length 1; or the reason to reject them.
pub(super) type Value = Result<ArrayRef, String>;

/// The values of an object's key.
#[derive(Default)]
pub(super) struct KeyValues {
    pub(super) topic: Option<String>,
    pub(super) partition: Option<i32>,
    /// The offset of the first row; `None` if the offsets of the rows are not consecutive.
    pub(super) first_offset: Option<i64>,
    /// A value per input; `None` if the key has none.
    inputs: Vec<Option<Value>>,
    /// Whether the key has a column for an input, be it null, per input.
    has_inputs: Vec<bool>,
    /// Whether the key meets a condition, per condition; `None` if it has no such column.
    conditions: Vec<Option<bool>>,
    /// Whether the key has a column of that name, per path.
    pub(super) paths: Vec<bool>,
}

impl KeyValues {
    /// The values of the key of `object` for `plan`.
    pub(super) fn new(plan: &ColumnPlan, object: &Object) -> Self {
        let Some(planned) = PlannedKeyFields::of(object.key_fields.as_deref(), &plan.record_plan)
        else {
            return KeyValues::of_log();
        };
        let has_inputs = planned.inputs.iter().map(Option::is_some).collect();
        let inputs = planned.inputs.iter().zip(&plan.inputs);
        let inputs = inputs.map(|(json, target)| {
            let json = json.as_deref().filter(|json| *json != b"null");
            json.map(|json| value(json, *target))
        });
        let conditions = planned.conditions.iter().zip(&plan.record_plan.only);
        let conditions = conditions.map(|(json, condition)| {
            let json = json.as_deref();
            json.map(|json| condition.holds(json, whole(json).escaped))
        });
        let names = object
            .key_fields
            .as_ref()
            .map(|key_fields| &key_fields.columns);
        let paths = plan.paths.iter();
        let paths = paths.map(
            |path| match (plan.record_plan.names_within_value(path), names) {
                ([name], Some(names)) => names.contains_key(name),
                _ => false,
            },
        );
        KeyValues {
            inputs: inputs.collect(),
            has_inputs,
            conditions: conditions.collect(),
            paths: paths.collect(),
            topic: planned.topic,
            partition: planned.partition,
            first_offset: planned.first_offset,
        }
    }

    /// No values: messages of a log have no object.
    pub(super) fn of_log() -> Self {
        KeyValues {
            first_offset: Some(0),
            ..KeyValues::default()
        }
    }

    /// The value of an input whose column the object lacks.
    pub(super) fn input(&self, input: usize) -> Option<&Value> {
        self.inputs.get(input)?.as_ref()
    }

    /// Whether the key has a column, be it null, for an input whose column the object lacks.
    pub(super) fn has_input(&self, input: usize) -> bool {
        self.has_inputs.get(input).is_some_and(|has| *has)
    }

    /// Whether the key meets a condition whose column the object lacks.
    pub(super) fn meets(&self, condition: usize) -> bool {
        self.conditions.get(condition) == Some(&Some(true))
    }

    /// Whether the key has a column for a condition.
    pub(super) fn has_condition(&self, condition: usize) -> bool {
        matches!(self.conditions.get(condition), Some(Some(_)))
    }
}

fn value(json: &[u8], target: TargetType) -> Value {
    let mut column = Column::new(target.kind, target.encoding, 1);
    let pushed = column.push_json(json, whole(json));
    pushed.map_err(|reason| misfit(reason).0)?;
    Ok(column.finish(0).expect("the text of a key is UTF-8"))
}
