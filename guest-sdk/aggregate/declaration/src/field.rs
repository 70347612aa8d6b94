//! Fields: where a value comes from, and its type.

use std::fmt;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// An integer of 64 bits.
    Int64,
    /// A floating-point number of 64 bits.
    Float64,
    /// An instant, in microseconds.
    Timestamp,
    /// A day of the calendar.
    Date,
    /// Text.
    Utf8,
    /// Bytes.
    Binary,
    /// A JSON value, as text. Only a view has it.
    Json,
}

impl Kind {
    /// The name.
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

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The form of a value in text formats such as JSON. A typed format such as Parquet has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// A timestamp in RFC 3339, a date as `YYYY-MM-DD`, bytes in base64, other types as in JSON.
    Standard,
    /// A timestamp as seconds since 1970.
    EpochSeconds,
    /// A timestamp as milliseconds since 1970.
    EpochMilliseconds,
    /// A timestamp as microseconds since 1970.
    EpochMicroseconds,
    /// A timestamp as nanoseconds since 1970.
    EpochNanoseconds,
    /// Bytes in hexadecimal.
    Hex,
}

/// A type as it is written after a field: a kind with the form of its values.
pub(crate) type Written = (Kind, Encoding);

/// The types that can be written after a field.
const TYPES: [(&str, Written); 12] = [
    ("int64", (Kind::Int64, Encoding::Standard)),
    ("float64", (Kind::Float64, Encoding::Standard)),
    ("boolean", (Kind::Boolean, Encoding::Standard)),
    ("utf8", (Kind::Utf8, Encoding::Standard)),
    ("date", (Kind::Date, Encoding::Standard)),
    ("timestamp", (Kind::Timestamp, Encoding::Standard)),
    ("epoch-seconds", (Kind::Timestamp, Encoding::EpochSeconds)),
    (
        "epoch-milliseconds",
        (Kind::Timestamp, Encoding::EpochMilliseconds),
    ),
    (
        "epoch-microseconds",
        (Kind::Timestamp, Encoding::EpochMicroseconds),
    ),
    (
        "epoch-nanoseconds",
        (Kind::Timestamp, Encoding::EpochNanoseconds),
    ),
    ("binary", (Kind::Binary, Encoding::Standard)),
    ("hex", (Kind::Binary, Encoding::Hex)),
];

/// The type with this name.
///
/// # Errors
/// The names that there are.
pub(crate) fn type_named(name: &str) -> Result<Written, String> {
    let found = TYPES.iter().find(|(known, _)| *known == name);
    found.map(|(_, written)| *written).ok_or_else(|| {
        let known: Vec<_> = TYPES.iter().map(|(known, _)| *known).collect();
        format!("`{name}` is no type; the types are {}", known.join(", "))
    })
}

/// The name under which a type is written.
pub(crate) fn name_of(written: Written) -> &'static str {
    let found = TYPES.iter().find(|(_, known)| *known == written);
    found.map_or(written.0.name(), |(name, _)| name)
}

/// The place from which a value comes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A path into the record.
    Path(String),
    /// `$record_key`: the Kafka record's key.
    RecordKey,
    /// `$record_header.NAME`: the Kafka record's header of that name.
    RecordHeader(String),
    /// `$record_time`: the Kafka record's time, or the time at which an archived object was written.
    RecordTime,
    /// `$source_name`: the topic, or the object's key.
    SourceName,
    /// `$partition`: the Kafka partition.
    Partition,
    /// `$offset`: the Kafka offset, or the ordinal within the object.
    Offset,
}

const ORIGINS: &str =
    "$record_key, $record_header.NAME, $record_time, $source_name, $partition, $offset";

impl Origin {
    /// Reads the word or the quoted text of a field. A word that begins with `$` names a part of the record around its
    /// value; `\$` begins a path with a dollar.
    pub(crate) fn read(word: &str, is_quoted: bool) -> Result<Origin, String> {
        if word.is_empty() {
            return Err("a field has no name".to_owned());
        }
        let Some(name) = word.strip_prefix('$').filter(|_| !is_quoted) else {
            let path = match word.strip_prefix("\\$") {
                Some(rest) if !is_quoted => format!("${rest}"),
                _ => word.to_owned(),
            };
            return Ok(Origin::Path(path));
        };
        Ok(match name {
            "record_key" => Origin::RecordKey,
            "record_time" => Origin::RecordTime,
            "source_name" => Origin::SourceName,
            "partition" => Origin::Partition,
            "offset" => Origin::Offset,
            _ => match name.strip_prefix("record_header.") {
                Some(header) if !header.is_empty() => Origin::RecordHeader(header.to_owned()),
                _ => {
                    return Err(format!(
                        "`{word}` is no part of a record; these are: {ORIGINS}; a path that begins with a dollar is \
                         written `\\{word}`"
                    ));
                }
            },
        })
    }

    /// The kinds that this origin gives, the usual one first; none for a path, which gives every kind.
    pub(crate) fn kinds(&self) -> &'static [Kind] {
        match self {
            Origin::Path(_) => &[],
            Origin::RecordKey | Origin::RecordHeader(_) => &[Kind::Utf8, Kind::Binary],
            Origin::RecordTime => &[Kind::Timestamp],
            Origin::SourceName => &[Kind::Utf8],
            Origin::Partition | Origin::Offset => &[Kind::Int64],
        }
    }

    /// Whether some records lack the value, whatever the declaration says.
    pub(crate) fn may_lack(&self) -> bool {
        matches!(
            self,
            Origin::RecordKey | Origin::RecordHeader(_) | Origin::Partition
        )
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Path(path) => f.write_str(path),
            Origin::RecordKey => f.write_str("$record_key"),
            Origin::RecordHeader(name) => write!(f, "$record_header.{name}"),
            Origin::RecordTime => f.write_str("$record_time"),
            Origin::SourceName => f.write_str("$source_name"),
            Origin::Partition => f.write_str("$partition"),
            Origin::Offset => f.write_str("$offset"),
        }
    }
}
