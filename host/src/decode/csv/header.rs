//! The columns of an object, and where the wanted ones are.

use std::collections::HashSet;

use crate::decode::DecodeError;
use crate::decode::json::SlotId;
use crate::decode::rows::Rows;

/// How many characters of a header an error shows.
const EXCERPT_CHARS: usize = 200;

/// Which column each wanted path is.
pub(super) struct Header {
    /// How many fields a record has.
    pub(super) width: usize,
    /// The column of each slot.
    columns: Vec<Option<usize>>,
}

impl Header {
    /// The columns called `names`, of `object`, in which `rows` looks for what is wanted.
    ///
    /// # Errors
    /// Where a name stands there twice, or nothing there is wanted.
    pub(super) fn new(names: &[&str], object: &str, rows: &Rows) -> Result<Self, DecodeError> {
        let mut seen = HashSet::new();
        // Names that are empty come of commas at the end of each line.
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

    /// The place of the column that the path in `slot` names.
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
