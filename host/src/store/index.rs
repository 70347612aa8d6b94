//! Indexes of a table: as a job file has them, and as a store has them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::store::{StoreError, TableColumns};

/// The most columns of an index: SQLite's and PostgreSQL's limits are not below it.
const COLUMNS_LIMIT: usize = 32;

/// An index that a table is to have: its columns, in order.
///
/// A job writes it as a list of names, each with a direction after it if wanted: `["day", "views desc"]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Vec<String>")]
pub struct Index {
    columns: Vec<IndexColumn>,
}

/// A column of an index.
///
/// Written as its name, with ` asc`, ` desc` or nothing after it. A name that itself ends with such a word stands
/// in double quotes, of which one within the name is doubled: `"\"sort desc\" desc"`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IndexColumn {
    /// The column's name.
    pub name: String,
    /// Whether its values are sorted from the highest down.
    pub is_descending: bool,
}

impl Index {
    /// An index of these columns.
    ///
    /// # Errors
    /// A sentence about the columns: there is none, there are too many, or one stands twice.
    pub fn new(columns: Vec<IndexColumn>) -> Result<Self, String> {
        if columns.is_empty() {
            return Err("an index needs a column".to_owned());
        }
        if columns.len() > COLUMNS_LIMIT {
            return Err(format!(
                "an index of {} columns, {COLUMNS_LIMIT} are the most",
                columns.len()
            ));
        }
        for (place, column) in columns.iter().enumerate() {
            if columns[..place].iter().any(|one| one.name == column.name) {
                return Err(format!("`{}` stands twice in an index", column.name));
            }
        }
        Ok(Index { columns })
    }

    /// Its columns, in order; at least one.
    pub fn columns(&self) -> &[IndexColumn] {
        &self.columns
    }
}

/// An index as it is written.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "an index is a list of columns, such as [\"day\", \"views desc\"]"
)]
enum Written {
    Columns(Vec<String>),
}

impl TryFrom<Written> for Index {
    type Error = String;

    fn try_from(Written::Columns(columns): Written) -> Result<Self, String> {
        Index::try_from(columns)
    }
}

impl TryFrom<Vec<String>> for Index {
    type Error = String;

    fn try_from(columns: Vec<String>) -> Result<Self, String> {
        let columns: Result<_, _> = columns.iter().map(|column| column.parse()).collect();
        Index::new(columns?)
    }
}

impl From<Index> for Vec<String> {
    fn from(index: Index) -> Self {
        index.columns.iter().map(ToString::to_string).collect()
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, column) in self.columns.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{column}")?;
        }
        Ok(())
    }
}

impl FromStr for IndexColumn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (name, direction) = match text.strip_prefix('"') {
            Some(quoted) => {
                unquoted(quoted).ok_or_else(|| format!("`{text}` lacks a closing quote"))?
            }
            None => match text.rsplit_once(char::is_whitespace) {
                Some((name, word)) if is_descending(word).is_some() => {
                    (name.trim_end().to_owned(), word)
                }
                _ => (text.to_owned(), ""),
            },
        };
        if name.is_empty() {
            return Err(format!("`{text}` names no column"));
        }
        let direction = direction.trim();
        let is_descending = match direction {
            "" => false,
            word => is_descending(word)
                .ok_or_else(|| format!("`{word}` is no direction: `asc` and `desc` are"))?,
        };
        Ok(IndexColumn {
            name,
            is_descending,
        })
    }
}

impl fmt::Display for IndexColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        let last = name.rsplit(char::is_whitespace).next().unwrap_or_default();
        let is_plain = !name.starts_with('"')
            && name.trim() == name
            && (last.len() == name.len() || is_descending(last).is_none());
        if is_plain {
            f.write_str(name)?;
        } else {
            write!(f, "\"{}\"", name.replace('"', "\"\""))?;
        }
        f.write_str(if self.is_descending { " desc" } else { "" })
    }
}

/// The direction that a word names, if it names one: whether it is descending.
fn is_descending(word: &str) -> Option<bool> {
    if word.eq_ignore_ascii_case("desc") {
        Some(true)
    } else if word.eq_ignore_ascii_case("asc") {
        Some(false)
    } else {
        None
    }
}

/// The name up to its closing quote, and what follows.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, after)),
        }
    }
}

/// Refuses an index of a column that the table does not have.
///
/// # Errors
/// [`StoreError::IndexColumn`], with the columns that there are.
pub fn check_indexes(columns: &TableColumns, indexes: &[Index]) -> Result<(), StoreError> {
    for index in indexes {
        let has = |name: &str| columns.iter().any(|column| column.name == name);
        if let Some(missing) = index.columns().iter().find(|column| !has(&column.name)) {
            return Err(StoreError::IndexColumn {
                index: index.to_string(),
                column: missing.name.clone(),
                known: columns.iter().map(|column| column.name.clone()).collect(),
            });
        }
    }
    Ok(())
}

/// An index that the table of a build has, made by backfold or by hand. That of its key is not among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredIndex {
    /// Its name in the store.
    pub name: String,
    /// Columns and options as text, without the names of table and index: equal texts are equal indexes. The text of an
    /// [`Index`] is its `Display`.
    pub definition: String,
    /// The index as a job file can have it; `None` for one with options that job files do not have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Index>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(columns: &[&str]) -> Result<Index, String> {
        Index::try_from(
            columns
                .iter()
                .map(|&column| column.to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn columns_may_have_a_direction() {
        let index = read(&["day", " views  DESC ", "first seen asc"]).unwrap();
        let columns: Vec<_> = index
            .columns()
            .iter()
            .map(|column| (column.name.as_str(), column.is_descending))
            .collect();
        assert_eq!(
            columns,
            [("day", false), ("views", true), ("first seen", false)]
        );
        assert_eq!(index.to_string(), "day, views desc, first seen");
    }

    #[test]
    fn what_is_no_index_is_refused() {
        let refused = |columns: &[&str]| read(columns).unwrap_err();
        insta::assert_snapshot!(refused(&[]), @"an index needs a column");
        insta::assert_snapshot!(refused(&["day", " "]), @"`` names no column");
        insta::assert_snapshot!(refused(&["day", "day desc"]), @"`day` stands twice in an index");
        insta::assert_snapshot!(refused(&["\"day"]), @"`\"day` lacks a closing quote");
        insta::assert_snapshot!(refused(&["\"day\" down"]), @"`down` is no direction: `asc` and `desc` are");
        insta::assert_snapshot!(refused(&["x"; 33]), @"an index of 33 columns, 32 are the most");
    }

    #[test]
    fn any_name_can_be_written() {
        for name in [
            "day",
            "a b",
            "sort desc",
            "desc",
            "\"quoted\"",
            " blank ",
            "a\"b asc",
        ] {
            for is_descending in [false, true] {
                let column = IndexColumn {
                    name: name.to_owned(),
                    is_descending,
                };
                assert_eq!(column.to_string().parse().as_ref(), Ok(&column));
            }
        }
    }
}
