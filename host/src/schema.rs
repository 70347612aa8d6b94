//! The descriptor of a component, as in `pipeline.wit`, after the checks of the host.

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

/// The place from which the host takes an input's value.
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

/// The form of a value in a text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Timestamp: RFC 3339 with an offset; date: `YYYY-MM-DD`; binary: base64; other kinds: as in JSON.
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
    /// Binary or text: the characters of a string, or the JSON of any other value. Only an
    /// [envelope](crate::decode::Envelope) uses it, no component.
    #[serde(skip)]
    Text,
}

/// An input column of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The name, unique among the inputs.
    pub name: String,
    /// The place from which the host takes the values.
    pub origin: Origin,
    /// The type of its values.
    pub kind: Kind,
    /// The form of the values in a text format.
    pub encoding: Encoding,
    /// Whether a record may lack the value.
    pub nullable: bool,
}

/// A condition on a record: the scalar at `path`, as a string or as its JSON text, is one of `any_of`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// A path into the decoded record, as in [`Origin::Path`].
    pub path: String,
    /// The values that meet the condition.
    pub any_of: Vec<String>,
}

/// A column of keys, states or views.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The name, unique among keys, states and views.
    pub name: String,
    /// The type of its values.
    pub kind: Kind,
    /// Whether a value may be null.
    pub nullable: bool,
}

/// The descriptor of a component. The module `guest` has checked it: there is at least one key, no name twice, no key
/// of kind `float64` or `json`, and so on.
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
    /// The input that holds the event time.
    pub event_time: Option<String>,
    /// The key columns.
    pub keys: Vec<Output>,
    /// The state columns.
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

    /// The columns of a drain: the keys, then the states.
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
