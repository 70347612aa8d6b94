//! The wanted paths, found among the columns of an object.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_buffer::NullBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};
use arrow_select::nullif::nullif;

use super::cast::Cast;
use super::condition::Test;
use super::keyed::Keyed;
use super::lines::Shape;
use super::values::Wish;
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

/// Where columns have what is wanted, and how they become that.
pub(in crate::decode) struct Binding {
    /// One a path; `None` where the object has no such column.
    columns: Vec<Option<Vec<usize>>>,
    /// One an input; `None` for one that is no column, or is missing.
    pub(super) casts: Vec<Option<Cast>>,
    /// Inputs whose column is of a type from which nothing becomes them.
    unfit: Vec<(usize, Unfit)>,
    /// One a condition.
    pub(super) tests: Vec<Test>,
    /// Of the offset that records carry; `None` where they carry none.
    pub(super) offset: Option<Cast>,
    /// What the key of the object says of what its columns lack.
    pub(super) keyed: Keyed,
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
        let mut inputs = wants.plan.inputs.iter();
        if inputs.any(|input| matches!(input.place, Place::Payload)) {
            return Err(DecodeError::Payload {
                object: object.key.clone(),
            });
        }
        let mut binding = Binding::found(wants, columns, Keyed::new(wants, object));
        if binding.unfit.is_empty() {
            return Ok(binding);
        }
        let (input, Unfit { found, wanted }) = binding.unfit.swap_remove(0);
        Err(DecodeError::ColumnType(Box::new(ColumnType {
            object: object.key.clone(),
            column: wants.plan.path(input).unwrap_or_default(),
            found,
            wanted,
        })))
    }

    /// Finds what is wanted among the columns of messages. A column of a type that does not become what is wanted costs
    /// those messages that the component wants and that have a value there: others may be of another schema.
    pub(in crate::decode) fn of_messages(wants: &Wants, columns: &Schema) -> Self {
        Binding::found(wants, columns, Keyed::of_log())
    }

    fn found(wants: &Wants, columns: &Schema, keyed: Keyed) -> Self {
        let found: Vec<_> = wants
            .paths
            .iter()
            .map(|path| find(columns.fields(), path))
            .collect();
        let mut casts = Vec::with_capacity(wants.inputs.len());
        let mut unfit = Vec::new();
        for (at, (input, wish)) in wants.plan.inputs.iter().zip(&wants.inputs).enumerate() {
            let column = match &input.place {
                Place::Value(slot) => found[slot.index()].as_ref(),
                _ => None,
            };
            let cast = column.map(|(_, from)| (from, Cast::of(from, *wish)));
            if let Some((from, None)) = cast {
                unfit.push((at, Unfit::new(from, *wish)));
            }
            casts.push(cast.and_then(|(_, cast)| cast));
        }
        let conditions = wants.plan.only.iter().enumerate();
        let tests = conditions.map(|(at, condition)| match &found[condition.slot.index()] {
            Some((_, data_type)) => Test::new(condition, data_type),
            None if keyed.meets(at) => Test::Always,
            None => Test::Never,
        });
        let offset = wants.plan.offset.and_then(|slot| {
            let (_, from) = found[slot.index()].as_ref()?;
            Cast::of(from, Wish::OFFSET)
        });
        Binding {
            offset,
            tests: tests.collect(),
            columns: found
                .into_iter()
                .map(|found| found.map(|(steps, _)| steps))
                .collect(),
            casts,
            unfit,
            keyed,
        }
    }

    /// Why no value of its column becomes an input.
    pub(super) fn why_unfit(&self, input: usize) -> Option<String> {
        let (_, unfit) = self.unfit.iter().find(|(at, _)| *at == input)?;
        let Unfit { found, wanted } = unfit;
        Some(format!("of type {found}, from which no {wanted} is made"))
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
struct Unfit {
    found: String,
    wanted: String,
}

impl Unfit {
    fn new(from: &DataType, wish: Wish) -> Self {
        let wanted = format!("{} {}", wish.kind.name(), encoded(wish));
        Unfit {
            found: from.to_string(),
            wanted: wanted.trim_end().to_owned(),
        }
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
