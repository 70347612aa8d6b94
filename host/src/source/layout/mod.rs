//! What the keys of an archive say of the events within.
//!
//! A layout narrows a range before anything is opened; the time of each event decides afterwards. So it may
//! let through too much, never too little.
//!
//! | module | |
//! |---|---|
//! | [`narrowing`] | picks objects, and folders to list, by the time in their keys |
//! | `key` | a key, cut into names |
//! | `calendar` | dates as keys write them, in any zone |
//! | `firehose` | `2026/01/31/05/…` |

use std::fmt;

use chrono_tz::Tz;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::source::EventRange;

mod calendar;
mod firehose;
mod key;
pub mod narrowing;

pub use firehose::Firehose;
use key::Key;
pub use narrowing::{Below, LATENESS, Narrowing};

/// How the keys of an archive are built.
///
/// A job writes the name of a layout, or a table of that name: `"firehose"`,
/// `{ firehose = { time_zone = "Europe/Paris" } }`. One without settings is serialized as its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// Keys say nothing: every object is read.
    #[default]
    None,
    /// `<prefix>YYYY/MM/dd/HH/<name>`, as Amazon Data Firehose writes them.
    Firehose(Firehose),
}

impl Layout {
    /// Firehose with hours in UTC.
    pub fn firehose() -> Self {
        Layout::Firehose(Firehose::default())
    }

    /// The stretch of time that `key` names, with both bounds; `None` if it names none.
    pub fn span(&self, key: &str) -> Option<EventRange> {
        self.span_of(&Key::new(key))
    }

    /// The stretch of time, with both bounds, that the keys below `folder` name, or parts of it; `None` if
    /// some may name another or none. `folder` is empty or ends in `/`.
    pub fn span_below(&self, folder: &str) -> Option<EventRange> {
        self.span_of(&Key::folder(folder))
    }

    /// Every layout keeps this: where it finds a span for a folder, it finds the same or a part of it for all
    /// that lies below.
    fn span_of(&self, key: &Key<'_>) -> Option<EventRange> {
        match self {
            Layout::None => None,
            Layout::Firehose(firehose) => firehose.span(key),
        }
    }
}

/// The layouts that need no settings.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    None,
    Firehose,
}

/// The layouts with settings.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Table {
    Firehose(Firehose),
}

impl Serialize for Layout {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let table = match self.clone() {
            Layout::None => return serializer.serialize_str("none"),
            Layout::Firehose(settings) if settings == Firehose::default() => {
                return serializer.serialize_str("firehose");
            }
            Layout::Firehose(settings) => Table::Firehose(settings),
        };
        table.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Layout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrTable;

        impl<'de> Visitor<'de> for NameOrTable {
            type Value = Layout;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a layout, or a table such as { firehose = { time_zone = \"Europe/Paris\" } }")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Layout, E> {
                Ok(match Name::deserialize(StrDeserializer::new(name))? {
                    Name::None => Layout::None,
                    Name::Firehose => Layout::firehose(),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Layout, A::Error> {
                Ok(
                    match Table::deserialize(MapAccessDeserializer::new(table))? {
                        Table::Firehose(settings) => Layout::Firehose(settings),
                    },
                )
            }
        }

        deserializer.deserialize_any(NameOrTable)
    }
}

fn is_utc(zone: &Tz) -> bool {
    *zone == Tz::UTC
}

#[cfg(test)]
mod tests;
