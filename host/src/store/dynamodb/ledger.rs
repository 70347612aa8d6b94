//! The control table: records of builds, pointers, and the history of pointers.
//!
//! An item has the key `table_name` (the public name) and `item`:
//!
//! | `item` | content |
//! |---|---|
//! | `pointer` | the pointer that holds; readers look up `physical` in it |
//! | `history#` and the version, 20 digits | every pointer that the table ever had |
//! | `build#` and the ID | the record of a build |
//! | `position#`, the ID, `#`, the attempt, `#` and a number | a part of the source positions of a loaded build |
//!
//! All writes are transactions with conditions: `rules` names them.

use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fault::Fault;
use super::items::Item;
use super::keys::{KeyAttribute, Shape};
use super::service::Service;
use super::{names, tables};
use crate::store::rules::{BuildRecord, RecordedState};
use crate::store::{BuildInfo, Loaded, Pointer, StoreError};

/// The item of a pointer.
pub(super) const POINTER: &str = "pointer";
/// The beginning of the items of the history.
const HISTORY: &str = "history#";
/// The beginning of the items of builds.
const BUILD: &str = "build#";

/// A record of a build, with what this store alone keeps of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Without the positions, which are in items of their own.
    pub(super) record: BuildRecord,
    pub(super) place: Place,
}

/// The place of a build's rows and positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The table that holds the rows.
    pub(super) physical: String,
    /// Whether a load has begun to write into it.
    pub(super) is_used: bool,
    /// The tables of earlier attempts, which may still be there.
    pub(super) leftovers: Vec<String>,
    /// The time at which the build was first created, by which builds are listed.
    pub(super) first_created_at: String,
    pub(super) positions: Option<Positions>,
}

/// The items with the positions of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Positions {
    /// The attempt that wrote them.
    pub(super) attempt: u64,
    /// Their number.
    pub(super) items: u64,
}

/// The key of the control table.
pub(super) fn shape() -> Shape {
    Shape {
        hash: KeyAttribute::new("table_name", ScalarAttributeType::S),
        range: Some(KeyAttribute::new("item", ScalarAttributeType::S)),
    }
}

/// Makes the control table where it is missing, and refuses a table of its name with another key.
pub(super) async fn ensure(service: &Service) -> Result<(), Fault> {
    tables::create_missing(service, &names::control(service.prefix()), &shape()).await
}

/// The key of an item.
pub(super) fn key(table: &str, item: &str) -> Item {
    Item::from([
        ("table_name".to_owned(), text(table)),
        ("item".to_owned(), text(item)),
    ])
}

/// The name of the item of a build.
pub(super) fn build_item(build: &str) -> String {
    format!("{BUILD}{build}")
}

/// The name of the item of a version in the history.
pub(super) fn history_item(version: u64) -> String {
    format!("{HISTORY}{version:020}")
}

/// The record of a build, if there is one.
pub(super) async fn record(
    service: &Service,
    table: &str,
    build: &str,
) -> Result<Option<Kept>, Fault> {
    let item = get(service, table, &build_item(build)).await?;
    item.map(|item| kept(table, &item)).transpose()
}

/// The records of a table's builds, in the order in which they were created.
pub(super) async fn records(service: &Service, table: &str) -> Result<Vec<Kept>, Fault> {
    let items = query(service, table, BUILD).await?;
    let records: Result<Vec<_>, _> = items.iter().map(|item| kept(table, item)).collect();
    let mut records = records?;
    let order = |kept: &Kept| {
        (
            kept.place.first_created_at.clone(),
            kept.record.info.build.clone(),
        )
    };
    records.sort_by_cached_key(order);
    Ok(records)
}

/// The pointer of a table.
pub(super) async fn live(service: &Service, table: &str) -> Result<Option<Pointer>, Fault> {
    let item = get(service, table, POINTER).await?;
    item.map(|item| pointer(table, &item)).transpose()
}

/// The table that the pointer of a table names, which its readers read.
pub(super) async fn shown(service: &Service, table: &str) -> Result<Option<String>, Fault> {
    let item = get(service, table, POINTER).await?;
    let physical = |item: Item| Ok(Fields { table, item: &item }.text("physical")?.to_owned());
    item.map(physical).transpose()
}

/// All pointers of a table, oldest first.
pub(super) async fn history(service: &Service, table: &str) -> Result<Vec<Pointer>, Fault> {
    let items = query(service, table, HISTORY).await?;
    items.iter().map(|item| pointer(table, item)).collect()
}

/// The pointer that a table had at this version.
pub(super) async fn pointer_at(
    service: &Service,
    table: &str,
    version: u64,
) -> Result<Option<Pointer>, Fault> {
    let item = get(service, table, &history_item(version)).await?;
    item.map(|item| pointer(table, &item)).transpose()
}

/// An item; `None` where there is none, or no control table.
pub(super) async fn get(service: &Service, table: &str, item: &str) -> Result<Option<Item>, Fault> {
    let control = names::control(service.prefix());
    let request = || {
        let get = service.client.get_item().table_name(&control);
        get.set_key(Some(key(table, item)))
            .consistent_read(true)
            .send()
    };
    match service.ask(request).await {
        Ok(answer) => Ok(answer.item),
        Err(Fault::NoTable(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The items of a table whose names begin with `beginning`, in their order; none where there is no control table.
pub(super) async fn query(
    service: &Service,
    table: &str,
    beginning: &str,
) -> Result<Vec<Item>, Fault> {
    let control = names::control(service.prefix());
    let (mut items, mut from) = (Vec::new(), None);
    loop {
        let request = || {
            let query = service.client.query().table_name(&control);
            query
                .key_condition_expression("#table = :table AND begins_with(#item, :beginning)")
                .expression_attribute_names("#table", "table_name")
                .expression_attribute_names("#item", "item")
                .expression_attribute_values(":table", text(table))
                .expression_attribute_values(":beginning", text(beginning))
                .set_exclusive_start_key(from.clone())
                .consistent_read(true)
                .send()
        };
        let answer = match service.ask(request).await {
            Ok(answer) => answer,
            Err(Fault::NoTable(_)) => return Ok(Vec::new()),
            Err(fault) => return Err(fault),
        };
        items.extend(answer.items.unwrap_or_default());
        from = answer.last_evaluated_key.filter(|key| !key.is_empty());
        if from.is_none() {
            return Ok(items);
        }
    }
}

/// The item of a record.
pub(super) fn item_of(kept: &Kept) -> Item {
    let (record, place) = (&kept.record, &kept.place);
    let mut item = key(&record.info.table, &build_item(&record.info.build));
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    put("build", text(&record.info.build));
    put("manifest_digest", text(&record.info.manifest_digest));
    put("columns", text(&unparse(&record.columns)));
    put("state", text(record.state.name()));
    put("attempt", number(record.attempt));
    put("physical", text(&place.physical));
    put("is_used", AttributeValue::Bool(place.is_used));
    put("leftovers", text(&unparse(&place.leftovers)));
    put("first_created_at", text(&place.first_created_at));
    put("created_at", text(&record.created_at));
    if let Some(loaded) = &record.loaded {
        put("row_count", number(loaded.rows));
        put("row_digest", text(&loaded.digest));
    }
    if let Some(loaded_at) = &record.loaded_at {
        put("loaded_at", text(loaded_at));
    }
    if let Some(positions) = place.positions {
        put("position_attempt", number(positions.attempt));
        put("position_items", number(positions.items));
    }
    item
}

/// The item of a pointer under this name; `physical` is the table that it shows.
pub(super) fn pointer_item(pointer: &Pointer, item: &str, physical: &str) -> Item {
    let mut made = key(&pointer.table, item);
    let mut put = |name: &str, value| made.insert(name.to_owned(), value);
    put("version", number(pointer.version));
    put("build", text(&pointer.build));
    put("physical", text(physical));
    put("swapped_by", text(&pointer.by));
    put("swapped_at", text(&pointer.at));
    if let Some(previous) = &pointer.previous {
        put("previous", text(previous));
    }
    made
}

fn kept(table: &str, item: &Item) -> Result<Kept, Fault> {
    let fields = Fields { table, item };
    let state = RecordedState::from_name(fields.text("state")?);
    let loaded = (fields.maybe_number("row_count")?).zip(fields.maybe_text("row_digest"));
    let positions =
        (fields.maybe_number("position_attempt")?).zip(fields.maybe_number("position_items")?);
    Ok(Kept {
        record: BuildRecord {
            info: BuildInfo {
                table: table.to_owned(),
                build: fields.text("build")?.to_owned(),
                manifest_digest: fields.text("manifest_digest")?.to_owned(),
            },
            columns: fields.json("columns")?,
            state: state.ok_or_else(|| fields.damaged("state"))?,
            attempt: fields.number("attempt")?,
            loaded: loaded.map(|(rows, digest)| Loaded {
                rows,
                digest: digest.to_owned(),
            }),
            handoff: None,
            created_at: fields.text("created_at")?.to_owned(),
            loaded_at: fields.maybe_text("loaded_at").map(str::to_owned),
        },
        place: Place {
            physical: fields.text("physical")?.to_owned(),
            is_used: matches!(item.get("is_used"), Some(AttributeValue::Bool(true))),
            leftovers: fields.json("leftovers")?,
            first_created_at: fields.text("first_created_at")?.to_owned(),
            positions: positions.map(|(attempt, items)| Positions { attempt, items }),
        },
    })
}

fn pointer(table: &str, item: &Item) -> Result<Pointer, Fault> {
    let fields = Fields { table, item };
    Ok(Pointer {
        table: table.to_owned(),
        build: fields.text("build")?.to_owned(),
        version: fields.number("version")?,
        previous: fields.maybe_text("previous").map(str::to_owned),
        by: fields.text("swapped_by")?.to_owned(),
        at: fields.text("swapped_at")?.to_owned(),
    })
}

/// The attributes of an item of the control table.
pub(super) struct Fields<'a> {
    pub(super) table: &'a str,
    pub(super) item: &'a Item,
}

impl<'a> Fields<'a> {
    fn maybe_text(&self, name: &str) -> Option<&'a str> {
        match self.item.get(name) {
            Some(AttributeValue::S(text)) => Some(text),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> Result<&'a str, Fault> {
        self.maybe_text(name).ok_or_else(|| self.damaged(name))
    }

    fn maybe_number(&self, name: &str) -> Result<Option<u64>, Fault> {
        match self.item.get(name) {
            None => Ok(None),
            Some(AttributeValue::N(number)) => match number.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(self.damaged(name)),
            },
            Some(_) => Err(self.damaged(name)),
        }
    }

    fn number(&self, name: &str) -> Result<u64, Fault> {
        self.maybe_number(name)?.ok_or_else(|| self.damaged(name))
    }

    pub(super) fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, Fault> {
        serde_json::from_str(self.text(name)?).map_err(|_| self.damaged(name))
    }

    pub(super) fn damaged(&self, name: &str) -> Fault {
        let item = self.maybe_text("item").unwrap_or_default();
        let what = format!(
            "`{name}` of the item `{item}` of `{}` in the control table",
            self.table
        );
        StoreError::Damaged { what, source: None }.into()
    }
}

pub(super) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn unparse(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("names, numbers and lists are always JSON")
}
