//! The columns of an object, and the column of each wanted path.

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
    /// If a wanted name occurs twice, or with blanks around it alone, or if no column is wanted and the key of the
    /// object has no values.
    pub(super) fn new<N: AsRef<str>>(
        names: &[N],
        object: &str,
        rows: &Rows,
    ) -> Result<Self, DecodeError> {
        let mut columns = Vec::new();
        for path in rows.paths() {
            let wanted = path.join(".");
            let mut found = (0..names.len()).filter(|at| names[*at].as_ref() == wanted);
            let column = found.next();
            if found.next().is_some() {
                return Err(unusable(object, format!("`{wanted}` stands in it twice")));
            }
            let mut names = names.iter().map(AsRef::as_ref);
            let blank = names.find(|name| column.is_none() && name.trim() == wanted);
            if let Some(blank) = blank {
                let detail = format!(
                    "the column `{blank}` is `{wanted}` only without blanks: `csv.trim = true` leaves them out"
                );
                return Err(unusable(object, detail));
            }
            columns.push(column);
        }
        let finds_nothing = !columns.is_empty() && columns.iter().all(Option::is_none);
        if finds_nothing && !rows.has_key() {
            return Err(unusable(object, nothing_wanted(names, rows)));
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

    /// Indexes of the wanted columns.
    pub(super) fn wanted(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().copied().flatten()
    }
}

/// The reason for which a header without a wanted column is unusable, with the setting that finds one.
#[cold]
fn nothing_wanted<N: AsRef<str>>(names: &[N], rows: &Rows) -> String {
    let names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
    let line = names.join(",");
    let is_wanted = |name: &str| {
        let name = name.trim().trim_matches('"');
        rows.paths().any(|path| path.join(".") == name)
    };
    let mut delimiters = [";", "\t", "|", ",", " "].into_iter();
    let found = delimiters.find(|sign| line.split(sign).any(is_wanted));
    let remedy = match found {
        Some(sign) => format!("; `csv.delimiter = {sign:?}` finds some"),
        None if line.starts_with('{') => "; `decode.format = \"json\"` reads JSON".to_owned(),
        None => String::new(),
    };
    let header: String = line.chars().take(EXCERPT_CHARS).collect();
    format!("none of the columns that the component wants is in it: `{header}`{remedy}")
}

pub(super) fn unusable(object: &str, detail: impl Into<String>) -> DecodeError {
    DecodeError::Header {
        object: object.to_owned(),
        detail: detail.into(),
    }
}
