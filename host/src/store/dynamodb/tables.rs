//! Tables as the service has them: made, looked at and deleted.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, TableDescription, TableStatus,
};

use super::fault::Fault;
use super::keys::{KeyAttribute, Shape};
use super::service::Service;
use crate::fault_point;
use crate::store::StoreError;

/// The first pause between two looks at a table that is being made or deleted; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The longest time that a table may take to be made or deleted.
const CHANGING_FOR: Duration = Duration::from_secs(15 * 60);

/// A table that is there.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) status: TableStatus,
    /// `None` where it has a key as backfold makes none.
    pub(super) shape: Option<Shape>,
}

/// Looks at a table; `None` where there is none. One that is being deleted is there no more.
pub(super) async fn find(service: &Service, name: &str) -> Result<Option<Found>, Fault> {
    let found = look(service, name).await?;
    Ok(found.filter(|found| found.status != TableStatus::Deleting))
}

async fn look(service: &Service, name: &str) -> Result<Option<Found>, Fault> {
    let request = || service.client.describe_table().table_name(name).send();
    match service.ask(request).await {
        Ok(answer) => Ok(answer.table.map(|table| found(&table))),
        Err(Fault::NoTable(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn found(table: &TableDescription) -> Found {
    let key = |kind: &KeyType| {
        let one = table
            .key_schema()
            .iter()
            .find(|one| one.key_type() == kind)?;
        let mut types = table.attribute_definitions().iter();
        let of = types.find(|of| of.attribute_name() == one.attribute_name())?;
        Some(KeyAttribute::new(
            one.attribute_name(),
            of.attribute_type().clone(),
        ))
    };
    Found {
        status: table.table_status().cloned().unwrap_or(TableStatus::Active),
        shape: key(&KeyType::Hash).map(|hash| Shape {
            hash,
            range: key(&KeyType::Range),
        }),
    }
}

/// Makes a table on demand, and waits until it can be used. One of the same name and shape that is there already is taken
/// for the result of a request whose answer was lost.
///
/// # Errors
/// [`StoreError::Foreign`] where there is a table of another shape.
pub(super) async fn create(service: &Service, name: &str, shape: &Shape) -> Result<(), Fault> {
    let (mut schema, mut definitions) = (Vec::new(), Vec::new());
    let range = shape.range.iter().map(|range| (range, KeyType::Range));
    for (key, kind) in std::iter::once((&shape.hash, KeyType::Hash)).chain(range) {
        let element = KeySchemaElement::builder()
            .attribute_name(&key.name)
            .key_type(kind);
        schema.push(element.build().map_err(built)?);
        let definition = AttributeDefinition::builder()
            .attribute_name(&key.name)
            .attribute_type(key.scalar.clone());
        definitions.push(definition.build().map_err(built)?);
    }
    let request = || {
        service
            .client
            .create_table()
            .table_name(name)
            .set_key_schema(Some(schema.clone()))
            .set_attribute_definitions(Some(definitions.clone()))
            .billing_mode(BillingMode::PayPerRequest)
            .send()
    };
    fault_point::before("create a table")?;
    match service.ask(request).await {
        Ok(_) | Err(Fault::TableInUse(_)) => {}
        Err(fault) => return Err(fault),
    }
    fault_point::after("create a table")?;
    let is_active =
        |found: Option<&Found>| found.is_some_and(|found| found.status == TableStatus::Active);
    let found = wait(service, name, "is being made", is_active).await?;
    match found.and_then(|found| found.shape) {
        Some(found) if found == *shape => Ok(()),
        _ => Err(foreign(name)),
    }
}

/// Deletes a table that may be there, without waiting until it is gone.
pub(super) async fn delete(service: &Service, name: &str) -> Result<(), Fault> {
    let began = Instant::now();
    fault_point::before("drop a table")?;
    loop {
        let request = || service.client.delete_table().table_name(name).send();
        match service.ask(request).await {
            Ok(_) | Err(Fault::NoTable(_)) => return Ok(fault_point::after("drop a table")?),
            // It is being made, or deleted already.
            Err(Fault::TableInUse(cause)) => {
                if find(service, name).await?.is_none() {
                    return Ok(());
                }
                if began.elapsed() > CHANGING_FOR {
                    return Err(Fault::TableInUse(cause));
                }
                let settled = |found: Option<&Found>| {
                    found.is_none_or(|found| found.status == TableStatus::Active)
                };
                wait(service, name, "is being changed", settled).await?;
            }
            Err(fault) => return Err(fault),
        }
    }
}

/// Waits until a table that was deleted is gone.
pub(super) async fn wait_until_gone(service: &Service, name: &str) -> Result<(), Fault> {
    wait(service, name, "is being deleted", |found| found.is_none()).await?;
    Ok(())
}

/// Waits until a table is as `is_done` wants it.
async fn wait(
    service: &Service,
    name: &str,
    what: &str,
    is_done: impl Fn(Option<&Found>) -> bool,
) -> Result<Option<Found>, Fault> {
    let (began, mut pause) = (Instant::now(), FIRST_PAUSE);
    loop {
        let found = look(service, name).await?;
        if is_done(found.as_ref()) {
            return Ok(found);
        }
        if began.elapsed() > CHANGING_FOR {
            return Err(Fault::Temporary(format!(
                "the table `{name}` {what} for longer than {CHANGING_FOR:?}"
            )));
        }
        let progress = &service.context.progress;
        progress.waits_for(format!("the table {name}, which {what}"));
        service.unless_cancelled(tokio::time::sleep(pause)).await?;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The names of all tables that begin with `prefix`.
pub(super) async fn beginning_with(service: &Service, prefix: &str) -> Result<Vec<String>, Fault> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let request = || {
            let list = service.client.list_tables();
            list.set_exclusive_start_table_name(after.clone()).send()
        };
        let answer = service.ask(request).await?;
        let found = answer.table_names.unwrap_or_default();
        names.extend(found.into_iter().filter(|name| name.starts_with(prefix)));
        after = answer.last_evaluated_table_name;
        if after.is_none() {
            return Ok(names);
        }
    }
}

pub(super) fn foreign(name: &str) -> Fault {
    StoreError::Foreign {
        name: name.to_owned(),
    }
    .into()
}

/// The failure of a request that cannot be built, which is a fault in backfold.
pub(super) fn built(error: aws_sdk_dynamodb::error::BuildError) -> Fault {
    Fault::Refused(error.to_string())
}

/// Makes a table where it is missing.
///
/// # Errors
/// As [`create`].
pub(super) async fn create_missing(
    service: &Service,
    name: &str,
    shape: &Shape,
) -> Result<(), Fault> {
    match find(service, name).await? {
        Some(found) if found.shape.as_ref() != Some(shape) => Err(foreign(name)),
        Some(found) if found.status == TableStatus::Active => Ok(()),
        _ => create(service, name, shape).await,
    }
}
