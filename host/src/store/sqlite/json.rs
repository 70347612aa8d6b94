//! Values that the bookkeeping tables hold as JSON.

use serde::de::DeserializeOwned;

use super::fault::Fault;
use crate::store::StoreError;

/// The value of a cell; `what` of `build` it is, where it is damaged.
pub(super) fn parse<T: DeserializeOwned>(text: &str, what: &str, build: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|source| {
        StoreError::Damaged {
            what: format!("the {what} of build {build}"),
            source: Some(Box::new(source)),
        }
        .into()
    })
}

/// The value as text.
pub(super) fn unparse(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("names, numbers and lists are always JSON")
}
