//! Decoders of datums, by the schema of their writer.

use arrow_avro::reader::{Decoder, DecoderMode, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, SchemaStore};
use arrow_schema::ArrowError;

use crate::decode::columnar::ColumnPlan;

/// A decoder of the wanted fields of records of `schema`, in batches of `batch_rows`.
pub(super) fn decoder(
    schema: &str,
    plan: &ColumnPlan,
    batch_rows: usize,
) -> Result<Decoder, ArrowError> {
    let build = |wanted: Option<Vec<usize>>| {
        let mut store = SchemaStore::new();
        let fingerprint = store.register(AvroSchema::new(schema.to_owned()))?;
        let mut builder = ReaderBuilder::new()
            .with_decoder_mode(DecoderMode::UnframedDatum)
            .with_writer_schema_store(store)
            .with_active_fingerprint(fingerprint)
            .with_batch_size(batch_rows);
        if let Some(wanted) = wanted {
            builder = builder.with_projection(wanted);
        }
        builder.build_decoder()
    };
    match wanted_fields(schema, plan) {
        // A wanted field may have a type that is defined in an unwanted field.
        Some(wanted) => build(Some(wanted)).or_else(|_| build(None)),
        None => build(None),
    }
}

/// Indices of the wanted fields; `None` if they are all fields, or none.
fn wanted_fields(schema: &str, plan: &ColumnPlan) -> Option<Vec<usize>> {
    let schema: serde_json::Value = serde_json::from_str(schema).ok()?;
    let fields = schema.get("fields")?.as_array()?;
    let is_wanted = |at: &usize| {
        let name = fields[*at].get("name").and_then(|name| name.as_str());
        name.is_some_and(|name| plan.wants_column(name))
    };
    let wanted: Vec<_> = (0..fields.len()).filter(is_wanted).collect();
    (!wanted.is_empty() && wanted.len() < fields.len()).then_some(wanted)
}
