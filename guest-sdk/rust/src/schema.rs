//! The descriptor of a component, as in `pipeline.wit`.

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `bool`.
    Boolean,
    /// `i64`.
    Int64,
    /// `f64`.
    Float64,
    /// [`Timestamp`](crate::Timestamp).
    Timestamp,
    /// [`Date`](crate::Date).
    Date,
    /// Text.
    Utf8,
    /// Bytes.
    Binary,
    /// [`Json`](crate::Json): one JSON value each, as it stood in the record.
    Json,
}

/// The place from which the host takes an input's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A path into the decoded record: names joined by dots, `\.` for a dot within a name. A path of one name that
    /// the record lacks is taken from its object's key, where the archive's layout has it there.
    Path(&'static str),
    /// The record's bytes as the source delivered them.
    Payload,
    /// The Kafka record's key; null where the source has none.
    RecordKey,
    /// The Kafka record's header of that name; null where it has none.
    RecordHeader(&'static str),
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// A column of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// The name, which is that of the field.
    pub name: &'static str,
    /// The place from which the host takes the values.
    pub origin: Origin,
    /// The type of its values.
    pub kind: Kind,
    /// The form of the values in a text format.
    pub encoding: Encoding,
    /// Whether a record may lack the value.
    pub nullable: bool,
}

impl Input {
    /// An input, checked when it is compiled: `#[derive(Event)]` calls this.
    ///
    /// # Panics
    /// If that origin does not give this kind, or that encoding is not one of this kind.
    pub const fn new(
        name: &'static str,
        origin: Origin,
        kind: Kind,
        encoding: Encoding,
        nullable: bool,
    ) -> Input {
        match encoding {
            Encoding::Standard => {}
            Encoding::Hex => assert!(
                matches!(kind, Kind::Binary),
                "encoding = \"hex\" is for &[u8]"
            ),
            _ => assert!(
                matches!(kind, Kind::Timestamp),
                "encoding = \"epoch-…\" is for Timestamp"
            ),
        }
        match origin {
            Origin::Path(_) => {}
            Origin::Payload => assert!(matches!(kind, Kind::Binary), "`payload` is a &[u8]"),
            Origin::RecordKey | Origin::RecordHeader(_) => {
                assert!(
                    matches!(kind, Kind::Binary | Kind::Utf8),
                    "a record's key or header is a &[u8] or a &str"
                );
                assert!(
                    nullable,
                    "not every record has a key or that header: make the field an Option"
                );
            }
            Origin::RecordTime => assert!(
                matches!(kind, Kind::Timestamp),
                "`record_time` is a Timestamp"
            ),
            Origin::SourceName => assert!(matches!(kind, Kind::Utf8), "`source_name` is a &str"),
            Origin::Partition => {
                assert!(matches!(kind, Kind::Int64), "`partition` is an i64");
                assert!(
                    nullable,
                    "not every record has a partition: make the field an Option<i64>"
                );
            }
            Origin::Offset => assert!(matches!(kind, Kind::Int64), "`offset` is an i64"),
        }
        Input {
            name,
            origin,
            kind,
            encoding,
            nullable,
        }
    }

    /// The same input, checked to be one that can be the event time.
    ///
    /// # Panics
    /// If it is no timestamp.
    pub const fn event_time(self) -> Input {
        assert!(
            matches!(self.kind, Kind::Timestamp),
            "`event_time` is a Timestamp"
        );
        self
    }
}

/// A condition on a record: the scalar at `path`, as a string or as its JSON text, is one of `any_of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// A path into the decoded record, as in [`Origin::Path`].
    pub path: &'static str,
    /// The values that meet the condition.
    pub any_of: &'static [&'static str],
}

/// A column of keys, states or views.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name, unique among keys, states and views.
    pub name: String,
    /// The type of its values.
    pub kind: Kind,
    /// Whether a value may be null.
    pub nullable: bool,
}

/// The columns that a component reads, and those of its keys, states and views.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The pipeline's name.
    pub name: String,
    /// The pipeline's semantic version.
    pub version: String,
    /// The columns of an event.
    pub inputs: &'static [Input],
    /// Records that do not meet every condition are passed over.
    pub only: &'static [Condition],
    /// The input that holds the event time.
    pub event_time: Option<&'static str>,
    /// The key columns.
    pub keys: Vec<Output>,
    /// The state columns.
    pub states: Vec<Output>,
    /// The view columns, derived from a state for readers of the table.
    pub views: Vec<Output>,
    /// Whether `combine` is commutative.
    pub commutative: bool,
}

impl Descriptor {
    /// The first name that two of the table's columns share.
    pub(crate) fn doubled_name(&self) -> Option<&str> {
        let names: Vec<&str> = self
            .keys
            .iter()
            .chain(&self.states)
            .chain(&self.views)
            .map(|output| output.name.as_str())
            .collect();
        names
            .iter()
            .enumerate()
            .find(|(at, name)| names[..*at].contains(name))
            .map(|(_, name)| *name)
    }
}
