//! Decoders of datums, by the schema of their writer.

use arrow_avro::reader::{Decoder, DecoderMode, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, SchemaStore};
use arrow_schema::{ArrowError, SchemaRef};

use super::cut::Cut;
use super::schema::{Fault, Schema, Type};
use super::shape::Shape;
use crate::decode::columnar::{ColumnPlan, Top};

/// The decoder of datums of one schema.
pub(super) struct Datums {
    pub(super) decoder: Decoder,
    /// The shape of datums, once they are cut.
    pub(super) shape: Shape,
    /// How datums are cut before they are decoded, if they are.
    pub(super) cut: Option<Cut>,
    columns: SchemaRef,
    /// Whether the schema is no record, so that the only column has the datums themselves.
    is_value: bool,
}

/// The name of the field of a record around datums that are none. A record has the same bytes as its only field.
const VALUE: &str = "value";

impl Datums {
    /// A decoder of the wanted fields of datums of `schema`, in batches of `batch_rows`.
    ///
    /// # Errors
    /// If the schema is not valid or cannot be read.
    pub(super) fn new(schema: &str, plan: &ColumnPlan, batch_rows: usize) -> Result<Self, Fault> {
        let mut schema = Schema::parse(schema)?;
        let is_value = !matches!(schema.types[schema.root], Type::Record(_));
        let mut paths = plan.paths.clone();
        if is_value {
            check_value(&schema)?;
            schema
                .types
                .push(Type::Record(vec![(VALUE.to_owned(), schema.root)]));
            schema.root = schema.types.len() - 1;
            paths
                .iter_mut()
                .for_each(|path| path.insert(0, VALUE.to_owned()));
        }
        let mut cut = None;
        if schema.is_recursive(schema.root) {
            let (along, made) = Cut::new(schema, &paths)?;
            (schema, cut) = (along, Some(made));
        }
        let shape = Shape::new(&schema)?;
        let wanted = wanted_fields(&schema, &paths);
        let text = schema.to_library().to_string();
        let decoder = decoder(text, wanted, batch_rows);
        let decoder = decoder.map_err(|error| Fault::Invalid(error.to_string()))?;
        Ok(Datums {
            columns: decoder.schema(),
            decoder,
            shape,
            cut,
            is_value,
        })
    }

    /// The columns of the decoder.
    pub(super) fn columns(&self) -> Top<'_> {
        let fields = self.columns.fields();
        match self.is_value {
            true => Top::Value(&fields[0]),
            false => Top::Columns(fields),
        }
    }
}

/// Checks that a schema that is no record has values with members.
fn check_value(schema: &Schema) -> Result<(), Fault> {
    let has_members = |at: usize| matches!(schema.types[at], Type::Record(_) | Type::Map(_));
    let root = &schema.types[schema.root];
    let branches = match root {
        Type::Union(branches) => &branches[..],
        _ => &[schema.root],
    };
    match branches.iter().any(|branch| has_members(*branch)) {
        true => Ok(()),
        false => Err(Fault::NotRead(format!(
            "its schema is of kind `{}` instead of a record, so that it has no columns",
            root.kind()
        ))),
    }
}

fn decoder(
    schema: String,
    wanted: Option<Vec<usize>>,
    batch_rows: usize,
) -> Result<Decoder, ArrowError> {
    let mut store = SchemaStore::new();
    let fingerprint = store.register(AvroSchema::new(schema))?;
    let mut builder = ReaderBuilder::new()
        .with_decoder_mode(DecoderMode::UnframedDatum)
        .with_writer_schema_store(store)
        .with_active_fingerprint(fingerprint)
        .with_batch_size(batch_rows);
    if let Some(wanted) = wanted {
        builder = builder.with_projection(wanted);
    }
    builder.build_decoder()
}

/// Indices of the wanted fields; `None` if they are all fields, or none.
fn wanted_fields(schema: &Schema, paths: &[Vec<String>]) -> Option<Vec<usize>> {
    let Type::Record(fields) = &schema.types[schema.root] else {
        return None;
    };
    let is_wanted = |at: &usize| paths.iter().any(|path| path[0] == fields[*at].0);
    let wanted: Vec<_> = (0..fields.len()).filter(is_wanted).collect();
    (!wanted.is_empty() && wanted.len() < fields.len()).then_some(wanted)
}
