//! The wanted paths, found among the columns of an object.

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

/// Where columns have what is wanted, and how they become that.
pub(in crate::decode) struct Binding {
    /// One a path; `None` where the object has no such column.
    columns: Vec<Option<Vec<usize>>>,
    /// One an input; `None` for one that is no column, or is missing.
    pub(super) casts: Vec<Option<Cast>>,
    /// Inputs whose column is of a type from which nothing becomes them.
    mismatches: Vec<(usize, TypeMismatch)>,
    /// One a condition.
    pub(super) conditions: Vec<ColumnCondition>,
    /// Of the offset that records carry; `None` where they carry none.
    pub(super) offset: Option<Cast>,
    /// What the key of the object says of what its columns lack.
    pub(super) key_values: KeyValues,
}

impl Binding {
    /// Finds what is wanted among the columns of `object`.
    ///
    /// # Errors
    /// Where a column is of a type that does not become what is wanted.
    pub(in crate::decode) fn new(
        plan: &ColumnPlan,
        columns: &Schema,
        object: &Object,
    ) -> Result<Self, DecodeError> {
        let mut inputs = plan.plan.inputs.iter();
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
            column: plan.plan.path(input).unwrap_or_default(),
            found,
            wanted,
        })))
    }

    /// Finds what is wanted among the columns of messages. A column of a type that does not become what is wanted costs
    /// those messages that the component wants and that have a value there: others may be of another schema.
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
        for (at, (input, target)) in plan.plan.inputs.iter().zip(&plan.inputs).enumerate() {
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
        let conditions = plan.plan.only.iter().enumerate();
        let conditions = conditions.map(|(at, condition)| match &found[condition.slot.index()] {
            Some((_, data_type)) => ColumnCondition::new(condition, data_type),
            None if key_values.meets(at) => ColumnCondition::Always,
            None => ColumnCondition::Never,
        });
        let offset = plan.plan.offset.and_then(|slot| {
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

    /// Why no value of its column becomes an input.
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

/// The type of a column, and what does not become of it.
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

/// How an encoding is told in a message.
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

/// The places of a path's names, one within the other, and the type at its end. The first of several columns of one
/// name counts.
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

/// Goes into structs; a member of a null struct is null.
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
