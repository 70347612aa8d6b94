//! What a component reads, how it keys it and what it keeps: the descriptor of `pipeline.wit`, as the host
//! sees it once it has checked it.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Arrow `Boolean`.
    Boolean,
    /// Arrow `Int64`.
    Int64,
    /// Arrow `Float64`.
    Float64,
    /// Arrow `Timestamp(Microsecond, "UTC")`.
    Timestamp,
    /// Arrow `Date32`.
    Date,
    /// Arrow `Utf8`.
    Utf8,
    /// Arrow `Binary`.
    Binary,
    /// Arrow `Utf8` that holds one JSON value each.
    Json,
}

impl Kind {
    /// The Arrow type of a column of this kind.
    pub fn data_type(self) -> DataType {
        match self {
            Kind::Boolean => DataType::Boolean,
            Kind::Int64 => DataType::Int64,
            Kind::Float64 => DataType::Float64,
            Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::Date => DataType::Date32,
            Kind::Utf8 | Kind::Json => DataType::Utf8,
            Kind::Binary => DataType::Binary,
        }
    }

    /// The name of this kind in `pipeline.wit`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Boolean => "boolean",
            Kind::Int64 => "int64",
            Kind::Float64 => "float64",
            Kind::Timestamp => "timestamp",
            Kind::Date => "date",
            Kind::Utf8 => "utf8",
            Kind::Binary => "binary",
            Kind::Json => "json",
        }
    }
}

/// Where the host finds an input's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A path into the decoded record: names joined by dots, `\.` for a dot within a name. A path of one name that
    /// the record lacks is taken from its object's key, where the archive's layout has it there.
    Path(String),
    /// The record's bytes as the source delivered them.
    Payload,
    /// The Kafka record's key; null where the source has none.
    RecordKey,
    /// The Kafka record's header of that name; null where it has none.
    RecordHeader(String),
    /// The Kafka record's timestamp; for an archived record the time its object was written.
    RecordTime,
    /// The topic, also where an object's key names it; otherwise the object's key.
    SourceName,
    /// The Kafka partition, also where an object's key names it; otherwise null.
    Partition,
    /// The Kafka offset; for an archive the record's ordinal within its object, counted from the first offset where
    /// the object's key names it, otherwise from 0.
    Offset,
}

/// How a text format writes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Timestamp: RFC 3339 with an offset; date: `YYYY-MM-DD`; binary: base64; the others as JSON has them.
    Standard,
    /// A timestamp as seconds since 1970-01-01T00:00:00Z.
    EpochSeconds,
    /// The same in milliseconds.
    EpochMilliseconds,
    /// The same in microseconds.
    EpochMicroseconds,
    /// The same in nanoseconds.
    EpochNanoseconds,
    /// Binary in hexadecimal.
    Hex,
    /// Binary or text as the text of any value: of a string its characters, of anything else its JSON. No component
    /// asks for it; an [envelope](crate::decode::Envelope) does.
    #[serde(skip)]
    Text,
}

/// A column that the component asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Its name, unique among the inputs.
    pub name: String,
    /// Where its values come from.
    pub origin: Origin,
    /// The type of its values.
    pub kind: Kind,
    /// How a text format writes them.
    pub encoding: Encoding,
    /// Whether a record may lack the value.
    pub nullable: bool,
}

/// Holds where the scalar at `path`, a string or its JSON text, is one of `any_of`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// A path into the decoded record, as in [`Origin::Path`].
    pub path: String,
    /// The values that meet the condition.
    pub any_of: Vec<String>,
}

/// A column that the component gives back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its name, unique among keys, states and views.
    pub name: String,
    /// The type of its values.
    pub kind: Kind,
    /// Whether a value may be null.
    pub nullable: bool,
}

/// What a component says of itself. A value of this type that came through the guest module has been
/// checked: at least one key, no name twice, no key of kind `float64` or `json`, and so on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// The pipeline's name.
    pub name: String,
    /// The pipeline's semantic version.
    pub version: String,
    /// The columns of an event, in order.
    pub inputs: Vec<Input>,
    /// Records that do not meet every condition are passed over.
    pub only: Vec<Condition>,
    /// The input that tells when an event happened.
    pub event_time: Option<String>,
    /// The columns that name a state.
    pub keys: Vec<Output>,
    /// The columns that make up a state.
    pub states: Vec<Output>,
    /// The columns that `present` derives from a state.
    pub views: Vec<Output>,
    /// Whether `combine(a, b)` is `combine(b, a)`.
    pub commutative: bool,
}

impl Descriptor {
    /// The columns of a batch of events.
    pub fn input_schema(&self) -> SchemaRef {
        let fields: Vec<_> = self
            .inputs
            .iter()
            .map(|i| Field::new(&i.name, i.kind.data_type(), i.nullable))
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// The key columns.
    pub fn key_schema(&self) -> SchemaRef {
        schema_of(&self.keys)
    }

    /// The state columns.
    pub fn state_schema(&self) -> SchemaRef {
        schema_of(&self.states)
    }

    /// The view columns.
    pub fn view_schema(&self) -> SchemaRef {
        schema_of(&self.views)
    }

    /// What a drain gives back: the keys, then the states.
    pub fn partial_schema(&self) -> SchemaRef {
        schema_of(self.keys.iter().chain(&self.states))
    }

    /// The columns of the table: the keys, the states, the views.
    pub fn table_columns(&self) -> impl Iterator<Item = &Output> {
        self.keys.iter().chain(&self.states).chain(&self.views)
    }

    /// The table as Arrow columns.
    pub fn table_schema(&self) -> SchemaRef {
        schema_of(self.table_columns())
    }
}

fn schema_of<'a>(outputs: impl IntoIterator<Item = &'a Output>) -> SchemaRef {
    let fields: Vec<_> = outputs
        .into_iter()
        .map(|o| Field::new(&o.name, o.kind.data_type(), o.nullable))
        .collect();
    Arc::new(Schema::new(fields))
}
