//! The wanted paths, found among the columns of an object.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};
use arrow_select::nullif::nullif;

use super::cast::Cast;
use super::condition::Test;
use super::lines::Shape;
use super::values::Wish;
use crate::decode::named::KeySays;
use crate::decode::plan::{Place, Plan};
use crate::decode::{DecodeError, Projection};
use crate::source::Object;

/// What is wanted of each row, whatever the object.
pub(in crate::decode) struct Wants {
    pub(super) plan: Plan,
    /// The distinct paths, as names.
    pub(super) paths: Vec<Vec<String>>,
    /// What the values of each path are wanted as, first of all.
    pub(super) wishes: Arc<[Wish]>,
    /// One an input.
    pub(super) inputs: Vec<Wish>,
    pub(super) schema: SchemaRef,
    pub(super) shape: Arc<Shape>,
}

impl Wants {
    /// Makes a projection ready.
    ///
    /// # Errors
    /// Where it asks for what no column can give.
    pub(in crate::decode) fn new(projection: Projection) -> Result<Self, DecodeError> {
        let inputs: Vec<_> = projection
            .inputs
            .iter()
            .map(|input| Wish {
                kind: input.kind,
                encoding: input.encoding,
            })
            .collect();
        let fields = projection
            .inputs
            .iter()
            .map(|input| Field::new(&input.name, input.kind.data_type(), input.nullable));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let (plan, wanted) = Plan::new(projection)?;
        let paths: Vec<Vec<String>> = wanted.paths().collect();
        let mut wishes = vec![Wish::JSON; paths.len()];
        for (wish, input) in inputs.iter().zip(&plan.inputs).rev() {
            if let Place::Value(slot) = &input.place {
                wishes[slot.index()] = *wish;
            }
        }
        let mut shape = Shape::default();
        for (column, path) in paths.iter().enumerate() {
            shape.add(path, column);
        }
        Ok(Wants {
            plan,
            paths,
            wishes: wishes.into(),
            inputs,
            schema,
            shape: Arc::new(shape),
        })
    }

    /// Whether a column is wanted, or something within it.
    pub(in crate::decode) fn wants_column(&self, name: &str) -> bool {
        self.paths.iter().any(|path| path[0] == name)
    }

    /// Whether a leaf column, named by the path to it, is within a wanted one.
    pub(in crate::decode) fn wants_leaf(&self, leaf: &[String]) -> bool {
        self.paths.iter().any(|path| leaf.starts_with(path))
    }
}

/// Where an object has what is wanted, and how it becomes that.
pub(in crate::decode) struct Binding {
    /// One a path; `None` where the object has no such column.
    columns: Vec<Option<Vec<usize>>>,
    /// One an input; `None` for one that is no column, or is missing.
    pub(super) casts: Vec<Option<Cast>>,
    /// One a condition.
    pub(super) tests: Vec<Test>,
    /// What the key of the object says.
    pub(super) key_says: Option<Box<KeySays>>,
}

impl Binding {
    /// Finds what is wanted among the columns of `object`.
    ///
    /// # Errors
    /// Where a column is of a type that does not become what is wanted.
    pub(in crate::decode) fn new(
        wants: &Wants,
        columns: &Schema,
        object: &Object,
    ) -> Result<Self, DecodeError> {
        let key_says = KeySays::of(object, &wants.plan);
        let found: Vec<_> = wants
            .paths
            .iter()
            .map(|path| find(columns.fields(), path))
            .collect();
        let mut casts = Vec::with_capacity(wants.inputs.len());
        for (place, (input, wish)) in wants.plan.inputs.iter().zip(&wants.inputs).enumerate() {
            let Place::Value(slot) = &input.place else {
                if let Place::Payload = &input.place {
                    return Err(DecodeError::Payload {
                        object: object.key.clone(),
                    });
                }
                casts.push(None);
                continue;
            };
            casts.push(match &found[slot.index()] {
                None => None,
                Some((_, from)) => Some(Cast::of(from, *wish).ok_or_else(|| {
                    let wanted = format!("{} {}", wish.kind.name(), encoded(*wish));
                    DecodeError::ColumnType(Box::new(ColumnType {
                        object: object.key.clone(),
                        column: wants.plan.path(place).unwrap_or_default(),
                        found: from.to_string(),
                        wanted: wanted.trim_end().to_owned(),
                    }))
                })?),
            });
        }
        let tests = wants.plan.only.iter().enumerate().map(|(at, condition)| {
            let column = &found[condition.slot.index()];
            let data_type = column.as_ref().map(|(_, data_type)| data_type);
            let key = key_says.as_deref();
            let met_by_key = key.is_some_and(|key| key.meets(at, condition));
            Test::new(condition, data_type, met_by_key)
        });
        Ok(Binding {
            tests: tests.collect(),
            columns: found
                .into_iter()
                .map(|found| found.map(|(steps, _)| steps))
                .collect(),
            casts,
            key_says,
        })
    }

    /// The columns of the wanted paths.
    pub(super) fn columns(&self, batch: &RecordBatch) -> Result<Vec<Option<ArrayRef>>, ArrowError> {
        let columns = self.columns.iter();
        columns
            .map(|steps| steps.as_ref().map(|steps| step(batch, steps)).transpose())
            .collect()
    }
}

/// A column that does not become what the component wants.
#[derive(Debug, thiserror::Error)]
#[error("column `{column}` of `{object}` is of type {found}, from which no {wanted} is made")]
pub struct ColumnType {
    /// The object's key.
    pub object: String,
    /// The path to the column.
    pub column: String,
    /// Its type, as Arrow names it.
    pub found: String,
    /// The kind of the input, and its encoding.
    pub wanted: String,
}

/// How an encoding is told in a message.
fn encoded(wish: Wish) -> &'static str {
    use crate::schema::Encoding;
    match wish.encoding {
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
