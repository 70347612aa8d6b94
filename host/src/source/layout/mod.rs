//! Layouts: the time, topic, partition, offset and columns in the keys of an archive.
//!
//! A layout selects objects before any of them is opened. Later the time of each event decides whether it counts. So a
//! layout may select too many objects, but never too few.
//!
//! | file | content |
//! |---|---|
//! | [`narrowing`] | the selection of objects, and of folders to list, by the time in their keys |
//! | `key` | a key, split into names |
//! | `calendar` | dates in keys, in any time zone |
//! | `folders` | dates and columns in the names of folders |
//! | `pattern` | the common form of all templates, and its matching |
//! | `key_fields` | the fields of a key other than the time |
//! | `beside` | objects that writers put beside those of the events |
//! | `firehose` | `2026/01/31/05/…` |
//! | `hive` | `dt=2026-01-31/…` |
//! | `confluent` | `topics/clicks/partition=3/clicks+3+0000000042.json` |
//! | `aiven` | `clicks-3-42.gz` |
//! | `msk` | the output key template of Amazon MSK |
//! | `template` | a template that the job gives |

use std::fmt;

use chrono_tz::Tz;
use serde::de::value::StrDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::source::EventRange;

mod aiven;
mod beside;
mod calendar;
mod confluent;
mod firehose;
mod folders;
mod hive;
mod key;
mod key_fields;
mod msk;
pub mod narrowing;
mod pattern;
mod template;

pub use aiven::Aiven;
pub use beside::Beside;
pub use confluent::Confluent;
pub use firehose::Firehose;
pub use hive::Hive;
use key::Key;
pub use key_fields::KeyFields;
pub use msk::Msk;
pub use narrowing::{Below, LATENESS, Narrowing};
pub use template::{Template, TemplateFault};

/// The structure of the keys of an archive.
///
/// A job gives the name of a layout, `"firehose"`, or a table with its settings,
/// `{ firehose = { time_zone = "Europe/Paris" } }`. A layout with default settings is serialized as its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// Keys have no known structure: every object is read.
    #[default]
    None,
    /// `<prefix>YYYY/MM/dd/HH/<name>`, as written by Amazon Data Firehose.
    Firehose(Firehose),
    /// `name=value/…/<name>`, as Hive and Spark partition their tables.
    Hive(Hive),
    /// `topics/<topic>/…/<topic>+<partition>+<offset>.<ext>`, as written by Confluent's S3 sink.
    Confluent(Confluent),
    /// `<prefix><topic>-<partition>-<offset>`, as written by Aiven's S3 sink.
    Aiven(Aiven),
    /// `<prefix><channel>/<topic>/year=…/<topic>+<partition>+<offset>…`, as delivered by Amazon MSK.
    Msk(Msk),
    /// A template of the job.
    Template(Template),
}

impl Layout {
    /// The layout of Firehose with hours in UTC.
    pub fn firehose() -> Self {
        Layout::Firehose(Firehose::default())
    }

    /// The time span in `key`, with both bounds; `None` if the key has no time.
    pub fn span(&self, key: &str) -> Option<EventRange> {
        self.span_of(&Key::new(key))
    }

    /// A time span, with both bounds, that contains the span of every key below `folder`; `None` if there may be keys
    /// with another span or without one. `folder` is empty or ends in `/`.
    pub fn span_below(&self, folder: &str) -> Option<EventRange> {
        self.span_of(&Key::folder(folder))
    }

    /// The fields in `key` other than the time; `None` if the key does not match the layout.
    pub fn key_fields(&self, key: &str) -> Option<KeyFields> {
        let key = Key::new(key);
        match self {
            Layout::None => Some(KeyFields::default()),
            Layout::Firehose(_) => Some(Firehose::key_fields(&key)),
            Layout::Hive(_) => Some(Hive::key_fields(&key)),
            Layout::Confluent(confluent) => confluent.key_fields(&key),
            Layout::Aiven(aiven) => aiven.key_fields(&key),
            Layout::Msk(msk) => msk.key_fields(&key),
            Layout::Template(template) => template.pattern().key_fields(&key),
        }
    }

    /// Whether keys of this layout can have a time.
    pub fn has_time(&self) -> bool {
        match self {
            Layout::None => false,
            Layout::Template(template) => template.pattern().has_time(),
            _ => true,
        }
    }

    /// Every layout guarantees: if a folder has a span, each key below it has the same span or a part of it.
    fn span_of(&self, key: &Key<'_>) -> Option<EventRange> {
        match self {
            Layout::None => None,
            Layout::Firehose(firehose) => firehose.span(key),
            Layout::Hive(hive) => hive.span(key),
            Layout::Confluent(confluent) => confluent.span(key),
            Layout::Aiven(aiven) => aiven.span(key),
            Layout::Msk(msk) => msk.span(key),
            Layout::Template(template) => template.pattern().span(key, Tz::UTC),
        }
    }
}

/// The layouts that a job can give as a name.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    None,
    Firehose,
    Hive,
    Confluent,
    Aiven,
    Msk,
}

/// The layouts that a job can give as a table.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum TableName {
    Firehose,
    Hive,
    Confluent,
    Aiven,
    Msk,
    Template,
}

/// The layouts that are serialized as a table.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Table {
    Firehose(Firehose),
    Hive(Hive),
    Confluent(Confluent),
    Aiven(Aiven),
    Msk(Msk),
    Template(Template),
}

impl From<Name> for Layout {
    fn from(name: Name) -> Self {
        match name {
            Name::None => Layout::None,
            Name::Firehose => Layout::firehose(),
            Name::Hive => Layout::Hive(Hive::default()),
            Name::Confluent => Layout::Confluent(Confluent::default()),
            Name::Aiven => Layout::Aiven(Aiven::default()),
            Name::Msk => Layout::Msk(Msk::default()),
        }
    }
}

impl Serialize for Layout {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, table) = match self.clone() {
            Layout::None => return Name::None.serialize(serializer),
            Layout::Firehose(firehose) => (Name::Firehose, Table::Firehose(firehose)),
            Layout::Hive(hive) => (Name::Hive, Table::Hive(hive)),
            Layout::Confluent(confluent) => (Name::Confluent, Table::Confluent(confluent)),
            Layout::Aiven(aiven) => (Name::Aiven, Table::Aiven(aiven)),
            Layout::Msk(msk) => (Name::Msk, Table::Msk(msk)),
            Layout::Template(template) => return Table::Template(template).serialize(serializer),
        };
        if *self == Layout::from(name) {
            return name.serialize(serializer);
        }
        table.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Layout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;

        impl<'de> Visitor<'de> for NameOrTable {
            type Value = Layout;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the name of a layout, or a table such as { template = \"{yyyy}/{MM}/{dd}/{*}\" }",
                )
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Layout, E> {
                Name::deserialize(StrDeserializer::new(name)).map(Layout::from)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Layout, A::Error> {
                let Some(name) = table.next_key()? else {
                    return Err(serde::de::Error::custom(
                        "a table has the name of a layout as its key: `firehose`, `hive`, `confluent`, `aiven`, `msk` or `template`",
                    ));
                };
                let layout = match name {
                    TableName::Firehose => Layout::Firehose(table.next_value()?),
                    TableName::Hive => Layout::Hive(table.next_value()?),
                    TableName::Confluent => Layout::Confluent(table.next_value()?),
                    TableName::Aiven => Layout::Aiven(table.next_value()?),
                    TableName::Msk => Layout::Msk(table.next_value()?),
                    TableName::Template => Layout::Template(table.next_value()?),
                };
                match table.next_key::<String>()? {
                    None => Ok(layout),
                    Some(other) => Err(serde::de::Error::custom(format!(
                        "an archive has one layout, but `{other}` is a second one"
                    ))),
                }
            }
        }

        deserializer.deserialize_any(NameOrTable)
    }
}

#[cfg(test)]
mod tests;
