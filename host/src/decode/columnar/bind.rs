//! The binding of a plan to the columns of one object.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::ArrowError;

use super::condition::ColumnCondition;
use super::conversion::Conversion;
use super::form::Form;
use super::key_values::KeyValues;
use super::mismatch::TypeMismatch;
use super::plan::ColumnPlan;
use super::target::TargetType;
use super::way::{Found, Top};
use crate::decode::plan::PlannedOrigin;
use crate::decode::{ColumnType, DecodeError};
use crate::source::Object;

/// The column of each wanted path in one schema, and its conversion.
pub(in crate::decode) struct Binding {
    /// A value per path; `None` if the object has no such column.
    columns: Vec<Option<Found>>,
    /// The form of the values at each path.
    pub(super) forms: Arc<[Form]>,
    /// A value per input; `None` for an input that is not a path, or whose column is missing.
    pub(super) conversions: Vec<Option<Conversion>>,
    /// Inputs whose column has a type that does not convert to them.
    mismatches: Vec<(usize, TypeMismatch)>,
    /// A value per condition.
    pub(super) conditions: Vec<ColumnCondition>,
    /// Conversion of the offset that records carry; `None` if they carry none.
    pub(super) offset: Option<Conversion>,
    /// Values of the object's key, for columns that the object lacks.
    pub(super) key_values: KeyValues,
}

impl Binding {
    /// Binds `plan` to the columns of `object`.
    ///
    /// # Errors
    /// If the plan wants the bytes of records, or a column has a type that does not convert to its input.
    pub(in crate::decode) fn new(
        plan: &ColumnPlan,
        columns: Top<'_>,
        object: &Object,
    ) -> Result<Self, DecodeError> {
        let mut inputs = plan.record_plan.inputs.iter();
        if inputs.any(|input| matches!(input.origin, PlannedOrigin::Payload)) {
            return Err(DecodeError::Payload {
                object: object.key.clone(),
            });
        }
        let mut binding = Binding::found(plan, columns, KeyValues::new(plan, object));
        if binding.mismatches.is_empty() {
            return Ok(binding);
        }
        let (input, TypeMismatch { found, wanted }) = binding.mismatches.swap_remove(0);
        Err(DecodeError::ColumnType(Box::new(ColumnType {
            object: object.key.clone(),
            column: plan.record_plan.path(input).unwrap_or_default(),
            found,
            wanted,
        })))
    }

    /// Binds `plan` to the columns of Avro messages. If a column has a type that does not convert to its input, wanted
    /// messages with a value there are rejected: messages of other schemas may convert.
    pub(in crate::decode) fn of_messages(plan: &ColumnPlan, columns: Top<'_>) -> Self {
        Binding::found(plan, columns, KeyValues::of_log())
    }

    fn found(plan: &ColumnPlan, top: Top<'_>, key_values: KeyValues) -> Self {
        let columns: Vec<_> = plan.paths.iter().map(|path| Found::at(top, path)).collect();
        let mut conversions = Vec::with_capacity(plan.inputs.len());
        let mut mismatches = Vec::new();
        for (at, (input, target)) in plan.record_plan.inputs.iter().zip(&plan.inputs).enumerate() {
            let column = match &input.origin {
                PlannedOrigin::Value(slot) => columns[slot.index()].as_ref(),
                _ => None,
            };
            conversions.push(column.and_then(
                |Found {
                     data_type, form, ..
                 }| {
                    let conversion = Conversion::of(data_type, form, *target);
                    if conversion.is_none() {
                        mismatches.push((at, TypeMismatch::new(data_type, form, *target)));
                    }
                    conversion
                },
            ));
        }
        let conditions = plan.record_plan.only.iter().enumerate();
        let conditions = conditions.map(|(at, condition)| match &columns[condition.slot.index()] {
            Some(column) => ColumnCondition::new(condition, column),
            None if key_values.meets(at) => ColumnCondition::Always,
            None => ColumnCondition::Never,
        });
        let offset = plan.record_plan.offset.and_then(|slot| {
            let Found {
                data_type, form, ..
            } = columns[slot.index()].as_ref()?;
            Conversion::of(data_type, form, TargetType::OFFSET)
        });
        let forms = columns.iter().map(|column| {
            let form = column.as_ref().map(|column| column.form.clone());
            form.unwrap_or(Form::Plain)
        });
        Binding {
            offset,
            conditions: conditions.collect(),
            forms: forms.collect(),
            columns,
            conversions,
            mismatches,
            key_values,
        }
    }

    /// The reason to reject rows with a value in the column of `input`, if its type does not convert.
    pub(super) fn why_mismatched(&self, input: usize) -> Option<String> {
        let (_, mismatch) = self.mismatches.iter().find(|(at, _)| *at == input)?;
        Some(mismatch.reason())
    }

    /// The columns of the wanted paths.
    pub(super) fn columns(&self, batch: &RecordBatch) -> Result<Vec<Option<ArrayRef>>, ArrowError> {
        let columns = self.columns.iter();
        columns
            .map(|found| found.as_ref().map(|found| found.values(batch)).transpose())
            .collect()
    }
}
