//! The binding of a plan to the columns of one object.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, Fields, Schema};
use arrow_select::nullif::nullif;

use super::cast::Cast;
use super::condition::ColumnCondition;
use super::key_values::KeyValues;
use super::plan::ColumnPlan;
use super::values::TargetType;
use crate::decode::plan::PlannedOrigin;
use crate::decode::{ColumnType, DecodeError};
use crate::source::Object;

/// The column of each wanted path in one schema, and its conversion.
pub(in crate::decode) struct Binding {
    /// A value per path: the indices that lead to the column. `None` if the object has no such column.
    columns: Vec<Option<Vec<usize>>>,
    /// A value per input; `None` for an input that is not a path, or whose column is missing.
    pub(super) casts: Vec<Option<Cast>>,
    /// Inputs whose column has a type that does not convert to them.
    mismatches: Vec<(usize, TypeMismatch)>,
    /// A value per condition.
    pub(super) conditions: Vec<ColumnCondition>,
    /// Conversion of the offset that records carry; `None` if they carry none.
    pub(super) offset: Option<Cast>,
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
        columns: &Schema,
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
    pub(in crate::decode) fn of_messages(plan: &ColumnPlan, columns: &Schema) -> Self {
        Binding::found(plan, columns, KeyValues::of_log())
    }

    fn found(plan: &ColumnPlan, columns: &Schema, key_values: KeyValues) -> Self {
        let found: Vec<_> = plan
            .paths
            .iter()
            .map(|path| find(columns.fields(), path))
            .collect();
        let mut casts = Vec::with_capacity(plan.inputs.len());
        let mut mismatches = Vec::new();
        for (at, (input, target)) in plan.record_plan.inputs.iter().zip(&plan.inputs).enumerate() {
            let column = match &input.origin {
                PlannedOrigin::Value(slot) => found[slot.index()].as_ref(),
                _ => None,
            };
            let cast = column.map(|(_, from)| (from, Cast::of(from, *target)));
            if let Some((from, None)) = cast {
                mismatches.push((at, TypeMismatch::new(from, *target)));
            }
            casts.push(cast.and_then(|(_, cast)| cast));
        }
        let conditions = plan.record_plan.only.iter().enumerate();
        let conditions = conditions.map(|(at, condition)| match &found[condition.slot.index()] {
            Some((_, data_type)) => ColumnCondition::new(condition, data_type),
            None if key_values.meets(at) => ColumnCondition::Always,
            None => ColumnCondition::Never,
        });
        let offset = plan.record_plan.offset.and_then(|slot| {
            let (_, from) = found[slot.index()].as_ref()?;
            Cast::of(from, TargetType::OFFSET)
        });
        Binding {
            offset,
            conditions: conditions.collect(),
            columns: found
                .into_iter()
                .map(|found| found.map(|(steps, _)| steps))
                .collect(),
            casts,
            mismatches,
            key_values,
        }
    }

    /// The reason to reject rows with a value in the column of `input`, if its type does not convert.
    pub(super) fn why_mismatched(&self, input: usize) -> Option<String> {
        let (_, mismatches) = self.mismatches.iter().find(|(at, _)| *at == input)?;
        let TypeMismatch { found, wanted } = mismatches;
        Some(format!("of type {found}, which does not become {wanted}"))
    }

    /// The columns of the wanted paths.
    pub(super) fn columns(&self, batch: &RecordBatch) -> Result<Vec<Option<ArrayRef>>, ArrowError> {
        let columns = self.columns.iter();
        columns
            .map(|steps| steps.as_ref().map(|steps| step(batch, steps)).transpose())
            .collect()
    }
}

/// The type of a column, and the input to which it does not convert.
struct TypeMismatch {
    found: String,
    wanted: String,
}

impl TypeMismatch {
    fn new(from: &DataType, target: TargetType) -> Self {
        let wanted = format!("{} {}", target.kind.name(), encoded(target));
        TypeMismatch {
            found: from.to_string(),
            wanted: wanted.trim_end().to_owned(),
        }
    }
}

/// An encoding as part of a message.
fn encoded(target: TargetType) -> &'static str {
    use crate::schema::Encoding;
    match target.encoding {
        Encoding::Standard => "",
        Encoding::EpochSeconds => "from epoch-seconds",
        Encoding::EpochMilliseconds => "from epoch-milliseconds",
        Encoding::EpochMicroseconds => "from epoch-microseconds",
        Encoding::EpochNanoseconds => "from epoch-nanoseconds",
        Encoding::Hex => "from hex",
        Encoding::Text => "as text",
    }
}

/// The indices that lead to the column at `path`, from the top to the innermost struct, and its type. Of several
/// columns with one name, the first counts.
pub(super) fn find(fields: &Fields, path: &[String]) -> Option<(Vec<usize>, DataType)> {
    let (mut fields, mut steps) = (fields, Vec::with_capacity(path.len()));
    let mut names = path.iter().peekable();
    while let Some(name) = names.next() {
        let (at, field) = fields.find(name)?;
        steps.push(at);
        match field.data_type() {
            found if names.peek().is_none() => return Some((steps, found.clone())),
            DataType::Struct(members) => fields = members,
            _ => return None,
        }
    }
    None
}

/// The column at the end of `steps` through structs. A member of a null struct is null.
fn step(batch: &RecordBatch, steps: &[usize]) -> Result<ArrayRef, ArrowError> {
    let mut array = batch.column(steps[0]).clone();
    let mut nulls: Option<NullBuffer> = None;
    for at in &steps[1..] {
        nulls = NullBuffer::union(nulls.as_ref(), array.nulls());
        array = array.as_struct().column(*at).clone();
    }
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        Some(nulls) => nullif(&array, &BooleanArray::new(!nulls.inner(), None)),
        None => Ok(array),
    }
}
