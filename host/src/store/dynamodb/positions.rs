//! The source positions of loaded builds, in items below the size that an item may have.

use aws_sdk_dynamodb::types::AttributeValue;

use super::fault::Fault;
use super::items::Item;
use super::ledger::{self, Fields, Kept, Positions, text, unparse};
use super::service::Service;
use super::transaction::{AsRead, MOST_ACTIONS, Transaction};
use crate::source::{Handoff, HandoffPosition};

/// The most bytes of positions in an item.
const BYTES: usize = 300_000;

/// The most items in a transaction, which may have 4 MB.
const ITEMS_AT_A_TIME: usize = 10;

/// The name of an item of positions without its number.
fn beginning(build: &str, attempt: u64) -> String {
    format!("{}{attempt:020}#", beginning_of_all(build))
}

fn beginning_of_all(build: &str) -> String {
    format!("position#{build}#")
}

/// Stores the positions of the attempt of `kept`, and deletes those of earlier ones. They count once its record names them.
pub(super) async fn put(
    service: &Service,
    kept: &Kept,
    handoff: &Handoff,
) -> Result<Positions, Fault> {
    let (info, attempt) = (&kept.record.info, kept.record.attempt);
    let beginning = beginning(&info.build, attempt);
    let old = ledger::query(service, &info.table, &beginning_of_all(&info.build)).await?;
    let old = old.iter().filter_map(|item| match item.get("item") {
        Some(AttributeValue::S(name)) if *name < beginning => Some(name),
        _ => None,
    });
    for names in old.collect::<Vec<_>>().chunks(MOST_ACTIONS) {
        let mut transaction = Transaction::new(service);
        for name in names {
            transaction.delete(ledger::key(&info.table, name))?;
        }
        transaction.commit().await?;
    }
    let parts = parts(&handoff.positions);
    for (number, parts) in parts.chunks(ITEMS_AT_A_TIME).enumerate() {
        let mut transaction = Transaction::new(service);
        transaction.check_record(kept)?;
        for (place, part) in parts.iter().enumerate() {
            let number = number * ITEMS_AT_A_TIME + place;
            let mut item = ledger::key(&info.table, &format!("{beginning}{number:08}"));
            item.insert("positions".to_owned(), text(part));
            transaction.put(item, AsRead::Nothing)?;
        }
        transaction.commit().await?;
    }
    Ok(Positions {
        attempt,
        items: parts.len() as u64,
    })
}

/// The positions of a build, once it is loaded.
pub(super) async fn of(service: &Service, kept: &Kept) -> Result<Option<Handoff>, Fault> {
    let Some(Positions { attempt, items }) = kept.place.positions else {
        return Ok(None);
    };
    let info = &kept.record.info;
    let found = ledger::query(service, &info.table, &beginning(&info.build, attempt)).await?;
    let mut positions = Vec::new();
    for item in &found {
        let part: Vec<HandoffPosition> = fields(&info.table, item).json("positions")?;
        positions.extend(part);
    }
    match found.len() as u64 == items {
        true => Ok(Some(Handoff { positions })),
        false => Err(fields(&info.table, &Item::new()).damaged("positions")),
    }
}

fn fields<'a>(table: &'a str, item: &'a Item) -> Fields<'a> {
    Fields { table, item }
}

/// The positions as lists in JSON, each below the size of an item.
fn parts(positions: &[HandoffPosition]) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    for position in positions.iter().map(unparse) {
        if !part.is_empty() && part.len() + position.len() > BYTES {
            parts.push(format!("[{part}]"));
            part.clear();
        }
        if !part.is_empty() {
            part.push(',');
        }
        part.push_str(&position);
    }
    parts.push(format!("[{part}]"));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(count: i32) -> Vec<HandoffPosition> {
        let position = |partition| HandoffPosition::Offset {
            source: "kafka".to_owned(),
            topic: "t".repeat(1000),
            partition,
            next: i64::MAX,
            until_us: None,
        };
        (0..count).map(position).collect()
    }

    #[test]
    fn parts_are_small_and_hold_all_positions_in_order() {
        for count in [0, 1, 299, 1000] {
            let expected = positions(count);
            let parts = parts(&expected);
            assert!(parts.iter().all(|part| part.len() <= BYTES + 2));
            let read = parts
                .iter()
                .flat_map(|part| -> Vec<HandoffPosition> { serde_json::from_str(part).unwrap() });
            assert_eq!(read.collect::<Vec<_>>(), expected);
        }
    }
}
