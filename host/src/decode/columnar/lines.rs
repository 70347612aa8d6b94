//! Rows of columnar formats as lines of JSON, for the quarantine, where people read them and from where they can be
//! decoded again.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::ArrayRef;

use super::form::Form;
use super::target::TargetType;
use super::{texts, values};

/// The wanted paths as a tree of names, which is the nesting of a line.
#[derive(Debug, Default)]
pub(super) struct PathTree {
    /// Index of the path that ends at this node; longer paths are within its value.
    column: Option<usize>,
    members: BTreeMap<String, PathTree>,
}

impl PathTree {
    /// Adds the path with index `column`.
    pub(super) fn add(&mut self, path: &[String], column: usize) {
        match path {
            [] => self.column = self.column.or(Some(column)),
            [name, rest @ ..] => self
                .members
                .entry(name.clone())
                .or_default()
                .add(rest, column),
        }
    }
}

/// The wanted columns of some rows of an object, before conversion.
#[derive(Debug)]
pub(in crate::decode) struct Lines {
    pub(super) tree: Arc<PathTree>,
    /// A column per path; `None` if the object has no such column.
    pub(super) arrays: Vec<Option<ArrayRef>>,
    /// The form of the values of each column.
    pub(super) forms: Arc<[Form]>,
    /// The target type by which each column is written.
    pub(super) targets: Arc<[TargetType]>,
    /// Whether the object's key has a column of that name, per path. A null of the row then has to be written.
    pub(super) in_key: Vec<bool>,
}

impl Lines {
    /// Size of the columns in memory, in bytes.
    pub(in crate::decode) fn size_bytes(&self) -> usize {
        let arrays = self.arrays.iter().flatten();
        arrays.map(|array| array.get_array_memory_size()).sum()
    }

    /// A row as a line of JSON, without a line feed. Null and missing values are left out, except a null in a column
    /// that the key of the object has too.
    pub(in crate::decode) fn line(&self, row: usize) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&self.tree, row, &mut out);
        if out.is_empty() {
            out.extend_from_slice(b"{}");
        }
        out
    }

    /// Writes the values below a node; nothing if there are none.
    fn write(&self, tree: &PathTree, row: usize, out: &mut Vec<u8>) {
        if let Some(column) = tree.column {
            return self.write_value(column, row, out);
        }
        let begin = out.len();
        for (name, below) in &tree.members {
            let before = out.len();
            out.push(if before == begin { b'{' } else { b',' });
            texts::string(out, name);
            out.push(b':');
            let value = out.len();
            self.write(below, row, out);
            if out.len() == value {
                out.truncate(before);
            }
        }
        if out.len() > begin {
            out.push(b'}');
        }
    }

    /// Writes the value of a column; nothing if it is null.
    fn write_value(&self, column: usize, row: usize, out: &mut Vec<u8>) {
        let Some(array) = &self.arrays[column] else {
            return;
        };
        let begin = out.len();
        let (form, target) = (&self.forms[column], self.targets[column]);
        values::write(array, form, row, target, out);
        if out[begin..] == *b"null" && self.in_key.get(column) != Some(&true) {
            out.truncate(begin);
        }
    }
}
