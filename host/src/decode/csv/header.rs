//! The columns of an object, and the column of each wanted path.

use std::collections::HashSet;

use crate::decode::DecodeError;
use crate::decode::json::SlotId;
use crate::decode::rows::Rows;

/// The most characters of a header that an error shows.
const EXCERPT_CHARS: usize = 200;

/// The column of each wanted path.
pub(super) struct Header {
    /// Number of columns, and of fields of a record.
    pub(super) width: usize,
    /// Index of the column of each slot.
    columns: Vec<Option<usize>>,
}

impl Header {
    /// Binds the wanted paths of `rows` to the columns `names` of `object`.
    ///
    /// # Errors
    /// If a name occurs twice, or if no column is wanted and the key of the object has no values.
    pub(super) fn new(names: &[&str], object: &str, rows: &Rows) -> Result<Self, DecodeError> {
        let mut seen = HashSet::new();
        // Empty names come from commas at the end of each line.
        let mut named = names.iter().filter(|name| !name.is_empty());
        if let Some(twice) = named.find(|name| !seen.insert(**name)) {
            return Err(unusable(object, format!("`{twice}` stands in it twice")));
        }
        let columns: Vec<_> = rows
            .paths()
            .map(|path| {
                let wanted = path.join(".");
                names.iter().position(|name| **name == wanted)
            })
            .collect();
        let finds_nothing = !columns.is_empty() && columns.iter().all(Option::is_none);
        if finds_nothing && !rows.has_key() {
            let header: String = names.join(",").chars().take(EXCERPT_CHARS).collect();
            let detail =
                format!("none of the columns that the component wants is in it: `{header}`");
            return Err(unusable(object, detail));
        }
        Ok(Header {
            width: names.len(),
            columns,
        })
    }

    /// Index of the column of the path in `slot`.
    #[inline]
    pub(super) fn column(&self, slot: SlotId) -> Option<usize> {
        self.columns.get(slot.index()).copied().flatten()
    }
}

pub(super) fn unusable(object: &str, detail: impl Into<String>) -> DecodeError {
    DecodeError::Header {
        object: object.to_owned(),
        detail: detail.into(),
    }
}
