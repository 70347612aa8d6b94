//! Writes to the control table: several items under conditions, all or none.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};

use super::fault::Fault;
use super::items::Item;
use super::ledger::{self, Kept, POINTER, build_item, number, text};
use super::names;
use super::service::Service;
use super::tables::built;
use crate::fault_point;
use crate::store::Pointer;

/// The most actions of a transaction.
pub(super) const MOST_ACTIONS: usize = 100;

/// A condition: its expression, and the names and the values in it.
type Condition = (
    &'static str,
    Vec<(&'static str, &'static str)>,
    Vec<(&'static str, AttributeValue)>,
);

/// The condition that an item is as it was read: absent, this record of a build, or a pointer of this version.
#[derive(Clone, Copy)]
pub(super) enum AsRead<'a> {
    Nothing,
    Record(&'a Kept),
    Version(u64),
}

impl<'a> AsRead<'a> {
    pub(super) fn record(kept: Option<&'a Kept>) -> Self {
        kept.map_or(AsRead::Nothing, AsRead::Record)
    }

    pub(super) fn pointer(pointer: Option<&Pointer>) -> Self {
        pointer.map_or(AsRead::Nothing, |pointer| AsRead::Version(pointer.version))
    }

    fn condition(self) -> Condition {
        match self {
            AsRead::Nothing => (
                "attribute_not_exists(#item)",
                vec![("#item", "item")],
                Vec::new(),
            ),
            AsRead::Record(kept) => (
                "#attempt = :attempt AND #state = :state",
                vec![("#attempt", "attempt"), ("#state", "state")],
                vec![
                    (":attempt", number(kept.record.attempt)),
                    (":state", text(kept.record.state.name())),
                ],
            ),
            AsRead::Version(version) => (
                "#version = :version",
                vec![("#version", "version")],
                vec![(":version", number(version))],
            ),
        }
    }
}

/// A list of writes and conditions.
pub(super) struct Transaction<'a> {
    service: &'a Service,
    control: String,
    actions: Vec<TransactWriteItem>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(service: &'a Service) -> Self {
        Transaction {
            service,
            control: names::control(service.prefix()),
            actions: Vec::new(),
        }
    }

    /// Puts an item in the place of the one that was read.
    pub(super) fn put(&mut self, item: Item, as_read: AsRead<'_>) -> Result<(), Fault> {
        let (condition, names, values) = as_read.condition();
        let mut put = Put::builder()
            .table_name(&self.control)
            .set_item(Some(item))
            .condition_expression(condition);
        for (name, column) in names {
            put = put.expression_attribute_names(name, column);
        }
        for (name, value) in values {
            put = put.expression_attribute_values(name, value);
        }
        let put = put.build().map_err(built)?;
        self.actions
            .push(TransactWriteItem::builder().put(put).build());
        Ok(())
    }

    /// Puts the record of a build in the place of the one that was read.
    pub(super) fn put_record(&mut self, new: &Kept, read: Option<&Kept>) -> Result<(), Fault> {
        self.put(ledger::item_of(new), AsRead::record(read))
    }

    /// Asks for an item to be as it was read.
    pub(super) fn check(&mut self, key: Item, as_read: AsRead<'_>) -> Result<(), Fault> {
        let (condition, names, values) = as_read.condition();
        let mut check = ConditionCheck::builder()
            .table_name(&self.control)
            .set_key(Some(key))
            .condition_expression(condition);
        for (name, column) in names {
            check = check.expression_attribute_names(name, column);
        }
        for (name, value) in values {
            check = check.expression_attribute_values(name, value);
        }
        let check = check.build().map_err(built)?;
        let action = TransactWriteItem::builder().condition_check(check);
        self.actions.push(action.build());
        Ok(())
    }

    /// Asks for the pointer of a table to be as it was read.
    pub(super) fn check_pointer(
        &mut self,
        table: &str,
        read: Option<&Pointer>,
    ) -> Result<(), Fault> {
        self.check(ledger::key(table, POINTER), AsRead::pointer(read))
    }

    /// Asks for the record of a build to be the one read.
    pub(super) fn check_record(&mut self, read: &Kept) -> Result<(), Fault> {
        let info = &read.record.info;
        let key = ledger::key(&info.table, &build_item(&info.build));
        self.check(key, AsRead::Record(read))
    }

    /// Deletes an item.
    pub(super) fn delete(&mut self, key: Item) -> Result<(), Fault> {
        let delete = Delete::builder()
            .table_name(&self.control)
            .set_key(Some(key));
        let delete = delete.build().map_err(built)?;
        self.actions
            .push(TransactWriteItem::builder().delete(delete).build());
        Ok(())
    }

    /// Commits. The token makes a repetition of the request do nothing, so an answer that was lost is asked for again.
    ///
    /// # Errors
    /// [`Fault::Condition`] where an item is not as it was read: nothing has changed then.
    pub(super) async fn commit(self) -> Result<(), Fault> {
        let token = ulid::Ulid::new().to_string();
        let request = || {
            let transaction = self.service.client.transact_write_items();
            transaction
                .set_transact_items(Some(self.actions.clone()))
                .client_request_token(&token)
                .send()
        };
        fault_point::before("commit a transaction")?;
        self.service.commit(request, cancelled).await?;
        Ok(fault_point::after("commit a transaction")?)
    }
}

/// The failure that the reasons of a cancelled transaction say.
fn cancelled(error: &TransactWriteItemsError) -> Option<Fault> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        return None;
    };
    let reasons = cancelled.cancellation_reasons();
    let has = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
    let said = || {
        let said = reasons
            .iter()
            .filter(|reason| reason.code() != Some("None"));
        let said = said.map(|reason| {
            let (code, message) = (reason.code(), reason.message());
            format!(
                "{}: {}",
                code.unwrap_or_default(),
                message.unwrap_or_default()
            )
        });
        said.collect::<Vec<_>>().join("; ")
    };
    Some(if has("ConditionalCheckFailed") {
        Fault::Condition
    } else if has("ThrottlingError") || has("ProvisionedThroughputExceeded") {
        Fault::Throttled(said())
    } else if has("TransactionConflict") {
        Fault::Temporary(said())
    } else {
        Fault::Refused(said())
    })
}
